import type { BrokerId } from '@kafkaesque/kernel';
import { LeaderEpoch, assert } from '@kafkaesque/kernel';
import { MIGRATING_DIRECTORY, UNASSIGNED_DIRECTORY } from '../image/directory-id';
import type { PartitionImage } from '../image/metadata-image';
import type { PartitionChangeRecord, PartitionRecord } from '../records';

/** In `PartitionChangeRecord.leader`: the leader stays. */
export const NO_LEADER_CHANGE = -2;
/** In `PartitionChangeRecord.leaderRecoveryState`: it stays. */
export const NO_RECOVERY_CHANGE = -1;

const none: readonly never[] = [];

/** Lists that are mostly empty, or equal to another one, are kept once: there may be a million of them. */
const shared = (list: readonly BrokerId[], like: readonly BrokerId[] = none): readonly BrokerId[] => {
  if (list.length === 0) return none;
  return list.length === like.length && list.every((id, i) => id === like[i]) ? like : list;
};

/** The partition that a `PartitionRecord` describes. */
export const partitionFromRecord = (record: PartitionRecord): PartitionImage => {
  assert(record.replicas.length > 0, 'a partition has replicas');
  return {
    partition: record.partitionId,
    replicas: record.replicas,
    directories:
      record.directories.length === record.replicas.length
        ? record.directories
        : record.replicas.map(() => MIGRATING_DIRECTORY),
    isr: shared(record.isr, record.replicas),
    leader: record.leader,
    leaderEpoch: record.leaderEpoch,
    partitionEpoch: record.partitionEpoch,
    leaderRecoveryState: record.leaderRecoveryState,
    addingReplicas: shared(record.addingReplicas),
    removingReplicas: shared(record.removingReplicas),
    eligibleLeaderReplicas: shared(record.eligibleLeaderReplicas ?? none),
    lastKnownElr: shared(record.lastKnownElr ?? none),
  };
};

const directoriesAfter = (before: PartitionImage, change: PartitionChangeRecord): readonly string[] => {
  if (change.directories !== null) return change.directories;
  if (change.replicas === null) return before.directories;
  return change.replicas.map(
    (replica) => before.directories[before.replicas.indexOf(replica)] ?? UNASSIGNED_DIRECTORY,
  );
};

/**
 * A partition whose eligible replicas were kept by another `min.insync.replicas`. One without anybody in sync keeps them:
 * nothing is acknowledged there, and it has nobody else. (Kafka forgets them, and waits for an unclean election.)
 */
export const withoutEligible = (before: PartitionImage): PartitionImage =>
  before.isr.length === 0 || before.eligibleLeaderReplicas.length === 0
    ? before
    : { ...before, eligibleLeaderReplicas: none, partitionEpoch: before.partitionEpoch + 1 };

/**
 * A partition after a change. Any change raises the partition epoch; naming a leader, even the present one, raises the
 * leader epoch too.
 */
export const changedPartition = (before: PartitionImage, change: PartitionChangeRecord): PartitionImage => {
  const electsLeader = change.leader !== NO_LEADER_CHANGE;
  const after: PartitionImage = {
    partition: before.partition,
    replicas: change.replicas ?? before.replicas,
    directories: directoriesAfter(before, change),
    isr: change.isr ?? before.isr,
    leader: electsLeader ? change.leader : before.leader,
    leaderEpoch: electsLeader ? LeaderEpoch(before.leaderEpoch + 1) : before.leaderEpoch,
    partitionEpoch: before.partitionEpoch + 1,
    leaderRecoveryState:
      change.leaderRecoveryState === NO_RECOVERY_CHANGE
        ? before.leaderRecoveryState
        : change.leaderRecoveryState,
    addingReplicas: change.addingReplicas ?? before.addingReplicas,
    removingReplicas: change.removingReplicas ?? before.removingReplicas,
    eligibleLeaderReplicas: change.eligibleLeaderReplicas ?? before.eligibleLeaderReplicas,
    lastKnownElr: change.lastKnownElr ?? before.lastKnownElr,
  };
  assert(after.directories.length === after.replicas.length, 'each replica has a directory');
  return after;
};
