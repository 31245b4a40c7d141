import type { CancelWake, Clock } from '@kafkaesque/kernel';

interface Wake {
  readonly atMs: number;
  readonly wake: () => void;
  timer: NodeJS.Timeout | undefined;
}

/** For nodes with such a clock: a few leaps between two heartbeats are not a silent broker, to be fenced. */
export const PATIENT_CONTROLLER = { 'broker.session.timeout.ms': 86_400_000 };

/** The longest delay that a timer of Node takes is 2^31 - 1 ms. */
const LONGEST_DELAY_MS = 2 ** 30;

/** The machine's clock, which a test can make leap: what was due in between is woken, as after a long sleep. */
export class LeapingClock implements Clock {
  #leaptMs = 0;
  readonly #wakes = new Set<Wake>();

  monotonicMs(): number {
    return performance.now() + this.#leaptMs;
  }

  wallMs(): number {
    return Date.now() + this.#leaptMs;
  }

  wakeAt(atMs: number, wake: () => void): CancelWake {
    const entry: Wake = { atMs, wake, timer: undefined };
    this.#wakes.add(entry);
    this.#arm(entry);
    return () => {
      clearTimeout(entry.timer);
      this.#wakes.delete(entry);
    };
  }

  leap(byMs: number): void {
    this.#leaptMs += byMs;
    for (const entry of this.#wakes) this.#arm(entry);
  }

  #arm(entry: Wake): void {
    clearTimeout(entry.timer);
    const delayMs = Math.max(0, Math.ceil(entry.atMs - this.monotonicMs()));
    entry.timer = setTimeout(() => this.#fire(entry), Math.min(delayMs, LONGEST_DELAY_MS));
  }

  #fire(entry: Wake): void {
    if (this.monotonicMs() < entry.atMs) {
      this.#arm(entry);
      return;
    }
    this.#wakes.delete(entry);
    entry.wake();
  }
}
