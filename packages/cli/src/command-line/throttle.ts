import type { Clock } from '@kafkaesque/kernel';

/** Below this a pause costs more than it spreads: what is owed is slept in larger pieces, as Kafka's tools do. */
const SHORTEST_PAUSE_MS = 2;

/** Spreads work over time. A negative rate does not; a rate of 0 lets nothing through. */
export class Throttle {
  readonly #perSecond: number;
  readonly #startMs: number;

  constructor(perSecond: number, startMs: number) {
    this.#perSecond = perSecond;
    this.#startMs = startMs;
  }

  /** Milliseconds to wait after `count` pieces of work at `nowMs`; 0 when they are late or just in time. */
  pauseMs(count: number, nowMs: number): number {
    if (this.#perSecond < 0) return 0;
    if (this.#perSecond === 0) return Infinity;
    const aheadMs = this.#startMs + (count * 1000) / this.#perSecond - nowMs;
    return aheadMs < SHORTEST_PAUSE_MS ? 0 : aheadMs;
  }
}

/** Resolves after so many milliseconds (`Infinity`: never), or when the signal fires. */
export const pause = (clock: Clock, pauseMs: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    const end = (): void => {
      cancel();
      signal.removeEventListener('abort', end);
      resolve();
    };
    // A timer holds the process, and is woken in time to be set anew.
    const longestMs = 2 ** 30;
    let cancel: () => void = () => undefined;
    const untilMs = clock.monotonicMs() + pauseMs;
    const wait = (): void => {
      const leftMs = untilMs - clock.monotonicMs();
      if (leftMs <= 0) end();
      else cancel = clock.wakeAt(clock.monotonicMs() + Math.min(leftMs, longestMs), wait);
    };
    signal.addEventListener('abort', end, { once: true });
    wait();
  });

/** Lets everything happen that waits for this turn to end: sockets are read and written between turns only. */
export const nextTurn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));
