import type { Random } from '@kafkaesque/kernel';

/** How often each family of fault happens: a probability per operation that could meet it, between 0 and 1. */
export interface DiskFaults {
  /** A write or a creation fails with ENOSPC; a part of the write may have been kept. */
  readonly noSpace: number;
  /** A write fails with EIO; a part of it may have been kept. */
  readonly writeError: number;
  /** A sync fails with EIO: what it covered counts as clean from then on, whether it reached the disk or not. */
  readonly syncError: number;
  /** A sector turns unreadable: reads of it fail with EIO until it is written again. */
  readonly readError: number;
  /** A write reaches the disk at another place; the page cache shows it at the right one until it is lost. */
  readonly misdirected: number;
  /** A sync reports success and makes nothing durable. */
  readonly lyingSync: number;
  /** An operation takes up to `slowMs` instead of its ordinary time. Needs a scheduler. */
  readonly slow: number;
  readonly slowMs: number;
}

/** A disk on which nothing goes wrong but what `crash` does. */
export const noDiskFaults: DiskFaults = {
  noSpace: 0,
  writeError: 0,
  syncError: 0,
  readError: 0,
  misdirected: 0,
  lyingSync: 0,
  slow: 0,
  slowMs: 1000,
};

/**
 * The faults of one seed (swarm): each honest family is absent in some seeds, rare in some, frequent in others.
 * Misdirected writes, unreadable sectors and lying syncs break promises that a single disk cannot keep; a run that
 * wants them asks for them.
 */
export const drawDiskFaults = (random: Random): DiskFaults => {
  const pick = (...choices: readonly number[]): number => choices[random.below(choices.length)] ?? 0;
  return {
    ...noDiskFaults,
    noSpace: pick(0, 0, 0.001, 0.02),
    writeError: pick(0, 0, 0, 0.001),
    syncError: pick(0, 0, 0, 0.001, 0.01),
    slow: pick(0, 0.01, 0.1),
    slowMs: pick(10, 100, 1000),
  };
};

/** What was done to the disk so far; a family that stays at zero has tested nothing. */
export interface DiskCounts {
  operations: number;
  powerLosses: number;
  kills: number;
  /** Operations that had not become durable when power was lost, and what became of them. */
  keptOperations: number;
  lostOperations: number;
  tornWrites: number;
  noSpace: number;
  writeErrors: number;
  syncErrors: number;
  readErrors: number;
  misdirectedWrites: number;
  lyingSyncs: number;
  slowOperations: number;
  /** Directories that broke. */
  brokenDirectories: number;
  flips: number;
  restores: number;
  wipes: number;
}

export const zeroDiskCounts = (): DiskCounts => ({
  operations: 0,
  powerLosses: 0,
  kills: 0,
  keptOperations: 0,
  lostOperations: 0,
  tornWrites: 0,
  noSpace: 0,
  writeErrors: 0,
  syncErrors: 0,
  readErrors: 0,
  misdirectedWrites: 0,
  lyingSyncs: 0,
  slowOperations: 0,
  brokenDirectories: 0,
  flips: 0,
  restores: 0,
  wipes: 0,
});
