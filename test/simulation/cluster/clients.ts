import { LeaderEpoch, NO_PRODUCER_EPOCH, NO_PRODUCER_ID, Offset } from '@kafkaesque/kernel';
import type { ProducerEpoch, ProducerId, Random } from '@kafkaesque/kernel';
import { ErrorCode, batchSizeBytes, crcOf, decodeBatch, encodeBatch } from '@kafkaesque/protocol';
import { checkHistory, openHistory, summaryOf } from '@kafkaesque/testkit';
import type { EventType, HistoryRecorder, PolledRecord, RecordAction } from '@kafkaesque/testkit';
import type { Attachment } from '@kafkaesque/sim';
import { Violation } from '../runner/suite';
import type { Cluster } from './cluster';
import { Directory } from './directory';
import type { ClusterOracle } from './oracle/cluster-oracle';

/** Whose records are judged to the last. */
export const TOPIC = 'simulated';
const PRODUCE_VERSION = 9;
const FETCH_VERSION = 12;
const INIT_VERSION = 2;
const CREATE_VERSION = 5;
const REQUEST_TIMEOUT_MS = 3_000;
/** A producer gives a batch up after so long, and begins anew under another id. */
const DELIVERY_TIMEOUT_MS = 20_000;
const MAX_BATCH_RECORDS = 3;
const RETRY_MS = 60;

/** `idempotent`: acks=all, tried again until it is answered. `plain`: acks=all, once. `leader`: acks=1, once. */
type ProducerKind = 'idempotent' | 'plain' | 'leader';
const kinds: readonly ProducerKind[] = ['idempotent', 'leader', 'plain', 'leader', 'idempotent', 'plain'];

interface Identity {
  readonly id: ProducerId;
  readonly epoch: ProducerEpoch;
}

type Outcome = Exclude<EventType, 'invoke'>;
type Sent =
  | { readonly kind: 'acknowledged'; readonly baseOffset: number }
  | { readonly kind: 'refused'; readonly errorCode: number }
  | { readonly kind: 'unknown'; readonly errorCode: number };

/** Errors after which a batch is certainly not in the log. */
const definite: readonly number[] = [
  ErrorCode.NOT_LEADER_OR_FOLLOWER,
  ErrorCode.NOT_ENOUGH_REPLICAS,
  ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
];

/** Producers and consumers that talk to the brokers by Kafka's protocol, and write down what they are told. */
export class Clients {
  readonly counts = { sends: 0, acknowledged: 0, refused: 0, unknown: 0, retries: 0, polls: 0, records: 0 };
  readonly history: HistoryRecorder;
  violation: Violation | undefined;
  /** Producers ask for nothing more. */
  isResting = false;
  /** Everybody is told to stop. */
  isOver = false;
  readonly hosts: readonly string[];
  readonly #cluster: Cluster;
  readonly #oracle: ClusterOracle;
  readonly #networks: readonly Attachment[];
  #values = 0;
  #busy = 0;
  #isCreated = false;

  constructor(cluster: Cluster, oracle: ClusterOracle) {
    this.#cluster = cluster;
    this.#oracle = oracle;
    this.history = openHistory(() => cluster.scheduler.nowMs);
    this.hosts = ['c1', 'c2'];
    this.#networks = this.hosts.map((host) => cluster.network.attach(host));
  }

  /** Nothing that a producer asked for is under way. */
  get isIdle(): boolean {
    return this.#busy === 0;
  }

  begin(): void {
    const { producerCount, consumerCount, partitionCount } = this.#cluster.shape;
    void this.#create();
    for (let index = 0; index < producerCount; index++)
      void this.#produce(index, index % partitionCount, kinds[index % kinds.length] ?? 'plain').catch(
        this.#failed,
      );
    for (let index = 0; index < consumerCount * partitionCount; index++)
      void this.#consume(index, index % partitionCount).catch(this.#failed);
  }

  /** Reads every partition from its beginning until `ends` are reached, and judges everything that anybody was told. */
  async readAll(): Promise<void> {
    const { partitionCount } = this.#cluster.shape;
    const reads: Promise<void>[] = [];
    for (let partition = 0; partition < partitionCount; partition++) reads.push(this.#readWhole(partition));
    await Promise.all(reads);
  }

  judge(): void {
    const report = checkHistory(this.history.events);
    const [first] = report.anomalies;
    if (first === undefined) return;
    this.violation ??= new Violation(
      `history: ${first.class}`,
      `${summaryOf(report.anomalies)}: ${JSON.stringify(first)}`,
    );
  }

  readonly #failed = (cause: unknown): void => {
    const stack = cause instanceof Error ? `${cause.message}\n${cause.stack ?? ''}` : String(cause);
    this.violation ??= new Violation('a client goes on', stack);
  };

  #directory(index: number, concern: string): Directory {
    const { scheduler, shape, random } = this.#cluster;
    const network = this.#networks[index % this.#networks.length];
    if (network === undefined) throw new Error('there is a network');
    return new Directory(TOPIC, shape.brokerCount, network, scheduler, random.fork(`${concern} ${index}`));
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#cluster.scheduler.after(ms, 'client.pause', resolve);
    });
  }

  async #create(): Promise<void> {
    const { partitionCount, brokerCount } = this.#cluster.shape;
    const directory = this.#directory(0, 'operator');
    while (!this.isOver && !this.#isCreated) {
      const topic = {
        name: TOPIC,
        numPartitions: partitionCount,
        replicationFactor: Math.min(3, brokerCount),
      };
      const answer = await directory
        .any()
        .ask(
          'CreateTopics',
          CREATE_VERSION,
          { topics: [{ ...topic, assignments: [], configs: [] }], timeoutMs: 2_000 },
          4_000,
        );
      const code = answer.kind === 'answered' ? answer.body.topics[0]?.errorCode : undefined;
      this.#isCreated = code === ErrorCode.NONE || code === ErrorCode.TOPIC_ALREADY_EXISTS;
      if (!this.#isCreated) await this.#pause(300);
    }
  }

  async #produce(index: number, partition: number, kind: ProducerKind): Promise<void> {
    const { shape, random: all } = this.#cluster;
    const random = all.fork(`producer ${index}`);
    const directory = this.#directory(index, 'producer');
    const log = `${TOPIC}/${partition}`;
    let identity: Identity | undefined;
    let sequence = 0;
    let process = this.history.newProcess();
    while (!this.isOver) {
      await this.#pause(1 + random.below(shape.thinkMs));
      if (!this.#isCreated || this.isResting) continue;
      if (kind === 'idempotent' && identity === undefined) {
        identity = await this.#identify(directory);
        sequence = 0;
        if (identity === undefined) continue;
      }
      const values = Array.from({ length: 1 + random.below(MAX_BATCH_RECORDS) }, () => `v${++this.#values}`);
      const records = encodeBatch({
        records: values.map((value) => ({ key: null, value: Buffer.from(value), headers: [] })),
        timestampMs: Math.floor(this.#cluster.scheduler.nowMs) + 1_704_067_200_000,
        producerId: identity?.id ?? NO_PRODUCER_ID,
        producerEpoch: identity?.epoch ?? NO_PRODUCER_EPOCH,
        ...(identity === undefined ? {} : { baseSequence: sequence }),
      });
      this.counts.sends += 1;
      this.#busy += 1;
      const actions = (baseOffset?: number): readonly RecordAction[] =>
        values.map((value, at) => ({
          ...{ kind: 'send', log, value },
          ...(baseOffset === undefined ? {} : { offset: baseOffset + at }),
        }));
      const settle = this.history.invoke(process, { kind: 'records', actions: actions() });
      const sent = await this.#send(directory, partition, kind, records, random);
      this.#busy -= 1;
      const outcome = this.#settled(sent, kind, partition, records);
      settle(outcome, {
        kind: 'records',
        actions: actions(sent.kind === 'acknowledged' ? sent.baseOffset : undefined),
      });
      if (outcome === 'ok') sequence += values.length;
      else if (identity !== undefined) identity = undefined;
      // What it asked for may still happen.
      if (outcome === 'info') process = this.history.newProcess();
    }
  }

  #settled(sent: Sent, kind: ProducerKind, partition: number, records: Buffer): Outcome {
    if (sent.kind === 'unknown') this.counts.unknown += 1;
    else if (sent.kind === 'refused') this.counts.refused += 1;
    else this.counts.acknowledged += 1;
    if (sent.kind === 'unknown') return 'info';
    if (sent.kind === 'refused') return 'fail';
    // The leader alone has it: that is all that was promised.
    if (kind === 'leader') return 'info';
    this.#oracle.acknowledged(partition, sent.baseOffset, crcOf(records));
    return 'ok';
  }

  async #identify(directory: Directory): Promise<Identity | undefined> {
    const draft = { transactionalId: null, transactionTimeoutMs: 0 };
    const answer = await directory.any().ask('InitProducerId', INIT_VERSION, draft, REQUEST_TIMEOUT_MS);
    if (answer.kind === 'lost' || answer.body.errorCode !== ErrorCode.NONE) return undefined;
    return { id: answer.body.producerId, epoch: answer.body.producerEpoch };
  }

  /** Sends a batch, again and again if its producer may. */
  async #send(
    directory: Directory,
    partition: number,
    kind: ProducerKind,
    records: Buffer,
    random: Random,
  ): Promise<Sent> {
    const { scheduler } = this.#cluster;
    const untilMs = scheduler.nowMs + DELIVERY_TIMEOUT_MS;
    let last: Sent = { kind: 'refused', errorCode: ErrorCode.NONE };
    for (let attempt = 0; !this.isOver && scheduler.nowMs < untilMs; attempt++) {
      const leader = directory.leaderOf(partition);
      if (leader === undefined) {
        await directory.refresh();
        if (directory.leaderOf(partition) === undefined) await this.#pause(RETRY_MS);
        continue;
      }
      const answer = await this.#attempt(
        directory,
        leader.nodeId,
        partition,
        kind === 'leader' ? 1 : -1,
        records,
      );
      // What may have happened once stays possible, whatever later attempts say.
      last = last.kind === 'unknown' && answer.kind === 'refused' ? last : answer;
      if (answer.kind === 'acknowledged') return answer;
      if (kind !== 'idempotent') return last;
      if (!isRetriable(answer.errorCode)) return last;
      this.counts.retries += 1;
      await this.#pause(1 + random.below(RETRY_MS));
      await directory.refresh();
    }
    return last;
  }

  async #attempt(
    directory: Directory,
    nodeId: number,
    partition: number,
    acks: number,
    records: Buffer,
  ): Promise<Sent> {
    // The server writes offsets and epochs into what it gets.
    const draft = {
      ...{ acks, timeoutMs: 1_500 },
      topicData: [{ name: TOPIC, partitionData: [{ index: partition, records: Buffer.from(records) }] }],
    };
    const answer = await directory.link(nodeId).ask('Produce', PRODUCE_VERSION, draft, REQUEST_TIMEOUT_MS);
    if (answer.kind === 'lost') return { kind: 'unknown', errorCode: ErrorCode.REQUEST_TIMED_OUT };
    const told = answer.body.responses[0]?.partitionResponses[0];
    if (told === undefined) throw new Error('an answer names what was asked for');
    const { errorCode, baseOffset } = told;
    if (errorCode === ErrorCode.NONE) return { kind: 'acknowledged', baseOffset };
    if (errorCode === ErrorCode.NOT_LEADER_OR_FOLLOWER) await directory.refresh();
    return { kind: definite.includes(errorCode) ? 'refused' : 'unknown', errorCode };
  }

  /** Polls from the beginning on, and never again below what it has read. */
  async #consume(index: number, partition: number): Promise<void> {
    const { shape, random: all } = this.#cluster;
    const random = all.fork(`consumer ${index}`);
    const directory = this.#directory(index, 'consumer');
    const reader = this.#reader(directory, partition);
    while (!this.isOver) {
      await this.#pause(1 + random.below(shape.thinkMs));
      if (!this.#isCreated) continue;
      if (!(await reader.poll(random.below(500)))) await directory.refresh();
    }
  }

  async #readWhole(partition: number): Promise<void> {
    const directory = this.#directory(partition, 'last reader');
    const reader = this.#reader(directory, partition);
    await directory.refresh();
    while (!this.isOver && !((await reader.poll(0)) && reader.isAtEnd)) {
      await this.#pause(20);
      await directory.refresh();
    }
  }

  #reader(directory: Directory, partition: number): Reader {
    const process = this.history.newProcess();
    const log = `${TOPIC}/${partition}`;
    this.history.invoke(process, { kind: 'assign', logs: [log], from: 'beginning' })('ok');
    const reader: Reader = {
      isAtEnd: false,
      poll: async (maxWaitMs) => {
        const settle = this.history.invoke(process, {
          kind: 'records',
          actions: [{ kind: 'poll', log, records: [] }],
        });
        const { found, isAnswered } = await this.#fetch(directory, partition, position, maxWaitMs, reader);
        position = (found[found.length - 1]?.offset ?? position - 1) + 1;
        this.counts.polls += 1;
        this.counts.records += found.length;
        settle('ok', { kind: 'records', actions: [{ kind: 'poll', log, records: found }] });
        return isAnswered;
      },
    };
    let position = 0;
    return reader;
  }

  async #fetch(
    directory: Directory,
    partition: number,
    position: number,
    maxWaitMs: number,
    reader: Reader,
  ): Promise<{ readonly found: readonly PolledRecord[]; readonly isAnswered: boolean }> {
    const nothing = { found: [], isAnswered: false };
    const leader = directory.leaderOf(partition);
    if (leader === undefined) return nothing;
    const wish = {
      partition,
      currentLeaderEpoch: LeaderEpoch(leader.leaderEpoch),
      fetchOffset: Offset(position),
      partitionMaxBytes: 4_000,
    };
    const answer = await directory
      .link(leader.nodeId)
      .ask(
        'Fetch',
        FETCH_VERSION,
        { maxWaitMs, minBytes: 1, topics: [{ topic: TOPIC, partitions: [wish] }], forgottenTopicsData: [] },
        maxWaitMs + REQUEST_TIMEOUT_MS,
      );
    if (answer.kind === 'lost') return nothing;
    const told = answer.body.responses[0]?.partitions[0];
    if (told?.errorCode === ErrorCode.OFFSET_OUT_OF_RANGE)
      this.violation ??= new Violation(
        'P1 acknowledged durability',
        `partition ${partition}: offset ${position} was read up to, and is out of range on node ${leader.nodeId} in epoch ${leader.leaderEpoch}`,
      );
    if (told === undefined || told.errorCode !== ErrorCode.NONE) return nothing;
    const found = recordsIn(told.records ?? EMPTY, position);
    const end = (found[found.length - 1]?.offset ?? position - 1) + 1;
    reader.isAtEnd = end >= told.highWatermark;
    return { found, isAnswered: true };
  }
}

interface Reader {
  isAtEnd: boolean;
  /** Whether it was answered. */
  poll(maxWaitMs: number): Promise<boolean>;
}

const EMPTY = Buffer.alloc(0);

/** Those from an offset on; a batch that the answer cuts off is left out. */
const recordsIn = (bytes: Buffer, from: number): readonly PolledRecord[] => {
  const found: PolledRecord[] = [];
  for (
    let at = 0;
    at + 12 < bytes.length && at + batchSizeBytes(bytes, at) <= bytes.length;
    at += batchSizeBytes(bytes, at)
  )
    for (const { offset, value } of decodeBatch(bytes, at).records)
      if (offset >= from) found.push({ offset, value: value?.toString() ?? '' });
  return found;
};

/** What a producer tries again; the rest ends its id. */
const isRetriable = (errorCode: number): boolean =>
  errorCode === ErrorCode.NOT_LEADER_OR_FOLLOWER ||
  errorCode === ErrorCode.NOT_ENOUGH_REPLICAS ||
  errorCode === ErrorCode.NOT_ENOUGH_REPLICAS_AFTER_APPEND ||
  errorCode === ErrorCode.REQUEST_TIMED_OUT ||
  errorCode === ErrorCode.UNKNOWN_TOPIC_OR_PARTITION ||
  errorCode === ErrorCode.KAFKA_STORAGE_ERROR;
