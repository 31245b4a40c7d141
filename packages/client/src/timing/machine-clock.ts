import { performance } from 'node:perf_hooks';
import type { Clock } from '@kafkaesque/kernel';

/** The machine's own time. Timers keep the process alive: somebody waits for them. */
export const machineClock: Clock = {
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
  wakeAt: (atMs, wake) => {
    // Node cuts delays to whole milliseconds, and a wake-up must never come early.
    const timer = setTimeout(wake, Math.max(1, Math.ceil(atMs - performance.now()) + 1));
    return () => clearTimeout(timer);
  },
};
