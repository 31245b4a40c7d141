import type { Offset } from '@kafkaesque/kernel';

const FIRST_CAPACITY = 16;

/**
 * The sizes of what was appended but is not below the high watermark yet: a ring of (end offset, bytes), so that an
 * advance can say how many bytes it made readable. Bounded by what may be in flight.
 */
export class UnexposedBytes {
  #ends = new Float64Array(0);
  #sizes = new Float64Array(0);
  #first = 0;
  #count = 0;
  /** Below this offset the sizes are not known. */
  #knownFrom: Offset;

  constructor(knownFrom: Offset) {
    this.#knownFrom = knownFrom;
  }

  /** Forgets everything; what lies below `knownFrom` will be said to have an unknown size. */
  reset(knownFrom: Offset): void {
    this.#knownFrom = knownFrom;
    this.#first = 0;
    this.#count = 0;
  }

  push(endOffset: Offset, sizeBytes: number): void {
    if (this.#count === this.#ends.length) this.#grow();
    const at = (this.#first + this.#count) % this.#ends.length;
    this.#ends[at] = endOffset;
    this.#sizes[at] = sizeBytes;
    this.#count += 1;
  }

  /** The high watermark went from `before` to `now`: the bytes between, `Number.MAX_SAFE_INTEGER` when unknown. */
  expose(before: Offset, now: Offset): number {
    let sizeBytes = 0;
    while (this.#count > 0 && (this.#ends[this.#first] ?? Infinity) <= now) {
      sizeBytes += this.#sizes[this.#first] ?? 0;
      this.#first = (this.#first + 1) % this.#ends.length;
      this.#count -= 1;
    }
    return before < this.#knownFrom && now > before ? Number.MAX_SAFE_INTEGER : sizeBytes;
  }

  #grow(): void {
    const capacity = Math.max(FIRST_CAPACITY, this.#ends.length * 2);
    const ends = new Float64Array(capacity);
    const sizes = new Float64Array(capacity);
    for (let i = 0; i < this.#count; i++) {
      const at = (this.#first + i) % this.#ends.length;
      ends[i] = this.#ends[at] ?? 0;
      sizes[i] = this.#sizes[at] ?? 0;
    }
    this.#ends = ends;
    this.#sizes = sizes;
    this.#first = 0;
  }
}
