import { ErrorCode } from '@kafkaesque/protocol';
import { assert } from '@kafkaesque/kernel';
import type { Now } from '../../runtime/machine';
import type { GroupDecision } from '../group';
import type { GroupWorld } from '../world';
import { joinedAnswer, refuseJoinWait, refuseSyncWait, reply } from './classic-answers';
import type { ClassicGroup } from './classic-group';
import { updateMember, type JoinCall } from './classic-join-call';
import { type ClassicMember } from './classic-member';
import { groupMetadataRecord } from './classic-records';
import {
  beginTurn,
  cancelTimer,
  completeJoinIfAllAreThere,
  prepareRebalance,
  touchSession,
  type Turn,
} from './classic-rebalance';

/**
 * A static member comes back without its member id, most likely after a restart: it gets a new one in the place of the old,
 * which is fenced (KIP-345). In a stable group whose protocol it does not change there is no rebalance; the new id is stored.
 */
export const replaceStaticMember = (
  world: GroupWorld,
  group: ClassicGroup,
  old: ClassicMember,
  memberId: string,
  call: JoinCall,
  now: Now,
): GroupDecision => {
  const log = (message: string): void => {
    world.log('info', message, {
      groupId: group.groupId,
      state: group.state,
      groupInstanceId: call.groupInstanceId,
      formerMemberId: old.memberId,
      memberId,
      reason: call.reason,
    });
  };
  const { protocols } = call;
  if (
    group.state === 'Stable' &&
    group.selectProtocol({ memberId: old.memberId, protocols }) === group.protocolName
  )
    return storeReplacement(world, group, old, { ...call, memberId, protocols }, now, () => {
      log('Static member is replaced without a rebalance');
    });
  return {
    records: [],
    then: () => {
      const turn = beginTurn(world, group, now);
      log('Static member is replaced');
      fence(turn, old);
      const member = group.replaceStatic(old, memberId);
      touchSession(turn, member);
      updateMember(turn, member, call);
      // While the leader assigns, the old id is in its list: the new one would be left out.
      if (group.state === 'Stable' || group.state === 'CompletingRebalance')
        prepareRebalance(
          turn,
          `Static member ${memberId} with instance id ${String(call.groupInstanceId)} joined during ${group.state}; client reason: ${call.reason}`,
        );
      else completeJoinIfAllAreThere(turn);
      return turn.effects;
    },
  };
};

/** Whoever still waits under the old id is another instance, or a connection that is gone. */
const fence = (turn: Turn, old: ClassicMember): void => {
  refuseJoinWait(turn.group, old, ErrorCode.FENCED_INSTANCE_ID, turn.effects);
  refuseSyncWait(old, ErrorCode.FENCED_INSTANCE_ID, turn.effects);
  cancelTimer(turn, old.sessionKey);
};

const storeReplacement = (
  world: GroupWorld,
  group: ClassicGroup,
  old: ClassicMember,
  call: JoinCall,
  now: Now,
  log: () => void,
): GroupDecision => {
  const { memberId, protocols, rebalanceTimeoutMs, sessionTimeoutMs, apiVersion } = call;
  const formerLeader = group.leaderId;
  const isLeader = formerLeader === old.memberId;
  const hadToSync = group.pendingSyncs.has(old.memberId);
  const replaced = { ...old, memberId, protocols, rebalanceTimeoutMs, sessionTimeoutMs };
  return {
    records: [
      groupMetadataRecord({
        ...storedFacts(group),
        leaderId: isLeader ? memberId : formerLeader,
        members: Array.from(group.members.values(), (member) => (member === old ? replaced : member)),
      }),
    ],
    then: () => {
      const turn = beginTurn(world, group, now);
      log();
      fence(turn, old);
      const member = group.members.get(memberId);
      assert(member !== undefined, `member ${memberId} of group ${group.groupId} came with its record`);
      group.setProtocols(member, protocols);
      if (hadToSync) group.pendingSyncs.add(memberId);
      touchSession(turn, member);
      turn.effects.push(
        reply(
          call.ticket,
          joinedAnswer(
            group,
            memberId,
            apiVersion,
            // A leader assigns when it is told that it leads, which a stable group ignores. From version 9 it is told not to (KIP-814), before it is
            // given the name of its former self.
            apiVersion >= 9 ? { skipAssignment: isLeader } : { leader: formerLeader ?? '', members: [] },
          ),
        ),
      );
      return turn.effects;
    },
  };
};

const storedFacts = (
  group: ClassicGroup,
): Pick<ClassicGroup, 'groupId' | 'protocolType' | 'generationId' | 'protocolName' | 'stateSinceMs'> => ({
  groupId: group.groupId,
  protocolType: group.protocolType,
  generationId: group.generationId,
  protocolName: group.protocolName,
  stateSinceMs: group.stateSinceMs,
});
