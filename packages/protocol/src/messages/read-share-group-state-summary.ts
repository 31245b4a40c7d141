import type { LeaderEpoch, Offset, TopicId } from '@kafkaesque/kernel';
import { array, int16, int32, int64, string, uuid } from '../schema/field';
import { message, type Infer } from '../schema/message';

/** Group coordinator to share coordinator (KIP-932). v1 count of completed deliveries (KIP-1226). */
export const ReadShareGroupStateSummaryRequest = message({
  name: 'ReadShareGroupStateSummaryRequest',
  versions: '0-1',
  flexible: '0+',
  fields: {
    groupId: string,
    topics: array({
      topicId: uuid.as<TopicId>(),
      partitions: array({
        partition: int32,
        leaderEpoch: int32.as<LeaderEpoch>(),
      }),
    }),
  },
});
export type ReadShareGroupStateSummaryRequest = Infer<typeof ReadShareGroupStateSummaryRequest>;

export const ReadShareGroupStateSummaryResponse = message({
  name: 'ReadShareGroupStateSummaryResponse',
  versions: '0-1',
  flexible: '0+',
  fields: {
    results: array({
      topicId: uuid.as<TopicId>(),
      partitions: array({
        partition: int32,
        errorCode: int16,
        errorMessage: string.nullable().default(null),
        stateEpoch: int32,
        leaderEpoch: int32.as<LeaderEpoch>(),
        startOffset: int64.as<Offset>(),
        deliveryCompleteCount: int32.versions('1+').default(-1).ignorable(),
      }),
    }),
  },
});
export type ReadShareGroupStateSummaryResponse = Infer<typeof ReadShareGroupStateSummaryResponse>;
