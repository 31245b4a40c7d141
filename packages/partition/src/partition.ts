import { NO_LEADER_EPOCH, Offset, assert } from '@kafkaesque/kernel';
import type { BrokerId, LeaderEpoch, PartitionIndex, TimestampMs, TopicId } from '@kafkaesque/kernel';
import {
  baseOffsetOf,
  baseSequenceOf,
  isControl,
  lastOffsetOf,
  maxTimestampOf,
  producerEpochOf,
  producerIdOf,
} from '@kafkaesque/protocol';
import { append } from './append';
import type { AppendOutcome, AppendRequest } from './append';
import type { Effect } from './effects';
import { EpochCache } from './epochs';
import type { EpochEntry } from './epochs';
import { planFetch } from './fetch-plan';
import type { FetchPlan, FetchQuestion } from './fetch-plan';
import { appendAsFollower, divergedAt, fetchPositionOf, leaderSays, outOfRange } from './follower';
import type { FetchPosition, FollowerAppend, FollowerProgress, Reset, Truncation } from './follower';
import { fullyReplicatedOffsetOf, isUnderMinInsyncReplicas } from './high-watermark';
import { alterPartitionAnswered, tick } from './in-sync';
import type { AlterPartitionAnswer } from './in-sync';
import { deleteRecords, endOffsetForEpoch, listOffset, resolveOffset } from './offsets';
import type {
  DeleteRecordsPlan,
  EpochEnd,
  FoundTimestamp,
  ListedOffset,
  OffsetError,
  OffsetLookup,
  OffsetQuestion,
} from './offsets';
import type { PartitionConfig } from './partition-config';
import { decodeProducerSnapshot, encodeProducerSnapshot } from './producer-snapshot';
import { ProducerTable } from './producer-state';
import type { ProducerEntry } from './producer-state';
import { readableReplicas } from './readers';
import type { ReadableReplica } from './readers';
import { noOtherBrokers } from './replica-progress';
import type { BrokersView } from './replica-progress';
import { advance, forgetOthers, lastStableOffsetOf } from './replica-state';
import type { ReplicaState } from './replica-state';
import { becomeFollower, becomeLeader, enter, goOffline, resign } from './roles';
import type { Followership, Leadership, Role } from './roles';
import { lowWatermarkOf, replicaDurable, subscribe, unsubscribe } from './subscription';
import type { ReplicaPlan, ReplicaQuestion } from './subscription';
import { UnexposedBytes } from './unexposed-bytes';

/** What a log holds after its recovery; storage's `Log` has all of it but the high watermark. */
export interface RecoveredLog {
  readonly logStartOffset: Offset;
  /** Offset of the next record. Everything below it is durable: recovery synced it. */
  readonly endOffset: Offset;
  readonly epochs: readonly EpochEntry[];
  /** A checkpointed high watermark, when there is one; otherwise the log start. */
  readonly highWatermark?: Offset;
}

/** A producer snapshot as storage keeps it: bytes, and the end offset they describe. */
export interface ProducerSnapshot {
  readonly offset: Offset;
  readonly bytes: Buffer;
}

const NOTHING: readonly Effect[] = [];

/** One replica's rules: a synchronous machine. Effects are for the host to carry out, in order. */
export class Partition {
  readonly #state: ReplicaState;
  /** Producer state takes in every batch from here on, while it is being rebuilt. */
  #replayedTo: Offset;

  /** @param brokers who may be in sync besides this one; absent, nobody else may */
  constructor(
    topicId: TopicId,
    partition: PartitionIndex,
    config: PartitionConfig,
    log: RecoveredLog,
    brokers: BrokersView = noOtherBrokers,
  ) {
    this.#state = {
      topicId,
      partition,
      config,
      role: { kind: 'recovering' },
      leaderEpoch: NO_LEADER_EPOCH,
      logStartOffset: log.logStartOffset,
      endOffset: log.endOffset,
      durableEndOffset: log.endOffset,
      highWatermark: log.logStartOffset,
      epochs: new EpochCache([]),
      producers: new ProducerTable(),
      unexposed: new UnexposedBytes(log.endOffset),
      brokers,
      followers: new Map(),
      leaderHighWatermark: Offset(0),
      leaderFullyReplicatedOffset: Offset(0),
      raisingLogStartTo: Offset(0),
    };
    this.#replayedTo = log.logStartOffset;
    this.recover(log);
  }

  get topicId(): TopicId {
    return this.#state.topicId;
  }
  get partition(): PartitionIndex {
    return this.#state.partition;
  }
  get role(): Role {
    return this.#state.role;
  }
  /** Of the last appointment in this incarnation; -1 before the first. */
  get leaderEpoch(): LeaderEpoch {
    return this.#state.leaderEpoch;
  }
  get logStartOffset(): Offset {
    return this.#state.logStartOffset;
  }
  /** Offset of the next record to append; what lies below may not be durable yet. */
  get endOffset(): Offset {
    return this.#state.endOffset;
  }
  get durableEndOffset(): Offset {
    return this.#state.durableEndOffset;
  }
  get highWatermark(): Offset {
    return this.#state.highWatermark;
  }
  /**
   * Of a compacted topic: below it every assigned replica has everything durably, by the leader's knowledge or its last
   * word in this epoch. 0 where that is not known.
   */
  get fullyReplicatedOffset(): Offset {
    const { role, config, highWatermark, followers, leaderFullyReplicatedOffset } = this.#state;
    if (!config.compacted) return Offset(0);
    if (role.kind === 'leader') return fullyReplicatedOffsetOf(role, highWatermark, followers);
    return role.kind === 'follower' ? leaderFullyReplicatedOffset : Offset(0);
  }
  get lastStableOffset(): Offset {
    return lastStableOffsetOf(this.#state);
  }
  /** Ascending in both fields. */
  get epochs(): readonly EpochEntry[] {
    return this.#state.epochs.entries;
  }
  get config(): PartitionConfig {
    return this.#state.config;
  }

  /** A smaller `min.insync.replicas` may let the high watermark move. */
  updateConfig(config: PartitionConfig): readonly Effect[] {
    this.#state.config = config;
    this.#state.producers.shrinkTo(config.maxProducerIds);
    return this.#state.role.kind === 'leader' ? [advance(this.#state)] : NOTHING;
  }

  // ---- recovery -----------------------------------------------------------------------------

  /**
   * Starts over from what the log holds now, after `failed` or a truncation; producer state is empty until it is
   * loaded and replayed. The high watermark falls only if the log ends below it.
   */
  recover(log: RecoveredLog): void {
    const state = this.#state;
    assert(log.logStartOffset <= log.endOffset, 'a log does not end before it starts');
    enter(state, { kind: 'recovering' });
    const highWatermark = Math.max(state.highWatermark, log.highWatermark ?? log.logStartOffset);
    state.logStartOffset = log.logStartOffset;
    state.endOffset = log.endOffset;
    state.durableEndOffset = log.endOffset;
    state.highWatermark = Offset(Math.max(log.logStartOffset, Math.min(highWatermark, log.endOffset)));
    state.epochs = new EpochCache(log.epochs);
    state.producers.clear();
    state.unexposed.reset(log.endOffset);
    forgetOthers(state);
    this.#replayedTo = log.logStartOffset;
  }

  /** From where `log.scanHeaders` must visit batches so that producer state is complete. */
  get replayFrom(): Offset {
    return this.#replayedTo;
  }

  /**
   * Takes a producer snapshot at or below the log's end, before any replay. `corrupt`: nothing was taken; try an older
   * one, or replay from the log start.
   */
  loadProducers(snapshot: ProducerSnapshot, nowMs: number): 'loaded' | 'corrupt' {
    assert(snapshot.offset <= this.#state.endOffset, 'a snapshot beyond the log knows too much');
    const entries = decodeProducerSnapshot(snapshot.bytes);
    if (entries === undefined) return 'corrupt';
    this.#state.producers.clear();
    for (const entry of entries) this.#state.producers.load(entry, nowMs);
    this.#replayedTo = snapshot.offset;
    return 'loaded';
  }

  /**
   * The header of one stored batch, in log order, from `replayFrom` to the end; a batch that is already in the
   * snapshot is passed over.
   */
  replayHeader(bytes: Buffer, at: number, nowMs: number): void {
    assert(this.#state.role.kind === 'recovering', 'batches are replayed before a role is taken');
    const lastOffset = lastOffsetOf(bytes, at);
    if (lastOffset < this.#replayedTo) return;
    this.#replayedTo = Offset(lastOffset + 1);
    const producerId = producerIdOf(bytes, at);
    if (producerId < 0 || isControl(bytes, at)) return;
    this.#state.producers.add(
      producerId,
      producerEpochOf(bytes, at),
      baseSequenceOf(bytes, at),
      baseOffsetOf(bytes, at),
      lastOffset,
      maxTimestampOf(bytes, at),
      nowMs,
    );
    this.#state.producers.shrinkTo(this.#state.config.maxProducerIds);
  }

  /**
   * Producer state at the current end offset, for `log.writeProducerSnapshot`. It may be written only once the log is
   * durable up to that offset: a snapshot must never know of batches that a crash takes back.
   */
  producerSnapshot(): ProducerSnapshot {
    return {
      offset: this.#state.endOffset,
      bytes: encodeProducerSnapshot(this.#state.producers.entries()),
    };
  }

  /** Least recently active first. For DescribeProducers, metrics and tests. */
  producers(): IterableIterator<ProducerEntry> {
    return this.#state.producers.entries();
  }
  get producerCount(): number {
    return this.#state.producers.size;
  }

  /** Forgets idle producers. Once a minute is enough. */
  expireProducers(nowMs: number): void {
    this.#state.producers.expire(nowMs, this.#state.config.producerIdExpirationMs);
  }

  // ---- roles --------------------------------------------------------------------------------

  becomeLeader(leadership: Leadership): readonly Effect[] {
    return becomeLeader(this.#state, leadership);
  }
  becomeFollower(followership: Followership): readonly Effect[] {
    return becomeFollower(this.#state, followership);
  }
  /** The log directory failed. */
  goOffline(cause: string): readonly Effect[] {
    return goOffline(this.#state, cause);
  }

  // ---- appending ----------------------------------------------------------------------------

  /**
   * Judges one partition's records of a request. When accepted, `records` has been patched in place and the batches
   * must reach the log in this same tick: the machine counts them as appended.
   *
   * @param nowMs monotonic time, for producer expiry
   * @param wallMs the broker's time, for timestamps
   */
  append(records: Buffer, request: AppendRequest, nowMs: number, wallMs: TimestampMs): AppendOutcome {
    return append(this.#state, records, request, nowMs, wallMs);
  }

  /**
   * The log's listener: durable up to `endOffset`, whose last batch is of `leaderEpoch`. The pair tells a late word
   * about batches that were truncated since from one about those that took their place (ARCHITECTURE section 3).
   */
  durable(endOffset: Offset, leaderEpoch: LeaderEpoch): readonly Effect[] {
    const state = this.#state;
    if (state.role.kind !== 'leader' && state.role.kind !== 'follower') return NOTHING;
    if (endOffset <= state.durableEndOffset || endOffset > state.endOffset) return NOTHING;
    if (state.epochs.epochOf(Offset(endOffset - 1)) !== leaderEpoch) return NOTHING;
    state.durableEndOffset = endOffset;
    return [advance(state)];
  }

  /** The log refused an append, at once or through its listener. */
  failed(): readonly Effect[] {
    return resign(this.#state);
  }

  // ---- a leader's followers -------------------------------------------------------------------

  /**
   * A follower asks for what it does not have. With `from` it is followed from then on, as one subscription: an earlier
   * one of the same replica is over. `wait`: ask again after the next call of `becomeLeader` or `becomeFollower`.
   */
  subscribe(question: ReplicaQuestion, nowMs: number): ReplicaPlan {
    return subscribe(this.#state, question, nowMs);
  }

  /** Its stream has ended, or it wants no more. When it was last caught up stays what it is. */
  unsubscribe(replica: BrokerId, nowMs: number): readonly Effect[] {
    return unsubscribe(this.#state, replica, nowMs);
  }

  /**
   * A subscribed follower's log is durable up to `endOffset`. The first word after it has subscribed is due at once,
   * with or without new records: before it the leader knows only where its log ends.
   */
  replicaDurable(
    replica: BrokerId,
    endOffset: Offset,
    nowMs: number,
    logStartOffset?: Offset,
  ): readonly Effect[] {
    return replicaDurable(this.#state, replica, endOffset, nowMs, logStartOffset);
  }

  /**
   * Looks for replicas that lag or may join; due every half `replica.lag.time.max.ms`, and when the image says anew who
   * may be in sync.
   */
  tick(nowMs: number): readonly Effect[] {
    return tick(this.#state, nowMs);
  }

  /** Every `alter-partition` is answered once. */
  alterPartitionAnswered(answer: AlterPartitionAnswer, nowMs: number): readonly Effect[] {
    return alterPartitionAnswered(this.#state, answer, nowMs);
  }

  /** Too few replicas are in sync for acks=all. */
  get isUnderMinInsyncReplicas(): boolean {
    const { role, config } = this.#state;
    return role.kind === 'leader' && isUnderMinInsyncReplicas(role, config.minInsyncReplicas);
  }

  // ---- following ----------------------------------------------------------------------------

  /** Where the log ends: what a follower subscribes with. */
  fetchPosition(): FetchPosition {
    return fetchPositionOf(this.#state);
  }

  /**
   * The leader's batches, in the epoch of the subscription, of which `leaderEpoch` is the one it was made in. When
   * accepted they must reach the log in this same tick.
   */
  appendAsFollower(records: Buffer, leaderEpoch: LeaderEpoch, nowMs: number): FollowerAppend {
    return appendAsFollower(this.#state, records, leaderEpoch, nowMs);
  }

  /**
   * The leader's high watermark and log start, after the batches they came with, and its `fullyReplicatedOffset`; only of
   * a living subscription.
   */
  leaderSays(
    highWatermark: Offset,
    logStartOffset: Offset,
    fullyReplicatedOffset = Offset(0),
  ): FollowerProgress {
    return leaderSays(this.#state, highWatermark, logStartOffset, fullyReplicatedOffset);
  }

  /**
   * The leader says that this log is no prefix of its own: where to cut, by epoch and never to the high watermark.
   * Undefined: this replica follows no more. From here on it is deaf until `recover`.
   */
  divergedAt(epoch: LeaderEpoch, endOffset: Offset): Truncation | undefined {
    return divergedAt(this.#state, epoch, endOffset);
  }

  /**
   * The leader's log lies elsewhere (OFFSET_OUT_OF_RANGE): where to begin anew. From here on this replica is deaf until
   * `recover`. Undefined: nothing to give up; ask again if it still follows.
   */
  outOfRange(leaderLogStartOffset: Offset): Reset | undefined {
    return outOfRange(this.#state, leaderLogStartOffset);
  }

  // ---- reading ------------------------------------------------------------------------------

  planFetch(question: FetchQuestion): FetchPlan {
    return planFetch(this.#state, question);
  }

  /** The followers in sync from which `fetchOffset` could be read instead of from this leader (KIP-392). */
  readableReplicas(fetchOffset: number, nowMs: number): readonly ReadableReplica[] {
    return readableReplicas(this.#state, fetchOffset, nowMs);
  }

  listOffset(question: OffsetQuestion): ListedOffset | OffsetLookup | OffsetError {
    return listOffset(this.#state, question);
  }

  /** The second half of a lookup. */
  resolveOffset(lookup: OffsetLookup, found: FoundTimestamp | undefined): ListedOffset | OffsetError {
    return resolveOffset(this.#state, lookup, found);
  }

  /** OffsetForLeaderEpoch. `currentLeaderEpoch` is -1 when the client does not say. */
  endOffsetForEpoch(leaderEpoch: number, currentLeaderEpoch: number): EpochEnd {
    return endOffsetForEpoch(this.#state, leaderEpoch, currentLeaderEpoch);
  }

  // ---- the log's start ----------------------------------------------------------------------

  /** DeleteRecords: everything below `offset` goes; -1 means the high watermark. */
  deleteRecords(offset: number): DeleteRecordsPlan {
    return deleteRecords(this.#state, offset);
  }

  /** The log starts durably at `offset`: after `deleteRecords`, and after retention. */
  logStartRaised(offset: Offset): void {
    const state = this.#state;
    if (offset <= state.logStartOffset) return;
    assert(offset <= state.endOffset, 'a log does not start after its end');
    state.logStartOffset = offset;
    state.epochs.truncateFromStart(offset);
    if (state.highWatermark < offset) state.highWatermark = offset;
    // A follower's log may start where its disk has not come yet; below, nothing is left to become durable.
    if (state.durableEndOffset < offset) state.durableEndOffset = offset;
  }

  /** The oldest log start among the replicas: what DeleteRecords answers. -1 while one of them has not told its own. */
  get lowWatermark(): Offset {
    return lowWatermarkOf(this.#state);
  }
}
