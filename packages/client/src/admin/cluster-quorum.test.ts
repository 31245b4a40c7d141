import { BrokerId, LeaderEpoch, Offset, SeededRandom, silentLogger } from '@kafkaesque/kernel';
import { ErrorCode, apis } from '@kafkaesque/protocol';
import type { ApiName } from '@kafkaesque/protocol';
import { Scheduler, VirtualClock } from '@kafkaesque/sim';
import { openClient } from '../client';
import { ClientError } from '../errors';
import { ClusterView } from '../cluster/cluster-view';
import type { Peers } from '../cluster/cluster-view';
import { SimulatedCluster } from '../testing/simulated-cluster';
import { ClusterAdmin } from './cluster-admin';

type Answers = Partial<Record<ApiName, (node: number, draft: unknown) => unknown>>;

const open = (peers: Peers, answers: Answers) => {
  const scheduler = new Scheduler();
  const clock = new VirtualClock({ scheduler });
  const random = new SeededRandom(1);
  const cluster = new SimulatedCluster({
    ...{ clock, random, topics: {}, brokers: 3 },
    intercept: (api, draft, node) => answers[api]?.(node, draft),
  });
  const view = new ClusterView({
    ...{ wire: cluster, peers, clock, random, logger: silentLogger },
    ...{ maxAgeMs: 300_000, requestTimeoutMs: 1000, backoff: { firstMs: 100, maxMs: 1000 } },
  });
  const admin = new ClusterAdmin({
    ...{ cluster: view, clock, random, logger: silentLogger },
    ...{ apiTimeoutMs: 5000, requestTimeoutMs: 1000, closed: () => undefined },
  });
  const asked = (api: ApiName) => cluster.requests.filter((request) => request.api === api);
  return { scheduler, admin, asked };
};

const ID = 'fEcwacSWcdJ5jIFtv53NeQ';
const quorum = (errorCode = 0): unknown =>
  apis.DescribeQuorum.response.make({
    errorCode: 0,
    topics: [
      {
        topicName: '__cluster_metadata',
        partitions: [
          {
            partitionIndex: 0,
            errorCode,
            leaderId: BrokerId(2),
            leaderEpoch: LeaderEpoch(7),
            highWatermark: Offset(100),
            currentVoters: [
              {
                replicaId: BrokerId(2),
                replicaDirectoryId: ID,
                logEndOffset: Offset(101),
                lastFetchTimestamp: 5,
                lastCaughtUpTimestamp: 6,
              },
            ],
            observers: [],
          },
        ],
      },
    ],
    nodes: [{ nodeId: BrokerId(2), listeners: [{ name: 'CONTROLLER', host: 'h', port: 9093 }] }],
  });
const controllers = (active: number): unknown =>
  apis.DescribeCluster.response.make({
    errorCode: 0,
    clusterId: 'c',
    controllerId: BrokerId(active),
    brokers: [1, 2, 3].map((id) => ({ brokerId: BrokerId(id), host: 'h', port: id })),
  });
const features = (
  errorCode: number,
  results: readonly { feature: string; errorCode: number }[] = [],
): unknown =>
  apis.UpdateFeatures.response.make({
    errorCode,
    errorMessage: errorCode === 0 ? null : 'all of them',
    results: results.map((one) => ({ ...one, errorMessage: 'this one' })),
  });

describe('the quorum', () => {
  test('is described as its leader sees it', async () => {
    const { scheduler, admin } = open('brokers', { DescribeQuorum: () => quorum() });
    expect(await scheduler.settle(admin.describeQuorum())).toEqual({
      ...{ leaderId: 2, leaderEpoch: 7, highWatermark: 100, observers: [] },
      voters: [
        {
          nodeId: 2,
          directoryId: ID,
          logEndOffset: 101,
          lastFetchTimestampMs: 5,
          lastCaughtUpTimestampMs: 6,
        },
      ],
      nodes: [{ id: 2, endpoints: [{ name: 'CONTROLLER', host: 'h', port: 9093 }] }],
    });
  });

  test('among controllers the active one is asked, and the next one when it is no longer active', async () => {
    let active = 3;
    const { scheduler, admin, asked } = open('controllers', {
      DescribeCluster: () => controllers(active),
      DescribeQuorum: (node) => {
        active = 1;
        return node === 1 ? quorum() : quorum(ErrorCode.NOT_LEADER_OR_FOLLOWER);
      },
    });
    await scheduler.settle(admin.describeQuorum());
    expect(asked('DescribeQuorum').map(({ node }) => node)).toEqual([3, 1]);
    expect(asked('Metadata')).toEqual([]);
    expect(asked('DescribeCluster').map(({ draft }) => draft)).toEqual([
      expect.objectContaining({ endpointType: 2 }),
      expect.objectContaining({ endpointType: 2 }),
    ]);
  });

  test('gains and loses voters by the active controller', async () => {
    const done = (api: 'AddRaftVoter' | 'RemoveRaftVoter' | 'UpdateRaftVoter') => () =>
      apis[api].response.make({ errorCode: 0, errorMessage: null });
    const { scheduler, admin, asked } = open('controllers', {
      DescribeCluster: () => controllers(2),
      AddRaftVoter: done('AddRaftVoter'),
      RemoveRaftVoter: done('RemoveRaftVoter'),
      UpdateRaftVoter: done('UpdateRaftVoter'),
    });
    const key = { nodeId: 3, directoryId: ID };
    const endpoints = [{ name: 'CONTROLLER', host: 'h', port: 9093 }];
    await scheduler.settle(admin.addRaftVoter({ ...key, endpoints }, { ackWhenCommitted: false }));
    await scheduler.settle(admin.removeRaftVoter(key, { clusterId: 'c' }));
    await scheduler.settle(admin.updateRaftVoter({ ...key, endpoints, kraftVersion: { min: 0, max: 1 } }));
    const voter = { voterId: 3, voterDirectoryId: ID };
    expect(asked('AddRaftVoter')).toMatchObject([
      { node: 2, draft: { ...voter, clusterId: null, listeners: endpoints, ackWhenCommitted: false } },
    ]);
    expect(asked('RemoveRaftVoter')).toMatchObject([{ node: 2, draft: { ...voter, clusterId: 'c' } }]);
    expect(asked('UpdateRaftVoter')).toMatchObject([
      { draft: { ...voter, kRaftVersionFeature: { minSupportedVersion: 0, maxSupportedVersion: 1 } } },
    ]);
  });

  test('says why a voter was not added', async () => {
    const { scheduler, admin } = open('brokers', {
      AddRaftVoter: () =>
        apis.AddRaftVoter.response.make({ errorCode: ErrorCode.DUPLICATE_VOTER, errorMessage: 'is there' }),
    });
    const adding = admin.addRaftVoter({ nodeId: 3, directoryId: ID, endpoints: [] });
    await expect(scheduler.settle(adding)).rejects.toMatchObject({
      code: 'DUPLICATE_VOTER',
      message: 'is there',
    });
  });
});

describe('features', () => {
  test('are those of whoever is asked', async () => {
    const { scheduler, admin } = open('brokers', {
      ApiVersions: (node) =>
        apis.ApiVersions.response.make({
          errorCode: 0,
          apiKeys: [],
          supportedFeatures: [{ name: 'group.version', minVersion: 0, maxVersion: node }],
          finalizedFeatures: [{ name: 'group.version', minVersionLevel: 1, maxVersionLevel: 1 }],
          finalizedFeaturesEpoch: 42,
        }),
    });
    expect(await scheduler.settle(admin.describeFeatures({ node: BrokerId(2) }))).toEqual({
      supported: new Map([['group.version', { min: 0, max: 2 }]]),
      finalized: new Map([['group.version', { min: 1, max: 1 }]]),
      finalizedEpoch: 42,
    });
  });

  test('change all together, in the newest way or in the oldest', async () => {
    const { scheduler, admin, asked } = open('brokers', { UpdateFeatures: () => features(0) });
    const changes = [
      { feature: 'a', level: 2, kind: 'upgrade' },
      { feature: 'b', level: 0, kind: 'unsafe-downgrade' },
    ] as const;
    expect(await scheduler.settle(admin.updateFeatures(changes, { validateOnly: true }))).toEqual([
      { kind: 'done', key: 'a', value: undefined },
      { kind: 'done', key: 'b', value: undefined },
    ]);
    expect(asked('UpdateFeatures')[0]?.draft).toMatchObject({
      validateOnly: true,
      featureUpdates: [
        { feature: 'a', maxVersionLevel: 2, upgradeType: 1 },
        { feature: 'b', maxVersionLevel: 0, upgradeType: 3 },
      ],
    });
  });

  test('fail all for one, or one by one where an older broker says so', async () => {
    const change = (feature: string) => ({ feature, level: 1, kind: 'upgrade' as const });
    const all = open('brokers', { UpdateFeatures: () => features(ErrorCode.INVALID_UPDATE_VERSION) });
    expect(await all.scheduler.settle(all.admin.updateFeatures([change('a'), change('b')]))).toMatchObject([
      { kind: 'failed', key: 'a', error: { message: 'all of them' } },
      { kind: 'failed', key: 'b', error: { message: 'all of them' } },
    ]);
    const one = open('brokers', {
      UpdateFeatures: () =>
        features(0, [
          { feature: 'a', errorCode: 0 },
          { feature: 'b', errorCode: ErrorCode.INVALID_UPDATE_VERSION },
        ]),
    });
    expect(await one.scheduler.settle(one.admin.updateFeatures([change('a'), change('b')]))).toMatchObject([
      { kind: 'done', key: 'a' },
      { kind: 'failed', key: 'b', error: { code: 'INVALID_UPDATE_VERSION', message: 'this one' } },
    ]);
  });

  test.each([
    [' ', 1, 'upgrade', 'Provided feature can not be empty.'],
    ['a', -1, 'safe-downgrade', 'Cannot specify a negative version level.'],
    ['a', 0, 'upgrade', 'The upgradeType flag should be set to SAFE_DOWNGRADE or UNSAFE_DOWNGRADE when'],
  ] as const)('a change of %p to %d by %s is a mistake', async (feature, level, kind, message) => {
    const { scheduler, admin, asked } = open('brokers', {});
    await expect(scheduler.settle(admin.updateFeatures([{ feature, level, kind }]))).rejects.toMatchObject({
      kind: 'usage',
      message: expect.stringContaining(message) as unknown,
    });
    expect(asked('UpdateFeatures')).toEqual([]);
  });
});

test('a node that the cluster does not tell of has no features', async () => {
  const { scheduler, admin } = open('brokers', {
    ApiVersions: () => new ClientError('connection', 'UNKNOWN_NODE', 'no address', { retriable: true }),
  });
  const describing = admin.describeFeatures({ node: BrokerId(9) });
  await expect(scheduler.settle(describing)).rejects.toMatchObject({
    code: 'UNKNOWN_NODE',
    message: 'node 9 is not among those that the cluster tells of',
  });
});

test('a client of controllers has no producer and no consumer', async () => {
  const client = openClient({ bootstrapControllers: '127.0.0.1:1' });
  expect(() => client.producer()).toThrow('a producer needs brokers');
  expect(() => client.consumer()).toThrow('a consumer needs brokers');
  await client.close();
  expect(() => openClient({ bootstrapServers: 'a:1', bootstrapControllers: 'b:1' })).toThrow(
    'exclude each other',
  );
});
