import { createHistogram } from 'node:perf_hooks';
import type { RecordableHistogram } from 'node:perf_hooks';

/** What a load has done. */
export interface Outcome {
  readonly records: number;
  /** Bytes of record batches, as they travelled. */
  readonly bytes: number;
  readonly requests: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Latencies from a microsecond to a minute, three digits exact. */
export const latencyHistogram = (): RecordableHistogram =>
  createHistogram({ lowest: 1, highest: 60_000_000, figures: 3 });

/** Notes a time in milliseconds. */
export const recordMs = (histogram: RecordableHistogram, ms: number): void =>
  histogram.record(Math.min(60_000_000, Math.max(1, Math.round(ms * 1000))));

/** The percentiles that are reported, in milliseconds. */
export const percentiles = (histogram: RecordableHistogram): Pick<Outcome, 'p50Ms' | 'p99Ms'> => ({
  p50Ms: histogram.percentile(50) / 1000,
  p99Ms: histogram.percentile(99) / 1000,
});
