import { baseOffsetOf, lastOffsetOf, leaderEpochOf, maxTimestampOf, recordsOf } from '@kafkaesque/protocol';
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
  let best = await largestOfFirst(context, log);
  for (const segment of log.segments) {
    if (segment.baseOffset < log.logStart || segment.maxTimestampMs <= (best?.timestampMs ?? -1)) continue;
    const { maxTimestampMs, offsetOfMaxTimestamp } = segment;
    best =
      (await recordIn(context, log, offsetOfMaxTimestamp, (timestampMs) => timestampMs === maxTimestampMs))
        .record ?? best;
  }
  return best;
};

/** Of a segment that the log start cuts through, what counts lies behind it: its batches are looked through. */
const largestOfFirst = async (
  context: DirectoryContext,
  log: LogState,
): Promise<TimestampedOffset | undefined> => {
  const [first, second] = log.segments;
  if (first === undefined || first.baseOffset >= log.logStart || first.sizeBytes === 0) return undefined;
  const endOffset = second?.baseOffset ?? log.end;
  let boundary: number | undefined;
  let offset: number | undefined;
  let largestMs = -1;
  await walkBatches(context, log, log.logStart, (bytes, at) => {
    const baseOffset = baseOffsetOf(bytes, at);
    if (baseOffset >= endOffset) return false;
    if (baseOffset < log.logStart) boundary = log.logStart;
    else if (maxTimestampOf(bytes, at) > largestMs) {
      largestMs = maxTimestampOf(bytes, at);
      offset = baseOffset;
    }
    return true;
  });
  const found =
    offset === undefined
      ? undefined
      : (await recordIn(context, log, offset, (timestampMs) => timestampMs === largestMs)).record;
  const cut = boundary === undefined ? undefined : await largestIn(context, log, boundary);
  return cut !== undefined && cut.timestampMs >= (found?.timestampMs ?? -1) ? cut : found;
};

/** The largest timestamp of the records that the log still has of the batch at `offset`. */
const largestIn = async (
  context: DirectoryContext,
  log: LogState,
  offset: number,
): Promise<TimestampedOffset | undefined> => {
  let largestMs = -1;
  await recordIn(context, log, offset, (timestampMs) => {
    largestMs = Math.max(largestMs, timestampMs);
    return false;
  });
  return largestMs < 0
    ? undefined
    : (await recordIn(context, log, offset, (timestampMs) => timestampMs === largestMs)).record;
};
