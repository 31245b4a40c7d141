import { assert } from '@kafkaesque/kernel';

/** Kafka's `.index`: entries of 8 bytes, offset of a batch's last record relative to the segment's base, position of the batch. */
export const OFFSET_INDEX_ENTRY_BYTES = 8;
const FIRST_CAPACITY_BYTES = 64;

/** Sparse, ascending in both columns. `position` is where a batch starts, `offset` the last offset in it. */
export class OffsetIndex {
  readonly #baseOffset: number;
  #bytes: Buffer;
  #count = 0;

  constructor(baseOffset: number, bytes: Buffer = Buffer.alloc(0)) {
    this.#baseOffset = baseOffset;
    this.#bytes = bytes;
    this.#count = bytes.length / OFFSET_INDEX_ENTRY_BYTES;
  }

  get count(): number {
    return this.#count;
  }
  get sizeBytes(): number {
    return this.#count * OFFSET_INDEX_ENTRY_BYTES;
  }

  offsetAt(entry: number): number {
    return this.#baseOffset + this.#bytes.readInt32BE(entry * OFFSET_INDEX_ENTRY_BYTES);
  }
  positionAt(entry: number): number {
    return this.#bytes.readInt32BE(entry * OFFSET_INDEX_ENTRY_BYTES + 4);
  }

  append(offset: number, position: number): void {
    assert(
      this.#count === 0 ||
        (offset > this.offsetAt(this.#count - 1) && position > this.positionAt(this.#count - 1)),
      'offsets and positions ascend',
    );
    const at = this.sizeBytes;
    if (at + OFFSET_INDEX_ENTRY_BYTES > this.#bytes.length) {
      const grown = Buffer.alloc(Math.max(FIRST_CAPACITY_BYTES, this.#bytes.length * 2));
      this.#bytes.copy(grown, 0, 0, at);
      this.#bytes = grown;
    }
    this.#bytes.writeInt32BE(offset - this.#baseOffset, at);
    this.#bytes.writeInt32BE(position, at + 4);
    this.#count += 1;
  }

  /** Last entry whose batch ends at or before `offset`; -1 if none does. */
  floorOffset(offset: number): number {
    let low = 0;
    let high = this.#count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.offsetAt(middle) <= offset) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  /** Last entry at or before `position`; -1 if there is none. */
  floorPosition(position: number): number {
    let low = 0;
    let high = this.#count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.positionAt(middle) <= position) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  /** Drops entries at or behind `position`. */
  truncateTo(position: number): void {
    this.#count = this.floorPosition(position - 1) + 1;
  }

  /** The file's content; a view, valid until the next change. */
  bytes(): Buffer {
    return this.#bytes.subarray(0, this.sizeBytes);
  }
}
