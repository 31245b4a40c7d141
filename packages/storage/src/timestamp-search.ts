import { LeaderEpoch, Offset, TimestampMs } from '@kafkaesque/kernel';
import {
  baseOffsetOf,
  lastOffsetOf,
  leaderEpochOf,
  maxTimestampOf,
  recordsOf,
  timestampTypeOf,
} from '@kafkaesque/protocol';
import type { DirectoryContext } from './directory-context';
import { wholeIndex } from './index-files';
import type { TimestampedOffset } from './log';
import { readLog } from './log-reader';
import type { LogState } from './log-state';
import { walkBatches } from './log-walk';
import type { Segment } from './segment';

/** The first record in offset order whose timestamp is at least `timestampMs`. */
export const findTimestamp = async (
  context: DirectoryContext,
  log: LogState,
  timestampMs: number,
): Promise<TimestampedOffset | undefined> => {
  const segment = log.segments.find((candidate) => candidate.maxTimestampMs >= timestampMs);
  if (segment === undefined) return undefined;
  let from = Math.max(await searchStart(context, log, segment, timestampMs), log.logStart);
  for (;;) {
    const batchOffset = await firstBatchReaching(context, log, from, timestampMs);
    if (batchOffset === undefined) return undefined;
    const found = await recordIn(context, log, batchOffset, (recordMs) => recordMs >= timestampMs);
    if (found.record !== undefined) return found.record;
    from = found.nextOffset;
  }
};

const searchStart = async (
  context: DirectoryContext,
  log: LogState,
  segment: Segment,
  timestampMs: number,
): Promise<number> => {
  const { times } = await wholeIndex(context, log, segment);
  const entry = times.lastBelow(timestampMs);
  return entry < 0 ? segment.baseOffset : times.offsetAt(entry) + 1;
};

const firstBatchReaching = async (
  context: DirectoryContext,
  log: LogState,
  from: number,
  timestampMs: number,
): Promise<number | undefined> => {
  let found: number | undefined;
  await walkBatches(context, log, from, (bytes, at) => {
    if (maxTimestampOf(bytes, at) < timestampMs || lastOffsetOf(bytes, at) < from) return true;
    found = Math.max(baseOffsetOf(bytes, at), from);
    return false;
  });
  return found;
};

/** The first record of the batch at `offset` that lies in the log and whose timestamp fits. */
const recordIn = async (
  context: DirectoryContext,
  log: LogState,
  offset: number,
  fits: (timestampMs: number) => boolean,
): Promise<{ readonly record: TimestampedOffset | undefined; readonly nextOffset: number }> => {
  const slices = await readLog(context, log, offset, log.end, 1, { atLeastOne: true });
  try {
    const [bytes] = slices.parts;
    if (bytes === undefined) return { record: undefined, nextOffset: log.end };
    const leaderEpoch = leaderEpochOf(bytes);
    for (const record of recordsOf(bytes)) {
      if (record.offset < log.logStart || !fits(record.timestampMs)) continue;
      return {
        record: { offset: record.offset, timestampMs: record.timestampMs, leaderEpoch },
        nextOffset: slices.nextOffset,
      };
    }
    return { record: undefined, nextOffset: slices.nextOffset };
  } finally {
    slices.release();
  }
};

/** The record with the largest timestamp, the first of equals; with LogAppendTime the first of its batch (KIP-734). */
export const findMaxTimestamp = async (
  context: DirectoryContext,
  log: LogState,
): Promise<TimestampedOffset | undefined> => {
  let largest: Segment | undefined;
  for (const segment of log.segments)
    if (segment.maxTimestampMs > (largest?.maxTimestampMs ?? -1)) largest = segment;
  if (largest === undefined) return undefined;
  const { maxTimestampMs, offsetOfMaxTimestamp } = largest;
  const slices = await readLog(context, log, Math.max(offsetOfMaxTimestamp, log.logStart), log.end, 1, {
    atLeastOne: true,
  });
  try {
    const [bytes] = slices.parts;
    if (bytes === undefined) return undefined;
    const leaderEpoch = leaderEpochOf(bytes);
    if (timestampTypeOf(bytes) === 'LogAppendTime')
      return { offset: baseOffsetOf(bytes), timestampMs: TimestampMs(maxTimestampMs), leaderEpoch };
    let found: TimestampedOffset | undefined;
    for (const record of recordsOf(bytes))
      if (record.timestampMs > (found?.timestampMs ?? -1))
        found = {
          offset: Offset(record.offset),
          timestampMs: record.timestampMs,
          leaderEpoch: LeaderEpoch(leaderEpoch),
        };
    return found;
  } finally {
    slices.release();
  }
};
