import type { Random } from './random';

/** 32-bit FNV-1a: turns a concern's name into seed material. */
const hashOf = (text: string): number => {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
};

/** sfc32 (Chris Doty-Humphrey, PractRand): fast, 128 bits of state, passes BigCrush. The same seed gives the same stream. */
export class SeededRandom implements Random {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;
  readonly #seed: number;

  constructor(seed: number, concern = '') {
    this.#seed = seed;
    this.#a = seed >>> 0;
    this.#b = Math.floor(seed / 0x1_0000_0000) >>> 0;
    this.#c = hashOf(concern);
    for (let i = 0; i < 15; i++) this.uint32();
  }

  uint32(): number {
    const result = (((this.#a + this.#b) | 0) + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + result) | 0;
    return result >>> 0;
  }

  below(bound: number): number {
    return Math.floor((this.uint32() / 0x1_0000_0000) * bound);
  }

  fraction(): number {
    return this.uint32() / 0x1_0000_0000;
  }

  bytes(sizeBytes: number): Buffer {
    const into = Buffer.alloc(sizeBytes);
    for (let i = 0; i < sizeBytes; i++) into[i] = this.uint32() & 0xff;
    return into;
  }

  fork(concern: string): Random {
    return new SeededRandom(this.#seed, `${concern}/${this.uint32()}`);
  }
}
