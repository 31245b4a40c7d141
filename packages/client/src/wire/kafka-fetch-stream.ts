import { BrokerId, Offset, ZERO_TOPIC_ID } from '@kafkaesque/kernel';
import type { Clock } from '@kafkaesque/kernel';
import { ErrorCode, apis, lastOffsetOf, splitBatches } from '@kafkaesque/protocol';
import type { RequestDraftOf, ResponseOf } from '@kafkaesque/protocol';
import { ClientError, asClientError } from '../errors';
import { ChangeSignal } from '../timing/change-signal';
import { sleep } from '../timing/waiting';
import { FetchSession } from './fetch-session';
import type { KafkaLink } from './kafka-link';
import type { FetchedPartition, FetchOptions, FetchStream, FetchTarget } from './wire';

export interface KafkaFetchStreamOptions {
  /** A link of the stream's own: a long poll holds up everything behind it. */
  readonly link: KafkaLink;
  readonly clock: Clock;
  readonly fetch: FetchOptions;
  readonly requestTimeoutMs: number;
  readonly closed: () => void;
}

/** A followed partition. After an error it rests until the caller sets it anew. */
interface Followed {
  readonly target: FetchTarget;
  nextOffset: Offset;
  isResting: boolean;
}

/** Topic ids are spoken from this version on; below it, names. */
const FIRST_VERSION_WITH_IDS = 13;

/** Errors of a whole answer that a new session heals. */
const SESSION_ERRORS: ReadonlySet<number> = new Set([
  ErrorCode.FETCH_SESSION_ID_NOT_FOUND,
  ErrorCode.INVALID_FETCH_SESSION_EPOCH,
  ErrorCode.FETCH_SESSION_TOPIC_ID_ERROR,
]);

const keyOf = (topic: string, partition: number): string => `${topic}/${partition}`;

/** Fetches from one broker: one long poll at a time, in an incremental session, as far as credit goes. */
export const openKafkaFetchStream = (options: KafkaFetchStreamOptions): FetchStream =>
  new KafkaFetchStream(options);

class KafkaFetchStream implements FetchStream {
  readonly #options: KafkaFetchStreamOptions;
  readonly #session = new FetchSession();
  readonly #changed = new ChangeSignal();
  readonly #ready: (readonly FetchedPartition[])[] = [];
  readonly #arrived = new ChangeSignal();
  readonly #running: Promise<void>;
  #followed = new Map<string, Followed>();
  /** Below half of the credit nothing is asked: many small answers cost more than a few large ones. */
  readonly #enoughBytes: number;
  #creditBytes: number;
  #brokenBy: ClientError | undefined;
  #isClosed = false;

  constructor(options: KafkaFetchStreamOptions) {
    this.#options = options;
    this.#creditBytes = options.fetch.initialCreditBytes;
    this.#enoughBytes = Math.max(1, options.fetch.initialCreditBytes / 2);
    this.#running = this.#run().catch((error: unknown) => {
      this.#brokenBy = asClientError(error);
      this.#arrived.raise();
    });
  }

  update(targets: readonly FetchTarget[]): void {
    const before = this.#followed;
    this.#followed = new Map(
      targets.map((target) => {
        const key = keyOf(target.topic, target.partition);
        const known = before.get(key);
        return known?.target.token === target.token
          ? [key, { target, nextOffset: known.nextOffset, isResting: known.isResting }]
          : [key, { target, nextOffset: target.fetchOffset, isResting: false }];
      }),
    );
    this.#changed.raise();
  }

  credit(bytes: number): void {
    this.#creditBytes += bytes;
    this.#changed.raise();
  }

  async close(): Promise<void> {
    if (!this.#isClosed) {
      this.#isClosed = true;
      this.#options.link.close(new ClientError('closed', 'CLOSED', 'the fetch stream was closed'));
      this.#changed.raise();
      this.#arrived.raise();
      this.#options.closed();
    }
    await this.#running;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async *[Symbol.asyncIterator](): AsyncIterator<readonly FetchedPartition[]> {
    for (;;) {
      const next = this.#ready.shift();
      if (next !== undefined) yield next;
      else if (this.#isClosed) return;
      else if (this.#brokenBy !== undefined) throw this.#brokenBy;
      else await this.#arrived.wait();
    }
  }

  async #run(): Promise<void> {
    const { link, requestTimeoutMs, clock } = this.#options;
    while (!this.#isClosed) {
      const wanted = [...this.#followed.values()].filter((one) => !one.isResting);
      if (wanted.length === 0 || this.#creditBytes < this.#enoughBytes) {
        await this.#changed.wait();
        continue;
      }
      const draft = this.#request(wanted);
      const hasIds = wanted.every(({ target }) => target.topicId !== ZERO_TOPIC_ID);
      const body = (await link.request({
        api: apis.Fetch,
        draft: () => draft,
        timeoutMs: requestTimeoutMs,
        answered: true,
        maxVersion: hasIds ? undefined : FIRST_VERSION_WITH_IDS - 1,
      })) as ResponseOf<'Fetch'>;
      this.#answered(body, wanted);
      if (body.throttleTimeMs > 0) await sleep(clock, body.throttleTimeMs);
    }
  }

  #request(wanted: readonly Followed[]): RequestDraftOf<'Fetch'> {
    const { isolation, minBytes, maxWaitMs, maxBytes, maxPartitionBytes, rackId } = this.#options.fetch;
    const asked = this.#session.next(
      wanted.map(({ target, nextOffset }) => ({
        topic: target.topic,
        topicId: target.topicId,
        partition: target.partition,
        fetchOffset: nextOffset,
        currentLeaderEpoch: target.currentLeaderEpoch,
        lastFetchedEpoch: target.lastFetchedEpoch,
        maxBytes: maxPartitionBytes,
      })),
    );
    return {
      replicaId: BrokerId(-1),
      maxWaitMs,
      minBytes,
      maxBytes: Math.max(1, Math.min(maxBytes, this.#creditBytes)),
      isolationLevel: isolation === 'read_committed' ? 1 : 0,
      rackId,
      ...asked,
    };
  }

  #answered(body: ResponseOf<'Fetch'>, wanted: readonly Followed[]): void {
    if (body.errorCode !== 0) {
      this.#refused(body.errorCode, wanted);
      return;
    }
    this.#session.answered(body.sessionId);
    const names = new Map(wanted.map(({ target }) => [target.topicId, target.topic]));
    const asked = new Map(wanted.map((one) => [keyOf(one.target.topic, one.target.partition), one]));
    const fetched: FetchedPartition[] = [];
    for (const { topic, topicId, partitions } of body.responses) {
      const name = topic === '' ? names.get(topicId) : topic;
      for (const partition of partitions) {
        const one = name === undefined ? undefined : asked.get(keyOf(name, partition.partitionIndex));
        if (one !== undefined) fetched.push(this.#take(one, partition));
      }
    }
    this.#deliver(fetched);
  }

  /** An error of the whole answer: a new session, or every partition hears of it. */
  #refused(errorCode: number, wanted: readonly Followed[]): void {
    this.#session.reset();
    if (SESSION_ERRORS.has(errorCode)) return;
    this.#deliver(wanted.map((one) => this.#take(one, { ...NOTHING, errorCode })));
  }

  #take(asked: Followed, answer: PartitionAnswer): FetchedPartition {
    const { target } = asked;
    const sizeBytes = answer.records?.length ?? 0;
    const fetchOffset = asked.nextOffset;
    this.#creditBytes -= sizeBytes;
    // The caller may have replaced the set while the answer was on its way; the same token means the same position.
    const current = this.#followed.get(keyOf(target.topic, target.partition));
    const isCurrent = current?.target.token === target.token;
    if (isCurrent && answer.errorCode !== 0) current.isResting = true;
    if (isCurrent && answer.records !== null) current.nextOffset = endOf(answer.records, fetchOffset);
    return {
      topic: target.topic,
      topicId: target.topicId,
      partition: target.partition,
      token: target.token,
      fetchOffset,
      errorCode: answer.errorCode,
      highWatermark: answer.highWatermark,
      lastStableOffset: answer.lastStableOffset,
      logStartOffset: answer.logStartOffset,
      abortedTransactions: answer.abortedTransactions ?? [],
      preferredReadReplica: answer.preferredReadReplica,
      records: answer.records,
      creditBytes: sizeBytes,
    };
  }

  #deliver(fetched: readonly FetchedPartition[]): void {
    if (fetched.length === 0) return;
    this.#ready.push(fetched);
    this.#arrived.raise();
  }
}

type PartitionAnswer = Pick<
  ResponseOf<'Fetch'>['responses'][number]['partitions'][number],
  | 'errorCode'
  | 'highWatermark'
  | 'lastStableOffset'
  | 'logStartOffset'
  | 'abortedTransactions'
  | 'preferredReadReplica'
  | 'records'
>;

const NOTHING: PartitionAnswer = {
  errorCode: 0,
  highWatermark: Offset(-1),
  lastStableOffset: Offset(-1),
  logStartOffset: Offset(-1),
  abortedTransactions: null,
  preferredReadReplica: BrokerId(-1),
  records: null,
};

/** One past the last whole batch; never backwards. */
const endOf = (records: Buffer, fetchOffset: Offset): Offset => {
  const split = splitBatches(records);
  const last = split.kind === 'split' ? split.positions.at(-1) : undefined;
  return last === undefined ? fetchOffset : Offset(Math.max(fetchOffset, lastOffsetOf(records, last) + 1));
};
