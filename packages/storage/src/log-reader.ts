import { Failure, hasCode } from '@kafkaesque/kernel';
import type { DiskFile, Lease } from '@kafkaesque/kernel';
import {
  BATCH_HEADER_BYTES,
  baseOffsetOf,
  batchSizeBytes,
  computeCrc,
  crcOf,
  lastOffsetOf,
} from '@kafkaesque/protocol';
import { BatchChain } from './batch-chain';
import { BorrowedSlices, noSlices } from './borrowed-slices';
import type { DirectoryContext } from './directory-context';
import { GatheredParts } from './gathered-parts';
import { distrustIndex, wholeIndex } from './index-files';
import type { Slices } from './log';
import { runNumberOf, segmentIndexOf } from './log-state';
import type { LogState } from './log-state';
import { endInFile } from './log-walk';
import { noteReadEnd, writtenAt } from './segment';
import type { Segment } from './segment';
import { withSegmentFile } from './segment-files';
import { isPlausibleBatch } from './segment-scan';

/** Parts of one answer at most: as many as one `writev` takes. */
const MAXIMUM_PARTS = 1024;
/** Bytes written this recently are taken to be in the page cache, so that reading them at once does not wait. */
const CACHED_BYTES = 256 << 20;
/** Least bytes of one read: a small answer costs no more with a page of headers around it. */
const LEAST_READ_BYTES = 16 << 10;
/** Times an index may send a reader to the wrong place before the segment counts as damaged. */
const ATTEMPTS = 3;

interface Reading {
  readonly from: number;
  /** No batch that reaches this offset is returned. */
  readonly limit: number;
  /** Where the log ends: a batch that says it goes beyond is damaged. */
  readonly logEnd: number;
  readonly maxBytes: number;
  readonly atLeastOne: boolean;
}

export const readLog = (
  context: DirectoryContext,
  log: LogState,
  from: number,
  upTo: number,
  maxBytes: number,
  options: { readonly atLeastOne: boolean },
): Slices | Promise<Slices> => {
  if (from < log.logStart || from > log.end) throw outOfRange(log, from);
  const reading = {
    from,
    limit: Math.min(upTo, log.end),
    logEnd: log.end,
    maxBytes,
    atLeastOne: options.atLeastOne,
  };
  if (from >= reading.limit) return noSlices(from);
  if (startsInRun(log, from)) {
    context.metrics.tailReads.add(1);
    return readRun(log, reading, [], new GatheredParts(), from);
  }
  return readNowOrLater(context, log, readSteps(context, log, reading));
};

const outOfRange = (log: LogState, offset: number): Failure =>
  new Failure('OFFSET_OUT_OF_RANGE', `offset ${offset} is not within [${log.logStart}, ${log.end}]`);

const startsInRun = (log: LogState, from: number): boolean =>
  log.run.size > 0 && from >= log.run.at(log.run.first).baseOffset;

/** Appends batches of the run to what was gathered, from the one that contains `next` on. */
const readRun = (
  log: LogState,
  reading: Reading,
  leases: Lease[],
  gathered: GatheredParts,
  next: number,
): Slices => {
  let firstOffset = reading.from;
  let nextOffset = next;
  for (let number = runNumberOf(log, next); number < log.run.end; number++) {
    const batch = log.run.at(number);
    const sizeBytes = gathered.sizeBytes + batch.bytes.length;
    if (batch.nextOffset > reading.limit) break;
    if (sizeBytes > reading.maxBytes && !(gathered.sizeBytes === 0 && reading.atLeastOne)) break;
    if (gathered.count === MAXIMUM_PARTS && !gathered.extends(batch.bytes)) break;
    if (gathered.sizeBytes === 0) firstOffset = batch.baseOffset;
    gathered.add(batch.bytes);
    if (batch.lease !== undefined && batch.lease !== leases[leases.length - 1]) {
      batch.lease.retain();
      leases.push(batch.lease);
    }
    nextOffset = batch.nextOffset;
  }
  return new BorrowedSlices(gathered.finish(), gathered.sizeBytes, firstOffset, nextOffset, leases);
};

/** What reading from segments needs next. */
type ReadStep =
  | { readonly kind: 'index'; readonly segment: Segment }
  | { readonly kind: 'read'; readonly segment: Segment; readonly into: Buffer; readonly position: number };

/** The steps of one read; answered with the count of bytes read. Retries when a truncation came between. */
function* readSteps(
  context: DirectoryContext,
  log: LogState,
  reading: Reading,
): Generator<ReadStep, Slices, number> {
  let number = Math.max(segmentIndexOf(log, reading.from), 0);
  for (let attempt = 0; attempt < ATTEMPTS;) {
    const segment = log.segments[number];
    if (segment === undefined || startsInRun(log, Math.max(reading.from, segment.baseOffset)))
      return readRun(log, reading, [], new GatheredParts(), reading.from);
    const { cuts } = log;
    const outcome = yield* segmentOutcome(context, log, reading, segment, cuts);
    if (outcome.kind === 'slices' && log.cuts === cuts) return outcome.slices;
    if (outcome.kind === 'slices') outcome.slices.release();
    if (log.cuts !== cuts) {
      if (reading.from < log.logStart || reading.from > log.end) throw outOfRange(log, reading.from);
      number = Math.max(segmentIndexOf(log, reading.from), 0);
    } else if (outcome.kind === 'behind') number += 1;
    else if (outcome.kind === 'bad') {
      distrustIndex(segment);
      segment.readEnds.length = 0;
      segment.checked.cut(0);
      attempt += 1;
    } else if (outcome.kind === 'damaged') attempt += 1;
  }
  log.suspectReason ??= `segment ${log.segments[number]?.baseOffset} is damaged near offset ${reading.from}`;
  throw new Failure('LOG_CORRUPT', `${log.directory}: ${log.suspectReason}`);
}

/** A segment that compaction has merged into another one meanwhile has no file any more. */
function* segmentOutcome(
  context: DirectoryContext,
  log: LogState,
  reading: Reading,
  segment: Segment,
  cuts: number,
): Generator<ReadStep, SegmentOutcome, number> {
  try {
    return yield* segmentSteps(context, log, reading, segment);
  } catch (error) {
    if (log.cuts === cuts || !hasCode(error, 'ENOENT')) throw error;
    return { kind: 'bad' };
  }
}

type SegmentOutcome =
  | { readonly kind: 'slices'; readonly slices: Slices }
  /** No batch of this segment reaches the offset asked for. */
  | { readonly kind: 'behind' }
  /** Something does not stand where the index or an earlier read said. */
  | { readonly kind: 'bad' }
  /** It stands where it should, and is not what was written. */
  | { readonly kind: 'damaged' };

function* segmentSteps(
  context: DirectoryContext,
  log: LogState,
  reading: Reading,
  segment: Segment,
): Generator<ReadStep, SegmentOutcome, number> {
  const start = yield* startOf(segment, reading.from);
  const end = endInFile(log, segment);
  let { position } = start;
  let wantedBytes = Math.max(reading.maxBytes, LEAST_READ_BYTES);
  let found = start.exact;
  let enlarged = false;
  let expectedLastOffset = start.lastOffset;
  const chain = new BatchChain(log, segment, start.baseOffset);
  while (position < end) {
    const readEnd = wholeBatchesEnd(segment, position, Math.min(position + wantedBytes, end), end);
    const lease = context.pool.acquire(readEnd - position);
    let kept = false;
    try {
      const filledBytes = yield {
        kind: 'read',
        segment,
        into: lease.buffer.subarray(0, readEnd - position),
        position,
      };
      const bytes = lease.buffer.subarray(0, filledBytes);
      if (expectedLastOffset >= 0 && !isBatchEndingAt(bytes, expectedLastOffset)) return { kind: 'bad' };
      expectedLastOffset = -1;
      const first: Found = found
        ? { kind: 'found', at: 0 }
        : findBatch(bytes, position, end, reading.from, chain);
      if (first.kind === 'bad' || first.kind === 'behind') return first;
      if (first.kind === 'further') {
        if (filledBytes < readEnd - position) return { kind: 'bad' };
        ({ position } = first);
        continue;
      }
      found = true;
      const checks = { segment, position, nowMs: context.clock.monotonicMs() };
      const run = collect(bytes, first.at, end - position, reading, chain, checks);
      if (run.kind === 'bad' || run.kind === 'damaged') return run;
      if (run.kind === 'larger') {
        // Once is enough for a batch that says how large it is.
        if (enlarged || position + first.at + run.sizeBytes > end) return { kind: 'bad' };
        enlarged = true;
        position += first.at;
        wantedBytes = run.sizeBytes;
        continue;
      }
      if (run.kind === 'none') return { kind: 'slices', slices: noSlices(reading.from) };
      kept = true;
      noteReadEnd(segment, run.nextOffset, position + run.end);
      segment.checked.add(position + first.at, position + run.end, checks.nowMs);
      return {
        kind: 'slices',
        slices: withTail(log, reading, lease, bytes.subarray(first.at, run.end), run),
      };
    } finally {
      if (!kept) lease.release();
    }
  }
  return { kind: 'behind' };
}

interface ReadStart {
  readonly position: number;
  /** The batch that contains the offset begins at `position`. */
  readonly exact: boolean;
  /** Where the batch at `position` begins, if that is known. */
  readonly baseOffset: number | undefined;
  /** By the index, the last offset of the batch at `position`; -1 if nothing is said. */
  readonly lastOffset: number;
}

function* startOf(segment: Segment, from: number): Generator<ReadStep, ReadStart, number> {
  const known = segment.readEnds.find((end) => end.offset === from);
  if (known !== undefined) return { position: known.position, exact: true, baseOffset: from, lastOffset: -1 };
  while (segment.index?.from !== 0) yield { kind: 'index', segment };
  const { offsets } = segment.index;
  const entry = offsets.floorOffset(from);
  if (entry < 0) return { position: 0, exact: false, baseOffset: segment.baseOffset, lastOffset: -1 };
  return {
    position: offsets.positionAt(entry),
    exact: false,
    baseOffset: undefined,
    lastOffset: offsets.offsetAt(entry),
  };
}

/** The last known start of a batch before `wantedEnd`: what lies between would be read in vain. */
const wholeBatchesEnd = (segment: Segment, position: number, wantedEnd: number, end: number): number => {
  if (wantedEnd === end || segment.index?.from !== 0) return wantedEnd;
  const entry = segment.index.offsets.floorPosition(wantedEnd);
  const known = entry < 0 ? 0 : segment.index.offsets.positionAt(entry);
  return known > position ? known : wantedEnd;
};

const isBatchEndingAt = (bytes: Buffer, lastOffset: number): boolean =>
  isPlausibleBatch(bytes, 0, Infinity) && lastOffsetOf(bytes, 0) === lastOffset;

type Found =
  | { readonly kind: 'found'; readonly at: number }
  | { readonly kind: 'further'; readonly position: number }
  | { readonly kind: 'behind' }
  | { readonly kind: 'bad' };

/** The first batch that reaches `from`, in bytes read at `position`. */
const findBatch = (bytes: Buffer, position: number, end: number, from: number, chain: BatchChain): Found => {
  let at = 0;
  while (position + at < end) {
    if (at + BATCH_HEADER_BYTES > bytes.length)
      return at === 0 ? { kind: 'bad' } : { kind: 'further', position: position + at };
    if (!isPlausibleBatch(bytes, at, end - position - at) || !chain.fits(bytes, at)) return { kind: 'bad' };
    if (lastOffsetOf(bytes, at) >= from) return { kind: 'found', at };
    chain.pass(bytes, at);
    at += batchSizeBytes(bytes, at);
  }
  return { kind: 'behind' };
};

interface Collected {
  readonly kind: 'run';
  readonly firstOffset: number;
  readonly nextOffset: number;
  /** Where the last batch ends. */
  readonly end: number;
}

/** Where in a file some bytes stood, and when they were read. */
interface Checks {
  readonly segment: Segment;
  readonly position: number;
  readonly nowMs: number;
}

/**
 * The batches that the reader gets, from the one at `from` on; `endAt` is where the file ends, relative to `bytes`. Whatever
 * comes from a disk is checked as a whole, unless it was a moment ago: who gets it sends it on to others (0.2 s of processor
 * time a GB, twice that in batches of 1 KB).
 */
const collect = (
  bytes: Buffer,
  from: number,
  endAt: number,
  reading: Reading,
  chain: BatchChain,
  { segment, position, nowMs }: Checks,
):
  | Collected
  | { readonly kind: 'larger'; readonly sizeBytes: number }
  | { readonly kind: 'none' }
  | { readonly kind: 'bad' }
  | { readonly kind: 'damaged' } => {
  let end = from;
  let firstOffset = -1;
  let nextOffset = -1;
  while (end < endAt) {
    if (end > from && end + BATCH_HEADER_BYTES > bytes.length) break;
    if (!isPlausibleBatch(bytes, end, endAt - end) || !chain.fits(bytes, end)) {
      if (end === from) return { kind: 'bad' };
      break;
    }
    const sizeBytes = batchSizeBytes(bytes, end);
    const lastOffset = lastOffsetOf(bytes, end);
    if (end === from && (lastOffset < reading.from || lastOffset >= reading.logEnd)) return { kind: 'bad' };
    if (lastOffset >= reading.limit) break;
    if (end + sizeBytes - from > reading.maxBytes && !(end === from && reading.atLeastOne)) break;
    if (end + sizeBytes > bytes.length) {
      if (end === from) return { kind: 'larger', sizeBytes };
      break;
    }
    const wasChecked = segment.checked.covers(position + end, position + end + sizeBytes, nowMs);
    if (!wasChecked && computeCrc(bytes, end) !== crcOf(bytes, end)) {
      if (end === from) return { kind: 'damaged' };
      break;
    }
    if (end === from) firstOffset = baseOffsetOf(bytes, end);
    chain.pass(bytes, end);
    nextOffset = lastOffset + 1;
    end += sizeBytes;
  }
  return end === from ? { kind: 'none' } : { kind: 'run', firstOffset, nextOffset, end };
};

/** Bytes from a segment, and what memory has right behind them if there is room for it. */
const withTail = (log: LogState, reading: Reading, lease: Lease, bytes: Buffer, run: Collected): Slices => {
  const { firstOffset, nextOffset } = run;
  if (nextOffset < reading.limit && bytes.length < reading.maxBytes && startsInRun(log, nextOffset)) {
    const gathered = new GatheredParts();
    gathered.add(bytes);
    const more = readRun(log, reading, [lease], gathered, nextOffset);
    return new BorrowedSlices(more.parts, more.sizeBytes, firstOffset, more.nextOffset, [more]);
  }
  return new BorrowedSlices([bytes], bytes.length, firstOffset, nextOffset, [lease]);
};

/** Carries the steps out in this very call as long as the page cache should have what they ask for. */
const readNowOrLater = (
  context: DirectoryContext,
  log: LogState,
  steps: Generator<ReadStep, Slices, number>,
): Slices | Promise<Slices> => {
  let next = steps.next();
  while (next.done !== true) {
    const step = next.value;
    const file = step.kind === 'read' ? cachedFile(context, step.segment, step.position) : undefined;
    if (step.kind !== 'read' || file === undefined) {
      context.metrics.diskReads.add(1);
      return readLater(context, log, steps, step);
    }
    context.metrics.cachedReads.add(1);
    next = steps.next(readNow(steps, file, step.into, step.position));
  }
  return next.value;
};

const readNow = (
  steps: Generator<ReadStep, Slices, number>,
  file: DiskFile,
  into: Buffer,
  position: number,
): number => {
  try {
    return file.readNow(into, position);
  } catch (error) {
    steps.throw(error);
    throw error;
  }
};

const cachedFile = (context: DirectoryContext, segment: Segment, position: number): DiskFile | undefined => {
  const writtenBytes = writtenAt(segment, position);
  if (writtenBytes === undefined || context.writtenBytes - writtenBytes > CACHED_BYTES) return undefined;
  return context.files.held(segment);
};

const readLater = async (
  context: DirectoryContext,
  log: LogState,
  steps: Generator<ReadStep, Slices, number>,
  waiting: ReadStep,
): Promise<Slices> => {
  let next: IteratorResult<ReadStep, Slices> = { done: false, value: waiting };
  while (next.done !== true) {
    const step = next.value;
    let readBytes = 0;
    try {
      if (step.kind === 'index') await wholeIndex(context, log, step.segment);
      else
        readBytes = await withSegmentFile(context, log, step.segment, (file) =>
          file.read(step.into, step.position),
        );
    } catch (error) {
      next = steps.throw(error);
      continue;
    }
    next = steps.next(readBytes);
  }
  return next.value;
};
