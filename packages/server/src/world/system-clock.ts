import type { CancelWake, Clock } from '@kafkaesque/kernel';

/** Longer delays overflow node's timers, which would fire at once. */
const LONGEST_DELAY_MS = 2 ** 31 - 1;

/** The machine's own time. */
export const systemClock: Clock = {
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
  wakeAt: (atMs, wake): CancelWake => {
    let timer: NodeJS.Timeout;
    const wait = (): void => {
      const delayMs = Math.min(Math.max(Math.ceil(atMs - performance.now()), 0), LONGEST_DELAY_MS);
      timer = setTimeout(() => {
        // Timers round to milliseconds of another clock and may come a fraction early.
        if (performance.now() < atMs) wait();
        else wake();
      }, delayMs);
    };
    wait();
    return () => {
      clearTimeout(timer);
    };
  },
};
