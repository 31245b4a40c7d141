import type { LeaderEpoch, Offset, TimestampMs } from '@kafkaesque/kernel';

/** A codec as `compression.type` names it. */
export type CodecName = 'uncompressed' | 'gzip' | 'snappy' | 'lz4' | 'zstd';

/** Who appends. `client`: full validation. `coordinator`: this broker's own coordinators. */
export type AppendOrigin = 'client' | 'coordinator';

export interface AppendRequest {
  /** -1 (all), 0 or 1; anything else is INVALID_REQUIRED_ACKS. */
  readonly acks: number;
  readonly origin: AppendOrigin;
  /** Version of the Produce request; a coordinator gives the latest. */
  readonly apiVersion: number;
  readonly transactionalId: string | null;
}

/** One batch as the log takes it: bytes with offset, leader epoch and timestamps already patched in place. */
export interface PlacedBatch {
  readonly bytes: Buffer;
  readonly baseOffset: Offset;
  readonly lastOffset: Offset;
  readonly leaderEpoch: LeaderEpoch;
  readonly maxTimestampMs: TimestampMs;
}

/** What must happen before the answer may leave. */
export type Awaits = 'nothing' | 'durable' | 'high-watermark';

/** Kafka's BatchIndexAndErrorMessage: which record was refused, and why. */
export interface RecordError {
  readonly batchIndex: number;
  readonly message: string;
}

export interface AppendAccepted {
  readonly kind: 'accepted';
  /** To be handed to `log.append` in this same tick, in this order. */
  readonly batches: readonly PlacedBatch[];
  readonly baseOffset: Offset;
  readonly lastOffset: Offset;
  /** The broker's time for LogAppendTime topics, otherwise -1. */
  readonly logAppendTimeMs: TimestampMs;
  readonly logStartOffset: Offset;
  readonly awaits: Awaits;
  /** The answer leaves when `awaits` has come this far (an exclusive end: last offset + 1). */
  readonly awaitedOffset: Offset;
}

/** A retry of one of the producer's last five batches: nothing to append, the original's answer. */
export interface AppendDuplicate {
  readonly kind: 'duplicate';
  readonly baseOffset: Offset;
  readonly lastOffset: Offset;
  readonly logAppendTimeMs: TimestampMs;
  readonly logStartOffset: Offset;
  /** `nothing` when the original is already where its answer waited for. */
  readonly awaits: Awaits;
  readonly awaitedOffset: Offset;
}

export interface AppendRejected {
  readonly kind: 'rejected';
  /** A code of the protocol's error table. Nothing was appended, no state changed. */
  readonly error: number;
  readonly message: string;
  readonly recordErrors: readonly RecordError[];
  readonly logStartOffset: Offset;
}

/** The topic wants another codec: the host encodes the batch again and calls `append` with the result. */
export interface AppendRecompress {
  readonly kind: 'recompress';
  readonly codec: CodecName;
}

export type AppendOutcome = AppendAccepted | AppendDuplicate | AppendRejected | AppendRecompress;
