import { LeaderEpoch, Offset, ProducerEpoch, ProducerId } from '@kafkaesque/kernel';
import fc from 'fast-check';
import type { Codec } from '../index';
import { codecId, compress, decodeBatch, decompress, encodeBatch, murmur2, validateBatch } from '../index';

/** Byte for byte with KafkaJS, which knows gzip itself and asks its users for the other codecs. */

interface TheirRecord {
  readonly offset: string;
  readonly timestamp: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, Buffer>>;
}

/* eslint-disable @typescript-eslint/no-require-imports -- KafkaJS has no types for its inner files */
const { RecordBatch } = require('kafkajs/src/protocol/recordBatch/v0') as {
  readonly RecordBatch: (fields: object) => Promise<{ readonly buffer: Buffer }>;
};
const writeRecord = require('kafkajs/src/protocol/recordBatch/record/v0') as (fields: object) => object;
const readBatch = require('kafkajs/src/protocol/recordBatch/v0/decoder') as (
  decoder: object,
) => Promise<{ readonly records: readonly TheirRecord[] }>;
const Decoder = require('kafkajs/src/protocol/decoder') as new (bytes: Buffer) => object;
const { Codecs: theirCodecs } = require('kafkajs/src/protocol/message/compression') as {
  readonly Codecs: Record<number, () => object>;
};
const theirMurmur2 = require('kafkajs/src/producer/partitioners/default/murmur2') as (key: Buffer) => number;
/* eslint-enable @typescript-eslint/no-require-imports */

for (const codec of ['snappy', 'lz4'] as const)
  theirCodecs[codecId(codec)] = () => ({
    compress: (encoder: { readonly buffer: Buffer }) => Promise.resolve(compress(codec, encoder.buffer)),
    decompress: (bytes: Buffer) => Promise.resolve(decompress(codec, bytes, 1 << 24)),
  });

const bytes = fc.uint8Array({ maxLength: 100 }).map((array) => Buffer.from(array));
const record = fc.record({
  key: fc.option(bytes, { nil: null }),
  value: fc.option(bytes, { nil: null }),
  // KafkaJS keeps headers in a plain object: a key like `toString` or `7` comes out otherwise than it went in.
  headers: fc.dictionary(
    fc.string({ maxLength: 8 }).map((key) => `h-${key}`),
    bytes,
    { maxKeys: 3, noNullPrototype: true },
  ),

  timestampMs: fc.integer({ min: 1, max: 2_000_000_000_000 }),
});
const records = fc.array(record, { minLength: 1, maxLength: 20 });
const eachCodec = (['none', 'gzip', 'snappy', 'lz4'] as const satisfies readonly Codec[]).map(
  (codec) => [codec] as const,
);
const inOurWords = (list: readonly { readonly headers: Readonly<Record<string, Buffer>> }[]): never =>
  list.map((each) => ({
    ...each,
    headers: Object.entries(each.headers).map(([key, value]) => ({ key, value })),
  })) as never;

describe('record batches of KafkaJS', () => {
  test.each(eachCodec)('have the same bytes as ours: %s', async (codec) => {
    await fc.assert(
      fc.asyncProperty(records, async (list) => {
        const first = list[0]?.timestampMs ?? 0;
        const theirs = await RecordBatch({
          compression: codecId(codec),
          firstOffset: 12,
          firstTimestamp: first,
          maxTimestamp: Math.max(...list.map((each) => each.timestampMs)),
          partitionLeaderEpoch: 4,
          lastOffsetDelta: list.length - 1,
          transactional: true,
          producerId: 77,
          producerEpoch: 5,
          firstSequence: 100,
          records: list.map((each, offsetDelta) =>
            writeRecord({ ...each, offsetDelta, timestampDelta: each.timestampMs - first }),
          ),
        });
        const ours = encodeBatch({
          codec,
          records: inOurWords(list),
          baseOffset: Offset(12),
          leaderEpoch: LeaderEpoch(4),
          isTransactional: true,
          producerId: ProducerId(77),
          producerEpoch: ProducerEpoch(5),
          baseSequence: 100,
        });
        expect(ours.equals(theirs.buffer)).toBe(true);
        expect(decodeBatch(theirs.buffer).records.map((each) => each.value)).toEqual(
          list.map((each) => each.value),
        );
      }),
      { numRuns: 40 },
    );
  });

  test.each(eachCodec)('are read by KafkaJS when we write them: %s', async (codec) => {
    await fc.assert(
      fc.asyncProperty(records, async (list) => {
        const read = await readBatch(
          new Decoder(encodeBatch({ codec, records: inOurWords(list), baseOffset: Offset(9) })),
        );
        expect(
          read.records.map(({ offset, timestamp, key, value, headers }) => ({
            offset,
            timestamp,
            key,
            value,
            headers,
          })),
        ).toEqual(
          list.map(({ timestampMs, ...each }, index) => ({
            ...each,
            offset: String(9 + index),
            timestamp: String(timestampMs),
          })),
        );
      }),
      { numRuns: 25 },
    );
  });

  test('of a producer that is not idempotent are valid, with their zeros for epoch and sequence', async () => {
    const value = Buffer.from('v');
    const written = writeRecord({ offsetDelta: 0, timestampDelta: 0, key: null, value, headers: {} });
    const { buffer } = await RecordBatch({ records: [written], firstTimestamp: 5, maxTimestamp: 5 });
    expect(validateBatch(buffer, 0, { origin: 'client', nowMs: 5, timestampType: 'CreateTime' }).kind).toBe(
      'valid',
    );
  });

  test('go to the same partitions', () => {
    fc.assert(
      fc.property(bytes, (key) => {
        expect(murmur2(key)).toBe(theirMurmur2(key));
      }),
    );
  });
});
