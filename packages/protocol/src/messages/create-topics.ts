import type { BrokerId, TopicId } from '@kafkaesque/kernel';
import { array, bool, int16, int32, int8, string, uuid } from '../schema/field';
import { message, type Infer } from '../schema/message';

/**
 * v4 counts may be left to the broker with -1 (KIP-464) · v5 flexible, configs in the answer (KIP-525) ·
 * v6 THROTTLING_QUOTA_EXCEEDED (KIP-599) · v7 topic id in the answer.
 */
export const CreateTopicsRequest = message({
  name: 'CreateTopicsRequest',
  versions: '2-7',
  flexible: '5+',
  fields: {
    topics: array({
      name: string,
      numPartitions: int32,
      replicationFactor: int16,
      assignments: array({
        partitionIndex: int32,
        brokerIds: array(int32.as<BrokerId>()),
      }),
      configs: array({
        name: string,
        value: string.nullable(),
      }),
    }),
    timeoutMs: int32.default(60000),
    validateOnly: bool.versions('1+').default(false),
  },
});
export type CreateTopicsRequest = Infer<typeof CreateTopicsRequest>;

export const CreateTopicsResponse = message({
  name: 'CreateTopicsResponse',
  versions: '2-7',
  flexible: '5+',
  fields: {
    throttleTimeMs: int32.versions('2+').ignorable(),
    topics: array({
      name: string,
      topicId: uuid.versions('7+').ignorable().as<TopicId>(),
      errorCode: int16,
      errorMessage: string.versions('1+').nullable().ignorable(),
      topicConfigErrorCode: int16.tagged(0, '5+').ignorable(),
      numPartitions: int32.versions('5+').default(-1).ignorable(),
      replicationFactor: int16.versions('5+').default(-1).ignorable(),
      configs: array({
        name: string,
        value: string.nullable(),
        readOnly: bool,
        configSource: int8.default(-1).ignorable(),
        isSensitive: bool,
      })
        .versions('5+')
        .nullable()
        .ignorable(),
    }),
  },
});
export type CreateTopicsResponse = Infer<typeof CreateTopicsResponse>;
