import type { BrokerId, TopicId } from '@kafkaesque/kernel';
import { NO_BROKER } from '@kafkaesque/kernel';
import { NO_LEADER_CHANGE, NO_RECOVERY_CHANGE } from '../delta/partition-change';
import { UNASSIGNED_DIRECTORY } from '../image/directory-id';
import type { PartitionImage } from '../image/metadata-image';
import type { PartitionChangeRecord } from '../records';
import type { Assignment } from './reassignment';
import { completed } from './reassignment';
import type { ReplicationRules } from './replication-rules';

/** A change that changes nothing yet: the fields to name are spread over it. */
export const unchanged = (topicId: TopicId, partition: PartitionImage): PartitionChangeRecord => ({
  partitionId: partition.partition,
  topicId,
  isr: null,
  leader: NO_LEADER_CHANGE as BrokerId,
  replicas: null,
  removingReplicas: null,
  addingReplicas: null,
  leaderRecoveryState: NO_RECOVERY_CHANGE,
  directories: null,
  eligibleLeaderReplicas: null,
  lastKnownElr: null,
});

/** Who is elected where there is a choice: whoever leads stays (`online`), the first replica comes first (`preferred`). */
export type Election = 'online' | 'preferred';

/** What a partition is to become; what is not named stays. */
export interface PartitionTarget extends Partial<Assignment> {
  readonly isr?: readonly BrokerId[];
  readonly leaderRecoveryState?: number;
  /** Its copy may be older than what it acknowledged: it is not eligible any more. */
  readonly distrusted?: BrokerId;
  readonly election?: Election;
  /** Whether anybody may lead when nobody else can, though records may be lost. */
  readonly allowsUncleanElection?: boolean;
}

/** What the cluster has to say about it. */
export interface PartitionSurroundings {
  readonly rules: ReplicationRules;
  /** Whether a replica may lead: its broker serves, and so does its directory. */
  readonly serves: (replica: BrokerId) => boolean;
  /** The directory of a replica that is new. */
  readonly newDirectory?: (replica: BrokerId) => string;
}

/** Who leads, and who is in sync with him. */
interface Elected {
  readonly leader: BrokerId;
  readonly isr: readonly BrokerId[];
  readonly isUnclean: boolean;
}

const sameIds = (a: readonly unknown[], b: readonly unknown[]): boolean =>
  a === b || (a.length === b.length && a.every((id, i) => id === b[i]));

/**
 * Replicas outside of the in-sync set that have all that was acknowledged (KIP-966): while it is smaller than
 * `min.insync.replicas` nothing is acknowledged, so whoever leaves it now has everything.
 */
const eligibleOf = (
  before: PartitionImage,
  target: PartitionTarget,
  { isr, replicas, isTracked }: Settled,
): readonly BrokerId[] =>
  isTracked
    ? replicas.filter(
        (id) =>
          id !== target.distrusted &&
          !isr.includes(id) &&
          (before.eligibleLeaderReplicas.includes(id) || before.isr.includes(id)),
      )
    : [];

/** The assignment and the in-sync set that are aimed at, before anybody is elected. */
interface Settled extends Assignment {
  readonly isr: readonly BrokerId[];
  /** Whether the in-sync set is so small that who left it is remembered. */
  readonly isTracked: boolean;
}

const settle = (
  before: PartitionImage,
  target: PartitionTarget,
  { minInsyncReplicas, isElrEnabled }: ReplicationRules,
): Settled => {
  const { replicas, addingReplicas, removingReplicas } = { ...before, ...target };
  const { assignment, isr } = completed(
    { replicas, addingReplicas, removingReplicas },
    target.isr ?? before.isr,
    minInsyncReplicas,
  );
  const isSmall = isr.length < Math.min(minInsyncReplicas, assignment.replicas.length);
  // Where the feature was switched off, what is remembered of a partition without anybody in sync still counts.
  return { ...assignment, isr, isTracked: isElrEnabled ? isSmall : isr.length === 0 };
};

/** In the order of KIP-966: somebody in sync, somebody eligible, the last known leader, and then anybody if that is allowed. */
const elect = (
  before: PartitionImage,
  target: PartitionTarget,
  settled: Settled,
  eligible: readonly BrokerId[],
  serves: (replica: BrokerId) => boolean,
): Elected => {
  const { isr, replicas } = settled;
  const candidates = isr.length === 0 ? eligible : isr;
  const isCandidate = (id: BrokerId): boolean => candidates.includes(id) && serves(id);
  const first = target.election === 'preferred' ? replicas.slice(0, 1) : [];
  const clean = [...first, before.leader, ...replicas].find(isCandidate);
  if (clean !== undefined) return { leader: clean, isr: isr.length === 0 ? [clean] : isr, isUnclean: false };
  const known =
    candidates.length === 0 && before.lastKnownElr.length === 1
      ? before.lastKnownElr.find((id) => replicas.includes(id) && serves(id))
      : undefined;
  const unclean = known ?? (target.allowsUncleanElection === true ? replicas.find(serves) : undefined);
  return unclean === undefined
    ? { leader: NO_BROKER, isr, isUnclean: false }
    : { leader: unclean, isr: [unclean], isUnclean: true };
};

/** Who led last, where nobody does; whoever was alone in sync, where nobody led before either. */
const lastKnownOf = (
  before: PartitionImage,
  { leader, isr }: Elected,
  { replicas }: Settled,
  { isElrEnabled }: ReplicationRules,
): readonly BrokerId[] => {
  if (leader !== NO_BROKER) return [];
  const known = before.lastKnownElr.filter((id) => replicas.includes(id));
  if (known.length > 0 || (!isElrEnabled && isr.length > 0)) return known;
  const alone = isr.length === 0 && before.isr.length === 1 ? before.isr : [];
  const last = before.leader === NO_BROKER ? alone : [before.leader];
  return last.filter((id) => replicas.includes(id));
};

/** In-sync members that are not named stay eligible only while the set is small, and not beside one that may lack records. */
const eligibleAfter = (
  eligible: readonly BrokerId[],
  { isr, isUnclean }: Elected,
  { replicas }: Settled,
  { minInsyncReplicas, isElrEnabled }: ReplicationRules,
): readonly BrokerId[] => {
  if (isr.length === 0) return eligible;
  if (isUnclean || !isElrEnabled || isr.length >= Math.min(minInsyncReplicas, replicas.length)) return [];
  return eligible.filter((id) => !isr.includes(id));
};

/**
 * The record that takes a partition to what it is to become: a reassignment that can end ends, the eligible replicas are
 * kept up, and somebody leads if anybody may. Naming a leader begins a leader epoch; so it is named when it changes, and
 * when a replica is dropped, which then is fenced. Undefined: nothing changes.
 */
export const nextPartition = (
  topicId: TopicId,
  before: PartitionImage,
  target: PartitionTarget,
  { rules, serves, newDirectory }: PartitionSurroundings,
): PartitionChangeRecord | undefined => {
  const settled = settle(before, target, rules);
  const eligible = eligibleOf(before, target, settled);
  const elected = elect(before, target, settled, eligible, serves);
  const { replicas, addingReplicas, removingReplicas } = settled;
  const isDropping = before.replicas.some((id) => !replicas.includes(id));
  const namesLeader = elected.leader !== before.leader || isDropping;
  const recovery = elected.isUnclean ? 1 : (target.leaderRecoveryState ?? before.leaderRecoveryState);
  const directories = replicas.map(
    (id) => before.directories[before.replicas.indexOf(id)] ?? newDirectory?.(id) ?? UNASSIGNED_DIRECTORY,
  );
  const changed = <Of>(list: readonly Of[], old: readonly Of[]): readonly Of[] | null =>
    sameIds(list, old) ? null : list;
  const record: PartitionChangeRecord = {
    ...unchanged(topicId, before),
    isr: changed(elected.isr, before.isr),
    leader: namesLeader ? elected.leader : (NO_LEADER_CHANGE as BrokerId),
    replicas: changed(replicas, before.replicas),
    removingReplicas: changed(removingReplicas, before.removingReplicas),
    addingReplicas: changed(addingReplicas, before.addingReplicas),
    leaderRecoveryState: recovery === before.leaderRecoveryState ? NO_RECOVERY_CHANGE : recovery,
    directories: changed(directories, before.directories),
    eligibleLeaderReplicas: changed(
      eligibleAfter(eligible, elected, settled, rules),
      before.eligibleLeaderReplicas,
    ),
    lastKnownElr: changed(lastKnownOf(before, elected, settled, rules), before.lastKnownElr),
  };
  return isNothing(record) ? undefined : record;
};

const isNothing = ({
  leader,
  leaderRecoveryState,
  partitionId: _partitionId,
  topicId: _topicId,
  ...lists
}: PartitionChangeRecord): boolean =>
  leader === NO_LEADER_CHANGE &&
  leaderRecoveryState === NO_RECOVERY_CHANGE &&
  Object.values(lists).every((list) => list === null);
