import type { LeaderEpoch, Offset, TopicId } from '@kafkaesque/kernel';
import { array, int16, int32, int64, string, uuid, wideInt64 } from '../schema/field';
import { message, type Infer } from '../schema/message';

/**
 * v2 retention time · v3 throttle time · v5 retention becomes the broker's business · v6 leader epoch · v7 static members (KIP-345) ·
 * v8 flexible · v9 new group protocol (KIP-848) · v10 topic ids.
 */
export const OffsetCommitRequest = message({
  name: 'OffsetCommitRequest',
  versions: '2-10',
  flexible: '8+',
  fields: {
    groupId: string,
    generationIdOrMemberEpoch: int32.versions('1+').default(-1).ignorable(),
    memberId: string.versions('1+').ignorable(),
    groupInstanceId: string.versions('7+').nullable().default(null),
    retentionTimeMs: wideInt64.versions('2-4').default(-1).ignorable(),
    topics: array({
      name: string.versions('0-9').ignorable(),
      topicId: uuid.versions('10+').ignorable().as<TopicId>(),
      partitions: array({
        partitionIndex: int32,
        committedOffset: int64.as<Offset>(),
        committedLeaderEpoch: int32.versions('6+').default(-1).ignorable().as<LeaderEpoch>(),
        committedMetadata: string.nullable(),
      }),
    }),
  },
});
export type OffsetCommitRequest = Infer<typeof OffsetCommitRequest>;

export const OffsetCommitResponse = message({
  name: 'OffsetCommitResponse',
  versions: '2-10',
  flexible: '8+',
  fields: {
    throttleTimeMs: int32.versions('3+').ignorable(),
    topics: array({
      name: string.versions('0-9').ignorable(),
      topicId: uuid.versions('10+').ignorable().as<TopicId>(),
      partitions: array({
        partitionIndex: int32,
        errorCode: int16,
      }),
    }),
  },
});
export type OffsetCommitResponse = Infer<typeof OffsetCommitResponse>;
