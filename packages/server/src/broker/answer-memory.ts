/** So much is granted to every answer that asks for it, before anybody gets more. */
const LEAST_GRANT_BYTES = 1024 * 1024;

/** Who follows the end of a log is answered with this little. */
const SMALL_ANSWER_BYTES = 64 * 1024;
/** So much of the limit is there beside it, for small answers alone. */
const PART_FOR_SMALL_ANSWERS = 1 / 8;

/**
 * The process's budget for bytes of answers on their way out (ARCHITECTURE section 5). Nobody gets more than half of
 * what is free, so that a few readers who ask for much, and read it slowly, leave room for others. When not even the
 * least share is free, fetches wait; small ones wait for nobody while what is kept for them lasts, so that readers who take
 * everything and never read it do not hold up those who keep pace.
 */
export class AnswerMemory {
  readonly #limitBytes: number;
  readonly #queue: { readonly wantedBytes: number; readonly enter: (grantedBytes: number) => void }[] = [];
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

  /** Takes up to `wantedBytes` now and says how many; 0 when there is not enough, or others wait. */
  tryTake(wantedBytes: number): number {
    return this.#queue.length > 0 && wantedBytes > SMALL_ANSWER_BYTES ? 0 : this.#grant(wantedBytes);
  }

  /** Resolves with how many of `wantedBytes` have been taken, in the order of asking. */
  take(wantedBytes: number): Promise<number> {
    const grantedBytes = this.tryTake(wantedBytes);
    if (grantedBytes > 0) return Promise.resolve(grantedBytes);
    return new Promise((enter) => {
      this.#queue.push({ wantedBytes, enter });
    });
  }

  /** Gives back what was granted. */
  give(grantedBytes: number): void {
    this.#usedBytes -= grantedBytes;
    for (let next = this.#queue[0]; next !== undefined; next = this.#queue[0]) {
      const grantedNow = this.#grant(next.wantedBytes);
      if (grantedNow === 0) return;
      this.#queue.shift();
      next.enter(grantedNow);
    }
  }

  #grant(wantedBytes: number): number {
    const keptBytes = wantedBytes > SMALL_ANSWER_BYTES ? 0 : this.#limitBytes * PART_FOR_SMALL_ANSWERS;
    const freeBytes = this.#limitBytes + keptBytes - this.#usedBytes;
    if (freeBytes < Math.min(wantedBytes, LEAST_GRANT_BYTES)) return 0;
    const grantedBytes = Math.min(wantedBytes, Math.max(LEAST_GRANT_BYTES, Math.floor(freeBytes / 2)));
    this.#usedBytes += grantedBytes;
    return grantedBytes;
  }
}
