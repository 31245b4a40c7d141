/** Taken out once: reaching for a global costs a hundred times as much within jest's realm. */
const { imul, floor } = Math;

const OFFSET_BASIS = 0x811c9dc5;
const PRIME = 0x01000193;
/** Bytes looked at in one payload; a trace tells runs apart, it does not protect data. */
const SAMPLED_BYTES = 32;

/** A rolling hash of what happened, in order: two runs of one seed must end with the same value. */
export class TraceHash {
  #low = OFFSET_BASIS;
  #high = 0x9747b28c;
  readonly #kinds = new Map<string, number>();

  /** Sixteen hexadecimal digits. */
  get value(): string {
    return [this.#high, this.#low].map((half) => (half >>> 0).toString(16).padStart(8, '0')).join('');
  }

  event(atMs: number, kind: string): void {
    this.number(floor(atMs * 1000));
    this.#mix(this.#hashOfKind(kind));
  }

  number(value: number): void {
    this.#mix(value | 0);
    this.#mix(floor(value / 0x1_0000_0000) | 0);
  }

  /** Takes in the length and a sample of the bytes. */
  bytes(payload: Uint8Array): void {
    this.#mix(payload.length);
    const stride = payload.length > SAMPLED_BYTES ? floor(payload.length / SAMPLED_BYTES) : 1;
    for (let i = 0; i < payload.length; i += stride) this.#mix(payload[i] ?? 0);
  }

  #hashOfKind(kind: string): number {
    let hash = this.#kinds.get(kind);
    if (hash === undefined) {
      hash = OFFSET_BASIS;
      for (let i = 0; i < kind.length; i++) hash = imul(hash ^ kind.charCodeAt(i), PRIME);
      this.#kinds.set(kind, hash);
    }
    return hash;
  }

  #mix(word: number): void {
    this.#low = imul(this.#low ^ word, PRIME);
    this.#low ^= this.#low >>> 15;
    this.#high = imul(this.#high ^ this.#low, 0x85ebca6b);
    this.#high ^= this.#high >>> 13;
  }
}
