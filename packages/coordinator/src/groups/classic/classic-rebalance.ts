import { assert } from '@kafkaesque/kernel';
import { ErrorCode } from '@kafkaesque/protocol';
import type { Now } from '../../runtime/machine';
import type { GroupDecision } from '../group';
import type { GroupWorld } from '../world';
import { joinedAnswer, refuseJoinWait, refuseSyncWait, reply, type GroupEffect } from './classic-answers';
import type { ClassicGroup } from './classic-group';
import { NO_ASSIGNMENT, type ClassicMember } from './classic-member';
import { groupMetadataRecord } from './classic-records';

/** A group while its decision is carried out: where effects go, and what time it is. */
export interface Turn {
  readonly world: GroupWorld;
  readonly group: ClassicGroup;
  readonly now: Now;
  readonly effects: GroupEffect[];
}

export const beginTurn = (world: GroupWorld, group: ClassicGroup, now: Now): Turn => ({
  world,
  group,
  now,
  effects: [],
});

export const setTimer = (turn: Turn, key: string, delayMs: number): void => {
  turn.effects.push({ kind: 'set-timer', key, atMs: turn.now.nowMs + delayMs });
};

export const cancelTimer = (turn: Turn, key: string): void => {
  turn.effects.push({ kind: 'cancel-timer', key });
};

/** The member has shown itself. */
export const touchSession = (turn: Turn, member: ClassicMember): void => {
  setTimer(turn, member.sessionKey, member.sessionTimeoutMs);
};

/** Forgets a member. What waits in its name is told that the member is unknown: a client that is still there starts over. */
export const removeMember = (turn: Turn, member: ClassicMember): void => {
  dismiss(turn, member);
  turn.group.remove(member);
};

const dismiss = (turn: Turn, member: ClassicMember): void => {
  refuseJoinWait(turn.group, member, ErrorCode.UNKNOWN_MEMBER_ID, turn.effects);
  refuseSyncWait(member, ErrorCode.UNKNOWN_MEMBER_ID, turn.effects);
  cancelTimer(turn, member.sessionKey);
};

export const removePending = (turn: Turn, memberId: string): void => {
  const key = turn.group.pendingJoins.get(memberId);
  if (key === undefined) return;
  turn.group.pendingJoins.delete(memberId);
  cancelTimer(turn, key);
};

/** Everybody has to join anew: parked syncs are ended, and the join phase lasts until all are there or the rebalance timeout is over. */
export const prepareRebalance = (turn: Turn, reason: string): void => {
  const { world, group, now } = turn;
  if (group.state === 'CompletingRebalance') endSyncs(turn, ErrorCode.REBALANCE_IN_PROGRESS);
  group.pendingSyncs.clear();
  cancelTimer(turn, group.syncTimerKey);
  world.log('info', 'Preparing to rebalance group', {
    groupId: group.groupId,
    state: group.state,
    generation: group.generationId,
    reason,
  });
  if (group.state === 'Empty') {
    const delayMs = world.settings.initialRebalanceDelayMs;
    group.initialRebalance = {
      memberAdded: false,
      delayMs,
      remainingMs: Math.max(group.rebalanceTimeoutMs() - delayMs, 0),
    };
    group.transitionTo('PreparingRebalance', now.wallMs);
    setTimer(turn, group.joinTimerKey, delayMs);
    return;
  }
  group.transitionTo('PreparingRebalance', now.wallMs);
  if (group.hasAllMembersJoined()) completeJoin(turn);
  else setTimer(turn, group.joinTimerKey, group.rebalanceTimeoutMs());
};

/** After anything that could let a running join phase end. An initial rebalance waits for its delay. */
export const completeJoinIfAllAreThere = (turn: Turn): void => {
  const { group } = turn;
  if (
    group.state === 'PreparingRebalance' &&
    group.initialRebalance === undefined &&
    group.hasAllMembersJoined()
  )
    completeJoin(turn);
};

export const rebalanceOrCompleteJoin = (turn: Turn, reason: string): void => {
  if (turn.group.canRebalance()) prepareRebalance(turn, reason);
  else completeJoinIfAllAreThere(turn);
};

/** Ends the join phase with those who are there. A group that nobody is left in is emptied by `emptyGroup` instead. */
export const completeJoin = (turn: Turn): void => {
  const { world, group, now } = turn;
  cancelTimer(turn, group.joinTimerKey);
  const late = Array.from(group.members.values()).filter(isLate);
  for (const member of late) removeMember(turn, member);
  if (late.length > 0)
    world.log('info', 'Group removed dynamic members who have not joined', {
      groupId: group.groupId,
      members: late.length,
      first: late[0]?.memberId,
    });
  assert(group.members.size > 0, () => `group ${group.groupId} completes a rebalance without members`);
  if (!electJoinedLeader(turn)) {
    // Only static members are left and none of them is back: until their sessions end, they keep their place.
    if (group.initialRebalance !== undefined) group.initialRebalance.remainingMs = 0;
    setTimer(turn, group.joinTimerKey, group.rebalanceTimeoutMs());
    return;
  }
  group.beginGeneration(now.wallMs);
  world.log('info', 'Stabilized group', {
    groupId: group.groupId,
    generation: group.generationId,
    members: group.members.size,
  });
  for (const member of group.members.values()) {
    const wait = group.setJoinWait(member, undefined);
    if (wait !== undefined)
      turn.effects.push(reply(wait.ticket, joinedAnswer(group, member.memberId, wait.apiVersion)));
    touchSession(turn, member);
    member.isNew = false;
    group.pendingSyncs.add(member.memberId);
  }
  setTimer(turn, group.syncTimerKey, group.rebalanceTimeoutMs());
};

const isLate = (member: ClassicMember): boolean =>
  member.joinWait === undefined && member.groupInstanceId === null;

/** Is nobody left when the join phase ends now? */
export const emptiesAtJoinEnd = (group: ClassicGroup): boolean => {
  for (const member of group.members.values()) if (!isLate(member)) return false;
  return true;
};

/** A leader that has not joined gives way to the first member that has. False: nobody has joined. */
const electJoinedLeader = (turn: Turn): boolean => {
  const { group, world } = turn;
  const leader = group.leaderId === null ? undefined : group.members.get(group.leaderId);
  if (leader?.joinWait !== undefined) return true;
  for (const member of group.members.values()) {
    if (member.joinWait === undefined) continue;
    group.leaderId = member.memberId;
    world.log('info', 'Group leader did not join in time, another was elected', {
      groupId: group.groupId,
      formerLeader: leader?.memberId,
      leader: member.memberId,
    });
    return true;
  }
  world.log('warn', 'Group could not complete its rebalance because no member joined', {
    groupId: group.groupId,
  });
  return false;
};

/**
 * The last members go, and with them the generation: what is left of the group is stored, so that its next generation has a
 * higher number. `members`: all that it had.
 */
export const emptyGroup = (
  world: GroupWorld,
  group: ClassicGroup,
  now: Now,
  also: (turn: Turn) => void = () => undefined,
): GroupDecision => {
  const members = [...group.members.values()];
  return {
    records: [
      groupMetadataRecord({
        groupId: group.groupId,
        protocolType: group.protocolType,
        generationId: group.generationId + 1,
        protocolName: null,
        leaderId: null,
        stateSinceMs: now.wallMs,
        members: [],
      }),
    ],
    then: () => {
      const turn = beginTurn(world, group, now);
      for (const member of members) dismiss(turn, member);
      cancelTimer(turn, group.joinTimerKey);
      cancelTimer(turn, group.syncTimerKey);
      world.log('info', 'Group is now empty', { groupId: group.groupId, generation: group.generationId });
      also(turn);
      return turn.effects;
    },
  };
};

/** Members that wait for their assignment are told to look again; what they had been assigned is void. */
export const endSyncs = (turn: Turn, errorCode: number): void => {
  for (const member of turn.group.members.values()) {
    member.assignment = NO_ASSIGNMENT;
    if (refuseSyncWait(member, errorCode, turn.effects) !== undefined) touchSession(turn, member);
  }
};

/** Members and pending members go; what follows from it for the group. */
export const removeMembers = (
  world: GroupWorld,
  group: ClassicGroup,
  now: Now,
  going: {
    readonly members: readonly ClassicMember[];
    readonly pending: readonly string[];
    readonly reason: string;
    /** Does it matter that the delay of an initial rebalance is not over? */
    readonly awaitsInitialDelay: boolean;
  },
  also: (turn: Turn) => void = () => undefined,
): GroupDecision => {
  const { members, pending, reason, awaitsInitialDelay } = going;
  const nobodyIsLeft = group.members.size === members.length && group.pendingJoins.size === pending.length;
  const mayEnd =
    group.state === 'PreparingRebalance'
      ? !awaitsInitialDelay || group.initialRebalance === undefined
      : members.length > 0;
  if (group.state !== 'Empty' && nobodyIsLeft && mayEnd)
    return emptyGroup(world, group, now, (turn) => {
      for (const memberId of pending) removePending(turn, memberId);
      also(turn);
    });
  return {
    records: [],
    then: () => {
      const turn = beginTurn(world, group, now);
      for (const member of members) removeMember(turn, member);
      for (const memberId of pending) removePending(turn, memberId);
      if (group.state === 'PreparingRebalance') {
        if (mayEnd && group.hasAllMembersJoined()) completeJoin(turn);
      } else if (members.length > 0 && group.state !== 'Empty') prepareRebalance(turn, reason);
      also(turn);
      return turn.effects;
    },
  };
};
