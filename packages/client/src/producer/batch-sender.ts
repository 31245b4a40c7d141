import { ZERO_TOPIC_ID } from '@kafkaesque/kernel';
import type { BrokerId, CancelWake, Clock, Logger, Random } from '@kafkaesque/kernel';
import type { RequestDraftOf, ResponseOf } from '@kafkaesque/protocol';
import { brokerError } from '../broker-error';
import type { ClusterView } from '../cluster/cluster-view';
import { ClientError, asClientError, isClientError } from '../errors';
import { showsStaleMetadata } from '../stale-metadata';
import { backoffMs, sleep } from '../timing/waiting';
import type { Accumulator } from './accumulator';
import type { PartitionQueue } from './partition-queue';
import { judgeAttempt } from './produce-verdict';
import type { ProducerBatch } from './producer-batch';
import { ProducerIdentitySource } from './producer-identity-source';
import type { ProducerSettings } from './producer-settings';

export interface BatchSenderOptions {
  readonly cluster: ClusterView;
  readonly accumulator: Accumulator;
  readonly settings: ProducerSettings;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Whether batches leave without lingering: somebody flushes, or waits for memory. */
  readonly isHurried: () => boolean;
  /** A batch was answered, so memory may be free. */
  readonly answered: () => void;
}

interface Sent {
  readonly queue: PartitionQueue;
  readonly batch: ProducerBatch;
}
type PartitionAnswer = ResponseOf<'Produce'>['responses'][number]['partitionResponses'][number];

/** The first version that names topics by id. */
const FIRST_VERSION_WITH_IDS = 13;

/** Carries batches from their queues to the leaders, and the answers back: the producer's only driver. */
export class BatchSender {
  readonly #options: BatchSenderOptions;
  readonly #identities: ProducerIdentitySource;
  readonly #inFlight = new Map<BrokerId, number>();
  readonly #refreshing = new Set<string>();
  #isObtaining = false;
  #isScheduled = false;
  #isStopped = false;
  #cancelWake: CancelWake | undefined;

  constructor(options: BatchSenderOptions) {
    this.#options = options;
    this.#identities = new ProducerIdentitySource(options.cluster, options.settings.requestTimeoutMs);
  }

  /** Something changed: looks once at everything that may leave, after what is going on now. */
  wake(): void {
    if (this.#isScheduled || this.#isStopped) return;
    this.#isScheduled = true;
    queueMicrotask(() => {
      this.#isScheduled = false;
      this.#run();
    });
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancelWake?.();
    this.#cancelWake = undefined;
  }

  #run(): void {
    if (this.#isStopped) return;
    const { accumulator, cluster, clock, settings, isHurried } = this.#options;
    const nowMs = clock.monotonicMs();
    const hurried = isHurried();
    const sendable = new Map<BrokerId, PartitionQueue[]>();
    let wakeAtMs = Infinity;
    for (const queue of [...accumulator.active]) {
      if (queue.oldestMs + settings.deliveryTimeoutMs <= nowMs) this.#expire(queue, nowMs);
      wakeAtMs = Math.min(wakeAtMs, queue.oldestMs + settings.deliveryTimeoutMs);
      let atMs = queue.sendableAt(hurried);
      if (queue.needsIdentity && this.#identify(queue)) atMs = queue.sendableAt(hurried);
      if (atMs > nowMs) {
        wakeAtMs = Math.min(wakeAtMs, atMs);
        continue;
      }
      const leader = cluster.leaderOf(queue.topic, queue.partition);
      if (leader === undefined || leader.leader < 0 || cluster.known(queue.topic) === undefined) {
        this.#refresh(queue.topic);
        if (leader === undefined || leader.leader < 0) continue;
      }
      const queues = sendable.get(leader.leader);
      if (queues === undefined) sendable.set(leader.leader, [queue]);
      else queues.push(queue);
    }
    for (const [node, queues] of sendable) this.#fill(node, queues, nowMs, hurried);
    this.#wakeAt(wakeAtMs);
  }

  #wakeAt(atMs: number): void {
    this.#cancelWake?.();
    this.#cancelWake = atMs === Infinity ? undefined : this.#options.clock.wakeAt(atMs, () => this.wake());
  }

  /** One batch of each partition a request, as many requests as may be in flight. */
  #fill(node: BrokerId, queues: readonly PartitionQueue[], nowMs: number, hurried: boolean): void {
    const { maxInFlight, maxRequestSizeBytes } = this.#options.settings;
    let left = [...queues];
    while (left.length > 0 && (this.#inFlight.get(node) ?? 0) < maxInFlight) {
      const request: Sent[] = [];
      let sizeBytes = 0;
      const later: PartitionQueue[] = [];
      for (const queue of left) {
        if (request.length > 0 && sizeBytes + queue.headSizeBytes > maxRequestSizeBytes) {
          later.push(queue);
          continue;
        }
        const batch = queue.take();
        sizeBytes += batch.sizeBytes;
        request.push({ queue, batch });
        if (queue.sendableAt(hurried) <= nowMs) later.push(queue);
      }
      void this.#send(node, request);
      left = later;
    }
  }

  async #send(node: BrokerId, request: readonly Sent[]): Promise<void> {
    const { cluster, settings } = this.#options;
    this.#inFlight.set(node, (this.#inFlight.get(node) ?? 0) + 1);
    try {
      const { draft, hasIds } = this.#draft(request);
      const answer = await cluster.request(node, 'Produce', draft, {
        timeoutMs: settings.requestTimeoutMs,
        answered: settings.acks !== 0,
        maxVersion: hasIds ? undefined : FIRST_VERSION_WITH_IDS - 1,
      });
      if (settings.acks === 0) for (const sent of request) this.#acknowledge(sent, -1, -1);
      else this.#take(request, answer);
    } catch (error) {
      const failure = asClientError(error);
      for (const sent of request) this.#fail(sent, failure);
    } finally {
      this.#inFlight.set(node, (this.#inFlight.get(node) ?? 1) - 1);
      this.wake();
    }
  }

  #draft(request: readonly Sent[]): { readonly draft: RequestDraftOf<'Produce'>; readonly hasIds: boolean } {
    const { cluster, settings } = this.#options;
    const topics = new Map<string, { index: number; records: Buffer }[]>();
    for (const { batch } of request) {
      const partition = { index: batch.partition, records: batch.bytes() };
      const partitions = topics.get(batch.topic);
      if (partitions === undefined) topics.set(batch.topic, [partition]);
      else partitions.push(partition);
    }
    const topicData = [...topics].map(([name, partitionData]) => ({
      name,
      topicId: cluster.topicId(name) ?? ZERO_TOPIC_ID,
      partitionData,
    }));
    return {
      draft: { transactionalId: null, acks: settings.acks, timeoutMs: settings.requestTimeoutMs, topicData },
      hasIds: topicData.every(({ topicId }) => topicId !== ZERO_TOPIC_ID),
    };
  }

  #take(request: readonly Sent[], answer: ResponseOf<'Produce'>): void {
    const { cluster } = this.#options;
    const missing = new ClientError(
      'protocol',
      'INCOMPLETE_ANSWER',
      'the broker left a partition out of its answer',
      {
        retriable: true,
        effect: 'indefinite',
      },
    );
    for (const sent of request) {
      const { topic, partition } = sent.batch;
      const id = cluster.topicId(topic);
      const one = answer.responses
        .find((response) => (response.name === '' ? response.topicId === id : response.name === topic))
        ?.partitionResponses.find(({ index }) => index === partition);
      if (one === undefined) this.#fail(sent, missing);
      else if (one.errorCode === 0) this.#acknowledge(sent, one.baseOffset, one.logAppendTimeMs);
      else this.#fail(sent, brokerError(one.errorCode, one.errorMessage), one);
    }
  }

  #acknowledge({ queue, batch }: Sent, baseOffset: number, logAppendTimeMs: number): void {
    queue.acknowledged(batch);
    batch.succeed(baseOffset, logAppendTimeMs);
    this.#release(queue, batch);
  }

  #fail(sent: Sent, error: ClientError, answer?: PartitionAnswer): void {
    const { queue, batch } = sent;
    const { cluster, settings, clock, random, logger } = this.#options;
    if (error.effect === 'indefinite') batch.mayBeWritten = true;
    if (showsStaleMetadata(error)) {
      cluster.invalidate(batch.topic);
      this.#refresh(batch.topic);
    }
    const nowMs = clock.monotonicMs();
    const verdict = judgeAttempt(error, {
      recordCount: batch.recordCount,
      isIdempotent: settings.isIdempotent,
      hasAttemptsLeft:
        !batch.isDone &&
        batch.attempts <= settings.retries &&
        nowMs < batch.createdMs + settings.deliveryTimeoutMs,
    });
    logger.debug('a batch was not accepted', {
      topic: batch.topic,
      partition: batch.partition,
      why: error.code,
      verdict,
    });
    switch (verdict) {
      case 'written-before':
        this.#acknowledge(sent, -1, -1);
        return;
      case 'split':
        this.#split(sent);
        return;
      case 'try-again':
      case 'out-of-order':
        queue.failed(batch, verdict, nowMs + backoffMs(settings.backoff, batch.attempts - 1, random));
        return;
      case 'give-up':
        queue.failed(batch, 'given-up', 0);
        batch.fail((index) => withRecordError(finalError(error, batch), answer, index));
        this.#release(queue, batch);
    }
  }

  #split({ queue, batch }: Sent): void {
    const parts = batch.split();
    queue.replace(batch, parts);
    batch.heldBytes = 0;
    batch.replacedBy(parts);
  }

  /** Fails what waited longer than `delivery.timeout.ms`; what is on its way keeps its place in the sequence. */
  #expire(queue: PartitionQueue, nowMs: number): void {
    // Its time has come, though the difference may be rounded to just before it.
    const createdMs = Math.max(nowMs - this.#options.settings.deliveryTimeoutMs, queue.oldestMs);
    for (const batch of queue.expire(createdMs)) {
      batch.fail(() => this.#expiredError(batch));
      this.#release(queue, batch);
    }
    for (const batch of queue.batches) {
      if (batch.createdMs > createdMs || batch.isDone) continue;
      batch.mayBeWritten = true;
      batch.fail(() => this.#expiredError(batch));
    }
  }

  #expiredError(batch: ProducerBatch): ClientError {
    const { topic, partition, recordCount } = batch;
    return new ClientError(
      'timeout',
      'DELIVERY_TIMED_OUT',
      `Expiring ${recordCount} record(s) for ${topic}-${partition}: they were not acknowledged within ` +
        `${this.#options.settings.deliveryTimeoutMs} ms`,
      { effect: batch.mayBeWritten ? 'indefinite' : 'definite' },
    );
  }

  #release(queue: PartitionQueue, batch: ProducerBatch): void {
    this.#options.accumulator.released(queue, batch);
    this.#options.answered();
  }

  /** Gives the queue the producer's id, or starts to ask for one. */
  #identify(queue: PartitionQueue): boolean {
    const identity = this.#identities.current(queue.spentProducerId);
    if (identity === undefined) {
      void this.#obtain();
      return false;
    }
    queue.identify(identity);
    return true;
  }

  async #obtain(): Promise<void> {
    if (this.#isObtaining) return;
    this.#isObtaining = true;
    const { clock, random, settings, logger } = this.#options;
    try {
      for (let attempt = 0; !this.#isStopped; attempt += 1) {
        try {
          await this.#identities.obtain();
          return;
        } catch (error) {
          if (!isClientError(error) || !error.retriable) {
            this.#failAll(error);
            return;
          }
          logger.debug('no producer id yet', { why: error.code });
          await sleep(clock, backoffMs(settings.backoff, attempt, random));
        }
      }
    } finally {
      this.#isObtaining = false;
      this.wake();
    }
  }

  /** Nothing can be sent at all: whatever waits fails with `error`. */
  #failAll(error: unknown): void {
    for (const queue of [...this.#options.accumulator.active]) {
      for (const batch of queue.clear()) {
        batch.fail(() => error);
        this.#release(queue, batch);
      }
    }
  }

  /** Asks for a topic's metadata until it has been had; one asker a topic. */
  #refresh(topic: string): void {
    if (this.#refreshing.has(topic)) return;
    this.#refreshing.add(topic);
    const { cluster, clock, random, settings } = this.#options;
    void cluster
      .refresh(topic)
      .catch(() => undefined)
      .then(() =>
        sleep(clock, cluster.known(topic) === undefined ? backoffMs(settings.backoff, 0, random) : 0),
      )
      .then(() => {
        this.#refreshing.delete(topic);
        this.wake();
      });
  }
}

/** An attempt that surely failed says nothing of the ones before it. */
const finalError = (error: ClientError, batch: ProducerBatch): ClientError =>
  batch.mayBeWritten && error.effect === 'definite'
    ? new ClientError(error.kind, error.code, error.message, {
        effect: 'indefinite',
        retriable: error.retriable,
        cause: error.cause,
        ...(error.errorCode === undefined ? {} : { errorCode: error.errorCode }),
      })
    : error;

/** Names the records that the broker blamed; the others failed only because they travelled with them (KIP-467). */
const withRecordError = (
  error: ClientError,
  answer: PartitionAnswer | undefined,
  index: number,
): ClientError => {
  const blamed = answer?.recordErrors.find(({ batchIndex }) => batchIndex === index);
  if (answer === undefined || answer.recordErrors.length === 0) return error;
  const message =
    blamed === undefined
      ? 'Failed to append record because it was part of a batch which had one more more invalid records'
      : (blamed.batchIndexErrorMessage ?? error.message);
  return new ClientError('broker', error.code, message, {
    effect: error.effect,
    retriable: error.retriable,
    ...(error.errorCode === undefined ? {} : { errorCode: error.errorCode }),
  });
};
