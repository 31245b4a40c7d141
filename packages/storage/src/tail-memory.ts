/** Bounds on the batches that all logs of a process keep in memory. */
export interface TailMemoryLimits {
  /** Batches that are in their segments, kept for readers. */
  readonly tailBytes: number;
  /** Batches that are durable but not yet in their segments; beyond this they are written at once. */
  readonly pendingBytes: number;
}

export const defaultTailMemoryLimits: TailMemoryLimits = { tailBytes: 48 << 20, pendingBytes: 32 << 20 };

/** Memory of recent batches, shared over logs; the oldest batch of any log goes first. */
export interface TailMemory {
  readonly limits: TailMemoryLimits;
  readonly tailBytes: number;
  readonly pendingBytes: number;
}
