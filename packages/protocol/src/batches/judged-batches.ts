import { ProducerEpoch, ProducerId } from '@kafkaesque/kernel';
import type { ErrorName } from '../errors';
import { BATCH_HEADER_BYTES, computeCrc, writeInt64 } from './batch-header';
import type { TimestampType } from './batch-header';
import { codecId, codecs } from './compression/codec';
import type { Codec } from './compression/codec';
import { compress } from './compression/compression';
import { encodeBatch } from './encode-batch';

/**
 * Batches that a client may send, good and bad (RELIABILITY B8), with the answer each gets. For tests: ours judge them
 * always, Kafka's own LogValidator judges the same bytes where it is present.
 */
export interface JudgedBatch {
  readonly name: string;
  readonly bytes: Buffer;
  readonly compacted?: boolean;
  readonly timestampType?: TimestampType;
  readonly beforeMaxMs?: number;
  readonly afterMaxMs?: number;
  readonly maxMessageBytes?: number;
  readonly full?: boolean;
  readonly error: ErrorName;
  /** Indexes of the records that the answer names. */
  readonly refused?: readonly number[];
  /** Where Kafka answers otherwise, what it answers, and why we do not. */
  readonly kafka?: { readonly error: ErrorName; readonly because: string };
}

/** Timestamps near it are "now" for a judge with a clock of its own. */
export const judgedNowMs = Date.now();
const HOUR_MS = 3_600_000;
const UNEXPLAINED = {
  error: 'UNKNOWN_SERVER_ERROR',
  because: 'the client should hear what is wrong',
} as const;
const BEYOND_EXACT_NUMBERS = {
  error: 'NONE',
  because: 'without bounds Kafka takes any 64 bits for a time; no exact number holds these',
} as const;

const keyed = Array.from({ length: 5 }, (_, index) => ({
  key: Buffer.from(`key-${index}`),
  value: Buffer.from(`value-${index}`.repeat(index * 5)),
  headers: index === 2 ? [{ key: 'h', value: null }] : [],
  timestampMs: judgedNowMs - 1_000 + index,
}));

const batchOf = (codec: Codec = 'none', records = keyed): Buffer => encodeBatch({ codec, records });

/** A copy with a change, and the CRC right again. */
const changed = (batch: Buffer, change: (copy: Buffer) => void): Buffer => {
  const copy = Buffer.from(batch);
  change(copy);
  copy.writeUInt32BE(computeCrc(copy), 17);
  return copy;
};

/** A batch of records written byte by byte. */
const rawBatch = (records: readonly (readonly number[])[], codec: Codec = 'none'): Buffer => {
  const plain = Buffer.from(records.flat());
  const payload = compress(codec, plain);
  const header = batchOf().subarray(0, BATCH_HEADER_BYTES);
  return changed(Buffer.concat([header, payload]), (copy) => {
    copy.writeInt32BE(copy.length - 12, 8);
    copy.writeUInt16BE(codecId(codec), 21);
    copy.writeInt32BE(records.length - 1, 23);
    copy.writeInt32BE(records.length, 57);
  });
};

/** A record: length, attributes, timestamp delta, offset delta, key, value, header count; all lengths of one byte. */
const rawRecord = (
  index: number,
  tail: readonly number[] = [1, 1, 0],
  timestampDelta: readonly number[] = [0],
): readonly number[] => {
  const body = [0, ...timestampDelta, index * 2, ...tail];
  return [body.length * 2, ...body];
};

const good = (): readonly JudgedBatch[] => [
  ...codecs.map((codec) => ({ name: `good-${codec}`, bytes: batchOf(codec), error: 'NONE' as const })),
  ...codecs.map((codec) => ({
    name: `opened-${codec}`,
    bytes: batchOf(codec),
    full: true,
    error: 'NONE' as const,
  })),
  {
    name: 'no-timestamps',
    bytes: batchOf(
      'none',
      keyed.map((record) => ({ ...record, timestampMs: -1 })),
    ),
    error: 'NONE',
  },
  {
    name: 'before-1970',
    bytes: batchOf(
      'none',
      keyed.map((record) => ({ ...record, timestampMs: -5_000 })),
    ),
    error: 'NONE',
  },
  {
    name: 'wrong-max-timestamp',
    bytes: changed(batchOf(), (copy) => writeInt64(copy, 17, 35)),
    error: 'NONE',
  },
  {
    name: 'compressed-without-max-timestamp',
    bytes: changed(batchOf('gzip'), (copy) => writeInt64(copy, -1, 35)),
    error: 'NONE',
  },
  {
    name: 'leader-epoch-of-a-client',
    bytes: changed(batchOf(), (copy) => copy.writeInt32BE(99, 12)),
    error: 'NONE',
  },
  {
    name: 'unused-attributes',
    bytes: changed(batchOf(), (copy) => copy.writeUInt16BE(0x8080, 21)),
    error: 'NONE',
  },
  {
    name: 'epoch-and-sequence-without-producer',
    bytes: encodeBatch({ records: keyed, producerEpoch: ProducerEpoch(0), baseSequence: 0 }),
    error: 'NONE',
  },
  {
    name: 'idempotent-and-transactional',
    bytes: encodeBatch({
      records: keyed,
      producerId: ProducerId(7),
      producerEpoch: ProducerEpoch(0),
      baseSequence: 0,
      isTransactional: true,
    }),
    error: 'NONE',
  },
  { name: 'compacted-with-keys', bytes: batchOf('zstd'), compacted: true, error: 'NONE' },
];

const wrongFrames = (): readonly JudgedBatch[] => [
  { name: 'nothing', bytes: Buffer.alloc(0), error: 'INVALID_RECORD' },
  { name: 'half-a-header', bytes: batchOf().subarray(0, 30), error: 'INVALID_RECORD' },
  { name: 'one-byte-short', bytes: batchOf().subarray(0, -1), error: 'INVALID_RECORD' },
  { name: 'two-batches', bytes: Buffer.concat([batchOf(), batchOf()]), error: 'INVALID_RECORD' },
  {
    name: 'bytes-behind-the-batch',
    bytes: Buffer.concat([batchOf(), Buffer.alloc(5)]),
    error: 'INVALID_RECORD',
    kafka: {
      error: 'NONE',
      because: 'Kafka cuts them off; bytes that nobody accounts for are a fault of the sender',
    },
  },
  { name: 'wrong-crc', bytes: withByte(batchOf(), 17, 0xff), error: 'CORRUPT_MESSAGE' },
  { name: 'flipped-bit', bytes: withByte(batchOf(), 80, 0xff), error: 'CORRUPT_MESSAGE' },
  { name: 'negative-length', bytes: withInt32(batchOf(), 8, -1), error: 'CORRUPT_MESSAGE' },
  { name: 'length-less-than-header', bytes: withInt32(batchOf(), 8, 40), error: 'CORRUPT_MESSAGE' },
  {
    name: 'length-one-less',
    bytes: withInt32(batchOf(), 8, batchOf().length - 13),
    error: 'CORRUPT_MESSAGE',
  },
  { name: 'length-one-more', bytes: withInt32(batchOf(), 8, batchOf().length - 11), error: 'INVALID_RECORD' },
  {
    name: 'length-two-billion',
    bytes: withInt32(batchOf(), 8, 0x7fffffff),
    error: 'INVALID_RECORD',
    kafka: { error: 'UNKNOWN_SERVER_ERROR', because: 'the sum with the 12 bytes before overflows in Java' },
  },
  { name: 'magic-0', bytes: withByte(batchOf(), 16, 0), error: 'INVALID_RECORD' },
  { name: 'magic-1', bytes: withByte(batchOf(), 16, 1), error: 'INVALID_RECORD' },
  { name: 'magic-3', bytes: withByte(batchOf(), 16, 3), error: 'CORRUPT_MESSAGE' },
  { name: 'magic-127', bytes: withByte(batchOf(), 16, 127), error: 'CORRUPT_MESSAGE' },
  { name: 'magic-minus-1', bytes: withByte(batchOf(), 16, 255), error: 'CORRUPT_MESSAGE' },
  { name: 'too-large', bytes: batchOf(), maxMessageBytes: 100, error: 'MESSAGE_TOO_LARGE' },
];

const wrongHeaders = (): readonly JudgedBatch[] => [
  { name: 'count-0', bytes: changed(batchOf(), (copy) => copy.writeInt32BE(0, 57)), error: 'INVALID_RECORD' },
  {
    name: 'count-negative',
    bytes: changed(batchOf(), (copy) => copy.writeInt32BE(-3, 57)),
    error: 'INVALID_RECORD',
  },
  {
    name: 'count-not-delta',
    bytes: changed(batchOf(), (copy) => copy.writeInt32BE(4, 57)),
    error: 'INVALID_RECORD',
  },
  {
    name: 'delta-negative',
    bytes: changed(batchOf(), (copy) => copy.writeInt32BE(-5, 23)),
    error: 'INVALID_RECORD',
  },
  {
    name: 'no-records-at-all',
    bytes: changed(batchOf(), (copy) => {
      copy.writeInt32BE(-1, 23);
      copy.writeInt32BE(0, 57);
    }),
    error: 'INVALID_RECORD',
  },
  ...[4, 6, 2 ** 30].map((count) => ({
    name: `claims-${count}-records-of-5`,
    bytes: changed(batchOf(), (copy) => {
      copy.writeInt32BE(count - 1, 23);
      copy.writeInt32BE(count, 57);
    }),
    error: 'INVALID_RECORD' as const,
  })),
  { name: 'base-offset-5', bytes: withByte(batchOf(), 7, 5), error: 'INVALID_RECORD' },
  {
    name: 'control',
    bytes: changed(batchOf(), (copy) => copy.writeUInt16BE(0x20, 21)),
    error: 'INVALID_RECORD',
  },
  {
    name: 'delete-horizon',
    bytes: changed(batchOf(), (copy) => copy.writeUInt16BE(0x40, 21)),
    error: 'INVALID_RECORD',
    kafka: { error: 'NONE', because: 'a client would decide when tombstones go' },
  },
  ...[5, 6, 7].map((id) => ({
    name: `codec-${id}`,
    bytes: changed(batchOf(), (copy) => copy.writeUInt16BE(id, 21)),
    error: 'UNSUPPORTED_COMPRESSION_TYPE' as const,
    kafka: UNEXPLAINED,
  })),
  {
    name: 'sequence-negative',
    bytes: encodeBatch({ records: keyed, producerId: ProducerId(7), producerEpoch: ProducerEpoch(0) }),
    error: 'INVALID_RECORD',
  },
  {
    name: 'epoch-negative',
    bytes: encodeBatch({ records: keyed, producerId: ProducerId(7), baseSequence: 0 }),
    error: 'INVALID_RECORD',
    kafka: { error: 'NONE', because: 'there is no such epoch; Kafka finds that later' },
  },
  {
    name: 'producer-id-minus-2',
    bytes: encodeBatch({ records: keyed, producerId: ProducerId(-2) }),
    error: 'INVALID_RECORD',
    kafka: { error: 'NONE', because: 'Kafka takes it for no producer' },
  },
  {
    name: 'producer-id-beyond-exact-numbers',
    bytes: changed(batchOf(), (copy) => {
      copy.writeInt32BE(0x40000000, 43);
      copy.writeInt32BE(0, 53);
      copy.writeInt16BE(0, 51);
    }),
    error: 'INVALID_RECORD',
    kafka: { error: 'NONE', because: 'nobody hands out such ids; ours are exact numbers' },
  },
  {
    name: 'transactional-without-producer',
    bytes: encodeBatch({ records: keyed, isTransactional: true }),
    error: 'INVALID_RECORD',
    kafka: { error: 'NONE', because: 'nobody could end its transaction' },
  },
];

const wrongTimes = (): readonly JudgedBatch[] => [
  ...codecs.map((codec) => ({
    name: `from-the-future-${codec}`,
    bytes: batchOf(
      codec,
      keyed.map((record, index) =>
        index === 3 ? { ...record, timestampMs: judgedNowMs + 2 * HOUR_MS } : record,
      ),
    ),
    afterMaxMs: HOUR_MS,
    error: 'INVALID_TIMESTAMP' as const,
    refused: [3],
  })),
  {
    name: 'from-the-past',
    bytes: batchOf(
      'none',
      keyed.map((record, index) => (index < 2 ? { ...record, timestampMs: 1_000 } : record)),
    ),
    beforeMaxMs: HOUR_MS,
    error: 'INVALID_TIMESTAMP',
    refused: [0, 1],
  },
  {
    name: 'base-timestamp-2-to-the-63',
    bytes: changed(batchOf(), (copy) => {
      copy.writeUInt32BE(0x7fffffff, 27);
      copy.writeUInt32BE(0xffffffff, 31);
    }),
    afterMaxMs: HOUR_MS,
    error: 'INVALID_TIMESTAMP',
    refused: [0, 1, 2, 3, 4],
    kafka: { error: 'INVALID_TIMESTAMP', because: 'the sums overflow in Java, so it names one record only' },
  },
  {
    name: 'base-timestamp-minus-2-to-the-63',
    bytes: changed(batchOf(), (copy) => {
      copy.writeUInt32BE(0x80000000, 27);
      copy.writeUInt32BE(0, 31);
    }),
    error: 'INVALID_TIMESTAMP',
    refused: [0, 1, 2, 3, 4],
    kafka: BEYOND_EXACT_NUMBERS,
  },
  {
    name: 'timestamp-delta-2-to-the-63',
    bytes: rawBatch([rawRecord(0), rawRecord(1, [1, 1, 0], [...Array<number>(9).fill(0xff), 1])]),
    error: 'INVALID_TIMESTAMP',
    refused: [1],
    kafka: BEYOND_EXACT_NUMBERS,
  },
  {
    name: 'append-time-from-a-client',
    bytes: encodeBatch({ records: keyed, timestampType: 'LogAppendTime' }),
    timestampType: 'LogAppendTime',
    error: 'INVALID_TIMESTAMP',
    kafka: { error: 'INVALID_TIMESTAMP', because: 'it names every record; the batch is wrong as a whole' },
  },
  {
    name: 'append-time-from-a-client-to-create-time',
    bytes: encodeBatch({ records: keyed, timestampType: 'LogAppendTime' }),
    error: 'INVALID_TIMESTAMP',
    kafka: {
      error: 'NONE',
      because: 'Kafka clears the bit, and with it appear timestamps that it never judged',
    },
  },
  {
    name: 'anything-goes-with-append-time',
    bytes: batchOf(
      'none',
      keyed.map((record) => ({ ...record, timestampMs: 1 })),
    ),
    timestampType: 'LogAppendTime',
    beforeMaxMs: 1,
    error: 'NONE',
  },
];

const wrongRecords = (): readonly JudgedBatch[] => [
  ...codecs.map((codec) => ({
    name: `keyless-compacted-${codec}`,
    bytes: encodeBatch({
      codec,
      records: keyed.map((record, index) => (index % 2 === 1 ? { ...record, key: null } : record)),
    }),
    compacted: true,
    error: 'INVALID_RECORD' as const,
    refused: [1, 3],
  })),
  { name: 'raw-is-good', bytes: rawBatch([rawRecord(0), rawRecord(1)]), error: 'NONE' },
  { name: 'header-count-too-large', bytes: rawBatch([rawRecord(0, [1, 1, 40])]), error: 'INVALID_RECORD' },
  { name: 'header-count-negative', bytes: rawBatch([rawRecord(0, [1, 1, 1])]), error: 'INVALID_RECORD' },
  { name: 'header-key-null', bytes: rawBatch([rawRecord(0, [1, 1, 2, 1, 1])]), error: 'INVALID_RECORD' },
  {
    name: 'header-value-too-long',
    bytes: rawBatch([rawRecord(0, [1, 1, 2, 0, 60])]),
    error: 'INVALID_RECORD',
  },
  { name: 'key-too-long', bytes: rawBatch([rawRecord(0, [60, 1, 0])]), error: 'INVALID_RECORD' },
  { name: 'value-too-long', bytes: rawBatch([rawRecord(0, [1, 60, 0])]), error: 'INVALID_RECORD' },
  {
    name: 'bytes-behind-the-headers',
    bytes: rawBatch([rawRecord(0, [1, 1, 0, 0, 0])]),
    error: 'INVALID_RECORD',
  },
  {
    name: 'record-length-negative',
    bytes: rawBatch([[1, ...rawRecord(0).slice(1)]]),
    error: 'INVALID_RECORD',
  },
  {
    name: 'record-longer-than-batch',
    bytes: rawBatch([[60, ...rawRecord(0).slice(1)]]),
    error: 'INVALID_RECORD',
  },
  {
    name: 'key-length-minus-2',
    bytes: rawBatch([rawRecord(0, [3, 1, 0])]),
    error: 'INVALID_RECORD',
    kafka: {
      error: 'NONE',
      because: 'Kafka reads any negative length as null, so one record would have several texts',
    },
  },
  {
    name: 'varint-with-too-many-bits',
    bytes: rawBatch([rawRecord(0, [0x81, 0x80, 0x80, 0x80, 0x10, 1, 0])]),
    error: 'INVALID_RECORD',
    kafka: { error: 'NONE', because: 'Kafka drops the bits, so one record would have several texts' },
  },
  {
    name: 'timestamp-delta-of-11-bytes',
    bytes: rawBatch([rawRecord(0, [1, 1, 0], [...Array<number>(10).fill(0x80), 0])]),
    error: 'INVALID_RECORD',
  },
  {
    name: 'length-of-6-bytes',
    bytes: rawBatch([[0x8e, 0x80, 0x80, 0x80, 0x80, 0x00, ...rawRecord(0).slice(1)]]),
    error: 'INVALID_RECORD',
    kafka: UNEXPLAINED,
  },
  {
    name: 'offset-deltas-repeat',
    bytes: rawBatch([rawRecord(0), rawRecord(0)]),
    error: 'INVALID_RECORD',
    kafka: { error: 'NONE', because: 'Kafka does not look at them; two records would have one offset' },
  },
];

const wrongPayloads = (): readonly JudgedBatch[] => [
  ...codecs
    .filter((codec) => codec !== 'none')
    .flatMap((codec): readonly JudgedBatch[] => [
      {
        name: `empty-${codec}`,
        bytes: withPayload(codec, Buffer.alloc(0)),
        error: 'INVALID_RECORD',
        // Kafka's zstd reader alone takes no bytes for no records.
        ...(codec === 'zstd' ? {} : { kafka: UNEXPLAINED }),
      },
      {
        name: `cut-${codec}`,
        bytes: withPayload(codec, compress(codec, batchOf().subarray(BATCH_HEADER_BYTES)).subarray(0, -9)),
        full: true,
        error: 'INVALID_RECORD',
        kafka: UNEXPLAINED,
      },
      {
        name: `records-left-over-${codec}`,
        bytes: rawBatchClaiming(1, codec),
        full: true,
        error: 'INVALID_RECORD',
      },
      {
        name: `records-missing-${codec}`,
        bytes: rawBatchClaiming(3, codec),
        full: true,
        error: 'INVALID_RECORD',
      },
    ]),
];

/** Made when asked for: zstd must have been initialised. */
export const judgedBatches = (): readonly JudgedBatch[] => [
  ...good(),
  ...wrongFrames(),
  ...wrongHeaders(),
  ...wrongTimes(),
  ...wrongRecords(),
  ...wrongPayloads(),
];

function withByte(batch: Buffer, at: number, value: number): Buffer {
  const copy = Buffer.from(batch);
  copy.writeUInt8(value, at);
  return copy;
}

function withInt32(batch: Buffer, at: number, value: number): Buffer {
  const copy = Buffer.from(batch);
  copy.writeInt32BE(value, at);
  return copy;
}

function withPayload(codec: Codec, payload: Buffer): Buffer {
  return changed(Buffer.concat([batchOf(codec).subarray(0, BATCH_HEADER_BYTES), payload]), (copy) => {
    copy.writeInt32BE(copy.length - 12, 8);
  });
}

function rawBatchClaiming(count: number, codec: Codec): Buffer {
  return changed(rawBatch([rawRecord(0), rawRecord(1)], codec), (copy) => {
    copy.writeInt32BE(count - 1, 23);
    copy.writeInt32BE(count, 57);
  });
}
