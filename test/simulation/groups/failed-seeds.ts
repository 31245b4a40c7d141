import type { FailedSeed } from '../cluster/failed-seeds';

/** Seeds of groups that have failed. */
export const failedSeeds: readonly FailedSeed[] = [
  {
    seed: 38,
    found: 'an assignment that a member heard of when its generation was over, and that counted as ownership',
  },
];
