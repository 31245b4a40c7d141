import { LeaderEpoch, Offset } from '@kafkaesque/kernel';
import { ErrorCode } from '@kafkaesque/protocol';
import type { ApiName } from '@kafkaesque/protocol';
import type { Question } from './question';

/** A group that only ever commits: OffsetCommit makes it, the questions after it see it. */
const SIMPLE = 'simple-group';

/** The APIs of groups, in an order in which each finds what it asks about. */
export const groupQuestions: { readonly [Name in ApiName]?: Question<Name> } = {
  OffsetCommit: {
    ask: (version, { topic, topicId }) => ({
      groupId: SIMPLE,
      generationIdOrMemberEpoch: -1,
      memberId: '',
      topics: [
        {
          ...(version >= 10 ? { topicId } : { name: topic }),
          partitions: [
            {
              partitionIndex: 0,
              committedOffset: Offset(version),
              ...(version >= 6 ? { committedLeaderEpoch: LeaderEpoch(0) } : {}),
              committedMetadata: 'noted',
            },
            { partitionIndex: 9, committedOffset: Offset(1), committedMetadata: null },
          ],
        },
      ],
    }),
    judge: ({ topics }, version, { topic, topicId }) => {
      expect(topics).toMatchObject([
        {
          ...(version >= 10 ? { topicId } : { name: topic }),
          partitions: [
            { partitionIndex: 0, errorCode: 0 },
            { partitionIndex: 9, errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION },
          ],
        },
      ]);
    },
  },
  OffsetFetch: {
    ask: (version, { topic, topicId }) => {
      const asked = { ...(version >= 10 ? { topicId } : { name: topic }), partitionIndexes: [0, 9] };
      return {
        ...(version >= 8
          ? {
              groups: [
                { groupId: SIMPLE, topics: [asked] },
                { groupId: SIMPLE, topics: null },
              ],
            }
          : { groupId: SIMPLE, topics: [{ name: topic, partitionIndexes: [0, 9] }] }),
        ...(version >= 7 ? { requireStable: true } : {}),
      };
    },
    judge: ({ errorCode, topics, groups }, version, { topic, topicId }) => {
      const committed = {
        partitionIndex: 0,
        errorCode: 0,
        committedOffset: 10,
        committedLeaderEpoch: version >= 5 ? 0 : -1,
        metadata: 'noted',
      };
      const nothing = { partitionIndex: 9, errorCode: 0, committedOffset: -1, metadata: '' };
      const named = version >= 10 ? { topicId } : { name: topic };
      expect(errorCode).toBe(0);
      if (version < 8) expect(topics).toMatchObject([{ ...named, partitions: [committed, nothing] }]);
      else
        expect(groups).toMatchObject([
          { groupId: SIMPLE, errorCode: 0, topics: [{ ...named, partitions: [committed, nothing] }] },
          { groupId: SIMPLE, errorCode: 0, topics: [{ ...named, partitions: [committed] }] },
        ]);
    },
  },
  DescribeGroups: {
    ask: (version) => ({
      groups: [SIMPLE, 'nobody'],
      ...(version >= 3 ? { includeAuthorizedOperations: true } : {}),
    }),
    judge: ({ groups }, version) => {
      const empty = { groupId: SIMPLE, errorCode: 0, groupState: 'Empty', protocolType: '', members: [] };
      const errorCode = version >= 6 ? ErrorCode.GROUP_ID_NOT_FOUND : 0;
      expect(groups).toMatchObject([empty, { groupId: 'nobody', groupState: 'Dead', errorCode }]);
      if (version >= 3) expect(groups[0]?.authorizedOperations).toBeGreaterThan(0);
    },
  },
  ListGroups: {
    ask: (version) => ({
      ...(version >= 4 ? { statesFilter: ['eMPTY'] } : {}),
      ...(version >= 5 ? { typesFilter: ['Classic'] } : {}),
    }),
    judge: ({ errorCode, groups }, version) => {
      expect(errorCode).toBe(0);
      expect(groups).toContainEqual({
        groupId: SIMPLE,
        protocolType: '',
        groupState: version >= 4 ? 'Empty' : '',
        groupType: version >= 5 ? 'classic' : '',
      });
    },
  },
  OffsetDelete: {
    ask: (_version, { topic }) => ({
      groupId: SIMPLE,
      topics: [{ name: topic, partitions: [{ partitionIndex: 0 }, { partitionIndex: 9 }] }],
    }),
    judge: ({ errorCode, topics }, _version, { topic }) => {
      expect(errorCode).toBe(0);
      expect(topics).toEqual([
        {
          name: topic,
          partitions: [
            { partitionIndex: 0, errorCode: 0 },
            { partitionIndex: 9, errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION },
          ],
        },
      ]);
    },
  },
  DeleteGroups: {
    ask: () => ({ groupsNames: ['nobody'] }),
    judge: ({ results }) =>
      expect(results).toEqual([{ groupId: 'nobody', errorCode: ErrorCode.GROUP_ID_NOT_FOUND }]),
  },
  JoinGroup: {
    ask: (version) => ({
      groupId: `joined-in-${version}`,
      sessionTimeoutMs: 10_000,
      ...(version >= 1 ? { rebalanceTimeoutMs: 10_000 } : {}),
      memberId: '',
      protocolType: 'consumer',
      protocols: [{ name: 'range', metadata: Buffer.from('told') }],
    }),
    judge: ({ errorCode, memberId, leader, generationId, protocolName, members }, version) => {
      expect(memberId).not.toBe('');
      if (version >= 4) expect(errorCode).toBe(ErrorCode.MEMBER_ID_REQUIRED);
      else {
        expect({ errorCode, leader, generationId, protocolName }).toEqual({
          ...{ errorCode: 0, leader: memberId, generationId: 1, protocolName: 'range' },
        });
        expect(members).toMatchObject([{ memberId, metadata: Buffer.from('told') }]);
      }
    },
  },
  SyncGroup: {
    ask: (version) => ({
      ...{ groupId: 'nobody', generationId: 1, memberId: 'a-member', assignments: [] },
      ...(version >= 5 ? { protocolType: 'consumer', protocolName: 'range' } : {}),
    }),
    judge: ({ errorCode }) => expect(errorCode).toBe(ErrorCode.UNKNOWN_MEMBER_ID),
  },
  Heartbeat: {
    ask: () => ({ groupId: 'nobody', generationId: 1, memberId: 'a-member' }),
    judge: ({ errorCode }) => expect(errorCode).toBe(ErrorCode.UNKNOWN_MEMBER_ID),
  },
  LeaveGroup: {
    ask: (version) => ({
      groupId: 'nobody',
      ...(version >= 3 ? { members: [{ memberId: 'a-member' }] } : { memberId: 'a-member' }),
    }),
    judge: ({ errorCode, members }, version) => {
      expect(errorCode).toBe(version >= 3 ? 0 : ErrorCode.UNKNOWN_MEMBER_ID);
      if (version >= 3)
        expect(members).toMatchObject([{ memberId: 'a-member', errorCode: ErrorCode.UNKNOWN_MEMBER_ID }]);
    },
  },
  ConsumerGroupHeartbeat: {
    ask: (version, { topic }) => ({
      groupId: 'consumers',
      memberId: version >= 1 ? 'a-member-of-version-1' : '',
      memberEpoch: 0,
      rebalanceTimeoutMs: 10_000,
      subscribedTopicNames: [topic],
      topicPartitions: [],
    }),
    judge: ({ errorCode, memberId, memberEpoch, heartbeatIntervalMs }) => {
      expect(errorCode).toBe(0);
      expect(memberId).not.toBe('');
      expect(memberEpoch).toBeGreaterThan(0);
      // The configured interval, or sooner where the member waits for others.
      expect(heartbeatIntervalMs).toBeGreaterThanOrEqual(500);
      expect(heartbeatIntervalMs).toBeLessThanOrEqual(5000);
    },
  },
  ConsumerGroupDescribe: {
    ask: () => ({ groupIds: ['consumers', SIMPLE, ''], includeAuthorizedOperations: true }),
    judge: ({ groups }, version) => {
      const [consumers, simple, nameless] = groups;
      expect(consumers).toMatchObject({ groupId: 'consumers', errorCode: 0 });
      expect(consumers?.authorizedOperations).toBeGreaterThan(0);
      expect(consumers?.members.map(({ memberType }) => memberType)).toEqual(
        version >= 1 ? [1, 1] : [-1, -1],
      );
      expect(simple).toMatchObject({ groupId: SIMPLE, errorCode: ErrorCode.GROUP_ID_NOT_FOUND });
      expect(nameless).toMatchObject({ groupId: '', errorCode: ErrorCode.INVALID_GROUP_ID });
    },
  },
};
