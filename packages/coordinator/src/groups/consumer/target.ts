import type { GroupRecord } from '@kafkaesque/protocol';
import type { Now } from '../../runtime/machine';
import type { GroupSettings, GroupWorld, TopicView } from '../world';
import type { AssignorMember } from './assignors/assignor';
import { assignRange } from './assignors/range-assignor';
import { assignUniform } from './assignors/uniform-assignor';
import type { ConsumerGroup } from './consumer-group';
import type { ConsumerMember } from './consumer-member';
import { NO_PARTITIONS, sameAssignment, type Assignment } from './partitions';
import { targetEpochRecord, targetRecord } from './records';
import type { Subscription } from './subscription';

const ASSIGNORS = { uniform: assignUniform, range: assignRange } as const;

/** Names of the assignors that a server can have. */
export const KNOWN_ASSIGNORS: readonly string[] = Object.keys(ASSIGNORS);

/** A member that is about to change, and the one that is to take its place; either may be absent. */
export interface MemberChange {
  readonly before: ConsumerMember | undefined;
  readonly after: ConsumerMember | undefined;
}

export const NO_CHANGE: MemberChange = { before: undefined, after: undefined };

/** The assignor with the most votes once the change is made; the first of the configured ones where nobody votes. */
export const preferredAssignor = (
  group: ConsumerGroup,
  configured: readonly string[],
  { before, after }: MemberChange,
): string => {
  let preferred = configured[0] ?? 'uniform';
  let most = 0;
  for (const name of configured) {
    const votes =
      group.assignorVotes.of(name) -
      (before?.serverAssignor === name ? 1 : 0) +
      (after?.serverAssignor === name ? 1 : 0);
    if (votes > most) {
      preferred = name;
      most = votes;
    }
  }
  return preferred;
};

/** Members that start together are assigned together. */
const GATHER_MS = 50;

/** Small groups, whose targets cost next to nothing, wait less than the default interval; what somebody has set is kept to. */
const intervalOf = (
  group: ConsumerGroup,
  { consumerAssignmentIntervalMs, isAssignmentIntervalSet }: GroupSettings,
): number =>
  isAssignmentIntervalSet
    ? consumerAssignmentIntervalMs
    : Math.min(consumerAssignmentIntervalMs, GATHER_MS + group.members.size);

/** Milliseconds until the next target may be computed (KIP-1263); 0: now. */
export const waitForAssignment = (group: ConsumerGroup, settings: GroupSettings, wallMs: number): number => {
  const { assignmentTimestamp } = group;
  const intervalMs = intervalOf(group, settings);
  // A clock that was set back must not hold the group up.
  if (assignmentTimestamp === 0 || intervalMs <= 0 || wallMs < assignmentTimestamp) return 0;
  return Math.max(0, assignmentTimestamp + intervalMs - wallMs);
};

/** What a regular expression matches, sorted. */
export type RegexTopics = (regex: string) => readonly string[];

/** Topics of a subscription that exist, sorted by name. */
export const topicsOf = (
  world: GroupWorld,
  { names, regex }: Subscription,
  regexTopics: RegexTopics,
): TopicView[] => {
  const wanted = regex === null ? names : [...new Set([...names, ...regexTopics(regex)])].sort();
  const topics: TopicView[] = [];
  for (const name of wanted) {
    const topic = world.topicByName(name);
    if (topic !== undefined) topics.push(topic);
  }
  return topics;
};

const isAmong = (sorted: readonly string[], name: string): boolean => {
  let low = 0;
  let high = sorted.length - 1;
  while (low <= high) {
    const middle = (low + high) >>> 1;
    const found = sorted[middle] as string;
    if (found === name) return true;
    if (found < name) low = middle + 1;
    else high = middle - 1;
  }
  return false;
};

/** Whether a subscription reads the topic of that name. */
export const reads = (
  { names, regex }: Subscription,
  regexTopics: RegexTopics,
  topic: string | undefined,
): boolean =>
  topic !== undefined && (isAmong(names, topic) || (regex !== null && isAmong(regexTopics(regex), topic)));

export interface ComputedTarget {
  readonly records: readonly GroupRecord[];
  targetOf(memberId: string): Assignment;
}

/** A new target for all members, as of `epoch`, and the records that say what of it is new. */
export const computeTarget = (
  world: GroupWorld,
  group: ConsumerGroup,
  epoch: number,
  change: MemberChange,
  regexTopics: RegexTopics,
  now: Now,
): ComputedTarget => {
  const members = assignorMembers(world, group, change, regexTopics);
  const name = preferredAssignor(group, world.settings.assignors, change);
  const assign = name === 'range' ? ASSIGNORS.range : ASSIGNORS.uniform;
  const assignments = members.length === 0 ? new Map<string, Assignment>() : assign(members);
  const records: GroupRecord[] = [];
  for (const [memberId, assignment] of assignments) {
    const before = group.target.get(memberId);
    if (before === undefined || !sameAssignment(before, assignment))
      records.push(targetRecord(group.groupId, memberId, assignment));
  }
  records.push(targetEpochRecord(group.groupId, epoch, now.wallMs));
  return { records, targetOf: (memberId) => assignments.get(memberId) ?? NO_PARTITIONS };
};

const assignorMembers = (
  world: GroupWorld,
  group: ConsumerGroup,
  { before, after }: MemberChange,
  regexTopics: RegexTopics,
): AssignorMember[] => {
  const topicsByKey = new Map<string, readonly TopicView[]>();
  const seen = (member: ConsumerMember, current: Assignment): AssignorMember => {
    const { key } = member.subscription;
    let topics = topicsByKey.get(key);
    if (topics === undefined)
      topicsByKey.set(key, (topics = topicsOf(world, member.subscription, regexTopics)));
    return {
      memberId: member.memberId,
      instanceId: member.instanceId,
      rackId: member.rackId,
      topics,
      current,
    };
  };
  const members: AssignorMember[] = [];
  for (const member of group.members.values()) {
    if (member.memberId !== before?.memberId) members.push(seen(member, group.targetOf(member.memberId)));
    // A static member comes back in its place, with what it was to have.
    else if (after !== undefined) members.push(seen(after, group.targetOf(before.memberId)));
  }
  if (before === undefined && after !== undefined) members.push(seen(after, NO_PARTITIONS));
  return members;
};
