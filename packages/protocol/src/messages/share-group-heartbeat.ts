import type { TopicId } from '@kafkaesque/kernel';
import { array, int16, int32, string, struct, uuid } from '../schema/field';
import { message, type Infer } from '../schema/message';

/** Share groups (KIP-932). v1 the first stable version. */
export const ShareGroupHeartbeatRequest = message({
  name: 'ShareGroupHeartbeatRequest',
  versions: '1',
  flexible: '0+',
  fields: {
    groupId: string,
    memberId: string,
    memberEpoch: int32,
    rackId: string.nullable().default(null),
    subscribedTopicNames: array(string).nullable().default(null),
  },
});
export type ShareGroupHeartbeatRequest = Infer<typeof ShareGroupHeartbeatRequest>;

const TopicPartitions = struct({
  topicId: uuid.as<TopicId>(),
  partitions: array(int32),
});

export const ShareGroupHeartbeatResponse = message({
  name: 'ShareGroupHeartbeatResponse',
  versions: '1',
  flexible: '0+',
  fields: {
    throttleTimeMs: int32.default(0),
    errorCode: int16,
    errorMessage: string.nullable().default(null),
    memberId: string.nullable().default(null),
    memberEpoch: int32,
    heartbeatIntervalMs: int32,
    assignment: struct({
      topicPartitions: array(TopicPartitions),
    })
      .nullable()
      .default(null),
  },
});
export type ShareGroupHeartbeatResponse = Infer<typeof ShareGroupHeartbeatResponse>;
