import type { TopicId } from '@kafkaesque/kernel';
import { array, int32, int8, string, struct, uuid, wideInt64 } from '../../schema/field';
import { message, type Infer } from '../../schema/message';

/** What a member of a share group said of itself (KIP-932). */
export const ShareGroupMemberMetadataKey = message({
  name: 'ShareGroupMemberMetadataKey',
  versions: '0',
  flexible: 'none',
  fields: { groupId: string, memberId: string },
});
export type ShareGroupMemberMetadataKey = Infer<typeof ShareGroupMemberMetadataKey>;

export const ShareGroupMemberMetadataValue = message({
  name: 'ShareGroupMemberMetadataValue',
  versions: '0',
  flexible: '0+',
  fields: {
    rackId: string.nullable(),
    clientId: string,
    clientHost: string,
    subscribedTopicNames: array(string),
  },
});
export type ShareGroupMemberMetadataValue = Infer<typeof ShareGroupMemberMetadataValue>;

/** A share group. */
export const ShareGroupMetadataKey = message({
  name: 'ShareGroupMetadataKey',
  versions: '0',
  flexible: 'none',
  fields: { groupId: string },
});
export type ShareGroupMetadataKey = Infer<typeof ShareGroupMetadataKey>;

/** The group epoch; the hash tells whether the topics that the group reads have changed since. */
export const ShareGroupMetadataValue = message({
  name: 'ShareGroupMetadataValue',
  versions: '0',
  flexible: '0+',
  fields: { epoch: int32, metadataHash: wideInt64 },
});
export type ShareGroupMetadataValue = Infer<typeof ShareGroupMetadataValue>;

/** The epoch of the group that the target assignment was computed for. */
export const ShareGroupTargetAssignmentMetadataKey = message({
  name: 'ShareGroupTargetAssignmentMetadataKey',
  versions: '0',
  flexible: 'none',
  fields: { groupId: string },
});
export type ShareGroupTargetAssignmentMetadataKey = Infer<typeof ShareGroupTargetAssignmentMetadataKey>;

export const ShareGroupTargetAssignmentMetadataValue = message({
  name: 'ShareGroupTargetAssignmentMetadataValue',
  versions: '0',
  flexible: '0+',
  fields: {
    assignmentEpoch: int32,
    assignmentTimestamp: wideInt64.tagged(0).ignorable(),
  },
});
export type ShareGroupTargetAssignmentMetadataValue = Infer<typeof ShareGroupTargetAssignmentMetadataValue>;

/** What one member is to have. */
export const ShareGroupTargetAssignmentMemberKey = message({
  name: 'ShareGroupTargetAssignmentMemberKey',
  versions: '0',
  flexible: 'none',
  fields: { groupId: string, memberId: string },
});
export type ShareGroupTargetAssignmentMemberKey = Infer<typeof ShareGroupTargetAssignmentMemberKey>;

const TopicPartitions = struct({
  topicId: uuid.as<TopicId>(),
  partitions: array(int32),
});

export const ShareGroupTargetAssignmentMemberValue = message({
  name: 'ShareGroupTargetAssignmentMemberValue',
  versions: '0',
  flexible: '0+',
  fields: { topicPartitions: array(TopicPartitions) },
});
export type ShareGroupTargetAssignmentMemberValue = Infer<typeof ShareGroupTargetAssignmentMemberValue>;

/** What one member has, and in which epoch. */
export const ShareGroupCurrentMemberAssignmentKey = message({
  name: 'ShareGroupCurrentMemberAssignmentKey',
  versions: '0',
  flexible: 'none',
  fields: { groupId: string, memberId: string },
});
export type ShareGroupCurrentMemberAssignmentKey = Infer<typeof ShareGroupCurrentMemberAssignmentKey>;

export const ShareGroupCurrentMemberAssignmentValue = message({
  name: 'ShareGroupCurrentMemberAssignmentValue',
  versions: '0',
  flexible: '0+',
  fields: {
    memberEpoch: int32,
    previousMemberEpoch: int32,
    state: int8,
    assignedPartitions: array(TopicPartitions),
  },
});
export type ShareGroupCurrentMemberAssignmentValue = Infer<typeof ShareGroupCurrentMemberAssignmentValue>;

/** For which partitions the group has state at the share coordinator, is to get it, or is to lose it. */
export const ShareGroupStatePartitionMetadataKey = message({
  name: 'ShareGroupStatePartitionMetadataKey',
  versions: '0',
  flexible: 'none',
  fields: { groupId: string },
});
export type ShareGroupStatePartitionMetadataKey = Infer<typeof ShareGroupStatePartitionMetadataKey>;

const NamedPartitions = struct({
  topicId: uuid.as<TopicId>(),
  topicName: string,
  partitions: array(int32),
});

export const ShareGroupStatePartitionMetadataValue = message({
  name: 'ShareGroupStatePartitionMetadataValue',
  versions: '0',
  flexible: '0+',
  fields: {
    initializingTopics: array(NamedPartitions),
    initializedTopics: array(NamedPartitions),
    deletingTopics: array({
      topicId: uuid.as<TopicId>(),
      topicName: string,
    }),
  },
});
export type ShareGroupStatePartitionMetadataValue = Infer<typeof ShareGroupStatePartitionMetadataValue>;
