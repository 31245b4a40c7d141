import type { ConsumerGroupHeartbeatRequest, GroupRecord } from '@kafkaesque/protocol';
import { errors } from '@kafkaesque/protocol';
import type { Effect, Now } from '../../runtime/machine';
import type { GroupAnswer } from '../requests';
import type { ConsumerGroup } from './consumer-group';
import { AWAY_EPOCH, type ConsumerMember } from './consumer-member';
import { downgrade, mayDowngrade } from './downgrade';
import { cancelMemberTimers, cancelTimer } from './member-timers';
import { NOTHING_OWNED, ownedSince, partitionsOf } from './partitions';
import {
  currentAssignmentRecord,
  groupEpochRecord,
  memberTombstones,
  regexTombstone,
  targetEpochRecord,
} from './records';
import { fencedInstance, Refusal, unknownInstance, unknownMember } from './refusal';
import { consumerGroup, type SharedRules } from './shared-rules';
import { TopicDelta } from './topic-delta';

/** Records, and the effects that follow once they are replayed. */
export interface Outcome {
  readonly records: readonly GroupRecord[];
  then(): readonly Effect<GroupAnswer>[];
}

export const NOTHING_FOLLOWS: Outcome = { records: [], then: () => [] };

/** A member of the consumer protocol leaves (epoch −1), or goes away for a while (−2, static members). */
export const leave = (
  rules: SharedRules,
  request: ConsumerGroupHeartbeatRequest,
  now: Now,
): (Outcome & { readonly memberId: string }) | Refusal => {
  const { groupId, memberId, memberEpoch, instanceId } = request;
  const group = consumerGroup(rules, groupId);
  if (group === undefined)
    return new Refusal(
      errors.GROUP_ID_NOT_FOUND,
      rules.groups.has(groupId) ? `Group ${groupId} is not a consumer group.` : `Group ${groupId} not found.`,
    );
  let member = group.members.get(memberId);
  if (instanceId !== null) {
    member = group.staticMember(instanceId);
    if (member === undefined) return unknownInstance(instanceId);
    if (member.memberId !== memberId) return fencedInstance(memberId, instanceId, member.memberId);
  }
  if (member === undefined) return unknownMember(groupId, memberId);
  const outcome =
    memberEpoch === AWAY_EPOCH && instanceId !== null
      ? goAway(group, member)
      : fence(rules, group, [member], now);
  return { ...outcome, memberId: member.memberId };
};

/** The session timer goes on: the member has that long to come back. */
const goAway = ({ groupId }: ConsumerGroup, member: ConsumerMember): Outcome => {
  const away: ConsumerMember = {
    ...member,
    memberEpoch: AWAY_EPOCH,
    state: member.state === 'unrevoked' ? 'stable' : member.state,
    // Who comes back has them from the beginning, under whatever id.
    assigned: ownedSince(partitionsOf(member.assigned), 0),
    pendingRevocation: NOTHING_OWNED,
  };
  return {
    records: [currentAssignmentRecord(groupId, away)],
    then: () => [cancelTimer('rebalance', groupId, member.memberId)],
  };
};

/** Throws members out. A group in which only classic members stay becomes a classic one, where the policy allows it. */
export const fence = (
  rules: SharedRules,
  group: ConsumerGroup,
  members: readonly ConsumerMember[],
  now: Now,
): Outcome => {
  if (members.length === 0) return NOTHING_FOLLOWS;
  const { groupId } = group;
  if (mayDowngrade(rules, group, members)) {
    const reason = `Downgrade group ${groupId} from consumer to classic for member leaving.`;
    const downgraded = downgrade(rules, group, members, undefined);
    return {
      records: downgraded.records,
      then: () => [...downgraded.then(), ...rules.classic.downgraded(groupId, reason, now)],
    };
  }
  const delta = new TopicDelta(group);
  const records: GroupRecord[] = members.flatMap(({ memberId }) => memberTombstones(groupId, memberId));
  records.push(...lastOfTheirKind(group, members, delta));
  const epoch = group.groupEpoch + 1;
  records.push(groupEpochRecord(groupId, epoch, rules.hashes.of(delta.names())));
  const becomesEmpty = group.members.size === members.length;
  // Without a time, as if it were new: the next member need not wait for its assignment.
  if (becomesEmpty) records.push(targetEpochRecord(groupId, epoch, 0));
  return {
    records,
    then: () => [
      ...members.flatMap(({ memberId }) => cancelMemberTimers(groupId, memberId)),
      ...(becomesEmpty ? endAssignmentTimer(rules, groupId) : []),
    ],
  };
};

const endAssignmentTimer = (rules: SharedRules, groupId: string): Effect<GroupAnswer>[] => {
  const group = consumerGroup(rules, groupId);
  if (group?.assignmentTimerRuns !== true) return [];
  group.assignmentTimerRuns = false;
  return [cancelTimer('assignment', groupId, '')];
};

/** Subscriptions and expressions that nobody else has go with their members. */
const lastOfTheirKind = (
  group: ConsumerGroup,
  members: readonly ConsumerMember[],
  delta: TopicDelta,
): GroupRecord[] => {
  const subscriptions = new Map<string, ConsumerMember[]>();
  const regexes = new Map<string, number>();
  for (const member of members) {
    const { key, regex } = member.subscription;
    subscriptions.set(key, [...(subscriptions.get(key) ?? []), member]);
    if (regex !== null) regexes.set(regex, (regexes.get(regex) ?? 0) + 1);
  }
  for (const [key, leaving] of subscriptions)
    if (group.subscriptions.of(key) === leaving.length) delta.add(leaving[0]?.subscription.names ?? [], -1);
  const records: GroupRecord[] = [];
  for (const [regex, count] of regexes) {
    if (group.regexMembers.of(regex) !== count) continue;
    records.push(regexTombstone(group.groupId, regex));
    delta.add(group.regexes.get(regex)?.topics ?? [], -1);
  }
  return records;
};
