import { BATCH_HEADER_BYTES, baseOffsetOf, batchSizeBytes, crc32c, lastOffsetOf } from '@kafkaesque/protocol';
import type { DirectoryContext } from './directory-context';
import type { LogState } from './log-state';
import { OffsetIndex } from './offset-index';
import { isIndexSaved, newSegment, placeInSegment, segmentFileName } from './segment';
import type { Segment, SegmentIndex } from './segment';
import { withSegmentFile } from './segment-files';
import { recordTimestampOf, scanBatches } from './segment-scan';
import { readSmallFile, replaceFile } from './small-file';
import { TimeIndex } from './time-index';
import { isOutOfSpace } from './space-reserve';

const pathOf = (log: LogState, segment: Segment, kind: 'index' | 'timeindex'): string =>
  `${log.directory}/${segmentFileName(segment.baseOffset, kind)}`;

/** The whole index of a segment: as kept in memory, or from its files, or (on any doubt) from its batches. */
export const wholeIndex = async (
  context: DirectoryContext,
  log: LogState,
  segment: Segment,
): Promise<SegmentIndex> => {
  for (;;) {
    if (segment.index?.from === 0) {
      context.indexes.used(segment, segment !== log.segments[log.segments.length - 1]);
      return segment.index;
    }
    const { cuts } = log;
    const { index: behind } = segment;
    const to = behind?.from ?? segment.sizeBytes;
    const before =
      (await indexFromFiles(context, log, segment, to)) ??
      (await indexFromBatches(context, log, segment, to));
    // Another reader may have put both halves together by now, or somebody has thrown the second one away.
    const isOther = behind === undefined ? segment.index?.from === 0 : segment.index !== behind;
    if (log.cuts !== cuts || isOther) continue;
    segment.index = joined(before, segment.index);
  }
};

/** Throws the index away, files included: something read through it was not where it said. */
export const distrustIndex = (segment: Segment): void => {
  segment.index = undefined;
  segment.indexSavedTo = 0;
};

const crcOf = (offsets: Buffer, times: Buffer): number => crc32c(times, 0, times.length, crc32c(offsets));

const joined = (before: SegmentIndex, behind: SegmentIndex | undefined): SegmentIndex => {
  if (behind === undefined) return before;
  for (let entry = 0; entry < behind.offsets.count; entry++)
    before.offsets.append(behind.offsets.offsetAt(entry), behind.offsets.positionAt(entry));
  for (let entry = 0; entry < behind.times.count; entry++)
    before.times.append(behind.times.timestampAt(entry), behind.times.offsetAt(entry));
  return { from: 0, offsets: before.offsets, times: before.times };
};

const indexFromFiles = async (
  context: DirectoryContext,
  log: LogState,
  segment: Segment,
  to: number,
): Promise<SegmentIndex | undefined> => {
  if (to === 0 || segment.indexSavedTo !== to) return undefined;
  const offsets = await readSmallFile(context.disk, pathOf(log, segment, 'index'));
  const times = await readSmallFile(context.disk, pathOf(log, segment, 'timeindex'));
  if (offsets === undefined || times === undefined) return undefined;
  if (crcOf(offsets, times) !== segment.indexCrc) return undefined;
  return {
    from: 0,
    offsets: new OffsetIndex(segment.baseOffset, offsets),
    times: new TimeIndex(segment.baseOffset, times),
  };
};

/** Reads every header before `to` and does what appending did. */
const indexFromBatches = async (
  context: DirectoryContext,
  log: LogState,
  segment: Segment,
  to: number,
): Promise<SegmentIndex> => {
  const rebuilt = await rescanned(context, log, segment, to);
  return rebuilt.index ?? { from: 0, offsets: new OffsetIndex(0), times: new TimeIndex(0) };
};

const rescanned = async (
  context: DirectoryContext,
  log: LogState,
  segment: Segment,
  to: number,
): Promise<Segment> => {
  const rebuilt = newSegment(segment.baseOffset, 0, 0);
  const limit = offsetLimitOf(log, segment);
  let last = segment.baseOffset - 1;
  let expected = segment.baseOffset;
  await withSegmentFile(context, log, segment, (file) =>
    scanBatches(file, context.pool, 0, to, { whole: false, chunkBytes: chunkFor(log) }, (bytes, at) => {
      const lastOffset = lastOffsetOf(bytes, at);
      const sizeBytes = batchSizeBytes(bytes, at);
      // No checksum covers a batch's offset. A wrong one finds nothing, and must not lead readers astray.
      const isInPlace = segment.hasGaps || baseOffsetOf(bytes, at) === expected;
      expected = lastOffset + 1;
      if (isInPlace && lastOffset > last && lastOffset < limit) {
        last = lastOffset;
        const { indexIntervalBytes } = log.config;
        placeInSegment(rebuilt, lastOffset, sizeBytes, recordTimestampOf(bytes, at), indexIntervalBytes);
      } else rebuilt.sizeBytes += sizeBytes;
      return true;
    }),
  );
  context.metrics.rebuiltIndexes.add(1);
  // It covers the segment from its beginning, whether the first batch could be placed or not.
  if (rebuilt.index !== undefined) rebuilt.index = { ...rebuilt.index, from: 0 };
  return rebuilt;
};

/** Every offset of the segment lies below it. */
const offsetLimitOf = (log: LogState, segment: Segment): number => {
  const number = log.segments.indexOf(segment);
  return number < 0 ? Infinity : (log.segments[number + 1]?.baseOffset ?? log.end);
};

/** Finds index and timestamps of a segment anew, after a cut whose remainder memory does not know. */
export const rescanSegment = async (
  context: DirectoryContext,
  log: LogState,
  segment: Segment,
): Promise<void> => {
  const rebuilt = await rescanned(context, log, segment, segment.sizeBytes);
  segment.index = rebuilt.index;
  segment.nextIndexPosition = rebuilt.nextIndexPosition;
  segment.firstTimestampMs = rebuilt.firstTimestampMs;
  segment.maxTimestampMs = rebuilt.maxTimestampMs;
  segment.offsetOfMaxTimestamp = rebuilt.offsetOfMaxTimestamp;
};

const chunkFor = (log: LogState): number =>
  Math.max(64 << 10, log.config.indexIntervalBytes + BATCH_HEADER_BYTES);

/** A segment with hardly more than one interval of batches is sooner read again than its index files are written. */
export const isIndexWorthSaving = (log: LogState, segment: Segment): boolean =>
  !isIndexSaved(segment) && segment.sizeBytes > 2 * log.config.indexIntervalBytes;

/** Writes the index files of a segment that is closed and wholly in its file. They are not flushed: they can be rebuilt. */
export const saveIndex = async (
  context: DirectoryContext,
  log: LogState,
  segment: Segment,
): Promise<void> => {
  const index = await wholeIndex(context, log, segment);
  const { sizeBytes } = segment;
  if (segment.maxTimestampMs >= 0) index.times.append(segment.maxTimestampMs, segment.offsetOfMaxTimestamp);
  const offsets = Buffer.from(index.offsets.bytes());
  const times = Buffer.from(index.times.bytes());
  const { cuts } = log;
  try {
    await replaceFile(context.disk, pathOf(log, segment, 'index'), [offsets], { durable: false });
    await replaceFile(context.disk, pathOf(log, segment, 'timeindex'), [times], { durable: false });
    if (log.cuts !== cuts) return;
    segment.indexCrc = crcOf(offsets, times);
    segment.indexSavedTo = sizeBytes;
  } catch (error) {
    if (!isOutOfSpace(error)) throw error;
    context.logger.warn('No space for index files; they will be rebuilt when needed', {
      directory: log.directory,
      segment: segment.baseOffset,
    });
  }
};

/** Saves the indexes of the segments that appends have left behind. The caller holds `log.exclusive`. */
export const saveClosedIndexes = async (context: DirectoryContext, log: LogState): Promise<void> => {
  for (let number = log.segments.length - 2; number >= 0; number--) {
    const segment = log.segments[number];
    if (segment === undefined || isIndexSaved(segment)) return;
    if (!segment.created || log.written.segmentBase <= segment.baseOffset) continue;
    await saveIndex(context, log, segment);
  }
};
