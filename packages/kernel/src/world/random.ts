/** Chance as an argument. Seeded in tests and simulations, the operating system's in production. */
export interface Random {
  /** Uniform integer in [0, 2^32). */
  uint32(): number;
  /** Uniform integer in [0, bound), 1 ≤ bound ≤ 2^32. */
  below(bound: number): number;
  /** Uniform in [0, 1). */
  fraction(): number;
  /** `sizeBytes` random bytes in a buffer of their own. */
  bytes(sizeBytes: number): Buffer;
  /** An independent stream for one concern, so that a draw here does not reshuffle everything elsewhere. */
  fork(concern: string): Random;
}
