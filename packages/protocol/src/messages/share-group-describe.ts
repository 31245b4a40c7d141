import type { TopicId } from '@kafkaesque/kernel';
import { array, bool, int16, int32, string, struct, uuid } from '../schema/field';
import { message, type Infer } from '../schema/message';

/** Share groups (KIP-932). v1 the first stable version. */
export const ShareGroupDescribeRequest = message({
  name: 'ShareGroupDescribeRequest',
  versions: '1',
  flexible: '0+',
  fields: {
    groupIds: array(string),
    includeAuthorizedOperations: bool,
  },
});
export type ShareGroupDescribeRequest = Infer<typeof ShareGroupDescribeRequest>;

const TopicPartitions = struct({
  topicId: uuid.as<TopicId>(),
  topicName: string,
  partitions: array(int32),
});

const Assignment = struct({
  topicPartitions: array(TopicPartitions),
});

export const ShareGroupDescribeResponse = message({
  name: 'ShareGroupDescribeResponse',
  versions: '1',
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
        rackId: string.nullable().default(null),
        memberEpoch: int32,
        clientId: string,
        clientHost: string,
        subscribedTopicNames: array(string),
        assignment: Assignment,
      }),
      authorizedOperations: int32.default(-2147483648),
    }),
  },
});
export type ShareGroupDescribeResponse = Infer<typeof ShareGroupDescribeResponse>;
