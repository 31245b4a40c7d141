import type { TimestampMs } from '@kafkaesque/kernel';
import type { BatchBuilder, Codec } from '@kafkaesque/protocol';
import { BATCH_HEADER_BYTES, openBatchBuilder, recordSizeBound } from '@kafkaesque/protocol';

/** A record as it is stored. */
export interface EncodedRecord {
  readonly key: Buffer;
  readonly value: Buffer | null;
}

/** Most bytes that records of one decision take in a batch, its header not included. */
export const sizeBoundOf = (records: readonly EncodedRecord[]): number => {
  let bound = 0;
  for (const record of records) bound += recordSizeBound(record);
  return bound;
};

/** Whether so many bytes of records can be a batch at all. */
export const fitsABatch = (recordBytes: number, maxBatchBytes: number): boolean =>
  BATCH_HEADER_BYTES + recordBytes <= maxBatchBytes;

/** Records that were replayed, and are not in the log yet. */
export class OpenBatch {
  /** Where its first record is thought to stand. */
  readonly baseOffset: number;
  readonly openedMs: number;
  readonly #builder: BatchBuilder;

  constructor(baseOffset: number, openedMs: number, codec: Codec = 'none') {
    this.baseOffset = baseOffset;
    this.openedMs = openedMs;
    this.#builder = openBatchBuilder({ codec, limitBytes: Infinity });
  }

  get recordCount(): number {
    return this.#builder.recordCount;
  }

  get nextOffset(): number {
    return this.baseOffset + this.#builder.recordCount;
  }

  hasRoomFor(recordBytes: number, maxBatchBytes: number): boolean {
    return this.#builder.uncompressedBytes + recordBytes <= maxBatchBytes;
  }

  add(record: EncodedRecord, timestampMs: TimestampMs): void {
    this.#builder.append(record, timestampMs);
  }

  build(): Buffer {
    return this.#builder.build();
  }
}
