import type { Offset, TopicId } from '@kafkaesque/kernel';
import { array, int16, int32, int64, string, uuid } from '../schema/field';
import { message, type Infer } from '../schema/message';

/** Group coordinator to share coordinator (KIP-932). */
export const InitializeShareGroupStateRequest = message({
  name: 'InitializeShareGroupStateRequest',
  versions: '0',
  flexible: '0+',
  fields: {
    groupId: string,
    topics: array({
      topicId: uuid.as<TopicId>(),
      partitions: array({
        partition: int32,
        stateEpoch: int32,
        startOffset: int64.as<Offset>(),
      }),
    }),
  },
});
export type InitializeShareGroupStateRequest = Infer<typeof InitializeShareGroupStateRequest>;

export const InitializeShareGroupStateResponse = message({
  name: 'InitializeShareGroupStateResponse',
  versions: '0',
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
export type InitializeShareGroupStateResponse = Infer<typeof InitializeShareGroupStateResponse>;
