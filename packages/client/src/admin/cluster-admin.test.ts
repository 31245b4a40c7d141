import { TopicId, ZERO_TOPIC_ID } from '@kafkaesque/kernel';
import { ErrorCode, apis } from '@kafkaesque/protocol';
import type { ApiName, RequestDraftOf } from '@kafkaesque/protocol';
import { Scheduler, VirtualClock } from '@kafkaesque/sim';
import { ClientError } from '../errors';
import { openSimulatedClient } from '../testing/simulated-client';
import type { SimulatedClusterOptions } from '../testing/simulated-cluster';
import type { Admin } from './admin';

const open = (options: Partial<SimulatedClusterOptions> = {}) => {
  const scheduler = new Scheduler();
  const clock = new VirtualClock({ scheduler });
  const { cluster, client } = openSimulatedClient({ clock, topics: { a: 3, b: 2 }, ...options });
  const admin: Admin = client.admin({ apiTimeoutMs: 5000 });
  const asked = (api: ApiName): number => cluster.requests.filter((request) => request.api === api).length;
  return { scheduler, cluster, admin, asked };
};

const created = (name: string, errorCode = 0): unknown =>
  apis.CreateTopics.response.make({
    topics: [
      {
        name,
        errorCode,
        errorMessage: errorCode === 0 ? null : 'no',
        numPartitions: 3,
        replicationFactor: 1,
        configs: [],
      },
    ],
  });

describe('the admin', () => {
  test('creates a topic, with everything that was said about it', async () => {
    const { scheduler, cluster, admin } = open({
      intercept: (api) => (api === 'CreateTopics' ? created('x') : undefined),
    });
    const [outcome] = await scheduler.settle(
      admin.createTopics([{ name: 'x', partitions: 3, configs: { 'retention.ms': '5' } }]),
    );
    expect(outcome).toEqual({
      kind: 'done',
      key: 'x',
      value: { topicId: ZERO_TOPIC_ID, partitions: 3, replicationFactor: 1 },
    });
    expect(cluster.requests.at(-1)?.draft).toMatchObject({
      topics: [
        {
          name: 'x',
          numPartitions: 3,
          replicationFactor: -1,
          configs: [{ name: 'retention.ms', value: '5' }],
        },
      ],
      validateOnly: false,
    });
  });

  test('tells of each topic on its own', async () => {
    const { scheduler, admin } = open({
      intercept: (api) => (api === 'CreateTopics' ? created('x', ErrorCode.TOPIC_ALREADY_EXISTS) : undefined),
    });
    const [outcome] = await scheduler.settle(admin.createTopics([{ name: 'x' }]));
    expect(outcome).toMatchObject({
      kind: 'failed',
      key: 'x',
      error: { code: 'TOPIC_ALREADY_EXISTS', message: 'no', effect: 'definite' },
    });
  });

  test('asks another broker when the one it took for the controller is none', async () => {
    let count = 0;
    const { scheduler, admin, asked } = open({
      brokers: 3,
      intercept: (api) => {
        if (api !== 'CreateTopics') return undefined;
        count += 1;
        return created('x', count === 1 ? ErrorCode.NOT_CONTROLLER : 0);
      },
    });
    const [outcome] = await scheduler.settle(admin.createTopics([{ name: 'x' }]));
    expect([outcome?.kind, asked('CreateTopics')]).toEqual(['done', 2]);
  });

  test('does not create again what may have been created', async () => {
    const { scheduler, admin, asked } = open({
      intercept: (api) => (api === 'CreateTopics' ? created('x') : undefined),
      mishap: (api) => (api === 'CreateTopics' ? 'answer-lost' : 'none'),
    });
    await expect(scheduler.settle(admin.createTopics([{ name: 'x' }]))).rejects.toMatchObject({
      effect: 'indefinite',
    });
    expect(asked('CreateTopics')).toBe(1);
  });

  test('asks again what only reads', async () => {
    let count = 0;
    const { scheduler, admin } = open({ mishap: () => (++count === 1 ? 'answer-lost' : 'none') });
    const topics = await scheduler.settle(admin.listTopics());
    expect(topics.map(({ name }) => name)).toEqual(['a', 'b']);
  });

  test('puts descriptions together from pages, in the order asked', async () => {
    const pages: RequestDraftOf<'DescribeTopicPartitions'>[] = [];
    const partition = (partitionIndex: number): object => ({
      errorCode: 0,
      partitionIndex,
      leaderId: 1,
      replicaNodes: [1],
      isrNodes: [1],
      eligibleLeaderReplicas: [],
      lastKnownElr: null,
      offlineReplicas: [],
    });
    const topic = (name: string, partitions: readonly number[]): object => ({
      errorCode: 0,
      name,
      topicId: TopicId(`${'B'.repeat(21)}A`),
      partitions: partitions.map(partition),
    });
    const { scheduler, admin } = open({
      intercept: (api, draft) => {
        if (api !== 'DescribeTopicPartitions') return undefined;
        pages.push(draft as RequestDraftOf<'DescribeTopicPartitions'>);
        return apis.DescribeTopicPartitions.response.make(
          (pages.length === 1
            ? { topics: [topic('a', [0, 1])], nextCursor: { topicName: 'a', partitionIndex: 2 } }
            : {
                topics: [topic('a', [2]), topic('b', [0]), { ...topic('gone', []), errorCode: 3 }],
                nextCursor: null,
              }) as never,
        );
      },
    });
    const described = await scheduler.settle(admin.describeTopics(['b', 'a', 'gone'], { partitionLimit: 2 }));
    expect(
      pages.map(({ cursor, responsePartitionLimit }) => [cursor?.partitionIndex, responsePartitionLimit]),
    ).toEqual([
      [undefined, 2],
      [2, 2],
    ]);
    expect(
      described.map((one) =>
        one.kind === 'done' ? [one.key, one.value.partitions.length] : [one.key, one.error.code],
      ),
    ).toEqual([
      ['b', 1],
      ['a', 3],
      ['gone', 'UNKNOWN_TOPIC_OR_PARTITION'],
    ]);
  });

  test('describes from metadata where the broker has no pages, and says that it knows no eligible leaders', async () => {
    const { scheduler, admin, asked } = open({
      intercept: (api) => {
        if (api !== 'DescribeTopicPartitions') return undefined;
        return new ClientError('unsupported', 'UNSUPPORTED_VERSION', 'no such API');
      },
    });
    const [outcome] = await scheduler.settle(admin.describeTopics(['a']));
    expect(asked('Metadata')).toBe(1);
    expect(outcome).toMatchObject({ kind: 'done', value: { name: 'a', internal: false } });
    const [first] = outcome?.kind === 'done' ? outcome.value.partitions : [];
    expect(first).toMatchObject({ partition: 0, leader: 1, eligibleLeaders: undefined });
  });

  test('lists offsets by the leaders, and tells of partitions that fail on their own', async () => {
    const { scheduler, cluster, admin } = open({ brokers: 2 });
    const specs = [0, 1, 2].map((partition) => ({ topic: 'a', partition, spec: 'latest' as const }));
    const listed = await scheduler.settle(admin.listOffsets(specs));
    expect(listed.map((one) => (one.kind === 'done' ? one.value.offset : one.error.code))).toEqual([0, 0, 0]);
    expect(
      new Set(cluster.requests.filter(({ api }) => api === 'ListOffsets').map(({ node }) => node)),
    ).toEqual(new Set([1, 2]));
  });

  test('finds the leader that an answer showed to be another', async () => {
    const { scheduler, cluster, admin } = open({ brokers: 2 });
    await scheduler.settle(admin.listOffsets([{ topic: 'a', partition: 0, spec: 'latest' }]));
    cluster.moveLeader('a', 0, 2);
    const [outcome] = await scheduler.settle(
      admin.listOffsets([{ topic: 'a', partition: 0, spec: 'earliest' }]),
    );
    expect(outcome).toMatchObject({ kind: 'done', value: { offset: 0 } });
  });

  test('is refused after it was closed', async () => {
    const { admin } = open();
    await admin.close();
    await expect(admin.listTopics()).rejects.toMatchObject({ kind: 'closed' });
  });
});
