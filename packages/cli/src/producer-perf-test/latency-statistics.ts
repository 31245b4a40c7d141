/** Latencies kept of a run; more are thinned out evenly. */
const MOST_SAMPLES = 500_000;
const BYTES_PER_MB = 1024 * 1024;

export interface StatisticsOptions {
  /** Records that will be counted. */
  readonly expected: number;
  readonly reportingIntervalMs: number;
  readonly startMs: number;
  /** Counts what comes after the warm-up. */
  readonly isSteadyState?: boolean;
}

/** What `record` reports of each window and `total` at the end, in the words that scripts look for. */
export class LatencyStatistics {
  readonly #options: StatisticsOptions;
  readonly #sampling: number;
  readonly #latenciesMs: number[] = [];
  #count = 0;
  #bytes = 0;
  #totalLatencyMs = 0;
  #maxLatencyMs = 0;
  #window = { startMs: 0, count: 0, bytes: 0, totalLatencyMs: 0, maxLatencyMs: 0 };
  #isSilent = false;

  constructor(options: StatisticsOptions) {
    this.#options = options;
    this.#sampling = Math.floor(options.expected / Math.min(options.expected, MOST_SAMPLES));
    this.#window.startMs = options.startMs;
  }

  get count(): number {
    return this.#count;
  }

  /** From now on windows are not reported: somebody else's are. */
  silence(): void {
    this.#isSilent = true;
  }

  /** Counts an acknowledged record of `sizeBytes` at `nowMs`; returns the lines to print when a window is over. */
  record(latencyMs: number, sizeBytes: number, nowMs: number): string {
    if (this.#count % this.#sampling === 0) this.#latenciesMs.push(latencyMs);
    this.#count += 1;
    this.#bytes += sizeBytes;
    this.#totalLatencyMs += latencyMs;
    this.#maxLatencyMs = Math.max(this.#maxLatencyMs, latencyMs);
    const window = this.#window;
    window.count += 1;
    window.bytes += sizeBytes;
    window.totalLatencyMs += latencyMs;
    window.maxLatencyMs = Math.max(window.maxLatencyMs, latencyMs);
    if (nowMs - window.startMs < this.#options.reportingIntervalMs) return '';
    const isFirst = this.#options.isSteadyState === true && this.#count === window.count;
    const lines = `${isFirst ? 'In steady state.\n' : ''}${this.#isSilent ? '' : this.#windowLine(nowMs)}`;
    this.#window = { startMs: nowMs, count: 0, bytes: 0, totalLatencyMs: 0, maxLatencyMs: 0 };
    return lines;
  }

  /** The line of the whole run, `nowMs` being its end. */
  total(nowMs: number): string {
    const { recordsPerSecond, megabytesPerSecond, averageMs, maxMs, percentilesMs } = this.summary(nowMs);
    const [p50, p95, p99, p999] = percentilesMs;
    return (
      `${this.#count}${this.#options.isSteadyState === true ? ' steady state' : ''} records sent, ` +
      `${recordsPerSecond.toFixed(6)} records/sec (${megabytesPerSecond.toFixed(2)} MB/sec), ` +
      `${averageMs.toFixed(2)} ms avg latency, ${maxMs.toFixed(2)} ms max latency, ` +
      `${p50} ms 50th, ${p95} ms 95th, ${p99} ms 99th, ${p999} ms 99.9th.\n`
    );
  }

  /** The same as numbers; percentiles are those of 50, 95, 99 and 99.9 %. */
  summary(nowMs: number): RunSummary {
    const elapsedMs = nowMs - this.#options.startMs;
    const sorted = Float64Array.from(this.#latenciesMs).sort();
    const percentile = (share: number): number => sorted[Math.floor(share * sorted.length)] ?? 0;
    return {
      records: this.#count,
      recordsPerSecond: (1000 * this.#count) / elapsedMs,
      megabytesPerSecond: (1000 * this.#bytes) / elapsedMs / BYTES_PER_MB,
      averageMs: this.#totalLatencyMs / this.#count,
      maxMs: this.#maxLatencyMs,
      percentilesMs: [percentile(0.5), percentile(0.95), percentile(0.99), percentile(0.999)],
    };
  }

  #windowLine(nowMs: number): string {
    const { startMs, count, bytes, totalLatencyMs, maxLatencyMs } = this.#window;
    const elapsedMs = nowMs - startMs;
    return (
      `${count} records sent, ${((1000 * count) / elapsedMs).toFixed(1)} records/sec ` +
      `(${((1000 * bytes) / elapsedMs / BYTES_PER_MB).toFixed(2)} MB/sec), ` +
      `${(totalLatencyMs / count).toFixed(1)} ms avg latency, ${maxLatencyMs.toFixed(1)} ms max latency.\n`
    );
  }
}

/** A run in numbers. */
export interface RunSummary {
  readonly records: number;
  readonly recordsPerSecond: number;
  readonly megabytesPerSecond: number;
  readonly averageMs: number;
  readonly maxMs: number;
  readonly percentilesMs: readonly [number, number, number, number];
}
