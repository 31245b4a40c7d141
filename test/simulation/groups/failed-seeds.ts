import type { FailedSeed } from '../cluster/failed-seeds';

/** Seeds of groups that have failed. */
export const failedSeeds: readonly FailedSeed[] = [
  {
    seed: 20,
    found:
      'a group that was emptied and taken over by the other protocol, whose epochs began anew below those that a member had seen',
  },
  {
    seed: 38,
    found: 'an assignment that a member heard of when its generation was over, and that counted as ownership',
  },
  {
    seed: 99,
    found:
      'a static member that missed a generation, and committed what the others had been given in it (the SDK did so, too)',
  },
  {
    seed: 44,
    found:
      'a rebalance of a classic group that nobody ended when the group was converted: a partition belonged to nobody',
  },
  {
    seed: 58,
    found:
      'a deleted offset that came back with a replica that was behind, when the marker of the deletion was compacted away',
  },
  {
    seed: 496760426,
    found:
      'a heartbeat that a loading coordinator had answered, taken for the word of one that knows its members',
  },
];
