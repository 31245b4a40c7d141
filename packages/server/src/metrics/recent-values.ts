import type { Clock } from '@kafkaesque/kernel';

/** So long at least, and twice as long at most, does a value count: Kafka keeps two samples of 30 seconds. */
const WINDOW_MS = 30_000;

interface Window {
  readonly beganAtMs: number;
  sum: number;
  count: number;
  max: number;
}

/** Values of the last half to whole minute. */
export interface RecentSums {
  /** Sum of the values, a second. */
  readonly perSecond: number;
  /** NaN when there were none. */
  readonly average: number;
  /** NaN when there were none. */
  readonly max: number;
}

/** Adds up what happens, and forgets it after a minute: for Kafka's `-rate`, `-avg` and `-max`. */
export class RecentValues {
  readonly #clock: Clock;
  #older: Window | undefined;
  #newer: Window;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#newer = beginAt(clock.monotonicMs());
  }

  add(value: number): void {
    this.#turn();
    this.#newer.sum += value;
    this.#newer.count += 1;
    this.#newer.max = Math.max(this.#newer.max, value);
  }

  read(): RecentSums {
    const nowMs = this.#turn();
    const windows = this.#older === undefined ? [this.#newer] : [this.#older, this.#newer];
    const sum = windows.reduce((total, window) => total + window.sum, 0);
    const count = windows.reduce((total, window) => total + window.count, 0);
    const max = Math.max(...windows.map((window) => window.max));
    // As in Kafka, a rate is over a whole window at least: the first event of all is no flood.
    const elapsedMs = Math.max(WINDOW_MS, nowMs - (windows[0]?.beganAtMs ?? nowMs));
    return {
      perSecond: (sum * 1000) / elapsedMs,
      average: count === 0 ? NaN : sum / count,
      max: count === 0 ? NaN : max,
    };
  }

  /** Returns the time now. */
  #turn(): number {
    const nowMs = this.#clock.monotonicMs();
    const ageMs = nowMs - this.#newer.beganAtMs;
    if (ageMs < WINDOW_MS) return nowMs;
    this.#older = ageMs < 2 * WINDOW_MS ? this.#newer : undefined;
    this.#newer = beginAt(nowMs);
    return nowMs;
  }
}

const beginAt = (beganAtMs: number): Window => ({ beganAtMs, sum: 0, count: 0, max: -Infinity });
