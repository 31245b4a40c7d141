import { BrokerId, LeaderEpoch, Offset, ProducerEpoch, ProducerId, ZERO_TOPIC_ID } from '@kafkaesque/kernel';
import { encodeBatch, encodeTransactionMarker } from '@kafkaesque/protocol';
import type { ConsumerRecord } from '../records';
import type { FetchedPartition } from '../wire/wire';
import { FetchedChunk } from './fetched-chunk';

const batch = (baseOffset: number, values: readonly string[], transactionOf?: number): Buffer =>
  encodeBatch({
    baseOffset: Offset(baseOffset),
    leaderEpoch: LeaderEpoch(4),
    records: values.map((value) => ({ value: Buffer.from(value), headers: [{ key: 'h', value: null }] })),
    timestampMs: 99,
    ...(transactionOf === undefined
      ? {}
      : {
          producerId: ProducerId(transactionOf),
          producerEpoch: ProducerEpoch(0),
          baseSequence: 0,
          isTransactional: true,
        }),
  });

const marker = (type: 'abort' | 'commit', producerId: number, offset: number): Buffer =>
  encodeTransactionMarker({
    type,
    producerId: ProducerId(producerId),
    producerEpoch: ProducerEpoch(0),
    coordinatorEpoch: 0,
    timestampMs: 1,
    baseOffset: Offset(offset),
  });

const fetched = (
  fetchOffset: number,
  batches: readonly Buffer[],
  aborted: FetchedPartition['abortedTransactions'] = [],
): FetchedPartition => ({
  topic: 't',
  topicId: ZERO_TOPIC_ID,
  partition: 2,
  token: 1,
  fetchOffset: Offset(fetchOffset),
  errorCode: 0,
  highWatermark: Offset(100),
  lastStableOffset: Offset(100),
  logStartOffset: Offset(0),
  abortedTransactions: aborted,
  preferredReadReplica: BrokerId(-1),
  records: Buffer.concat(batches),
  creditBytes: 0,
});

const takeAll = (chunk: FetchedChunk, limit = 1000): readonly ConsumerRecord[] => {
  const records: ConsumerRecord[] = [];
  chunk.take(limit, records);
  return records;
};

const valuesOf = (records: readonly ConsumerRecord[]): readonly string[] =>
  records.map(({ value, offset }) => `${offset}${value?.toString()}`);

describe('what a fetch brought', () => {
  test('is given as records with everything that is known of them', () => {
    const [record] = takeAll(new FetchedChunk(fetched(5, [batch(5, ['a'])]), 'read_uncommitted'));
    expect(record).toEqual({
      topic: 't',
      partition: 2,
      offset: 5,
      timestampMs: 99,
      timestampType: 'CreateTime',
      key: null,
      value: Buffer.from('a'),
      headers: [{ key: 'h', value: null }],
      leaderEpoch: 4,
    });
  });

  test('starts at the position, although the whole batch came', () => {
    const chunk = new FetchedChunk(fetched(6, [batch(4, ['a', 'b', 'c', 'd'])]), 'read_uncommitted');
    expect(valuesOf(takeAll(chunk))).toEqual(['6c', '7d']);
    expect(chunk.position).toBe(8);
  });

  test('is taken piece by piece, with a position after each', () => {
    const chunk = new FetchedChunk(fetched(0, [batch(0, ['a', 'b']), batch(2, ['c'])]), 'read_uncommitted');
    expect(valuesOf(takeAll(chunk, 1))).toEqual(['0a']);
    expect([chunk.position, chunk.isEmpty]).toEqual([1, false]);
    expect(valuesOf(takeAll(chunk, 5))).toEqual(['1b', '2c']);
    expect([chunk.position, chunk.isEmpty]).toEqual([3, true]);
  });

  test('skips control records, and the position goes beyond them', () => {
    const chunk = new FetchedChunk(
      fetched(0, [batch(0, ['a'], 7), marker('commit', 7, 1)]),
      'read_uncommitted',
    );
    expect(valuesOf(takeAll(chunk))).toEqual(['0a']);
    expect(chunk.position).toBe(2);
  });

  test('hides aborted transactions under read_committed only, each up to its marker', () => {
    const batches = [
      batch(0, ['a'], 7),
      batch(1, ['b'], 8),
      batch(2, ['c']),
      marker('abort', 7, 3),
      batch(4, ['d'], 7),
      marker('commit', 7, 5),
      marker('commit', 8, 6),
    ];
    const aborted = [{ producerId: 7, firstOffset: 0 }];
    const committed = new FetchedChunk(fetched(0, batches, aborted), 'read_committed');
    expect(valuesOf(takeAll(committed))).toEqual(['1b', '2c', '4d']);
    const all = new FetchedChunk(fetched(0, batches, aborted), 'read_uncommitted');
    expect(valuesOf(takeAll(all))).toEqual(['0a', '1b', '2c', '4d']);
    expect([committed.position, all.position]).toEqual([7, 7]);
  });

  test('keeps the position before a batch that is damaged', () => {
    const damaged = batch(1, ['x', 'y']);
    damaged.writeUInt8(damaged.readUInt8(70) ^ 1, 70);
    const chunk = new FetchedChunk(fetched(0, [batch(0, ['a']), damaged]), 'read_uncommitted');
    const records: ConsumerRecord[] = [];
    expect(() => chunk.take(10, records)).toThrow(/t-2 at offset 1 cannot be read/);
    expect(valuesOf(records)).toEqual(['0a']);
    expect(chunk.position).toBe(1);
  });

  test('has nothing when only a part of a batch came', () => {
    const chunk = new FetchedChunk(fetched(0, [batch(0, ['a']).subarray(0, 50)]), 'read_uncommitted');
    expect(chunk.isEmpty).toBe(true);
  });
});
