import { LeaderEpoch, Offset, TopicId, ZERO_TOPIC_ID } from '@kafkaesque/kernel';
import type { GroupAnswers, GroupRequest, GroupRequestKind } from '@kafkaesque/coordinator';
import { ErrorCode, apis } from '@kafkaesque/protocol';
import type { ApiName, RequestDraftOf, RequestOf, ResponseDraftOf } from '@kafkaesque/protocol';
import type { Broker } from '../broker/broker';
import type { ListGroupsQuestion } from '../coordinator/group-coordinators';
import { consumerGroupDescribe } from './consumer-group-describe';
import { consumerGroupHeartbeat } from './consumer-group-heartbeat';
import { deleteGroups } from './delete-groups';
import { describeGroups } from './describe-groups';
import type { RequestContext } from './handler';
import { heartbeat } from './heartbeat';
import { joinGroup } from './join-group';
import { leaveGroup } from './leave-group';
import { listGroups } from './list-groups';
import { offsetCommit } from './offset-commit';
import { offsetDelete } from './offset-delete';
import { offsetFetch } from './offset-fetch';
import { syncGroup } from './sync-group';
import type { Handler } from './table';

const ORDERS = TopicId('orders--------------_A');
const SECRET = TopicId('secret--------------_A');
const UNKNOWN = TopicId('unknown-------------_A');

type Coordinator = { readonly [Kind in GroupRequestKind]?: (request: GroupRequest) => GroupAnswers[Kind] };

/** A broker with two topics of two partitions, `orders` and `secret`; `forbids` lists what nobody may do, as `READ GROUP g`. */
const stage = (coordinator: Coordinator = {}, ...forbids: readonly string[]) => {
  const asked: GroupRequest[] = [];
  const topics = [
    { topicId: ORDERS, name: 'orders' },
    { topicId: SECRET, name: 'secret' },
  ].map((topic) => ({ ...topic, partitions: { get: (index: number) => (index < 2 ? {} : undefined) } }));
  const protocols: string[] = ['classic', 'consumer'];
  const broker = {
    configuration: { get: () => protocols },
    isAllowed: (_context: RequestContext, operation: string, resource: string, name: string) =>
      !forbids.includes(`${operation} ${resource} ${name}`),
    topicByName: (name: string) => topics.find((topic) => topic.name === name),
    topicById: (topicId: TopicId) => topics.find((topic) => topic.topicId === topicId),
    groups: {
      ask: (_groupId: string, request: GroupRequest) => {
        asked.push(request);
        return Promise.resolve(coordinator[request.kind]?.(request));
      },
      askAll: (request: ListGroupsQuestion) => Promise.resolve([coordinator['list-groups']?.(request)]),
    },
  } as unknown as Broker;
  const ask = async <Name extends ApiName>(
    name: Name,
    handler: (broker: Broker) => Handler<Name>,
    apiVersion: number,
    request: RequestDraftOf<Name>,
  ): Promise<ResponseDraftOf<Name>> => {
    const context = { apiVersion, clientId: 'c', remoteAddress: '[::1]:4711', letGo: () => undefined };
    const whole = apis[name].request.make(request as never) as RequestOf<Name>;
    const reply = await handler(broker)(context as unknown as RequestContext, whole);
    if (reply.kind !== 'answer') throw new Error(`the reply is a ${reply.kind}`);
    return reply.response;
  };
  return { ask, asked, protocols };
};

const committing = { groupId: 'g', generationIdOrMemberEpoch: -1, memberId: '' };
const offsetOf = (partitionIndex: number) => ({
  ...{ partitionIndex, committedOffset: Offset(5), committedMetadata: 'm' },
});

describe('whoever may not use a group', () => {
  const errorCode = ErrorCode.GROUP_AUTHORIZATION_FAILED;

  test('is told so by every API, and no coordinator is asked', async () => {
    const { ask, asked } = stage({}, 'READ GROUP g', 'DESCRIBE GROUP g', 'DELETE GROUP g');
    const member = { groupId: 'g', generationId: 1, memberId: 'm' };
    const join = { ...{ groupId: 'g', sessionTimeoutMs: 1, memberId: '', protocolType: '', protocols: [] } };
    const named = { protocolType: 'consumer', protocolName: 'range' };
    expect(await ask('JoinGroup', joinGroup, 9, join)).toMatchObject({ errorCode, protocolName: null });
    expect(await ask('JoinGroup', joinGroup, 6, join)).toMatchObject({ errorCode, protocolName: '' });
    expect(await ask('SyncGroup', syncGroup, 5, { ...member, ...named, assignments: [] })).toMatchObject({
      errorCode,
    });
    expect(await ask('Heartbeat', heartbeat, 4, member)).toMatchObject({ errorCode });
    expect(await ask('LeaveGroup', leaveGroup, 5, { groupId: 'g', members: [] })).toMatchObject({
      errorCode,
    });
    expect(await ask('DescribeGroups', describeGroups, 5, { groups: ['g'] })).toMatchObject({
      groups: [{ groupId: 'g', errorCode }],
    });
    expect(await ask('DeleteGroups', deleteGroups, 2, { groupsNames: ['g'] })).toMatchObject({
      results: [{ groupId: 'g', errorCode }],
    });
    const ofOrders = { name: 'orders', partitions: [offsetOf(0), offsetOf(1)] };
    expect(await ask('OffsetCommit', offsetCommit, 9, { ...committing, topics: [ofOrders] })).toMatchObject({
      topics: [{ name: 'orders', partitions: [{ errorCode }, { errorCode }] }],
    });
    expect(await ask('OffsetDelete', offsetDelete, 0, { groupId: 'g', topics: [] })).toMatchObject({
      errorCode,
    });
    expect(
      await ask('ConsumerGroupHeartbeat', consumerGroupHeartbeat, 1, { ...member, memberEpoch: 0 }),
    ).toMatchObject({ errorCode });
    expect(
      await ask('ConsumerGroupDescribe', consumerGroupDescribe, 1, {
        groupIds: ['g'],
        includeAuthorizedOperations: false,
      }),
    ).toMatchObject({
      groups: [{ groupId: 'g', errorCode }],
    });
    expect(asked).toEqual([]);
  });

  test('is told so by a fetch of offsets where its version has room for it', async () => {
    const { ask } = stage({}, 'DESCRIBE GROUP g');
    const topics = [{ name: 'orders', partitionIndexes: [0] }];
    expect(await ask('OffsetFetch', offsetFetch, 8, { groups: [{ groupId: 'g', topics }] })).toMatchObject({
      groups: [{ groupId: 'g', errorCode, topics: [] }],
    });
    expect(await ask('OffsetFetch', offsetFetch, 7, { groupId: 'g', topics })).toMatchObject({
      errorCode,
      topics: [],
    });
    expect(await ask('OffsetFetch', offsetFetch, 1, { groupId: 'g', topics })).toMatchObject({
      topics: [{ name: 'orders', partitions: [{ partitionIndex: 0, errorCode, committedOffset: -1 }] }],
    });
  });
});

describe('a group without a name', () => {
  test('is nobody to join, sync, heartbeat, leave or delete offsets of, and may commit and fetch', async () => {
    const { ask, asked } = stage({
      'commit-offsets': () => ({ errorCodes: [0] }),
      'fetch-offsets': () => ({ errorCode: 0, offsets: [] }),
    });
    const errorCode = ErrorCode.INVALID_GROUP_ID;
    const member = { groupId: '', generationId: 1, memberId: 'm' };
    const join = { groupId: '', sessionTimeoutMs: 1, memberId: 'm', protocolType: '', protocols: [] };
    expect(await ask('JoinGroup', joinGroup, 9, join)).toMatchObject({ errorCode, memberId: 'm' });
    expect(await ask('SyncGroup', syncGroup, 4, { ...member, assignments: [] })).toMatchObject({ errorCode });
    expect(await ask('Heartbeat', heartbeat, 4, member)).toMatchObject({ errorCode });
    expect(await ask('LeaveGroup', leaveGroup, 5, { groupId: '', members: [] })).toMatchObject({ errorCode });
    expect(await ask('OffsetDelete', offsetDelete, 0, { groupId: '', topics: [] })).toMatchObject({
      errorCode,
    });
    expect(asked).toEqual([]);
    const topics = [{ name: 'orders', partitions: [offsetOf(0)] }];
    await ask('OffsetCommit', offsetCommit, 9, { ...committing, groupId: '', topics });
    await ask('OffsetFetch', offsetFetch, 8, { groups: [{ groupId: '', topics: null }] });
    expect(asked.map(({ kind }) => kind)).toEqual(['commit-offsets', 'fetch-offsets']);
  });
});

describe('a commit', () => {
  const coordinator: Coordinator = { 'commit-offsets': () => ({ errorCodes: [0, 12] }) };

  test('reaches the coordinator with what may be committed, and answers in the order of the request', async () => {
    const { ask, asked } = stage(coordinator, 'READ TOPIC secret');
    const { topics } = await ask('OffsetCommit', offsetCommit, 9, {
      ...committing,
      topics: [
        { name: 'secret', partitions: [offsetOf(0)] },
        { name: 'orders', partitions: [offsetOf(2), offsetOf(1)] },
        { name: 'gone', partitions: [offsetOf(0)] },
        { name: 'orders', partitions: [offsetOf(0)] },
      ],
    });
    expect(topics.map(({ name, partitions }) => [name, ...partitions.map((one) => one.errorCode)])).toEqual([
      ['secret', ErrorCode.TOPIC_AUTHORIZATION_FAILED],
      ['orders', ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, 0],
      ['gone', ErrorCode.UNKNOWN_TOPIC_OR_PARTITION],
      ['orders', 12],
    ]);
    expect(asked).toMatchObject([
      {
        kind: 'commit-offsets',
        groupId: 'g',
        offsets: [
          { topicId: ORDERS, topic: 'orders', partition: 1, offset: 5, metadata: 'm' },
          { topicId: ORDERS, topic: 'orders', partition: 0 },
        ],
      },
    ]);
  });

  test('by id says of an id that nobody has that it is unknown', async () => {
    const { ask } = stage(coordinator);
    const { topics } = await ask('OffsetCommit', offsetCommit, 10, {
      ...committing,
      topics: [
        { topicId: UNKNOWN, partitions: [offsetOf(0)] },
        { topicId: ZERO_TOPIC_ID, partitions: [offsetOf(0)] },
        { topicId: ORDERS, partitions: [offsetOf(0)] },
      ],
    });
    expect(topics.map(({ topicId, partitions }) => [topicId, partitions[0]?.errorCode])).toEqual([
      [UNKNOWN, ErrorCode.UNKNOWN_TOPIC_ID],
      [ZERO_TOPIC_ID, ErrorCode.UNKNOWN_TOPIC_ID],
      [ORDERS, 0],
    ]);
  });

  test('of nothing that may be committed asks no coordinator', async () => {
    const { ask, asked } = stage(coordinator);
    await ask('OffsetCommit', offsetCommit, 9, {
      ...committing,
      topics: [{ name: 'gone', partitions: [offsetOf(0)] }],
    });
    expect(asked).toEqual([]);
  });
});

describe('a fetch of offsets', () => {
  const found = (topic: string, topicId: TopicId, partition: number) => ({
    ...{ topic, topicId, partition, errorCode: 0 },
    ...{ offset: Offset(5), leaderEpoch: LeaderEpoch(2), metadata: 'm' },
  });
  const coordinator: Coordinator = {
    'fetch-offsets': (request) => {
      if (request.kind !== 'fetch-offsets') throw new Error('asked for something else');
      const { partitions } = request;
      if (partitions !== null)
        return {
          errorCode: 0,
          offsets: partitions.map(({ topic, topicId, partition }) => found(topic, topicId, partition)),
        };
      return {
        errorCode: 0,
        offsets: [
          found('orders', ORDERS, 0),
          found('orders', ORDERS, 1),
          found('secret', SECRET, 0),
          found('gone', ZERO_TOPIC_ID, 0),
        ],
      };
    },
  };
  const partition = {
    partitionIndex: 0,
    committedOffset: 5,
    committedLeaderEpoch: 2,
    metadata: 'm',
    errorCode: 0,
  };

  test('of everything hides the topics that the asker may not describe, and by id those that are gone', async () => {
    const { ask } = stage(coordinator, 'DESCRIBE TOPIC secret');
    const names = async (version: number) => {
      const { groups } = await ask('OffsetFetch', offsetFetch, version, {
        groups: [{ groupId: 'g', topics: null }],
      });
      return groups?.[0]?.topics.map(({ name, partitions }) => `${name} ${partitions.length}`);
    };
    expect(await names(9)).toEqual(['orders 2', 'gone 1']);
    expect(await names(10)).toEqual(['orders 2']);
  });

  test('of partitions answers in the order of the request', async () => {
    const { ask } = stage(coordinator, 'DESCRIBE TOPIC secret');
    const { groups } = await ask('OffsetFetch', offsetFetch, 9, {
      groups: [
        {
          groupId: 'g',
          topics: [
            { name: 'secret', partitionIndexes: [0] },
            { name: 'gone', partitionIndexes: [0] },
            { name: 'orders', partitionIndexes: [0] },
          ],
        },
      ],
    });
    expect(groups?.[0]?.topics).toMatchObject([
      {
        name: 'secret',
        partitions: [{ errorCode: ErrorCode.TOPIC_AUTHORIZATION_FAILED, committedOffset: -1 }],
      },
      { name: 'gone', partitions: [partition] },
      { name: 'orders', partitions: [partition] },
    ]);
  });

  test('of an id that nobody has says that it is unknown', async () => {
    const { ask } = stage(coordinator);
    const { groups } = await ask('OffsetFetch', offsetFetch, 10, {
      groups: [
        {
          groupId: 'g',
          topics: [
            { topicId: UNKNOWN, partitionIndexes: [0] },
            { topicId: ORDERS, partitionIndexes: [0] },
          ],
        },
      ],
    });
    expect(groups?.[0]?.topics).toMatchObject([
      { topicId: UNKNOWN, partitions: [{ errorCode: ErrorCode.UNKNOWN_TOPIC_ID }] },
      { topicId: ORDERS, partitions: [partition] },
    ]);
  });
});

describe('a member that leaves', () => {
  test('by an old version is asked about as one of many, and its error is the answer', async () => {
    const answer = { memberId: 'm', groupInstanceId: null, errorCode: ErrorCode.UNKNOWN_MEMBER_ID };
    const { ask, asked } = stage({ leave: () => ({ errorCode: 0, members: [answer] }) });
    expect(await ask('LeaveGroup', leaveGroup, 2, { groupId: 'g', memberId: 'm' })).toEqual({
      ...{ errorCode: ErrorCode.UNKNOWN_MEMBER_ID, members: [] },
    });
    expect(asked).toMatchObject([{ request: { members: [{ memberId: 'm', groupInstanceId: null }] } }]);
    expect(await ask('LeaveGroup', leaveGroup, 3, { groupId: 'g', members: [] })).toEqual({
      ...{ errorCode: 0, members: [answer] },
    });
  });
});

test('a member is shown by its address alone, and of its metadata a copy is kept', async () => {
  const joined = { errorCode: 0, leader: '', memberId: 'm', protocolName: '', members: [] };
  const { ask, asked } = stage({ join: () => joined });
  const metadata = Buffer.from('told');
  const join = { groupId: 'g', sessionTimeoutMs: 77, memberId: '', protocolType: 'consumer' };
  await ask('JoinGroup', joinGroup, 0, { ...join, protocols: [{ name: 'range', metadata }] });
  metadata.fill(0);
  expect(asked).toMatchObject([
    {
      asker: { clientId: 'c', clientHost: '/::1' },
      request: { rebalanceTimeoutMs: 77, protocols: [{ metadata: Buffer.from('told') }] },
    },
  ]);
});

test('a sync of version 5 must say which protocol it means', async () => {
  const { ask, asked } = stage();
  const sync = { groupId: 'g', generationId: 1, memberId: 'm', assignments: [] };
  expect(await ask('SyncGroup', syncGroup, 5, sync)).toMatchObject({
    errorCode: ErrorCode.INCONSISTENT_GROUP_PROTOCOL,
  });
  expect(asked).toEqual([]);
});

test('the list of groups has those that the asker may describe, unless it may describe the cluster', async () => {
  const group = (groupId: string) => ({
    groupId,
    protocolType: '',
    groupState: 'Empty',
    groupType: 'classic',
  });
  const all = { 'list-groups': () => ({ errorCode: 0, groups: [group('g'), group('h')] }) };
  const listed = async (...forbids: readonly string[]) => {
    const { groups } = await stage(all, ...forbids).ask('ListGroups', listGroups, 5, {});
    return groups.map(({ groupId }) => groupId);
  };
  expect(await listed()).toEqual(['g', 'h']);
  expect(await listed('DESCRIBE GROUP g')).toEqual(['g', 'h']);
  expect(await listed('DESCRIBE GROUP g', 'DESCRIBE CLUSTER kafka-cluster')).toEqual(['h']);
});

test('the list of groups fails while one coordinator loads, and passes over one that moved away', async () => {
  const answering = (errorCode: number) =>
    stage({ 'list-groups': () => ({ errorCode, groups: [] }) }).ask('ListGroups', listGroups, 5, {});
  expect(await answering(ErrorCode.COORDINATOR_LOAD_IN_PROGRESS)).toMatchObject({ errorCode: 14 });
  expect(await answering(ErrorCode.NOT_COORDINATOR)).toMatchObject({ errorCode: 0 });
});

describe('groups of KIP-848', () => {
  const heartbeatOf = (topics: readonly string[]) => ({
    ...{ groupId: 'g', memberId: 'm', memberEpoch: 0, subscribedTopicNames: topics },
  });

  test('are not served where the configuration does not name them', async () => {
    const { ask, protocols } = stage();
    protocols.pop();
    const errorCode = ErrorCode.UNSUPPORTED_VERSION;
    expect(await ask('ConsumerGroupHeartbeat', consumerGroupHeartbeat, 1, heartbeatOf([]))).toMatchObject({
      errorCode,
    });
    expect(
      await ask('ConsumerGroupDescribe', consumerGroupDescribe, 1, {
        ...{ groupIds: ['g'], includeAuthorizedOperations: true },
      }),
    ).toMatchObject({ groups: [{ groupId: 'g', errorCode }] });
  });

  test('have no members that name topics which they may not describe', async () => {
    const { ask, asked } = stage({}, 'DESCRIBE TOPIC secret');
    expect(
      await ask('ConsumerGroupHeartbeat', consumerGroupHeartbeat, 1, heartbeatOf(['orders', 'secret'])),
    ).toMatchObject({ errorCode: ErrorCode.TOPIC_AUTHORIZATION_FAILED });
    expect(asked).toEqual([]);
  });

  test('are not described to whoever may not describe one of their topics', async () => {
    const assignment = { topicPartitions: [{ topicId: SECRET, topicName: 'secret', partitions: [0] }] };
    const member = {
      ...{ memberId: 'm', memberEpoch: 1, clientId: '', clientHost: '', subscribedTopicNames: [] },
      ...{ assignment, targetAssignment: { topicPartitions: [] } },
    };
    const coordinator: Coordinator = {
      'describe-consumer': () => ({
        ...{ errorCode: 0, groupId: 'g', groupState: 'Stable', groupEpoch: 1, assignmentEpoch: 1 },
        ...{ assignorName: 'uniform', members: [member] },
      }),
    };
    const described = (...forbids: readonly string[]) =>
      stage(coordinator, ...forbids).ask('ConsumerGroupDescribe', consumerGroupDescribe, 1, {
        ...{ groupIds: ['g', 'g'], includeAuthorizedOperations: true },
      });
    expect(await described()).toMatchObject({
      groups: [
        { errorCode: 0, groupState: 'Stable', members: [{ memberId: 'm' }], authorizedOperations: 3400 },
      ],
    });
    expect(await described('DESCRIBE TOPIC secret')).toMatchObject({
      groups: [{ errorCode: ErrorCode.TOPIC_AUTHORIZATION_FAILED, groupState: '', members: [] }],
    });
  });
});
