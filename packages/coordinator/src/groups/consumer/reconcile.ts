import type { TopicId } from '@kafkaesque/kernel';
import { sameProgress, type ConsumerMember } from './consumer-member';
import {
  hasPartition,
  NOTHING_OWNED,
  touches,
  type Assignment,
  type Owned,
  type OwnedOfTopic,
  type TopicPartitions,
} from './partitions';

/** What a step of a member towards its target goes by. */
export interface ReconcileInput {
  readonly targetEpoch: number;
  readonly target: Assignment;
  /** Partitions of other topics are not assigned, and given up. */
  readonly isSubscribed: (topicId: TopicId) => boolean;
  /** Does nobody but the member own it? */
  readonly isFree: (topicId: TopicId, partition: number) => boolean;
  /** What the member says that it owns; null: it did not say. */
  readonly owned: readonly TopicPartitions[] | null;
  /** The member has changed its subscription just now. */
  readonly subscriptionChanged: boolean;
}

/** The one outcome of `reconcile` beside a member: written by a newer Kafka, the member has to begin anew. */
export const MUST_REJOIN = 'must-rejoin';

/**
 * One step of a member towards its target (KIP-848): give up what it is not to have, wait until it has said so, then take
 * the new epoch and whatever of the target is free. The member itself where nothing follows.
 */
export const reconcile = (
  member: ConsumerMember,
  input: ReconcileInput,
): ConsumerMember | typeof MUST_REJOIN => {
  switch (member.state) {
    case 'stable':
      if (member.memberEpoch !== input.targetEpoch) return approach(member, input, member.memberEpoch);
      return input.subscriptionChanged ? giveUpUnsubscribed(member, input) : member;
    case 'unrevoked':
      if (input.owned === null || touches(input.owned, member.pendingRevocation))
        return input.subscriptionChanged ? giveUpUnsubscribed(member, input) : member;
      return approach(member, input, member.memberEpoch);
    case 'unreleased':
      return approach(member, input, member.memberEpoch);
    case 'unknown':
      if (input.owned === null || input.owned.length > 0) return MUST_REJOIN;
      return approach(member, input, input.targetEpoch);
  }
};

// The previous epoch changes with the epoch alone: Kafka also takes it away at a step within one epoch, and then fences a
// member that has lost the answers to two heartbeats in a row.
const stepped = (before: ConsumerMember, after: ConsumerMember): ConsumerMember =>
  sameProgress(before, after) ? before : after;

/** Without the partitions of topics that the member does not subscribe to any longer; its epoch stays. */
const giveUpUnsubscribed = (member: ConsumerMember, input: ReconcileInput): ConsumerMember => {
  const assigned = new Map<TopicId, OwnedOfTopic>();
  const pendingRevocation = new Map(member.pendingRevocation);
  for (const [topicId, owned] of member.assigned) {
    if (input.isSubscribed(topicId)) assigned.set(topicId, owned);
    else pendingRevocation.set(topicId, joined(pendingRevocation.get(topicId), owned));
  }
  if (assigned.size === member.assigned.size) return member;
  const waits = input.owned === null || touches(input.owned, pendingRevocation);
  return stepped(member, {
    ...member,
    assigned,
    ...(waits ? { state: 'unrevoked', pendingRevocation } : {}),
  });
};

const joined = (one: OwnedOfTopic | undefined, other: OwnedOfTopic): OwnedOfTopic => {
  if (one === undefined) return other;
  const epochs = new Map(one.partitions.map((partition, at) => [partition, one.epochs[at] ?? 0]));
  other.partitions.forEach((partition, at) => epochs.set(partition, other.epochs[at] ?? 0));
  const partitions = [...epochs.keys()].sort((a, b) => a - b);
  return { partitions, epochs: partitions.map((partition) => epochs.get(partition) ?? 0) };
};

/** How the partitions of one topic divide, for one member. */
interface Division {
  readonly kept: OwnedOfTopic | undefined;
  readonly revoked: OwnedOfTopic | undefined;
  readonly added: readonly number[];
  readonly unreleased: boolean;
}

const nonEmpty = (partitions: number[], epochs: number[]): OwnedOfTopic | undefined =>
  partitions.length === 0 ? undefined : { partitions, epochs };

const divide = (
  topicId: TopicId,
  current: OwnedOfTopic | undefined,
  target: readonly number[],
  isFree: ReconcileInput['isFree'],
): Division => {
  const kept: [number[], number[]] = [[], []];
  const revoked: [number[], number[]] = [[], []];
  current?.partitions.forEach((partition, at) => {
    const [partitions, epochs] = hasPartition(target, partition) ? kept : revoked;
    partitions.push(partition);
    epochs.push(current.epochs[at] ?? 0);
  });
  const wanted = target.filter((partition) => !hasPartition(kept[0], partition));
  const added = wanted.filter((partition) => isFree(topicId, partition));
  return {
    kept: nonEmpty(...kept),
    revoked: nonEmpty(...revoked),
    added,
    unreleased: added.length < wanted.length,
  };
};

/** Towards the target: revoke first; with nothing left to revoke, the target's epoch, and of it what is free. */
const approach = (member: ConsumerMember, input: ReconcileInput, epoch: number): ConsumerMember => {
  const { target, targetEpoch } = input;
  const assigned = new Map<TopicId, OwnedOfTopic>();
  const revoked = new Map<TopicId, OwnedOfTopic>();
  const added = new Map<TopicId, readonly number[]>();
  let unreleased = false;
  for (const topicId of new Set([...target.keys(), ...member.assigned.keys()])) {
    const wanted = input.isSubscribed(topicId) ? (target.get(topicId) ?? []) : [];
    const division = divide(topicId, member.assigned.get(topicId), wanted, input.isFree);
    if (division.kept !== undefined) assigned.set(topicId, division.kept);
    if (division.revoked !== undefined) revoked.set(topicId, division.revoked);
    if (division.added.length > 0) added.set(topicId, division.added);
    unreleased ||= division.unreleased;
  }
  if (revoked.size > 0 && (input.owned === null || touches(input.owned, revoked))) {
    return stepped(member, {
      ...member,
      state: 'unrevoked',
      memberEpoch: epoch,
      previousMemberEpoch: epoch === member.memberEpoch ? member.previousMemberEpoch : member.memberEpoch,
      assigned,
      pendingRevocation: revoked,
    });
  }
  return stepped(member, {
    ...member,
    state: unreleased ? 'unreleased' : 'stable',
    memberEpoch: targetEpoch,
    previousMemberEpoch: targetEpoch === member.memberEpoch ? member.previousMemberEpoch : member.memberEpoch,
    assigned: withAdded(assigned, added, targetEpoch),
    pendingRevocation: NOTHING_OWNED,
  });
};

const withAdded = (assigned: Map<TopicId, OwnedOfTopic>, added: Assignment, epoch: number): Owned => {
  for (const [topicId, partitions] of added) {
    const more = { partitions, epochs: partitions.map(() => epoch) };
    assigned.set(topicId, joined(assigned.get(topicId), more));
  }
  return assigned;
};
