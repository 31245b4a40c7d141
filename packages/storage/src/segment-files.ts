import { assert, hasCode } from '@kafkaesque/kernel';
import type { DiskFile } from '@kafkaesque/kernel';
import type { DirectoryContext, TopicNames } from './directory-context';
import { Exclusive } from './exclusive';
import { GatheredParts } from './gathered-parts';
import type { HeldBatch } from './held-batch';
import type { LogState } from './log-state';
import { markWritten, segmentFileName } from './segment';
import type { Segment } from './segment';
import { directoryOf, ensureDirectory } from './small-file';

/** Most bytes of one write to a segment. */
const PIECE_BYTES = 8 << 20;

export const segmentPath = (log: LogState, segment: Segment): string =>
  `${log.directory}/${segmentFileName(segment.baseOffset, 'log')}`;

/** Runs `work` with the segment's file open; the first use of a new segment creates it and its directories. */
export const withSegmentFile = async <T>(
  context: DirectoryContext,
  log: LogState,
  segment: Segment,
  work: (file: DiskFile) => Promise<T>,
): Promise<T> => {
  if (segment.created) return context.files.use(segment, segmentPath(log, segment), 'write', work);
  await makePartitionDirectory(context, log);
  return context.files.use(segment, segmentPath(log, segment), 'create', (file) => {
    segment.created = true;
    log.namesDirty = true;
    return work(file);
  });
};

/** Makes the log's directory, and its topic's, unless they are there. */
export const makePartitionDirectory = async (context: DirectoryContext, log: LogState): Promise<void> => {
  if (log.directoryMade) return;
  const topicDirectory = directoryOf(log.directory);
  const names = topicNames(context, topicDirectory);
  for (;;) {
    if (await ensureDirectory(context.disk, topicDirectory)) names.madeUnsynced = true;
    try {
      if (await ensureDirectory(context.disk, log.directory)) names.changedUnsynced = true;
      break;
    } catch (error) {
      // The topic's directory was empty a moment ago, and whoever removed its last partition removed it.
      if (!hasCode(error, 'ENOENT')) throw error;
    }
  }
  log.directoryMade = true;
  log.namesDirty = true;
};

export const topicNames = (context: DirectoryContext, topicDirectory: string): TopicNames => {
  let names = context.topicNames.get(topicDirectory);
  if (names === undefined) {
    names = { madeUnsynced: false, changedUnsynced: false, exclusive: new Exclusive() };
    context.topicNames.set(topicDirectory, names);
  }
  return names;
};

/** Makes durable the names of the log's files, of its directory and of its topic's directory. */
export const syncNames = async (context: DirectoryContext, log: LogState): Promise<void> => {
  if (log.namesDirty && log.directoryMade) {
    log.namesDirty = false;
    await syncOrMark(context, log.directory, () => (log.namesDirty = true));
  }
  await syncTopicNames(context, directoryOf(log.directory));
};

export const syncTopicNames = (context: DirectoryContext, topicDirectory: string): Promise<void> => {
  const names = topicNames(context, topicDirectory);
  // One at a time: whoever finds a mark gone may rely on its sync being over.
  return names.exclusive.run(async () => {
    if (names.changedUnsynced) {
      names.changedUnsynced = false;
      await syncOrMark(context, topicDirectory, () => (names.changedUnsynced = true));
    }
    if (names.madeUnsynced) {
      names.madeUnsynced = false;
      await syncOrMark(context, directoryOf(topicDirectory), () => (names.madeUnsynced = true));
    }
  });
};

const syncOrMark = async (context: DirectoryContext, path: string, mark: () => void): Promise<void> => {
  try {
    await context.disk.syncDirectory(path);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return;
    mark();
    throw error;
  }
};

/**
 * Writes the batches numbered `from` to `to` of the log's run into their segments, each piece in one gathered write,
 * and advances what counts as written. The caller holds `log.exclusive`.
 */
export const writeRun = async (
  context: DirectoryContext,
  log: LogState,
  from: number,
  to: number,
): Promise<void> => {
  let number = from;
  while (number < to) {
    const first = log.run.at(number);
    const { segment } = first;
    const gathered = new GatheredParts();
    let last = first;
    for (; number < to && gathered.sizeBytes < PIECE_BYTES; number++) {
      const batch = log.run.at(number);
      if (batch.segment !== segment) break;
      gathered.add(batch.bytes);
      last = batch;
    }
    await withSegmentFile(context, log, segment, (file) => file.write(gathered.finish(), first.position));
    segment.dirty = true;
    markWritten(segment, first.position, context.writtenBytes);
    context.writtenBytes += gathered.sizeBytes;
    log.unsyncedBytes += gathered.sizeBytes;
    context.metrics.segmentWriteBytes.add(gathered.sizeBytes);
    noteWritten(context, log, number, last);
  }
};

const noteWritten = (context: DirectoryContext, log: LogState, count: number, last: HeldBatch): void => {
  const from = log.writtenCount;
  log.writtenCount = count;
  log.written = {
    offset: last.nextOffset,
    segmentBase: last.segment.baseOffset,
    position: last.position + last.bytes.length,
    maxTimestampMs: last.maxTimestampMs,
    offsetOfMaxTimestamp: last.offsetOfMaxTimestamp,
  };
  for (let number = from; number < count; number++) {
    const batch = log.run.at(number);
    if (log.journaled) log.pendingBytes -= batch.bytes.length;
    context.memory.written(batch);
  }
};

/** Everything that the journal holds of this log goes to its segments. The caller holds `log.exclusive`. */
export const writePending = async (
  context: DirectoryContext,
  log: LogState,
  upTo: number = log.durableCount,
): Promise<void> => {
  if (log.writtenCount < upTo) await writeRun(context, log, log.writtenCount, upTo);
  assert(log.writtenCount < log.durableCount || log.pendingBytes === 0, 'what is pending is counted');
};
