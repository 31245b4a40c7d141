import { assert } from '@kafkaesque/kernel';

/** Kafka's `.timeindex`: entries of 12 bytes, greatest timestamp so far, relative offset of the last record of its batch. */
export const TIME_INDEX_ENTRY_BYTES = 12;
const FIRST_CAPACITY_BYTES = 96;
const TWO_32 = 4_294_967_296;

/** Sparse, ascending in both columns: every batch with a greater timestamp than an entry's lies behind the entry's offset. */
export class TimeIndex {
  readonly #baseOffset: number;
  #bytes: Buffer;
  #count = 0;

  constructor(baseOffset: number, bytes: Buffer = Buffer.alloc(0)) {
    this.#baseOffset = baseOffset;
    this.#bytes = bytes;
    this.#count = bytes.length / TIME_INDEX_ENTRY_BYTES;
  }

  get count(): number {
    return this.#count;
  }
  get sizeBytes(): number {
    return this.#count * TIME_INDEX_ENTRY_BYTES;
  }

  timestampAt(entry: number): number {
    const at = entry * TIME_INDEX_ENTRY_BYTES;
    return this.#bytes.readInt32BE(at) * TWO_32 + this.#bytes.readUInt32BE(at + 4);
  }
  offsetAt(entry: number): number {
    return this.#baseOffset + this.#bytes.readInt32BE(entry * TIME_INDEX_ENTRY_BYTES + 8);
  }

  /** Notes the greatest timestamp so far; nothing if it has not grown since the last entry. */
  append(timestampMs: number, offset: number): void {
    if (this.#count > 0 && timestampMs <= this.timestampAt(this.#count - 1)) return;
    assert(this.#count === 0 || offset > this.offsetAt(this.#count - 1), 'offsets ascend with timestamps');
    const at = this.sizeBytes;
    if (at + TIME_INDEX_ENTRY_BYTES > this.#bytes.length) {
      const grown = Buffer.alloc(Math.max(FIRST_CAPACITY_BYTES, this.#bytes.length * 2));
      this.#bytes.copy(grown, 0, 0, at);
      this.#bytes = grown;
    }
    const high = Math.floor(timestampMs / TWO_32);
    this.#bytes.writeInt32BE(high, at);
    this.#bytes.writeUInt32BE(timestampMs - high * TWO_32, at + 4);
    this.#bytes.writeInt32BE(offset - this.#baseOffset, at + 8);
    this.#count += 1;
  }

  /** Last entry with a timestamp below `timestampMs`; -1 if there is none. What was searched for lies behind its offset. */
  lastBelow(timestampMs: number): number {
    let low = 0;
    let high = this.#count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.timestampAt(middle) < timestampMs) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  /** Drops entries at or above `offset`. */
  truncateTo(offset: number): void {
    while (this.#count > 0 && this.offsetAt(this.#count - 1) >= offset) this.#count -= 1;
  }

  /** The file's content; a view, valid until the next change. */
  bytes(): Buffer {
    return this.#bytes.subarray(0, this.sizeBytes);
  }
}
