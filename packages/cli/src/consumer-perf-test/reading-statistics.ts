const BYTES_PER_MB = 1024 * 1024;

/** How far a reading has come. */
export interface ReadingProgress {
  readonly records: number;
  readonly bytes: number;
}

/** A stretch of time, in wall time for people. */
export interface ReadingSpan {
  readonly startMs: number;
  readonly endMs: number;
  /** Spent in rebalances. */
  readonly joiningMs: number;
}

const EXTENDED = ', rebalance.time.ms, fetch.time.ms, fetch.MB.sec, fetch.nMsg.sec';
const COLUMNS = 'data.consumed.in.MB, MB.sec, data.consumed.in.nMsg, nMsg.sec';

/** The names of the columns. */
export const headerLine = (isDetailed: boolean): string =>
  `${isDetailed ? 'time, threadId' : 'start.time, end.time'}, ${COLUMNS}${EXTENDED}\n`;

const fixed = (value: number): string => value.toFixed(4);

/** The one line of a whole run. */
export const summaryLine = (
  { records, bytes }: ReadingProgress,
  { startMs, endMs, joiningMs }: ReadingSpan,
  formatTime: (time: Date) => string,
): string => {
  const elapsedSeconds = (endMs - startMs) / 1000;
  const fetchMs = endMs - startMs - joiningMs;
  const megabytes = bytes / BYTES_PER_MB;
  return `${[
    formatTime(new Date(startMs)),
    formatTime(new Date(endMs)),
    fixed(megabytes),
    fixed(megabytes / elapsedSeconds),
    records,
    fixed(records / elapsedSeconds),
    joiningMs,
    fetchMs,
    fixed(megabytes / (fetchMs / 1000)),
    fixed(records / (fetchMs / 1000)),
  ].join(', ')}\n`;
};

/** The line of one interval; totals so far, rates of the interval. */
export const intervalLine = (
  total: ReadingProgress,
  before: ReadingProgress,
  { startMs, endMs, joiningMs }: ReadingSpan,
  formatTime: (time: Date) => string,
): string => {
  const elapsedMs = endMs - startMs;
  const fetchMs = elapsedMs - joiningMs;
  const megabytes = (total.bytes - before.bytes) / BYTES_PER_MB;
  const records = total.records - before.records;
  const perFetchSecond = (amount: number): number => (fetchMs <= 0 ? 0 : (1000 * amount) / fetchMs);
  return `${[
    formatTime(new Date(endMs)),
    0,
    fixed(total.bytes / BYTES_PER_MB),
    fixed((1000 * megabytes) / elapsedMs),
    total.records,
    fixed((1000 * records) / elapsedMs),
    joiningMs,
    fetchMs,
    fixed(perFetchSecond(megabytes)),
    fixed(perFetchSecond(records)),
  ].join(', ')}\n`;
};

/** What --print-metrics tells, in the form of Kafka's metrics: what was measured here, and no more. */
export const metricLines = (
  { records, bytes }: ReadingProgress,
  { startMs, endMs, joiningMs }: ReadingSpan,
  { partitions, rebalances }: { readonly partitions: number; readonly rebalances: number },
): string => {
  const seconds = (endMs - startMs) / 1000;
  const values: readonly (readonly [string, number])[] = [
    ['consumer-coordinator-metrics:assigned-partitions', partitions],
    ['consumer-coordinator-metrics:rebalance-latency-avg', joiningMs / rebalances],
    ['consumer-coordinator-metrics:rebalance-latency-total', joiningMs],
    ['consumer-coordinator-metrics:rebalance-total', rebalances],
    ['consumer-fetch-manager-metrics:bytes-consumed-rate', bytes / seconds],
    ['consumer-fetch-manager-metrics:bytes-consumed-total', bytes],
    ['consumer-fetch-manager-metrics:records-consumed-rate', records / seconds],
    ['consumer-fetch-manager-metrics:records-consumed-total', records],
  ];
  const named = values.map(([name, value]) => [`${name}:{client-id=perf-consumer-client}`, value] as const);
  const width = Math.max(...named.map(([name]) => name.length));
  const lines = named.map(([name, value]) => `${name.padEnd(width)} : ${value.toFixed(3)}`);
  return `\n${['Metric Name'.padEnd(width) + '   Value', ...lines].join('\n')}\n`;
};
