import type { SeededRandom } from '@kafkaesque/kernel';
import { LeaderEpoch, Offset, TimestampMs, inlineCompute } from '@kafkaesque/kernel';
import { decodeBatch, encodeBatch } from '@kafkaesque/protocol';
import type { Codec } from '@kafkaesque/protocol';
import type { CleaningOptions, CleaningOutcome, Log } from '../log';
import { appendBatch, durable, readAll } from './test-directory';

/** A record of a test: a key with its value, or null for a tombstone. */
export interface TestRecord {
  readonly key: string;
  readonly value: string | null;
  readonly timestampMs?: number;
}

export interface TestBatchOptions {
  readonly epoch?: number;
  readonly codec?: Codec;
  readonly isTransactional?: boolean;
  readonly producerId?: number;
}

/** Appends one batch at the log's end. */
export const appendRecords = (
  log: Log,
  records: readonly TestRecord[],
  { epoch = 0, codec = 'none', ...rest }: TestBatchOptions = {},
): void => {
  const bytes = encodeBatch({
    baseOffset: log.endOffset,
    leaderEpoch: LeaderEpoch(epoch),
    codec,
    ...(rest as object),
    records: records.map(({ key, value, timestampMs = 1000 }) => ({
      key: Buffer.from(key),
      value: value === null ? null : Buffer.from(value),
      timestampMs: TimestampMs(timestampMs),
    })),
  });
  log.append([appendBatch(bytes)]);
};

export const cleaningOptions = (log: Log, changes: Partial<CleaningOptions> = {}): CleaningOptions => ({
  upTo: log.durableEndOffset,
  tombstonesBelow: () => log.durableEndOffset,
  compute: inlineCompute,
  dedupeBufferBytes: 1 << 20,
  loadFactor: 0.9,
  ioBufferBytes: 4096,
  ...changes,
});

export const cleanNow = (log: Log, changes: Partial<CleaningOptions> = {}): Promise<CleaningOutcome> =>
  log.clean(cleaningOptions(log, changes));

/** A record as a reader gets it. */
export interface ReadRecord {
  readonly offset: number;
  readonly key: string;
  readonly value: string | null;
  readonly timestampMs: number;
}

export const readRecords = async (log: Log): Promise<readonly ReadRecord[]> =>
  (await readAll(log)).flatMap((bytes) =>
    decodeBatch(bytes).records.map(({ offset, key, value, timestampMs }) => ({
      offset,
      key: String(key),
      value: value === null ? null : String(value),
      timestampMs,
    })),
  );

/** What somebody knows who has read everything from the beginning: the newest value of each key. */
export const latestOf = (
  records: Iterable<{ readonly key: string; readonly value: string | null }>,
): ReadonlyMap<string, string> => {
  const latest = new Map<string, string>();
  for (const { key, value } of records)
    if (value === null) latest.delete(key);
    else latest.set(key, value);
  return latest;
};

/** Appends batches of random keys until the log has so many segments more. */
export const appendAtRandom = async (
  log: Log,
  random: SeededRandom,
  segments: number,
): Promise<ReadRecord[]> => {
  const appended: ReadRecord[] = [];
  const until = log.segmentCount + segments;
  while (log.segmentCount < until) {
    const base = log.endOffset;
    const records = Array.from({ length: 1 + random.below(4) }, (_, index) => ({
      key: `key ${random.below(12)}`,
      value: random.below(4) === 0 ? null : `value ${base + index}`,
      timestampMs: 1000 + base + index,
    }));
    appendRecords(log, records, { codec: random.below(2) === 0 ? 'none' : 'gzip' });
    appended.push(...records.map((record, index) => ({ ...record, offset: base + index })));
  }
  await durable(log);
  return appended;
};

export const offsetOf = (value: number): Offset => Offset(value);
