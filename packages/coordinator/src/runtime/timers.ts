import { TimerWheel } from '@kafkaesque/kernel';
import type { Timer } from '@kafkaesque/kernel';

/** Timers by key: setting one moves it. They go with the life of the machine that set them. */
export class KeyedTimers {
  readonly #wheel: TimerWheel<string>;
  readonly #byKey = new Map<string, Timer<string>>();

  constructor(startMs: number) {
    this.#wheel = new TimerWheel({ startMs });
  }

  get size(): number {
    return this.#byKey.size;
  }

  /** Never later than the first timer; Infinity when there is none. */
  get nextWakeMs(): number {
    return this.#wheel.nextWakeMs;
  }

  has(key: string): boolean {
    return this.#byKey.has(key);
  }

  set(key: string, atMs: number): void {
    const before = this.#byKey.get(key);
    if (before !== undefined) this.#wheel.cancel(before);
    this.#byKey.set(key, this.#wheel.add(atMs, key));
  }

  cancel(key: string): void {
    const timer = this.#byKey.get(key);
    if (timer === undefined) return;
    this.#wheel.cancel(timer);
    this.#byKey.delete(key);
  }

  /** What is due, in the order of its time. It is set no more only once `take` has given it. */
  advance(nowMs: number): readonly Timer<string>[] {
    return this.#wheel.advance(nowMs);
  }

  /** Whether a due timer is still wanted: not cancelled or moved by one that was due before it. */
  take(timer: Timer<string>): boolean {
    if (this.#byKey.get(timer.value) !== timer) return false;
    this.#byKey.delete(timer.value);
    return true;
  }
}
