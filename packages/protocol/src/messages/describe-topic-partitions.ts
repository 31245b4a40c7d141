import type { BrokerId, LeaderEpoch, TopicId } from '@kafkaesque/kernel';
import { array, bool, int16, int32, string, struct, uuid } from '../schema/field';
import { message, type Infer } from '../schema/message';

/** Topics in pages, with a cursor (KIP-966). */
export const DescribeTopicPartitionsRequest = message({
  name: 'DescribeTopicPartitionsRequest',
  versions: '0',
  flexible: '0+',
  fields: {
    topics: array({
      name: string,
    }),
    responsePartitionLimit: int32.default(2000),
    cursor: struct({
      topicName: string,
      partitionIndex: int32,
    })
      .nullable()
      .default(null),
  },
});
export type DescribeTopicPartitionsRequest = Infer<typeof DescribeTopicPartitionsRequest>;

export const DescribeTopicPartitionsResponse = message({
  name: 'DescribeTopicPartitionsResponse',
  versions: '0',
  flexible: '0+',
  fields: {
    throttleTimeMs: int32.default(0).ignorable(),
    topics: array({
      errorCode: int16,
      name: string.nullable(),
      topicId: uuid.ignorable().as<TopicId>(),
      isInternal: bool.default(false).ignorable(),
      partitions: array({
        errorCode: int16,
        partitionIndex: int32,
        leaderId: int32.as<BrokerId>(),
        leaderEpoch: int32.default(-1).ignorable().as<LeaderEpoch>(),
        replicaNodes: array(int32.as<BrokerId>()),
        isrNodes: array(int32.as<BrokerId>()),
        eligibleLeaderReplicas: array(int32.as<BrokerId>()).nullable().default(null),
        lastKnownElr: array(int32.as<BrokerId>()).nullable().default(null),
        offlineReplicas: array(int32.as<BrokerId>()).ignorable(),
      }),
      topicAuthorizedOperations: int32.default(-2147483648),
    }),
    nextCursor: struct({
      topicName: string,
      partitionIndex: int32,
    })
      .nullable()
      .default(null),
  },
});
export type DescribeTopicPartitionsResponse = Infer<typeof DescribeTopicPartitionsResponse>;
