import type { Sample } from './figures';
import type { Outcome } from './load/outcome';
import type { Parts } from './profile';

/** One run. */
export interface Run {
  readonly sample: Sample;
  /** Seconds of the event loop for each GB, by what it did. */
  readonly parts?: Parts;
}

/** What a load has done, and what of it processors have cost: `used` seconds. */
export const sampleOf = (outcome: Outcome, used: number): Sample => ({
  cpuSecondsPerGb: used / (outcome.bytes / 1e9),
  processorShare: used / outcome.seconds,
  mbPerSecond: outcome.bytes / 1e6 / outcome.seconds,
  recordsPerSecond: outcome.records / outcome.seconds,
  p50Ms: outcome.p50Ms,
  p99Ms: outcome.p99Ms,
});
