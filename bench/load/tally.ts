export interface Tally {
  readonly lost: number;
  readonly duplicates: number;
}

/** Compares what was acknowledged with what was read back. */
export const tallyOf = (acknowledged: number, read: readonly number[]): Tally => {
  const seen = new Set(read);
  let lost = 0;
  for (let number = 0; number < acknowledged; number += 1) if (!seen.has(number)) lost += 1;
  return { lost, duplicates: read.length - seen.size };
};

/**
 * The longest silence between two acknowledgements of which the later one came between the two moments: it begins before
 * what happened at the first, so that it is never shorter than what a client notices. Undefined if nothing was
 * acknowledged between them.
 */
export const silenceBetween = (
  atMs: readonly number[],
  fromMs: number,
  untilMs: number,
): number | undefined => {
  let longestMs: number | undefined;
  for (const [index, ms] of atMs.entries()) {
    if (ms < fromMs || ms > untilMs) continue;
    longestMs = Math.max(longestMs ?? 0, ms - (atMs[index - 1] ?? fromMs));
  }
  return longestMs;
};
