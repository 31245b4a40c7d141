import { errors, type GroupRecord } from '@kafkaesque/protocol';
import type { Effect, Now } from '../../runtime/machine';
import type { ConvertibleGroup, ConvertibleMember } from '../classic-conversion';
import type { GroupFacts } from '../group';
import type { GroupAnswer } from '../requests';
import type { GroupWorld } from '../world';
import { byId, readAssignment, readSubscription } from './classic-protocol';
import { ConsumerGroup } from './consumer-group';
import { newMember, type ConsumerMember } from './consumer-member';
import { setTimer } from './member-timers';
import { assignmentOf, ownedSince, partitionsOf } from './partitions';
import {
  currentAssignmentRecord,
  groupEpochRecord,
  memberRecord,
  targetEpochRecord,
  targetRecord,
} from './records';
import { Refusal } from './refusal';
import { replayRecord } from './replay';
import type { SharedRules } from './shared-rules';
import { subscriptionOf } from './subscription';

/** The group that a member joins, and what has to be written first so that it is there. */
export interface OpenedGroup {
  readonly group: ConsumerGroup;
  readonly records: readonly GroupRecord[];
  then(): readonly Effect<GroupAnswer>[];
}

const isConvertible = (group: GroupFacts): group is ConvertibleGroup => group.kind === 'classic';

/** The group of that id for a member that joins by the consumer protocol: a new one, or a classic one converted. */
export const openForJoin = (rules: SharedRules, groupId: string, now: Now): OpenedGroup | Refusal => {
  const known = rules.groups.get(groupId);
  if (known === undefined || !isConvertible(known))
    return { group: new ConsumerGroup(groupId), records: [], then: () => [] };
  if (known.deleteRefusal() === errors.NONE.code) {
    const group = new ConsumerGroup(groupId);
    // A member that was thrown out may come back under its id, and has seen these generations.
    group.groupEpoch = known.generationId;
    return { group, records: known.tombstones(), then: () => rules.classic.upgraded(known) };
  }
  return upgrade(rules, known, now);
};

const cannot = (groupId: string, why: string): Refusal =>
  new Refusal(
    errors.GROUP_ID_NOT_FOUND,
    `Cannot upgrade classic group ${groupId} to consumer group because ${why}.`,
  );

const upgradeRefusal = ({ world }: SharedRules, group: ConvertibleGroup): Refusal | undefined => {
  const { migrationPolicy, consumerMaxSize } = world.settings;
  const { groupId } = group;
  if (migrationPolicy !== 'upgrade' && migrationPolicy !== 'bidirectional')
    return cannot(groupId, 'online upgrade is disabled');
  if (group.protocolType !== 'consumer')
    return cannot(groupId, 'the group does not use the consumer embedded protocol');
  if (group.memberCount > consumerMaxSize)
    return cannot(groupId, 'the group size exceeds the consumer group maximum size');
  return undefined;
};

/**
 * A classic group with members becomes one of the consumer protocol: its generation is the epoch, its assignment both the
 * target and what the members have. Its members go on by the classic protocol.
 */
const upgrade = (rules: SharedRules, classic: ConvertibleGroup, now: Now): OpenedGroup | Refusal => {
  const refusal = upgradeRefusal(rules, classic);
  if (refusal !== undefined) return refusal;
  const { groupId, generationId } = classic;
  const members: ConsumerMember[] = [];
  for (const member of classic.convertibleMembers()) {
    const converted = convert(rules.world, classic, member);
    if (converted instanceof Refusal) return converted;
    members.push(converted);
  }
  const group = new ConsumerGroup(groupId);
  for (const member of members) group.putMember(member);
  for (const [at, member] of members.entries()) {
    const claimed = withClaims(rules.world, group, member);
    group.putMember(claimed);
    members[at] = claimed;
  }
  const records = [
    ...members.map((member) => memberRecord(groupId, member)),
    groupEpochRecord(groupId, generationId, rules.hashes.of(group.topics.keys())),
    ...members.map((member) => targetRecord(groupId, member.memberId, partitionsOf(member.assigned))),
    targetEpochRecord(groupId, generationId, 0),
    ...members.map((member) => currentAssignmentRecord(groupId, member)),
  ];
  // As it will be once they are replayed, to decide by.
  const converted = new Map<string, ConsumerGroup>();
  for (const record of records) replayRecord(converted, record);
  const opened = converted.get(groupId) ?? group;
  opened.isConverted = true;
  return {
    group: opened,
    records: [...classic.tombstones(), ...records],
    then: () => {
      rules.world.log('info', 'converted a classic group to a consumer group', { groupId });
      return [
        ...rules.classic.upgraded(classic),
        ...members.map(({ memberId, classic: ofClassic }) =>
          setTimer('session', groupId, memberId, now.nowMs + (ofClassic?.sessionTimeoutMs ?? 0)),
        ),
      ];
    },
  };
};

/**
 * A member that has joined the last generation but not learnt its assignment still has what it said at the join. What of
 * that nobody was given is its own until it joins again.
 */
const withClaims = (world: GroupWorld, group: ConsumerGroup, member: ConsumerMember): ConsumerMember => {
  const metadata = member.classic?.supportedProtocols[0]?.metadata;
  const said = metadata === undefined ? undefined : readSubscription(metadata);
  const claims = byId(world, said?.owned ?? []).map(({ topicId, partitions }) => ({
    topicId,
    partitions: partitions.filter((partition) => group.ownerOf(topicId, partition) === undefined),
  }));
  const claimed = assignmentOf(claims);
  if (claimed.size === 0) return member;
  return { ...member, state: 'unrevoked', pendingRevocation: ownedSince(claimed, member.memberEpoch) };
};

const convert = (
  world: GroupWorld,
  { groupId, generationId, protocolName }: ConvertibleGroup,
  member: ConvertibleMember,
): ConsumerMember | Refusal => {
  const protocol = member.protocols.find(({ name }) => name === protocolName) ?? member.protocols[0];
  const subscription = protocol === undefined ? undefined : readSubscription(protocol.metadata);
  const assignment = readAssignment(world, member.assignment);
  if (subscription === undefined || assignment === undefined)
    return cannot(groupId, 'the embedded consumer protocol is malformed');
  if (assignment.hasUserData)
    return new Refusal(
      errors.GROUP_ID_NOT_FOUND,
      `Cannot upgrade classic group ${groupId} to consumer group because an unsupported custom assignor is in use. ` +
        'Please refer to the documentation or switch to a default assignor before re-attempting the upgrade.',
    );
  return {
    ...newMember(member.memberId),
    memberEpoch: generationId,
    previousMemberEpoch: generationId,
    instanceId: member.groupInstanceId,
    rackId: subscription.rackId,
    rebalanceTimeoutMs: member.rebalanceTimeoutMs,
    clientId: member.clientId,
    clientHost: member.clientHost,
    subscription: subscriptionOf(subscription.topics, null),
    classic: { sessionTimeoutMs: member.sessionTimeoutMs, supportedProtocols: member.protocols },
    assigned: ownedSince(assignment.assignment, generationId),
  };
};
