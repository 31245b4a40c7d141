import type {
  Compute,
  LeaderEpoch,
  Lease,
  Offset,
  PartitionIndex,
  TimestampMs,
  TopicId,
} from '@kafkaesque/kernel';

/**
 * When an append counts as durable. `ack`: once the journal's flush has returned. `replication`: once the operating
 * system has it; flushed in the background (ARCHITECTURE section 7).
 */
export type FlushPolicy = 'ack' | 'replication';

/** What of a topic's configuration concerns its log; names and defaults as in FEATURES 2.1. */
export interface LogConfig {
  readonly flushPolicy: FlushPolicy;
  /** `cleanup.policy`; both false keeps everything for ever. Compacted topics are kept until a cleaner takes them. */
  readonly cleanupPolicy: { readonly delete: boolean; readonly compact: boolean };
  readonly segmentBytes: number;
  readonly segmentMs: number;
  readonly segmentJitterMs: number;
  readonly segmentIndexBytes: number;
  readonly indexIntervalBytes: number;
  /** -1: no limit. */
  readonly retentionMs: number;
  /** -1: no limit. */
  readonly retentionBytes: number;
  readonly fileDeleteDelayMs: number;
  /** How long compaction keeps the marker of a deleted key, from the pass on that first met it. */
  readonly deleteRetentionMs: number;
  /** How long a record stays as it is before compaction may drop it. */
  readonly minCompactionLagMs: number;
}

/** Kafka's defaults, and `flush.policy=ack`. */
export const defaultLogConfig: LogConfig = {
  flushPolicy: 'ack',
  cleanupPolicy: { delete: true, compact: false },
  segmentBytes: 1 << 30,
  segmentMs: 604_800_000,
  segmentJitterMs: 0,
  segmentIndexBytes: 10 << 20,
  indexIntervalBytes: 4096,
  retentionMs: 604_800_000,
  retentionBytes: -1,
  fileDeleteDelayMs: 60_000,
  deleteRetentionMs: 86_400_000,
  minCompactionLagMs: 0,
};

/** One whole record batch v2, offsets and epoch already in its header; immutable from the call on. */
export interface AppendBatch {
  readonly bytes: Buffer;
  /** Who owns `bytes`, if pooled: large batches retain it, small ones are copied and leave it alone. */
  readonly lease?: Lease;
  readonly baseOffset: Offset;
  readonly lastOffset: Offset;
  readonly leaderEpoch: LeaderEpoch;
  readonly maxTimestampMs: TimestampMs;
}

/** First offset of a leader epoch within one log. */
export interface EpochStart {
  readonly leaderEpoch: LeaderEpoch;
  readonly startOffset: Offset;
}

/** Told in order, never within the call that caused it, once for each round that concerns the log. */
export interface LogListener {
  /** Everything below `endOffset` is durable by the log's flush policy; `leaderEpoch` is that of its last batch. */
  durable(endOffset: Offset, leaderEpoch: LeaderEpoch): void;
  /**
   * Appends at or above `durableEndOffset` failed and will not become durable in this life of the log. The replica
   * resigns; nothing is appended before `repair()` has resolved and the leader epoch has grown (section 7, rule 11).
   */
  failed(cause: unknown): void;
}

/** Bytes of whole batches in log order, borrowed: call `release` exactly once, after they have left. */
export interface Slices {
  /** At most 1,024. */
  readonly parts: readonly Buffer[];
  readonly sizeBytes: number;
  /** Base offset of the first batch, which may lie below the offset asked for; the offset asked for when empty. */
  readonly firstOffset: Offset;
  /** Offset after the last batch; the offset asked for when empty. */
  readonly nextOffset: Offset;
  release(): void;
}

/** Where a timestamp was found. */
export interface TimestampedOffset {
  readonly offset: Offset;
  readonly timestampMs: TimestampMs;
  readonly leaderEpoch: LeaderEpoch;
}

/** Why a log may not be trusted as complete until it has caught up with a leader. Survives restarts. */
export interface Suspicion {
  readonly reason: string;
}

/** What recovery had to do to a log in this start. */
export type LogRecovery =
  | { readonly kind: 'intact' }
  /** A torn tail was cut: bytes that no flush had covered. */
  | { readonly kind: 'torn'; readonly cutBytes: number }
  /** Something that had been durable is damaged or missing. Nothing was cut; the log is suspect. */
  | { readonly kind: 'corrupt'; readonly reason: string };

/** What of a compacted log a cleaner would find, in whole segments. */
export interface Cleanable {
  /** Never compacted. */
  readonly dirtyBytes: number;
  readonly cleanBytes: number;
  /** `dirtyBytes` of both: what `min.cleanable.dirty.ratio` speaks of. */
  readonly dirtyRatio: number;
}

/** What a pass of compaction may use. */
export interface CleaningOptions {
  /** Nothing at or beyond it is touched: the high watermark. */
  readonly upTo: Offset;
  /**
   * Markers of deleted keys at or beyond it stay, however old: the end of what every assigned replica has. Asked again
   * before each swap; where it has fallen below what the swap would take away, the pass ends.
   */
  readonly tombstonesBelow: () => Offset;
  /** Where keys are read, and batches written anew. */
  readonly compute: Compute;
  /** Memory for the newest offset of each key, 24 bytes a key: where it is not enough, a pass covers a part. */
  readonly dedupeBufferBytes: number;
  /** Share of that memory that may be taken, between 0 and 1. */
  readonly loadFactor: number;
  /** Read at once; a batch that is larger is read as a whole. */
  readonly ioBufferBytes: number;
  /** Called with what was read and written; the pass waits for it. */
  readonly throttle?: (bytes: number) => Promise<void>;
  /** Ends the pass; what it has done so far stays. */
  readonly signal?: AbortSignal;
}

/** What a pass of compaction did. */
export type CleaningOutcome =
  | {
      readonly kind: 'cleaned';
      /** Everything below was compared with everything before it. */
      readonly cleanedTo: number;
      readonly removedRecords: number;
      readonly beforeBytes: number;
      readonly afterBytes: number;
    }
  | { readonly kind: 'nothing' }
  /** Something else changed the log, there is no room, or a tombstone is needed again: another pass may go on. */
  | { readonly kind: 'stopped' };

/** One partition's log in one log directory. */
export interface Log {
  readonly topicId: TopicId;
  readonly partition: PartitionIndex;
  readonly config: LogConfig;
  readonly logStartOffset: Offset;
  /** Offset the next append starts at; includes what is queued. */
  readonly endOffset: Offset;
  /** Everything below is durable by the flush policy. */
  readonly durableEndOffset: Offset;
  /** Bytes of all batches, including those that are queued. */
  readonly sizeBytes: number;
  readonly segmentCount: number;
  /** Ascending in both fields. */
  readonly epochs: readonly EpochStart[];
  readonly suspect: Suspicion | undefined;
  readonly recovery: LogRecovery;
  /** Set after a failed append or an offline directory, until repaired. */
  readonly failure: unknown;
  /** The disk is full: nothing is appended until there is room, while reading and whatever gives room back go on. */
  readonly isFull: boolean;
  /** A truncation, a reset, a new log start, retention or a repair is under way or waits its turn. */
  readonly isChanging: boolean;

  listen(listener: LogListener): void;
  /**
   * Queues for the next round; never waits. Offsets must follow `endOffset` (a gap is allowed, going back is not).
   * Throws Failure `LOG_FAILED` while `failure` is set, `NO_ROOM` while `isFull`, `LOG_CORRUPT` while damaged bytes lie
   * above `endOffset`.
   */
  append(batches: readonly AppendBatch[]): void;
  /**
   * Whole batches from the one that contains `from` (or the next one there is) while their last offset is below
   * `upTo`, up to `maxBytes`; with `atLeastOne` the first batch comes however large it is. In this very call when
   * memory or the page cache has them. Fails with `OFFSET_OUT_OF_RANGE` below the log start or above the end.
   */
  read(
    from: Offset,
    upTo: Offset,
    maxBytes: number,
    options: { readonly atLeastOne: boolean },
  ): Slices | Promise<Slices>;
  /** Bytes between the batch that contains `from` and `upTo`, from memory; approximate below the tail. */
  sizeBetween(from: Offset, upTo: Offset): number;
  /** First record, in offset order, whose timestamp is at least `timestampMs`. */
  offsetForTimestamp(timestampMs: TimestampMs): Promise<TimestampedOffset | undefined>;
  /** The record with the largest timestamp, the first of equals. */
  maxTimestamp(): Promise<TimestampedOffset | undefined>;
  /**
   * Visits every batch from the one that contains `from` on. `bytes` at `at` holds the header, and the whole batch
   * when it is a control batch; borrowed for the call.
   */
  scanHeaders(from: Offset, visit: (bytes: Buffer, at: number) => void): Promise<void>;

  /** Resolves when all that was appended before is synced to the disk, whatever the policy. */
  flush(): Promise<void>;
  /**
   * Removes every batch that reaches `offset` or beyond; resolves with the new end, once that can never be undone.
   * No append may be made meanwhile.
   */
  truncateTo(offset: Offset): Promise<Offset>;
  /** Removes everything and starts anew at `offset`. No append may be made meanwhile. */
  resetTo(offset: Offset): Promise<void>;
  /**
   * Raises the log start (never lowers it); records below are gone for good when it resolves. Fails with
   * `OFFSET_OUT_OF_RANGE` above the end, `LOG_DELETED`, `LOG_FAILED` and `LOG_CORRUPT`.
   */
  raiseLogStart(offset: Offset): Promise<void>;
  /** After `failed`: cuts what the failed round left; resolves when appends are possible again. */
  repair(): Promise<void>;
  /** Ends the suspicion, durably: the log has caught up with a leader. */
  trust(): Promise<void>;
  /** Begins a suspicion, durably, unless there is one. */
  distrust(reason: string): Promise<void>;

  /** Notes an epoch that starts without a batch; batches note theirs by themselves. */
  assignLeaderEpoch(leaderEpoch: LeaderEpoch, startOffset: Offset): void;
  /** Deletes whole segments by age, size and log start, none at or above `highWatermark`. Resolves with their count. */
  applyRetention(nowMs: number, highWatermark: Offset): Promise<number>;
  /** What `clean` would find; undefined when it would do nothing. */
  cleanable(upTo: Offset, nowMs: number): Cleanable | undefined;
  /**
   * One pass of compaction, whatever the dirty ratio: of the records of a key below `upTo` and before the segment that takes
   * appends, the newest stays; offsets stay what they were. Fails with `LOG_CORRUPT`.
   */
  clean(options: CleaningOptions): Promise<CleaningOutcome>;
  /** A changed flush policy takes effect once everything before it has settled; appends made meanwhile wait. */
  updateConfig(config: LogConfig): void;

  /** Keeps `bytes` as producer state at `offset`. Whoever wrote them checks them when they come back. */
  writeProducerSnapshot(offset: Offset, bytes: Buffer): Promise<void>;
  latestProducerSnapshot(atOrBelow: Offset): Promise<ProducerSnapshotFile | undefined>;
}

/** What producers had written up to an offset, in Kafka's `.snapshot` format. */
export interface ProducerSnapshotFile {
  readonly offset: Offset;
  readonly bytes: Buffer;
}
