import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { MetricsRegistry } from './metrics';

const RESOLUTION_MS = 10;
const NS_PER_MS = 1_000_000;

/** Feeds the delay of the event loop since the last scrape into the registry, until disposed. */
export const watchEventLoop = (metrics: MetricsRegistry): Disposable => {
  const name = 'kafkaesque_event_loop_delay_ms';
  const help = 'How late the event loop came since the last scrape, in milliseconds.';
  const median = metrics.gauge(name, help, { quantile: '0.5' });
  const tail = metrics.gauge(name, help, { quantile: '0.99' });
  const worst = metrics.gauge(name, help, { quantile: '1' });
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  const beyondResolution = (delayNs: number): number => Math.max(0, delayNs / NS_PER_MS - RESOLUTION_MS);
  metrics.beforeCollect(() => {
    median.set(beyondResolution(delay.percentile(50)));
    tail.set(beyondResolution(delay.percentile(99)));
    worst.set(beyondResolution(delay.max));
    delay.reset();
  });
  return {
    [Symbol.dispose]: () => {
      delay.disable();
    },
  };
};
