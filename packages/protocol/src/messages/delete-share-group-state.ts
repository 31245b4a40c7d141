import type { TopicId } from '@kafkaesque/kernel';
import { array, int16, int32, string, uuid } from '../schema/field';
import { message, type Infer } from '../schema/message';

/** Group coordinator to share coordinator (KIP-932). */
export const DeleteShareGroupStateRequest = message({
  name: 'DeleteShareGroupStateRequest',
  versions: '0',
  flexible: '0+',
  fields: {
    groupId: string,
    topics: array({
      topicId: uuid.as<TopicId>(),
      partitions: array({
        partition: int32,
      }),
    }),
  },
});
export type DeleteShareGroupStateRequest = Infer<typeof DeleteShareGroupStateRequest>;

export const DeleteShareGroupStateResponse = message({
  name: 'DeleteShareGroupStateResponse',
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
export type DeleteShareGroupStateResponse = Infer<typeof DeleteShareGroupStateResponse>;
