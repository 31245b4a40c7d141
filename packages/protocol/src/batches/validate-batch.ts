import type { TimestampMs } from '@kafkaesque/kernel';
import type { TimestampType } from './batch-header';
import type { Codec } from './compression/codec';

/** Who appends. Only clients are held to what clients may not do (control batches, a base offset other than 0). */
export type AppendOrigin = 'client' | 'coordinator' | 'replication';

export interface ValidateOptions {
  readonly origin: AppendOrigin;
  /** The time that the bounds below are measured from. */
  readonly nowMs: number;
  /** `message.timestamp.type` of the topic. */
  readonly timestampType: TimestampType;
  /** `message.timestamp.before.max.ms`; default: no bound. */
  readonly timestampBeforeMaxMs?: number;
  /** `message.timestamp.after.max.ms`; default: no bound. */
  readonly timestampAfterMaxMs?: number;
  /** `max.message.bytes`; default: no bound. */
  readonly maxMessageBytes?: number;
  /** Every record needs a key, and compressed batches are opened to see that. */
  readonly compacted?: boolean;
  /** Opens compressed batches (`record.validation=full`). */
  readonly full?: boolean;
  /** False for Produce below version 7, which knows no zstd. Default: true. */
  readonly zstdAllowed?: boolean;
  /** Most bytes that an opened batch may have; default 64 MiB. */
  readonly maxDecompressedBytes?: number;
}

/** A row of Produce's `RecordErrors` (version 8 and above). */
export interface RecordError {
  readonly batchIndex: number;
  readonly batchIndexErrorMessage: string;
}

export interface ValidBatch {
  readonly kind: 'valid';
  readonly sizeBytes: number;
  readonly recordCount: number;
  readonly codec: Codec;
  /**
   * Greatest timestamp of the records, -1 when none has one. For an unopened compressed batch it is the header's.
   * Where it differs from the header's, the leader writes it there with `setMaxTimestampAndType`.
   */
  readonly maxTimestampMs: TimestampMs;
}

export interface InvalidBatch {
  readonly kind: 'invalid';
  /** A code of the error table. */
  readonly error: number;
  readonly message: string;
  /** At most 1,000 rows, however many records are wrong. */
  readonly recordErrors: readonly RecordError[];
}

export type BatchValidation = ValidBatch | InvalidBatch;

/** Judges the one batch at `at`, as a leader does before it appends (KIP-98, Kafka's LogValidator, RELIABILITY B8). */
export function validateBatch(buffer: Buffer, at: number, options: ValidateOptions): BatchValidation {
  throw new Error(`not yet ${String(buffer.length + at)} ${options.origin}`);
}

/** Judges what a Produce request (version 3 and above) carries for one partition: exactly one batch. */
export function validateProduceRecords(records: Buffer | null, options: ValidateOptions): BatchValidation {
  throw new Error(`not yet ${String(records)} ${options.origin}`);
}
