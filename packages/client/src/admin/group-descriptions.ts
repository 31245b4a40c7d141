import type { ResponseOf } from '@kafkaesque/protocol';
import { ConsumerProtocolAssignment, ErrorCode } from '@kafkaesque/protocol';
import { messageOf } from '@kafkaesque/kernel';
import { ClientError } from '../errors';
import type { TopicPartition } from '../records';
import type { NodeAddress } from '../wire/wire';
import { aclOperations, groupStates } from './group-admin';
import type {
  AclOperation,
  ClassicGroupDescription,
  ConsumerGroupDescription,
  GroupMember,
  GroupState,
} from './group-admin';
import { verdictOf } from './group-coordinators';
import type { GroupVerdict } from './group-coordinators';

type DescribedGroup = ResponseOf<'ConsumerGroupDescribe'>['groups'][number];
type DescribedClassicGroup = ResponseOf<'DescribeGroups'>['groups'][number];

/** What members of Kafka's consumers call their protocol. */
export const CONSUMER_PROTOCOL = 'consumer';
/** The broker's way to say that nobody asked. */
const NOT_ASKED = -(2 ** 31);
const VERSION_BYTES = 2;
/** Of members of groups of the new protocol: their own is the classic one, or the new one; -1: not told. */
const CONSUMER_MEMBER = 1;

/** The state that a broker names; states of times to come are `Unknown`. */
export const groupStateOf = (text: string): GroupState =>
  groupStates.find((state) => state.toLowerCase() === text.toLowerCase()) ?? 'Unknown';

/** The set that the bits stand for (KIP-430); undefined: not asked for. */
export const operationsOf = (bits: number): readonly AclOperation[] | undefined =>
  bits === NOT_ASKED ? undefined : aclOperations.filter((_, bit) => bit > 2 && ((bits >> bit) & 1) === 1);

const partitionsOf = (
  topics: readonly { readonly topic: string; readonly partitions: readonly number[] }[],
): readonly TopicPartition[] =>
  topics.flatMap(({ topic, partitions }) => partitions.map((partition) => ({ topic, partition })));

/** What a member of a classic group was assigned, by the leader's bytes; empty before there are any. */
const assignmentOf = (bytes: Buffer): readonly TopicPartition[] => {
  if (bytes.length < VERSION_BYTES) return [];
  const { versions } = ConsumerProtocolAssignment;
  // A newer version only adds fields behind the known ones.
  const version = Math.min(bytes.readInt16BE(0), versions.max);
  return partitionsOf(ConsumerProtocolAssignment.decode(bytes, version, VERSION_BYTES).assignedPartitions);
};

/** A group of the new protocol. */
export const consumerGroupOf = (
  group: DescribedGroup,
  coordinator: NodeAddress,
): ConsumerGroupDescription => ({
  groupId: group.groupId,
  type: 'Consumer',
  state: groupStateOf(group.groupState),
  simple: false,
  partitionAssignor: group.assignorName,
  coordinator,
  members: group.members.map((member): GroupMember => {
    const { assignment, targetAssignment, memberType } = member;
    const named = (of: typeof assignment): readonly TopicPartition[] =>
      partitionsOf(of.topicPartitions.map(({ topicName, partitions }) => ({ topic: topicName, partitions })));
    return {
      memberId: member.memberId,
      instanceId: member.instanceId ?? undefined,
      rackId: member.rackId ?? undefined,
      clientId: member.clientId,
      host: member.clientHost,
      assignment: named(assignment),
      targetAssignment: named(targetAssignment),
      memberEpoch: member.memberEpoch,
      upgraded: memberType < 0 ? undefined : memberType === CONSUMER_MEMBER,
    };
  }),
  groupEpoch: group.groupEpoch,
  targetAssignmentEpoch: group.assignmentEpoch,
  authorizedOperations: operationsOf(group.authorizedOperations),
});

/** A classic group as a group of consumers; fails for groups of others, and for assignments that are none. */
export const consumersOfClassicGroup = (
  group: DescribedClassicGroup,
  coordinator: NodeAddress,
): GroupVerdict<ConsumerGroupDescription> => {
  const { groupId, protocolType } = group;
  if (protocolType !== '' && protocolType !== CONSUMER_PROTOCOL) {
    const message = `GroupId ${groupId} is not a consumer group (${protocolType}).`;
    return { kind: 'failed', error: new ClientError('protocol', 'NOT_A_CONSUMER_GROUP', message) };
  }
  try {
    const value: ConsumerGroupDescription = {
      groupId,
      type: 'Classic',
      state: groupStateOf(group.groupState),
      simple: protocolType === '',
      partitionAssignor: group.protocolData,
      coordinator,
      members: group.members.map((member) => ({
        memberId: member.memberId,
        instanceId: member.groupInstanceId ?? undefined,
        rackId: undefined,
        clientId: member.clientId,
        host: member.clientHost,
        assignment: assignmentOf(member.memberAssignment),
        targetAssignment: undefined,
        memberEpoch: undefined,
        upgraded: undefined,
      })),
      groupEpoch: undefined,
      targetAssignmentEpoch: undefined,
      authorizedOperations: operationsOf(group.authorizedOperations),
    };
    return { kind: 'done', value };
  } catch (cause) {
    const message = `a member of group ${groupId} has an assignment that cannot be read: ${messageOf(cause)}`;
    return {
      kind: 'failed',
      error: new ClientError('protocol', 'UNREADABLE_ASSIGNMENT', message, { cause }),
    };
  }
};

/** A classic group with the bytes of its members as they are. */
export const classicGroupOf = (
  group: DescribedClassicGroup,
  coordinator: NodeAddress,
): ClassicGroupDescription => ({
  groupId: group.groupId,
  state: groupStateOf(group.groupState),
  protocolType: group.protocolType,
  protocol: group.protocolData,
  coordinator,
  members: group.members.map((member) => ({
    memberId: member.memberId,
    instanceId: member.groupInstanceId ?? undefined,
    clientId: member.clientId,
    host: member.clientHost,
    metadata: member.memberMetadata,
    assignment: member.memberAssignment,
  })),
  authorizedOperations: operationsOf(group.authorizedOperations),
});

/** Whether another API may know the group: it is no group of the new protocol, or there is none in this broker. */
export const isForClassicApi = (errorCode: number): boolean =>
  errorCode === ErrorCode.GROUP_ID_NOT_FOUND || errorCode === ErrorCode.UNSUPPORTED_VERSION;

/** The group's error as a verdict; `better` is a sentence that says more than the broker's last one. */
export const groupErrorOf = (
  { errorCode, errorMessage }: { readonly errorCode: number; readonly errorMessage: string | null },
  better?: string | null,
): GroupVerdict<never> =>
  verdictOf(errorCode, errorCode === ErrorCode.GROUP_ID_NOT_FOUND ? (better ?? errorMessage) : errorMessage);
