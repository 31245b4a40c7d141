import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import type { MetricsRegistry } from './metrics';

/** Each look wakes the processor: a hundred a second were a fourth of what an idle node used. */
export const EVENT_LOOP_RESOLUTION_MS = 50;
const NS_PER_MS = 1_000_000;

/** Feeds the delay of the event loop, and how idle it was, since the last scrape into the registry, until disposed. */
export const watchEventLoop = (metrics: MetricsRegistry): Disposable => {
  const name = 'kafkaesque_event_loop_delay_ms';
  const help = 'How late the event loop came since the last scrape, in milliseconds.';
  const median = metrics.gauge(name, help, { quantile: '0.5' });
  const tail = metrics.gauge(name, help, { quantile: '0.99' });
  const worst = metrics.gauge(name, help, { quantile: '1' });
  const delay = monitorEventLoopDelay({ resolution: EVENT_LOOP_RESOLUTION_MS });
  delay.enable();
  // One loop does what Kafka's request handler threads and network threads do: both dashboards see it.
  const idleHandlers = metrics.gauge(
    'kafka_server_kafkarequesthandlerpool_requesthandleravgidle_percent',
    'Share of the time since the last scrape in which the event loop had nothing to do, 0 to 1.',
  );
  const idleNetwork = metrics.gauge(
    'kafka_network_socketserver_networkprocessoravgidle_percent',
    'The same as `requesthandleravgidle_percent`: sockets and requests are served by one event loop.',
  );
  const idleProcessor = metrics.gauge(
    'kafka_network_processor_idle_percent',
    'The same as `requesthandleravgidle_percent`, as Kafka tells it of each network thread.',
    { networkProcessor: '0' },
  );
  let lastUse = performance.eventLoopUtilization();
  const beyondResolution = (delayNs: number): number =>
    Math.max(0, delayNs / NS_PER_MS - EVENT_LOOP_RESOLUTION_MS);
  metrics.beforeCollect(() => {
    median.set(beyondResolution(delay.percentile(50)));
    tail.set(beyondResolution(delay.percentile(99)));
    worst.set(beyondResolution(delay.max));
    delay.reset();
    const use = performance.eventLoopUtilization();
    const idle = 1 - performance.eventLoopUtilization(use, lastUse).utilization;
    lastUse = use;
    idleHandlers.set(idle);
    idleNetwork.set(idle);
    idleProcessor.set(idle);
  });
  return {
    [Symbol.dispose]: () => {
      delay.disable();
    },
  };
};
