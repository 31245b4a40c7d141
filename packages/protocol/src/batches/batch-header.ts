import { LeaderEpoch, Offset, ProducerEpoch, ProducerId, TimestampMs } from '@kafkaesque/kernel';
import { codecOfId } from './compression/codec';
import type { Codec } from './compression/codec';
import { crc32c } from './crc32c';

/**
 * Record batch, magic 2 (KIP-98), every number big-endian. `at` is the position of the batch within `batch`:
 *
 *     0 baseOffset int64 · 8 length int32 (of what follows) · 12 partitionLeaderEpoch int32 · 16 magic int8 ·
 *     17 crc uint32 (CRC-32C of what follows) · 21 attributes int16 · 23 lastOffsetDelta int32 ·
 *     27 baseTimestamp int64 · 35 maxTimestamp int64 · 43 producerId int64 · 51 producerEpoch int16 ·
 *     53 baseSequence int32 · 57 recordCount int32 · 61 records
 *
 * The accessors trust that `at + BATCH_HEADER_BYTES` lies within the buffer. int64 fields come as numbers: offsets
 * and producer ids of a batch that passed `validateBatch` are safe integers, timestamps saturate at ±(2^53 - 1).
 */
export const BATCH_HEADER_BYTES = 61;
/** Offset and length: what precedes the bytes that the length counts. */
export const BATCH_LENGTH_OVERHEAD = 12;
/** Position of the magic byte, at the same place in every format that Kafka ever had. */
export const MAGIC_AT = 16;
/** Where the bytes that the CRC covers begin. */
export const CRC_FROM = 21;
/** The only format of batches that is written since Kafka 4.0. */
export const CURRENT_MAGIC = 2;
/** "No sequence": the batch of a producer that is not idempotent. */
export const NO_SEQUENCE = -1;

const TWO_32 = 4_294_967_296;
const LENGTH_AT = 8;
const LEADER_EPOCH_AT = 12;
const CRC_AT = 17;
const ATTRIBUTES_AT = 21;
const LAST_OFFSET_DELTA_AT = 23;
const BASE_TIMESTAMP_AT = 27;
const MAX_TIMESTAMP_AT = 35;
const PRODUCER_ID_AT = 43;
const PRODUCER_EPOCH_AT = 51;
const BASE_SEQUENCE_AT = 53;
const RECORD_COUNT_AT = 57;

const CODEC_MASK = 0x07;
const LOG_APPEND_TIME_BIT = 0x08;
const TRANSACTIONAL_BIT = 0x10;
const CONTROL_BIT = 0x20;
const DELETE_HORIZON_BIT = 0x40;

/** Kafka's words of `message.timestamp.type`. */
export type TimestampType = 'CreateTime' | 'LogAppendTime';

/** int64 as a number: exact within ±2^53, rounded beyond (the caller asks `Number.isSafeInteger`). */
export const readInt64 = (buffer: Buffer, at: number): number =>
  buffer.readInt32BE(at) * TWO_32 + buffer.readUInt32BE(at + 4);

/** Writes a safe integer as int64. */
export function writeInt64(buffer: Buffer, value: number, at: number): void {
  buffer.writeInt32BE(Math.floor(value / TWO_32), at);
  buffer.writeUInt32BE(value - Math.floor(value / TWO_32) * TWO_32, at + 4);
}

/** int64 as a number that stops at ±(2^53 - 1). */
export const readSaturatedInt64 = (buffer: Buffer, at: number): number =>
  Math.max(Number.MIN_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, readInt64(buffer, at)));

/** The whole batch in bytes, header included. */
export const batchSizeBytes = (batch: Buffer, at = 0): number =>
  batch.readInt32BE(at + LENGTH_AT) + BATCH_LENGTH_OVERHEAD;
/** Offset of the first record. */
export const baseOffsetOf = (batch: Buffer, at = 0): Offset => Offset(readInt64(batch, at));
/** Offset of the last record. */
export const lastOffsetOf = (batch: Buffer, at = 0): Offset =>
  Offset(readInt64(batch, at) + batch.readInt32BE(at + LAST_OFFSET_DELTA_AT));
/** Offset of the last record, counted from the first. */
export const lastOffsetDeltaOf = (batch: Buffer, at = 0): number =>
  batch.readInt32BE(at + LAST_OFFSET_DELTA_AT);
/** Epoch of the leader that gave the offsets. */
export const leaderEpochOf = (batch: Buffer, at = 0): LeaderEpoch =>
  LeaderEpoch(batch.readInt32BE(at + LEADER_EPOCH_AT));
/** Version of the format: 2, unless the batch is of another age. */
export const magicOf = (batch: Buffer, at = 0): number => batch.readInt8(at + MAGIC_AT);
/** The stored CRC, as an unsigned number. */
export const crcOf = (batch: Buffer, at = 0): number => batch.readUInt32BE(at + CRC_AT);
/** Codec, timestamp type and the other flags, as the 16 bits they are. */
export const attributesOf = (batch: Buffer, at = 0): number => batch.readUInt16BE(at + ATTRIBUTES_AT);
/** The time that the records' deltas count from, in milliseconds since 1970. */
export const baseTimestampOf = (batch: Buffer, at = 0): TimestampMs =>
  TimestampMs(readSaturatedInt64(batch, at + BASE_TIMESTAMP_AT));
/** Rounded beyond ±2^53 where `baseTimestampOf` saturates, so that a judge can tell. */
export const rawBaseTimestampOf = (batch: Buffer, at = 0): number => readInt64(batch, at + BASE_TIMESTAMP_AT);
/** Greatest time of the records, in milliseconds since 1970; -1 when none has one. */
export const maxTimestampOf = (batch: Buffer, at = 0): TimestampMs =>
  TimestampMs(readSaturatedInt64(batch, at + MAX_TIMESTAMP_AT));
/** Id of the producer, -1 without one. */
export const producerIdOf = (batch: Buffer, at = 0): ProducerId =>
  ProducerId(readInt64(batch, at + PRODUCER_ID_AT));
/** Epoch of the producer, -1 without one. */
export const producerEpochOf = (batch: Buffer, at = 0): ProducerEpoch =>
  ProducerEpoch(batch.readInt16BE(at + PRODUCER_EPOCH_AT));
/** Sequence of the first record, `NO_SEQUENCE` for a producer that is not idempotent. */
export const baseSequenceOf = (batch: Buffer, at = 0): number => batch.readInt32BE(at + BASE_SEQUENCE_AT);
/** The sequence `by` records after `sequence`: after the largest int32 comes 0. */
export const sequenceAfter = (sequence: number, by: number): number => (sequence + by) % 2 ** 31;
/** The sequence of the last record, `NO_SEQUENCE` for a producer that is not idempotent. */
export const lastSequenceOf = (batch: Buffer, at = 0): number => {
  const first = baseSequenceOf(batch, at);
  return first === NO_SEQUENCE ? NO_SEQUENCE : sequenceAfter(first, lastOffsetDeltaOf(batch, at));
};
/** How many records the header claims. */
export const recordCountOf = (batch: Buffer, at = 0): number => batch.readInt32BE(at + RECORD_COUNT_AT);
/** The codec of the records; undefined for the ids 5 to 7, which nobody has defined. */
export const codecOf = (batch: Buffer, at = 0): Codec | undefined =>
  codecOfId(attributesOf(batch, at) & CODEC_MASK);
/** Number of the codec, 0 to 7; `codecOf` says whether there is one. */
export const codecIdOf = (batch: Buffer, at = 0): number => attributesOf(batch, at) & CODEC_MASK;
/** Whether the batch belongs to a transaction. */
export const isTransactional = (batch: Buffer, at = 0): boolean =>
  (attributesOf(batch, at) & TRANSACTIONAL_BIT) !== 0;
/** Whether the batch holds markers instead of a producer's records. */
export const isControl = (batch: Buffer, at = 0): boolean => (attributesOf(batch, at) & CONTROL_BIT) !== 0;
/** Whether the base timestamp is instead the time at which tombstones and markers may go (KIP-534). */
export const hasDeleteHorizon = (batch: Buffer, at = 0): boolean =>
  (attributesOf(batch, at) & DELETE_HORIZON_BIT) !== 0;
/** Whose time the records carry: the producer's or the broker's (KIP-32). */
export const timestampTypeOf = (batch: Buffer, at = 0): TimestampType =>
  (attributesOf(batch, at) & LOG_APPEND_TIME_BIT) === 0 ? 'CreateTime' : 'LogAppendTime';

/** The CRC-32C that the batch should carry: of everything from the attributes to its end. */
export const computeCrc = (batch: Buffer, at = 0): number =>
  crc32c(batch, at + CRC_FROM, at + batchSizeBytes(batch, at));

/** Not covered by the CRC: a leader assigns it without touching the rest. */
export const setBaseOffset = (batch: Buffer, at: number, offset: Offset): void =>
  writeInt64(batch, offset, at);
/** Not covered by the CRC. */
export const setLeaderEpoch = (batch: Buffer, at: number, epoch: LeaderEpoch): void => {
  batch.writeInt32BE(epoch, at + LEADER_EPOCH_AT);
};

/**
 * Sets the greatest timestamp and the timestamp type, and computes the CRC anew, unless both are so already. With
 * `LogAppendTime` the greatest timestamp is the time of every record of the batch.
 */
export function setMaxTimestampAndType(
  batch: Buffer,
  at: number,
  maxTimestampMs: TimestampMs,
  type: TimestampType,
): void {
  if (timestampTypeOf(batch, at) === type && readInt64(batch, at + MAX_TIMESTAMP_AT) === maxTimestampMs)
    return;
  const attributes = attributesOf(batch, at);
  batch.writeUInt16BE(
    type === 'LogAppendTime' ? attributes | LOG_APPEND_TIME_BIT : attributes & ~LOG_APPEND_TIME_BIT,
    at + ATTRIBUTES_AT,
  );
  writeInt64(batch, maxTimestampMs, at + MAX_TIMESTAMP_AT);
  batch.writeUInt32BE(computeCrc(batch, at), at + CRC_AT);
}

/** Gives the batch another producer (a retry after a bumped epoch), and computes the CRC anew. */
export function setProducer(
  batch: Buffer,
  at: number,
  producer: {
    readonly producerId: ProducerId;
    readonly producerEpoch: ProducerEpoch;
    readonly baseSequence: number;
  },
): void {
  writeInt64(batch, producer.producerId, at + PRODUCER_ID_AT);
  batch.writeInt16BE(producer.producerEpoch, at + PRODUCER_EPOCH_AT);
  batch.writeInt32BE(producer.baseSequence, at + BASE_SEQUENCE_AT);
  batch.writeUInt32BE(computeCrc(batch, at), at + CRC_AT);
}

/** All that a header says, for those who read one batch at leisure. */
export interface BatchHeader {
  readonly baseOffset: Offset;
  readonly sizeBytes: number;
  readonly leaderEpoch: LeaderEpoch;
  readonly magic: number;
  readonly crc: number;
  readonly codec: Codec;
  readonly timestampType: TimestampType;
  readonly isTransactional: boolean;
  readonly isControl: boolean;
  readonly hasDeleteHorizon: boolean;
  readonly lastOffsetDelta: number;
  readonly baseTimestampMs: TimestampMs;
  readonly maxTimestampMs: TimestampMs;
  readonly producerId: ProducerId;
  readonly producerEpoch: ProducerEpoch;
  readonly baseSequence: number;
  readonly recordCount: number;
}

/** What a header is written from. */
export type BatchHeaderFields = Omit<BatchHeader, 'magic' | 'crc'>;

/** The header as one value. An unknown codec reads as `none`; whoever opens the records asks `codecOf` first. */
export const readBatchHeader = (batch: Buffer, at = 0): BatchHeader => ({
  baseOffset: baseOffsetOf(batch, at),
  sizeBytes: batchSizeBytes(batch, at),
  leaderEpoch: leaderEpochOf(batch, at),
  magic: magicOf(batch, at),
  crc: crcOf(batch, at),
  codec: codecOf(batch, at) ?? 'none',
  timestampType: timestampTypeOf(batch, at),
  isTransactional: isTransactional(batch, at),
  isControl: isControl(batch, at),
  hasDeleteHorizon: hasDeleteHorizon(batch, at),
  lastOffsetDelta: lastOffsetDeltaOf(batch, at),
  baseTimestampMs: baseTimestampOf(batch, at),
  maxTimestampMs: maxTimestampOf(batch, at),
  producerId: producerIdOf(batch, at),
  producerEpoch: producerEpochOf(batch, at),
  baseSequence: baseSequenceOf(batch, at),
  recordCount: recordCountOf(batch, at),
});

/** Writes the header and then the CRC; the records must already stand behind it. */
export function writeBatchHeader(
  batch: Buffer,
  at: number,
  header: BatchHeaderFields,
  codecId: number,
): void {
  writeInt64(batch, header.baseOffset, at);
  batch.writeInt32BE(header.sizeBytes - BATCH_LENGTH_OVERHEAD, at + LENGTH_AT);
  batch.writeInt32BE(header.leaderEpoch, at + LEADER_EPOCH_AT);
  batch.writeInt8(CURRENT_MAGIC, at + MAGIC_AT);
  const attributes =
    codecId |
    (header.timestampType === 'LogAppendTime' ? LOG_APPEND_TIME_BIT : 0) |
    (header.isTransactional ? TRANSACTIONAL_BIT : 0) |
    (header.isControl ? CONTROL_BIT : 0) |
    (header.hasDeleteHorizon ? DELETE_HORIZON_BIT : 0);
  batch.writeUInt16BE(attributes, at + ATTRIBUTES_AT);
  batch.writeInt32BE(header.lastOffsetDelta, at + LAST_OFFSET_DELTA_AT);
  writeInt64(batch, header.baseTimestampMs, at + BASE_TIMESTAMP_AT);
  writeInt64(batch, header.maxTimestampMs, at + MAX_TIMESTAMP_AT);
  writeInt64(batch, header.producerId, at + PRODUCER_ID_AT);
  batch.writeInt16BE(header.producerEpoch, at + PRODUCER_EPOCH_AT);
  batch.writeInt32BE(header.baseSequence, at + BASE_SEQUENCE_AT);
  batch.writeInt32BE(header.recordCount, at + RECORD_COUNT_AT);
  batch.writeUInt32BE(crc32c(batch, at + CRC_FROM, at + header.sizeBytes), at + CRC_AT);
}
