import type { TopicId } from '@kafkaesque/kernel';
import { array, bytes, int32, int8, string, struct, uuid, wideInt64 } from '../../schema/field';
import { message, type Infer } from '../../schema/message';

/** A group of the consumer protocol (KIP-848). */
export const ConsumerGroupMetadataKey = message({
  name: 'ConsumerGroupMetadataKey',
  versions: '0',
  flexible: 'none',
  fields: { groupId: string },
});
export type ConsumerGroupMetadataKey = Infer<typeof ConsumerGroupMetadataKey>;

/** The group epoch; the hash tells whether the topics that the group reads have changed since (KIP-1101). */
export const ConsumerGroupMetadataValue = message({
  name: 'ConsumerGroupMetadataValue',
  versions: '0',
  flexible: '0+',
  fields: {
    epoch: int32,
    metadataHash: wideInt64.tagged(0),
  },
});
export type ConsumerGroupMetadataValue = Infer<typeof ConsumerGroupMetadataValue>;

/** Written by Kafka before 4.1; only read and deleted here. */
export const ConsumerGroupPartitionMetadataKey = message({
  name: 'ConsumerGroupPartitionMetadataKey',
  versions: '0',
  flexible: 'none',
  fields: { groupId: string },
});
export type ConsumerGroupPartitionMetadataKey = Infer<typeof ConsumerGroupPartitionMetadataKey>;

export const ConsumerGroupPartitionMetadataValue = message({
  name: 'ConsumerGroupPartitionMetadataValue',
  versions: '0',
  flexible: '0+',
  fields: {
    topics: array({
      topicId: uuid.as<TopicId>(),
      topicName: string,
      numPartitions: int32,
      partitionMetadata: array({
        partition: int32,
        racks: array(string),
      }),
    }),
  },
});
export type ConsumerGroupPartitionMetadataValue = Infer<typeof ConsumerGroupPartitionMetadataValue>;

/** What a member said of itself. */
export const ConsumerGroupMemberMetadataKey = message({
  name: 'ConsumerGroupMemberMetadataKey',
  versions: '0',
  flexible: 'none',
  fields: { groupId: string, memberId: string },
});
export type ConsumerGroupMemberMetadataKey = Infer<typeof ConsumerGroupMemberMetadataKey>;

/**
 * `classicMemberMetadata`: the member speaks the classic protocol. Kafka 4.3 writes its null, and takes what is absent for
 * an empty one: so must whoever is to be understood by it.
 */
export const ConsumerGroupMemberMetadataValue = message({
  name: 'ConsumerGroupMemberMetadataValue',
  versions: '0',
  flexible: '0+',
  fields: {
    instanceId: string.nullable(),
    rackId: string.nullable(),
    clientId: string,
    clientHost: string,
    subscribedTopicNames: array(string),
    subscribedTopicRegex: string.nullable(),
    rebalanceTimeoutMs: int32.default(-1),
    serverAssignor: string.nullable(),
    classicMemberMetadata: struct({
      sessionTimeoutMs: int32,
      supportedProtocols: array({
        name: string,
        metadata: bytes,
      }),
    })
      .nullable()
      .tagged(0),
  },
});
export type ConsumerGroupMemberMetadataValue = Infer<typeof ConsumerGroupMemberMetadataValue>;

/** The epoch of the group that the target assignment was computed for. */
export const ConsumerGroupTargetAssignmentMetadataKey = message({
  name: 'ConsumerGroupTargetAssignmentMetadataKey',
  versions: '0',
  flexible: 'none',
  fields: { groupId: string },
});
export type ConsumerGroupTargetAssignmentMetadataKey = Infer<typeof ConsumerGroupTargetAssignmentMetadataKey>;

export const ConsumerGroupTargetAssignmentMetadataValue = message({
  name: 'ConsumerGroupTargetAssignmentMetadataValue',
  versions: '0',
  flexible: '0+',
  fields: {
    assignmentEpoch: int32,
    assignmentTimestamp: wideInt64.tagged(0).ignorable(),
  },
});
export type ConsumerGroupTargetAssignmentMetadataValue = Infer<
  typeof ConsumerGroupTargetAssignmentMetadataValue
>;

/** What one member is to have. */
export const ConsumerGroupTargetAssignmentMemberKey = message({
  name: 'ConsumerGroupTargetAssignmentMemberKey',
  versions: '0',
  flexible: 'none',
  fields: { groupId: string, memberId: string },
});
export type ConsumerGroupTargetAssignmentMemberKey = Infer<typeof ConsumerGroupTargetAssignmentMemberKey>;

export const ConsumerGroupTargetAssignmentMemberValue = message({
  name: 'ConsumerGroupTargetAssignmentMemberValue',
  versions: '0',
  flexible: '0+',
  fields: {
    topicPartitions: array({
      topicId: uuid.as<TopicId>(),
      partitions: array(int32),
    }),
  },
});
export type ConsumerGroupTargetAssignmentMemberValue = Infer<typeof ConsumerGroupTargetAssignmentMemberValue>;

/** What one member has, and in which epoch. */
export const ConsumerGroupCurrentMemberAssignmentKey = message({
  name: 'ConsumerGroupCurrentMemberAssignmentKey',
  versions: '0',
  flexible: 'none',
  fields: { groupId: string, memberId: string },
});
export type ConsumerGroupCurrentMemberAssignmentKey = Infer<typeof ConsumerGroupCurrentMemberAssignmentKey>;

/** `state`: 0 stable, 1 has partitions to revoke, 2 waits for partitions that others have not released yet. */
export const ConsumerGroupCurrentMemberAssignmentValue = message({
  name: 'ConsumerGroupCurrentMemberAssignmentValue',
  versions: '0',
  flexible: '0+',
  fields: {
    memberEpoch: int32,
    previousMemberEpoch: int32,
    state: int8,
    assignedPartitions: array({
      topicId: uuid.as<TopicId>(),
      partitions: array(int32),
      assignmentEpochs: array(int32).nullable().tagged(0),
    }),
    partitionsPendingRevocation: array({
      topicId: uuid.as<TopicId>(),
      partitions: array(int32),
      assignmentEpochs: array(int32).nullable().tagged(0),
    }),
  },
});
export type ConsumerGroupCurrentMemberAssignmentValue = Infer<
  typeof ConsumerGroupCurrentMemberAssignmentValue
>;

/** The topics that a regular expression of the group's members matches. */
export const ConsumerGroupRegularExpressionKey = message({
  name: 'ConsumerGroupRegularExpressionKey',
  versions: '0',
  flexible: 'none',
  fields: { groupId: string, regularExpression: string },
});
export type ConsumerGroupRegularExpressionKey = Infer<typeof ConsumerGroupRegularExpressionKey>;

/** `version`: the metadata offset that it was looked up in; `timestamp`: when, in milliseconds. */
export const ConsumerGroupRegularExpressionValue = message({
  name: 'ConsumerGroupRegularExpressionValue',
  versions: '0',
  flexible: '0+',
  fields: {
    topics: array(string),
    version: wideInt64,
    timestamp: wideInt64,
  },
});
export type ConsumerGroupRegularExpressionValue = Infer<typeof ConsumerGroupRegularExpressionValue>;
