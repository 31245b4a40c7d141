import type { ConsumerGroupHeartbeatRequest } from '@kafkaesque/protocol';
import type { ConsumerGroup } from './consumer-group';
import type { ConsumerMember } from './consumer-member';
import { assignmentOf, partitionsOf, sameAssignment, samePartitions } from './partitions';

/** How long a member may take to say that it has what it was told, before it is told again. */
const REPEATED_AFTER_MS = 500;

/** A heartbeat, and the member before and after it. */
export interface AnsweredHeartbeat {
  /** As it was before. */
  readonly group: ConsumerGroup;
  readonly request: ConsumerGroupHeartbeatRequest;
  readonly base: ConsumerMember;
  readonly member: ConsumerMember;
  readonly nowMs: number;
}

/** Whether the member says that it has just what it is to have. */
const hasAll = ({ request: { topicPartitions }, member }: AnsweredHeartbeat): boolean =>
  topicPartitions !== null && sameAssignment(assignmentOf(topicPartitions), partitionsOf(member.assigned));

const mustHear = ({ request, base, member }: AnsweredHeartbeat): boolean => {
  const { memberEpoch, rebalanceTimeoutMs, subscribedTopicNames, subscribedTopicRegex, topicPartitions } =
    request;
  if (memberEpoch === 0 || !samePartitions(base.assigned, member.assigned)) return true;
  // With an earlier epoch the member has not heard the last answer, which may have had an assignment.
  if (memberEpoch !== base.memberEpoch) return true;
  const saysAll = subscribedTopicNames !== null || subscribedTopicRegex !== null;
  return rebalanceTimeoutMs !== -1 && saysAll && topicPartitions !== null;
};

/**
 * Whether the answer tells the member's assignment: where it is new or the member asks for it by telling all of itself, as with
 * Kafka; and again as long as the member has not said that it has it. An answer may be lost, and not every client asks for
 * all after that: it would keep what others wait for, and never take what nobody else has.
 */
export const tellsAssignment = (heartbeat: AnsweredHeartbeat): boolean => {
  if (mustHear(heartbeat)) return true;
  const { group, member, nowMs } = heartbeat;
  const toldAtMs = group.toldAtMs.get(member.memberId);
  // When another broker told a member to give something up is not known here.
  if (toldAtMs === undefined) return member.state === 'unrevoked';
  return nowMs - toldAtMs >= REPEATED_AFTER_MS && !hasAll(heartbeat);
};

/** Remembers, in a group that is as it is after that heartbeat, what the member was told, until it says that it has it. */
export const noteTold = (group: ConsumerGroup, heartbeat: AnsweredHeartbeat, isTold: boolean): void => {
  const { member, nowMs } = heartbeat;
  // As with nearly every heartbeat: nothing is told, and nothing is waited for.
  if (!isTold && !group.toldAtMs.has(member.memberId)) return;
  if (hasAll(heartbeat)) group.toldAtMs.delete(member.memberId);
  else if (isTold) group.toldAtMs.set(member.memberId, nowMs);
};
