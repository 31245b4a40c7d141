import { Offset, PartitionIndex, ZERO_TOPIC_ID } from '@kafkaesque/kernel';
import type { TopicId } from '@kafkaesque/kernel';
import { ErrorCode, apis, decodeResponse, encodeRequestFrame } from '@kafkaesque/protocol';
import type { RequestDraftOf } from '@kafkaesque/protocol';
import type { Cluster } from '@kafkaesque/testkit';
import { createCluster } from '@kafkaesque/testkit';
import { BadClient } from '../bad-input/client';
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
      listeners: 'INSIDE://127.0.0.1:0,OUTSIDE://127.0.0.1:0,CONTROLLER://127.0.0.1:0',
      'listener.security.protocol.map': 'INSIDE:PLAINTEXT,OUTSIDE:PLAINTEXT,CONTROLLER:PLAINTEXT',
      'inter.broker.listener.name': 'INSIDE',
      'num.partitions': 2,
    },
  });
  client = await connectTo(cluster);
});
afterAll(async () => {
  await client[Symbol.asyncDispose]();
  await cluster.close();
});

describe('metadata', () => {
  test('name the address of the listener that was asked', async () => {
    const ports = new Map(cluster.node.listeners.map(({ name, port }) => [name, port]));
    expect([...ports.keys()]).toEqual(['INSIDE', 'OUTSIDE']);
    for (const [name, port] of ports) {
      await using asker = await BadClient.open('127.0.0.1', port);
      const { brokers } = await asker.ask('Metadata', 12, { topics: [] });
      expect([name, brokers.map((broker) => broker.port)]).toEqual([name, [port]]);
      const described = await asker.ask('DescribeCluster', 1, { includeClusterAuthorizedOperations: false });
      expect(described.brokers.map((broker) => broker.port)).toEqual([port]);
    }
  });

  test('create a topic that is asked for by name, once, however many ask', async () => {
    const clients = await Promise.all(Array.from({ length: 5 }, () => connectTo(cluster)));
    const answers = await Promise.all(
      clients.map((one) => one.ask('Metadata', 12, { topics: [{ name: 'raced' }] })),
    );
    for (const one of clients) await one[Symbol.asyncDispose]();
    const ids = new Set(answers.map(({ topics }) => topics[0]?.topicId));
    expect(answers.map(({ topics }) => [topics[0]?.errorCode, topics[0]?.partitions.length])).toEqual(
      answers.map(() => [0, 2]),
    );
    expect(ids.size).toBe(1);
    expect(await produced(client, 'raced', batchOf(['a']), { partition: 1 })).toMatchObject({ errorCode: 0 });
  });

  test.each([
    { name: 'not-wanted', flag: false, errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION },
    { name: 'not/possible', flag: true, errorCode: ErrorCode.INVALID_TOPIC_EXCEPTION },
    { name: '__consumer_offsets', flag: true, errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION },
  ])('create no topic $name', async ({ name, flag, errorCode }) => {
    const { topics } = await client.ask('Metadata', 12, { topics: [{ name }], allowAutoTopicCreation: flag });
    expect(topics).toMatchObject([{ errorCode, name, partitions: [] }]);
    const { topics: all } = await client.ask('Metadata', 12, { topics: null });
    expect(all.map((topic) => topic.name)).not.toContain(name);
  });

  test('of all topics are asked for by an empty list in version 0, and by null later', async () => {
    await createdTopic(client, 'listed');
    const names = ({
      topics,
    }: {
      readonly topics: readonly { readonly name: string | null }[];
    }): readonly unknown[] => topics.map(({ name }) => name);
    expect(names(await client.ask('Metadata', 0, { topics: [] }))).toContain('listed');
    expect(names(await client.ask('Metadata', 1, { topics: [] }))).toEqual([]);
    expect(names(await client.ask('Metadata', 1, { topics: null }))).toContain('listed');
  });

  test('are asked for by id from version 12 on, and answer a repeated name once', async () => {
    const topicId = await createdTopic(client, 'by-id');
    for (const version of [10, 11]) {
      const { topics } = await client.ask('Metadata', version, { topics: [{ topicId, name: null }] });
      expect(topics).toMatchObject([{ errorCode: ErrorCode.INVALID_REQUEST, name: '' }]);
    }
    const unknown = 'AAAAAAAAAAAAAAAAAAAAAQ' as TopicId;
    const { topics } = await client.ask('Metadata', 12, {
      topics: [
        { topicId, name: null },
        { topicId: unknown, name: null },
        { name: 'by-id' },
        { name: 'by-id' },
      ],
    });
    expect(topics.map(({ errorCode, name }) => [errorCode, name])).toEqual([
      [0, 'by-id'],
      [ErrorCode.UNKNOWN_TOPIC_ID, null],
      [0, 'by-id'],
    ]);
  });
});

describe('topics', () => {
  test.each([
    { topic: { name: 'a'.repeat(250) }, errorCode: ErrorCode.INVALID_TOPIC_EXCEPTION },
    { topic: { name: '__cluster_metadata' }, errorCode: ErrorCode.INVALID_REQUEST },
    { topic: { name: 'r', replicationFactor: 3 }, errorCode: ErrorCode.INVALID_REPLICATION_FACTOR },
    { topic: { name: 'p', numPartitions: 0 }, errorCode: ErrorCode.INVALID_PARTITIONS },
    {
      topic: { name: 'c', configs: [{ name: 'retention.ms', value: 'soon' }] },
      errorCode: ErrorCode.INVALID_CONFIG,
    },
    {
      topic: { name: 'u', configs: [{ name: 'no.such.key', value: '1' }] },
      errorCode: ErrorCode.INVALID_CONFIG,
    },
    {
      topic: {
        name: 's',
        numPartitions: -1,
        replicationFactor: -1,
        assignments: [{ partitionIndex: PartitionIndex(0), brokerIds: [7 as never] }],
      },
      errorCode: ErrorCode.INVALID_REPLICA_ASSIGNMENT,
    },
  ])('are not created with $errorCode', async ({ topic, errorCode }) => {
    const { topics } = await client.ask('CreateTopics', 7, {
      topics: [{ numPartitions: 1, replicationFactor: 1, assignments: [], configs: [], ...topic }],
      timeoutMs: 1000,
      validateOnly: false,
    });
    expect(topics).toMatchObject([{ errorCode, topicId: ZERO_TOPIC_ID }]);
    expect(topics[0]?.errorMessage).not.toBeNull();
  });

  test('are created once, validated without being created, and told apart by what differs only for metrics', async () => {
    const create = async (names: readonly string[], validateOnly = false): Promise<readonly unknown[]> => {
      const { topics } = await client.ask('CreateTopics', 7, {
        topics: names.map((name) => ({
          name,
          numPartitions: -1,
          replicationFactor: -1,
          assignments: [],
          configs: [],
        })),
        timeoutMs: 1000,
        validateOnly,
      });
      return topics.map(({ errorCode, numPartitions }) => [errorCode, numPartitions]);
    };
    expect(await create(['only.checked'], true)).toEqual([[0, 2]]);
    expect(await create(['only.checked'])).toEqual([[0, 2]]);
    expect(await create(['only.checked'])).toEqual([[ErrorCode.TOPIC_ALREADY_EXISTS, -1]]);
    expect(await create(['only_checked'])).toEqual([[ErrorCode.INVALID_TOPIC_EXCEPTION, -1]]);
    expect(await create(['twice', 'twice'])).toEqual([[ErrorCode.INVALID_REQUEST, -1]]);
  });

  test('are deleted by name and by id, and grow but never shrink', async () => {
    const topicId = await createdTopic(client, 'growing');
    const grow = async (count: number): Promise<number | undefined> => {
      const { results } = await client.ask('CreatePartitions', 3, {
        topics: [{ name: 'growing', count, assignments: null }],
        timeoutMs: 1000,
        validateOnly: false,
      });
      return results[0]?.errorCode;
    };
    expect(await grow(3)).toBe(0);
    expect(await produced(client, 'growing', batchOf(['a']), { partition: 2 })).toMatchObject({
      errorCode: 0,
    });
    expect(await grow(2)).toBe(ErrorCode.INVALID_PARTITIONS);
    expect(await grow(3)).toBe(ErrorCode.INVALID_PARTITIONS);
    const remove = async (): Promise<readonly unknown[]> => {
      const { responses } = await client.ask('DeleteTopics', 6, {
        topics: [{ name: null, topicId }],
        timeoutMs: 1000,
      });
      return responses.map(({ name, errorCode }) => [name, errorCode]);
    };
    expect(await remove()).toEqual([['growing', 0]]);
    expect(await remove()).toEqual([[null, ErrorCode.UNKNOWN_TOPIC_ID]]);
    expect(await deletedTopic(client, 'growing')).toBe(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
  });

  test('are described page by page', async () => {
    for (const name of ['page-a', 'page-b', 'page-c']) await createdTopic(client, name, {}, 3);
    const topics = [{ name: 'page-c' }, { name: 'page-a' }, { name: 'page-b' }, { name: 'page-a' }];
    const seen: string[] = [];
    let cursor: Cursor = null;
    let pages = 0;
    do {
      const page: Awaited<ReturnType<typeof describePage>> = await describePage(topics, cursor);
      pages += 1;
      for (const { name, partitions } of page.topics)
        for (const { partitionIndex } of partitions) seen.push(`${name}-${partitionIndex}`);
      cursor = page.nextCursor;
    } while (cursor !== null);
    expect(seen).toEqual(
      ['page-a', 'page-b', 'page-c'].flatMap((name) => [`${name}-0`, `${name}-1`, `${name}-2`]),
    );
    expect(pages).toBe(3);
  });
});

type Cursor = RequestDraftOf<'DescribeTopicPartitions'>['cursor'];
const describePage = (topics: readonly { readonly name: string }[], cursor: Cursor) =>
  client.ask('DescribeTopicPartitions', 0, { topics, responsePartitionLimit: 4, cursor });

/** The topic keys that Kafka 4.3 describes; those of 4.4 (dead letter queue, remote copy lag) come with its version. */
const keysOfKafka43 = `cleanup.policy compression.gzip.level compression.lz4.level compression.type
  compression.zstd.level delete.retention.ms file.delete.delay.ms flush.messages flush.ms
  follower.replication.throttled.replicas index.interval.bytes leader.replication.throttled.replicas
  local.retention.bytes local.retention.ms max.compaction.lag.ms max.message.bytes
  message.timestamp.after.max.ms message.timestamp.before.max.ms message.timestamp.type
  min.cleanable.dirty.ratio min.compaction.lag.ms min.insync.replicas preallocate remote.log.copy.disable
  remote.log.delete.on.disable remote.storage.enable retention.bytes retention.ms segment.bytes
  segment.index.bytes segment.jitter.ms segment.ms unclean.leader.election.enable`.split(/\s+/);

describe('configuration', () => {
  const described = async (resourceType: number, resourceName: string) => {
    const { results } = await client.ask('DescribeConfigs', 4, {
      resources: [{ resourceType, resourceName, configurationKeys: null }],
      includeSynonyms: true,
      includeDocumentation: true,
    });
    expect(results[0]?.errorCode).toBe(0);
    return new Map(results[0]?.configs.map((config) => [config.name, config]));
  };

  test('of a topic has every key with source, type, synonyms and a sentence', async () => {
    await createdTopic(client, 'described', { 'retention.ms': '777' });
    const configs = await described(2, 'described');
    expect([...configs.keys()].sort()).toEqual(
      [...keysOfKafka43, 'flush.policy', 'record.validation'].sort(),
    );
    for (const config of configs.values()) {
      expect({ name: config.name, hasType: config.configType > 0 }).toEqual({
        name: config.name,
        hasType: true,
      });
      expect(config.documentation ?? '').not.toBe('');
    }
    expect(configs.get('retention.ms')).toMatchObject({ value: '777', configSource: 1 });
    expect(configs.get('retention.ms')?.synonyms).toMatchObject([
      { name: 'retention.ms', value: '777', source: 1 },
    ]);
    expect(configs.get('cleanup.policy')?.synonyms).toMatchObject([
      { name: 'log.cleanup.policy', value: 'delete', source: 5 },
    ]);
  });

  test('that all brokers have in common reaches topics at once, and leaves them when it is deleted', async () => {
    await createdTopic(client, 'follows');
    const alter = async (configOperation: number, value: string | null): Promise<void> => {
      const { responses } = await client.ask('IncrementalAlterConfigs', 1, {
        resources: [
          {
            resourceType: 4,
            resourceName: '',
            configs: [{ name: 'message.max.bytes', configOperation, value }],
          },
        ],
        validateOnly: false,
      });
      expect(responses).toMatchObject([{ errorCode: 0 }]);
    };
    await alter(0, '100');
    expect((await described(2, 'follows')).get('max.message.bytes')).toMatchObject({
      value: '100',
      configSource: 3,
    });
    const batch = (): Buffer => batchOf(['x'.repeat(200)]);
    expect(await produced(client, 'follows', batch())).toMatchObject({
      errorCode: ErrorCode.MESSAGE_TOO_LARGE,
    });
    await alter(1, null);
    expect((await described(2, 'follows')).get('max.message.bytes')).toMatchObject({ configSource: 5 });
    expect(await produced(client, 'follows', batch())).toMatchObject({ errorCode: 0 });
  });

  test('is not altered to what is not allowed, nor by a request that only asks', async () => {
    await createdTopic(client, 'kept');
    expect(await altered(client, 'kept', 'segment.bytes', '1')).toBe(ErrorCode.INVALID_CONFIG);
    expect(await altered(client, 'nobody', 'retention.ms', '1')).toBe(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
    const { responses } = await client.ask('IncrementalAlterConfigs', 1, {
      resources: [
        {
          resourceType: 2,
          resourceName: 'kept',
          configs: [{ name: 'retention.ms', configOperation: 0, value: '5' }],
        },
      ],
      validateOnly: true,
    });
    expect(responses).toMatchObject([{ errorCode: 0 }]);
    const configs = await described(2, 'kept');
    expect([configs.get('retention.ms')?.value, configs.get('segment.bytes')?.value]).toEqual([
      '604800000',
      '1073741824',
    ]);
  });
});

describe('requests on one connection', () => {
  test('that are sent at once are answered in order, and a fetch sees what was produced before it', async () => {
    await createdTopic(client, 'pipelined');
    await using pipeline = await connectTo(cluster);
    const produce = (id: number, value: string): readonly Buffer[] =>
      encodeRequestFrame(apis.Produce, 9, id, null, {
        transactionalId: null,
        acks: -1,
        timeoutMs: 30_000,
        topicData: [
          { name: 'pipelined', partitionData: [{ index: PartitionIndex(0), records: batchOf([value]) }] },
        ],
      });
    const fetch = (id: number): readonly Buffer[] =>
      encodeRequestFrame(apis.Fetch, 12, id, null, {
        maxWaitMs: 30_000,
        minBytes: 1,
        topics: [
          {
            topic: 'pipelined',
            partitions: [{ partition: PartitionIndex(0), fetchOffset: Offset(19), partitionMaxBytes: 1000 }],
          },
        ],
      });
    const produces = Array.from({ length: 20 }, (_none, i) => produce(i, `value ${i}`));
    await pipeline.send(Buffer.concat([...produces, fetch(20), produce(21, 'last')].flat()));
    const offsets: number[] = [];
    for (let id = 0; id < 20; id++) {
      const answer = decodeResponse(apis.Produce, 9, (await pipeline.receive()) ?? Buffer.alloc(0));
      expect(answer.correlationId).toBe(id);
      offsets.push(answer.body.responses[0]?.partitionResponses[0]?.baseOffset ?? -1);
    }
    expect(offsets).toEqual(Array.from({ length: 20 }, (_none, i) => i));
    const read = decodeResponse(apis.Fetch, 12, (await pipeline.receive()) ?? Buffer.alloc(0));
    expect(read.correlationId).toBe(20);
    expect(read.body.responses[0]?.partitions[0]).toMatchObject({ errorCode: 0, highWatermark: 20 });
    const last = decodeResponse(apis.Produce, 9, (await pipeline.receive()) ?? Buffer.alloc(0));
    expect(last).toMatchObject({ correlationId: 21 });
  });

  test('with acks=0 are not answered, and end the connection when they fail', async () => {
    await createdTopic(client, 'unanswered');
    await using silent = await connectTo(cluster);
    const produce = (topic: string): Buffer =>
      Buffer.concat(
        encodeRequestFrame(apis.Produce, 9, 1, null, {
          transactionalId: null,
          acks: 0,
          timeoutMs: 1000,
          topicData: [
            { name: topic, partitionData: [{ index: PartitionIndex(0), records: batchOf(['a']) }] },
          ],
        }),
      );
    await silent.send(produce('unanswered'));
    expect(await listed(silent, 'unanswered', -2)).toMatchObject({ errorCode: 0, offset: 0 });
    await silent.send(produce('nobody-has-it'));
    await silent.closed;
    expect(silent.unreadBytes).toBe(0);
    expect(await fetched(client, 'unanswered', 0, { maxWaitMs: 30_000 })).toMatchObject({ highWatermark: 1 });
    expect(await valuesFrom(client, 'unanswered', 0)).toEqual(['a']);
  });
});
