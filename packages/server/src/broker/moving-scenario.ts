import type { Clock, Disk, SeededRandom } from '@kafkaesque/kernel';
import {
  BrokerId,
  BufferPool,
  Failure,
  LeaderEpoch,
  PartitionIndex,
  TimestampMs,
  TopicId,
  silentLogger,
  silentMetrics,
} from '@kafkaesque/kernel';
import type { MetadataImage, MetadataRecord } from '@kafkaesque/metadata';
import { applyRecords, emptyImage } from '@kafkaesque/metadata';
import { batchSizeBytes, encodeBatch, recordsOf } from '@kafkaesque/protocol';
import type { Log, LogDirectory } from '@kafkaesque/storage';
import { openLogDirectory } from '@kafkaesque/storage';
import { readConfiguration, topicConfiguration } from '../configuration';
import { Throttle } from '../replication/throttle';
import { awayDirectory } from './away-directory';
import { LogDirectories } from './log-directories';
import type { Replica } from './replica';
import { Replicas } from './replicas';
import { settleMoves } from './settle-moves';
import { Traffic } from './traffic';
import { WaitingRoom } from './waiting-room';

/** Words that the tests of moves between log directories are written in. */
export const TOPIC = TopicId('AAAAAAAAAAAAAAAAAAAAAQ');
export const PARTITION = PartitionIndex(0);
const SELF = BrokerId(1);

const configurations = (topic: Readonly<Record<string, string>>) => {
  const outcome = readConfiguration({ file: '' });
  if (outcome.kind === 'invalid') throw new Error(outcome.errors[0]?.message);
  const { configuration } = outcome;
  const layers = { configuration, dynamicBroker: new Map(), dynamicDefault: new Map(), brokerCount: 1 };
  return topicConfiguration(new Map(Object.entries(topic)), layers);
};

const created: readonly MetadataRecord[] = [
  { kind: 'TopicRecord', value: { name: 'moved', topicId: TOPIC } },
  {
    kind: 'PartitionRecord',
    value: {
      ...{ partitionId: PARTITION, topicId: TOPIC, replicas: [SELF], isr: [SELF], leader: SELF },
      ...{ removingReplicas: [], addingReplicas: [], leaderRecoveryState: 0 },
      ...{ leaderEpoch: LeaderEpoch(0), partitionEpoch: 0, directories: ['AAAAAAAAAAAAAAAAAAAAAA'] },
      ...{ eligibleLeaderReplicas: null, lastKnownElr: null },
    },
  },
];

/** The simulated world, as the tests hand it in. */
export interface MovingWorld {
  readonly scheduler: {
    readonly nowMs: number;
    readonly eventCount: number;
    run(limits: { readonly until?: () => boolean; readonly maximumEvents?: number }): Promise<unknown>;
    after(delayMs: number, kind: string, happen: () => void): unknown;
  };
  readonly disk: { mount(): Disk; crash(how: 'kill' | 'power'): void };
  readonly random: SeededRandom;
  /** Of one life. */
  newClock(): Clock & { stop(): void };
}

export interface MovingOptions {
  readonly topic?: Readonly<Record<string, string>>;
  readonly paths?: readonly string[];
}

const changed = (
  change: Partial<Extract<MetadataRecord, { kind: 'PartitionChangeRecord' }>['value']>,
): MetadataRecord => ({
  kind: 'PartitionChangeRecord',
  value: {
    ...{ partitionId: PARTITION, topicId: TOPIC, isr: null, leader: BrokerId(-2), replicas: null },
    ...{ removingReplicas: null, addingReplicas: null, leaderRecoveryState: -1 },
    ...{ directories: null, eligibleLeaderReplicas: null, lastKnownElr: null },
    ...change,
  },
});

/** The partition is another broker's. */
export const assignedTo = (broker: number): MetadataRecord =>
  changed({ replicas: [BrokerId(broker)], isr: [BrokerId(broker)], leader: BrokerId(broker) });

/** It is led by another broker in a new epoch. */
export const ledBy = (broker: number): MetadataRecord => changed({ leader: BrokerId(broker) });

interface FailingDirectory {
  readonly context: { fail(cause: unknown): void };
}

/** A broker that leads one partition, on a simulated disk with several log directories, over many lives. */
export class MovingBroker {
  readonly scheduler: MovingWorld['scheduler'];
  /** Of the moves of this life. */
  throttle: Throttle;
  /** Directories that the next start finds. */
  paths: readonly string[];
  /** Those of them that it cannot open. */
  awayPaths: readonly string[] = [];
  /** What was acknowledged, by offset. */
  readonly acknowledged: string[] = [];
  directories = new LogDirectories([]);
  replicas: Replicas | undefined;
  /** Ids of the directories that the controller was told of. */
  readonly told: string[] = [];
  readonly #world: MovingWorld;
  #clock: ReturnType<MovingWorld['newClock']>;
  readonly #topic: Readonly<Record<string, string>>;
  readonly #appended: string[] = [];
  #image: MetadataImage = applyRecords(emptyImage, created, { offset: 1, epoch: 1 }).after;
  #count = 0;
  #life = 0;

  constructor(world: MovingWorld, { topic = {}, paths = ['/a', '/b'] }: MovingOptions = {}) {
    this.#world = world;
    this.scheduler = world.scheduler;
    this.#clock = world.newClock();
    this.throttle = new Throttle(this.#clock);
    this.#topic = topic;
    this.paths = paths;
  }

  get replica(): Replica {
    const replica = this.replicas?.find(TOPIC, PARTITION);
    if (replica === undefined) throw new Error('there is no replica');
    return replica;
  }

  directory(path: string): LogDirectory {
    const found = this.directories.all.find((one) => one.path === path);
    if (found === undefined) throw new Error(`there is no ${path}`);
    return found;
  }

  /** Path of the directory that has the replica. */
  get home(): string | undefined {
    return this.directories.holderOf(TOPIC, PARTITION)?.path;
  }

  /** Begins a life. */
  async start(): Promise<void> {
    const life = ++this.#life;
    const disk = this.#world.disk.mount();
    this.#clock = this.#world.newClock();
    this.throttle = new Throttle(this.#clock);
    const opened: LogDirectory[] = [];
    for (const path of this.paths) {
      if (this.awayPaths.includes(path)) continue;
      opened.push(
        await openLogDirectory({
          ...{ disk, path, clock: this.#clock, logger: silentLogger, metrics: silentMetrics },
          random: this.#world.random.fork(`${path} ${life}`),
          pool: new BufferPool({ keptBytes: 1 << 20, poison: true }),
          ...{ clusterId: 'test-cluster-id-000000', nodeId: SELF },
          lock: () => Promise.resolve(() => Promise.resolve()),
          limits: { reserveBytes: 0, segmentWriteMs: 20, sealMs: 20, flushMs: 20 },
          offline: (cause) => {
            if (life === this.#life) this.replicas?.goOffline(path, cause);
          },
        }),
      );
    }
    const away = this.awayPaths.map((path) => awayDirectory(path, new Error('away')));
    await settleMoves(opened, away.length > 0, silentLogger);
    const directories = new LogDirectories([...opened, ...away], away);
    const replicas = new Replicas({
      ...{ nodeId: SELF, directories, clock: this.#clock, logger: silentLogger },
      waitingRoom: new WaitingRoom(this.#clock),
      traffic: new Traffic(silentMetrics),
      timesOf: () => ({ producerIdExpirationMs: 86_400_000, replicaLagTimeMaxMs: 10_000 }),
      configurationOf: () => configurations(this.#topic),
      renewLeadership: () => void Promise.resolve().then(() => life === this.#life && this.newEpoch()),
      moveThrottle: this.throttle,
      moved: () => this.told.push(directories.directoryIdOf(TOPIC, PARTITION) ?? 'nowhere'),
      roleChanged: () => undefined,
    });
    this.directories = directories;
    this.replicas = replicas;
    await replicas.open(this.#image);
    // What the metadata said to an earlier life is not for this one.
    this.newEpoch();
    replicas.takeRoles(this.#image);
    const replica = replicas.find(TOPIC, PARTITION);
    if (replica !== undefined) this.#appended.length = replica.log.endOffset;
  }

  /** Ends it, as a crash does. */
  crash(how: 'kill' | 'power'): void {
    this.#life += 1;
    this.replicas = undefined;
    this.#clock.stop();
    this.#world.disk.crash(how);
  }

  async stop(): Promise<void> {
    await this.replicas?.close();
    await this.directories.close();
    this.#life += 1;
    this.replicas = undefined;
  }

  /** Appends a record, unless nobody leads just now. */
  produce(valueBytes = 100): void {
    const { replicas } = this;
    if (replicas === undefined) return;
    const { machine, log } = this.replica;
    const value = `${this.#count++}`.padEnd(valueBytes, '.');
    const records = [{ key: null, value: Buffer.from(value), timestampMs: TimestampMs(1), headers: [] }];
    const bytes = encodeBatch({ timestampMs: TimestampMs(1), records });
    const request = { acks: -1, origin: 'client', apiVersion: 9 } as const;
    const at = machine.endOffset;
    const outcome = machine.append(bytes, request, this.#clock.monotonicMs(), TimestampMs(1));
    if (outcome.kind !== 'accepted') return;
    try {
      log.append(outcome.batches);
    } catch {
      replicas.carryOut(this.replica, machine.failed());
      return;
    }
    this.#appended[at] = value;
    this.#appended.length = at + 1;
    replicas.appended(this.replica);
  }

  /** What consumers could see of it, is acknowledged. */
  look(): void {
    const replica = this.replicas?.find(TOPIC, PARTITION);
    if (replica === undefined) return;
    for (let at = this.acknowledged.length; at < replica.machine.highWatermark; at++)
      this.acknowledged[at] = this.#appended[at] ?? 'unknown';
  }

  /** Lets time go on; what is acknowledged is noted after each event. */
  async run(limits: { readonly until?: () => boolean; readonly maximumEvents?: number } = {}): Promise<void> {
    await this.scheduler.run({
      ...limits,
      until: () => {
        this.look();
        return limits.until?.() ?? false;
      },
    });
  }

  /** Runs until `work` has ended, and hands on how. */
  async settle<Value>(work: Promise<Value>): Promise<Value> {
    const standing = { isSettled: false };
    const mark = (): void => {
      standing.isSettled = true;
    };
    work.then(mark, mark);
    await this.run({ until: () => standing.isSettled });
    if (!standing.isSettled) throw new Error('nothing is left to happen');
    return await work;
  }

  /** Appends every now and then. */
  produceEvery(ms: number, count: number): void {
    const life = this.#life;
    for (let i = 0; i < count; i++)
      this.scheduler.after(i * ms, 'produce', () => {
        if (life === this.#life) this.produce();
      });
  }

  /** As an error of the disk does. */
  fail(path: string): void {
    (this.directory(path) as unknown as FailingDirectory).context.fail(new Failure('EIO', 'told to fail'));
  }

  change(records: readonly MetadataRecord[]): void {
    const delta = applyRecords(this.#image, records, { offset: this.#image.offset + 1, epoch: 1 });
    this.#image = delta.after;
    this.replicas?.apply(delta);
  }

  /** The partition is led in a new epoch from now on. */
  newEpoch(): void {
    this.change([changed({ leader: SELF })]);
  }
}

/** The values of all records of a log, by offset. */
export const valuesOf = async (log: Log): Promise<readonly string[]> => {
  const values: string[] = [];
  for (let next = log.logStartOffset; next < log.endOffset;) {
    const slices = await log.read(next, log.endOffset, 1 << 20, { atLeastOne: true });
    const bytes = Buffer.concat(slices.parts);
    for (let at = 0; at < bytes.length; at += batchSizeBytes(bytes, at))
      for (const { offset, value } of recordsOf(bytes, at)) values[offset] = value?.toString() ?? '';
    next = slices.nextOffset;
    slices.release();
  }
  return values;
};
