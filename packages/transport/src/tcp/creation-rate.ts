/** So many a second, up to one second's worth at once. */
export class CreationRate {
  #rate: number;
  #allowance: number;
  #atMs: number;

  constructor(rate: number, nowMs: number) {
    this.#rate = rate;
    this.#allowance = rate;
    this.#atMs = nowMs;
  }

  /** From now on; what was saved up stays, as far as the new rate has room for it. */
  change(rate: number, nowMs: number): void {
    if (rate === this.#rate) return;
    this.#refill(nowMs);
    // Where there was no bound, nothing has been counted.
    this.#allowance = Math.min(this.#allowance, rate);
    this.#rate = rate;
  }

  /** Milliseconds until one more may come: 0 is now, Infinity never. */
  waitMs(nowMs: number): number {
    if (this.#rate === Infinity) return 0;
    this.#refill(nowMs);
    if (this.#allowance >= 1) return 0;
    return this.#rate > 0 ? Math.ceil(((1 - this.#allowance) / this.#rate) * 1000) : Infinity;
  }

  /** One came. Who comes without having to wait leaves no debt to others. */
  take(): void {
    if (this.#rate !== Infinity) this.#allowance = Math.max(0, this.#allowance - 1);
  }

  #refill(nowMs: number): void {
    if (this.#rate === Infinity) return;
    const earned = ((nowMs - this.#atMs) / 1000) * this.#rate;
    this.#allowance = Math.min(this.#rate, this.#allowance + earned);
    this.#atMs = nowMs;
  }
}
