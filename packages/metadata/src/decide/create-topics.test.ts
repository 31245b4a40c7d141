import { BrokerId, TopicId } from '@kafkaesque/kernel';
import { ErrorCode } from '@kafkaesque/protocol';
import { ExampleCluster } from '../example-cluster';
import { configOverrides, topicByName } from '../image/lookups';
import type { CreatableTopic, CreateTopicResult } from './commands';

const topic = (name: string, changes: Partial<CreatableTopic> = {}): CreatableTopic => ({
  name,
  numPartitions: 1,
  replicationFactor: 1,
  assignments: [],
  configs: [],
  ...changes,
});
const assigned = (...lists: readonly (readonly number[])[]): Partial<CreatableTopic> => ({
  numPartitions: -1,
  replicationFactor: -1,
  assignments: lists.map((ids, partitionIndex) => ({ partitionIndex, brokerIds: ids.map(BrokerId) })),
});
const idOf = (letter: string): TopicId => TopicId(`${letter.repeat(21)}A`);

const create = (
  cluster: ExampleCluster,
  topics: readonly CreatableTopic[],
  topicIds: ReadonlyMap<string, TopicId> = new Map(),
  validateOnly = false,
): readonly CreateTopicResult[] =>
  cluster.run({ kind: 'create-topics', topics, validateOnly, topicIds }).topics;

describe('creating topics', () => {
  test('gives each partition replicas, a leader among them, and epoch 0', () => {
    const cluster = new ExampleCluster([{ id: 1 }, { id: 2 }, { id: 3 }]);
    const [result] = create(cluster, [topic('orders', { numPartitions: 6, replicationFactor: 2 })]);
    expect(result).toMatchObject({ errorCode: 0, numPartitions: 6, replicationFactor: 2 });
    const created = topicByName(cluster.controller.committed, 'orders')!;
    expect(created.topicId).toBe(result!.topicId);
    expect(created.partitions.map(({ partition }) => partition)).toEqual([0, 1, 2, 3, 4, 5]);
    for (const { replicas, isr, leader, leaderEpoch, partitionEpoch } of created.partitions) {
      expect(new Set(replicas).size).toBe(2);
      expect(isr).toEqual(replicas);
      expect(leader).toBe(replicas[0]);
      expect([leaderEpoch, partitionEpoch]).toEqual([0, 0]);
    }
    const leaders = created.partitions.map(({ leader }) => leader).sort();
    expect(leaders).toEqual([1, 1, 2, 2, 3, 3]);
  });

  test('uses the defaults for -1, and the given lists for a manual assignment', () => {
    const cluster = new ExampleCluster([{ id: 1 }, { id: 2 }]);
    const [defaults, manual] = create(cluster, [
      topic('defaults', { numPartitions: -1, replicationFactor: -1 }),
      topic('manual', assigned([2, 1], [1, 2])),
    ]);
    expect(defaults).toMatchObject({ errorCode: 0, numPartitions: 1, replicationFactor: 1 });
    expect(manual).toMatchObject({ errorCode: 0, numPartitions: 2, replicationFactor: 2 });
    const { partitions } = topicByName(cluster.controller.committed, 'manual')!;
    expect(partitions.map(({ leader }) => leader)).toEqual([2, 1]);
  });

  test('stores the given configs and answers with the effective ones', () => {
    const cluster = new ExampleCluster();
    const configs = [{ name: 'retention.ms', value: '1000' }];
    const [result] = create(cluster, [topic('orders', { configs })]);
    expect(result!.configs).toMatchObject([{ name: 'retention.ms', value: '1000' }]);
    const stored = configOverrides(cluster.controller.committed, { type: 2, name: 'orders' });
    expect([...stored.entries()]).toEqual([['retention.ms', '1000']]);
  });

  test('keeps a replica that is out of service out of sync', () => {
    const cluster = new ExampleCluster([{ id: 1 }, { id: 2 }]);
    cluster.run({ kind: 'fence-broker', brokerId: BrokerId(2), brokerEpoch: cluster.epochOf(2) });
    create(cluster, [topic('orders', { replicationFactor: 2 })]);
    expect(topicByName(cluster.controller.committed, 'orders')!.partitions.get(0)).toMatchObject({
      replicas: [1, 2],
      isr: [1],
      leader: 1,
    });
  });

  test('only says what it would do when asked to validate', () => {
    const cluster = new ExampleCluster();
    const before = cluster.controller.committed;
    const [good, bad] = create(cluster, [topic('good'), topic('bad name')], new Map(), true);
    expect([good!.errorCode, bad!.errorCode]).toEqual([ErrorCode.NONE, ErrorCode.INVALID_TOPIC_EXCEPTION]);
    expect(cluster.controller.committed).toBe(before);
  });

  test('with the same topic id again is success, with another id the name is taken', () => {
    const cluster = new ExampleCluster();
    const ids = new Map([['orders', idOf('x')]]);
    create(cluster, [topic('orders', { numPartitions: 3 })], ids);
    const before = cluster.controller.committed;
    expect(create(cluster, [topic('orders', { numPartitions: 3 })], ids)).toMatchObject([
      { errorCode: 0, topicId: idOf('x'), numPartitions: 3 },
    ]);
    expect(create(cluster, [topic('orders')], new Map([['orders', idOf('y')]]))).toMatchObject([
      { errorCode: ErrorCode.TOPIC_ALREADY_EXISTS },
    ]);
    expect(create(cluster, [topic('other')], new Map([['other', idOf('x')]]))).toMatchObject([
      { errorCode: ErrorCode.INVALID_REQUEST },
    ]);
    expect(cluster.controller.committed).toBe(before);
  });

  test('when it comes again, and a topic was removed since it was first sent, nobody knows whether it was this one', () => {
    const cluster = new ExampleCluster();
    const topicIds = new Map([['orders', idOf('x')]]);
    const again = (name: string, ids: ReadonlyMap<string, TopicId>, since: number): number | undefined =>
      cluster.run({
        kind: 'create-topics',
        topics: [topic(name)],
        validateOnly: false,
        topicIds: ids,
        repeatedSince: since,
      }).topics[0]?.errorCode;
    create(cluster, [topic('others')]);
    const first = cluster.controller.committed.offset;
    create(cluster, [topic('orders')], topicIds);
    expect(again('orders', topicIds, first)).toBe(ErrorCode.NONE);
    cluster.run({
      kind: 'delete-topics',
      topics: [{ name: null, topicId: idOf('x') }],
      retried: false,
    });
    expect(again('orders', topicIds, first)).toBe(ErrorCode.REQUEST_TIMED_OUT);
    expect(again('others', new Map([['others', idOf('y')]]), first)).toBe(ErrorCode.REQUEST_TIMED_OUT);
    // Nothing was removed since: what is not there has never been.
    const later = cluster.controller.committed.offset;
    expect(again('orders', new Map([['orders', idOf('z')]]), later)).toBe(ErrorCode.NONE);
    expect(again('others', new Map([['others', idOf('y')]]), later)).toBe(ErrorCode.TOPIC_ALREADY_EXISTS);
  });

  test('creates what it can: one bad topic does not keep the others from being', () => {
    const cluster = new ExampleCluster();
    const results = create(cluster, [topic('one'), topic('bad name'), topic('two')]);
    expect(results.map(({ errorCode }) => errorCode)).toEqual([0, ErrorCode.INVALID_TOPIC_EXCEPTION, 0]);
    expect(topicByName(cluster.controller.committed, 'two')).toBeDefined();
  });

  test('refuses more partitions than one request may create', () => {
    const topics = [topic('a', { numPartitions: 6000 }), topic('b', { numPartitions: 6000 })];
    const decision = new ExampleCluster().decide({
      kind: 'create-topics',
      topics,
      validateOnly: false,
      topicIds: new Map(),
    });
    expect(decision).toEqual({
      kind: 'refused',
      errorCode: ErrorCode.POLICY_VIOLATION,
      errorMessage: 'Excessively large number of partitions per request.',
    });
  });

  // The sentences are Kafka 4.3.0's, read from its answers.
  test.each([
    { name: 'a taken name', topic: topic('a.b'), code: 36, message: "Topic 'a.b' already exists." },
    {
      name: 'a name that metrics confuse',
      topic: topic('a_b'),
      code: 17,
      message: "Topic 'a_b' collides with existing topic: a.b",
    },
    {
      name: 'the empty name',
      topic: topic(''),
      code: 17,
      message: 'Topic name is invalid: the empty string is not allowed',
    },
    { name: 'the name .', topic: topic('.'), code: 17, message: "Topic name is invalid: '.' is not allowed" },
    {
      name: 'the name ..',
      topic: topic('..'),
      code: 17,
      message: "Topic name is invalid: '..' is not allowed",
    },
    {
      name: 'a long name',
      topic: topic('x'.repeat(250)),
      code: 17,
      message: `Topic name is invalid: the length of '${'x'.repeat(250)}' is longer than the max allowed length 249`,
    },
    {
      name: 'a name with a space',
      topic: topic('bad name'),
      code: 17,
      message:
        "Topic name is invalid: 'bad name' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'",
    },
    {
      name: 'the name of the metadata log',
      topic: topic('__cluster_metadata'),
      code: 42,
      message: 'Creation of internal topic __cluster_metadata is prohibited.',
    },
    {
      name: 'more replicas than brokers',
      topic: topic('x', { replicationFactor: 3 }),
      code: 38,
      message:
        'Unable to replicate the partition 3 time(s): The target replication factor of 3 cannot be reached because only 1 ' +
        'broker(s) are registered or some brokers have all their log directories cordoned.',
    },
    {
      name: 'no replicas',
      topic: topic('x', { replicationFactor: 0 }),
      code: 38,
      message: 'Replication factor must be larger than 0, or -1 to use the default value.',
    },
    {
      name: 'no partitions',
      topic: topic('x', { numPartitions: 0 }),
      code: 37,
      message: 'Number of partitions was set to an invalid non-positive value.',
    },
    {
      name: 'counts beside an assignment',
      topic: topic('x', { assignments: [{ partitionIndex: 0, brokerIds: [BrokerId(1)] }] }),
      code: 42,
      message: 'A manual partition assignment was specified, but replication factor was not set to -1.',
    },
    {
      name: 'an assignment to an unknown broker',
      topic: topic('x', assigned([9])),
      code: 39,
      message: 'The manual partition assignment includes broker 9, but no such broker is registered.',
    },
    {
      name: 'an assignment that names a broker twice',
      topic: topic('x', assigned([1, 1])),
      code: 39,
      message: 'The manual partition assignment includes the broker 1 more than once.',
    },
    {
      name: 'an assignment without replicas',
      topic: topic('x', assigned([])),
      code: 39,
      message: 'The manual partition assignment includes an empty replica list.',
    },
    {
      name: 'an assignment with a gap',
      topic: topic('x', { ...assigned(), assignments: [{ partitionIndex: 1, brokerIds: [BrokerId(1)] }] }),
      code: 39,
      message: 'partitions should be a consecutive 0-based integer sequence',
    },
    {
      name: 'an unknown config',
      topic: topic('x', { configs: [{ name: 'nope', value: '1' }] }),
      code: 40,
      message: 'Unknown topic config name: nope',
    },
    {
      name: 'a config without a value',
      topic: topic('x', { configs: [{ name: 'retention.ms', value: null }] }),
      code: 40,
      message: 'Null value not supported for topic configs: retention.ms',
    },
  ])('refuses $name in Kafka’s words', ({ topic: bad, code, message }) => {
    const cluster = new ExampleCluster();
    create(cluster, [topic('a.b')]);
    const before = cluster.controller.committed;
    const [result] = create(cluster, [bad]);
    expect(result).toMatchObject({
      name: bad.name,
      errorCode: code,
      errorMessage: message,
      numPartitions: -1,
    });
    expect(cluster.controller.committed).toBe(before);
  });

  test('refuses a name that occurs twice in the request, and two names that metrics confuse', () => {
    const cluster = new ExampleCluster();
    expect(create(cluster, [topic('dup'), topic('dup'), topic('x.y'), topic('x_y')])).toMatchObject([
      { name: 'x.y', errorCode: 0 },
      { name: 'x_y', errorCode: ErrorCode.INVALID_TOPIC_EXCEPTION },
      { name: 'dup', errorCode: ErrorCode.INVALID_REQUEST, errorMessage: 'Duplicate topic name.' },
    ]);
  });

  test('refuses when no broker serves', () => {
    const cluster = new ExampleCluster();
    cluster.run({ kind: 'fence-broker', brokerId: BrokerId(1), brokerEpoch: cluster.epochOf(1) });
    const results = create(cluster, [topic('placed'), topic('manual', assigned([1]))]);
    expect(results.map(({ errorCode }) => errorCode)).toEqual([
      ErrorCode.INVALID_REPLICATION_FACTOR,
      ErrorCode.INVALID_REPLICA_ASSIGNMENT,
    ]);
    expect(results[1]!.errorMessage).toBe(
      'All brokers specified in the manual partition assignment for partition 0 are fenced or in controlled shutdown.',
    );
  });
});
