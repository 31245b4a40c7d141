import { assert } from '@kafkaesque/kernel';
import type { Counter, Gauge, Histogram, Metrics } from '@kafkaesque/kernel';
import type { Registry } from 'prom-client';

type Labels = Readonly<Record<string, string>>;
type InstrumentKind = 'counter' | 'gauge' | 'histogram';

/** All instruments of one name. */
interface Family {
  readonly kind: InstrumentKind;
  readonly help: string;
  /** By their rendered labels. */
  readonly series: Map<string, Series>;
}

interface Series {
  /** Appends the series' lines. */
  render(name: string, labels: string, lines: string[]): void;
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
/** 1, 2.5 and 5 in each decade, from a tenth of a millisecond to nearly three hours. */
const BUCKET_BOUNDS: readonly number[] = [0.1, 1, 10, 100, 1000, 10_000, 100_000, 1_000_000].flatMap(
  (decade) => [decade, decade * 2.5, decade * 5],
);

/** Instruments are plain numbers, written out when somebody scrapes; prom-client adds the process's own metrics then. */
export class MetricsRegistry implements Metrics {
  readonly #families = new Map<string, Family>();
  readonly #updates: (() => void)[] = [];
  #processMetrics: Promise<Registry> | undefined;

  counter(name: string, help: string, labels: Labels = {}): Counter {
    return this.#series(name, help, labels, 'counter', CountedNumber, () => new CountedNumber());
  }

  gauge(name: string, help: string, labels: Labels = {}): Gauge {
    return this.#series(name, help, labels, 'gauge', SetNumber, () => new SetNumber());
  }

  histogram(name: string, help: string, labels: Labels = {}): Histogram {
    return this.#series(name, help, labels, 'histogram', Distribution, () => new Distribution());
  }

  /** Calls `update` before every scrape, for values that are read rather than counted. */
  beforeCollect(update: () => void): void {
    this.#updates.push(update);
  }

  /** The Prometheus text exposition: ours, then the process's. */
  async collect(): Promise<{ readonly contentType: string; readonly text: string }> {
    this.#processMetrics ??= openProcessMetrics();
    const registry = await this.#processMetrics;
    return { contentType: registry.contentType, text: `${this.render()}${await registry.metrics()}` };
  }

  /** Our own instruments as Prometheus text. */
  render(): string {
    for (const update of this.#updates) update();
    const lines: string[] = [];
    for (const [name, family] of this.#families) {
      lines.push(`# HELP ${name} ${escapeHelp(family.help)}`, `# TYPE ${name} ${family.kind}`);
      for (const [labels, series] of family.series) series.render(name, labels, lines);
    }
    return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
  }

  #series<T extends Series>(
    name: string,
    help: string,
    labels: Labels,
    kind: InstrumentKind,
    type: abstract new () => T,
    create: () => T,
  ): T {
    let family = this.#families.get(name);
    if (family === undefined) {
      assert(NAME.test(name), () => `${name} is no name for a metric`);
      family = { kind, help, series: new Map() };
      this.#families.set(name, family);
    }
    assert(family.kind === kind, () => `${name} is one kind of instrument everywhere`);
    const key = renderLabels(labels);
    const known = family.series.get(key);
    if (known instanceof type) return known;
    const created = create();
    family.series.set(key, created);
    return created;
  }
}

class CountedNumber implements Counter, Series {
  #value = 0;

  add(amount: number): void {
    this.#value += amount;
  }

  render(name: string, labels: string, lines: string[]): void {
    lines.push(`${name}${braced(labels)} ${this.#value}`);
  }
}

class SetNumber implements Gauge, Series {
  #value = 0;

  set(value: number): void {
    this.#value = value;
  }

  render(name: string, labels: string, lines: string[]): void {
    lines.push(`${name}${braced(labels)} ${this.#value}`);
  }
}

class Distribution implements Histogram, Series {
  /** Values in each bucket alone; the last bucket has no bound. */
  readonly #counts = new Float64Array(BUCKET_BOUNDS.length + 1);
  #sum = 0;

  record(value: number): void {
    let low = 0;
    let high = BUCKET_BOUNDS.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (value <= (BUCKET_BOUNDS[middle] ?? Infinity)) high = middle;
      else low = middle + 1;
    }
    this.#counts[low] = (this.#counts[low] ?? 0) + 1;
    this.#sum += value;
  }

  render(name: string, labels: string, lines: string[]): void {
    const prefix = labels === '' ? '' : `${labels},`;
    let count = 0;
    this.#counts.forEach((inBucket, index) => {
      count += inBucket;
      const bound = BUCKET_BOUNDS[index];
      lines.push(`${name}_bucket{${prefix}le="${bound === undefined ? '+Inf' : String(bound)}"} ${count}`);
    });
    lines.push(`${name}_sum${braced(labels)} ${this.#sum}`, `${name}_count${braced(labels)} ${count}`);
  }
}

/** prom-client takes some 80 ms to load, which start-up does not owe to a scrape that may never come. */
const openProcessMetrics = async (): Promise<Registry> => {
  const { Registry, collectDefaultMetrics } = await import('prom-client');
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return registry;
};

const braced = (labels: string): string => (labels === '' ? '' : `{${labels}}`);

/** Sorted, so that the order in which labels are written does not matter. */
const renderLabels = (labels: Labels): string =>
  Object.entries(labels)
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, value]) => {
      assert(NAME.test(name), () => `${name} is no name for a label`);
      return `${name}="${escapeHelp(value).replaceAll('"', '\\"')}"`;
    })
    .join(',');

const escapeHelp = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
