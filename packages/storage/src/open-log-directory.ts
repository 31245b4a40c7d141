import { Failure, LeaderEpoch, Offset, assert, messageOf } from '@kafkaesque/kernel';
import type { BrokerEpoch, CancelWake, PartitionIndex, TopicId } from '@kafkaesque/kernel';
import { CheckpointWriter } from './checkpoint-writer';
import { dropRun } from './cuts';
import { DirectFlusher } from './direct-flusher';
import { DirectWrites } from './direct-writes';
import type { DirectoryContext } from './directory-context';
import { isIndexWorthSaving, saveIndex } from './index-files';
import { Journal } from './journal';
import { JournalKeeper } from './journal-keeper';
import type { Log, LogConfig } from './log';
import { deleteLog, writeInTheEnd } from './log-deletion';
import type { LogDirectory, RecoveryReport } from './log-directory';
import { repairLog } from './log-changes';
import type { LogServices } from './log-services';
import { acknowledged, newLogState, tellAcknowledged, tellFailed } from './log-state';
import type { LogState } from './log-state';
import { CLEAN_SHUTDOWN_FILE, BROKER_EPOCH_FILE, writeMarker } from './marker-files';
import type { RecordedEpoch } from './marker-files';
import type { MoveMarks } from './move-marks';
import { PartitionLog } from './partition-log';
import type { RecoveredDirectory } from './recovery';
import { logDirectoryPath } from './recovered-log';
import { Rounds } from './rounds';
import { SegmentWriter } from './segment-writer';
import { settleAll } from './settling';
import { isOutOfSpace } from './space-reserve';
import { unlinkIfThere } from './small-file';
import { switchPolicy } from './policy-switch';

export interface DirectoryIdentity {
  readonly directoryId: string;
  readonly previousBrokerEpoch: BrokerEpoch;
  readonly recorded: RecordedEpoch;
  readonly moves: MoveMarks;
}

/** A recovered directory at work. */
export class OpenLogDirectory implements LogDirectory, LogServices {
  readonly context: DirectoryContext;
  readonly path: string;
  readonly directoryId: string;
  readonly previousBrokerEpoch: BrokerEpoch;
  readonly report: RecoveryReport;
  readonly moves: MoveMarks;
  readonly rounds: Rounds;
  readonly direct: DirectWrites;
  readonly checkpoints: CheckpointWriter;
  readonly keeper: JournalKeeper;
  readonly #journal: Journal;
  readonly #writer: SegmentWriter;
  readonly #flusher: DirectFlusher;
  readonly #logs = new Map<TopicId, Map<PartitionIndex, PartitionLog>>();
  /** Deletions that the journal may still hold, by directory of the log, and at least up to which round. */
  readonly #deletions = new Map<string, Promise<void>>();
  readonly #deletionLsns = new Map<string, number>();
  readonly #background = new Set<Promise<void>>();
  readonly #cleanings = new Set<Promise<void>>();
  /** Removals of files that nobody needs, with the wake-ups that will begin them. */
  readonly #delayed = new Map<CancelWake, () => void>();
  readonly #pauses = new Set<() => void>();
  readonly #unlock: () => Promise<void>;
  readonly #unsubscribe: () => void;
  #recorded: RecordedEpoch;
  #closing: Promise<void> | undefined;

  constructor(
    context: DirectoryContext,
    identity: DirectoryIdentity,
    recovered: RecoveredDirectory,
    fileBytes: number,
    unlock: () => Promise<void>,
  ) {
    this.context = context;
    this.path = context.path;
    this.directoryId = identity.directoryId;
    this.previousBrokerEpoch = identity.previousBrokerEpoch;
    this.#recorded = identity.recorded;
    this.report = recovered.report;
    this.moves = identity.moves;
    this.#unlock = unlock;
    this.#journal = new Journal({
      disk: context.disk,
      directory: `${context.path}/journal`,
      directoryId: identity.directoryId,
      random: context.random.fork('journal'),
      firstNumber: recovered.nextJournalFile,
      fileBytes,
    });
    this.checkpoints = new CheckpointWriter(context, {
      directoryId: identity.directoryId,
      journal: this.#journal,
      lastLsn: () => this.rounds.lastLsn,
      logs: () => this.#states(),
    });
    this.keeper = new JournalKeeper(context, this.#journal, this.checkpoints);
    this.#writer = new SegmentWriter(context);
    this.#flusher = new DirectFlusher(context, this.checkpoints);
    const hooks = {
      acknowledged: (log: LogState) => this.#acknowledged(log),
      failed: (log: LogState, cause: unknown) => this.failed(log, cause),
      journalOpened: () => this.inBackground(this.checkpoints.write()),
      journalGrew: () => this.keeper.grown(),
      journalShrunk: () => this.keeper.shrunk(),
    };
    this.rounds = new Rounds(context, this.#journal, recovered.lastLsn, hooks);
    this.direct = new DirectWrites(context, hooks);
    this.#unsubscribe = context.memory.onPressure(() => this.#writer.writeAll());
    for (const state of recovered.logs) this.#add(state);
    context.reserve.begin({
      released: () => {
        this.#giveRoomBack();
      },
      failed: (cause) => context.fail(cause),
    });
  }

  get recorded(): RecordedEpoch {
    return this.#recorded;
  }
  get isClosing(): boolean {
    return this.#closing !== undefined;
  }
  get offlineReason(): unknown {
    return this.context.offline ? this.context.failure : undefined;
  }
  get isFull(): boolean {
    return this.context.reserve.isReleased;
  }

  makeRoom(): Promise<boolean> {
    return this.context.reserve.release();
  }

  /** What was to be removed later goes now, and the journal's newest file as soon as segments have it all. */
  #giveRoomBack(): void {
    for (const [cancel, remove] of this.#delayed) {
      cancel();
      remove();
    }
    this.#delayed.clear();
    this.rounds.beginNewFile();
  }

  *logs(): Iterable<Log> {
    for (const partitions of this.#logs.values()) yield* partitions.values();
  }

  *#states(): Iterable<LogState> {
    for (const partitions of this.#logs.values()) for (const log of partitions.values()) yield log.state;
  }

  log(topicId: TopicId, partition: PartitionIndex): Log | undefined {
    return this.#logs.get(topicId)?.get(partition);
  }

  createLog(topicId: TopicId, partition: PartitionIndex, config: LogConfig): Log {
    assert(this.log(topicId, partition) === undefined, 'a log is created once');
    assert(this.#closing === undefined, 'no log is created in a directory that is being closed');
    const directory = logDirectoryPath(this.path, topicId, partition);
    const state = newLogState(topicId, partition, directory, config);
    // Whatever older rounds say of a log of this name, it was deleted since.
    state.lastLsn = this.rounds.lastLsn;
    state.settledLsn = this.rounds.lastLsn;
    if (this.context.offline) {
      state.failed = true;
      state.failure = this.context.failure;
    }
    const deletion = this.#deletions.get(directory);
    const log = this.#add(state);
    if (deletion !== undefined) {
      state.gate = 'settling-deletion';
      this.inBackground(this.#openAfter(deletion, state));
    }
    return log;
  }

  /**
   * A deletion that the journal still holds would be carried out again on the new log of the same name. The new log's
   * own entries follow it there; one that writes directly must be in a checkpoint first, as settled beyond it.
   */
  async #openAfter(deletion: Promise<void>, state: LogState): Promise<void> {
    await deletion;
    if (!state.journaled) await writeInTheEnd(this);
    this.openGate(state);
  }

  #add(state: LogState): PartitionLog {
    const log = new PartitionLog(state, this);
    let partitions = this.#logs.get(state.topicId);
    if (partitions === undefined) {
      partitions = new Map<PartitionIndex, PartitionLog>();
      this.#logs.set(state.topicId, partitions);
    }
    partitions.set(state.partition, log);
    return log;
  }

  async deleteLog(topicId: TopicId, partition: PartitionIndex): Promise<void> {
    const log = this.#logs.get(topicId)?.get(partition)?.state;
    if (log === undefined) return;
    await deleteLog(this, log, {
      forget: () => {
        const partitions = this.#logs.get(topicId);
        partitions?.delete(partition);
        if (partitions?.size === 0) this.#logs.delete(topicId);
      },
      settling: (settled) => {
        this.#forgetOldDeletions();
        this.#deletions.set(log.directory, settled);
        this.#deletionLsns.delete(log.directory);
        this.#deletionLsns.set(log.directory, this.rounds.lastLsn);
      },
      isTopicInUse: () => this.#logs.has(topicId),
    });
  }

  #forgetOldDeletions(): void {
    const firstLsn = this.#journal.firstLsn();
    for (const [directory, lsn] of this.#deletionLsns) {
      if (lsn >= firstLsn) return;
      this.#deletionLsns.delete(directory);
      this.#deletions.delete(directory);
    }
  }

  async record(epoch: RecordedEpoch): Promise<void> {
    const { disk, reserve } = this.context;
    const write = (): Promise<void> =>
      writeMarker(disk, this.path, BROKER_EPOCH_FILE, this.directoryId, epoch);
    try {
      // The controller knows the epoch already: a start that could not record it would not be believed the next time.
      await reserve.lend(write);
    } catch (cause) {
      if (!isOutOfSpace(cause)) this.context.fail(cause);
      throw cause;
    }
    this.#recorded = epoch;
  }

  #acknowledged(log: LogState): void {
    if (log.journaled) this.#writer.grown(log);
    else this.#flusher.written(log);
    tellAcknowledged(log);
    log.listener?.durable(Offset(log.durableEnd), LeaderEpoch(log.durableEpoch));
  }

  failed(log: LogState, cause: unknown): void {
    if (log.failed || log.deleted) return;
    log.failed = true;
    log.failure = cause;
    tellFailed(
      log,
      new Failure('LOG_FAILED', `${log.directory}: ${messageOf(cause)}`, { cause, retriable: true }),
    );
    log.listener?.failed(cause);
  }

  /** The directory has just gone offline. */
  abandon(cause: unknown): void {
    for (const log of this.#states()) this.failed(log, cause);
    this.rounds.abandon();
  }

  openGate(log: LogState): void {
    log.gate = 'open';
    const waiting = log.waiting.splice(0);
    if (log.deleted || log.failed || this.isClosing) return;
    if (log.journaled) for (const batch of waiting) this.rounds.enqueue(batch);
    else if (waiting.length > 0) this.direct.request(log);
    switchPolicy(this, log);
  }

  inBackground(work: Promise<void>): void {
    const watched: Promise<void> = work
      .catch((cause: unknown) => {
        if (this.context.offline || this.#closing !== undefined) return;
        if (isOutOfSpace(cause)) this.context.logger.warn('No space for work in the background', { cause });
        else this.context.fail(cause);
      })
      .finally(() => this.#background.delete(watched));
    this.#background.add(watched);
  }

  cleans(work: Promise<unknown>): void {
    const watched: Promise<void> = work.then(
      () => void this.#cleanings.delete(watched),
      () => void this.#cleanings.delete(watched),
    );
    this.#cleanings.add(watched);
  }

  removeLater(path: string, delayMs: number): void {
    const { disk, logger } = this.context;
    const remove = async (): Promise<void> => {
      try {
        await unlinkIfThere(disk, path);
      } catch (cause) {
        logger.warn('A file that nobody needs could not be removed', { path, cause });
      }
    };
    this.afterDelay(remove, delayMs);
  }

  afterDelay(work: () => Promise<void>, delayMs: number): void {
    const { clock } = this.context;
    const begin = (): void => {
      if (this.#closing === undefined && !this.context.offline) this.inBackground(work());
    };
    // On a full disk the room is wanted now; whoever still reads a file has it open, or finds it gone.
    if (this.isFull) {
      begin();
      return;
    }
    const cancel = clock.wakeAt(clock.monotonicMs() + delayMs, () => {
      this.#delayed.delete(cancel);
      begin();
    });
    this.#delayed.set(cancel, begin);
  }

  pause(delayMs: number): Promise<boolean> {
    if (this.#closing !== undefined || this.context.offline) return Promise.resolve(false);
    const { clock } = this.context;
    return new Promise((resolve) => {
      const cancel = clock.wakeAt(clock.monotonicMs() + delayMs, () => {
        this.#pauses.delete(giveUp);
        resolve(true);
      });
      const giveUp = (): void => {
        cancel();
        resolve(false);
      };
      this.#pauses.add(giveUp);
    });
  }

  close(options?: { readonly brokerEpoch: BrokerEpoch }): Promise<void> {
    this.#closing ??= this.#close(options?.brokerEpoch);
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(brokerEpoch: BrokerEpoch | undefined): Promise<void> {
    try {
      if (brokerEpoch !== undefined && !this.context.offline) {
        await this.#drain();
        await this.#repairFailed();
      }
      await Promise.all(this.#cleanings);
      await this.rounds.stop();
      await this.direct.idle();
      await this.#writer.stop();
      await this.#flusher.stop();
      await this.keeper.stop();
      for (const giveUp of this.#pauses) giveUp();
      await Promise.all(this.#background);
      await this.context.reserve.stop();
      if (brokerEpoch !== undefined && !this.context.offline) await this.#settleIfThereIsRoom(brokerEpoch);
    } finally {
      // What is still to be removed is found again at the next start; a timer left behind would keep the process alive.
      for (const cancel of this.#delayed.keys()) cancel();
      this.#unsubscribe();
      await this.#journal.release();
      await this.context.files.closeAll();
      for (const log of this.#states()) dropRun(this.context, log, log.run.first);
      await this.#unlock();
    }
  }

  /** Waits for what is queued; neither a log that fails meanwhile nor a shut gate keeps it waiting. */
  async #drain(): Promise<void> {
    await Promise.all(
      Array.from(this.#states(), (log) =>
        acknowledged(log, log.run.end - log.waiting.length).catch(() => undefined),
      ),
    );
  }

  /** What failed appends left in files would be found at the next start, which is then not a clean one. */
  async #repairFailed(): Promise<void> {
    for (const log of this.#states()) {
      if (!log.failed || this.context.offline) continue;
      try {
        await repairLog(this, log);
      } catch (cause) {
        this.context.logger.warn('A log stays as a failed append left it; the next start looks into it', {
          directory: log.directory,
          cause,
        });
        if (!isOutOfSpace(cause)) this.context.fail(cause);
      }
    }
  }

  async #settleIfThereIsRoom(brokerEpoch: BrokerEpoch): Promise<void> {
    const { logger, path, reserve } = this.context;
    try {
      await reserve.lend(() => this.#settleForGood(brokerEpoch));
    } catch (cause) {
      if (!isOutOfSpace(cause)) throw cause;
      logger.warn('the disk is too full for a clean stop: nothing is lost, and the next start recovers', {
        path,
        cause: messageOf(cause),
      });
    }
  }

  async #settleForGood(brokerEpoch: BrokerEpoch): Promise<void> {
    await settleAll(this.context, this.#states());
    await this.#journal.end();
    for (const log of this.#states())
      for (const segment of log.segments)
        if (segment.created && !log.quarantined && isIndexWorthSaving(log, segment))
          await saveIndex(this.context, log, segment);
    await this.checkpoints.write();
    if (this.context.offline || Array.from(this.#states()).some((log) => log.failed)) return;
    await writeMarker(this.context.disk, this.path, CLEAN_SHUTDOWN_FILE, this.directoryId, {
      brokerEpoch,
      members: undefined,
    });
  }
}
