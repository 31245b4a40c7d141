import type { MetricsRegistry } from './metrics';

/** Feeds the delay of the event loop into the registry until disposed. */
export const watchEventLoop = (metrics: MetricsRegistry): Disposable => {
  void metrics;
  throw new Error('not written yet');
};
