import type { TopicId } from '@kafkaesque/kernel';
import { array, bool, int16, int32, int8, string, struct, uuid } from '../schema/field';
import { message, type Infer } from '../schema/message';

/** Groups of the new protocol (KIP-848). v1 member type (KIP-1099). */
export const ConsumerGroupDescribeRequest = message({
  name: 'ConsumerGroupDescribeRequest',
  versions: '0-1',
  flexible: '0+',
  fields: {
    groupIds: array(string),
    includeAuthorizedOperations: bool,
  },
});
export type ConsumerGroupDescribeRequest = Infer<typeof ConsumerGroupDescribeRequest>;

const TopicPartitions = struct({
  topicId: uuid.as<TopicId>(),
  topicName: string,
  partitions: array(int32),
});

const Assignment = struct({
  topicPartitions: array(TopicPartitions),
});

export const ConsumerGroupDescribeResponse = message({
  name: 'ConsumerGroupDescribeResponse',
  versions: '0-1',
  flexible: '0+',
  fields: {
    throttleTimeMs: int32.default(0),
    groups: array({
      errorCode: int16,
      errorMessage: string.nullable().default(null),
      groupId: string,
      groupState: string,
      groupEpoch: int32,
      assignmentEpoch: int32,
      assignorName: string,
      members: array({
        memberId: string,
        instanceId: string.nullable().default(null),
        rackId: string.nullable().default(null),
        memberEpoch: int32,
        clientId: string,
        clientHost: string,
        subscribedTopicNames: array(string),
        subscribedTopicRegex: string.nullable().default(null),
        assignment: Assignment,
        targetAssignment: Assignment,
        memberType: int8.versions('1+').default(-1).ignorable(),
      }),
      authorizedOperations: int32.default(-2147483648),
    }),
  },
});
export type ConsumerGroupDescribeResponse = Infer<typeof ConsumerGroupDescribeResponse>;
