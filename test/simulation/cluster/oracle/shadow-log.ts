import type { PlacedBatch } from '@kafkaesque/partition';
import { crcOf } from '@kafkaesque/protocol';

/** A batch, as far as it must be the same everywhere. */
export interface ShadowBatch {
  readonly baseOffset: number;
  readonly lastOffset: number;
  readonly leaderEpoch: number;
  readonly crc: number;
}

export const shadowOf = ({ bytes, baseOffset, lastOffset, leaderEpoch }: PlacedBatch): ShadowBatch => ({
  ...{ baseOffset, lastOffset, leaderEpoch },
  crc: crcOf(bytes),
});

export const isSame = (one: ShadowBatch | undefined, other: ShadowBatch | undefined): boolean =>
  one !== undefined &&
  other !== undefined &&
  one.baseOffset === other.baseOffset &&
  one.lastOffset === other.lastOffset &&
  one.leaderEpoch === other.leaderEpoch &&
  one.crc === other.crc;

export const textOf = (batch: ShadowBatch | undefined): string =>
  batch === undefined
    ? 'nothing'
    : `${batch.baseOffset}–${batch.lastOffset} of epoch ${batch.leaderEpoch} (${batch.crc.toString(16)})`;

/** What one replica's log holds by all that was appended to it and cut from it, across the lives of its broker. */
export class ShadowLog {
  readonly batches: ShadowBatch[] = [];
  /** Everything below is durable there, by what its log has said. */
  durableEnd = 0;

  get endOffset(): number {
    return (this.batches[this.batches.length - 1]?.lastOffset ?? -1) + 1;
  }

  /** Whether a log that ends there may be this one: with all that is durable, and whole batches. */
  isWholeAt(endOffset: number): boolean {
    return (
      this.durableEnd <= endOffset && this.batches.some(({ lastOffset }) => lastOffset + 1 === endOffset)
    );
  }

  append(batch: ShadowBatch): void {
    this.batches.push(batch);
  }

  /** Nothing is left from there on. */
  cutTo(endOffset: number): void {
    while (this.endOffset > endOffset) this.batches.pop();
    this.durableEnd = Math.min(this.durableEnd, endOffset);
  }
}
