import { Failure, hasCode } from '@kafkaesque/kernel';
import { batchSizeBytes, lastOffsetOf } from '@kafkaesque/protocol';
import { BatchChain } from './batch-chain';
import type { DirectoryContext } from './directory-context';
import { wholeIndex } from './index-files';
import { runNumberOf, segmentIndexOf } from './log-state';
import type { LogState } from './log-state';
import type { Segment } from './segment';
import { withSegmentFile } from './segment-files';
import { scanBatches } from './segment-scan';
import type { ScanEnd } from './segment-scan';

const WALK_CHUNK_BYTES = 256 << 10;
const SEARCH_CHUNK_BYTES = 64 << 10;

/** Called for each batch, with its header (or, of a control batch, all of it) in memory; false ends the walk. */
export type BatchVisit = (bytes: Buffer, at: number) => boolean;

/**
 * Walks the batches from the one that contains `from` to the end, on disk and then in memory. A truncation meanwhile
 * ends it with `LOG_CHANGED`: what was visited may be gone.
 */
export const walkBatches = async (
  context: DirectoryContext,
  log: LogState,
  from: number,
  visit: BatchVisit,
): Promise<void> => {
  // Compaction leaves offsets what they were: the walk goes on behind what it has visited.
  const truncations = log.cuts - log.cleanings;
  let next: number | undefined = from;
  const progress = { next: from };
  const visitOn: BatchVisit = (bytes, at) => {
    progress.next = lastOffsetOf(bytes, at) + 1;
    return visit(bytes, at);
  };
  while (next !== undefined && next < log.end) {
    if (log.run.size > 0 && next >= firstOfRun(log)) {
      walkRun(log, next, visit);
      return;
    }
    const { cleanings } = log;
    const here: number = next;
    try {
      next = await walkSegment(context, log, here, visitOn);
    } catch (error) {
      if (log.cleanings === cleanings || !isOfCleaning(error)) throw error;
      next = Math.max(here, progress.next);
    }
    if (log.cuts - log.cleanings !== truncations) throw cutMeanwhile(log);
  }
};

/** What a reader may meet whose segments compaction has just replaced. */
const isOfCleaning = (error: unknown): boolean => hasCode(error, 'LOG_CHANGED') || hasCode(error, 'ENOENT');

/** Does something anew that compaction came between. */
export const whileUncleaned = async <T>(log: LogState, work: () => Promise<T>): Promise<T> => {
  for (;;) {
    const { cleanings } = log;
    try {
      const result = await work();
      if (log.cleanings === cleanings) return result;
    } catch (error) {
      if (log.cleanings === cleanings || !isOfCleaning(error)) throw error;
    }
  }
};

const cutMeanwhile = (log: LogState): Failure =>
  new Failure('LOG_CHANGED', `${log.directory} was cut while it was read`, { retriable: true });

const firstOfRun = (log: LogState): number => log.run.at(log.run.first).baseOffset;

const walkRun = (log: LogState, from: number, visit: BatchVisit): void => {
  const { end } = log.run;
  for (let number = runNumberOf(log, from); number < end; number++)
    if (!visit(log.run.at(number).bytes, 0)) return;
};

/** Walks what the file of one segment holds; returns where to go on, undefined when the walk is over. */
const walkSegment = async (
  context: DirectoryContext,
  log: LogState,
  from: number,
  visit: BatchVisit,
): Promise<number | undefined> => {
  const number = Math.max(segmentIndexOf(log, from), 0);
  const segment = log.segments[number];
  if (segment === undefined) return undefined;
  let next = from;
  const scan = await scanFrom(context, log, segment, from, WALK_CHUNK_BYTES, (bytes, at) => {
    const lastOffset = lastOffsetOf(bytes, at);
    if (lastOffset < from) return true;
    next = lastOffset + 1;
    return visit(bytes, at);
  });
  if (scan.kind === 'stopped') return undefined;
  if (next > from) return next;
  // A gap: the next batch begins with the next segment, or with what memory holds.
  const nextSegment = log.segments[number + 1]?.baseOffset ?? Infinity;
  const nextInRun = log.run.size > 0 ? firstOfRun(log) : Infinity;
  const beyond = Math.min(
    nextSegment > from ? nextSegment : Infinity,
    nextInRun > from ? nextInRun : Infinity,
  );
  return beyond === Infinity ? undefined : beyond;
};

const damaged = (log: LogState, segment: Segment, position: number): Failure =>
  new Failure('LOG_CORRUPT', `${log.directory}: no batch at ${position} of segment ${segment.baseOffset}`);

/** How far the segment's file is written. */
export const endInFile = (log: LogState, segment: Segment): number => {
  const { segmentBase, position } = log.written;
  if (segment.baseOffset > segmentBase) return 0;
  return segment.baseOffset === segmentBase ? Math.min(segment.sizeBytes, position) : segment.sizeBytes;
};

/** Scans what the segment's file holds, from the index entry for `offset` on. */
const scanFrom = async (
  context: DirectoryContext,
  log: LogState,
  segment: Segment,
  offset: number,
  chunkBytes: number,
  visit: (bytes: Buffer, at: number, position: number) => boolean,
): Promise<ScanEnd> => {
  if (endInFile(log, segment) === 0) return { kind: 'end', position: 0 };
  const { cuts } = log;
  const { offsets } = await wholeIndex(context, log, segment);
  const entry = offsets.floorOffset(offset);
  const chain = new BatchChain(log, segment, entry < 0 ? segment.baseOffset : undefined);
  let expectedLastOffset = entry < 0 ? -1 : offsets.offsetAt(entry);
  const chained = { broken: false };
  const inChain: typeof visit = (bytes, at, position) => {
    chained.broken =
      !chain.fits(bytes, at) || (expectedLastOffset >= 0 && lastOffsetOf(bytes, at) !== expectedLastOffset);
    if (chained.broken) return false;
    expectedLastOffset = -1;
    chain.pass(bytes, at);
    return visit(bytes, at, position);
  };
  const scan = await withSegmentFile(context, log, segment, (file) =>
    scanBatches(
      file,
      context.pool,
      entry < 0 ? 0 : offsets.positionAt(entry),
      endInFile(log, segment),
      { whole: false, chunkBytes },
      inChain,
    ),
  );
  if (log.cuts !== cuts) throw cutMeanwhile(log);
  if (scan.kind === 'bad' || chained.broken) throw damaged(log, segment, scan.position);
  return scan;
};

/** The end of a log that keeps only what lies below some offset. */
export interface CutPlace {
  readonly offset: number;
  readonly segment: Segment;
  readonly position: number;
}

/** Where the last batch that lies wholly below `offset` ends. Undefined for a log without segments. */
export const cutPlaceOf = async (
  context: DirectoryContext,
  log: LogState,
  offset: number,
): Promise<CutPlace | undefined> => {
  const number = runNumberOf(log, offset);
  if (number > log.run.first) {
    const batch = log.run.at(number - 1);
    return {
      offset: batch.nextOffset,
      segment: batch.segment,
      position: batch.position + batch.bytes.length,
    };
  }
  const index = Math.max(segmentIndexOf(log, offset - 1), 0);
  const segment = log.segments[index];
  if (segment === undefined) return undefined;
  const found = await lastBelow(context, log, segment, offset);
  if (found !== undefined) return found;
  const previous = log.segments[index - 1];
  return previous === undefined
    ? { offset: segment.baseOffset, segment, position: 0 }
    : { offset: segment.baseOffset, segment: previous, position: previous.sizeBytes };
};

const lastBelow = async (
  context: DirectoryContext,
  log: LogState,
  segment: Segment,
  offset: number,
): Promise<CutPlace | undefined> => {
  let found: CutPlace | undefined;
  await scanFrom(context, log, segment, offset - 1, SEARCH_CHUNK_BYTES, (bytes, at, position) => {
    if (lastOffsetOf(bytes, at) >= offset) return false;
    found = { offset: lastOffsetOf(bytes, at) + 1, segment, position: position + batchSizeBytes(bytes, at) };
    return true;
  });
  return found;
};
