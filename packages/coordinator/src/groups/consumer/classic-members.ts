import {
  errors,
  type GroupRecord,
  type HeartbeatRequest,
  type LeaveGroupRequest,
  type SyncGroupRequest,
} from '@kafkaesque/protocol';
import type { Effect, Now, Ticket } from '../../runtime/machine';
import type { GroupDecision } from '../group';
import type { GroupAnswer, GroupRequest } from '../requests';
import { readSubscription, writeAssignment } from './classic-protocol';
import type { ConsumerGroup } from './consumer-group';
import type { ClassicMember, ConsumerMember } from './consumer-member';
import { afterStep, refreshGroup, type Refreshed } from './group-step';
import { fence } from './leave';
import { cancelTimer, setTimer } from './member-timers';
import { hasPartition, partitionsOf } from './partitions';
import { consumerGroup, type SharedRules } from './shared-rules';

type Asked<Kind extends GroupRequest['kind']> = Extract<GroupRequest, { readonly kind: Kind }>;
type ClassicConsumerMember = ConsumerMember & { readonly classic: ClassicMember };

/** The classic member that a request is from; or the error code. */
const classicMember = (
  group: ConsumerGroup,
  request: Pick<HeartbeatRequest | SyncGroupRequest, 'memberId' | 'groupInstanceId' | 'generationId'>,
): ClassicConsumerMember | number => {
  const { memberId, groupInstanceId, generationId } = request;
  const member = groupInstanceId === null ? group.members.get(memberId) : group.staticMember(groupInstanceId);
  if (member === undefined) return errors.UNKNOWN_MEMBER_ID.code;
  if (member.memberId !== memberId) return errors.FENCED_INSTANCE_ID.code;
  const { classic } = member;
  if (classic === null) return errors.UNKNOWN_MEMBER_ID.code;
  return member.memberEpoch === generationId ? { ...member, classic } : errors.ILLEGAL_GENERATION.code;
};

/** Sets a timer for a member's next join, unless one runs. */
const awaitJoin = (
  rules: SharedRules,
  groupId: string,
  member: ConsumerMember,
  now: Now,
): Effect<GroupAnswer>[] => {
  const group = consumerGroup(rules, groupId);
  const { memberId, rebalanceTimeoutMs } = member;
  if (group === undefined || !group.members.has(memberId) || group.awaitedJoins.has(memberId)) return [];
  group.awaitedJoins.add(memberId);
  return [setTimer('join', groupId, memberId, now.nowMs + rebalanceTimeoutMs)];
};

/** SyncGroup of a classic member in a group of the consumer protocol: its part of the assignment. */
export const classicSync = (
  rules: SharedRules,
  group: ConsumerGroup,
  { request }: Asked<'sync'>,
  ticket: Ticket,
  now: Now,
): GroupDecision => {
  const { groupId } = group;
  const answered = (
    errorCode: number,
    assignment: Buffer,
    effects: () => Effect<GroupAnswer>[],
  ): GroupDecision => ({
    records: [],
    then: () => [
      ...effects(),
      {
        kind: 'reply',
        ticket,
        answer: {
          kind: 'sync',
          answer: {
            errorCode,
            assignment,
            ...(errorCode === 0
              ? { protocolType: request.protocolType, protocolName: request.protocolName }
              : {}),
          },
        },
      },
    ],
  });
  const refused = (errorCode: number, effects: () => Effect<GroupAnswer>[] = () => []): GroupDecision =>
    answered(errorCode, Buffer.alloc(0), effects);

  const member = classicMember(group, request);
  if (typeof member === 'number') return refused(member);
  const [protocol] = member.classic.supportedProtocols;
  const { protocolType, protocolName } = request;
  if (protocolType !== null && protocolType !== 'consumer')
    return refused(errors.INCONSISTENT_GROUP_PROTOCOL.code);
  if (protocolName !== null && protocolName !== protocol?.name)
    return refused(errors.INCONSISTENT_GROUP_PROTOCOL.code);
  // One that is revoking has joined already, and joins again when it is done.
  if (group.assignmentEpoch > member.memberEpoch && member.state !== 'unrevoked')
    return refused(errors.REBALANCE_IN_PROGRESS.code, () => awaitJoin(rules, groupId, member, now));
  const version = readSubscription(protocol?.metadata ?? Buffer.alloc(0))?.version ?? 0;
  return answered(
    errors.NONE.code,
    writeAssignment(rules.world, partitionsOf(member.assigned), version),
    () => [
      cancelTimer('sync', groupId, member.memberId),
      setTimer('session', groupId, member.memberId, now.nowMs + member.classic.sessionTimeoutMs),
    ],
  );
};

/** Is a partition of the member's target still another's? */
const waitsForOthers = (group: ConsumerGroup, member: ConsumerMember): boolean => {
  for (const [topicId, partitions] of group.targetOf(member.memberId)) {
    const assigned = member.assigned.get(topicId)?.partitions ?? [];
    for (const partition of partitions)
      if (!hasPartition(assigned, partition) && group.ownerOf(topicId, partition) !== undefined) return true;
  }
  return false;
};

const NOT_REFRESHED: Pick<Refreshed, 'records' | 'assignmentEpoch'> = { records: [], assignmentEpoch: 0 };

/** Heartbeat of a classic member: REBALANCE_IN_PROGRESS when it has something to give up, to get, or a new epoch to take. */
export const classicHeartbeat = (
  rules: SharedRules,
  group: ConsumerGroup,
  { request }: Asked<'heartbeat'>,
  ticket: Ticket,
  now: Now,
): GroupDecision => {
  const { groupId } = group;
  const reply = (errorCode: number): Effect<GroupAnswer> => ({
    kind: 'reply',
    ticket,
    answer: { kind: 'heartbeat', answer: { errorCode } },
  });
  const member = classicMember(group, request);
  if (typeof member === 'number') return { records: [], then: () => [reply(member)] };
  // Where no member of the consumer protocol is left, nobody else would see that a new target is due.
  const allClassic = group.classicMemberCount === group.members.size;
  const refreshed = allClassic ? refreshGroup(rules, group, now) : undefined;
  const { records, assignmentEpoch } = refreshed ?? {
    ...NOT_REFRESHED,
    assignmentEpoch: group.assignmentEpoch,
  };
  const mustJoin =
    member.memberEpoch < assignmentEpoch ||
    member.state === 'unrevoked' ||
    (member.state === 'unreleased' && !waitsForOthers(group, member));
  return {
    records,
    then: () => [
      setTimer('session', groupId, member.memberId, now.nowMs + member.classic.sessionTimeoutMs),
      ...(refreshed === undefined ? [] : afterStep(rules, groupId, refreshed, now)),
      ...(mustJoin ? awaitJoin(rules, groupId, member, now) : []),
      reply(mustJoin ? errors.REBALANCE_IN_PROGRESS.code : errors.NONE.code),
    ],
  };
};

/** LeaveGroup of classic members, and of any static members by their instance ids. */
export const classicLeave = (
  rules: SharedRules,
  group: ConsumerGroup,
  { request, apiVersion }: Asked<'leave'>,
  ticket: Ticket,
  now: Now,
): GroupDecision => {
  const asked: readonly Pick<LeaveGroupRequest['members'][number], 'memberId' | 'groupInstanceId'>[] =
    apiVersion >= 3 ? request.members : [{ memberId: request.memberId, groupInstanceId: null }];
  const leaving = new Map<string, ConsumerMember>();
  const members = asked.map(({ memberId, groupInstanceId }) => {
    const member =
      groupInstanceId === null ? group.members.get(memberId) : group.staticMember(groupInstanceId);
    // An administrator names the instance alone.
    const isFenced = groupInstanceId !== null && memberId !== '' && member?.memberId !== memberId;
    const errorCode =
      member === undefined
        ? errors.UNKNOWN_MEMBER_ID.code
        : isFenced
          ? errors.FENCED_INSTANCE_ID.code
          : errors.NONE.code;
    if (member !== undefined && errorCode === errors.NONE.code) leaving.set(member.memberId, member);
    return { memberId, groupInstanceId, errorCode };
  });
  const outcome = fence(rules, group, [...leaving.values()], now);
  const answer =
    apiVersion >= 3
      ? { errorCode: errors.NONE.code, members }
      : { errorCode: members[0]?.errorCode ?? errors.NONE.code, members: [] };
  const records: readonly GroupRecord[] = outcome.records;
  return {
    records,
    then: () => [...outcome.then(), { kind: 'reply', ticket, answer: { kind: 'leave', answer } }],
  };
};
