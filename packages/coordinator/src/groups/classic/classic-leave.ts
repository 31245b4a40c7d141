import { ErrorCode } from '@kafkaesque/protocol';
import type { Now, Ticket } from '../../runtime/machine';
import type { GroupDecision } from '../group';
import type { RequestOf } from '../rules';
import type { GroupWorld } from '../world';
import { answerOnly, leaveAnswer, leavingMembers, reasonOf, reply } from './classic-answers';
import type { ClassicGroup } from './classic-group';
import type { ClassicMember } from './classic-member';
import { removeMembers } from './classic-rebalance';

type LeaveRequest = RequestOf<'leave'>;

/** LeaveGroup: by members themselves, or by an administrator, who names static members by their instance ids. */
export const decideLeave = (
  world: GroupWorld,
  group: ClassicGroup | undefined,
  call: LeaveRequest,
  ticket: Ticket,
  now: Now,
): GroupDecision => {
  const leavers = leavingMembers(call);
  if (group === undefined)
    return answerOnly(
      ticket,
      leaveAnswer(
        call,
        leavers.map(() => ErrorCode.UNKNOWN_MEMBER_ID),
      ),
    );
  const members = new Map<string, ClassicMember>();
  const pending = new Set<string>();
  const errorCodes = leavers.map(({ memberId, groupInstanceId, reason }): number => {
    const log = (goneId: string): void => {
      world.log('info', 'Member has left group through explicit LeaveGroup', {
        groupId: group.groupId,
        memberId: goneId,
        groupInstanceId,
        reason: reasonOf(reason),
      });
    };
    if (group.pendingJoins.has(memberId) && !pending.has(memberId)) {
      pending.add(memberId);
      log(memberId);
      return ErrorCode.NONE;
    }
    const byInstance = memberId === '' && groupInstanceId !== null;
    const goneId = byInstance ? (group.staticMemberId(groupInstanceId) ?? '') : memberId;
    const refusal = group.memberRefusal(goneId, byInstance ? null : groupInstanceId);
    if (refusal !== ErrorCode.NONE) return refusal;
    const member = group.members.get(goneId);
    // Named twice: the first time, it left.
    if (member === undefined || members.has(goneId)) return ErrorCode.UNKNOWN_MEMBER_ID;
    members.set(goneId, member);
    log(goneId);
    return ErrorCode.NONE;
  });
  const answer = leaveAnswer(call, errorCodes);
  if (members.size === 0 && pending.size === 0) return answerOnly(ticket, answer);
  return removeMembers(
    world,
    group,
    now,
    {
      members: [...members.values()],
      pending: [...pending],
      reason: `explicit LeaveGroup request for (${[...members.keys()].slice(0, 10).join(', ')}) members`,
      awaitsInitialDelay: true,
    },
    (turn) => turn.effects.push(reply(ticket, answer)),
  );
};
