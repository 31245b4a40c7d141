import { createHash } from 'node:crypto';

/** Four words of a key's hash, two of the offset after the record: nothing but zeros is an empty slot. */
const SLOT_WORDS = 6;
export const SLOT_BYTES = SLOT_WORDS * 4;
/** Before the slots: how many are taken, and how many may be. */
const HEAD_WORDS = 2;
const TWO_32 = 4_294_967_296;

/**
 * The last offset of each key, in memory that two threads may share. Keys are known by the first 128 bits of their
 * SHA-256 alone, so that an entry takes 24 bytes however long its key is; two keys of one hash do not happen, and nobody
 * can make them.
 */
export class OffsetMap {
  readonly words: Uint32Array;
  readonly #slots: number;

  constructor(words: Uint32Array) {
    this.words = words;
    this.#slots = (words.length - HEAD_WORDS) / SLOT_WORDS;
  }

  get count(): number {
    return this.words[0] ?? 0;
  }

  /** Keys that it takes at most. */
  get capacity(): number {
    return this.words[1] ?? 0;
  }

  get sizeBytes(): number {
    return this.words.byteLength;
  }

  /** Notes that the key's newest record has this offset; offsets ascend. */
  put(key: Buffer, offset: number): void {
    const at = this.#slotOf(key);
    if (this.#isEmpty(at)) {
      this.words[at] = hash[0];
      this.words[at + 1] = hash[1];
      this.words[at + 2] = hash[2];
      this.words[at + 3] = hash[3];
      this.words[0] = this.count + 1;
    }
    const next = offset + 1;
    this.words[at + 4] = Math.floor(next / TWO_32);
    this.words[at + 5] = next % TWO_32;
  }

  /** Offset of the newest record of the key; -1 if none was noted. */
  get(key: Buffer): number {
    const at = this.#slotOf(key);
    return (this.words[at + 4] ?? 0) * TWO_32 + (this.words[at + 5] ?? 0) - 1;
  }

  #isEmpty(at: number): boolean {
    return this.words[at + 4] === 0 && this.words[at + 5] === 0;
  }

  /** The key's slot, or the empty one where it would go. There always is one: not all slots may be taken. */
  #slotOf(key: Buffer): number {
    readHash(key);
    for (let slot = hash[0] % this.#slots; ; slot = slot + 1 === this.#slots ? 0 : slot + 1) {
      const at = HEAD_WORDS + slot * SLOT_WORDS;
      if (this.#isEmpty(at)) return at;
      const { words } = this;
      if (
        words[at] === hash[0] &&
        words[at + 1] === hash[1] &&
        words[at + 2] === hash[2] &&
        words[at + 3] === hash[3]
      )
        return at;
    }
  }
}

/** Of the key asked for last: one place, because a lookup is synchronous and keys are many. */
const hash: [number, number, number, number] = [0, 0, 0, 0];

const readHash = (key: Buffer): void => {
  const digest = createHash('sha256').update(key).digest();
  for (let word = 0; word < 4; word++) hash[word] = digest.readUInt32BE(word * 4);
};

/** Keys that fit in so many bytes when no more than `loadFactor` of the slots are taken. */
export const keysIn = (sizeBytes: number, loadFactor: number): number =>
  Math.max(1, Math.floor((sizeBytes / SLOT_BYTES) * loadFactor));

/** An empty map for so many keys. */
export const openOffsetMap = (keys: number, loadFactor: number): OffsetMap => {
  const slots = Math.ceil(keys / loadFactor) + 1;
  const words = new Uint32Array(new SharedArrayBuffer((HEAD_WORDS + slots * SLOT_WORDS) * 4));
  words[1] = keys;
  return new OffsetMap(words);
};
