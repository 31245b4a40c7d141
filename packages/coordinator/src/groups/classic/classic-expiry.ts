import { assertNever } from '@kafkaesque/kernel';
import type { Now } from '../../runtime/machine';
import type { GroupDecision } from '../group';
import type { GroupWorld } from '../world';
import type { ClassicGroup } from './classic-group';
import { hasSatisfiedHeartbeat, type ClassicMember } from './classic-member';
import {
  beginTurn,
  completeJoin,
  emptiesAtJoinEnd,
  emptyGroup,
  removeMembers,
  setTimer,
  type Turn,
} from './classic-rebalance';
import { parseTimerKey } from './classic-timers';

const NOTHING: GroupDecision = { records: [] };

/** What a due timer does. Of a group or member that is gone: nothing. */
export const decideExpiry = (
  world: GroupWorld,
  groupOf: (groupId: string) => ClassicGroup | undefined,
  key: string,
  now: Now,
): GroupDecision => {
  const timer = parseTimerKey(key);
  const group = timer === undefined ? undefined : groupOf(timer.groupId);
  if (timer === undefined || group === undefined) return NOTHING;
  switch (timer.kind) {
    case 'session':
      return expireSession(world, group, timer.memberId, now);
    case 'join':
      return endJoinPhase(world, group, now);
    case 'sync':
      return expireSyncs(world, group, now);
    default:
      return assertNever(timer);
  }
};

const expireSession = (world: GroupWorld, group: ClassicGroup, memberId: string, now: Now): GroupDecision => {
  const member = group.members.get(memberId);
  const isPending = group.pendingJoins.has(memberId);
  if (!isPending && (member === undefined || hasSatisfiedHeartbeat(member))) return NOTHING;
  world.log('info', 'Member of group has failed, its session is over', {
    groupId: group.groupId,
    memberId,
    pending: isPending,
  });
  return removeMembers(world, group, now, {
    members: member === undefined ? [] : [member],
    pending: isPending ? [memberId] : [],
    reason: `removing member ${memberId} on heartbeat expiration`,
    awaitsInitialDelay: false,
  });
};

/** The delay of an initial rebalance is over, or the rebalance timeout. */
const endJoinPhase = (world: GroupWorld, group: ClassicGroup, now: Now): GroupDecision => {
  if (group.state !== 'PreparingRebalance') return NOTHING;
  const { initialRebalance } = group;
  if (initialRebalance?.memberAdded === true && initialRebalance.remainingMs > 0)
    return soft(world, group, now, (turn) => {
      const { delayMs, remainingMs } = initialRebalance;
      initialRebalance.memberAdded = false;
      initialRebalance.delayMs = Math.min(world.settings.initialRebalanceDelayMs, remainingMs);
      initialRebalance.remainingMs = Math.max(remainingMs - delayMs, 0);
      setTimer(turn, group.joinTimerKey, initialRebalance.delayMs);
    });
  if (emptiesAtJoinEnd(group)) return emptyGroup(world, group, now);
  return soft(world, group, now, completeJoin);
};

/** Members that had time enough and did not ask for their assignment are not there, whatever they are. */
const expireSyncs = (world: GroupWorld, group: ClassicGroup, now: Now): GroupDecision => {
  const members = Array.from(group.pendingSyncs, (memberId) => group.members.get(memberId)).filter(
    (member): member is ClassicMember => member !== undefined,
  );
  if (members.length === 0 || (group.state !== 'CompletingRebalance' && group.state !== 'Stable'))
    return NOTHING;
  return removeMembers(world, group, now, {
    members,
    pending: [],
    reason: `Removing ${String(members.length)} members on pending sync request expiration`,
    awaitsInitialDelay: false,
  });
};

const soft = (
  world: GroupWorld,
  group: ClassicGroup,
  now: Now,
  change: (turn: Turn) => void,
): GroupDecision => ({
  records: [],
  then: () => {
    const turn = beginTurn(world, group, now);
    change(turn);
    return turn.effects;
  },
});
