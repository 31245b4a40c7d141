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
  /** Spent before the partitions were known; with groups, in rebalances. */
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
