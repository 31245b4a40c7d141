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

/** What tells instruments of one name apart, by label name. */
export type MetricLabels = Readonly<Record<string, string>>;

/** Takes one value of a family while somebody scrapes. */
export type TellValue = (value: number, labels?: MetricLabels) => void;

/** Hands out instruments, so that lower floors need no telemetry. The same name and labels give the same instrument. */
export interface Metrics {
  counter(name: string, help: string, labels?: MetricLabels): Counter;
  gauge(name: string, help: string, labels?: MetricLabels): Gauge;
  /** Told as buckets with fixed bounds. */
  histogram(name: string, help: string, labels?: MetricLabels): Histogram;
  /** Told as quantiles of the last minutes, as Kafka tells its histograms. */
  summary(name: string, help: string, labels?: MetricLabels): Histogram;
  /**
   * Values that are kept elsewhere: `read` tells each of them whenever somebody scrapes. A later reader of the same name
   * takes the place of the earlier one.
   */
  observe(kind: 'counter' | 'gauge', name: string, help: string, read: (tell: TellValue) => void): void;
}

/** Metrics that nobody reads. */
export const silentMetrics: Metrics = {
  counter: () => ({ add: () => undefined }),
  gauge: () => ({ set: () => undefined }),
  histogram: () => ({ record: () => undefined }),
  summary: () => ({ record: () => undefined }),
  observe: () => undefined,
};
