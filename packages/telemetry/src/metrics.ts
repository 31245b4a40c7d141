import { assert } from '@kafkaesque/kernel';
import { EVENT_LOOP_RESOLUTION_MS } from './event-loop';
import type { Counter, Gauge, Histogram, MetricLabels, Metrics, TellValue } from '@kafkaesque/kernel';
import type { Metric, Registry } from 'prom-client';
import { CountedNumber, Distribution, RecentQuantiles, SetNumber } from './instruments';
import type { Sample, Series } from './instruments';

/** What a metric is to Prometheus. */
export type MetricType = 'counter' | 'gauge' | 'histogram' | 'summary';

/** A name with what it means, for documentation. */
export interface MetricDescription {
  readonly name: string;
  readonly type: MetricType;
  readonly help: string;
}

/** What a registry measures time by. */
export interface MetricsRegistryOptions {
  /** Milliseconds that never go back; default: the process's own. */
  readonly monotonicMs?: () => number;
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
/** Kafka's samples fade over five minutes; two windows of this length hold as much at most. */
const WINDOW_MS = 150_000;
/** After so many lines a scrape lets others have the event loop. */
const LINES_A_TURN = 1000;

/** All instruments of one name. */
class Family {
  readonly #series = new Map<string, { readonly labels: MetricLabels; readonly series: Series }>();
  readonly description: MetricDescription;
  read: ((tell: TellValue) => void) | undefined;

  constructor(description: MetricDescription) {
    this.description = description;
  }

  find<T extends Series>(labels: MetricLabels, type: new () => T): T {
    const entries = Object.entries(labels).sort(([left], [right]) => (left < right ? -1 : 1));
    for (const [name] of entries) assert(NAME.test(name), () => `${name} is no name for a label`);
    const key = JSON.stringify(entries);
    const known = this.#series.get(key);
    if (known?.series instanceof type) return known.series;
    const series = new type();
    this.#series.set(key, { labels: Object.fromEntries(entries), series });
    return series;
  }

  turn(): void {
    for (const { series } of this.#series.values()) if (series instanceof RecentQuantiles) series.turn();
  }

  samples(): Sample[] {
    const { name } = this.description;
    const samples: Sample[] = [];
    for (const { labels, series } of this.#series.values()) series.tell(name, labels, samples);
    this.read?.((value, labels = {}) => {
      samples.push({ labels, value });
    });
    return samples;
  }
}

/** Instruments are plain numbers; prom-client writes them when somebody scrapes, with the metrics of the process. */
export class MetricsRegistry implements Metrics {
  readonly #families = new Map<string, Family>();
  readonly #updates: (() => void)[] = [];
  readonly #monotonicMs: () => number;
  #windowBeganMs: number;
  #exposition: Promise<Exposition> | undefined;

  constructor({ monotonicMs = () => performance.now() }: MetricsRegistryOptions = {}) {
    this.#monotonicMs = monotonicMs;
    this.#windowBeganMs = monotonicMs();
  }

  /** Every name so far, in the order in which they came. */
  get descriptions(): readonly MetricDescription[] {
    return [...this.#families.values()].map(({ description }) => description);
  }

  counter(name: string, help: string, labels: MetricLabels = {}): Counter {
    return this.#family(name, help, 'counter').find(labels, CountedNumber);
  }

  gauge(name: string, help: string, labels: MetricLabels = {}): Gauge {
    return this.#family(name, help, 'gauge').find(labels, SetNumber);
  }

  histogram(name: string, help: string, labels: MetricLabels = {}): Histogram {
    return this.#family(name, help, 'histogram').find(labels, Distribution);
  }

  summary(name: string, help: string, labels: MetricLabels = {}): Histogram {
    return this.#family(name, help, 'summary').find(labels, RecentQuantiles);
  }

  observe(kind: 'counter' | 'gauge', name: string, help: string, read: (tell: TellValue) => void): void {
    this.#family(name, help, kind).read = read;
  }

  /** Calls `update` before every scrape, for values that are read together. */
  beforeCollect(update: () => void): void {
    this.#updates.push(update);
  }

  /** The Prometheus text exposition: ours, then the process's. */
  async collect(): Promise<{ readonly contentType: string; readonly text: string }> {
    this.#exposition ??= openExposition();
    const { contentType, lines, processLines } = await this.#exposition;
    this.#turnWindows();
    for (const update of this.#updates) update();
    const texts: string[] = [];
    let lineCount = 0;
    for (const { description, samples } of this.#snapshots()) {
      texts.push(await lines(description, samples));
      lineCount += samples.length;
      if (lineCount < LINES_A_TURN) continue;
      lineCount = 0;
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
    }
    texts.push(await processLines());
    return { contentType, text: texts.join('') };
  }

  *#snapshots(): Iterable<{ readonly description: MetricDescription; readonly samples: Sample[] }> {
    for (const family of [...this.#families.values()])
      yield { description: family.description, samples: family.samples() };
  }

  #turnWindows(): void {
    const nowMs = this.#monotonicMs();
    if (nowMs - this.#windowBeganMs < WINDOW_MS) return;
    this.#windowBeganMs = nowMs;
    for (const family of this.#families.values()) family.turn();
  }

  #family(name: string, help: string, type: MetricType): Family {
    let family = this.#families.get(name);
    if (family === undefined) {
      assert(NAME.test(name), () => `${name} is no name for a metric`);
      family = new Family({ name, help, type });
      this.#families.set(name, family);
    }
    assert(family.description.type === type, () => `${name} is one kind of instrument everywhere`);
    return family;
  }
}

/** prom-client as it is used here. */
interface Exposition {
  readonly contentType: string;
  readonly lines: (description: MetricDescription, samples: readonly Sample[]) => Promise<string>;
  readonly processLines: () => Promise<string>;
}

/** prom-client takes some 80 ms to load, which start-up does not owe to a scrape that may never come. */
const openExposition = async (): Promise<Exposition> => {
  const { Registry: PromRegistry, collectDefaultMetrics } = await import('prom-client');
  const processRegistry: Registry = new PromRegistry();
  collectDefaultMetrics({
    register: processRegistry,
    eventLoopMonitoringPrecision: EVENT_LOOP_RESOLUTION_MS,
  });
  return {
    contentType: processRegistry.contentType,
    processLines: () => processRegistry.metrics(),
    lines: async (description, values) => {
      // prom-client writes whatever gives itself as a metric: its own instruments would count a second time.
      const metric = { ...description, get: () => Promise.resolve({ ...description, values }) };
      const writer = new PromRegistry();
      writer.registerMetric(metric as unknown as Metric);
      return `${await writer.getSingleMetricAsString(description.name)}\n`;
    },
  };
};
