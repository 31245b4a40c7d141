import { errors, type GroupRecord } from '@kafkaesque/protocol';
import type { Effect, Now } from '../../runtime/machine';
import type { GroupAnswer } from '../requests';
import type { Asker } from '../world';
import type { ConsumerGroup } from './consumer-group';
import { isReconciledTo, sameMetadata, type ConsumerMember } from './consumer-member';
import type { Assignment, TopicPartitions } from './partitions';
import { MUST_REJOIN, reconcile } from './reconcile';
import {
  currentAssignmentRecord,
  groupEpochRecord,
  memberRecord,
  partitionMetadataTombstone,
  regexRecord,
  regexTombstone,
} from './records';
import { Refusal } from './refusal';
import { cancelTimer, setTimer } from './member-timers';
import { consumerGroup, type SharedRules } from './shared-rules';
import { computeTarget, NO_CHANGE, preferredAssignor, reads, waitForAssignment } from './target';
import { TopicDelta } from './topic-delta';

/** A member's turn: what it was, what it says that it is. */
export interface Turn {
  /** The group; when it is only about to come into being, as it will be. */
  readonly group: ConsumerGroup;
  /** As the group has it; under another id where a static member takes the place of one. Undefined: it is new. */
  readonly before: ConsumerMember | undefined;
  /** `before` under its own id, or the new member. */
  readonly base: ConsumerMember;
  /** `base` with what the request says. */
  readonly updated: ConsumerMember;
  /** What it says that it owns; null: it did not say. */
  readonly owned: readonly TopicPartitions[] | null;
  readonly asker: Asker;
}

/** What follows from a member's turn. */
export interface Step {
  readonly records: readonly GroupRecord[];
  readonly member: ConsumerMember;
  readonly groupEpoch: number;
  readonly assignmentEpoch: number;
  /** Milliseconds until a target for `groupEpoch` may be computed; undefined: there is one. */
  readonly assignmentDueMs: number | undefined;
  /** The metadata that it went by. */
  readonly metadataOffset: number;
}

/** Resolved expressions as this decision leaves them. */
type RegexOverlay = Map<string, readonly string[]>;

/**
 * The whole way of a heartbeat, in Kafka's order: the member's metadata, its regular expression, the group's epoch if anything
 * that the target hangs on has changed, the target if its time has come, and one step of the member towards it.
 */
export const takeTurn = (rules: SharedRules, turn: Turn, now: Now): Step | Refusal => {
  const { group, before, base, updated } = turn;
  const { groupId } = group;
  const { metadataOffset } = rules.world;
  const records: GroupRecord[] = [];
  if (before === undefined || !sameMetadata(base, updated)) records.push(memberRecord(groupId, updated));

  const subscriptionChanged = base.subscription.key !== updated.subscription.key;
  const delta = new TopicDelta(group);
  const overlay: RegexOverlay = new Map();
  const regexChanged = resolveRegex(rules, turn, now, { records, delta, overlay });
  if (regexChanged instanceof Refusal) return regexChanged;
  delta.replaceSubscription(before?.subscription, updated.subscription);
  const regexTopics = (regex: string): readonly string[] =>
    overlay.get(regex) ?? group.regexes.get(regex)?.topics ?? [];

  const bump =
    group.isConverted ||
    before === undefined ||
    subscriptionChanged ||
    regexChanged ||
    votesDiffer(rules, turn);
  const groupEpoch = nextEpoch(rules, group, bump, delta, records);
  const change = { before, after: updated };
  let target: Assignment = group.targetOf(before?.memberId ?? updated.memberId);
  let assignmentEpoch = group.assignmentEpoch;
  let assignmentDueMs: number | undefined;
  if (assignmentEpoch < groupEpoch) {
    const waitMs = waitForAssignment(group, rules.world.settingsOf(groupId), now.wallMs);
    if (waitMs > 0) assignmentDueMs = waitMs;
    else {
      const computed = computeTarget(rules.world, group, groupEpoch, change, regexTopics, now);
      records.push(...computed.records);
      target = computed.targetOf(updated.memberId);
      assignmentEpoch = groupEpoch;
    }
  }

  let member = updated;
  if (subscriptionChanged || !isReconciledTo(updated, assignmentEpoch)) {
    const next = reconcile(updated, {
      targetEpoch: assignmentEpoch,
      target,
      isSubscribed: (topicId) =>
        reads(updated.subscription, regexTopics, rules.world.topicById(topicId)?.name),
      isFree: (topicId, partition) => {
        const owner = group.ownerOf(topicId, partition);
        return owner === undefined || owner === updated.memberId || owner === before?.memberId;
      },
      owned: turn.owned,
      subscriptionChanged,
    });
    if (next === MUST_REJOIN)
      return new Refusal(
        errors.FENCED_MEMBER_EPOCH,
        'The consumer group member is in a unknown state. ' +
          'The member must abandon all its partitions and rejoin.',
      );
    if (next !== updated) records.push(currentAssignmentRecord(groupId, next));
    member = next;
  }
  return { records, member, groupEpoch, assignmentEpoch, assignmentDueMs, metadataOffset };
};

/** Whether the group would be divided by another assignor. */
const votesDiffer = ({ world }: SharedRules, { group, before, updated }: Turn): boolean => {
  if ((before?.serverAssignor ?? null) === updated.serverAssignor) return false;
  const configured = world.settings.assignors;
  const asWas = preferredAssignor(group, configured, NO_CHANGE);
  return asWas !== preferredAssignor(group, configured, { before, after: updated });
};

interface RegexOutcome {
  readonly records: GroupRecord[];
  readonly delta: TopicDelta;
  readonly overlay: RegexOverlay;
}

/** Resolves the member's regular expression where it is new or stale; tells whether it now matches other topics. */
const resolveRegex = (
  { regexes }: SharedRules,
  { group, base, updated, asker }: Turn,
  { wallMs }: Now,
  { records, delta, overlay }: RegexOutcome,
): boolean | Refusal => {
  const { regex } = updated.subscription;
  const old = base.subscription.regex;
  if (old !== null && old !== regex && group.regexMembers.of(old) === 1) {
    delta.add(group.regexes.get(old)?.topics ?? [], -1);
    overlay.set(old, []);
    records.push(regexTombstone(group.groupId, old));
  }
  if (regex === null) return false;
  if (old !== regex && group.regexMembers.of(regex) === 0) {
    const refusal = regexes.check(regex);
    if (refusal !== undefined)
      return new Refusal(
        errors.INVALID_REGULAR_EXPRESSION,
        `SubscribedTopicRegex \`${regex}\` is not a valid regular expression: ${refusal.description}.`,
      );
  }
  const known = group.regexes.get(regex);
  if (!regexes.isStale(known, wallMs)) return false;
  const resolved = regexes.resolve(regex, asker, wallMs);
  overlay.set(regex, resolved.topics);
  records.push(regexRecord(group.groupId, regex, resolved));
  const before = known?.topics ?? [];
  if (known !== undefined && before.join() === resolved.topics.join()) return false;
  delta.add(before, -1);
  delta.add(resolved.topics, 1);
  return true;
};

/** The group's epoch: the next one where something has changed, be it only the topics themselves. */
const nextEpoch = (
  { world, hashes }: SharedRules,
  group: ConsumerGroup,
  bump: boolean,
  delta: TopicDelta,
  records: GroupRecord[],
): number => {
  if (!bump && group.checkedMetadataOffset === world.metadataOffset) return group.groupEpoch;
  const hash = hashes.of(delta.names());
  let epoch = group.groupEpoch;
  if (bump || hash !== group.metadataHash) {
    epoch += 1;
    records.push(groupEpochRecord(group.groupId, epoch, hash));
  }
  if (group.hasPartitionMetadata) records.push(partitionMetadataTombstone(group.groupId));
  return epoch;
};

/** What a turn leaves that is not replayed: which metadata it saw, and a timer for a target that is due later. */
export const afterStep = (
  rules: SharedRules,
  groupId: string,
  step: Pick<Step, 'assignmentDueMs' | 'metadataOffset'>,
  now: Now,
): Effect<GroupAnswer>[] => {
  const group = consumerGroup(rules, groupId);
  if (group === undefined) return [];
  group.checkedMetadataOffset = step.metadataOffset;
  if (step.assignmentDueMs !== undefined && !group.assignmentTimerRuns) {
    group.assignmentTimerRuns = true;
    return [setTimer('assignment', groupId, '', now.nowMs + step.assignmentDueMs)];
  }
  if (step.assignmentDueMs === undefined && group.assignmentTimerRuns) {
    group.assignmentTimerRuns = false;
    return [cancelTimer('assignment', groupId, '')];
  }
  return [];
};

export type Refreshed = Pick<Step, 'records' | 'assignmentEpoch' | 'assignmentDueMs' | 'metadataOffset'>;

/** What follows for the group itself, without a member's turn: a new epoch if its topics have changed, a target if it is due. */
export const refreshGroup = (rules: SharedRules, group: ConsumerGroup, now: Now): Refreshed => {
  const { metadataOffset } = rules.world;
  const records: GroupRecord[] = [];
  const groupEpoch = nextEpoch(rules, group, false, new TopicDelta(group), records);
  const { assignmentEpoch } = group;
  if (assignmentEpoch >= groupEpoch)
    return { records, assignmentEpoch, assignmentDueMs: undefined, metadataOffset };
  const waitMs = waitForAssignment(group, rules.world.settingsOf(group.groupId), now.wallMs);
  if (waitMs > 0) return { records, assignmentEpoch, assignmentDueMs: waitMs, metadataOffset };
  const topicsOfRegex = (regex: string): readonly string[] => group.regexes.get(regex)?.topics ?? [];
  const computed = computeTarget(rules.world, group, groupEpoch, NO_CHANGE, topicsOfRegex, now);
  return {
    records: [...records, ...computed.records],
    assignmentEpoch: groupEpoch,
    assignmentDueMs: undefined,
    metadataOffset,
  };
};
