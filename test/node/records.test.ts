import { Offset, PartitionIndex, ProducerEpoch } from '@kafkaesque/kernel';
import {
  ErrorCode,
  codecOf,
  codecs,
  decodeBatch,
  encodeBatch,
  lastOffsetOf,
  maxTimestampOf,
  timestampTypeOf,
} from '@kafkaesque/protocol';
import type { Cluster } from '@kafkaesque/testkit';
import { createCluster } from '@kafkaesque/testkit';
import type { BadClient } from '../bad-input/client';
import {
  altered,
  batchOf,
  connectTo,
  createdTopic,
  deletedTopic,
  fetched,
  listed,
  produced,
  valuesFrom,
} from './node-client';

let cluster: Cluster;
let client: BadClient;
beforeAll(async () => {
  cluster = await createCluster({
    properties: {
      'log.retention.check.interval.ms': 20,
      'log.initial.task.delay.ms': 20,
      'log.retention.ms': -1,
    },
  });
  client = await connectTo(cluster);
});
afterAll(async () => {
  await client[Symbol.asyncDispose]();
  await cluster.close();
});

let topicCount = 0;
const freshTopic = async (
  configs: Readonly<Record<string, string>> = {},
  partitions = 1,
): Promise<string> => {
  const name = `topic-${topicCount++}`;
  await createdTopic(client, name, configs, partitions);
  return name;
};

const firstBatch = async (topic: string): Promise<Buffer> =>
  (await fetched(client, topic, 0)).records ?? Buffer.alloc(0);

describe('what a topic’s configuration does to its records', () => {
  test('LogAppendTime replaces the timestamps and says so in the answer', async () => {
    const topic = await freshTopic({ 'message.timestamp.type': 'LogAppendTime' });
    const before = Date.now();
    const answer = await produced(client, topic, batchOf(['a'], { timestampMs: 5 }));
    expect(answer.errorCode).toBe(0);
    expect(answer.logAppendTimeMs).toBeGreaterThanOrEqual(before);
    const batch = await firstBatch(topic);
    expect(timestampTypeOf(batch)).toBe('LogAppendTime');
    expect(maxTimestampOf(batch)).toBe(answer.logAppendTimeMs);
    expect(decodeBatch(batch, 0).records[0]?.timestampMs).toBe(answer.logAppendTimeMs);
  });

  test.each(codecs.filter((codec) => codec !== 'none'))(
    'compression.type=%s stores that codec',
    async (codec) => {
      const topic = await freshTopic({ 'compression.type': codec });
      expect(await produced(client, topic, batchOf(['a', 'b', 'c']))).toMatchObject({ errorCode: 0 });
      expect(codecOf(await firstBatch(topic))).toBe(codec);
      expect(await valuesFrom(client, topic, 0)).toEqual(['a', 'b', 'c']);
    },
  );

  test('compression.type=uncompressed opens what came compressed, and takes effect at once when altered', async () => {
    const topic = await freshTopic();
    await produced(client, topic, batchOf(['a'], { codec: 'gzip' }));
    expect(codecOf(await firstBatch(topic))).toBe('gzip');
    expect(await altered(client, topic, 'compression.type', 'uncompressed')).toBe(0);
    await produced(client, topic, batchOf(['b'], { codec: 'gzip' }));
    expect(codecOf((await fetched(client, topic, 1)).records ?? Buffer.alloc(0))).toBe('none');
    expect(await valuesFrom(client, topic, 0)).toEqual(['a', 'b']);
  });

  test('max.message.bytes bounds a batch, and takes effect at once when altered', async () => {
    const topic = await freshTopic({ 'max.message.bytes': '200' });
    const large = batchOf(['x'.repeat(300)]);
    expect(await produced(client, topic, large)).toMatchObject({
      errorCode: ErrorCode.MESSAGE_TOO_LARGE,
      baseOffset: -1,
    });
    expect(await produced(client, topic, batchOf(['small']))).toMatchObject({ errorCode: 0, baseOffset: 0 });
    expect(await altered(client, topic, 'max.message.bytes', '1000')).toBe(0);
    expect(await produced(client, topic, large)).toMatchObject({ errorCode: 0, baseOffset: 1 });
  });

  test('a compacted topic refuses records without a key, and names them', async () => {
    const topic = await freshTopic({ 'cleanup.policy': 'compact' });
    const keyed = { key: Buffer.from('k'), value: Buffer.from('v') };
    const records = encodeBatch({ records: [keyed, { key: null, value: Buffer.from('v') }], timestampMs: 1 });
    const answer = await produced(client, topic, records);
    expect(answer).toMatchObject({ errorCode: ErrorCode.INVALID_RECORD, recordErrors: [{ batchIndex: 1 }] });
    expect(answer.errorMessage).not.toBeNull();
    expect(await valuesFrom(client, topic, 0)).toEqual([]);
  });

  test('min.insync.replicas beyond the replicas there are asks for all of them, as in Kafka', async () => {
    const topic = await freshTopic({ 'min.insync.replicas': '2' });
    expect(await produced(client, topic, batchOf(['a']))).toMatchObject({ errorCode: 0 });
    expect(await valuesFrom(client, topic, 0)).toEqual(['a']);
  });

  test('retention by size deletes whole old segments and raises the log start', async () => {
    const topic = await freshTopic({ 'segment.bytes': '1048576', 'file.delete.delay.ms': '0' });
    const value = 'x'.repeat(700_000);
    for (let i = 0; i < 4; i++) await produced(client, topic, batchOf([`${i}${value}`]));
    expect(await listed(client, topic, -2)).toMatchObject({ offset: 0 });
    expect(await altered(client, topic, 'retention.bytes', '1000000')).toBe(0);
    let start = 0;
    while (start < 2) start = (await listed(client, topic, -2)).offset;
    expect(start).toBe(2);
    expect(await fetched(client, topic, 0)).toMatchObject({ errorCode: ErrorCode.OFFSET_OUT_OF_RANGE });
    const { records, logStartOffset } = await fetched(client, topic, 2, { maxBytes: 1 });
    expect({ logStartOffset, last: lastOffsetOf(records ?? Buffer.alloc(0)) }).toEqual({
      logStartOffset: 2,
      last: 2,
    });
  });

  test('flush.policy can be changed under load: nothing is lost, and a new leader epoch begins', async () => {
    const topic = await freshTopic();
    const expected: string[] = [];
    for (const policy of ['ack', 'replication', 'ack']) {
      expect(await altered(client, topic, 'flush.policy', policy)).toBe(0);
      for (let i = 0; i < 3; i++) {
        const value = `${policy} ${expected.length}`;
        expect(await produced(client, topic, batchOf([value]))).toMatchObject({ errorCode: 0 });
        expected.push(value);
      }
    }
    expect(await valuesFrom(client, topic, 0)).toEqual(expected);
    const { topics } = await client.ask('Metadata', 12, { topics: [{ name: topic }] });
    expect(topics[0]?.partitions[0]?.leaderEpoch).toBe(2);
  });
});

describe('idempotent producers', () => {
  test('get the first offset for a repeated batch, and an error for a gap and for an old epoch', async () => {
    const topic = await freshTopic();
    const { producerId } = await client.ask('InitProducerId', 4, {
      transactionalId: null,
      transactionTimeoutMs: 1,
    });
    const batch = (baseSequence: number, epoch = 1): Buffer =>
      batchOf(['a', 'b'], { producerId, producerEpoch: ProducerEpoch(epoch), baseSequence });
    for (const sequence of [0, 2, 4])
      expect(await produced(client, topic, batch(sequence))).toMatchObject({
        errorCode: 0,
        baseOffset: sequence,
      });
    expect(await produced(client, topic, batch(2))).toMatchObject({ errorCode: 0, baseOffset: 2 });
    expect(await produced(client, topic, batch(8))).toMatchObject({
      errorCode: ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER,
    });
    expect(await produced(client, topic, batch(6, 0))).toMatchObject({
      errorCode: ErrorCode.INVALID_PRODUCER_EPOCH,
    });
    expect(await listed(client, topic, -1)).toMatchObject({ offset: 6 });
  });
});

describe('reading', () => {
  test('from the middle of a batch gives the whole batch', async () => {
    const topic = await freshTopic();
    await produced(client, topic, batchOf(['a', 'b', 'c'], { codec: 'gzip' }));
    await produced(client, topic, batchOf(['d']));
    const { records } = await fetched(client, topic, 1);
    expect(decodeBatch(records ?? Buffer.alloc(0), 0).records.map(({ offset }) => offset)).toEqual([0, 1, 2]);
    expect(await valuesFrom(client, topic, 1)).toEqual(['b', 'c', 'd']);
  });

  test('beyond the end is out of range, at the end is nothing yet', async () => {
    const topic = await freshTopic();
    await produced(client, topic, batchOf(['a']));
    expect(await fetched(client, topic, 1)).toMatchObject({ errorCode: 0, highWatermark: 1 });
    for (const offset of [-1, 2, 1e12])
      expect(await fetched(client, topic, offset)).toMatchObject({
        errorCode: ErrorCode.OFFSET_OUT_OF_RANGE,
        highWatermark: -1,
      });
  });

  test('keeps the limits, but gives the first partition that has something one batch however large it is', async () => {
    const topic = await freshTopic({}, 3);
    const value = 'x'.repeat(1000);
    for (const partition of [1, 2])
      for (let i = 0; i < 3; i++) await produced(client, topic, batchOf([value]), { partition });
    const sizes = async (maxBytes: number, partitionMaxBytes: number): Promise<readonly number[]> => {
      const { responses } = await client.ask('Fetch', 12, {
        maxWaitMs: 0,
        minBytes: 0,
        maxBytes,
        topics: [
          {
            topic,
            partitions: [0, 1, 2].map((partition) => ({
              partition: PartitionIndex(partition),
              fetchOffset: Offset(0),
              partitionMaxBytes,
            })),
          },
        ],
      });
      return responses[0]?.partitions.map(({ records }) => records?.length ?? 0) ?? [];
    };
    const batchBytes = batchOf([value]).length;
    expect(await sizes(1, 1)).toEqual([0, batchBytes, 0]);
    expect(await sizes(1_000_000, 0)).toEqual([0, batchBytes, 0]);
    expect(await sizes(1_000_000, 2 * batchBytes)).toEqual([0, 2 * batchBytes, 2 * batchBytes]);
    expect(await sizes(4 * batchBytes, 1_000_000)).toEqual([0, 3 * batchBytes, batchBytes]);
  });

  test('waits for records, and a produce ends the wait', async () => {
    const topic = await freshTopic();
    await using other = await connectTo(cluster);
    const poll = fetched(other, topic, 0, { maxWaitMs: 600_000 });
    await listed(client, topic, -1);
    await produced(client, topic, batchOf(['awaited']));
    expect(decodeBatch((await poll).records ?? Buffer.alloc(0), 0).records[0]?.value?.toString()).toBe(
      'awaited',
    );
  });

  test('ends the wait when the topic is deleted', async () => {
    const topic = await freshTopic();
    await using other = await connectTo(cluster);
    const poll = fetched(other, topic, 0, { maxWaitMs: 600_000 });
    await listed(client, topic, -1);
    expect(await deletedTopic(client, topic)).toBe(0);
    expect(await poll).toMatchObject({ errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION });
  });

  test('a session answers only with what changed (KIP-227)', async () => {
    const topic = await freshTopic({}, 2);
    const ask = (sessionId: number, sessionEpoch: number, partitions: readonly number[]) =>
      client.ask('Fetch', 12, {
        maxWaitMs: 0,
        minBytes: 0,
        sessionId,
        sessionEpoch,
        topics:
          partitions.length === 0
            ? []
            : [
                {
                  topic,
                  partitions: partitions.map((partition) => ({
                    partition: PartitionIndex(partition),
                    fetchOffset: Offset(0),
                    partitionMaxBytes: 1000,
                  })),
                },
              ],
      });
    const named = ({ responses }: Awaited<ReturnType<typeof ask>>): readonly number[] =>
      responses.flatMap(({ partitions }) => partitions.map(({ partitionIndex }) => partitionIndex));
    const full = await ask(0, 0, [0, 1]);
    expect(full.sessionId).toBeGreaterThan(0);
    expect(named(full)).toEqual([0, 1]);
    expect(named(await ask(full.sessionId, 1, []))).toEqual([]);
    await produced(client, topic, batchOf(['a']), { partition: 1 });
    expect(named(await ask(full.sessionId, 2, []))).toEqual([1]);
    expect(await ask(full.sessionId, 9, [])).toMatchObject({
      errorCode: ErrorCode.INVALID_FETCH_SESSION_EPOCH,
    });
    expect(await ask(full.sessionId, -1, [])).toMatchObject({ errorCode: 0, sessionId: 0 });
    expect(await ask(full.sessionId, 3, [])).toMatchObject({
      errorCode: ErrorCode.FETCH_SESSION_ID_NOT_FOUND,
    });
  });
});

describe('positions', () => {
  test('by timestamp are exact, and the special ones are what Kafka says', async () => {
    const topic = await freshTopic();
    const records = (times: readonly number[], codec?: 'zstd'): Buffer =>
      encodeBatch({
        timestampMs: 0,
        ...(codec === undefined ? {} : { codec }),
        records: times.map((timestampMs) => ({ key: null, value: Buffer.from('v'), timestampMs })),
      });
    await produced(client, topic, records([100, 300, 200]));
    await produced(client, topic, records([150, 400, 350], 'zstd'));
    const at = async (timestamp: number): Promise<unknown> => {
      const { errorCode, offset, timestamp: found } = await listed(client, topic, timestamp);
      return [errorCode, offset, found];
    };
    expect(await at(0)).toEqual([0, 0, 100]);
    expect(await at(100)).toEqual([0, 0, 100]);
    expect(await at(101)).toEqual([0, 1, 300]);
    expect(await at(301)).toEqual([0, 4, 400]);
    expect(await at(401)).toEqual([0, -1, -1]);
    expect(await at(-1)).toEqual([0, 6, -1]);
    expect(await at(-2)).toEqual([0, 0, -1]);
    expect(await at(-3)).toEqual([0, 4, 400]);
    expect(await at(-4)).toEqual([0, 0, -1]);
    expect(await at(-5)).toEqual([0, -1, -1]);
    expect(await at(-6)).toEqual([0, -1, -1]);
    expect(await at(-7)).toEqual([ErrorCode.UNSUPPORTED_VERSION, -1, -1]);
  });
});

describe('many partitions', () => {
  test('a thousand of them can be created, produced to, read and deleted', async () => {
    const topic = await freshTopic({}, 1000);
    const partitions = Array.from({ length: 1000 }, (_none, i) => PartitionIndex(i));
    const { responses } = await client.ask('Produce', 9, {
      transactionalId: null,
      acks: -1,
      timeoutMs: 60_000,
      topicData: [
        {
          name: topic,
          partitionData: partitions.map((index) => ({ index, records: batchOf([`of ${index}`]) })),
        },
      ],
    });
    const answers = responses[0]?.partitionResponses ?? [];
    expect(answers.filter(({ errorCode, baseOffset }) => errorCode === 0 && baseOffset === 0)).toHaveLength(
      1000,
    );
    const { responses: read } = await client.ask('Fetch', 12, {
      maxWaitMs: 0,
      minBytes: 1,
      topics: [
        {
          topic,
          partitions: partitions.map((partition) => ({
            partition,
            fetchOffset: Offset(0),
            partitionMaxBytes: 1000,
          })),
        },
      ],
    });
    // One answer has at most as many pieces as one write takes: the rest comes with the next fetch.
    const values = (read[0]?.partitions ?? [])
      .filter(({ records }) => (records?.length ?? 0) > 0)
      .map(({ partitionIndex, records }) => [
        partitionIndex,
        decodeBatch(records ?? Buffer.alloc(0), 0).records[0]?.value?.toString(),
      ]);
    expect(values.length).toBeGreaterThan(900);
    expect(values).toEqual(values.map(([partition]) => [partition, `of ${partition}`]));
    expect(await deletedTopic(client, topic)).toBe(0);
    expect(await listed(client, topic, -1)).toMatchObject({
      errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
    });
  });
});
