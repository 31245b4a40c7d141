import { Failure, Offset, TimestampMs } from '@kafkaesque/kernel';
import {
  BATCH_HEADER_BYTES,
  CURRENT_MAGIC,
  batchSizeBytes,
  codecIdOf,
  codecOf,
  computeCrc,
  magicOf,
  readBatchHeader,
} from './batch-header';
import type { BatchHeader } from './batch-header';
import { MAX_DECOMPRESSED_BYTES, openRecords } from './open-records';
import type { DecodedRecord, RecordHeader } from './record';
import { MALFORMED, readVarint, readVarlong, varintEnd } from './varint';

/** Bounds for opening a batch. */
export interface DecodeOptions {
  /** Most bytes that the records may have once opened; default 64 MiB. */
  readonly maxDecompressedBytes?: number;
  /** Whether the stored CRC is compared (`check.crcs`); default true. */
  readonly checkCrc?: boolean;
}

/** A batch, opened. */
export interface DecodedBatch {
  readonly header: BatchHeader;
  readonly records: readonly DecodedRecord[];
}

/**
 * The batch at `at`, header and records; records that compaction took are simply absent. Keys and values are views:
 * into `buffer` when the batch is not compressed, into fresh memory otherwise.
 *
 * Failures: `CORRUPT_BATCH` (CRC, lengths, counts), `UNSUPPORTED_CODEC`, `OUTPUT_TOO_LARGE`, `CODEC_NOT_READY`.
 */
export function decodeBatch(buffer: Buffer, at = 0, options: DecodeOptions = {}): DecodedBatch {
  const header = checkedHeader(buffer, at, options);
  const bytes = plainRecords(buffer, at, header, options);
  const records: DecodedRecord[] = [];
  let position = 0;
  for (let index = 0; index < header.recordCount; index += 1) {
    records.push(readRecord(bytes, position, index, header));
    position = recordEnd;
  }
  expectAllRead(header, bytes, position);
  return { header, records };
}

/** The records of the batch at `at` one by one: a reader who stops early pays no more. Failures as `decodeBatch`. */
export function* recordsOf(
  buffer: Buffer,
  at = 0,
  options: DecodeOptions = {},
): Generator<DecodedRecord, void, undefined> {
  const header = checkedHeader(buffer, at, options);
  const bytes = plainRecords(buffer, at, header, options);
  let position = 0;
  for (let index = 0; index < header.recordCount; index += 1) {
    const record = readRecord(bytes, position, index, header);
    position = recordEnd;
    yield record;
  }
  expectAllRead(header, bytes, position);
}

function expectAllRead(header: BatchHeader, bytes: Buffer, position: number): void {
  if (position !== bytes.length) throw corruptBatch(header, 'bytes are left over behind its last record');
}

function checkedHeader(buffer: Buffer, at: number, options: DecodeOptions): BatchHeader {
  if (buffer.length - at < BATCH_HEADER_BYTES)
    throw new Failure('CORRUPT_BATCH', `${buffer.length - at} bytes are less than a batch header.`);
  const header = readBatchHeader(buffer, at);
  if (magicOf(buffer, at) !== CURRENT_MAGIC)
    throw corruptBatch(header, `its magic is ${header.magic}, not 2`);
  if (header.sizeBytes < BATCH_HEADER_BYTES || header.sizeBytes > buffer.length - at)
    throw corruptBatch(header, `it claims ${header.sizeBytes} bytes of ${buffer.length - at}`);
  if (options.checkCrc !== false && computeCrc(buffer, at) !== header.crc)
    throw corruptBatch(header, 'its CRC is wrong');
  if (header.recordCount < 0) throw corruptBatch(header, `it claims ${header.recordCount} records`);
  if (
    !Number.isSafeInteger(header.baseOffset) ||
    !Number.isSafeInteger(header.baseOffset + header.lastOffsetDelta)
  )
    throw corruptBatch(header, 'its offsets are beyond exact numbers');
  return header;
}

function plainRecords(buffer: Buffer, at: number, header: BatchHeader, options: DecodeOptions): Buffer {
  const codec = codecOf(buffer, at);
  if (codec === undefined)
    throw new Failure('UNSUPPORTED_CODEC', `There is no compression codec ${codecIdOf(buffer, at)}.`);
  const bytes = buffer.subarray(at + BATCH_HEADER_BYTES, at + batchSizeBytes(buffer, at));
  // Compaction may leave a header whose records are all gone, and then there is no stream to open.
  if (codec === 'none' || header.recordCount === 0)
    return header.recordCount === 0 ? bytes.subarray(0, 0) : bytes;
  const opened = openRecords(codec, bytes, options.maxDecompressedBytes ?? MAX_DECOMPRESSED_BYTES);
  if (opened.kind === 'open') return opened.bytes;
  if (opened.code === 'OUTPUT_TOO_LARGE') throw new Failure(opened.code, opened.message);
  throw corruptBatch(header, opened.message);
}

const corruptBatch = (header: BatchHeader, why: string): Failure<'CORRUPT_BATCH'> =>
  new Failure('CORRUPT_BATCH', `The record batch at offset ${header.baseOffset} is corrupt: ${why}.`);

/** Where the record read last ended; beside the return value, because reading is synchronous and records are many. */
let recordEnd = 0;
const NO_HEADERS: readonly RecordHeader[] = [];

function readRecord(bytes: Buffer, from: number, index: number, header: BatchHeader): DecodedRecord {
  const length = readVarint(bytes, from, bytes.length);
  const start = varintEnd();
  if (start === MALFORMED || length < 0 || length > bytes.length - start)
    throw malformed(header, index, 'length');
  const end = start + length;
  const timestampDelta = readVarlong(bytes, start + 1, end);
  const offsetDelta = readVarint(bytes, expectField(header, index, 'timestamp'), end);
  if (varintEnd() === MALFORMED || offsetDelta < 0 || offsetDelta > header.lastOffsetDelta)
    throw malformed(header, index, 'offset');
  const key = readBytes(bytes, varintEnd(), end, header, index);
  const value = readBytes(bytes, fieldEnd, end, header, index);
  const headers = readHeaders(bytes, fieldEnd, end, header, index);
  if (fieldEnd !== end) throw malformed(header, index, 'length');
  recordEnd = end;
  return {
    offset: Offset(header.baseOffset + offsetDelta),
    timestampMs: timestampOf(header, timestampDelta),
    key,
    value,
    headers,
  };
}

/** With LogAppendTime the header's; otherwise a sum, which may be beyond exact numbers and then stops at their end. */
function timestampOf(header: BatchHeader, delta: number): TimestampMs {
  if (header.timestampType === 'LogAppendTime') return header.maxTimestampMs;
  const sum = header.baseTimestampMs + delta;
  return TimestampMs(Math.max(Number.MIN_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, sum)));
}

let fieldEnd = 0;

function readBytes(
  bytes: Buffer,
  from: number,
  end: number,
  header: BatchHeader,
  index: number,
): Buffer | null {
  const length = readVarint(bytes, from, end);
  const start = varintEnd();
  if (start === MALFORMED || length < -1 || length > end - start) throw malformed(header, index, 'bytes');
  fieldEnd = length < 0 ? start : start + length;
  return length < 0 ? null : bytes.subarray(start, fieldEnd);
}

function readHeaders(
  bytes: Buffer,
  from: number,
  end: number,
  header: BatchHeader,
  index: number,
): readonly RecordHeader[] {
  const count = readVarint(bytes, from, end);
  fieldEnd = expectField(header, index, 'header count');
  if (count === 0) return NO_HEADERS;
  // A header takes two bytes at least.
  if (count < 0 || count * 2 > end - fieldEnd) throw malformed(header, index, 'header count');
  const headers: RecordHeader[] = [];
  for (let position = 0; position < count; position += 1) {
    const key = readBytes(bytes, fieldEnd, end, header, index);
    if (key === null) throw malformed(header, index, 'header key');
    headers.push({ key: key.toString('utf8'), value: readBytes(bytes, fieldEnd, end, header, index) });
  }
  return headers;
}

function expectField(header: BatchHeader, index: number, what: string): number {
  const end = varintEnd();
  if (end === MALFORMED) throw malformed(header, index, what);
  return end;
}

const malformed = (header: BatchHeader, index: number, what: string): Failure<'CORRUPT_BATCH'> =>
  corruptBatch(header, `the ${what} of record ${index} does not fit`);
