import { hasCode } from '@kafkaesque/kernel';
import type { DirectoryContext } from './directory-context';
import { rescanSegment } from './index-files';
import { emptyEnd, runNumberOf } from './log-state';
import type { LogState } from './log-state';
import type { CutPlace } from './log-walk';
import { cutSegment, segmentFileName } from './segment';
import type { Segment } from './segment';
import { segmentPath, withSegmentFile, writePending } from './segment-files';
import { removeSnapshotsAbove } from './snapshot-files';
import { unlinkIfThere } from './small-file';

/*
 * What a durable truncation, reset or log start does to memory and files. Each runs under `log.exclusive`, after its
 * journal entry is durable and before the log counts as settled beyond that entry.
 */

/** Takes every batch numbered `from` or later out of memory. */
export const dropRun = (context: DirectoryContext, log: LogState, from: number): void => {
  while (log.run.end > Math.max(from, log.run.first)) {
    const wasWritten = log.run.end <= log.writtenCount;
    const isPending = !wasWritten && log.journaled && log.run.end <= log.durableCount;
    const batch = log.run.pop();
    if (isPending) log.pendingBytes -= batch.bytes.length;
    context.memory.drop(batch, wasWritten);
  }
  log.writtenCount = Math.min(log.writtenCount, log.run.end);
  log.durableCount = Math.min(log.durableCount, log.run.end);
  log.waiting.length = 0;
};

/** Carries out a truncation to `place`. */
export const truncateLog = async (
  context: DirectoryContext,
  log: LogState,
  place: CutPlace,
): Promise<void> => {
  const kept = runNumberOf(log, place.offset);
  await writePending(context, log, Math.min(kept, log.durableCount));
  log.cuts += 1;
  dropRun(context, log, kept);
  const removed = forgetBehind(log, place.segment, place.position, place.offset);
  log.end = place.offset;
  log.durableEnd = place.offset;
  log.cleanedTo = Math.min(log.cleanedTo, place.offset);
  log.epochs.truncateTo(place.offset);
  const { position } = place;
  if (position === 0) {
    if (log.written.offset > place.offset) log.written = emptyEnd(place.offset);
    if (log.synced.offset > place.offset) log.synced = emptyEnd(place.offset);
  } else {
    await cutFile(context, log, place.segment, position);
    const times = await restoreTimes(context, log, place.segment);
    const end = { offset: place.offset, segmentBase: place.segment.baseOffset, position, ...times };
    if (log.written.offset > place.offset) log.written = end;
    if (log.synced.offset > place.offset) log.synced = end;
  }
  await removeSegmentFiles(context, log, removed);
  await removeSnapshotsAbove(context, log, place.offset);
  log.quarantined = false;
};

/** Takes segments behind the place out of the log; returns those whose files go. */
export const forgetBehind = (
  log: LogState,
  segment: Segment,
  position: number,
  endOffset: number,
): readonly Segment[] => {
  const kept = log.segments.indexOf(segment) + (position === 0 ? 0 : 1);
  const removed = log.segments.slice(kept);
  log.segments = log.segments.slice(0, kept);
  if (position > 0) cutSegment(segment, position, endOffset);
  return removed;
};

export const cutFile = async (
  context: DirectoryContext,
  log: LogState,
  segment: Segment,
  position: number,
): Promise<void> => {
  if (!segment.created) return;
  await withSegmentFile(context, log, segment, async (file) => {
    if ((await file.sizeBytes()) <= position) return;
    await file.truncate(position);
    segment.dirty = true;
  });
};

/** The greatest timestamp of what a cut left in a segment. */
export const restoreTimes = async (
  context: DirectoryContext,
  log: LogState,
  segment: Segment,
): Promise<{ readonly maxTimestampMs: number; readonly offsetOfMaxTimestamp: number }> => {
  const last = log.run.size > 0 ? log.run.at(log.run.end - 1) : undefined;
  if (last?.segment === segment) {
    segment.maxTimestampMs = last.maxTimestampMs;
    segment.offsetOfMaxTimestamp = last.offsetOfMaxTimestamp;
  } else await rescanSegment(context, log, segment);
  return { maxTimestampMs: segment.maxTimestampMs, offsetOfMaxTimestamp: segment.offsetOfMaxTimestamp };
};

/** Carries out a reset: nothing is left, the next batch goes to `offset` or beyond. */
export const resetLog = async (context: DirectoryContext, log: LogState, offset: number): Promise<void> => {
  log.cuts += 1;
  dropRun(context, log, 0);
  const removed = log.segments;
  log.segments = [];
  log.logStart = offset;
  log.end = offset;
  log.durableEnd = offset;
  log.cleanedTo = 0;
  log.written = emptyEnd(offset);
  log.synced = emptyEnd(offset);
  log.epochs.truncateTo(0);
  log.quarantined = false;
  await removeSegmentFiles(context, log, removed);
  await removeSnapshotsAbove(context, log, -1);
};

/** The first segment that survives a log start of `offset`: the one that contains it, none if the log ends there. */
export const firstSurvivor = (log: LogState, offset: number): number => {
  if (offset >= log.end) return offset;
  let base = log.segments[0]?.baseOffset ?? offset;
  for (const segment of log.segments) if (segment.baseOffset <= offset) base = segment.baseOffset;
  return base;
};

/** Carries out a raised log start: segments before `firstSegment` go. Their files are renamed, and removed later. */
export const raiseStart = async (
  context: DirectoryContext,
  log: LogState,
  offset: number,
  firstSegment: number,
  removeLater: (path: string) => void,
): Promise<void> => {
  await writePending(context, log);
  log.logStart = Math.max(log.logStart, offset);
  log.epochs.raiseStart(log.logStart);
  const removed = log.segments.filter((segment) => segment.baseOffset < firstSegment);
  if (removed.length === 0) return;
  log.segments = log.segments.filter((segment) => segment.baseOffset >= firstSegment);
  if (log.written.segmentBase < firstSegment) log.written = emptyEnd(firstSegment);
  if (log.synced.segmentBase < firstSegment) log.synced = emptyEnd(firstSegment);
  for (const segment of removed) {
    await context.files.close(segment);
    if (!segment.created) continue;
    for (const kind of ['log', 'index', 'timeindex'] as const) {
      const path = `${log.directory}/${segmentFileName(segment.baseOffset, kind)}`;
      try {
        await context.disk.rename(path, `${path}.deleted`);
        // Only now: a sync that began before may not have seen it.
        log.namesDirty = true;
        removeLater(`${path}.deleted`);
      } catch (error) {
        if (!hasCode(error, 'ENOENT')) throw error;
      }
    }
  }
};

/** Unlinks the files of segments that a cut removed, the last first. */
export const removeSegmentFiles = async (
  context: DirectoryContext,
  log: LogState,
  removed: readonly Segment[],
): Promise<void> => {
  for (const segment of removed.toReversed()) {
    await context.files.close(segment);
    if (!segment.created) continue;
    await context.disk.unlink(segmentPath(log, segment));
    // Only now: a sync that began before may not have seen it.
    log.namesDirty = true;
    await unlinkIfThere(context.disk, `${log.directory}/${segmentFileName(segment.baseOffset, 'index')}`);
    await unlinkIfThere(context.disk, `${log.directory}/${segmentFileName(segment.baseOffset, 'timeindex')}`);
  }
};
