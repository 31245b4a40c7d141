import type { LeaderEpoch, Offset, TopicId } from '@kafkaesque/kernel';
import { array, bool, int16, int32, int64, string, uuid } from '../schema/field';
import { message, type Infer } from '../schema/message';

/**
 * v1 offsets come from the internal topic · v2 null means all topics, top-level error · v3 throttle time · v5 leader epoch ·
 * v6 flexible · v7 only stable offsets (KIP-447) · v8 many groups in one request · v9 new group protocol (KIP-848) · v10 topic ids.
 */
export const OffsetFetchRequest = message({
  name: 'OffsetFetchRequest',
  versions: '1-10',
  flexible: '6+',
  fields: {
    groupId: string.versions('0-7'),
    topics: array({
      name: string,
      partitionIndexes: array(int32),
    })
      .versions('0-7')
      .nullable('2-7'),
    groups: array({
      groupId: string,
      memberId: string.versions('9+').nullable().default(null).ignorable(),
      memberEpoch: int32.versions('9+').default(-1).ignorable(),
      topics: array({
        name: string.versions('8-9').ignorable(),
        topicId: uuid.versions('10+').ignorable().as<TopicId>(),
        partitionIndexes: array(int32),
      }).nullable(),
    }).versions('8+'),
    requireStable: bool.versions('7+').default(false),
  },
});
export type OffsetFetchRequest = Infer<typeof OffsetFetchRequest>;

export const OffsetFetchResponse = message({
  name: 'OffsetFetchResponse',
  versions: '1-10',
  flexible: '6+',
  fields: {
    throttleTimeMs: int32.versions('3+').ignorable(),
    topics: array({
      name: string,
      partitions: array({
        partitionIndex: int32,
        committedOffset: int64.as<Offset>(),
        committedLeaderEpoch: int32.versions('5-7').default(-1).ignorable().as<LeaderEpoch>(),
        metadata: string.nullable(),
        errorCode: int16,
      }),
    }).versions('0-7'),
    errorCode: int16.versions('2-7').default(0).ignorable(),
    groups: array({
      groupId: string,
      topics: array({
        name: string.versions('8-9').ignorable(),
        topicId: uuid.versions('10+').ignorable().as<TopicId>(),
        partitions: array({
          partitionIndex: int32,
          committedOffset: int64.as<Offset>(),
          committedLeaderEpoch: int32.default(-1).ignorable().as<LeaderEpoch>(),
          metadata: string.nullable(),
          errorCode: int16,
        }),
      }),
      errorCode: int16.default(0),
    }).versions('8+'),
  },
});
export type OffsetFetchResponse = Infer<typeof OffsetFetchResponse>;
