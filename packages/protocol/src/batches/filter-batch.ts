import { Failure, TimestampMs } from '@kafkaesque/kernel';
import {
  BATCH_HEADER_BYTES,
  batchSizeBytes,
  codecIdOf,
  codecOf,
  readBatchHeader,
  writeBatchHeader,
} from './batch-header';
import type { BatchHeader } from './batch-header';
import { compress } from './compression/compression';
import { MAX_DECOMPRESSED_BYTES, openRecords } from './open-records';
import {
  MALFORMED,
  readVarint,
  readVarlong,
  sizeOfVarint,
  sizeOfVarlong,
  varintEnd,
  writeVarint,
  writeVarlong,
} from './varint';

/** A record as a cleaner looks at it; `key` is a view, good for the call. */
export interface KeyedRecord {
  readonly offset: number;
  readonly key: Buffer | null;
  /** It has a key and no value: it says that the key is deleted. */
  readonly isTombstone: boolean;
}

/** What is left of a batch. */
export interface FilteredBatch {
  /** The whole batch anew; the very bytes that came in if nothing was to be done. */
  readonly bytes: Buffer;
  readonly isChanged: boolean;
  readonly recordCount: number;
  readonly removedCount: number;
}

/** How a batch is filtered. */
export interface FilterOptions {
  readonly keeps: (record: KeyedRecord) => boolean;
  /**
   * The time at which tombstones that stay may go (KIP-534), for a batch that says none yet: it becomes the base
   * timestamp, marked by an attribute. Undefined: none is set.
   */
  readonly deleteHorizonMs?: number | undefined;
}

/** Keys and offsets of the batch's records, in order. Failures: `CORRUPT_BATCH`, `CODEC_NOT_READY`. */
export function visitKeys(buffer: Buffer, at: number, visit: (record: KeyedRecord) => void): void {
  const header = readBatchHeader(buffer, at);
  walk(plainRecords(buffer, at, header), header, (record) => {
    visit(record);
  });
}

/**
 * The batch without the records that `keeps` refuses. Offsets, sequences, the range from base to last offset, producer
 * and leader epoch stay; the greatest timestamp is that of what is left, and no time at all if that is nothing. The batch
 * has passed its checks. Failures: `CORRUPT_BATCH`, `CODEC_NOT_READY`.
 */
export function filterBatch(buffer: Buffer, at: number, options: FilterOptions): FilteredBatch {
  const header = readBatchHeader(buffer, at);
  const plain = plainRecords(buffer, at, header);
  const kept: RawRecord[] = [];
  let tombstones = 0;
  walk(plain, header, (record, raw) => {
    if (!options.keeps(record)) return;
    if (record.isTombstone) tombstones += 1;
    kept.push(raw);
  });
  const removedCount = header.recordCount - kept.length;
  const horizonMs = tombstones > 0 && !header.hasDeleteHorizon ? options.deleteHorizonMs : undefined;
  if (removedCount === 0 && horizonMs === undefined)
    return {
      bytes: buffer.subarray(at, at + header.sizeBytes),
      isChanged: false,
      recordCount: kept.length,
      removedCount: 0,
    };
  if (kept.length === 0) return { ...emptied(header, codecIdOf(buffer, at)), removedCount };
  const records = joined(plain, kept, header.baseTimestampMs, horizonMs);
  return { ...written(buffer, at, header, kept, records, horizonMs), removedCount };
}

/** A header without records, which keeps offsets and sequences. */
const emptied = (header: BatchHeader, codecId: number): Omit<FilteredBatch, 'removedCount'> => {
  const bytes = Buffer.alloc(BATCH_HEADER_BYTES);
  const fields = {
    ...header,
    sizeBytes: bytes.length,
    recordCount: 0,
    hasDeleteHorizon: false,
    baseTimestampMs: TimestampMs(-1),
    maxTimestampMs: header.producerId < 0 ? TimestampMs(-1) : header.maxTimestampMs,
  };
  writeBatchHeader(bytes, 0, fields, codecId);
  return { bytes, isChanged: true, recordCount: 0 };
};

const written = (
  buffer: Buffer,
  at: number,
  header: BatchHeader,
  kept: readonly RawRecord[],
  records: Buffer,
  horizonMs: number | undefined,
): Omit<FilteredBatch, 'removedCount'> => {
  const packed = compress(header.codec, records);
  const bytes = Buffer.allocUnsafe(BATCH_HEADER_BYTES + packed.length);
  packed.copy(bytes, BATCH_HEADER_BYTES);
  let maxTimestampMs = -1;
  for (const { timestampDelta } of kept)
    maxTimestampMs = Math.max(maxTimestampMs, header.baseTimestampMs + timestampDelta);
  const isBrokersTime = header.timestampType === 'LogAppendTime';
  writeBatchHeader(
    bytes,
    0,
    {
      ...header,
      sizeBytes: bytes.length,
      recordCount: kept.length,
      hasDeleteHorizon: header.hasDeleteHorizon || horizonMs !== undefined,
      baseTimestampMs: horizonMs === undefined ? header.baseTimestampMs : TimestampMs(horizonMs),
      maxTimestampMs: isBrokersTime ? header.maxTimestampMs : TimestampMs(maxTimestampMs),
    },
    codecIdOf(buffer, at),
  );
  return { bytes, isChanged: true, recordCount: kept.length };
};

interface RawRecord {
  /** Where it begins, its length included, and ends. */
  readonly from: number;
  readonly to: number;
  /** Behind its timestamp: all of this stays as it is. */
  readonly rest: number;
  readonly attributesAt: number;
  readonly timestampDelta: number;
}

/** The records one behind the other; with another base timestamp their times are written anew. */
const joined = (
  plain: Buffer,
  kept: readonly RawRecord[],
  baseMs: number,
  horizonMs: number | undefined,
): Buffer => {
  if (horizonMs === undefined) return Buffer.concat(kept.map(({ from, to }) => plain.subarray(from, to)));
  const shifted = kept.map((raw) => {
    const delta = baseMs + raw.timestampDelta - horizonMs;
    return { ...raw, delta, bodyBytes: 1 + sizeOfVarlong(delta) + raw.to - raw.rest };
  });
  let sizeBytes = 0;
  for (const { bodyBytes } of shifted) sizeBytes += sizeOfVarint(bodyBytes) + bodyBytes;
  const out = Buffer.allocUnsafe(sizeBytes);
  let at = 0;
  for (const { attributesAt, rest, to, delta, bodyBytes } of shifted) {
    at = writeVarint(out, bodyBytes, at);
    out[at] = plain[attributesAt] ?? 0;
    at = writeVarlong(out, delta, at + 1);
    at += plain.copy(out, at, rest, to);
  }
  return out;
};

const corrupt = (header: BatchHeader, why: string): Failure<'CORRUPT_BATCH'> =>
  new Failure('CORRUPT_BATCH', `The record batch at offset ${header.baseOffset} is corrupt: ${why}.`);

const plainRecords = (buffer: Buffer, at: number, header: BatchHeader): Buffer => {
  const codec = codecOf(buffer, at);
  if (codec === undefined) throw corrupt(header, `there is no compression codec ${codecIdOf(buffer, at)}`);
  const bytes = buffer.subarray(at + BATCH_HEADER_BYTES, at + batchSizeBytes(buffer, at));
  if (header.recordCount === 0) return bytes.subarray(0, 0);
  if (codec === 'none') return bytes;
  const opened = openRecords(codec, bytes, MAX_DECOMPRESSED_BYTES);
  if (opened.kind === 'open') return opened.bytes;
  throw corrupt(header, opened.message);
};

const walk = (
  plain: Buffer,
  header: BatchHeader,
  visit: (record: KeyedRecord, raw: RawRecord) => void,
): void => {
  let from = 0;
  for (let index = 0; index < header.recordCount; index += 1) {
    const length = readVarint(plain, from, plain.length);
    const attributesAt = varintEnd();
    if (attributesAt === MALFORMED || length < 1 || length > plain.length - attributesAt)
      throw corrupt(header, `the length of record ${index} does not fit`);
    const to = attributesAt + length;
    const timestampDelta = readVarlong(plain, attributesAt + 1, to);
    const rest = varintEnd();
    const offsetDelta = rest === MALFORMED ? -1 : readVarint(plain, rest, to);
    const keyLength = varintEnd() === MALFORMED ? -2 : readVarint(plain, varintEnd(), to);
    const keyAt = varintEnd();
    if (offsetDelta < 0 || offsetDelta > header.lastOffsetDelta || keyAt === MALFORMED || keyLength < -1)
      throw corrupt(header, `record ${index} is malformed`);
    const keyEnd = keyLength < 0 ? keyAt : keyAt + keyLength;
    if (keyEnd > to) throw corrupt(header, `the key of record ${index} does not fit`);
    const valueLength = readVarint(plain, keyEnd, to);
    if (varintEnd() === MALFORMED) throw corrupt(header, `the value of record ${index} does not fit`);
    const key = keyLength < 0 ? null : plain.subarray(keyAt, keyEnd);
    visit(
      { offset: header.baseOffset + offsetDelta, key, isTombstone: key !== null && valueLength < 0 },
      { from, to, rest, attributesAt, timestampDelta },
    );
    from = to;
  }
  if (from !== plain.length) throw corrupt(header, 'bytes are left over behind its last record');
};
