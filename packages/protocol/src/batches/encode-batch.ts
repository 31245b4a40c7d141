import {
  NO_LEADER_EPOCH,
  NO_PRODUCER_EPOCH,
  NO_PRODUCER_ID,
  Offset,
  TimestampMs,
  assert,
} from '@kafkaesque/kernel';
import type { LeaderEpoch, ProducerEpoch, ProducerId } from '@kafkaesque/kernel';
import { BATCH_HEADER_BYTES, NO_SEQUENCE, writeBatchHeader } from './batch-header';
import type { TimestampType } from './batch-header';
import { codecId } from './compression/codec';
import type { Codec } from './compression/codec';
import { compress } from './compression/compression';
import type { RecordDraft, RecordHeader } from './record';
import { sizeOfVarint, sizeOfVarlong, writeVarint, writeVarlong } from './varint';

/** What the header says beside the records; everything has the default of a plain producer. */
export interface BatchDraft {
  readonly codec?: Codec;
  readonly compressionLevel?: number | undefined;
  readonly baseOffset?: Offset;
  readonly leaderEpoch?: LeaderEpoch;
  readonly timestampType?: TimestampType;
  readonly producerId?: ProducerId;
  readonly producerEpoch?: ProducerEpoch;
  readonly baseSequence?: number;
  readonly isTransactional?: boolean;
  readonly isControl?: boolean;
}

/** How a batch is compressed, and how large it may grow. */
export interface BatchBuilderOptions {
  readonly codec?: Codec;
  readonly compressionLevel?: number | undefined;
  /** `batch.size`: what `hasRoomFor` holds the estimate against. */
  readonly limitBytes: number;
  /** Compressed bytes per plain byte, as far as the batches before this one tell. Default 1. */
  readonly ratio?: number;
}

/**
 * A batch in the making: records are written once, into a growing buffer; `build` compresses them and puts the header
 * before. The producer's fields are given at `build`, because they are known only when the batch is sent.
 */
export interface BatchBuilder {
  readonly recordCount: number;
  /** What the batch would take now without compression, header included. */
  readonly uncompressedBytes: number;
  /** What it would take if it compressed at `ratio`, with 5 % to spare. */
  readonly estimatedSizeBytes: number;
  /** Whether one more record keeps the estimate within the limit; the first record always has room. */
  hasRoomFor(record: RecordDraft): boolean;
  /** Appends; a record without a time gets `timestampMs`. */
  append(record: RecordDraft, timestampMs: number): void;
  /**
   * The finished batch, once. Without compression it is the builder's own memory, not a copy. For a retry under a
   * new producer id or epoch see `setProducer`.
   */
  build(draft?: Omit<BatchDraft, 'codec' | 'compressionLevel'>): Buffer;
}

/** A batch of these records, as it travels and as it is stored. Records without a time get `timestampMs`. */
export function encodeBatch(
  draft: BatchDraft & { readonly records: readonly RecordDraft[]; readonly timestampMs?: number },
): Buffer {
  const { codec = 'none', compressionLevel } = draft;
  const builder = openBatchBuilder({ codec, compressionLevel, limitBytes: Infinity });
  for (const record of draft.records) builder.append(record, draft.timestampMs ?? -1);
  return builder.build(draft);
}

const INITIAL_BYTES = 1024;
const ESTIMATE_MARGIN = 1.05;
/** Length, attributes, timestamp delta, offset delta, key length, value length, header count at their longest. */
const RECORD_OVERHEAD_BOUND = 5 + 1 + 10 + 5 + 5 + 5 + 5;

/** Most bytes that one record takes in an uncompressed batch, the batch's header not included. */
export function recordSizeBound(record: RecordDraft): number {
  let bound = RECORD_OVERHEAD_BOUND + (record.key?.length ?? 0) + (record.value?.length ?? 0);
  for (const header of record.headers ?? [])
    bound += 10 + Buffer.byteLength(header.key) + (header.value?.length ?? 0);
  return bound;
}

/** Begins an empty batch that records are added to one by one. */
export function openBatchBuilder(options: BatchBuilderOptions): BatchBuilder {
  return new GrowingBatch(options);
}

class GrowingBatch implements BatchBuilder {
  readonly #codec: Codec;
  readonly #level: number | undefined;
  readonly #limitBytes: number;
  readonly #ratio: number;
  #bytes = Buffer.allocUnsafe(INITIAL_BYTES);
  /** Where the next record goes; the header's place is left free before the first. */
  #end = BATCH_HEADER_BYTES;
  #recordCount = 0;
  #baseTimestampMs = -1;
  #maxTimestampMs = -1;
  #built = false;

  constructor(options: BatchBuilderOptions) {
    this.#codec = options.codec ?? 'none';
    this.#level = options.compressionLevel;
    this.#limitBytes = options.limitBytes;
    this.#ratio = options.ratio ?? 1;
  }

  get recordCount(): number {
    return this.#recordCount;
  }

  get uncompressedBytes(): number {
    return this.#end;
  }

  get estimatedSizeBytes(): number {
    return this.#estimate(this.#end);
  }

  #estimate(plainBytes: number): number {
    if (this.#codec === 'none') return plainBytes;
    return Math.ceil(BATCH_HEADER_BYTES + (plainBytes - BATCH_HEADER_BYTES) * this.#ratio * ESTIMATE_MARGIN);
  }

  hasRoomFor(record: RecordDraft): boolean {
    return this.#recordCount === 0 || this.#estimate(this.#end + recordSizeBound(record)) <= this.#limitBytes;
  }

  append(record: RecordDraft, timestampMs: number): void {
    assert(!this.#built, 'nothing is appended to a finished batch');
    const recordMs = record.timestampMs ?? timestampMs;
    assert(
      Number.isSafeInteger(recordMs),
      () => `a timestamp is a whole number of milliseconds, not ${recordMs}`,
    );
    if (this.#recordCount === 0) {
      this.#baseTimestampMs = recordMs;
      this.#maxTimestampMs = recordMs;
    }
    const timestampDelta = recordMs - this.#baseTimestampMs;
    const bodyBytes = bodySize(record, this.#recordCount, timestampDelta);
    this.#reserve(bodyBytes + sizeOfVarint(bodyBytes));
    this.#end = writeRecord(this.#bytes, this.#end, record, bodyBytes, this.#recordCount, timestampDelta);
    this.#recordCount += 1;
    this.#maxTimestampMs = Math.max(this.#maxTimestampMs, recordMs);
  }

  #reserve(sizeBytes: number): void {
    const needed = this.#end + sizeBytes;
    if (needed <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2));
    this.#bytes.copy(grown, 0, 0, this.#end);
    this.#bytes = grown;
  }

  build(draft: Omit<BatchDraft, 'codec' | 'compressionLevel'> = {}): Buffer {
    assert(!this.#built, 'a batch is built once');
    this.#built = true;
    const batch = this.#codec === 'none' ? this.#bytes.subarray(0, this.#end) : this.#compressed();
    writeBatchHeader(
      batch,
      0,
      {
        baseOffset: draft.baseOffset ?? Offset(0),
        sizeBytes: batch.length,
        leaderEpoch: draft.leaderEpoch ?? NO_LEADER_EPOCH,
        codec: this.#codec,
        timestampType: draft.timestampType ?? 'CreateTime',
        isTransactional: draft.isTransactional ?? false,
        isControl: draft.isControl ?? false,
        hasDeleteHorizon: false,
        lastOffsetDelta: Math.max(this.#recordCount - 1, 0),
        baseTimestampMs: TimestampMs(this.#baseTimestampMs),
        maxTimestampMs: TimestampMs(this.#maxTimestampMs),
        producerId: draft.producerId ?? NO_PRODUCER_ID,
        producerEpoch: draft.producerEpoch ?? NO_PRODUCER_EPOCH,
        baseSequence: draft.baseSequence ?? NO_SEQUENCE,
        recordCount: this.#recordCount,
      },
      codecId(this.#codec),
    );
    return batch;
  }

  #compressed(): Buffer {
    const packed = compress(this.#codec, this.#bytes.subarray(BATCH_HEADER_BYTES, this.#end), this.#level);
    const batch = Buffer.allocUnsafe(BATCH_HEADER_BYTES + packed.length);
    packed.copy(batch, BATCH_HEADER_BYTES);
    return batch;
  }
}

function bodySize(record: RecordDraft, offsetDelta: number, timestampDelta: number): number {
  const headers = record.headers ?? [];
  let size =
    1 +
    sizeOfVarlong(timestampDelta) +
    sizeOfVarint(offsetDelta) +
    sizeOfBytes(record.key) +
    sizeOfBytes(record.value) +
    sizeOfVarint(headers.length);
  for (const header of headers) {
    const keyBytes = Buffer.byteLength(header.key);
    size += sizeOfVarint(keyBytes) + keyBytes + sizeOfBytes(header.value);
  }
  return size;
}

const sizeOfBytes = (bytes: Buffer | null | undefined): number =>
  bytes === null || bytes === undefined ? 1 : sizeOfVarint(bytes.length) + bytes.length;

function writeRecord(
  out: Buffer,
  from: number,
  record: RecordDraft,
  bodyBytes: number,
  offsetDelta: number,
  timestampDelta: number,
): number {
  let at = writeVarint(out, bodyBytes, from);
  out[at] = 0;
  at = writeVarlong(out, timestampDelta, at + 1);
  at = writeVarint(out, offsetDelta, at);
  at = writeBytes(out, record.key, at);
  at = writeBytes(out, record.value, at);
  const headers = record.headers ?? [];
  at = writeVarint(out, headers.length, at);
  for (const header of headers) at = writeHeader(out, header, at);
  return at;
}

function writeBytes(out: Buffer, bytes: Buffer | null | undefined, from: number): number {
  if (bytes === null || bytes === undefined) return writeVarint(out, -1, from);
  const at = writeVarint(out, bytes.length, from);
  out.set(bytes, at);
  return at + bytes.length;
}

function writeHeader(out: Buffer, header: RecordHeader, from: number): number {
  const at = writeVarint(out, Buffer.byteLength(header.key), from);
  return writeBytes(out, header.value, at + out.write(header.key, at));
}
