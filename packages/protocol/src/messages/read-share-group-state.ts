import type { LeaderEpoch, Offset, TopicId } from '@kafkaesque/kernel';
import { array, int16, int32, int64, int8, string, uuid } from '../schema/field';
import { message, type Infer } from '../schema/message';

/** Share partition leader to share coordinator (KIP-932). */
export const ReadShareGroupStateRequest = message({
  name: 'ReadShareGroupStateRequest',
  versions: '0',
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
export type ReadShareGroupStateRequest = Infer<typeof ReadShareGroupStateRequest>;

export const ReadShareGroupStateResponse = message({
  name: 'ReadShareGroupStateResponse',
  versions: '0',
  flexible: '0+',
  fields: {
    results: array({
      topicId: uuid.as<TopicId>(),
      partitions: array({
        partition: int32,
        errorCode: int16,
        errorMessage: string.nullable().default(null),
        stateEpoch: int32,
        startOffset: int64.as<Offset>(),
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
export type ReadShareGroupStateResponse = Infer<typeof ReadShareGroupStateResponse>;
