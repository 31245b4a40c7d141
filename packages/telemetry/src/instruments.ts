import type { Counter, Gauge, Histogram, MetricLabels } from '@kafkaesque/kernel';

/** One line of the exposition. `name` replaces that of the family. */
export interface Sample {
  readonly labels: Record<string, string>;
  readonly value: number;
  readonly metricName?: string;
}

/** One instrument as the exposition sees it. */
export interface Series {
  /** Appends what it has now. */
  tell(name: string, labels: MetricLabels, samples: Sample[]): void;
}

export class CountedNumber implements Counter, Series {
  #value = 0;

  add(amount: number): void {
    this.#value += amount;
  }

  tell(_name: string, labels: MetricLabels, samples: Sample[]): void {
    samples.push({ labels, value: this.#value });
  }
}

export class SetNumber implements Gauge, Series {
  #value = 0;

  set(value: number): void {
    this.#value = value;
  }

  tell(_name: string, labels: MetricLabels, samples: Sample[]): void {
    samples.push({ labels, value: this.#value });
  }
}

/** 1, 2.5 and 5 in each decade, from a tenth of a millisecond to nearly three hours. */
const BUCKET_BOUNDS: readonly number[] = [0.1, 1, 10, 100, 1000, 10_000, 100_000, 1_000_000].flatMap(
  (decade) => [decade, decade * 2.5, decade * 5],
);

/** Values counted below fixed bounds. */
export class Distribution implements Histogram, Series {
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

  tell(name: string, labels: MetricLabels, samples: Sample[]): void {
    let count = 0;
    this.#counts.forEach((inBucket, index) => {
      count += inBucket;
      const bound = BUCKET_BOUNDS[index];
      const le = bound === undefined ? '+Inf' : String(bound);
      samples.push({ labels: { ...labels, le }, value: count, metricName: `${name}_bucket` });
    });
    samples.push({ labels, value: this.#sum, metricName: `${name}_sum` });
    samples.push({ labels, value: count, metricName: `${name}_count` });
  }
}

/** As the Prometheus exporter names the percentiles of Kafka's histograms. */
export const QUANTILES = ['0.50', '0.75', '0.95', '0.98', '0.99', '0.999'] as const;

/** A value's bucket is its exponent and the first four bits of its mantissa: a quantile is right to three per cent. */
const MANTISSA_BITS = 4;
const BUCKET_SHIFT = 20 - MANTISSA_BITS;
/** 2⁻¹⁰ and less count as nothing, 2⁴⁰ and more as 2⁴⁰. */
const LEAST_EXPONENT = -10;
const LARGEST_EXPONENT = 40;
const EXPONENT_BIAS = 1023;
const FIRST_BUCKET = (LEAST_EXPONENT + EXPONENT_BIAS) << MANTISSA_BITS;
const BUCKET_COUNT = ((LARGEST_EXPONENT - LEAST_EXPONENT) << MANTISSA_BITS) + 1;

/** One number, seen as two halves: how a bucket is found without a logarithm. */
const number = new Float64Array(1);
const halves = new Uint32Array(number.buffer);
const UPPER_HALF = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1 ? 1 : 0;

const bucketOf = (value: number): number => {
  number[0] = value;
  const bucket = ((halves[UPPER_HALF] ?? 0) >>> BUCKET_SHIFT) - FIRST_BUCKET;
  return value > 0 && bucket > 0 ? Math.min(bucket, BUCKET_COUNT - 1) : 0;
};

/** The middle of a bucket. */
const valueOf = (bucket: number): number => {
  if (bucket === 0) return 0;
  halves[1 - UPPER_HALF] = 0;
  halves[UPPER_HALF] = (bucket + FIRST_BUCKET) << BUCKET_SHIFT;
  const lower = number[0] ?? 0;
  halves[UPPER_HALF] = (bucket + 1 + FIRST_BUCKET) << BUCKET_SHIFT;
  return (lower + (number[0] ?? 0)) / 2;
};

/**
 * Quantiles of what was recorded in the current and the last window, with count and sum of everything. Memory is taken
 * at the first value: most APIs are never asked.
 */
export class RecentQuantiles implements Histogram, Series {
  #window: Uint32Array | undefined;
  #lastWindow: Uint32Array | undefined;
  #count = 0;
  #sum = 0;

  record(value: number): void {
    this.#window ??= new Uint32Array(BUCKET_COUNT);
    const bucket = bucketOf(value);
    this.#window[bucket] = (this.#window[bucket] ?? 0) + 1;
    this.#count += 1;
    this.#sum += value;
  }

  /** Begins a new window; what lies two windows back is forgotten. */
  turn(): void {
    if (this.#window === undefined) return;
    const reused = this.#lastWindow?.fill(0) ?? new Uint32Array(BUCKET_COUNT);
    this.#lastWindow = this.#window;
    this.#window = reused;
  }

  tell(name: string, labels: MetricLabels, samples: Sample[]): void {
    const counts = this.#both();
    const recent = counts.reduce((sum, count) => sum + count, 0);
    let bucket = 0;
    let below = counts[0] ?? 0;
    for (const quantile of QUANTILES) {
      const rank = Math.ceil(Number(quantile) * recent);
      while (below < rank) {
        bucket += 1;
        below += counts[bucket] ?? 0;
      }
      samples.push({ labels: { ...labels, quantile }, value: recent === 0 ? 0 : valueOf(bucket) });
    }
    samples.push({ labels, value: this.#sum, metricName: `${name}_sum` });
    samples.push({ labels, value: this.#count, metricName: `${name}_count` });
  }

  #both(): Float64Array {
    const counts = new Float64Array(BUCKET_COUNT);
    this.#window?.forEach((count, bucket) => {
      counts[bucket] = count + (this.#lastWindow?.[bucket] ?? 0);
    });
    return counts;
  }
}
