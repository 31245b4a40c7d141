import type { GroupRecord } from '@kafkaesque/protocol';
import type { ConsumerGroup } from './consumer-group';
import type { ConsumerMember, MemberState } from './consumer-member';
import type { Assignment, Owned } from './partitions';

const STATE_CODES: Readonly<Record<MemberState, number>> = {
  stable: 0,
  unrevoked: 1,
  unreleased: 2,
  unknown: 127,
};

export const memberStateOf = (code: number): MemberState =>
  code === 0 ? 'stable' : code === 1 ? 'unrevoked' : code === 2 ? 'unreleased' : 'unknown';

export const groupEpochRecord = (groupId: string, epoch: number, metadataHash: number): GroupRecord => ({
  kind: 'ConsumerGroupMetadata',
  key: { groupId },
  value: { epoch, metadataHash },
});

export const groupEpochTombstone = (groupId: string): GroupRecord => ({
  kind: 'ConsumerGroupMetadata',
  key: { groupId },
  value: null,
});

/** Kafka before 4.1 kept the topics there; what it left is deleted. */
export const partitionMetadataTombstone = (groupId: string): GroupRecord => ({
  kind: 'ConsumerGroupPartitionMetadata',
  key: { groupId },
  value: null,
});

export const memberRecord = (groupId: string, member: ConsumerMember): GroupRecord => ({
  kind: 'ConsumerGroupMemberMetadata',
  key: { groupId, memberId: member.memberId },
  value: {
    instanceId: member.instanceId,
    rackId: member.rackId,
    clientId: member.clientId,
    clientHost: member.clientHost,
    subscribedTopicNames: member.subscription.names,
    subscribedTopicRegex: member.subscription.regex,
    rebalanceTimeoutMs: member.rebalanceTimeoutMs,
    serverAssignor: member.serverAssignor,
    classicMemberMetadata:
      member.classic === null
        ? null
        : {
            sessionTimeoutMs: member.classic.sessionTimeoutMs,
            supportedProtocols: member.classic.supportedProtocols,
          },
  },
});

export const targetRecord = (groupId: string, memberId: string, target: Assignment): GroupRecord => ({
  kind: 'ConsumerGroupTargetAssignmentMember',
  key: { groupId, memberId },
  value: {
    topicPartitions: Array.from(target, ([topicId, partitions]) => ({ topicId, partitions })),
  },
});

export const targetEpochRecord = (
  groupId: string,
  assignmentEpoch: number,
  assignmentTimestamp: number,
): GroupRecord => ({
  kind: 'ConsumerGroupTargetAssignmentMetadata',
  key: { groupId },
  value: { assignmentEpoch, assignmentTimestamp },
});

const storedOwned = (
  owned: Owned,
): NonNullable<
  Extract<GroupRecord, { kind: 'ConsumerGroupCurrentMemberAssignment' }>['value']
>['assignedPartitions'] =>
  Array.from(owned, ([topicId, { partitions, epochs }]) => ({
    topicId,
    partitions,
    assignmentEpochs: epochs,
  }));

export const currentAssignmentRecord = (groupId: string, member: ConsumerMember): GroupRecord => ({
  kind: 'ConsumerGroupCurrentMemberAssignment',
  key: { groupId, memberId: member.memberId },
  value: {
    memberEpoch: member.memberEpoch,
    previousMemberEpoch: member.previousMemberEpoch,
    state: STATE_CODES[member.state],
    assignedPartitions: storedOwned(member.assigned),
    partitionsPendingRevocation: storedOwned(member.pendingRevocation),
  },
});

const currentAssignmentTombstone = (groupId: string, memberId: string): GroupRecord => ({
  kind: 'ConsumerGroupCurrentMemberAssignment',
  key: { groupId, memberId },
  value: null,
});

const targetTombstone = (groupId: string, memberId: string): GroupRecord => ({
  kind: 'ConsumerGroupTargetAssignmentMember',
  key: { groupId, memberId },
  value: null,
});

const memberTombstone = (groupId: string, memberId: string): GroupRecord => ({
  kind: 'ConsumerGroupMemberMetadata',
  key: { groupId, memberId },
  value: null,
});

export const regexRecord = (
  groupId: string,
  regularExpression: string,
  resolved: { readonly topics: readonly string[]; readonly version: number; readonly timestamp: number },
): GroupRecord => ({
  kind: 'ConsumerGroupRegularExpression',
  key: { groupId, regularExpression },
  value: { topics: resolved.topics, version: resolved.version, timestamp: resolved.timestamp },
});

export const regexTombstone = (groupId: string, regularExpression: string): GroupRecord => ({
  kind: 'ConsumerGroupRegularExpression',
  key: { groupId, regularExpression },
  value: null,
});

/** Forgets one member. The order is Kafka's: what it has, what it is to have, itself. */
export const memberTombstones = (groupId: string, memberId: string): GroupRecord[] => [
  currentAssignmentTombstone(groupId, memberId),
  targetTombstone(groupId, memberId),
  memberTombstone(groupId, memberId),
];

/** Forgets the whole group, in Kafka's order. */
export const groupTombstones = (group: ConsumerGroup): GroupRecord[] => {
  const { groupId } = group;
  const memberIds = [...group.members.keys()];
  const targetIds = new Set([...memberIds, ...group.target.keys()]);
  return [
    ...memberIds.map((memberId) => currentAssignmentTombstone(groupId, memberId)),
    ...Array.from(targetIds, (memberId) => targetTombstone(groupId, memberId)),
    { kind: 'ConsumerGroupTargetAssignmentMetadata', key: { groupId }, value: null },
    ...memberIds.map((memberId) => memberTombstone(groupId, memberId)),
    ...Array.from(group.regexes.keys(), (regex) => regexTombstone(groupId, regex)),
    partitionMetadataTombstone(groupId),
    groupEpochTombstone(groupId),
  ];
};
