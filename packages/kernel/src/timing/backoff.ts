import type { Random } from '../world/random';

/** How waits grow from one failure to the next. */
export interface Backoff {
  /** The wait after the first failure. */
  readonly initialMs: number;
  readonly maximumMs: number;
  /** Growth from one failure to the next; 2 when left out. */
  readonly multiplier?: number;
  /** How far a wait may lie from its middle, as a part of it; 0.2 when left out, as Kafka's clients have it (KIP-580). */
  readonly jitter?: number;
}

/** How long to wait after `failures` failures in a row (1, 2, …), spread so that those who failed together part. */
export const backoffMs = (backoff: Backoff, failures: number, random: Random): number => {
  const { initialMs, maximumMs, multiplier = 2, jitter = 0.2 } = backoff;
  const middleMs = Math.min(initialMs * multiplier ** Math.max(failures - 1, 0), maximumMs);
  return Math.min(middleMs * (1 + jitter * (2 * random.fraction() - 1)), maximumMs);
};
