import type { TopicId } from '@kafkaesque/kernel';
import type { GroupRecord } from '@kafkaesque/protocol';
import { ConsumerGroup } from './consumer-group';
import { LEFT_EPOCH, newMember, type ConsumerMember } from './consumer-member';
import { assignmentOf, inOrder, NOTHING_OWNED, type Owned, type OwnedOfTopic } from './partitions';
import { memberStateOf } from './records';
import { subscriptionOf } from './subscription';

type Of<Kind extends GroupRecord['kind']> = Extract<GroupRecord, { readonly kind: Kind }>;

/** The groups of a partition, whatever their kind. */
export type GroupsById<Group> = Pick<Map<string, Group>, 'get' | 'set' | 'delete'>;

/** Replays a record of the consumer protocol; others are passed over. Takes whatever Kafka may have written, in any order. */
export const replayRecord = (groups: GroupsById<object>, record: GroupRecord): void => {
  switch (record.kind) {
    case 'ConsumerGroupMetadata':
      return replayGroup(groups, record);
    case 'ConsumerGroupMemberMetadata':
      return replayMember(groups, record);
    case 'ConsumerGroupCurrentMemberAssignment':
      return replayCurrent(groups, record);
    case 'ConsumerGroupPartitionMetadata': {
      const group = groupOf(groups, record.key.groupId, record.value !== null);
      if (group !== undefined) group.hasPartitionMetadata = record.value !== null;
      return;
    }
    case 'ConsumerGroupTargetAssignmentMetadata': {
      const group = groupOf(groups, record.key.groupId, record.value !== null);
      if (group === undefined) return;
      group.assignmentEpoch = record.value?.assignmentEpoch ?? -1;
      group.assignmentTimestamp = record.value?.assignmentTimestamp ?? 0;
      return;
    }
    case 'ConsumerGroupTargetAssignmentMember': {
      const { groupId, memberId } = record.key;
      const group = groupOf(groups, groupId, record.value !== null);
      if (record.value === null) group?.target.delete(memberId);
      else group?.target.set(memberId, assignmentOf(record.value.topicPartitions));
      return;
    }
    case 'ConsumerGroupRegularExpression': {
      const { groupId, regularExpression } = record.key;
      groupOf(groups, groupId, record.value !== null)?.putRegex(
        regularExpression,
        record.value === null ? undefined : { ...record.value, topics: sorted(record.value.topics) },
      );
      return;
    }
    case 'GroupMetadata':
    case 'OffsetCommit':
      return;
  }
};

/** Kafka writes a set, in no order. */
const sorted = (topics: readonly string[]): readonly string[] =>
  topics.every((topic, at) => at === 0 || (topics[at - 1] as string) < topic)
    ? topics
    : [...new Set(topics)].sort();

/** A value makes the group, also where there was one of another kind: the log's last word counts. */
const groupOf = (
  groups: GroupsById<object>,
  groupId: string,
  creates: boolean,
): ConsumerGroup | undefined => {
  const known = groups.get(groupId);
  if (known instanceof ConsumerGroup) return known;
  if (!creates) return undefined;
  const group = new ConsumerGroup(groupId);
  groups.set(groupId, group);
  return group;
};

const replayGroup = (groups: GroupsById<object>, { key, value }: Of<'ConsumerGroupMetadata'>): void => {
  const group = groupOf(groups, key.groupId, value !== null);
  if (group === undefined) return;
  if (value === null) {
    groups.delete(key.groupId);
    return;
  }
  group.groupEpoch = value.epoch;
  group.metadataHash = value.metadataHash;
};

const replayMember = (
  groups: GroupsById<object>,
  { key, value }: Of<'ConsumerGroupMemberMetadata'>,
): void => {
  const { groupId, memberId } = key;
  const group = groupOf(groups, groupId, value !== null);
  if (group === undefined) return;
  if (value === null) {
    group.removeMember(memberId);
    return;
  }
  const { classicMemberMetadata } = value;
  group.putMember({
    ...(group.members.get(memberId) ?? newMember(memberId)),
    instanceId: value.instanceId,
    rackId: value.rackId,
    rebalanceTimeoutMs: value.rebalanceTimeoutMs,
    clientId: value.clientId,
    clientHost: value.clientHost,
    subscription: subscriptionOf(value.subscribedTopicNames, value.subscribedTopicRegex),
    serverAssignor: value.serverAssignor,
    // What was decoded is a view of a whole batch: kept, it would keep the batch.
    classic:
      classicMemberMetadata === null
        ? null
        : {
            sessionTimeoutMs: classicMemberMetadata.sessionTimeoutMs,
            supportedProtocols: classicMemberMetadata.supportedProtocols.map(({ name, metadata }) => ({
              name,
              metadata: Buffer.from(metadata),
            })),
          },
  });
};

type StoredPartitions = NonNullable<
  Of<'ConsumerGroupCurrentMemberAssignment'>['value']
>['assignedPartitions'];

/** Kafka before 4.3 kept no epochs: then all are the member's. */
const ownedOf = (stored: StoredPartitions, memberEpoch: number): Owned => {
  if (stored.length === 0) return NOTHING_OWNED;
  const owned = new Map<TopicId, OwnedOfTopic>();
  for (const { topicId, partitions, assignmentEpochs } of stored) {
    const epochs = new Map<number, number>();
    partitions.forEach((partition, at) => epochs.set(partition, assignmentEpochs?.[at] ?? memberEpoch));
    if (epochs.size === 0) continue;
    const sorted = inOrder(partitions);
    owned.set(topicId, {
      partitions: sorted === partitions ? [...sorted] : sorted,
      epochs: sorted.map((partition) => epochs.get(partition) ?? memberEpoch),
    });
  }
  return owned;
};

const replayCurrent = (
  groups: GroupsById<object>,
  { key, value }: Of<'ConsumerGroupCurrentMemberAssignment'>,
): void => {
  const { groupId, memberId } = key;
  const group = groupOf(groups, groupId, value !== null);
  const known = group?.members.get(memberId);
  if (group === undefined || (value === null && known === undefined)) return;
  const progress: Partial<ConsumerMember> =
    value === null
      ? {
          memberEpoch: LEFT_EPOCH,
          previousMemberEpoch: LEFT_EPOCH,
          assigned: NOTHING_OWNED,
          pendingRevocation: NOTHING_OWNED,
        }
      : {
          memberEpoch: value.memberEpoch,
          previousMemberEpoch: value.previousMemberEpoch,
          state: memberStateOf(value.state),
          assigned: ownedOf(value.assignedPartitions, value.memberEpoch),
          pendingRevocation: ownedOf(value.partitionsPendingRevocation, value.memberEpoch),
        };
  group.putMember({ ...(known ?? newMember(memberId)), ...progress });
};
