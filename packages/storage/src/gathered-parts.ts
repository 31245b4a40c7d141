/** Parts of one gathered write or answer; neighbours in memory become one part. */
export class GatheredParts {
  readonly parts: Buffer[] = [];
  sizeBytes = 0;
  #memory: ArrayBufferLike | undefined;
  #from = 0;
  #to = 0;
  #single: Buffer | undefined;

  /** How many parts there will be after `finish`. */
  get count(): number {
    return this.parts.length + (this.#memory === undefined ? 0 : 1);
  }

  /** Whether `bytes` would extend the last part. */
  extends(bytes: Buffer): boolean {
    return this.#memory === bytes.buffer && this.#to === bytes.byteOffset;
  }

  add(bytes: Buffer): void {
    this.sizeBytes += bytes.length;
    if (this.extends(bytes)) {
      this.#to += bytes.length;
      this.#single = undefined;
      return;
    }
    this.#close();
    this.#memory = bytes.buffer;
    this.#from = bytes.byteOffset;
    this.#to = bytes.byteOffset + bytes.length;
    this.#single = bytes;
  }

  finish(): readonly Buffer[] {
    this.#close();
    return this.parts;
  }

  #close(): void {
    if (this.#memory === undefined) return;
    this.parts.push(
      this.#single ?? Buffer.from(this.#memory as ArrayBuffer, this.#from, this.#to - this.#from),
    );
    this.#memory = undefined;
  }
}
