import { ErrorCode } from '@kafkaesque/protocol';
import type { Now, Ticket } from '../../runtime/machine';
import type { GroupDecision } from '../group';
import type { RequestOf } from '../rules';
import type { GroupWorld } from '../world';
import { answerOnly, refuseSyncWait, reply, syncRefusal, syncedAnswer } from './classic-answers';
import type { ClassicGroup } from './classic-group';
import { NO_ASSIGNMENT, type ClassicMember } from './classic-member';
import { groupMetadataRecord } from './classic-records';
import {
  beginTurn,
  cancelTimer,
  endSyncs,
  prepareRebalance,
  touchSession,
  type Turn,
} from './classic-rebalance';

type SyncRequest = RequestOf<'sync'>;

/** SyncGroup: members wait for what the leader assigns; the leader's brings it. */
export const decideSync = (
  world: GroupWorld,
  group: ClassicGroup | undefined,
  call: SyncRequest,
  ticket: Ticket,
  now: Now,
): GroupDecision => {
  const refusal = syncRefusalOf(group, call);
  const member = group?.members.get(call.request.memberId);
  if (refusal !== ErrorCode.NONE || group === undefined || member === undefined)
    return answerOnly(ticket, syncRefusal(refusal));
  if (group.state === 'Stable')
    return {
      records: [],
      then: () => {
        const turn = beginTurn(world, group, now);
        hasSynced(turn, member);
        turn.effects.push(reply(ticket, syncedAnswer(group, member)));
        return turn.effects;
      },
    };
  if (group.leaderId === member.memberId) return storeAssignment(world, group, member, call, ticket, now);
  return {
    records: [],
    then: () => {
      const turn = beginTurn(world, group, now);
      refuseSyncWait(member, ErrorCode.REBALANCE_IN_PROGRESS, turn.effects);
      member.syncWait = { ticket, apiVersion: call.apiVersion };
      hasSynced(turn, member);
      return turn.effects;
    },
  };
};

const syncRefusalOf = (group: ClassicGroup | undefined, { apiVersion, request }: SyncRequest): number => {
  const { memberId, groupInstanceId, generationId, protocolType, protocolName } = request;
  // Both must be told from version 5 (KIP-559).
  if (apiVersion >= 5 && (protocolType === null || protocolName === null))
    return ErrorCode.INCONSISTENT_GROUP_PROTOCOL;
  if (group === undefined) return ErrorCode.UNKNOWN_MEMBER_ID;
  const refusal = group.memberRefusal(memberId, groupInstanceId);
  if (refusal !== ErrorCode.NONE) return refusal;
  if (generationId !== group.generationId) return ErrorCode.ILLEGAL_GENERATION;
  if (differs(protocolType, group.protocolType) || differs(protocolName, group.protocolName))
    return ErrorCode.INCONSISTENT_GROUP_PROTOCOL;
  return group.state === 'PreparingRebalance' ? ErrorCode.REBALANCE_IN_PROGRESS : ErrorCode.NONE;
};

const differs = (asked: string | null, held: string | null): boolean =>
  asked !== null && held !== null && asked !== held;

/** When all members of a generation have asked for their assignment, nobody's time to ask runs any more. */
const hasSynced = (turn: Turn, member: ClassicMember): void => {
  turn.group.pendingSyncs.delete(member.memberId);
  if (turn.group.pendingSyncs.size === 0) cancelTimer(turn, turn.group.syncTimerKey);
};

/** The leader's assignment becomes the group's as soon as it is stored. */
const storeAssignment = (
  world: GroupWorld,
  group: ClassicGroup,
  leader: ClassicMember,
  { apiVersion, request }: SyncRequest,
  ticket: Ticket,
  now: Now,
): GroupDecision => {
  const assignments = new Map(request.assignments.map(({ memberId, assignment }) => [memberId, assignment]));
  const unassigned = [...group.members.keys()].filter((memberId) => !assignments.has(memberId));
  return {
    records: [
      groupMetadataRecord({
        groupId: group.groupId,
        protocolType: group.protocolType,
        generationId: group.generationId,
        protocolName: group.protocolName,
        leaderId: group.leaderId,
        stateSinceMs: now.wallMs,
        members: Array.from(group.members.values(), (member) => ({
          ...member,
          assignment: assignments.get(member.memberId) ?? NO_ASSIGNMENT,
        })),
      }),
    ],
    then: () => {
      const turn = beginTurn(world, group, now);
      world.log('info', 'Assignment received from leader', {
        groupId: group.groupId,
        leader: leader.memberId,
        generation: group.generationId,
        members: group.members.size,
        staticMembers: group.staticMemberCount,
      });
      if (unassigned.length > 0)
        world.log('warn', 'Members have no assignment from the leader', {
          groupId: group.groupId,
          generation: group.generationId,
          members: unassigned.length,
          first: unassigned[0],
        });
      refuseSyncWait(leader, ErrorCode.REBALANCE_IN_PROGRESS, turn.effects);
      leader.syncWait = { ticket, apiVersion };
      hasSynced(turn, leader);
      for (const member of group.members.values()) {
        const wait = member.syncWait;
        if (wait === undefined) continue;
        member.syncWait = undefined;
        turn.effects.push(reply(wait.ticket, syncedAnswer(group, member)));
        touchSession(turn, member);
      }
      return turn.effects;
    },
    refused: (errorCode) => {
      const turn = beginTurn(world, group, now);
      endSyncs(turn, errorCode);
      prepareRebalance(
        turn,
        `Error ${String(errorCode)} when storing group assignment during SyncGroup (member: ${leader.memberId})`,
      );
      return turn.effects;
    },
  };
};
