import { LeaderEpoch, Offset, TimestampMs } from '@kafkaesque/kernel';
import { ErrorCode, errorName } from '../errors';
import { computeCrc, crcOf, setBaseOffset, setLeaderEpoch, setMaxTimestampAndType } from './batch-header';
import { initialiseCodecs } from './compression/compression';
import { encodeTransactionMarker } from './control-record';
import { encodeBatch } from './encode-batch';
import { judgedBatches, judgedNowMs } from './judged-batches';
import { validateBatch, validateProduceRecords } from './validate-batch';
import type { BatchValidation, ValidateOptions } from './validate-batch';

beforeAll(initialiseCodecs);

const client: ValidateOptions = { origin: 'client', nowMs: judgedNowMs, timestampType: 'CreateTime' };
const answerOf = (found: BatchValidation): string =>
  found.kind === 'valid' ? 'NONE' : errorName(found.error);

describe('validating what a client produces', () => {
  test('every good and bad batch of the table gets its answer, and is left as it was', () => {
    const answers = judgedBatches().map((judged) => {
      const before = Buffer.from(judged.bytes);
      const found = validateProduceRecords(judged.bytes, {
        ...client,
        compacted: judged.compacted ?? false,
        timestampType: judged.timestampType ?? 'CreateTime',
        timestampBeforeMaxMs: judged.beforeMaxMs ?? Infinity,
        timestampAfterMaxMs: judged.afterMaxMs ?? Infinity,
        maxMessageBytes: judged.maxMessageBytes ?? Infinity,
        full: judged.full ?? false,
      });
      expect(judged.bytes.equals(before)).toBe(true);
      const refused = found.kind === 'invalid' ? found.recordErrors.map((error) => error.batchIndex) : [];
      return `${judged.name}: ${answerOf(found)} ${refused.join(',')}`;
    });
    expect(answers).toEqual(
      judgedBatches().map((judged) => `${judged.name}: ${judged.error} ${(judged.refused ?? []).join(',')}`),
    );
  });

  test('no records at all are no batch', () => {
    expect(answerOf(validateProduceRecords(null, client))).toBe('INVALID_RECORD');
  });

  test('the greatest timestamp comes from the records, whatever the header says', () => {
    const records = [5, 9, 7].map((ms) => ({ value: null, timestampMs: judgedNowMs + ms }));
    const expected = { kind: 'valid', recordCount: 3, maxTimestampMs: judgedNowMs + 9 };
    const batch = encodeBatch({ records });
    expect(validateBatch(batch, 0, client)).toMatchObject({
      ...expected,
      sizeBytes: batch.length,
      codec: 'none',
    });
    setMaxTimestampAndType(batch, 0, TimestampMs(1), 'CreateTime');
    expect(validateBatch(batch, 0, client)).toMatchObject(expected);
    const zstd = encodeBatch({ codec: 'zstd', records });
    expect(validateBatch(zstd, 0, client)).toMatchObject({ ...expected, codec: 'zstd' });
    setMaxTimestampAndType(zstd, 0, TimestampMs(-1), 'CreateTime');
    expect(validateBatch(zstd, 0, client)).toMatchObject(expected);
  });

  test('zstd needs a produce version that knows it', () => {
    const batch = encodeBatch({ codec: 'zstd', records: [{ value: Buffer.from('v') }] });
    expect(answerOf(validateBatch(batch, 0, { ...client, zstdAllowed: false }))).toBe(
      'UNSUPPORTED_COMPRESSION_TYPE',
    );
  });

  test('an unopened batch is stored as it came, an opened one that lies is refused', () => {
    const batch = encodeBatch({ codec: 'gzip', records: [{ value: Buffer.from('v'.repeat(50)) }] });
    batch.writeUInt8(batch.readUInt8(75) ^ 0xff, 75);
    batch.writeUInt32BE(computeCrc(batch), 17);
    expect(answerOf(validateBatch(batch, 0, client))).toBe('NONE');
    expect(answerOf(validateBatch(batch, 0, { ...client, full: true }))).toBe('INVALID_RECORD');
  });

  test('an opened batch may not hold more than the limit', () => {
    const batch = encodeBatch({ codec: 'gzip', records: [{ value: Buffer.alloc(100_000) }] });
    const full = { ...client, full: true };
    expect(answerOf(validateBatch(batch, 0, { ...full, maxDecompressedBytes: 50_000 }))).toBe(
      'INVALID_RECORD',
    );
    expect(answerOf(validateBatch(batch, 0, { ...full, maxDecompressedBytes: 200_000 }))).toBe('NONE');
  });

  test('the list of refused records is bounded', () => {
    const records = Array.from({ length: 5_000 }, () => ({ value: null }));
    const found = validateBatch(encodeBatch({ records }), 0, { ...client, compacted: true });
    expect(found).toMatchObject({ kind: 'invalid', error: ErrorCode.INVALID_RECORD });
    expect(found.kind === 'invalid' && found.recordErrors.length).toBe(1_000);
  });

  test('the batch may stand anywhere in the buffer', () => {
    const batch = encodeBatch({ records: [{ key: Buffer.from('k'), value: Buffer.from('v') }] });
    const around = Buffer.concat([Buffer.alloc(13, 0xff), batch, Buffer.alloc(7, 0xff)]);
    expect(validateBatch(around, 13, client)).toEqual(validateBatch(batch, 0, client));
  });
});

describe('validating what brokers write', () => {
  const marker = encodeTransactionMarker({
    type: 'commit',
    producerId: 9 as never,
    producerEpoch: 1 as never,
    coordinatorEpoch: 3,
    timestampMs: judgedNowMs,
    baseOffset: Offset(40),
  });

  test('a coordinator may write control batches, also to compacted partitions', () => {
    expect(answerOf(validateBatch(marker, 0, { ...client, origin: 'coordinator', compacted: true }))).toBe(
      'NONE',
    );
    expect(answerOf(validateBatch(marker, 0, client))).toBe('INVALID_RECORD');
  });

  test('a follower takes what the leader has, but not what was damaged on the way', () => {
    const batch = encodeBatch({ records: [{ value: null }, { value: null }] });
    setBaseOffset(batch, 0, Offset(1_000_000));
    setLeaderEpoch(batch, 0, LeaderEpoch(12));
    // Compaction has taken the second record; the offsets remain.
    batch.writeInt32BE(1, 57);
    batch.writeUInt32BE(computeCrc(batch), 17);
    const follower = { ...client, origin: 'replication' } as const;
    expect(answerOf(validateBatch(batch, 0, follower))).toBe('NONE');
    batch.writeUInt32BE(crcOf(batch) ^ 1, 17);
    expect(answerOf(validateBatch(batch, 0, follower))).toBe('CORRUPT_MESSAGE');
  });
});
