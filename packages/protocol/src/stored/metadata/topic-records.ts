import type { BrokerId, LeaderEpoch, PartitionIndex, TopicId } from '@kafkaesque/kernel';
import { array, int32, int8, string, uuid } from '../../schema/field';
import { message, type Infer } from '../../schema/message';

/**
 * Topics and partitions. Partition records: v1 log directories (KIP-858) · v2 eligible leader replicas (KIP-966).
 */
export const TopicRecord = message({
  name: 'TopicRecord',
  versions: '0',
  flexible: '0+',
  fields: {
    name: string,
    topicId: uuid.as<TopicId>(),
  },
});
export type TopicRecord = Infer<typeof TopicRecord>;

export const RemoveTopicRecord = message({
  name: 'RemoveTopicRecord',
  versions: '0',
  flexible: '0+',
  fields: {
    topicId: uuid.as<TopicId>(),
  },
});
export type RemoveTopicRecord = Infer<typeof RemoveTopicRecord>;

export const PartitionRecord = message({
  name: 'PartitionRecord',
  versions: '0-2',
  flexible: '0+',
  fields: {
    partitionId: int32.default(-1).as<PartitionIndex>(),
    topicId: uuid.as<TopicId>(),
    replicas: array(int32.as<BrokerId>()),
    isr: array(int32.as<BrokerId>()),
    removingReplicas: array(int32.as<BrokerId>()),
    addingReplicas: array(int32.as<BrokerId>()),
    leader: int32.default(-1).as<BrokerId>(),
    leaderRecoveryState: int8.default(0).tagged(0),
    leaderEpoch: int32.default(-1).as<LeaderEpoch>(),
    partitionEpoch: int32.default(-1),
    directories: array(uuid).versions('1+'),
    eligibleLeaderReplicas: array(int32.as<BrokerId>()).nullable().default(null).tagged(1, '2+'),
    lastKnownElr: array(int32.as<BrokerId>()).nullable().default(null).tagged(2, '2+'),
  },
});
export type PartitionRecord = Infer<typeof PartitionRecord>;

export const PartitionChangeRecord = message({
  name: 'PartitionChangeRecord',
  versions: '0-2',
  flexible: '0+',
  fields: {
    partitionId: int32.default(-1).as<PartitionIndex>(),
    topicId: uuid.as<TopicId>(),
    isr: array(int32.as<BrokerId>()).nullable().default(null).tagged(0),
    leader: int32.default(-2).tagged(1).as<BrokerId>(),
    replicas: array(int32.as<BrokerId>()).nullable().default(null).tagged(2),
    removingReplicas: array(int32.as<BrokerId>()).nullable().default(null).tagged(3),
    addingReplicas: array(int32.as<BrokerId>()).nullable().default(null).tagged(4),
    leaderRecoveryState: int8.default(-1).tagged(5),
    directories: array(uuid).nullable().default(null).tagged(8, '1+'),
    eligibleLeaderReplicas: array(int32.as<BrokerId>()).nullable().default(null).tagged(6, '2+'),
    lastKnownElr: array(int32.as<BrokerId>()).nullable().default(null).tagged(7, '2+'),
  },
});
export type PartitionChangeRecord = Infer<typeof PartitionChangeRecord>;

export const ClearElrRecord = message({
  name: 'ClearElrRecord',
  versions: '0',
  flexible: '0+',
  fields: {
    topicName: string,
  },
});
export type ClearElrRecord = Infer<typeof ClearElrRecord>;
