import { TimestampMs } from '@kafkaesque/kernel';
import { ErrorCode } from '../errors';
import {
  BATCH_HEADER_BYTES,
  BATCH_LENGTH_OVERHEAD,
  CURRENT_MAGIC,
  MAGIC_AT,
  baseOffsetOf,
  baseSequenceOf,
  batchSizeBytes,
  codecIdOf,
  codecOf,
  computeCrc,
  crcOf,
  hasDeleteHorizon,
  isControl,
  isTransactional,
  lastOffsetDeltaOf,
  magicOf,
  maxTimestampOf,
  producerEpochOf,
  producerIdOf,
  rawBaseTimestampOf,
  recordCountOf,
  timestampTypeOf,
} from './batch-header';
import type { TimestampType } from './batch-header';
import type { Codec } from './compression/codec';
import { frameStartProblem } from './compression/frame-start';
import { MAX_DECOMPRESSED_BYTES, openRecords } from './open-records';
import { walkRecords } from './record-walk';
import type { RefusedRecord, WalkOutcome, WalkRules } from './record-walk';

/** Who appends. Only clients are held to what clients may not do (control batches, a base offset other than 0). */
export type AppendOrigin = 'client' | 'coordinator' | 'replication';

/** What a batch is judged by; the names are those of the topic's configuration. */
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

/** What a leader needs to know of a batch that it may take. */
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

/** Kinds of flaws that are counted each by itself (Kafka's LogValidator.MetricsRecorder). */
export type BatchFlaw = 'magic' | 'checksum' | 'offset or sequence' | 'no key';

/** What is wrong, in the words of the Produce response. */
export interface InvalidBatch {
  readonly kind: 'invalid';
  /** A code of the error table. */
  readonly error: number;
  readonly message: string;
  /** At most 1,000 rows, however many records are wrong; empty when the batch is wrong as a whole. */
  readonly recordErrors: readonly RecordError[];
  /** Undefined: none of those that are counted. */
  readonly flaw: BatchFlaw | undefined;
}

/** The judgement on one batch. */
export type BatchValidation = ValidBatch | InvalidBatch;

/** Records that one batch may hold (a limit of ours). */
export const MAX_RECORDS_PER_BATCH = 1_000_000;

const NO_RECORD_ERRORS: readonly RecordError[] = [];

/**
 * Judges what a Produce request (version 3 and above) carries for one partition: exactly one batch, magic 2. Magic 0
 * and 1 get INVALID_RECORD, as from Kafka 4.
 */
export function validateProduceRecords(records: Buffer | null, options: ValidateOptions): BatchValidation {
  if (records === null || records.length < BATCH_HEADER_BYTES)
    return shorterThanHeader(records ?? Buffer.alloc(0));
  const found = validateBatch(records, 0, options);
  if (found.kind === 'valid' && found.sizeBytes !== records.length)
    return invalid(
      ErrorCode.INVALID_RECORD,
      'A produce request may carry exactly one record batch per partition.',
    );
  return found;
}

/**
 * Judges the one batch at `at`, as a leader does before it appends (KIP-98; the order and the errors are those of
 * Kafka's ProduceRequest, UnifiedLog and LogValidator; RELIABILITY B8). Nothing is changed.
 *
 * An uncompressed batch gets one walk over its records. Of a compressed one the header is judged and the first bytes
 * of the frame; it is opened only when `compacted` or `full` asks for it, or when the header's timestamps cannot be
 * right or are out of bounds, so that the answer can name the records.
 */
export function validateBatch(buffer: Buffer, at: number, options: ValidateOptions): BatchValidation {
  const problem =
    frameProblem(buffer, at, options) ??
    (options.origin === 'client' ? clientProblem(buffer, at) : undefined);
  if (problem !== undefined) return problem;
  if (options.origin === 'replication') return valid(buffer, at, maxTimestampOf(buffer, at));
  return validateRecords(buffer, at, options);
}

/** What can be wrong before anybody reads what the batch says: place, size, format, checksum, codec. */
function frameProblem(buffer: Buffer, at: number, options: ValidateOptions): InvalidBatch | undefined {
  if (buffer.length - at < BATCH_HEADER_BYTES) return shorterThanHeader(buffer.subarray(at));
  const sizeBytes = batchSizeBytes(buffer, at);
  const magic = magicOf(buffer, at);
  if (sizeBytes < BATCH_LENGTH_OVERHEAD + 14 || magic < 0 || magic > CURRENT_MAGIC)
    return invalid(
      ErrorCode.CORRUPT_MESSAGE,
      `A batch of ${sizeBytes} bytes and magic ${magic} cannot be right.`,
      magic < 0 || magic > CURRENT_MAGIC ? 'magic' : undefined,
    );
  if (magic !== CURRENT_MAGIC)
    return invalid(
      ErrorCode.INVALID_RECORD,
      `Record batches of magic ${magic} are not accepted, only magic 2.`,
      'magic',
    );
  if (sizeBytes < BATCH_HEADER_BYTES)
    return invalid(
      ErrorCode.CORRUPT_MESSAGE,
      `The batch claims ${sizeBytes} bytes, less than its header takes.`,
    );
  if (sizeBytes > buffer.length - at)
    return invalid(
      ErrorCode.INVALID_RECORD,
      `The batch claims ${sizeBytes} bytes; ${buffer.length - at} arrived.`,
    );
  if (options.origin === 'client' && baseOffsetOf(buffer, at) !== 0)
    return invalid(
      ErrorCode.INVALID_RECORD,
      `The base offset of a produced batch is 0, not ${baseOffsetOf(buffer, at)}.`,
      'offset or sequence',
    );
  if (sizeBytes > (options.maxMessageBytes ?? Infinity))
    return invalid(
      ErrorCode.MESSAGE_TOO_LARGE,
      `The record batch has ${sizeBytes} bytes; max.message.bytes is ${options.maxMessageBytes ?? Infinity}.`,
    );
  const computed = computeCrc(buffer, at);
  if (computed !== crcOf(buffer, at))
    return invalid(
      ErrorCode.CORRUPT_MESSAGE,
      `The batch carries CRC ${crcOf(buffer, at)}; its bytes give ${computed}.`,
      'checksum',
    );
  return codecProblem(buffer, at, options) ?? countProblem(buffer, at, options.origin);
}

function codecProblem(buffer: Buffer, at: number, options: ValidateOptions): InvalidBatch | undefined {
  const codec = codecOf(buffer, at);
  if (codec === undefined)
    return invalid(
      ErrorCode.UNSUPPORTED_COMPRESSION_TYPE,
      `There is no compression codec ${codecIdOf(buffer, at)}.`,
    );
  if (codec === 'zstd' && options.zstdAllowed === false)
    return invalid(ErrorCode.UNSUPPORTED_COMPRESSION_TYPE, 'Produce below version 7 may not use zstd.');
  return undefined;
}

function countProblem(buffer: Buffer, at: number, origin: AppendOrigin): InvalidBatch | undefined {
  const count = recordCountOf(buffer, at);
  const lastOffsetDelta = lastOffsetDeltaOf(buffer, at);
  // What a follower fetches may have been compacted: records are gone, the offset range stays.
  const holds =
    origin === 'replication'
      ? count >= 0 && lastOffsetDelta >= count - 1
      : count > 0 && lastOffsetDelta === count - 1;
  if (!holds)
    return invalid(
      ErrorCode.INVALID_RECORD,
      `A batch of ${count} records cannot end at offset delta ${lastOffsetDelta}.`,
      'offset or sequence',
    );
  if (count > MAX_RECORDS_PER_BATCH)
    return invalid(
      ErrorCode.INVALID_RECORD,
      `The batch has ${count} records; at most ${MAX_RECORDS_PER_BATCH} are accepted.`,
    );
  const baseOffset = baseOffsetOf(buffer, at);
  if (baseOffset < 0 || !Number.isSafeInteger(baseOffset + lastOffsetDelta))
    return invalid(
      ErrorCode.INVALID_RECORD,
      `A batch cannot begin at offset ${baseOffset}.`,
      'offset or sequence',
    );
  return undefined;
}

/** What only brokers may write, and what a producer's fields must be to one another. */
function clientProblem(buffer: Buffer, at: number): InvalidBatch | undefined {
  if (isControl(buffer, at))
    return invalid(ErrorCode.INVALID_RECORD, 'Clients may not write control records.', 'offset or sequence');
  if (hasDeleteHorizon(buffer, at))
    return invalid(ErrorCode.INVALID_RECORD, 'Clients may not set a delete horizon.');
  if (timestampTypeOf(buffer, at) === 'LogAppendTime')
    return invalid(ErrorCode.INVALID_TIMESTAMP, 'Producers may not set the timestamp type LogAppendTime.');
  const producerId = producerIdOf(buffer, at);
  // Some clients leave epoch and sequence at 0 without a producer id; then nobody looks at them.
  if (producerId === -1)
    return isTransactional(buffer, at)
      ? invalid(ErrorCode.INVALID_RECORD, 'A transactional batch needs a producer id.')
      : undefined;
  if (producerId < 0 || !Number.isSafeInteger(producerId))
    return invalid(ErrorCode.INVALID_RECORD, `There is no producer id ${producerId}.`);
  const sequence = baseSequenceOf(buffer, at);
  const epoch = producerEpochOf(buffer, at);
  if (sequence < 0 || epoch < 0)
    return invalid(
      ErrorCode.INVALID_RECORD,
      `Producer ${producerId} sent epoch ${epoch} and sequence ${sequence}; neither may be negative.`,
      'offset or sequence',
    );
  return undefined;
}

function validateRecords(buffer: Buffer, at: number, options: ValidateOptions): BatchValidation {
  const codec = codecOf(buffer, at) ?? 'none';
  const rules = walkRules(buffer, at, options);
  const from = at + BATCH_HEADER_BYTES;
  const to = at + batchSizeBytes(buffer, at);
  if (codec === 'none') return judgement(buffer, at, walkRecords(buffer, from, to, rules), options);
  const startProblem = frameStartProblem(codec, buffer, from, to);
  if (startProblem !== undefined) return invalid(ErrorCode.INVALID_RECORD, startProblem);
  if (!mustOpen(buffer, at, rules, options)) return valid(buffer, at, maxTimestampOf(buffer, at));
  const opened = openRecords(
    codec,
    buffer.subarray(from, to),
    options.maxDecompressedBytes ?? MAX_DECOMPRESSED_BYTES,
  );
  if (opened.kind === 'closed') return invalid(ErrorCode.INVALID_RECORD, opened.message);
  return judgement(buffer, at, walkRecords(opened.bytes, 0, opened.bytes.length, rules), options);
}

function walkRules(buffer: Buffer, at: number, options: ValidateOptions): WalkRules {
  const base = rawBaseTimestampOf(buffer, at);
  const bounded = options.timestampType === 'CreateTime' && options.origin === 'client';
  return {
    recordCount: recordCountOf(buffer, at),
    // Beyond exact numbers no delta leads back: infinity stays out of every bound.
    baseTimestampMs: Number.isSafeInteger(base) ? base : base * Infinity,
    minTimestampMs: bounded
      ? Math.max(Number.MIN_SAFE_INTEGER, options.nowMs - (options.timestampBeforeMaxMs ?? Infinity))
      : -Infinity,
    maxTimestampMs: bounded
      ? Math.min(Number.MAX_SAFE_INTEGER, options.nowMs + (options.timestampAfterMaxMs ?? Infinity))
      : Infinity,
    keyRequired: options.compacted === true && !isControl(buffer, at),
  };
}

function mustOpen(buffer: Buffer, at: number, rules: WalkRules, options: ValidateOptions): boolean {
  if (options.full === true || options.compacted === true) return true;
  if (options.timestampType === 'LogAppendTime') return false;
  const max = maxTimestampOf(buffer, at);
  const base = rules.baseTimestampMs;
  // The base is the first record's time, so a smaller maximum was never computed; some producers leave it at -1.
  return max < base || outside(base, rules) || outside(max, rules);
}

const outside = (timestampMs: number, rules: WalkRules): boolean =>
  timestampMs !== -1 && !(timestampMs >= rules.minTimestampMs && timestampMs <= rules.maxTimestampMs);

function judgement(
  buffer: Buffer,
  at: number,
  walked: WalkOutcome,
  options: ValidateOptions,
): BatchValidation {
  if (walked.kind === 'malformed')
    return invalid(
      ErrorCode.INVALID_RECORD,
      `Record ${walked.index} of the batch is malformed: ${walked.message}.`,
    );
  if (walked.refused.length === 0) return valid(buffer, at, TimestampMs(walked.maxTimestampMs));
  const anyTimestamp = walked.refused.some((record) => record.why === 'timestamp');
  return {
    kind: 'invalid',
    error: anyTimestamp ? ErrorCode.INVALID_TIMESTAMP : ErrorCode.INVALID_RECORD,
    message: anyTimestamp
      ? 'One or more records have been refused for their timestamp.'
      : 'One or more records have been refused: a compacted topic needs keys.',
    recordErrors: walked.refused.map((record) => recordError(record, options)),
    flaw: walked.refused.some(({ why }) => why === 'key') ? 'no key' : undefined,
  };
}

const recordError = (record: RefusedRecord, options: ValidateOptions): RecordError => ({
  batchIndex: record.index,
  batchIndexErrorMessage:
    record.why === 'key'
      ? 'A compacted topic does not accept a record without key.'
      : `The timestamp lies outside [${options.nowMs - (options.timestampBeforeMaxMs ?? Infinity)}, ${options.nowMs + (options.timestampAfterMaxMs ?? Infinity)}].`,
});

const valid = (buffer: Buffer, at: number, maxTimestampMs: TimestampMs): ValidBatch => ({
  kind: 'valid',
  sizeBytes: batchSizeBytes(buffer, at),
  recordCount: recordCountOf(buffer, at),
  codec: codecOf(buffer, at) ?? 'none',
  maxTimestampMs,
});

const shorterThanHeader = (bytes: Buffer): InvalidBatch => {
  const magic = bytes.length > MAGIC_AT ? magicOf(bytes) : CURRENT_MAGIC;
  if (magic < 0 || magic > CURRENT_MAGIC)
    return invalid(ErrorCode.CORRUPT_MESSAGE, `There is no record format of magic ${magic}.`, 'magic');
  return invalid(
    ErrorCode.INVALID_RECORD,
    `${bytes.length} bytes are less than one record batch of magic 2.`,
  );
};

const invalid = (error: number, message: string, flaw?: BatchFlaw): InvalidBatch => ({
  kind: 'invalid',
  error,
  message,
  recordErrors: NO_RECORD_ERRORS,
  flaw,
});
