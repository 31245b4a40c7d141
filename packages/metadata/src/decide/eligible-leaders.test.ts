import { BrokerEpoch, BrokerId } from '@kafkaesque/kernel';
import { ErrorCode } from '@kafkaesque/protocol';
import { ExampleCluster } from '../example-cluster';
import { configOverrides } from '../image/lookups';
import type { ConfigOperation } from './commands';

const MINIMUM = 'min.insync.replicas';

const three = (configs: Readonly<Record<string, string>> = { [MINIMUM]: '2' }): ExampleCluster => {
  const cluster = new ExampleCluster([{ id: 1 }, { id: 2 }, { id: 3 }]);
  cluster.assign('a', [[1, 2, 3]], configs);
  return cluster;
};

const setting = (value: string | null): ConfigOperation => ({
  name: MINIMUM,
  configOperation: value === null ? 1 : 0,
  value,
});

const alter = (cluster: ExampleCluster, resourceType: number, resourceName: string, value: string | null) =>
  cluster.run({
    kind: 'incremental-alter-configs',
    resources: [{ resourceType, resourceName, configs: [setting(value)] }],
    validateOnly: false,
  }).responses[0]!;

const level = (cluster: ExampleCluster, maxVersionLevel: number): void => {
  const updates = [
    {
      feature: 'eligible.leader.replicas.version',
      maxVersionLevel,
      upgradeType: maxVersionLevel === 0 ? 2 : 1,
    },
  ];
  cluster.run({ kind: 'update-features', updates, validateOnly: false });
};

describe('replicas that leave the in-sync set', () => {
  test('stay eligible where it is smaller than the minimum, until it has grown again', () => {
    const cluster = three();
    cluster.fence(3);
    expect(cluster.partition('a')).toMatchObject({ isr: [1, 2], eligibleLeaderReplicas: [] });
    cluster.inSync('a', 1);
    expect(cluster.partition('a')).toMatchObject({ isr: [1], eligibleLeaderReplicas: [2] });
    cluster.fence(1);
    expect(cluster.partition('a')).toMatchObject({ leader: 2, isr: [2], eligibleLeaderReplicas: [1] });
    cluster.unfence(1, 3);
    cluster.inSync('a', 2, 3);
    expect(cluster.partition('a')).toMatchObject({ leader: 2, isr: [2, 3], eligibleLeaderReplicas: [] });
  });

  test('lead again in the order in which they come back, and others do not', () => {
    const cluster = three();
    cluster.fence(3, 2, 1);
    expect(cluster.partition('a')).toMatchObject({
      ...{ leader: -1, isr: [], eligibleLeaderReplicas: [1, 2], lastKnownElr: [1] },
    });
    const { leaderEpoch } = cluster.partition('a');
    cluster.unfence(3);
    expect(cluster.partition('a')).toMatchObject({ leader: -1, leaderEpoch });
    cluster.unfence(2);
    expect(cluster.partition('a')).toMatchObject({
      ...{ leader: 2, isr: [2], eligibleLeaderReplicas: [1], lastKnownElr: [], leaderRecoveryState: 0 },
      leaderEpoch: leaderEpoch + 1,
    });
  });

  test('are not eligible with a wrong epoch; the one that led last is elected uncleanly when nobody else is left', () => {
    const cluster = three();
    cluster.fence(3, 2, 1);
    const wrong = { previousBrokerEpoch: BrokerEpoch(-1) };
    cluster.start(2, wrong);
    expect(cluster.partition('a')).toMatchObject({ leader: -1, eligibleLeaderReplicas: [1] });
    cluster.start(1, wrong);
    expect(cluster.partition('a')).toMatchObject({
      ...{ leader: 1, isr: [1], eligibleLeaderReplicas: [], lastKnownElr: [], leaderRecoveryState: 1 },
    });
  });

  test('are not eligible when they were forgotten in between', () => {
    const cluster = three();
    cluster.fence(3, 2, 1);
    cluster.run({ kind: 'unregister-broker', brokerId: BrokerId(2) });
    cluster.start(2);
    expect(cluster.partition('a')).toMatchObject({ leader: -1, eligibleLeaderReplicas: [1] });
  });

  test.each([
    ['replication', [], [2]],
    ['ack', [1], [2]],
  ])('without a clean shutdown, under flush.policy=%s', (policy, eligible, isr) => {
    const cluster = three({ [MINIMUM]: '2', 'flush.policy': policy });
    cluster.fence(3);
    cluster.start(1, { isUnclean: true });
    expect(cluster.partition('a')).toMatchObject({ leader: 2, isr, eligibleLeaderReplicas: eligible });
    cluster.fence(2, 1);
    cluster.start(1, { isUnclean: true });
    expect(cluster.partition('a').leader).toBe(policy === 'ack' ? 1 : -1);
  });

  test('of offsets are eligible after an unclean shutdown whatever the topic says', () => {
    const cluster = new ExampleCluster([{ id: 1 }]);
    cluster.assign('__consumer_offsets', [[1]], { 'flush.policy': 'replication' });
    cluster.start(1, { isUnclean: true });
    expect(cluster.partition('__consumer_offsets')).toMatchObject({ leader: 1, leaderRecoveryState: 0 });
  });

  test('may be led by anybody where the topic allows it', () => {
    const cluster = three({ 'unclean.leader.election.enable': 'true' });
    cluster.inSync('a', 1);
    cluster.fence(1);
    expect(cluster.partition('a')).toMatchObject({
      ...{ leader: 2, isr: [2], eligibleLeaderReplicas: [], leaderRecoveryState: 1 },
    });
  });
});

test('partitions that nobody leads get a leader when unclean elections are allowed later', () => {
  const cluster = three();
  cluster.fence(3, 2, 1);
  cluster.unfence(3);
  cluster.assign('b', [[3]]);
  expect(cluster.run({ kind: 'elect-unclean-leaders' })).toEqual({ elections: 0 });
  const configs = [{ name: 'unclean.leader.election.enable', configOperation: 0, value: 'true' }];
  const resources = [{ resourceType: 2, resourceName: 'a', configs }];
  cluster.run({ kind: 'incremental-alter-configs', resources, validateOnly: false });
  expect(cluster.run({ kind: 'elect-unclean-leaders' })).toEqual({ elections: 1 });
  expect(cluster.partition('a')).toMatchObject({
    ...{ leader: 3, isr: [3], eligibleLeaderReplicas: [], leaderRecoveryState: 1 },
  });
});

describe('the minimum that eligible replicas are judged by', () => {
  test('is set for the whole cluster from the beginning, and for no single broker', () => {
    const cluster = three();
    const ofCluster = configOverrides(cluster.controller.committed, { type: 4, name: '' });
    expect(ofCluster.get(MINIMUM)).toBe('1');
    expect(alter(cluster, 4, '', '2')).toMatchObject({ errorCode: 0 });
    expect(alter(cluster, 4, '', null)).toMatchObject({
      errorCode: ErrorCode.INVALID_CONFIG,
      errorMessage: 'Cluster-level min.insync.replicas cannot be removed while ELR is enabled.',
    });
    expect(alter(cluster, 4, '1', '2')).toMatchObject({
      errorCode: ErrorCode.INVALID_CONFIG,
      errorMessage: 'Broker-level min.insync.replicas cannot be altered while ELR is enabled.',
    });
  });

  test.each([
    ['of the topic', 2, 'a'],
    ['of the cluster', 4, ''],
  ])('%s, once changed, makes who was eligible by the old one forgotten', (_, type, name) => {
    const cluster = three();
    cluster.inSync('a', 1);
    cluster.assign('b', [[1, 2]], { [MINIMUM]: '2' });
    cluster.inSync('b', 1);
    expect(cluster.partition('a').eligibleLeaderReplicas).toEqual([2, 3]);
    alter(cluster, type, name, '1');
    expect(cluster.partition('a')).toMatchObject({ isr: [1], eligibleLeaderReplicas: [], partitionEpoch: 2 });
    expect(cluster.partition('b').eligibleLeaderReplicas).toEqual(type === 2 ? [2] : []);
  });

  test('may fall where nobody is in sync: who is eligible still leads, and then alone', () => {
    const cluster = three();
    cluster.fence(3, 2, 1);
    alter(cluster, 2, 'a', '1');
    expect(cluster.partition('a').eligibleLeaderReplicas).toEqual([1, 2]);
    cluster.unfence(2);
    expect(cluster.partition('a')).toMatchObject({ leader: 2, isr: [2], eligibleLeaderReplicas: [] });
  });
});

describe('where eligible replicas are not kept', () => {
  test('the last in-sync replica stays in the set', () => {
    const cluster = three();
    level(cluster, 0);
    cluster.fence(3, 2, 1);
    expect(cluster.partition('a')).toMatchObject({
      ...{ leader: -1, isr: [1], eligibleLeaderReplicas: [], lastKnownElr: [] },
    });
    cluster.unfence(2, 1);
    expect(cluster.partition('a')).toMatchObject({ leader: 1, isr: [1], leaderRecoveryState: 0 });
  });

  test('those that were kept still count while nobody is in sync', () => {
    const cluster = three();
    cluster.fence(3, 2, 1);
    level(cluster, 0);
    cluster.unfence(2);
    expect(cluster.partition('a')).toMatchObject({ leader: 2, isr: [2], eligibleLeaderReplicas: [] });
  });

  test('beginning to keep them takes the minimum of single brokers away', () => {
    const cluster = three();
    level(cluster, 0);
    alter(cluster, 4, '1', '2');
    alter(cluster, 4, '', null);
    level(cluster, 1);
    const minimumOf = (name: string): string | undefined =>
      configOverrides(cluster.controller.committed, { type: 4, name }).get(MINIMUM);
    expect(['', '1'].map(minimumOf)).toEqual(['1', undefined]);
  });

  test('a directory that was formatted without them begins without them', () => {
    const cluster = new ExampleCluster(
      [],
      undefined,
      new Map([
        ['metadata.version', 30],
        ['kafkaesque.version', 1],
      ]),
    );
    expect([...cluster.controller.committed.features.keys()].sort()).toEqual([
      'kafkaesque.version',
      'metadata.version',
    ]);
    expect(cluster.controller.committed.configs.size).toBe(0);
  });
});
