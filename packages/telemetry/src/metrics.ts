import type { Counter, Gauge, Histogram, Metrics } from '@kafkaesque/kernel';

/** Instruments are plain numbers; prom-client is loaded when somebody scrapes. */
export class MetricsRegistry implements Metrics {
  counter(name: string): Counter {
    throw new Error(`not written yet: ${name}`);
  }
  gauge(name: string): Gauge {
    throw new Error(`not written yet: ${name}`);
  }
  histogram(name: string): Histogram {
    throw new Error(`not written yet: ${name}`);
  }
  /** Calls `update` before every scrape, for values that are read rather than counted. */
  beforeCollect(update: () => void): void {
    void update;
  }
  /** The Prometheus text exposition. */
  collect(): Promise<{ readonly contentType: string; readonly text: string }> {
    return Promise.reject(new Error('not written yet'));
  }
}
