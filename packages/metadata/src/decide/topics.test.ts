import { BrokerId, TopicId, ZERO_TOPIC_ID } from '@kafkaesque/kernel';
import { ErrorCode } from '@kafkaesque/protocol';
import { ExampleCluster } from '../example-cluster';
import { configOverrides, topicByName, topicNames } from '../image/lookups';
import type { CreatePartitionsResult, DeleteTopicResult, TopicToDelete } from './commands';

const byName = (name: string): TopicToDelete => ({ name, topicId: ZERO_TOPIC_ID });
const byId = (topicId: TopicId): TopicToDelete => ({ name: null, topicId });
const remove = (
  cluster: ExampleCluster,
  topics: readonly TopicToDelete[],
  retried = false,
): readonly DeleteTopicResult[] => cluster.run({ kind: 'delete-topics', topics, retried }).responses;
const absentId = TopicId('BBBBBBBBBBBBBBBBBBBBBA');

describe('deleting topics', () => {
  test('by name or id takes the topic, its partitions and its configs', () => {
    const cluster = new ExampleCluster();
    for (const name of ['a', 'b', 'c.d']) cluster.createTopic(name, 2);
    const change = { name: 'retention.ms', configOperation: 0, value: '5' };
    cluster.run({
      kind: 'incremental-alter-configs',
      resources: [{ resourceType: 2, resourceName: 'a', configs: [change] }],
      validateOnly: false,
    });
    const idOfB = topicByName(cluster.controller.committed, 'b')!.topicId;
    const idOfA = topicByName(cluster.controller.committed, 'a')!.topicId;
    expect(remove(cluster, [byName('a'), byId(idOfB), byName('c.d')])).toMatchObject([
      { name: 'a', topicId: idOfA, errorCode: 0 },
      { name: 'b', topicId: idOfB, errorCode: 0 },
      { name: 'c.d', errorCode: 0 },
    ]);
    const image = cluster.controller.committed;
    expect(topicNames(image)).toEqual([]);
    expect(image.topicsById.size).toBe(0);
    expect(configOverrides(image, { type: 2, name: 'a' }).size).toBe(0);
    cluster.createTopic('c_d');
  });

  test('an id that is gone is success on a retry, and unknown otherwise', () => {
    const cluster = new ExampleCluster();
    expect(remove(cluster, [byId(absentId)], true)).toMatchObject([{ errorCode: 0 }]);
    expect(remove(cluster, [byId(absentId)])).toMatchObject([
      { errorCode: 100, errorMessage: 'This server does not host this topic ID.' },
    ]);
  });

  test.each([
    {
      name: 'an unknown name',
      topics: [byName('x')],
      code: 3,
      message: 'This server does not host this topic-partition.',
    },
    {
      name: 'neither name nor id',
      topics: [byId(ZERO_TOPIC_ID)],
      code: 42,
      message: 'Neither topic name nor id were specified.',
    },
    {
      name: 'both',
      topics: [{ name: 'a', topicId: absentId }],
      code: 42,
      message: 'You may not specify both topic name and topic id.',
    },
    { name: 'a name twice', topics: [byName('a'), byName('a')], code: 42, message: 'Duplicate topic name.' },
    {
      name: 'an id twice',
      topics: [byId(absentId), byId(absentId)],
      code: 42,
      message: 'Duplicate topic id.',
    },
  ])('refuses $name in Kafka’s words', ({ topics, code, message }) => {
    const cluster = new ExampleCluster();
    cluster.createTopic('a');
    expect(remove(cluster, topics)).toMatchObject([{ errorCode: code, errorMessage: message }]);
    expect(topicByName(cluster.controller.committed, 'a')).toBeDefined();
  });

  test('refuses a name whose id was given too', () => {
    const cluster = new ExampleCluster();
    cluster.createTopic('a');
    const { topicId } = topicByName(cluster.controller.committed, 'a')!;
    expect(remove(cluster, [byId(topicId), byName('a')]).map(({ errorCode }) => errorCode)).toEqual([
      0,
      ErrorCode.INVALID_REQUEST,
    ]);
  });
});

const grow = (
  cluster: ExampleCluster,
  name: string,
  count: number,
  lists: readonly (readonly number[])[] | null = null,
  validateOnly = false,
): CreatePartitionsResult => {
  const assignments = lists?.map((ids) => ({ brokerIds: ids.map(BrokerId) })) ?? null;
  const topics = [{ name, count, assignments }];
  return cluster.run({ kind: 'create-partitions', topics, validateOnly }).results[0]!;
};

describe('creating partitions', () => {
  test('adds partitions behind the ones there are, and leaves those alone', () => {
    const cluster = new ExampleCluster([{ id: 1 }, { id: 2 }]);
    cluster.createTopic('a', 2, 2);
    const before = topicByName(cluster.controller.committed, 'a')!;
    expect(grow(cluster, 'a', 3)).toMatchObject({ errorCode: 0, errorMessage: null });
    expect(
      grow(cluster, 'a', 5, [
        [2, 1],
        [1, 2],
      ]),
    ).toMatchObject({ errorCode: 0 });
    const after = topicByName(cluster.controller.committed, 'a')!;
    expect(after.partitions.size).toBe(5);
    expect(after.partitions.get(0)).toBe(before.partitions.get(0));
    expect(after.partitions.get(2)!.replicas).toHaveLength(2);
    expect(after.partitions.slice(3).map(({ leader }) => leader)).toEqual([2, 1]);
  });

  test('changes nothing when asked to validate', () => {
    const cluster = new ExampleCluster();
    cluster.createTopic('a');
    expect(grow(cluster, 'a', 3, null, true)).toMatchObject({ errorCode: 0 });
    expect(topicByName(cluster.controller.committed, 'a')!.partitions.size).toBe(1);
  });

  test.each([
    {
      name: 'as many as there are',
      count: 3,
      lists: null,
      code: 37,
      message: 'Topic already has 3 partition(s).',
    },
    {
      name: 'fewer',
      count: 2,
      lists: null,
      code: 37,
      message: 'The topic a currently has 3 partition(s); 2 would not be an increase.',
    },
    {
      name: 'too few assignments',
      count: 5,
      lists: [[1]],
      code: 39,
      message: 'Attempted to add 2 additional partition(s), but only 1 assignment(s) were specified.',
    },
    {
      name: 'an unknown broker',
      count: 4,
      lists: [[7]],
      code: 39,
      message: 'The manual partition assignment includes broker 7, but no such broker is registered.',
    },
    {
      name: 'another replication factor',
      count: 4,
      lists: [[1, 2]],
      code: 39,
      message:
        'The manual partition assignment includes a partition with 2 replica(s), but this is not consistent with ' +
        'previous partitions, which have 1 replica(s).',
    },
  ])('refuses $name in Kafka’s words', ({ count, lists, code, message }) => {
    const cluster = new ExampleCluster([{ id: 1 }, { id: 2 }]);
    cluster.createTopic('a', 3);
    expect(grow(cluster, 'a', count, lists)).toEqual({ name: 'a', errorCode: code, errorMessage: message });
    expect(topicByName(cluster.controller.committed, 'a')!.partitions.size).toBe(3);
  });

  test('refuses an unknown topic, and a topic that occurs twice', () => {
    const cluster = new ExampleCluster();
    expect(grow(cluster, 'x', 2)).toEqual({ name: 'x', errorCode: 3, errorMessage: null });
    const topics = [1, 2].map((count) => ({ name: 'x', count, assignments: null }));
    expect(cluster.run({ kind: 'create-partitions', topics, validateOnly: false }).results).toEqual([
      { name: 'x', errorCode: 42, errorMessage: 'Duplicate topic name.' },
    ]);
  });
});
