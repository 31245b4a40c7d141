import { assert } from '@kafkaesque/kernel';
import { ErrorCode } from '@kafkaesque/protocol';
import type { Now, Ticket } from '../../runtime/machine';
import type { GroupDecision, GroupFacts } from '../group';
import type { CoordinatorSettings, GroupWorld } from '../world';
import { answerOnly, joinRefusal, joinedAnswer, reply, type GroupEffect } from './classic-answers';
import { ClassicGroup } from './classic-group';
import { NO_ASSIGNMENT, classicMember, sameProtocols, type ClassicMember } from './classic-member';
import { joinCall, updateMember, type JoinCall, type JoinRequest } from './classic-join-call';
import { newGroupRecord } from './classic-records';
import {
  beginTurn,
  completeJoinIfAllAreThere,
  rebalanceOrCompleteJoin,
  removeMember,
  removePending,
  setTimer,
  type Turn,
} from './classic-rebalance';
import { replaceStaticMember } from './classic-static';
import { sessionTimerKey } from './classic-timers';

/** How long a new member is waited for that has not been answered yet: a client that gave up would never be noticed otherwise. */
const NEW_MEMBER_JOIN_TIMEOUT_MS = 5 * 60 * 1000;

/** INVALID_SESSION_TIMEOUT or NONE; for groups of every kind that classic members may join. */
export const sessionTimeoutRefusal = (
  settings: CoordinatorSettings,
  request: { readonly sessionTimeoutMs: number },
): number =>
  request.sessionTimeoutMs < settings.minSessionTimeoutMs ||
  request.sessionTimeoutMs > settings.maxSessionTimeoutMs
    ? ErrorCode.INVALID_SESSION_TIMEOUT
    : ErrorCode.NONE;

/** How many ids of one group may be on their way back (KIP-394). They cost a client nothing: unbounded, they could cost a broker its memory. */
const MAX_PENDING_JOINS = 10_000;

/** JoinGroup to a classic group, to an empty consumer group, which becomes classic by it, or to none. */
export const decideJoin = (
  world: GroupWorld,
  groups: ReadonlyMap<string, GroupFacts>,
  request: JoinRequest,
  ticket: Ticket,
  now: Now,
): GroupDecision => {
  const call = joinCall(request, ticket);
  const { groupId } = request.request;
  const found = groups.get(groupId);
  const refuse = (errorCode: number): GroupDecision =>
    answerOnly(ticket, joinRefusal(call.apiVersion, call.memberId, errorCode));

  const sessionRefusal = sessionTimeoutRefusal(world.settings, request.request);
  if (sessionRefusal !== ErrorCode.NONE) return refuse(sessionRefusal);
  if (found instanceof ClassicGroup) return joinGroup(world, found, call, now);
  if (found !== undefined && found.state !== 'Empty') return refuse(ErrorCode.INCONSISTENT_GROUP_PROTOCOL);
  if (call.memberId !== '') return refuse(ErrorCode.UNKNOWN_MEMBER_ID);
  if (call.protocolType === '' || call.protocols.length === 0)
    return refuse(ErrorCode.INCONSISTENT_GROUP_PROTOCOL);
  return {
    records: [...(found?.tombstones() ?? []), newGroupRecord(groupId, now.wallMs)],
    then: () => {
      const created = groups.get(groupId);
      assert(created instanceof ClassicGroup, `group ${groupId} was not created by its record`);
      const { records, then } = joinGroup(world, created, call, now);
      assert(records.length === 0, `the first join of group ${groupId} has nothing more to store`);
      return then?.() ?? [];
    },
  };
};

const joinGroup = (world: GroupWorld, group: ClassicGroup, call: JoinCall, now: Now): GroupDecision => {
  const { memberId, groupInstanceId } = call;
  // Without its id, a static member comes into its own place.
  const replacedId = memberId === '' ? group.staticMemberId(groupInstanceId ?? '') : undefined;
  if (!isAccepted(group, replacedId ?? memberId, world.settings.maxSize))
    return refuseForSize(world, group, call, now);
  if (!group.supports(call.protocolType, call.protocols))
    return answerOnly(
      call.ticket,
      joinRefusal(call.apiVersion, memberId, ErrorCode.INCONSISTENT_GROUP_PROTOCOL),
    );
  if (memberId === '') return joinWithoutId(world, group, call, now);
  if (groupInstanceId === null && group.pendingJoins.has(memberId))
    return soft(world, group, now, (turn) => {
      removePending(turn, memberId);
      addMember(turn, call, memberId);
    });
  const refusal = group.memberRefusal(memberId, groupInstanceId);
  if (refusal !== ErrorCode.NONE)
    return answerOnly(call.ticket, joinRefusal(call.apiVersion, memberId, refusal));
  const member = group.members.get(memberId);
  assert(member !== undefined, `member ${memberId} was just found`);
  return rejoin(world, group, member, call, now);
};

/** A decision that stores nothing. */
const soft = (
  world: GroupWorld,
  group: ClassicGroup,
  now: Now,
  change: (turn: Turn) => void,
): GroupDecision => ({
  records: [],
  then: (): readonly GroupEffect[] => {
    const turn = beginTurn(world, group, now);
    change(turn);
    return turn.effects;
  },
});

/**
 * `group.max.size` (KIP-389). While members join, those that have are counted: the limit may have been lowered, and then the last to come
 * back go.
 */
const isAccepted = (group: ClassicGroup, memberId: string, maxSize: number): boolean => {
  const member = group.members.get(memberId);
  switch (group.state) {
    case 'Empty':
    case 'Dead':
      return true;
    case 'PreparingRebalance':
      return member?.joinWait !== undefined || group.awaitingJoinCount < maxSize;
    case 'CompletingRebalance':
    case 'Stable':
      return member !== undefined || group.members.size < maxSize;
  }
};

const refuseForSize = (world: GroupWorld, group: ClassicGroup, call: JoinCall, now: Now): GroupDecision =>
  soft(world, group, now, (turn) => {
    removePending(turn, call.memberId);
    const member = group.members.get(call.memberId);
    if (member !== undefined) removeMember(turn, member);
    turn.effects.push(reply(call.ticket, joinRefusal(call.apiVersion, '', ErrorCode.GROUP_MAX_SIZE_REACHED)));
    completeJoinIfAllAreThere(turn);
  });

/** A member's id begins with a name that it gave, which may be as long as a text can be: the id must fit a text, too. */
const MAX_NAME_CHARACTERS = 10_000;

const joinWithoutId = (world: GroupWorld, group: ClassicGroup, call: JoinCall, now: Now): GroupDecision => {
  const { groupInstanceId } = call;
  const memberId = `${(groupInstanceId ?? call.clientId).slice(0, MAX_NAME_CHARACTERS)}-${world.javaUuid()}`;
  if (groupInstanceId !== null) {
    const replacedId = group.staticMemberId(groupInstanceId);
    const replaced = replacedId === undefined ? undefined : group.members.get(replacedId);
    if (replaced !== undefined) return replaceStaticMember(world, group, replaced, memberId, call, now);
  }
  return soft(world, group, now, (turn) => {
    world.log('info', 'Member with unknown member id joins group', {
      groupId: group.groupId,
      state: group.state,
      memberId,
      groupInstanceId,
    });
    if (groupInstanceId === null && call.apiVersion >= 4) {
      const [oldest] = group.pendingJoins.keys();
      if (group.pendingJoins.size >= MAX_PENDING_JOINS && oldest !== undefined) removePending(turn, oldest);
      const key = sessionTimerKey(group.groupId, memberId);
      group.pendingJoins.set(memberId, key);
      setTimer(turn, key, call.sessionTimeoutMs);
      // A new id tells nothing of what is not committed yet, such as the group that was made for it.
      turn.effects.push({
        kind: 'reply',
        ticket: call.ticket,
        answer: joinRefusal(call.apiVersion, memberId, ErrorCode.MEMBER_ID_REQUIRED),
        isCommitted: true,
      });
    } else addMember(turn, call, memberId);
  });
};

const addMember = (turn: Turn, call: JoinCall, memberId: string): void => {
  const { group } = turn;
  const member = classicMember(group.groupId, {
    memberId,
    groupInstanceId: call.groupInstanceId,
    clientId: call.clientId,
    clientHost: call.clientHost,
    rebalanceTimeoutMs: call.rebalanceTimeoutMs,
    sessionTimeoutMs: call.sessionTimeoutMs,
    protocols: call.protocols,
    assignment: NO_ASSIGNMENT,
  });
  member.isNew = true;
  if (group.initialRebalance !== undefined) group.initialRebalance.memberAdded = true;
  group.add(member, call.protocolType);
  group.setJoinWait(member, { ticket: call.ticket, apiVersion: call.apiVersion });
  setTimer(turn, member.sessionKey, NEW_MEMBER_JOIN_TIMEOUT_MS);
  rebalanceOrCompleteJoin(
    turn,
    `Adding new member ${memberId} with group instance id ${String(call.groupInstanceId)}; client reason: ${call.reason}`,
  );
};

const rejoin = (
  world: GroupWorld,
  group: ClassicGroup,
  member: ClassicMember,
  call: JoinCall,
  now: Now,
): GroupDecision => {
  const changed = !sameProtocols(member.protocols, call.protocols);
  const isLeader = group.leaderId === member.memberId;
  const begins = (reason: string): GroupDecision =>
    soft(world, group, now, (turn) => {
      updateMember(turn, member, call);
      rebalanceOrCompleteJoin(turn, `${reason}; client reason: ${call.reason}`);
    });
  const answerCurrent = (): GroupDecision =>
    answerOnly(call.ticket, joinedAnswer(group, member.memberId, call.apiVersion));
  switch (group.state) {
    case 'PreparingRebalance':
      return begins(`Member ${member.memberId} is joining group during PreparingRebalance`);
    case 'CompletingRebalance':
      // With nothing new it may only have missed the answer.
      return changed
        ? begins(`Updating metadata for member ${member.memberId} during CompletingRebalance`)
        : answerCurrent();
    case 'Stable':
      // The leader joins anew where something has changed that no metadata tell of, such as partitions of a topic.
      if (isLeader) return begins(`Leader ${member.memberId} re-joining group during Stable`);
      return changed
        ? begins(`Updating metadata for member ${member.memberId} during Stable`)
        : answerCurrent();
    case 'Empty':
    case 'Dead':
      return answerOnly(
        call.ticket,
        joinRefusal(call.apiVersion, member.memberId, ErrorCode.UNKNOWN_MEMBER_ID),
      );
  }
};
