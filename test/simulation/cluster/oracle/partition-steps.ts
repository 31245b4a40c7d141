import type { LeaderEpoch, Offset } from '@kafkaesque/kernel';
import { Partition } from '@kafkaesque/partition';
import type { PlacedBatch, RecoveredLog } from '@kafkaesque/partition';

/** Who looks on while replicas take their steps. */
export interface PartitionWatcher {
  /** Batches have their places; they are on their way to the log. */
  appended(machine: Partition, batches: readonly PlacedBatch[]): void;
  /** It starts over from what its log holds now. */
  recovers(machine: Partition, log: RecoveredLog): void;
  /** Its log has said how much is durable. */
  durable(machine: Partition): void;
  /** Its log is about to be cut there. */
  cuts(machine: Partition, to: Offset): void;
  /** It is about to hear who leads, follows and is in sync: what it has done so far, it did by what it knew before. */
  appointed(machine: Partition): void;
}

let watcher: PartitionWatcher | undefined;

const { append, appendAsFollower, recover, durable, divergedAt, outOfRange } = Partition.prototype;
const { becomeLeader, becomeFollower, alterPartitionAnswered } = Partition.prototype;

Partition.prototype.append = function (this: Partition, ...given: Parameters<Partition['append']>) {
  const outcome = append.apply(this, given);
  if (outcome.kind === 'accepted') watcher?.appended(this, outcome.batches);
  return outcome;
};

Partition.prototype.appendAsFollower = function (
  this: Partition,
  ...given: Parameters<Partition['appendAsFollower']>
) {
  const outcome = appendAsFollower.apply(this, given);
  if (outcome.kind === 'accepted') watcher?.appended(this, outcome.batches);
  if (outcome.kind === 'restart') watcher?.cuts(this, 0 as Offset);
  return outcome;
};

Partition.prototype.recover = function (this: Partition, log: RecoveredLog) {
  watcher?.recovers(this, log);
  recover.call(this, log);
};

Partition.prototype.durable = function (this: Partition, endOffset: Offset, leaderEpoch: LeaderEpoch) {
  const effects = durable.call(this, endOffset, leaderEpoch);
  watcher?.durable(this);
  return effects;
};

Partition.prototype.divergedAt = function (this: Partition, epoch: LeaderEpoch, endOffset: Offset) {
  const truncation = divergedAt.call(this, epoch, endOffset);
  if (truncation !== undefined) watcher?.cuts(this, truncation.truncateTo);
  return truncation;
};

Partition.prototype.outOfRange = function (this: Partition, leaderLogStartOffset: Offset) {
  const reset = outOfRange.call(this, leaderLogStartOffset);
  if (reset !== undefined) watcher?.cuts(this, 0 as Offset);
  return reset;
};

Partition.prototype.becomeLeader = function (
  this: Partition,
  ...given: Parameters<Partition['becomeLeader']>
) {
  watcher?.appointed(this);
  return becomeLeader.apply(this, given);
};

Partition.prototype.becomeFollower = function (
  this: Partition,
  ...given: Parameters<Partition['becomeFollower']>
) {
  watcher?.appointed(this);
  return becomeFollower.apply(this, given);
};

Partition.prototype.alterPartitionAnswered = function (
  this: Partition,
  ...given: Parameters<Partition['alterPartitionAnswered']>
) {
  watcher?.appointed(this);
  return alterPartitionAnswered.apply(this, given);
};

/**
 * Lets `next` see the steps of every replica in this process, whatever host drives them; the code that runs is the
 * product's own. Undefined: nobody looks on.
 */
export const watchPartitions = (next: PartitionWatcher | undefined): void => {
  watcher = next;
};
