import { LeaderEpoch, Offset } from '@kafkaesque/kernel';
import type { BrokerId, PartitionIndex, TimestampMs, TopicId } from '@kafkaesque/kernel';
import type { AppendOutcome, AppendRequest } from './append';
import type { Effect } from './effects';
import type { EpochEntry } from './epochs';
import type { FetchPlan, FetchQuestion } from './fetch-plan';
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
import type { Followership, Leadership, Role } from './roles';

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

/** One replica's rules: a synchronous machine. Effects are for the host to carry out, in order. */
export class Partition {
  readonly topicId: TopicId;
  readonly partition: PartitionIndex;

  constructor(topicId: TopicId, partition: PartitionIndex, config: PartitionConfig, log: RecoveredLog) {
    this.topicId = topicId;
    this.partition = partition;
    throw new Error(`not written yet ${config.maxMessageBytes} ${log.endOffset}`);
  }

  get role(): Role {
    throw new Error('not written yet');
  }
  get leaderEpoch(): LeaderEpoch {
    return LeaderEpoch(-1);
  }
  get logStartOffset(): Offset {
    return Offset(0);
  }
  /** Offset of the next record to append; what lies below may not be durable yet. */
  get endOffset(): Offset {
    return Offset(0);
  }
  get durableEndOffset(): Offset {
    return Offset(0);
  }
  get highWatermark(): Offset {
    return Offset(0);
  }
  get lastStableOffset(): Offset {
    return Offset(0);
  }

  updateConfig(config: PartitionConfig): void {
    throw new Error(`not written yet ${config.maxMessageBytes}`);
  }

  // ---- recovery -----------------------------------------------------------------------------

  /** Starts over from what the log holds now, after `resigned` or a truncation. The high watermark never falls. */
  recover(log: RecoveredLog): void {
    throw new Error(`not written yet ${log.endOffset}`);
  }

  /**
   * Takes the newest producer snapshot at or below the log's end. `corrupt`: try an older one, or replay from the log
   * start. Replay then begins at the snapshot's offset.
   */
  loadProducers(snapshot: ProducerSnapshot, nowMs: number): 'loaded' | 'corrupt' {
    throw new Error(`not written yet ${snapshot.offset} ${nowMs}`);
  }

  /** The header of one stored batch, in order, from the snapshot (or the log start) to the end. */
  replayHeader(bytes: Buffer, at: number, nowMs: number): void {
    throw new Error(`not written yet ${bytes.length} ${at} ${nowMs}`);
  }

  /** Producer state at the current end offset, to be kept by `log.writeProducerSnapshot`. */
  producerSnapshot(): ProducerSnapshot {
    throw new Error('not written yet');
  }

  /** Forgets idle producers. Once a minute is enough. */
  expireProducers(nowMs: number): void {
    throw new Error(`not written yet ${nowMs}`);
  }

  // ---- roles --------------------------------------------------------------------------------

  becomeLeader(leadership: Leadership): readonly Effect[] {
    throw new Error(`not written yet ${leadership.leaderEpoch}`);
  }
  becomeFollower(followership: Followership): readonly Effect[] {
    throw new Error(`not written yet ${followership.leaderEpoch}`);
  }
  /** The log directory failed. */
  goOffline(cause: string): readonly Effect[] {
    throw new Error(`not written yet ${cause}`);
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
    throw new Error(`not written yet ${records.length} ${request.acks} ${nowMs} ${wallMs}`);
  }

  /** The log's listener: durable up to `endOffset`; `leaderEpoch` is that of the last batch below it (ABA, section 3). */
  durable(endOffset: Offset, leaderEpoch: LeaderEpoch): readonly Effect[] {
    throw new Error(`not written yet ${endOffset} ${leaderEpoch}`);
  }

  /** A follower's log is durable up to `endOffset`. */
  replicaDurable(replica: BrokerId, endOffset: Offset): readonly Effect[] {
    throw new Error(`not written yet ${replica} ${endOffset}`);
  }

  /** The log's listener: an append failed. */
  failed(): readonly Effect[] {
    throw new Error('not written yet');
  }

  // ---- reading ------------------------------------------------------------------------------

  planFetch(question: FetchQuestion): FetchPlan {
    throw new Error(`not written yet ${question.fetchOffset}`);
  }

  listOffset(question: OffsetQuestion): ListedOffset | OffsetLookup | OffsetError {
    throw new Error(`not written yet ${question.timestamp}`);
  }

  /** The second half of a lookup: judged again, as leader and high watermark may have changed meanwhile. */
  resolveOffset(lookup: OffsetLookup, found: FoundTimestamp | undefined): ListedOffset | OffsetError {
    throw new Error(`not written yet ${lookup.timestampMs} ${found?.offset ?? -1}`);
  }

  /** OffsetForLeaderEpoch (KIP-101, KIP-320). */
  endOffsetForEpoch(leaderEpoch: number, currentLeaderEpoch: number): EpochEnd {
    throw new Error(`not written yet ${leaderEpoch} ${currentLeaderEpoch}`);
  }

  // ---- the log's start ----------------------------------------------------------------------

  /** DeleteRecords: everything below `offset` goes; -1 means the high watermark. */
  deleteRecords(offset: number): DeleteRecordsPlan {
    throw new Error(`not written yet ${offset}`);
  }
  /** The log's start is durably at `offset`: after `deleteRecords`, and after retention. */
  logStartRaised(offset: Offset): void {
    throw new Error(`not written yet ${offset}`);
  }
  /** The smallest log start among the replicas; what DeleteRecords answers. */
  lowWatermark(): Offset {
    throw new Error('not written yet');
  }
}
