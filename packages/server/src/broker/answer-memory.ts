/** The process's budget for bytes of answers on their way out: beyond it, fetches wait (ARCHITECTURE section 5). */
export class AnswerMemory {
  readonly #limitBytes: number;
  readonly #queue: { readonly sizeBytes: number; readonly enter: () => void }[] = [];
  #usedBytes = 0;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  get waiting(): number {
    return this.#queue.length;
  }

  /** Takes `sizeBytes` now, or not at all. What is larger than the whole budget is let in alone. */
  tryTake(sizeBytes: number): boolean {
    if (this.#queue.length > 0 || !this.#fits(sizeBytes)) return false;
    this.#usedBytes += sizeBytes;
    return true;
  }

  /** Resolves once `sizeBytes` have been taken, in the order of asking. */
  take(sizeBytes: number): Promise<void> {
    if (this.tryTake(sizeBytes)) return Promise.resolve();
    return new Promise((enter) => {
      this.#queue.push({ sizeBytes, enter });
    });
  }

  give(sizeBytes: number): void {
    this.#usedBytes -= sizeBytes;
    for (let next = this.#queue[0]; next !== undefined && this.#fits(next.sizeBytes); next = this.#queue[0]) {
      this.#queue.shift();
      this.#usedBytes += next.sizeBytes;
      next.enter();
    }
  }

  #fits(sizeBytes: number): boolean {
    return this.#usedBytes === 0 || this.#usedBytes + sizeBytes <= this.#limitBytes;
  }
}
