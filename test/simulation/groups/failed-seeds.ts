import type { FailedSeed } from '../cluster/failed-seeds';

/** Seeds of groups that have failed. */
export const failedSeeds: readonly FailedSeed[] = [];
