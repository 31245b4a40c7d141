import type { LeaderEpoch, Offset, TopicId } from '@kafkaesque/kernel';
import { array, int16, int32, int64, int8, string, uuid } from '../schema/field';
import { message, type Infer } from '../schema/message';

/** Share partition leader to share coordinator (KIP-932). v1 count of completed deliveries (KIP-1226). */
export const WriteShareGroupStateRequest = message({
  name: 'WriteShareGroupStateRequest',
  versions: '0-1',
  flexible: '0+',
  fields: {
    groupId: string,
    topics: array({
      topicId: uuid.as<TopicId>(),
      partitions: array({
        partition: int32,
        stateEpoch: int32,
        leaderEpoch: int32.as<LeaderEpoch>(),
        startOffset: int64.as<Offset>(),
        deliveryCompleteCount: int32.versions('1+').default(-1).ignorable(),
        stateBatches: array({
          firstOffset: int64.as<Offset>(),
          lastOffset: int64.as<Offset>(),
          deliveryState: int8,
          deliveryCount: int16,
        }),
      }),
    }),
  },
});
export type WriteShareGroupStateRequest = Infer<typeof WriteShareGroupStateRequest>;

export const WriteShareGroupStateResponse = message({
  name: 'WriteShareGroupStateResponse',
  versions: '0-1',
  flexible: '0+',
  fields: {
    results: array({
      topicId: uuid.as<TopicId>(),
      partitions: array({
        partition: int32,
        errorCode: int16,
        errorMessage: string.nullable().default(null),
      }),
    }),
  },
});
export type WriteShareGroupStateResponse = Infer<typeof WriteShareGroupStateResponse>;
