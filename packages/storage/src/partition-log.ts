import { Failure, Offset, assert } from '@kafkaesque/kernel';
import type { LeaderEpoch, PartitionIndex, TimestampMs, TopicId } from '@kafkaesque/kernel';
import type {
  AppendBatch,
  Cleanable,
  CleaningOptions,
  CleaningOutcome,
  EpochStart,
  Log,
  LogConfig,
  LogListener,
  LogRecovery,
  ProducerSnapshotFile,
  Slices,
  Suspicion,
  TimestampedOffset,
} from './log';
import { planCleaning } from './compaction/cleanable';
import { cleanLog } from './compaction/clean-log';
import { changeLog, repairLog, resetTo, truncateTo } from './log-changes';
import { readLog } from './log-reader';
import type { LogServices } from './log-services';
import { acknowledged, sizeOfLog } from './log-state';
import type { LogState } from './log-state';
import { sizeBetween } from './log-sizes';
import { walkBatches, whileUncleaned } from './log-walk';
import { closing, placeBatch, refusal } from './placing';
import { switchPolicy } from './policy-switch';
import { applyRetention } from './retention';
import { firstSurvivor } from './cuts';
import { settleLog } from './settling';
import { readSnapshot, writeSnapshot } from './snapshot-files';
import { findMaxTimestamp, findTimestamp } from './timestamp-search';
import { noRoom } from './space-reserve';

/** The face of one log; its state and rules live beside it. */
export class PartitionLog implements Log {
  readonly state: LogState;
  readonly #services: LogServices;

  constructor(state: LogState, services: LogServices) {
    this.state = state;
    this.#services = services;
  }

  get topicId(): TopicId {
    return this.state.topicId;
  }
  get partition(): PartitionIndex {
    return this.state.partition;
  }
  get config(): LogConfig {
    return this.state.config;
  }
  get logStartOffset(): Offset {
    return Offset(this.state.logStart);
  }
  get endOffset(): Offset {
    return Offset(this.state.end);
  }
  get durableEndOffset(): Offset {
    return Offset(this.state.durableEnd);
  }
  get sizeBytes(): number {
    return sizeOfLog(this.state);
  }
  get segmentCount(): number {
    return this.state.segments.length;
  }
  get epochs(): readonly EpochStart[] {
    return this.state.epochs.starts;
  }
  get suspect(): Suspicion | undefined {
    const reason = this.state.suspectReason;
    return reason === undefined ? undefined : { reason };
  }
  get recovery(): LogRecovery {
    return this.state.recovery;
  }
  get failure(): unknown {
    return this.state.failed ? this.state.failure : undefined;
  }
  get isFull(): boolean {
    return this.#services.context.reserve.isReleased;
  }

  get isChanging(): boolean {
    return this.state.changing.busy;
  }

  listen(listener: LogListener): void {
    this.state.listener = listener;
  }

  append(batches: readonly AppendBatch[]): void {
    const log = this.state;
    const refused = this.#services.isClosing ? closing(log) : refusal(log);
    if (refused !== undefined) throw refused;
    if (this.isFull) throw noRoom(this.#services.context.path);
    assert(!log.cutting, 'nothing is appended while the log is cut');
    const { context, rounds, direct } = this.#services;
    for (const batch of batches) {
      const held = placeBatch(context, log, batch);
      if (log.gate !== 'open') log.waiting.push(held);
      else if (log.journaled) rounds.enqueue(held);
    }
    if (log.gate === 'open' && !log.journaled && batches.length > 0) direct.request(log);
  }

  read(
    from: Offset,
    upTo: Offset,
    maxBytes: number,
    options: { readonly atLeastOne: boolean },
  ): Slices | Promise<Slices> {
    return readLog(this.#services.context, this.state, from, upTo, maxBytes, options);
  }

  sizeBetween(from: Offset, upTo: Offset): number {
    return sizeBetween(this.state, from, upTo);
  }

  offsetForTimestamp(timestampMs: TimestampMs): Promise<TimestampedOffset | undefined> {
    const { state } = this;
    return whileUncleaned(state, () => findTimestamp(this.#services.context, state, timestampMs));
  }

  maxTimestamp(): Promise<TimestampedOffset | undefined> {
    const { state } = this;
    return whileUncleaned(state, () => findMaxTimestamp(this.#services.context, state));
  }

  scanHeaders(from: Offset, visit: (bytes: Buffer, at: number) => void): Promise<void> {
    return walkBatches(this.#services.context, this.state, from, (bytes, at) => {
      visit(bytes, at);
      return true;
    });
  }

  async flush(): Promise<void> {
    await acknowledged(this.state);
    await settleLog(this.#services.context, this.state);
  }

  async truncateTo(offset: Offset): Promise<Offset> {
    return Offset(await truncateTo(this.#services, this.state, offset));
  }

  resetTo(offset: Offset): Promise<void> {
    return resetTo(this.#services, this.state, offset);
  }

  async raiseLogStart(offset: Offset): Promise<void> {
    const log = this.state;
    if (offset > log.end)
      throw new Failure('OFFSET_OUT_OF_RANGE', `the log start ${offset} lies behind the end ${log.end}`);
    await log.changing.run(async () => {
      // Nothing may follow a deletion into the journal, and what lies behind damage nobody knows.
      const refused = refusal(log);
      if (refused !== undefined) throw refused;
      if (offset > log.logStart)
        await changeLog(this.#services, log, {
          kind: 'logStart',
          offset,
          segmentBase: firstSurvivor(log, offset),
          position: 0,
        });
    });
  }

  repair(): Promise<void> {
    return repairLog(this.#services, this.state);
  }

  async trust(): Promise<void> {
    if (this.state.suspectReason === undefined) return;
    this.state.suspectReason = undefined;
    await this.#services.checkpoints.write();
  }

  async distrust(reason: string): Promise<void> {
    if (this.state.suspectReason !== undefined) return;
    this.state.suspectReason = reason;
    await this.#services.checkpoints.write();
  }

  assignLeaderEpoch(leaderEpoch: LeaderEpoch, startOffset: Offset): void {
    this.state.epochs.assign(leaderEpoch, startOffset);
  }

  applyRetention(nowMs: number, highWatermark: Offset): Promise<number> {
    return applyRetention(this.#services, this.state, nowMs, highWatermark);
  }

  cleanable(upTo: Offset, nowMs: number): Cleanable | undefined {
    return planCleaning(this.state, upTo, nowMs);
  }

  clean(options: CleaningOptions): Promise<CleaningOutcome> {
    const cleaning = cleanLog(this.#services, this.state, options);
    this.#services.cleans(cleaning);
    return cleaning;
  }

  updateConfig(config: LogConfig): void {
    this.state.config = config;
    switchPolicy(this.#services, this.state);
  }

  writeProducerSnapshot(offset: Offset, bytes: Buffer): Promise<void> {
    return writeSnapshot(this.#services.context, this.state, offset, bytes);
  }

  latestProducerSnapshot(atOrBelow: Offset): Promise<ProducerSnapshotFile | undefined> {
    return readSnapshot(this.#services.context, this.state, atOrBelow);
  }
}
