import type { LeaderEpoch, Offset, ProducerEpoch, ProducerId } from '@kafkaesque/kernel';
import type { Codec } from './compression/codec';
import type { TimestampType } from './batch-header';
import type { RecordDraft } from './record';

/** What the header says beside the records; everything has the default of a plain producer. */
export interface BatchDraft {
  readonly codec?: Codec;
  readonly compressionLevel?: number;
  readonly baseOffset?: Offset;
  readonly leaderEpoch?: LeaderEpoch;
  readonly timestampType?: TimestampType;
  readonly producerId?: ProducerId;
  readonly producerEpoch?: ProducerEpoch;
  readonly baseSequence?: number;
  readonly isTransactional?: boolean;
  readonly isControl?: boolean;
}

/** A batch of these records, as it travels and as it is stored. */
export function encodeBatch(
  draft: BatchDraft & {
    readonly records: readonly RecordDraft[];
    /** Time of records that carry none; default -1. */ readonly timestampMs?: number;
  },
): Buffer {
  throw new Error(`not yet ${String(draft)}`);
}

/** Most bytes that one record takes in an uncompressed batch; what a producer holds against `batch.size`. */
export function recordSizeBound(record: RecordDraft): number {
  throw new Error(`not yet ${String(record)}`);
}

/**
 * A batch in the making: records are written once, into a growing buffer; `build` compresses them and puts the
 * header before. The producer's fields are given at `build`, because they are known only when the batch is sent.
 */
export interface BatchBuilder {
  readonly recordCount: number;
  /** What the batch would take now, uncompressed, header included. */
  readonly uncompressedBytes: number;
  /** What the batch would take if it compressed as well as the ones before it (`ratio`). */
  readonly estimatedSizeBytes: number;
  /** Whether one more record keeps the estimate within the limit; the first record always has room. */
  hasRoomFor(record: RecordDraft): boolean;
  /** Appends; records without a time get `timestampMs`. */
  append(record: RecordDraft, timestampMs: number): void;
  /** The finished batch. May be called again with other producer fields (a retry with a new epoch). */
  build(draft?: Omit<BatchDraft, 'codec' | 'compressionLevel'>): Buffer;
}

export function openBatchBuilder(options: {
  readonly codec?: Codec;
  readonly compressionLevel?: number;
  readonly limitBytes: number;
  /** Expected compressed/plain, 1 for none. */ readonly ratio?: number;
}): BatchBuilder {
  throw new Error(`not yet ${String(options)}`);
}
