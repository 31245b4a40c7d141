import type { ServerName } from './servers/server';

/** What is measured, with its unit and where the point goes. */
export const figures = {
  cpuSecondsPerGb: { title: 'processor s/GB', digits: 2 },
  processorShare: { title: 'processors', digits: 3 },
  mbPerSecond: { title: 'MB/s', digits: 1 },
  recordsPerSecond: { title: 'records/s', digits: 0 },
  p50Ms: { title: 'p50 ms', digits: 2 },
  p99Ms: { title: 'p99 ms', digits: 2 },
  startMs: { title: 'start ms', digits: 0 },
  idleMib: { title: 'idle MiB', digits: 0 },
  residentMib: { title: 'resident MiB', digits: 0 },
  failoverMs: { title: 'failover ms', digits: 0 },
  worstFailoverMs: { title: 'worst ms', digits: 0 },
  writesPerSecond: { title: 'writes/s', digits: 0 },
  knownMs: { title: 'known to all ms', digits: 0 },
  idleShare: { title: 'idle processors', digits: 4 },
  lostRecords: { title: 'lost', digits: 0 },
  duplicateRecords: { title: 'duplicates', digits: 0 },
  backMs: { title: 'in sync again ms', digits: 0 },
  busiestShare: { title: 'processors of the busiest node', digits: 3 },
  movedMs: { title: 'all moved ms', digits: 0 },
  controllerMs: { title: 'controller’s processor ms', digits: 0 },
  throttleRatio: { title: 'copied × throttle', digits: 2 },
  calmP99Ms: { title: 'p99 ms before', digits: 2 },
  p99Ratio: { title: 'p99 × before', digits: 2 },
  loadMs: { title: 'load ms', digits: 0 },
  assignedMs: { title: 'assigned ms', digits: 0 },
  processorMs: { title: 'processor ms', digits: 0 },
  commitsPerSecond: { title: 'commits/s', digits: 0 },
  microsecondsPerCommit: { title: 'processor µs/commit', digits: 0 },
  loadedMib: { title: 'loaded MiB', digits: 0 },
  longestTurnMs: { title: 'longest turn ms', digits: 1 },
} as const;

export type Figure = keyof typeof figures;

/** What one run has given. */
export type Sample = Readonly<Partial<Record<Figure, number>>>;

/** What a figure of ours should be: so many times that of another server or scenario, or a number by itself. */
export interface Aim {
  readonly figure: Figure;
  /** Undefined: `limit` stands for itself. Without a scenario, the same one is meant. */
  readonly against?: { readonly server: ServerName; readonly scenario?: string };
  readonly kind: 'at most' | 'at least';
  readonly limit: number;
}
