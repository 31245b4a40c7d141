import { errors, type ConsumerGroupHeartbeatRequest, type GroupRecord } from '@kafkaesque/protocol';
import type { ConsumerGroup } from './consumer-group';
import { AWAY_EPOCH, newMember, type ConsumerMember } from './consumer-member';
import { isWithin, type TopicPartitions } from './partitions';
import { currentAssignmentRecord, memberRecord, memberTombstones, targetRecord } from './records';
import type { SharedRules } from './shared-rules';
import { fencedInstance, Refusal, unknownInstance, unknownMember } from './refusal';

/** Who heartbeats, or joins. */
export interface Found {
  /** As the group has it; undefined: it is new. */
  readonly before: ConsumerMember | undefined;
  /** Under the id that it has now. */
  readonly base: ConsumerMember;
  /** Where a static member takes the place of another: what puts it there. */
  readonly records: readonly GroupRecord[];
}

/** The sender of a heartbeat of the consumer protocol, as the group knows it, or as it joins. */
export const findMember = (
  group: ConsumerGroup,
  memberId: string,
  request: Pick<ConsumerGroupHeartbeatRequest, 'memberEpoch' | 'instanceId' | 'topicPartitions'>,
): Found | Refusal => {
  const { memberEpoch, instanceId, topicPartitions } = request;
  const joins = memberEpoch === 0;
  if (instanceId !== null) {
    const known = group.staticMember(instanceId);
    if (known !== undefined && joins) return comeBack(group, known, memberId, instanceId);
    if (known === undefined && !joins) return unknownInstance(instanceId);
    if (known !== undefined && known.memberId !== memberId)
      return fencedInstance(memberId, instanceId, known.memberId);
  }
  const member = group.members.get(memberId);
  if (member === undefined)
    return joins
      ? { before: undefined, base: newMember(memberId), records: [] }
      : unknownMember(group.groupId, memberId);
  return epochRefusal(member, memberEpoch, topicPartitions) ?? { before: member, base: member, records: [] };
};

const comeBack = (
  group: ConsumerGroup,
  known: ConsumerMember,
  memberId: string,
  instanceId: string,
): Found | Refusal => {
  const isAway = known.memberEpoch === AWAY_EPOCH;
  // Kafka refuses even the same process that was fenced and begins anew; its own id proves that it is the one.
  if (known.memberId === memberId && !isAway) return { before: known, base: known, records: [] };
  if (known.classic === null && !isAway)
    return new Refusal(
      errors.UNRELEASED_INSTANCE_ID,
      `Static member ${memberId} with instance id ${instanceId} cannot join the group ` +
        `because the instance id is owned by ${known.memberId} member.`,
    );
  return replaceMember(group, known, memberId);
};

/** A static member under a new id, with all that the one before it had. */
export const replaceMember = (group: ConsumerGroup, known: ConsumerMember, memberId: string): Found => {
  const { groupId } = group;
  const base: ConsumerMember = { ...known, memberId, memberEpoch: 0, previousMemberEpoch: 0 };
  return {
    before: known,
    base,
    records:
      known.memberId === memberId
        ? []
        : [
            ...memberTombstones(groupId, known.memberId),
            memberRecord(groupId, base),
            targetRecord(groupId, memberId, group.targetOf(known.memberId)),
            currentAssignmentRecord(groupId, base),
          ],
  };
};

/** An epoch that a heartbeat may not have. */
const epochRefusal = (
  member: ConsumerMember,
  epoch: number,
  owned: readonly TopicPartitions[] | null,
): Refusal | undefined => {
  if (epoch === 0 || epoch === member.memberEpoch) return undefined;
  const fenced = (comparison: string): Refusal =>
    new Refusal(
      errors.FENCED_MEMBER_EPOCH,
      `The consumer group member has a ${comparison} member epoch (${epoch}) than the one known by the group ` +
        `coordinator (${member.memberEpoch}). The member must abandon all its partitions and rejoin.`,
    );
  if (epoch > member.memberEpoch) return fenced('greater');
  // The answer that told of the new epoch may have been lost: fine, as long as the member owns nothing else.
  const answerWasLost =
    epoch === member.previousMemberEpoch && owned !== null && isWithin(owned, member.assigned);
  return answerWasLost ? undefined : fenced('smaller');
};

/** May one more member join? */
export const fullRefusal = (
  { world }: SharedRules,
  group: ConsumerGroup,
  memberId: string,
  instanceId: string | null,
): Refusal | undefined => {
  // A static member that comes back takes a place that is there.
  if (instanceId !== null && group.staticMembers.has(instanceId)) return undefined;
  const { consumerMaxSize } = world.settings;
  if (group.members.size < consumerMaxSize || group.members.has(memberId)) return undefined;
  return new Refusal(
    errors.GROUP_MAX_SIZE_REACHED,
    `The consumer group has reached its maximum capacity of ${consumerMaxSize} members.`,
  );
};
