import type { TopicId } from '@kafkaesque/kernel';
import { array, int16, int32, string, uuid } from '../schema/field';
import { message, type Infer } from '../schema/message';

/**
 * v1 throttle time · v4 flexible · v5 error message, THROTTLING_QUOTA_EXCEEDED (KIP-599) · v6 topics by name or id.
 */
export const DeleteTopicsRequest = message({
  name: 'DeleteTopicsRequest',
  versions: '1-6',
  flexible: '4+',
  fields: {
    topics: array({
      name: string.nullable().default(null),
      topicId: uuid.as<TopicId>(),
    }).versions('6+'),
    topicNames: array(string).versions('0-5').ignorable(),
    timeoutMs: int32,
  },
});
export type DeleteTopicsRequest = Infer<typeof DeleteTopicsRequest>;

export const DeleteTopicsResponse = message({
  name: 'DeleteTopicsResponse',
  versions: '1-6',
  flexible: '4+',
  fields: {
    throttleTimeMs: int32.versions('1+').ignorable(),
    responses: array({
      name: string.nullable('6+'),
      topicId: uuid.versions('6+').ignorable().as<TopicId>(),
      errorCode: int16,
      errorMessage: string.versions('5+').nullable().default(null).ignorable(),
    }),
  },
});
export type DeleteTopicsResponse = Infer<typeof DeleteTopicsResponse>;
