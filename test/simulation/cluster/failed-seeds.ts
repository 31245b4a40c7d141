/** A seed that failed once, and what was found by it. Worlds change with what is drawn for them: each must pass as it is now. */
export interface FailedSeed {
  readonly seed: number;
  readonly found: string;
}

/** Seeds of whole clusters that have failed. */
export const failedSeeds: readonly FailedSeed[] = [
  {
    seed: 313336402,
    found: 'a truncation that waited for room was carried out behind records that had been taken since',
  },
  {
    seed: 851122059,
    found: 'a deletion that its broker was told of, and had not carried out before it died',
  },
  { seed: 577853834, found: 'two readers at a time that put the halves of a segment’s index together' },
  {
    seed: 12,
    found: 'a subscription that came late, on a channel given up, and took the place of the newer one',
  },
  {
    seed: 508404518,
    found: 'an answer that came behind its image, and closed the question that had been asked since',
  },
  {
    seed: 796692676,
    found: 'an old log that came back with its directory in place of one that was begun anew and still empty',
  },
];
