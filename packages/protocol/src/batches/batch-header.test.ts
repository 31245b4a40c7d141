import { LeaderEpoch, Offset, ProducerEpoch, ProducerId, TimestampMs } from '@kafkaesque/kernel';
import {
  attributesOf,
  baseOffsetOf,
  baseSequenceOf,
  baseTimestampOf,
  batchSizeBytes,
  codecOf,
  computeCrc,
  crcOf,
  hasDeleteHorizon,
  isControl,
  isTransactional,
  lastOffsetOf,
  lastSequenceOf,
  leaderEpochOf,
  magicOf,
  maxTimestampOf,
  producerEpochOf,
  producerIdOf,
  readInt64,
  recordCountOf,
  sequenceAfter,
  setBaseOffset,
  setLeaderEpoch,
  setMaxTimestampAndType,
  setProducer,
  timestampTypeOf,
  writeInt64,
} from './batch-header';
import { encodeBatch } from './encode-batch';

const made = (): Buffer =>
  encodeBatch({
    records: [
      { value: null, timestampMs: 100 },
      { value: null, timestampMs: 90 },
    ],
    baseOffset: Offset(40),
    leaderEpoch: LeaderEpoch(3),
    producerId: ProducerId(2 ** 33),
    producerEpoch: ProducerEpoch(7),
    baseSequence: 12,
    isTransactional: true,
  });

describe('a batch header', () => {
  test('says what was written', () => {
    const batch = made();
    expect([batchSizeBytes(batch), magicOf(batch), crcOf(batch)]).toEqual([
      batch.length,
      2,
      computeCrc(batch),
    ]);
    expect([baseOffsetOf(batch), lastOffsetOf(batch), leaderEpochOf(batch)]).toEqual([40, 41, 3]);
    expect([baseTimestampOf(batch), maxTimestampOf(batch), timestampTypeOf(batch)]).toEqual([
      100,
      100,
      'CreateTime',
    ]);
    expect([producerIdOf(batch), producerEpochOf(batch), baseSequenceOf(batch)]).toEqual([2 ** 33, 7, 12]);
    expect([recordCountOf(batch), codecOf(batch), attributesOf(batch)]).toEqual([2, 'none', 0x10]);
    expect([isTransactional(batch), isControl(batch), hasDeleteHorizon(batch)]).toEqual([true, false, false]);
  });

  test('counts sequences round to 0 after the largest int32', () => {
    expect([sequenceAfter(5, 3), sequenceAfter(2 ** 31 - 1, 1), sequenceAfter(2 ** 31 - 2, 5)]).toEqual([
      8, 0, 3,
    ]);
    expect(lastSequenceOf(made())).toBe(13);
    expect(lastSequenceOf(encodeBatch({ records: [{ value: null }] }))).toBe(-1);
  });

  test('takes offset and epoch in place, outside its CRC', () => {
    const batch = Buffer.concat([Buffer.alloc(5), made()]);
    const crc = crcOf(batch, 5);
    setBaseOffset(batch, 5, Offset(2 ** 50 + 3));
    setLeaderEpoch(batch, 5, LeaderEpoch(2 ** 31 - 1));
    expect([baseOffsetOf(batch, 5), leaderEpochOf(batch, 5)]).toEqual([2 ** 50 + 3, 2 ** 31 - 1]);
    expect([crcOf(batch, 5), computeCrc(batch, 5)]).toEqual([crc, crc]);
  });

  test('takes the time of the log in place, with a new CRC', () => {
    const batch = made();
    const before = crcOf(batch);
    setMaxTimestampAndType(batch, 0, TimestampMs(1_700_000_000_000), 'LogAppendTime');
    expect([maxTimestampOf(batch), timestampTypeOf(batch), isTransactional(batch)]).toEqual([
      1_700_000_000_000,
      'LogAppendTime',
      true,
    ]);
    expect(crcOf(batch)).toBe(computeCrc(batch));
    setMaxTimestampAndType(batch, 0, TimestampMs(100), 'CreateTime');
    expect(crcOf(batch)).toBe(before);
  });

  test('takes another producer in place, with a new CRC', () => {
    const batch = made();
    setProducer(batch, 0, { producerId: ProducerId(9), producerEpoch: ProducerEpoch(0), baseSequence: 0 });
    expect([producerIdOf(batch), producerEpochOf(batch), baseSequenceOf(batch)]).toEqual([9, 0, 0]);
    expect(crcOf(batch)).toBe(computeCrc(batch));
  });

  test.each([
    0,
    1,
    -1,
    2 ** 32,
    -(2 ** 32),
    2 ** 32 - 1,
    -(2 ** 32) - 1,
    Number.MAX_SAFE_INTEGER,
    Number.MIN_SAFE_INTEGER,
  ])('keeps the int64 %d exact', (value) => {
    const bytes = Buffer.alloc(8);
    writeInt64(bytes, value, 0);
    expect(bytes.readBigInt64BE()).toBe(BigInt(value));
    expect(readInt64(bytes, 0)).toBe(value);
  });

  test('saturates a timestamp that no number holds', () => {
    const batch = made();
    batch.writeBigInt64BE(2n ** 63n - 1n, 35);
    batch.writeBigInt64BE(-(2n ** 63n), 27);
    expect([maxTimestampOf(batch), baseTimestampOf(batch)]).toEqual([
      Number.MAX_SAFE_INTEGER,
      Number.MIN_SAFE_INTEGER,
    ]);
  });
});
