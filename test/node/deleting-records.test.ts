import { Offset, ProducerEpoch, ProducerId } from '@kafkaesque/kernel';
import { ErrorCode } from '@kafkaesque/protocol';
import type { Cluster } from '@kafkaesque/testkit';
import { createCluster } from '@kafkaesque/testkit';
import type { BadClient } from '../bad-input/client';
import { batchOf, connectTo, createdTopic, fetched, listed, produced, valuesFrom } from './node-client';

let cluster: Cluster;
let client: BadClient;
beforeAll(async () => {
  cluster = await createCluster();
  client = await connectTo(cluster);
});
afterAll(async () => {
  await client[Symbol.asyncDispose]();
  await cluster.close();
});

const EARLIEST = -2;

/** DeleteRecords of partition 0: error and the first offset it has now. */
const deletedBelow = async (topic: string, offset: number, partition = 0): Promise<readonly unknown[]> => {
  const { topics } = await client.ask('DeleteRecords', 2, {
    topics: [{ name: topic, partitions: [{ partitionIndex: partition, offset: Offset(offset) }] }],
    timeoutMs: 30_000,
  });
  const answer = topics[0]?.partitions[0];
  return [answer?.errorCode, answer?.lowWatermark];
};

const sizeOf = async (topic: string): Promise<number> => {
  const { results } = await client.ask('DescribeLogDirs', 4, { topics: [{ topic, partitions: [0] }] });
  expect(results.map(({ errorCode, topics }) => [errorCode, topics.map(({ name }) => name)])).toEqual([
    [0, [topic]],
  ]);
  return results[0]?.topics[0]?.partitions[0]?.partitionSize ?? -1;
};

describe('deleting records', () => {
  test('raises the first offset for readers, at once and after a crash', async () => {
    await createdTopic(client, 'cut');
    for (const value of ['a', 'b', 'c', 'd']) await produced(client, 'cut', batchOf([value]));
    expect(await deletedBelow('cut', 2)).toEqual([0, 2]);
    expect(await listed(client, 'cut', EARLIEST)).toMatchObject({ errorCode: 0, offset: 2 });
    expect(await fetched(client, 'cut', 1)).toMatchObject({ errorCode: ErrorCode.OFFSET_OUT_OF_RANGE });
    expect(await valuesFrom(client, 'cut', 2)).toEqual(['c', 'd']);
    await client[Symbol.asyncDispose]();
    await cluster.restart('crash');
    client = await connectTo(cluster);
    expect(await listed(client, 'cut', EARLIEST)).toMatchObject({ errorCode: 0, offset: 2 });
    expect(await valuesFrom(client, 'cut', 2)).toEqual(['c', 'd']);
  });

  test('within a batch keeps the batch, and shows its rest', async () => {
    await createdTopic(client, 'within');
    await produced(client, 'within', batchOf(['a', 'b', 'c']));
    expect(await deletedBelow('within', 1)).toEqual([0, 1]);
    expect(await valuesFrom(client, 'within', 1)).toEqual(['b', 'c']);
  });

  test('never lowers the first offset, and -1 takes everything that is committed', async () => {
    await createdTopic(client, 'all');
    for (const value of ['a', 'b']) await produced(client, 'all', batchOf([value]));
    expect(await deletedBelow('all', 1)).toEqual([0, 1]);
    expect(await deletedBelow('all', 0)).toEqual([0, 1]);
    expect(await deletedBelow('all', -1)).toEqual([0, 2]);
    expect(await fetched(client, 'all', 2)).toMatchObject({
      errorCode: 0,
      highWatermark: 2,
      logStartOffset: 2,
    });
    expect(await produced(client, 'all', batchOf(['c']))).toMatchObject({ errorCode: 0, baseOffset: 2 });
    expect(await valuesFrom(client, 'all', 2)).toEqual(['c']);
  });

  test('gives back the space of segments that nobody can read any more', async () => {
    await createdTopic(client, 'space', { 'segment.bytes': '1048576', 'file.delete.delay.ms': '0' });
    const value = 'x'.repeat(400_000);
    for (let i = 0; i < 5; i++) await produced(client, 'space', batchOf([value]));
    expect(await sizeOf('space')).toBeGreaterThan(2_000_000);
    expect(await deletedBelow('space', 4)).toEqual([0, 4]);
    expect(await sizeOf('space')).toBeLessThan(1_048_576);
    expect(await valuesFrom(client, 'space', 4)).toEqual([value]);
  });

  test.each([
    { topic: 'refusing', offset: 3, partition: 0, errorCode: ErrorCode.OFFSET_OUT_OF_RANGE },
    { topic: 'refusing', offset: -2, partition: 0, errorCode: ErrorCode.OFFSET_OUT_OF_RANGE },
    { topic: 'refusing', offset: 1, partition: 1, errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION },
    { topic: 'refusing', offset: 1, partition: -1, errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION },
    { topic: 'nobody', offset: 1, partition: 0, errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION },
    { topic: 'compacted', offset: 0, partition: 0, errorCode: ErrorCode.POLICY_VIOLATION },
    { topic: '__consumer_offsets', offset: 0, partition: 0, errorCode: ErrorCode.INVALID_TOPIC_EXCEPTION },
  ])('of $topic-$partition below $offset is refused with $errorCode', async (row) => {
    const { topics } = await client.ask('Metadata', 12, { topics: null });
    const known = new Set(topics.map(({ name }) => name));
    if (!known.has('refusing')) {
      await createdTopic(client, 'refusing');
      await createdTopic(client, 'compacted', { 'cleanup.policy': 'compact' });
      await createdTopic(client, '__consumer_offsets', { 'cleanup.policy': 'compact,delete' });
      await produced(client, 'refusing', batchOf(['a', 'b']));
    }
    expect(await deletedBelow(row.topic, row.offset, row.partition)).toEqual([row.errorCode, -1]);
  });
});

describe('a partition’s producers', () => {
  test('are those whose batches it remembers, with their last sequence', async () => {
    await createdTopic(client, 'remembers');
    for (const baseSequence of [0, 2])
      await produced(
        client,
        'remembers',
        batchOf(['a', 'b'], {
          producerId: ProducerId(7),
          producerEpoch: ProducerEpoch(1),
          baseSequence,
          timestampMs: 40 + baseSequence,
        }),
      );
    const { topics } = await client.ask('DescribeProducers', 0, {
      topics: [
        { name: 'remembers', partitionIndexes: [0] },
        { name: 'nobody', partitionIndexes: [0] },
        { name: 'not/possible', partitionIndexes: [0] },
      ],
    });
    expect(topics.map(({ partitions }) => partitions[0])).toMatchObject([
      {
        errorCode: 0,
        activeProducers: [
          {
            producerId: 7,
            producerEpoch: 1,
            lastSequence: 3,
            lastTimestamp: 42,
            coordinatorEpoch: -1,
            currentTxnStartOffset: -1,
          },
        ],
      },
      {
        errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
        errorMessage: 'This server does not host this topic-partition.',
      },
      { errorCode: ErrorCode.INVALID_TOPIC_EXCEPTION },
    ]);
  });
});
