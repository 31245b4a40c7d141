import type { TopicId } from '@kafkaesque/kernel';
import { array, int16, int32, string, uuid } from '../schema/field';
import { message, type Infer } from '../schema/message';

/** Forgets a share group's start offsets by topic (KIP-932). */
export const DeleteShareGroupOffsetsRequest = message({
  name: 'DeleteShareGroupOffsetsRequest',
  versions: '0',
  flexible: '0+',
  fields: {
    groupId: string,
    topics: array({
      topicName: string,
    }),
  },
});
export type DeleteShareGroupOffsetsRequest = Infer<typeof DeleteShareGroupOffsetsRequest>;

export const DeleteShareGroupOffsetsResponse = message({
  name: 'DeleteShareGroupOffsetsResponse',
  versions: '0',
  flexible: '0+',
  fields: {
    throttleTimeMs: int32.default(0),
    errorCode: int16,
    errorMessage: string.nullable().default(null),
    responses: array({
      topicName: string,
      topicId: uuid.as<TopicId>(),
      errorCode: int16,
      errorMessage: string.nullable().default(null),
    }),
  },
});
export type DeleteShareGroupOffsetsResponse = Infer<typeof DeleteShareGroupOffsetsResponse>;
