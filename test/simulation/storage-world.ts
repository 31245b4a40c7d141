import {
  BrokerEpoch,
  BrokerId,
  BufferPool,
  Offset,
  PartitionIndex,
  SeededRandom,
  TopicId,
  hasCode,
  messageOf,
  silentLogger,
  silentMetrics,
} from '@kafkaesque/kernel';
import type { Disk } from '@kafkaesque/kernel';
import { batchSizeBytes } from '@kafkaesque/protocol';
import { Scheduler, SimulatedDisk, VirtualClock, drawDiskFaults, noDiskFaults } from '@kafkaesque/sim';
import type { DiskFaults } from '@kafkaesque/sim';
import { defaultLogConfig, openLogDirectory, openTailMemory } from '@kafkaesque/storage';
import type { Log, LogConfig, LogDirectory, LogDirectoryLimits } from '@kafkaesque/storage';
import { LogModel, adopt, contradiction } from './log-model';
import type { Shown } from './log-model';
import { snapshotHash } from './producer-snapshots';

const PATH = '/data';

/** How one seed's world differs from others (swarm). */
export interface WorldShape {
  readonly logCount: number;
  readonly config: LogConfig;
  readonly limits: Partial<LogDirectoryLimits>;
  readonly tailBytes: number;
  readonly pendingBytes: number;
  readonly faults: DiskFaults;
  /** Bytes that fit on the disk. */
  readonly capacityBytes: number;
  /** Share of logs with flush.policy=replication. */
  readonly directShare: number;
  /** Share of logs with cleanup.policy=compact. */
  readonly compactedShare: number;
  /** Mean number of events between crashes. */
  readonly lifeEvents: number;
}

export const drawShape = (random: SeededRandom, logCount: number): WorldShape => {
  const pick = <T>(...choices: readonly [T, ...T[]]): T =>
    choices[random.below(choices.length)] ?? choices[0];
  const compactedShare = pick(0, 0.3, 1);
  // Compaction takes closed segments, and some time.
  const segmentBytes = compactedShare > 0 ? pick(600, 1500, 3000) : pick(600, 1500, 5000, 100_000);
  return {
    logCount,
    config: {
      ...defaultLogConfig,
      segmentBytes,
      indexIntervalBytes: pick(100, 400, 4096),
      segmentIndexBytes: pick(24, 10 << 20),
      retentionMs: -1,
      retentionBytes: pick(-1, segmentBytes * 3),
      fileDeleteDelayMs: pick(0, 5, 1000),
      deleteRetentionMs: pick(0, 5, 1000),
    },
    limits: {
      journalFileBytes: pick(1000, 8000, 60_000),
      journalLimitBytes: pick(20_000, 200_000),
      roundBytes: pick(500, 4000, 1 << 20),
      segmentWriteBytes: pick(200, 2000, 1 << 20),
      segmentWriteMs: pick(2, 20, 500),
      flushMs: pick(2, 20, 100),
      sealMs: pick(2, 20, 100),
      openFiles: pick(2, 8, 1024),
      reserveBytes: pick(0, 4000, 30_000),
    },
    tailBytes: pick(0, 1000, 10_000, 1 << 20),
    pendingBytes: pick(500, 5000, 1 << 20),
    faults: drawDiskFaults(random),
    capacityBytes: pick(Infinity, Infinity, 100_000, 400_000) * Math.ceil(logCount / 20),
    directShare: pick(0, 0, 0.3, 1),
    compactedShare,
    lifeEvents:
      (compactedShare > 0 ? pick(100, 400, 2000, 5000) : pick(30, 100, 400, 2000)) * Math.ceil(logCount / 20),
  };
};

/** Counts over all lives of a world. */
export interface WorldCounts {
  events: number;
  lives: number;
  crashes: number;
  recoveryCrashes: number;
  cleanStops: number;
  appended: number;
  checkedBatches: number;
  offline: number;
  failedLogs: number;
  /** Times that records were refused for lack of room. */
  refused: number;
  /** Passes of compaction, those that were given up, and the records that went. */
  cleanings: number;
  stoppedCleanings: number;
  removedRecords: number;
}

export const zeroCounts = (): WorldCounts => ({
  events: 0,
  lives: 0,
  crashes: 0,
  recoveryCrashes: 0,
  cleanStops: 0,
  appended: 0,
  checkedBatches: 0,
  offline: 0,
  failedLogs: 0,
  refused: 0,
  cleanings: 0,
  stoppedCleanings: 0,
  removedRecords: 0,
});

/** What must never happen has happened. */
export class Violation extends Error {
  override readonly name = 'Violation';
}

export interface WorldOptions {
  readonly logCount: number;
  /** What is not left to chance. */
  readonly shape?: Partial<WorldShape>;
  readonly through?: (disk: Disk) => Disk;
  readonly say?: (line: string) => void;
}

/** One machine with one log directory, that crashes and comes back, and what its users know of it. */
export class StorageWorld {
  readonly random: SeededRandom;
  readonly shape: WorldShape;
  readonly scheduler = new Scheduler();
  readonly disk: SimulatedDisk;
  readonly models: LogModel[];
  readonly counts: WorldCounts;
  /** Puts something between storage and the disk, to see whether it is noticed. */
  readonly through: (disk: Disk) => Disk;
  /** For whoever looks into a seed that failed. */
  readonly say: (line: string) => void;
  directory: LogDirectory | undefined;
  clock: VirtualClock;
  offline = false;
  /** Nobody begins anything new. */
  resting = false;
  violation: unknown;
  powerLost = false;
  stoppedCleanly = false;
  readonly #pool = new BufferPool({ keptBytes: 64 << 20, poison: true });

  constructor(seed: number, counts: WorldCounts, options: WorldOptions) {
    const { logCount, shape, through = (disk: Disk): Disk => disk, say = () => undefined } = options;
    this.random = new SeededRandom(seed, 'storage-world');
    this.shape = { ...drawShape(this.random, logCount), ...shape };
    this.counts = counts;
    this.through = through;
    this.say = say;
    this.disk = new SimulatedDisk({ random: this.random.fork('disk'), scheduler: this.scheduler });
    this.heal(false);
    this.clock = new VirtualClock({ scheduler: this.scheduler });
    this.models = Array.from(
      { length: logCount },
      (_, index) =>
        new LogModel(
          String(index),
          this.random.fraction() >= this.shape.directShare,
          this.random.fraction() < this.shape.compactedShare,
        ),
    );
  }

  topicOf(model: LogModel): TopicId {
    const id = Buffer.alloc(16);
    id.writeUInt32BE(1 + (Number(model.name) >> 3), 12);
    return TopicId(id.toString('base64url'));
  }

  partitionOf(model: LogModel): PartitionIndex {
    return PartitionIndex(Number(model.name) & 7);
  }

  configOf(model: LogModel): LogConfig {
    const { config } = this.shape;
    const flushPolicy = model.journaled ? 'ack' : 'replication';
    const cleanupPolicy = { ...config.cleanupPolicy, compact: model.compacted };
    return { ...config, flushPolicy, cleanupPolicy };
  }

  crash(): void {
    // After a failed sync the cache shows what the disk may lack; only a loss of power makes that plain.
    const kind = this.random.below(4) === 0 && !this.offline ? 'kill' : 'power';
    if (kind === 'power') this.powerLost = true;
    this.say(`${kind} after ${this.scheduler.eventCount} events`);
    this.clock.stop();
    this.disk.crash(kind);
    this.directory = undefined;
    this.counts.crashes += 1;
  }

  /** Starts the storage until it has recovered, through crashes in the middle of it. */
  async start(): Promise<LogDirectory> {
    for (let attempt = 0; ; attempt++) {
      this.heal(attempt >= 6);
      this.offline = false;
      this.clock = new VirtualClock({ scheduler: this.scheduler });
      const opening = this.#open();
      let done: { readonly directory?: LogDirectory; readonly failure?: unknown } | undefined;
      opening.then(
        (directory) => (done = { directory }),
        (failure: unknown) => (done = { failure }),
      );
      const interrupts = attempt < 6 && this.random.below(3) === 0;
      const end = await this.scheduler.run({
        until: () => done !== undefined,
        ...(interrupts ? { maximumEvents: 1 + this.random.below(60 + this.shape.logCount * 8) } : {}),
      });
      if (end === 'idle') throw new Violation('recovery waits for nothing');
      if (done?.directory !== undefined && done.directory.offlineReason === undefined) return done.directory;
      if (done?.failure !== undefined && !isExpectedFailure(done.failure)) throw done.failure as Error;
      if (done?.failure !== undefined) this.offline = true;
      this.counts.recoveryCrashes += 1;
      this.stoppedCleanly = false;
      this.crash();
    }
  }

  #open(): Promise<LogDirectory> {
    const { tailBytes, pendingBytes, limits, config } = this.shape;
    return openLogDirectory({
      disk: this.through(this.disk.mount()),
      path: PATH,
      clock: this.clock,
      random: this.random.fork('storage'),
      logger: {
        ...silentLogger,
        warn: (message, fields) => this.say(`warn ${message} ${String(fields?.['cause'])}`),
        error: (message, fields) => this.say(`error ${message} ${String(fields?.['cause'])}`),
      },
      metrics: silentMetrics,
      pool: this.#pool,
      clusterId: 'simulated-cluster-0001',
      nodeId: BrokerId(1),
      logConfig: config,
      limits,
      lock: () => Promise.resolve(() => Promise.resolve()),
      tailMemory: openTailMemory(this.#pool, { tailBytes, pendingBytes }),
      offline: () => {
        this.offline = true;
        this.counts.offline += 1;
      },
    });
  }

  /** Compares everything that was recovered with what must be there. */
  async check(directory: LogDirectory): Promise<void> {
    this.directory = directory;
    const { report } = directory;
    if (report.corruption.length > 0)
      throw new Violation(`damage reported without any: ${report.corruption.join('; ')}`);
    if (this.stoppedCleanly && (!report.cleanShutdown || report.scannedBytes > 0))
      throw new Violation(`a clean stop was followed by a scan of ${report.scannedBytes} bytes`);
    this.stoppedCleanly = false;
    this.heal(true);
    await this.scheduler.settle(this.#checkLogs(directory));
    this.powerLost = false;
    this.heal(false);
  }

  /** Takes away what makes the disk fail, or brings it back. */
  heal(isHealed: boolean): void {
    this.disk.faults = isHealed ? noDiskFaults : this.shape.faults;
    this.disk.resize(isHealed ? Infinity : this.shape.capacityBytes);
  }

  async #checkLogs(directory: LogDirectory): Promise<void> {
    for (const model of this.models) {
      const log = directory.log(this.topicOf(model), this.partitionOf(model));
      const shown = log === undefined ? undefined : await show(log, this.random);
      this.say(
        `log ${model.name} start ${model.start} acked ${model.acked} end ${model.end} ${JSON.stringify(model.change)}: shows ${shown?.start} to ${shown?.end}, ${JSON.stringify(log?.recovery)}`,
      );
      const wrong = contradiction(model, shown, this.powerLost);
      if (wrong !== undefined)
        throw new Violation(
          `log ${model.name} (${model.journaled ? 'ack' : 'replication'}, start ${model.start}, acknowledged ${model.acked}, end ${model.end}): ${wrong}`,
        );
      this.counts.checkedBatches += shown?.batches.length ?? 0;
      adopt(model, shown);
      model.log =
        log ?? directory.createLog(this.topicOf(model), this.partitionOf(model), this.configOf(model));
      if (log !== undefined) {
        checkEpochs(model, log);
        await checkSnapshot(model, log);
        log.updateConfig(this.configOf(model));
      }
    }
  }

  /** Whether who began in the life of `clock` may begin anything more. */
  goesOn(clock: VirtualClock): boolean {
    return this.violation === undefined && !this.resting && !this.offline && this.clock === clock;
  }

  /** Lets everybody come to an end, and then stops the directory as one should. */
  async rest(directory: LogDirectory): Promise<void> {
    this.heal(true);
    // Now and then it stays as full as it is.
    const staysFull = this.random.below(4) === 0;
    if (staysFull) this.disk.resize(this.shape.capacityBytes);
    this.resting = true;
    await this.scheduler.run({
      until: () => this.violation !== undefined || this.models.every((model) => !model.busy),
      maximumEvents: 1_000_000,
    });
    if (!this.offline && !staysFull) await this.#makeSureOfRoom(directory);
    if (!this.offline) await this.#stop(directory);
    this.resting = false;
  }

  /** Once there is room, records are taken again without anybody's doing. */
  async #makeSureOfRoom(directory: LogDirectory): Promise<void> {
    await this.scheduler.run({
      until: () => !directory.isFull || this.violation !== undefined || this.offline,
      maximumEvents: 1_000_000,
    });
    if (directory.isFull && !this.offline) throw new Violation('there is room, and no record is taken');
  }

  async #stop(directory: LogDirectory): Promise<void> {
    let closed: { readonly failure?: unknown } | undefined;
    directory.close({ brokerEpoch: BrokerEpoch(5) }).then(
      () => (closed = {}),
      (failure: unknown) => (closed = { failure }),
    );
    const end = await this.scheduler.run({
      until: () => closed !== undefined || this.violation !== undefined,
      maximumEvents: 1_000_000,
    });
    if (closed === undefined)
      throw new Violation(`closing does not end (${end}, ${this.scheduler.waitingCount} events wait)`);
    if (closed.failure !== undefined && !isExpectedFailure(closed.failure)) throw closed.failure as Error;
    // Without room a stop may leave work to the next start, and says so.
    this.stoppedCleanly = closed.failure === undefined && !this.offline && !directory.isFull;
    if (this.stoppedCleanly) this.counts.cleanStops += 1;
  }
}

/** What a failing disk may make storage say. */
export const isExpectedFailure = (failure: unknown): boolean =>
  ['ENOSPC', 'EIO', 'JOURNAL_FULL', 'NO_ROOM', 'LOG_FAILED', 'LOG_DELETED'].some((code) =>
    hasCode(failure, code),
  );

const show = async (log: Log, random: SeededRandom): Promise<Shown> => {
  const batches: Buffer[] = [];
  let next: number = log.logStartOffset;
  while (next < log.endOffset) {
    const slices = await log.read(Offset(next), log.endOffset, 1 + random.below(3000), { atLeastOne: true });
    if (slices.sizeBytes === 0) throw new Violation(`nothing to read at ${next} of ${log.endOffset}`);
    const bytes = Buffer.concat(slices.parts);
    for (let at = 0; at < bytes.length; at += batchSizeBytes(bytes, at))
      batches.push(bytes.subarray(at, at + batchSizeBytes(bytes, at)));
    next = slices.nextOffset;
    slices.release();
  }
  if (log.durableEndOffset !== log.endOffset)
    throw new Violation(`durable to ${log.durableEndOffset} of ${log.endOffset} after recovery`);
  return { start: log.logStartOffset, end: log.endOffset, batches };
};

const checkEpochs = (model: LogModel, log: Log): void => {
  for (const batch of model.batches) {
    if (batch.next <= log.logStartOffset) continue;
    const inForce = log.epochs.findLast(
      (start) => start.startOffset <= Math.max(batch.base, log.logStartOffset),
    );
    if (inForce?.leaderEpoch !== batch.epoch)
      throw new Violation(
        `log ${model.name}: epoch ${inForce?.leaderEpoch} at ${batch.base}, not ${batch.epoch}: ${JSON.stringify(log.epochs)}`,
      );
  }
};

const checkSnapshot = async (model: LogModel, log: Log): Promise<void> => {
  const snapshot = await log.latestProducerSnapshot(log.endOffset);
  const hash = snapshot === undefined ? undefined : snapshotHash(snapshot.bytes);
  if (snapshot === undefined || hash === undefined) return;
  const batch = model.batches.find((candidate) => candidate.next === snapshot.offset);
  if (batch !== undefined && batch.hash !== hash)
    throw new Violation(`log ${model.name}: the snapshot at ${snapshot.offset} is of another history`);
};

export const describeFailure = (cause: unknown): string =>
  cause instanceof Violation ? cause.message : `${messageOf(cause)}\n${(cause as Error).stack ?? ''}`;
