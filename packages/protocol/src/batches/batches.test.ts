import { Offset, ProducerEpoch, ProducerId, SeededRandom, TimestampMs, hasCode } from '@kafkaesque/kernel';
import { casesOf } from '@kafkaesque/kernel/conformance';
import fc from 'fast-check';
import { computeCrc, crcOf, recordCountOf } from './batch-header';
import { codecs } from './compression/codec';
import type { Codec } from './compression/codec';
import { initialiseCodecs } from './compression/compression';
import { controlTypeOf, encodeTransactionMarker } from './control-record';
import { decodeBatch, recordsOf } from './decode-batch';
import { encodeBatch, openBatchBuilder, recordSizeBound } from './encode-batch';
import type { RecordDraft } from './record';
import { recompressBatch } from './recompress-batch';
import { splitBatches } from './split-batches';
import { validateBatch } from './validate-batch';
import type { ValidateOptions } from './validate-batch';

beforeAll(initialiseCodecs);

/** The code of what `run` throws, or `nothing`. */
const thrownBy = (run: () => unknown): unknown => {
  try {
    run();
    return 'nothing';
  } catch (error) {
    return (error as { readonly code?: unknown }).code;
  }
};

const eachCodec = codecs.map((codec) => [codec] as const);
const client: ValidateOptions = { origin: 'client', nowMs: 0, timestampType: 'CreateTime', full: true };

const bytes = fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array));
const nullable = fc.option(bytes, { nil: null });
const record = fc.record({
  key: nullable,
  value: nullable,
  headers: fc.array(fc.record({ key: fc.string({ unit: 'grapheme', maxLength: 12 }), value: nullable }), {
    maxLength: 3,
  }),
  timestampMs: fc.integer({ min: -1, max: 4_000_000_000_000 }),
});

describe('record batches', () => {
  test.each(eachCodec)('come back as they went in: %s', (codec) => {
    fc.assert(
      fc.property(
        fc.array(record, { minLength: 1, maxLength: 40 }),
        fc.maxSafeInteger(),
        (records, offset) => {
          const baseOffset = Offset(Math.abs(offset) % 2 ** 52);
          const batch = encodeBatch({ codec, records, baseOffset });
          const decoded = decodeBatch(batch);
          expect(decoded.records).toEqual(
            records.map((each, index) => ({ ...each, offset: baseOffset + index })),
          );
          expect(decoded.header).toMatchObject({
            codec,
            sizeBytes: batch.length,
            baseOffset,
            lastOffsetDelta: records.length - 1,
            baseTimestampMs: records.at(0)?.timestampMs,
            maxTimestampMs: Math.max(...records.map((each) => each.timestampMs)),
          });
        },
      ),
      { numRuns: casesOf(10, 30) },
    );
  });

  test.each(eachCodec)('are valid as they are built: %s', (codec) => {
    fc.assert(
      fc.property(fc.array(record, { minLength: 1, maxLength: 40 }), (records) => {
        const found = validateBatch(encodeBatch({ codec, records }), 0, client);
        expect(found).toMatchObject({ kind: 'valid', recordCount: records.length });
      }),
      { numRuns: casesOf(10, 30) },
    );
  });

  test('are read one record at a time by who stops early', () => {
    const records = Array.from({ length: 5 }, (_, index) => ({ value: Buffer.from(`v${index}`) }));
    const read = recordsOf(encodeBatch({ records }));
    expect(read.next().value?.value?.toString()).toBe('v0');
    expect(read.next().value?.offset).toBe(1);
  });

  test('keys and values are views, not copies', () => {
    const batch = encodeBatch({ records: [{ key: Buffer.from('k'), value: Buffer.from('v') }] });
    expect(decodeBatch(batch).records[0]?.value?.buffer).toBe(batch.buffer);
  });

  test('of LogAppendTime give every record the time of the broker', () => {
    const batch = encodeBatch({
      records: [1, 9, 5].map((timestampMs) => ({ timestampMs })),
      timestampType: 'LogAppendTime',
    });
    expect(decodeBatch(batch).records.map((each) => each.timestampMs)).toEqual([9, 9, 9]);
  });

  test('whose records compaction has taken are read as empty', () => {
    const batch = encodeBatch({ codec: 'gzip', records: [{ value: null }] }).subarray(0, 61);
    batch.writeInt32BE(49, 8);
    batch.writeInt32BE(0, 57);
    batch.writeUInt32BE(computeCrc(batch), 17);
    expect(decodeBatch(batch).records).toEqual([]);
  });

  test('are found one behind another, and a cut one at the end is left for the next answer', () => {
    const one = encodeBatch({ records: [{ value: Buffer.from('1') }] });
    const two = encodeBatch({ records: [{ value: Buffer.from('two') }] });
    const both = Buffer.concat([one, two]);
    const split = { kind: 'split', positions: [0, one.length], endsAt: both.length };
    expect(splitBatches(both)).toEqual(split);
    for (const cut of [1, 30, 61, two.length - 1])
      expect(splitBatches(Buffer.concat([both, two.subarray(0, cut)]))).toEqual(split);
    const old = Buffer.concat([one, two]);
    old.writeUInt8(1, one.length + 16);
    expect(splitBatches(old)).toMatchObject({ kind: 'malformed', at: one.length });
    const small = Buffer.concat([one, two]);
    small.writeInt32BE(-12, one.length + 8);
    expect(splitBatches(small)).toMatchObject({ kind: 'malformed', at: one.length });
  });

  test('keep their header and records under another codec', () => {
    const records = Array.from({ length: 8 }, (_, index) => ({
      value: Buffer.from(`value ${index}`),
      timestampMs: index,
    }));
    for (const from of codecs)
      for (const to of codecs) {
        const before = encodeBatch({
          codec: from,
          records,
          producerId: ProducerId(5),
          producerEpoch: ProducerEpoch(1),
          baseSequence: 3,
        });
        const after = recompressBatch(before, 0, to);
        expect(decodeBatch(after).header).toEqual({
          ...decodeBatch(before).header,
          codec: to,
          sizeBytes: after.length,
          crc: crcOf(after),
        });
        expect(decodeBatch(after).records).toEqual(decodeBatch(before).records);
      }
  });

  test('of a transaction marker say how it ended', () => {
    const marker = encodeTransactionMarker({
      type: 'commit',
      producerId: ProducerId(4),
      producerEpoch: ProducerEpoch(2),
      coordinatorEpoch: 8,
      timestampMs: 77,
    });
    const { header, records } = decodeBatch(marker);
    expect(header).toMatchObject({ isControl: true, isTransactional: true, baseSequence: -1, producerId: 4 });
    expect(records.map((each) => controlTypeOf(each.key))).toEqual(['commit']);
    expect(controlTypeOf(Buffer.from([0, 0, 0, 99]))).toBeUndefined();
    expect(controlTypeOf(null)).toBeUndefined();
  });
});

describe('a batch builder', () => {
  const draft: RecordDraft = {
    key: Buffer.from('key'),
    value: Buffer.alloc(1_000, 'v'),
    headers: [{ key: 'h', value: null }],
  };

  test('fills a batch to the limit and not beyond', () => {
    const builder = openBatchBuilder({ limitBytes: 16_384 });
    while (builder.hasRoomFor(draft)) builder.append(draft, 5);
    expect(builder.recordCount).toBe(16);
    expect(builder.estimatedSizeBytes).toBe(builder.uncompressedBytes);
    const batch = builder.build();
    expect(batch.length).toBe(builder.uncompressedBytes);
    expect(batch.length).toBeLessThanOrEqual(16_384);
    expect(recordCountOf(batch)).toBe(16);
  });

  test('takes the first record, however large', () => {
    const builder = openBatchBuilder({ limitBytes: 100 });
    expect(builder.hasRoomFor(draft)).toBe(true);
    builder.append(draft, 5);
    expect(builder.hasRoomFor({ value: null })).toBe(false);
  });

  test('expects as much compression as it is told', () => {
    const builder = openBatchBuilder({ codec: 'lz4', limitBytes: 16_384, ratio: 0.1 });
    while (builder.hasRoomFor(draft)) builder.append(draft, 5);
    expect(builder.recordCount).toBeGreaterThan(140);
    expect(builder.build().length).toBeLessThan(16_384);
  });

  test('never needs more bytes for a record than it said', () => {
    fc.assert(
      fc.property(record, fc.nat(1_000), (each, before) => {
        const builder = openBatchBuilder({ limitBytes: Infinity });
        builder.append({ timestampMs: before }, 0);
        const from = builder.uncompressedBytes;
        builder.append(each, 0);
        expect(builder.uncompressedBytes - from).toBeLessThanOrEqual(recordSizeBound(each));
      }),
    );
  });

  test('is used up when it has built', () => {
    const builder = openBatchBuilder({ limitBytes: 100 });
    builder.append(draft, 5);
    builder.build();
    expect(() => builder.build()).toThrow(/built once/);
    expect(() => builder.append(draft, 5)).toThrow(/finished batch/);
  });
});

describe('damaged batches', () => {
  const seed = 61;
  const random = new SeededRandom(seed);
  const failures = ['CORRUPT_BATCH', 'OUTPUT_TOO_LARGE', 'UNSUPPORTED_CODEC'];
  const sample = (codec: Codec): Buffer =>
    encodeBatch({
      codec,
      records: Array.from({ length: 1 + random.below(20) }, (_, index) => ({
        key: index % 2 === 0 ? null : Buffer.from(`k${index}`),
        value: Buffer.alloc(random.below(60), random.below(256)),
        headers: index % 3 === 0 ? [{ key: 'header', value: Buffer.from('x') }] : [],
        timestampMs: 1_700_000_000_000 + random.below(1_000),
      })),
    });

  test(`are told by their CRC (seed ${seed})`, () => {
    for (let run = 0; run < 200; run += 1) {
      const batch = sample('none');
      const at = 21 + random.below(batch.length - 21);
      batch.writeUInt8(batch.readUInt8(at) ^ (1 << random.below(8)), at);
      expect(validateBatch(batch, 0, client)).toMatchObject({ kind: 'invalid' });
      expect(thrownBy(() => decodeBatch(batch))).toBe('CORRUPT_BATCH');
    }
  });

  test(`with a CRC that is right are refused by name, or valid for all who read them (seed ${seed})`, () => {
    const counts = { valid: 0, invalid: 0 };
    for (let run = 0; run < 2_500; run += 1) {
      const batch = sample(codecs[run % codecs.length] ?? 'none');
      for (let flips = 1 + random.below(3); flips > 0; flips -= 1)
        batch.writeUInt8(
          random.below(256),
          random.below(2) === 0 ? 21 + random.below(40) : 61 + random.below(batch.length - 61),
        );
      batch.writeUInt32BE(computeCrc(batch), 17);
      const found = validateBatch(batch, 0, { ...client, maxDecompressedBytes: 1 << 20 });
      counts[found.kind] += 1;
      const decoded = decodedOrFailure(batch);
      // What the leader lets in, every consumer can read, with the same count and the same greatest timestamp.
      if (found.kind === 'valid') {
        expect(decoded).toHaveLength(found.recordCount);
        expect(Math.max(-1, ...(decoded ?? []).map((each) => each.timestampMs))).toBe(found.maxTimestampMs);
      }
    }
    expect(Math.min(counts.valid, counts.invalid)).toBeGreaterThan(200);
  });

  const decodedOrFailure = (batch: Buffer): ReturnType<typeof decodeBatch>['records'] | undefined => {
    try {
      return decodeBatch(batch, 0, { maxDecompressedBytes: 1 << 20 }).records;
    } catch (error) {
      if (!failures.some((code) => hasCode(error, code))) throw error;
      return undefined;
    }
  };

  test('of random bytes never do more than fail', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(80), (array, at) => {
        const noise = Buffer.from(array);
        if (noise.length > 16) noise.writeUInt8(2, 16);
        expect(validateBatch(noise, Math.min(at, noise.length), client).kind).toBe('invalid');
        expect(thrownBy(() => decodeBatch(noise, Math.min(at, noise.length)))).toBe('CORRUPT_BATCH');
        expect(['split', 'malformed']).toContain(splitBatches(noise).kind);
      }),
    );
  });

  test('without a CRC check are still held to their lengths', () => {
    const batch = sample('none');
    batch.writeUInt8(batch.readUInt8(17) ^ 1, 17);
    expect(decodeBatch(batch, 0, { checkCrc: false }).records.length).toBe(recordCountOf(batch));
    batch.writeInt32BE(recordCountOf(batch) + 1, 57);
    expect(thrownBy(() => decodeBatch(batch, 0, { checkCrc: false }))).toBe('CORRUPT_BATCH');
  });

  test('cannot make a timestamp that is no number', () => {
    const batch = encodeBatch({ records: [{ timestampMs: 5 }] });
    batch.writeUInt32BE(0x7fffffff, 27);
    batch.writeUInt32BE(computeCrc(batch), 17);
    expect(decodeBatch(batch).records[0]?.timestampMs).toBe(TimestampMs(Number.MAX_SAFE_INTEGER));
  });
});
