import { BrokerId } from '@kafkaesque/kernel';
import { ConsumerProtocolAssignment, ErrorCode, apis } from '@kafkaesque/protocol';
import type { ApiName, RequestDraftOf } from '@kafkaesque/protocol';
import { Scheduler, VirtualClock } from '@kafkaesque/sim';
import { ClientError } from '../errors';
import { openSimulatedClient } from '../testing/simulated-client';
import type { Admin } from './admin';

type Answer = (draft: unknown, node: number, count: number) => unknown;

/** A cluster of two brokers whose answers the test writes; groups that begin with `b` belong to broker 2. */
const open = (answers: Partial<Record<ApiName, Answer>>) => {
  const scheduler = new Scheduler();
  const clock = new VirtualClock({ scheduler });
  const counts = new Map<ApiName, number>();
  const { cluster, client } = openSimulatedClient({
    clock,
    topics: { t: 2 },
    brokers: 2,
    intercept: (api, draft, node) => {
      const count = (counts.get(api) ?? 0) + 1;
      counts.set(api, count);
      const answer = answers[api] ?? (api === 'FindCoordinator' ? found : undefined);
      return answer?.(draft, node, count);
    },
  });
  const admin: Admin = client.admin({ apiTimeoutMs: 5000 });
  const asked = (api: ApiName): readonly { readonly node: number; readonly draft: unknown }[] =>
    cluster.requests.filter((request) => request.api === api).map(({ node, draft }) => ({ node, draft }));
  return { scheduler, admin, asked };
};

const coordinatorOf = (key: string): BrokerId => BrokerId(key.startsWith('b') ? 2 : 1);

const found: Answer = (draft) =>
  apis.FindCoordinator.response.make({
    errorCode: 0,
    nodeId: BrokerId(-1),
    host: '',
    port: -1,
    errorMessage: null,
    coordinators: ((draft as RequestDraftOf<'FindCoordinator'>).coordinatorKeys ?? []).map((key) => ({
      ...{ key, nodeId: coordinatorOf(key), host: 'simulated', port: coordinatorOf(key) },
      ...{ errorCode: 0, errorMessage: null },
    })),
  });

const unsupported = (): ClientError => new ClientError('unsupported', 'UNSUPPORTED_VERSION', 'too old');

describe('listing groups', () => {
  test('asks every broker, and tells of each group once in order of the ids', async () => {
    const { scheduler, admin, asked } = open({
      ListGroups: (_, node) =>
        apis.ListGroups.response.make({
          errorCode: 0,
          groups: [
            { groupId: `of-${node}`, protocolType: 'consumer', groupState: 'Stable', groupType: 'consumer' },
            { groupId: 'moving', protocolType: 'connect', groupState: '', groupType: '' },
          ],
        }),
    });
    expect(await scheduler.settle(admin.listGroups())).toEqual([
      { groupId: 'moving', protocolType: 'connect', state: undefined, type: undefined },
      { groupId: 'of-1', protocolType: 'consumer', state: 'Stable', type: 'Consumer' },
      { groupId: 'of-2', protocolType: 'consumer', state: 'Stable', type: 'Consumer' },
    ]);
    expect(
      asked('ListGroups')
        .map(({ node }) => node)
        .sort(),
    ).toEqual([1, 2]);
    const filtered = admin.listGroups({ protocolTypes: ['connect'], states: ['Empty'], types: ['Classic'] });
    expect(await scheduler.settle(filtered)).toHaveLength(1);
    expect(asked('ListGroups').at(-1)?.draft).toEqual({ statesFilter: ['Empty'], typesFilter: ['Classic'] });
  });

  test('waits for a coordinator that loads, and fails when a broker refuses', async () => {
    const answer = (errorCode: number): unknown => apis.ListGroups.response.make({ errorCode, groups: [] });
    const loading = open({
      ListGroups: (_, __, count) => answer(count < 3 ? ErrorCode.COORDINATOR_LOAD_IN_PROGRESS : 0),
    });
    expect(await loading.scheduler.settle(loading.admin.listGroups())).toEqual([]);
    const refused = open({ ListGroups: () => answer(ErrorCode.CLUSTER_AUTHORIZATION_FAILED) });
    await expect(refused.scheduler.settle(refused.admin.listGroups())).rejects.toMatchObject({
      code: 'CLUSTER_AUTHORIZATION_FAILED',
    });
  });
});

const consumerGroup = (groupId: string, errorCode = 0) => ({
  ...{ errorCode, errorMessage: errorCode === 0 ? null : `no ${groupId}`, groupId, groupState: 'Stable' },
  ...{ groupEpoch: 3, assignmentEpoch: 2, assignorName: 'uniform', authorizedOperations: 0b1_0000_1000 },
  members: [],
});

const classicGroup = (groupId: string, change: object = {}) => ({
  ...{ errorCode: 0, errorMessage: null, groupId, groupState: 'Stable', protocolType: 'consumer' },
  ...{ protocolData: 'range', members: [], authorizedOperations: -(2 ** 31) },
  ...change,
});

describe('describing groups of consumers', () => {
  test('asks the coordinator of each for the new protocol first, and for the classic one where that is not known', async () => {
    const bytes = Buffer.concat([
      Buffer.from([0, 3]),
      ConsumerProtocolAssignment.encode({ assignedPartitions: [{ topic: 't', partitions: [1, 0] }] }, 3),
    ]);
    const member = {
      ...{ memberId: 'm', groupInstanceId: 'i', clientId: 'c', clientHost: '/h' },
      ...{ memberMetadata: Buffer.alloc(0), memberAssignment: bytes },
    };
    const { scheduler, admin, asked } = open({
      ConsumerGroupDescribe: (draft) =>
        apis.ConsumerGroupDescribe.response.make({
          groups: (draft as RequestDraftOf<'ConsumerGroupDescribe'>).groupIds.map((groupId) =>
            consumerGroup(groupId, groupId.endsWith('new') ? 0 : ErrorCode.GROUP_ID_NOT_FOUND),
          ),
        }),
      DescribeGroups: (draft) =>
        apis.DescribeGroups.response.make({
          groups: (draft as RequestDraftOf<'DescribeGroups'>).groups.map((groupId) =>
            classicGroup(
              groupId,
              groupId.endsWith('none')
                ? { errorCode: ErrorCode.GROUP_ID_NOT_FOUND, errorMessage: 'less', groupState: 'Dead' }
                : { members: [member] },
            ),
          ),
        }),
    });
    const groupIds = ['a-new', 'b-classic', 'b-none'];
    expect(await scheduler.settle(admin.describeConsumerGroups(groupIds))).toMatchObject([
      {
        ...{ kind: 'done', key: 'a-new' },
        value: {
          ...{ type: 'Consumer', state: 'Stable', partitionAssignor: 'uniform', groupEpoch: 3 },
          ...{ targetAssignmentEpoch: 2, coordinator: { id: 1 }, authorizedOperations: ['READ', 'DESCRIBE'] },
        },
      },
      {
        ...{ kind: 'done', key: 'b-classic' },
        value: {
          ...{ type: 'Classic', simple: false, coordinator: { id: 2 }, groupEpoch: undefined },
          members: [
            {
              ...{ memberId: 'm', instanceId: 'i', clientId: 'c', host: '/h', targetAssignment: undefined },
              assignment: [
                { topic: 't', partition: 1 },
                { topic: 't', partition: 0 },
              ],
            },
          ],
        },
      },
      { kind: 'failed', key: 'b-none', error: { code: 'GROUP_ID_NOT_FOUND', message: 'no b-none' } },
    ]);
    expect(asked('FindCoordinator')).toHaveLength(1);
    expect(asked('DescribeGroups').map(({ node }) => node)).toEqual([2]);
  });

  test('is done by the classic API alone where the broker has no other', async () => {
    const { scheduler, admin } = open({
      ConsumerGroupDescribe: unsupported,
      DescribeGroups: () =>
        apis.DescribeGroups.response.make({
          groups: [classicGroup('a'), classicGroup('a2', { protocolType: 'connect' })],
        }),
    });
    expect(await scheduler.settle(admin.describeConsumerGroups(['a', 'a2']))).toMatchObject([
      { kind: 'done', key: 'a' },
      {
        ...{ kind: 'failed', key: 'a2' },
        error: { code: 'NOT_A_CONSUMER_GROUP', message: 'GroupId a2 is not a consumer group (connect).' },
      },
    ]);
  });

  test('tells of an assignment that cannot be read, and of a group that was left out, without failing the others', async () => {
    const broken = {
      ...{ memberId: 'm', groupInstanceId: null, clientId: 'c', clientHost: '/h' },
      ...{ memberMetadata: Buffer.alloc(0), memberAssignment: Buffer.from([0, 0, 9, 9]) },
    };
    const { scheduler, admin } = open({
      ConsumerGroupDescribe: unsupported,
      DescribeGroups: () =>
        apis.DescribeGroups.response.make({
          groups: [classicGroup('a', { members: [broken] }), classicGroup('fine')],
        }),
    });
    expect(await scheduler.settle(admin.describeConsumerGroups(['a', 'fine', 'gone']))).toMatchObject([
      { kind: 'failed', error: { code: 'UNREADABLE_ASSIGNMENT' } },
      { kind: 'done', key: 'fine' },
      { kind: 'failed', error: { code: 'INCOMPLETE_ANSWER' } },
    ]);
  });
});

describe('a coordinator', () => {
  const deleted = (draft: unknown, errorCode: number): unknown =>
    apis.DeleteGroups.response.make({
      results: (draft as RequestDraftOf<'DeleteGroups'>).groupsNames.map((groupId) => ({
        groupId,
        errorCode,
      })),
    });

  test('that is none any more is looked for again, and one that loads is waited for', async () => {
    const errors = [ErrorCode.NOT_COORDINATOR, ErrorCode.COORDINATOR_LOAD_IN_PROGRESS, 0];
    const { scheduler, admin, asked } = open({
      DeleteGroups: (draft, _, count) => deleted(draft, errors[count - 1] ?? 0),
    });
    expect(await scheduler.settle(admin.deleteGroups(['a']))).toEqual([
      { kind: 'done', key: 'a', value: undefined },
    ]);
    expect(asked('FindCoordinator')).toHaveLength(2);
    expect(asked('DeleteGroups')).toHaveLength(3);
  });

  test('that never comes lets its own groups fail when the time is over, and no others', async () => {
    const { scheduler, admin } = open({
      DeleteGroups: (draft, node) => deleted(draft, node === 1 ? 0 : ErrorCode.COORDINATOR_NOT_AVAILABLE),
    });
    expect(await scheduler.settle(admin.deleteGroups(['a', 'b'], { timeoutMs: 1000 }))).toMatchObject([
      { kind: 'done', key: 'a' },
      { kind: 'failed', key: 'b', error: { kind: 'timeout' } },
    ]);
  });

  test('that may have deleted a group is not asked to do it twice', async () => {
    const lost = new ClientError('connection', 'CONNECTION_LOST', 'gone', {
      effect: 'indefinite',
      retriable: true,
    });
    const { scheduler, admin, asked } = open({ DeleteGroups: () => lost });
    expect(await scheduler.settle(admin.deleteGroups(['a']))).toMatchObject([
      { kind: 'failed', key: 'a', error: { kind: 'connection', effect: 'indefinite' } },
    ]);
    expect(asked('DeleteGroups')).toHaveLength(1);
  });

  test('is asked for one by one where the cluster is older than the question for many', async () => {
    const { scheduler, admin, asked } = open({
      FindCoordinator: (draft) => {
        const { key = '', coordinatorKeys } = draft as RequestDraftOf<'FindCoordinator'>;
        if (coordinatorKeys !== undefined) return unsupported();
        return apis.FindCoordinator.response.make({
          ...{ errorCode: 0, errorMessage: null, nodeId: coordinatorOf(key) },
          ...{ host: 'simulated', port: coordinatorOf(key), coordinators: [] },
        });
      },
      DeleteGroups: (draft) => deleted(draft, 0),
    });
    expect(await scheduler.settle(admin.deleteGroups(['a', 'b']))).toMatchObject([
      { kind: 'done', key: 'a' },
      { kind: 'done', key: 'b' },
    ]);
    expect(
      asked('DeleteGroups')
        .map(({ node }) => node)
        .sort(),
    ).toEqual([1, 2]);
  });

  test('of a group that may not be seen fails that group alone', async () => {
    const { scheduler, admin } = open({
      FindCoordinator: (draft) => {
        const answer = found(draft, 0, 0) as { coordinators: readonly { key: string }[] };
        return {
          ...answer,
          coordinators: answer.coordinators.map((one) =>
            one.key === 'b' ? { ...one, errorCode: ErrorCode.GROUP_AUTHORIZATION_FAILED } : one,
          ),
        };
      },
      DeleteGroups: (draft) => deleted(draft, 0),
    });
    expect(await scheduler.settle(admin.deleteGroups(['a', 'b']))).toMatchObject([
      { kind: 'done', key: 'a' },
      { kind: 'failed', key: 'b', error: { code: 'GROUP_AUTHORIZATION_FAILED' } },
    ]);
  });
});

describe('offsets of groups', () => {
  const partition = (partitionIndex: number, committedOffset: number, errorCode = 0): unknown => ({
    ...{ partitionIndex, committedOffset, committedLeaderEpoch: -1, metadata: 'm', errorCode },
  });

  test('come in one request per coordinator, with what is not committed and what is not stable', async () => {
    const { scheduler, admin, asked } = open({
      OffsetFetch: (draft) =>
        apis.OffsetFetch.response.make({
          topics: [],
          groups: ((draft as RequestDraftOf<'OffsetFetch'>).groups ?? []).map(({ groupId }) => ({
            groupId,
            errorCode: groupId === 'a2' ? ErrorCode.GROUP_AUTHORIZATION_FAILED : 0,
            topics: [
              {
                name: 't',
                partitions: [
                  partition(0, 7),
                  partition(1, -1),
                  partition(2, -1, ErrorCode.UNSTABLE_OFFSET_COMMIT),
                ],
              },
            ],
          })),
        } as never),
    });
    const questions = [{ groupId: 'a', partitions: [{ topic: 't', partition: 0 }] }, { groupId: 'a2' }];
    expect(await scheduler.settle(admin.listGroupOffsets(questions, { requireStable: true }))).toMatchObject([
      {
        ...{ kind: 'done', key: 'a' },
        value: [
          { kind: 'done', key: { topic: 't', partition: 0 }, value: { offset: 7, metadata: 'm' } },
          { kind: 'done', key: { topic: 't', partition: 1 }, value: undefined },
          { kind: 'failed', key: { topic: 't', partition: 2 }, error: { code: 'UNSTABLE_OFFSET_COMMIT' } },
        ],
      },
      { kind: 'failed', key: 'a2', error: { code: 'GROUP_AUTHORIZATION_FAILED' } },
    ]);
    expect(asked('OffsetFetch').map(({ draft }) => draft)).toEqual([
      {
        groups: [
          { groupId: 'a', topics: [{ name: 't', partitionIndexes: [0] }] },
          { groupId: 'a2', topics: null },
        ],
        requireStable: true,
      },
    ]);
  });

  test('come group by group from brokers that know no more', async () => {
    const { scheduler, admin } = open({
      OffsetFetch: (draft) =>
        (draft as RequestDraftOf<'OffsetFetch'>).groups === undefined
          ? apis.OffsetFetch.response.make({
              errorCode: 0,
              groups: [],
              topics: [{ name: 't', partitions: [partition(0, 5)] }],
            } as never)
          : unsupported(),
    });
    expect(await scheduler.settle(admin.listGroupOffsets([{ groupId: 'a' }]))).toMatchObject([
      { kind: 'done', key: 'a', value: [{ kind: 'done', value: { offset: 5 } }] },
    ]);
  });

  test('are committed once the group has no rebalance any more, each with its own outcome', async () => {
    const { scheduler, admin, asked } = open({
      OffsetCommit: (_, __, count) =>
        apis.OffsetCommit.response.make({
          topics: [
            {
              name: 't',
              partitions: [
                { partitionIndex: 0, errorCode: count === 1 ? ErrorCode.REBALANCE_IN_PROGRESS : 0 },
                { partitionIndex: 9, errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION },
              ],
            },
          ],
        }),
    });
    const offsets = [0, 9].map((one) => ({ topic: 't', partition: one, offset: 4 }));
    expect(await scheduler.settle(admin.alterGroupOffsets('a', offsets))).toMatchObject([
      { kind: 'done', key: { topic: 't', partition: 0 } },
      { kind: 'failed', key: { topic: 't', partition: 9 }, error: { code: 'UNKNOWN_TOPIC_OR_PARTITION' } },
    ]);
    expect(asked('OffsetCommit')).toHaveLength(2);
  });

  test('are not deleted, none of them, where the group is not there', async () => {
    const { scheduler, admin } = open({
      OffsetDelete: () =>
        apis.OffsetDelete.response.make({ errorCode: ErrorCode.GROUP_ID_NOT_FOUND, topics: [] }),
    });
    const deletion = admin.deleteGroupOffsets('a', [{ topic: 't', partition: 0 }]);
    await expect(scheduler.settle(deletion)).rejects.toMatchObject({ code: 'GROUP_ID_NOT_FOUND' });
  });
});

describe('removing members', () => {
  const left: Answer = (draft) =>
    apis.LeaveGroup.response.make({
      errorCode: 0,
      members: ((draft as RequestDraftOf<'LeaveGroup'>).members ?? []).map(
        ({ memberId, groupInstanceId }) => ({
          ...{ memberId, groupInstanceId: groupInstanceId ?? null },
          errorCode: groupInstanceId === 'gone' ? ErrorCode.UNKNOWN_MEMBER_ID : 0,
        }),
      ),
    });

  test('names static members by their instance, and says why', async () => {
    const { scheduler, admin, asked } = open({ LeaveGroup: left });
    const members = [{ instanceId: 'i' }, { instanceId: 'gone' }];
    const removal = admin.removeMembersFromGroup('a', { members, reason: 'too old' });
    expect(await scheduler.settle(removal)).toMatchObject([
      { kind: 'done', key: { instanceId: 'i' } },
      { kind: 'failed', key: { instanceId: 'gone' }, error: { code: 'UNKNOWN_MEMBER_ID' } },
    ]);
    expect(asked('LeaveGroup')).toMatchObject([
      { draft: { members: [{ memberId: '', groupInstanceId: 'i', reason: 'too old' }, {}] } },
    ]);
  });

  test('without names is of all that there are', async () => {
    const { scheduler, admin, asked } = open({
      LeaveGroup: left,
      ConsumerGroupDescribe: unsupported,
      DescribeGroups: () =>
        apis.DescribeGroups.response.make({
          groups: [
            classicGroup('a', {
              members: [null, 'i'].map((groupInstanceId) => ({
                ...{ memberId: 'm', groupInstanceId, clientId: 'c', clientHost: '/h' },
                ...{ memberMetadata: Buffer.alloc(0), memberAssignment: Buffer.alloc(0) },
              })),
            }),
          ],
        }),
    });
    expect(await scheduler.settle(admin.removeMembersFromGroup('a'))).toMatchObject([
      { kind: 'done', key: { memberId: 'm' } },
      { kind: 'done', key: { instanceId: 'i' } },
    ]);
    expect(asked('LeaveGroup')).toMatchObject([
      { draft: { members: [{ memberId: 'm', reason: 'member was removed by an admin' }, {}] } },
    ]);
  });
});
