import type { SeedReport } from './suite';

/** A seed that failed, as it is kept in the state of a long run. */
export interface FailedSeed {
  readonly seed: number;
  readonly invariant: string;
  readonly command: string;
}

/** What a long run has done so far; written to its state file. */
export interface Totals {
  readonly suite: string;
  firstSeed: number;
  /** The next seed, when seeds follow one another. */
  nextSeed: number;
  seeds: number;
  events: number;
  simulatedMs: number;
  seconds: number;
  /** Seeds that were run twice. */
  repeated: number;
  readonly faults: Record<string, number>;
  readonly work: Record<string, number>;
  readonly failures: FailedSeed[];
}

export const zeroTotals = (suite: string, firstSeed: number): Totals => ({
  suite,
  firstSeed,
  nextSeed: firstSeed,
  seeds: 0,
  events: 0,
  simulatedMs: 0,
  seconds: 0,
  repeated: 0,
  faults: {},
  work: {},
  failures: [],
});

export const addReport = (totals: Totals, report: SeedReport): void => {
  totals.seeds += 1;
  totals.events += report.events;
  totals.simulatedMs += report.simulatedMs;
  addCounts(totals.faults, report.faults);
  addCounts(totals.work, report.work);
};

const addCounts = (into: Record<string, number>, counts: Readonly<Record<string, number>>): void => {
  for (const [name, count] of Object.entries(counts)) into[name] = (into[name] ?? 0) + count;
};

/** Families of faults that have never struck. */
export const silentFamilies = (totals: Totals): readonly string[] =>
  Object.entries(totals.faults)
    .filter(([, count]) => count === 0)
    .map(([name]) => name);

const grouped = (value: number): string => Math.round(value).toLocaleString('en-US');

/** Lines that tell people how a run goes. */
export const describeTotals = (totals: Totals, all: boolean): string => {
  const { seeds, events, simulatedMs, seconds, repeated, failures } = totals;
  const first =
    `${grouped(events)} events in ${grouped(seconds)} s (${grouped(events / Math.max(seconds, 0.001))}/s), ` +
    `${(simulatedMs / 3_600_000).toFixed(1)} simulated hours, ${grouped(seeds)} seeds (${repeated} run twice), ` +
    `${failures.length} failures`;
  if (!all) return first;
  const list = (counts: Readonly<Record<string, number>>): string =>
    Object.entries(counts)
      .map(([name, count]) => `${name} ${grouped(count)}`)
      .join(', ');
  return `${first}\n  faults: ${list(totals.faults)}\n  work: ${list(totals.work)}`;
};
