import { BrokerId } from '@kafkaesque/kernel';
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
  const { cluster, client } = openSimulatedClient({ clock, topics: { a: 2 }, brokers: 2, ...options });
  const admin: Admin = client.admin({ apiTimeoutMs: 5000 });
  const drafts = (api: ApiName): readonly unknown[] =>
    cluster.requests.filter((request) => request.api === api).map(({ draft }) => draft);
  const nodes = (api: ApiName): readonly number[] =>
    cluster.requests.filter((request) => request.api === api).map(({ node }) => node);
  return { scheduler, admin, drafts, nodes };
};

/** Every partition that was asked for fails as `errorOf` says. */
const elected = (draft: unknown, errorOf: (partition: number) => number): unknown =>
  apis.ElectLeaders.response.make({
    errorCode: 0,
    replicaElectionResults: (
      (draft as RequestDraftOf<'ElectLeaders'>).topicPartitions ?? [{ topic: 'a', partitions: [1] }]
    ).map(({ topic, partitions }) => ({
      topic,
      partitionResult: partitions.map((partitionId) => {
        const errorCode = errorOf(partitionId);
        return { partitionId, errorCode, errorMessage: errorCode === 0 ? null : 'no' };
      }),
    })),
  });

describe('electing leaders', () => {
  test('asks for partitions by topic, and tells of each on its own', async () => {
    const { scheduler, admin, drafts } = open({
      intercept: (api, draft) =>
        api === 'ElectLeaders'
          ? elected(draft, (partition) => (partition === 1 ? ErrorCode.ELECTION_NOT_NEEDED : 0))
          : undefined,
    });
    const partitions = [0, 1].map((partition) => ({ topic: 'a', partition }));
    expect(await scheduler.settle(admin.electLeaders('unclean', partitions))).toMatchObject([
      { kind: 'done', key: { topic: 'a', partition: 0 } },
      { kind: 'failed', key: { topic: 'a', partition: 1 }, error: { code: 'ELECTION_NOT_NEEDED' } },
    ]);
    expect(drafts('ElectLeaders')).toMatchObject([
      { electionType: 1, topicPartitions: [{ topic: 'a', partitions: [0, 1] }] },
    ]);
  });

  test('of all partitions tells those that the answer names', async () => {
    const { scheduler, admin, drafts } = open({
      intercept: (api, draft) => (api === 'ElectLeaders' ? elected(draft, () => 0) : undefined),
    });
    expect(await scheduler.settle(admin.electLeaders('preferred'))).toEqual([
      { kind: 'done', key: { topic: 'a', partition: 1 }, value: undefined },
    ]);
    expect(drafts('ElectLeaders')).toMatchObject([{ electionType: 0, topicPartitions: null }]);
  });

  test('fails as a whole where the request was refused as a whole', async () => {
    const { scheduler, admin } = open({
      intercept: (api) =>
        api === 'ElectLeaders'
          ? apis.ElectLeaders.response.make({
              errorCode: ErrorCode.CLUSTER_AUTHORIZATION_FAILED,
              replicaElectionResults: [],
            })
          : undefined,
    });
    await expect(scheduler.settle(admin.electLeaders('preferred'))).rejects.toMatchObject({
      code: 'CLUSTER_AUTHORIZATION_FAILED',
    });
  });
});

describe('reassignments', () => {
  const altered = (errorCode: number): unknown =>
    apis.AlterPartitionReassignments.response.make({
      ...{ errorCode, errorMessage: null },
      responses:
        errorCode === 0
          ? [{ name: 'a', partitions: [{ partitionIndex: 0, errorCode: 0, errorMessage: null }] }]
          : [],
    });

  test('are begun and cancelled, and ask again when it was not the controller', async () => {
    let count = 0;
    const { scheduler, admin, drafts } = open({
      intercept: (api) => {
        if (api !== 'AlterPartitionReassignments') return undefined;
        count += 1;
        return altered(count === 1 ? ErrorCode.NOT_CONTROLLER : 0);
      },
    });
    const changes = [
      { topic: 'a', partition: 0, replicas: [2, 1] },
      { topic: 'a', partition: 1, replicas: undefined },
    ];
    const outcomes = await scheduler.settle(
      admin.alterPartitionReassignments(changes, { allowReplicationFactorChange: false }),
    );
    expect(outcomes).toMatchObject([
      { kind: 'done', key: { topic: 'a', partition: 0 } },
      { kind: 'failed', key: { topic: 'a', partition: 1 }, error: { code: 'INCOMPLETE_ANSWER' } },
    ]);
    expect(drafts('AlterPartitionReassignments')).toHaveLength(2);
    expect(drafts('AlterPartitionReassignments')[1]).toMatchObject({
      allowReplicationFactorChange: false,
      topics: [
        {
          name: 'a',
          partitions: [
            { partitionIndex: 0, replicas: [2, 1] },
            { partitionIndex: 1, replicas: null },
          ],
        },
      ],
    });
  });

  test('are listed, all or of the partitions named', async () => {
    const partition = {
      ...{ partitionIndex: 0, replicas: [BrokerId(1), BrokerId(2)] },
      ...{ addingReplicas: [BrokerId(2)], removingReplicas: [BrokerId(1)] },
    };
    const { scheduler, admin, drafts } = open({
      intercept: (api) =>
        api === 'ListPartitionReassignments'
          ? apis.ListPartitionReassignments.response.make({
              ...{ errorCode: 0, errorMessage: null },
              topics: [{ name: 'a', partitions: [partition] }],
            })
          : undefined,
    });
    const expected = {
      ...{ topic: 'a', partition: 0, replicas: [1, 2] },
      ...{ addingReplicas: [2], removingReplicas: [1] },
    };
    expect(await scheduler.settle(admin.listPartitionReassignments())).toEqual([expected]);
    await scheduler.settle(admin.listPartitionReassignments({ partitions: [{ topic: 'a', partition: 0 }] }));
    expect(drafts('ListPartitionReassignments')).toMatchObject([
      { topics: null },
      { topics: [{ name: 'a', partitionIndexes: [0] }] },
    ]);
  });

  test('are not known where the cluster cannot tell', async () => {
    const { scheduler, admin } = open({
      intercept: (api) =>
        api === 'ListPartitionReassignments'
          ? new ClientError('unsupported', 'UNSUPPORTED_VERSION', 'no such API')
          : undefined,
    });
    expect(await scheduler.settle(admin.listPartitionReassignments())).toBeUndefined();
  });
});

describe('moves between log directories', () => {
  test('are asked of each replica’s broker; one that cannot be asked fails alone', async () => {
    const { scheduler, admin, nodes, drafts } = open({
      intercept: (api, draft, node) => {
        if (api !== 'AlterReplicaLogDirs') return undefined;
        if (node === 2) return new ClientError('broker', 'CLUSTER_AUTHORIZATION_FAILED', 'no');
        const { dirs } = draft as RequestDraftOf<'AlterReplicaLogDirs'>;
        return apis.AlterReplicaLogDirs.response.make({
          results: dirs.flatMap(({ topics }) =>
            topics.map(({ name, partitions }) => ({
              topicName: name,
              partitions: partitions.map((partitionIndex) => ({
                partitionIndex,
                errorCode: partitionIndex === 0 ? 0 : ErrorCode.LOG_DIR_NOT_FOUND,
              })),
            })),
          ),
        });
      },
    });
    const move = (broker: number, partition: number, path: string) => ({
      ...{ topic: 'a', partition, broker: BrokerId(broker), path },
    });
    const outcomes = await scheduler.settle(
      admin.alterReplicaLogDirs([move(1, 0, '/x'), move(1, 1, '/y'), move(2, 0, '/x')]),
    );
    expect(outcomes).toMatchObject([
      { kind: 'done', key: { partition: 0, broker: 1 } },
      { kind: 'failed', key: { partition: 1, broker: 1 }, error: { code: 'LOG_DIR_NOT_FOUND' } },
      { kind: 'failed', key: { partition: 0, broker: 2 }, error: { code: 'CLUSTER_AUTHORIZATION_FAILED' } },
    ]);
    expect([...nodes('AlterReplicaLogDirs')].sort()).toEqual([1, 2]);
    expect(drafts('AlterReplicaLogDirs')).toContainEqual({
      dirs: [
        { path: '/x', topics: [{ name: 'a', partitions: [0] }] },
        { path: '/y', topics: [{ name: 'a', partitions: [1] }] },
      ],
    });
  });
});
