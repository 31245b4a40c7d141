import type { Random } from '@kafkaesque/kernel';

/** One partition of a topic, as the choice sees it. */
export interface PartitionLoad {
  readonly partition: number;
  readonly hasLeader: boolean;
  /** Batches that wait for it. */
  readonly queuedBatches: number;
}

/**
 * Chooses where records without key go (KIP-480, KIP-794): one partition until a batch's worth of bytes went there,
 * then another, the less likely the longer its queue.
 */
export class StickyPartition {
  readonly #random: Random;
  readonly #batchSizeBytes: number;
  #current: number | undefined;
  #producedBytes = 0;

  constructor(random: Random, batchSizeBytes: number) {
    this.#random = random;
    this.#batchSizeBytes = Math.max(1, batchSizeBytes);
  }

  /** `loads` is asked only when a new choice is due. */
  current(partitionCount: number, loads: () => readonly PartitionLoad[]): number {
    if (this.#current === undefined || this.#current >= partitionCount) {
      this.#current = chooseByLoad(this.#random, loads());
      this.#producedBytes = 0;
    }
    return this.#current;
  }

  /** So many bytes went to the current partition. A batch is not left half full for the sake of the change. */
  produced(sizeBytes: number, closedBatch: boolean): void {
    this.#producedBytes += sizeBytes;
    const isDue = this.#producedBytes >= this.#batchSizeBytes;
    if ((isDue && closedBatch) || this.#producedBytes >= 2 * this.#batchSizeBytes) this.#current = undefined;
  }
}

/** Weighted draw: a queue as long as the longest has weight 1, each batch fewer adds one. Leaders first. */
export const chooseByLoad = (random: Random, loads: readonly PartitionLoad[]): number => {
  const led = loads.filter(({ hasLeader }) => hasLeader);
  const candidates = led.length > 0 ? led : loads;
  const longest = candidates.reduce((most, { queuedBatches }) => Math.max(most, queuedBatches), 0);
  const total = candidates.reduce((sum, { queuedBatches }) => sum + longest + 1 - queuedBatches, 0);
  let draw = random.below(total);
  for (const { partition, queuedBatches } of candidates) {
    draw -= longest + 1 - queuedBatches;
    if (draw < 0) return partition;
  }
  return 0;
};
