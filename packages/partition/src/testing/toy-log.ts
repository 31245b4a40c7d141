import { LeaderEpoch, Offset } from '@kafkaesque/kernel';
import { baseSequenceOf, crcOf, producerIdOf } from '@kafkaesque/protocol';
import type { PlacedBatch } from '../append';
import type { EpochEntry } from '../epochs';
import type { RecoveredLog } from '../partition';

/** A batch, and what tells it from any other that might stand in its place. */
export interface StoredBatch extends PlacedBatch {
  readonly identity: string;
}

export const identityOf = ({ bytes, baseOffset, leaderEpoch }: PlacedBatch): string =>
  `${baseOffset} in ${leaderEpoch}: producer ${producerIdOf(bytes)} #${baseSequenceOf(bytes)}, ${crcOf(bytes)}`;

/** A log as plain values. What `sync` has not covered a crash may take back, from the end on. */
export class ToyLog {
  batches: StoredBatch[] = [];
  durableCount = 0;
  #startOffset = 0;
  #assigned: EpochEntry | undefined;

  get endOffset(): Offset {
    return this.#endOf(this.batches.length);
  }
  get durableEndOffset(): Offset {
    return this.#endOf(this.durableCount);
  }

  #endOf(count: number): Offset {
    const last = this.batches[count - 1];
    return Offset(last === undefined ? this.#startOffset : last.lastOffset + 1);
  }

  append(batches: readonly PlacedBatch[]): void {
    for (const batch of batches) {
      if (batch.baseOffset !== this.endOffset)
        throw new Error(`a batch at ${batch.baseOffset} follows the end ${this.endOffset}`);
      this.batches.push({ ...batch, identity: identityOf(batch) });
    }
  }

  assignLeaderEpoch(leaderEpoch: LeaderEpoch, startOffset: Offset): void {
    this.#assigned = { leaderEpoch, startOffset };
  }

  /** Some more of the batches reach the disk; says up to which offset, of which epoch. */
  sync(count: number): { readonly endOffset: Offset; readonly leaderEpoch: LeaderEpoch } | undefined {
    this.durableCount = Math.min(this.durableCount + count, this.batches.length);
    const last = this.batches[this.durableCount - 1];
    return last && { endOffset: Offset(last.lastOffset + 1), leaderEpoch: last.leaderEpoch };
  }

  /** Of what was not durable the first `kept` batches happen to have reached the disk. */
  crash(kept: number): void {
    this.batches = this.batches.slice(0, this.durableCount + kept);
    this.durableCount = this.batches.length;
    this.#assigned = undefined;
  }

  truncateTo(offset: Offset): void {
    this.batches = this.batches.filter((batch) => batch.lastOffset < offset);
    this.durableCount = this.batches.length;
  }

  resetTo(offset: Offset): void {
    this.batches = [];
    this.durableCount = 0;
    this.#startOffset = offset;
  }

  recovered(): RecoveredLog {
    return {
      logStartOffset: Offset(this.#startOffset),
      endOffset: this.endOffset,
      epochs: this.#epochs(),
    };
  }

  #epochs(): readonly EpochEntry[] {
    const entries: EpochEntry[] = [];
    for (const { leaderEpoch, baseOffset } of this.batches)
      if (entries.at(-1)?.leaderEpoch !== leaderEpoch) entries.push({ leaderEpoch, startOffset: baseOffset });
    const assigned = this.#assigned;
    const last = entries.at(-1)?.leaderEpoch ?? LeaderEpoch(-1);
    if (assigned !== undefined && assigned.leaderEpoch > last && assigned.startOffset === this.endOffset)
      entries.push(assigned);
    return entries;
  }
}
