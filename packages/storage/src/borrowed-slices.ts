import { Offset, assert } from '@kafkaesque/kernel';
import type { Slices } from './log';

/** Something to give back: a lease, or other slices. */
export interface Loan {
  release(): void;
}

/** Bytes lent to a reader: every lease is held once until `release`. */
export class BorrowedSlices implements Slices {
  readonly parts: readonly Buffer[];
  readonly sizeBytes: number;
  readonly firstOffset: Offset;
  readonly nextOffset: Offset;
  readonly #leases: readonly Loan[];
  #released = false;

  constructor(
    parts: readonly Buffer[],
    sizeBytes: number,
    firstOffset: number,
    nextOffset: number,
    leases: readonly Loan[],
  ) {
    this.parts = parts;
    this.sizeBytes = sizeBytes;
    this.firstOffset = Offset(firstOffset);
    this.nextOffset = Offset(nextOffset);
    this.#leases = leases;
  }

  release(): void {
    assert(!this.#released, 'slices are released once');
    this.#released = true;
    for (const lease of this.#leases) lease.release();
  }
}

export const noSlices = (from: number): Slices => new BorrowedSlices([], 0, from, from, []);
