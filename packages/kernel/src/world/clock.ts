/** Takes a wake-up back; calling it twice, or after the wake-up, does nothing. */
export type CancelWake = () => void;

/** Time as an argument. Wall time never decides an election, a session or a lease. */
export interface Clock {
  /** Milliseconds that never go back; fractions allowed; meaningful only as differences. */
  monotonicMs(): number;
  /** Milliseconds since 1970-01-01 UTC, an integer; may jump. For record timestamps, retention and people. */
  wallMs(): number;
  /** Calls `wake` once, never before `monotonicMs() >= atMs` and never within this call. */
  wakeAt(atMs: number, wake: () => void): CancelWake;
}
