/** Counts events; a plain number that the exporter reads when it is scraped. */
export interface Counter {
  add(amount: number): void;
}
/** A value that goes up and down. */
export interface Gauge {
  set(value: number): void;
}
/** Distribution of a value, such as a duration in milliseconds. */
export interface Histogram {
  record(value: number): void;
}

/** Hands out instruments, so that lower floors need no telemetry. The same name and labels give the same instrument. */
export interface Metrics {
  counter(name: string, help: string, labels?: Readonly<Record<string, string>>): Counter;
  gauge(name: string, help: string, labels?: Readonly<Record<string, string>>): Gauge;
  histogram(name: string, help: string, labels?: Readonly<Record<string, string>>): Histogram;
}

/** Metrics that nobody reads. */
export const silentMetrics: Metrics = {
  counter: () => ({ add: () => undefined }),
  gauge: () => ({ set: () => undefined }),
  histogram: () => ({ record: () => undefined }),
};
