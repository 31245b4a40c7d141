import { hasCode } from '@kafkaesque/kernel';
import {
  baseOffsetOf,
  batchSizeBytes,
  computeCrc,
  crcOf,
  lastOffsetOf,
  leaderEpochOf,
} from '@kafkaesque/protocol';
import { nextBaseOffset } from './batch-chain';
import type { CheckpointSegment } from './checkpoint';
import type { DirectoryContext } from './directory-context';
import type { LogState } from './log-state';
import type { RecoveredLog } from './recovered-log';
import { NO_INDEX_CRC, foundSegment, newSegment, placeInSegment, segmentFileName } from './segment';
import type { Segment } from './segment';
import { recordTimestampOf, scanBatches } from './segment-scan';
import { unlinkIfThere } from './small-file';

/** Where something stands that is no part of the log: the rest of this segment, and every later one. */
export interface BadPlace {
  readonly baseOffset: number;
  readonly position: number;
}

/** What a log's segments hold, as far as one batch follows the other. */
export interface LogScan {
  readonly segments: Segment[];
  /** Offset after the last batch. */
  end: number;
  scannedBytes: number;
  /** From where on bytes were read; undefined when none were. */
  scannedFrom: BadPlace | undefined;
  bad: BadPlace | undefined;
}

/** Takes the checkpoint's word for everything before the durable end, and reads what lies behind it. */
export const scanLog = async (
  context: DirectoryContext,
  recovered: RecoveredLog,
  log: LogState,
  bases: readonly number[],
): Promise<LogScan> => {
  const { durableEnd } = recovered;
  const scan: LogScan = {
    segments: [],
    end: recovered.unknown ? log.logStart : durableEnd.offset,
    scannedBytes: 0,
    scannedFrom: undefined,
    bad: undefined,
  };
  if (!(await takeVouched(context, recovered, log, scan, bases)) || recovered.quarantined) return scan;
  const last = scan.segments[scan.segments.length - 1];
  if (last !== undefined && last.baseOffset === durableEnd.segmentBase)
    await scanSegment(context, log, scan, last, await fileSize(context, log, last.baseOffset));
  for (const base of bases) {
    if (scan.bad !== undefined) return scan;
    if (last !== undefined && base <= last.baseOffset) continue;
    const sizeBytes = await fileSize(context, log, base);
    if (sizeBytes === 0) await removeSegmentFile(context, log, base);
    else if (base !== scan.end) scan.bad = { baseOffset: base, position: 0 };
    else {
      const segment = newSegment(base, context.clock.wallMs(), 0);
      segment.created = true;
      scan.segments.push(segment);
      await scanSegment(context, log, scan, segment, sizeBytes);
      if (segment.sizeBytes === 0) scan.segments.pop();
    }
  }
  return scan;
};

/** Segments that the checkpoint lists must be there, as large as it says. False: they are not, and `scan` ends before. */
const takeVouched = async (
  context: DirectoryContext,
  recovered: RecoveredLog,
  log: LogState,
  scan: LogScan,
  bases: readonly number[],
): Promise<boolean> => {
  for (const [number, listed] of recovered.segments.entries()) {
    const { baseOffset } = listed;
    const there = bases.includes(baseOffset);
    const sizeBytes = there ? await fileSize(context, log, baseOffset) : 0;
    if (sizeBytes < listed.sizeBytes) {
      scan.end = baseOffset;
      scan.bad = { baseOffset, position: 0 };
      if (!there || sizeBytes === 0) return false;
      log.epochs.truncateTo(baseOffset);
      const segment = newSegment(baseOffset, context.clock.wallMs(), 0);
      segment.created = true;
      scan.segments.push(segment);
      await scanSegment(context, log, scan, segment, sizeBytes);
      scan.bad = { baseOffset, position: segment.sizeBytes };
      if (segment.sizeBytes === 0) scan.segments.pop();
      return false;
    }
    scan.segments.push(vouchedSegment(context, listed));
    // What the checkpoint does not list among these is no part of the log.
    const next = recovered.segments[number + 1]?.baseOffset ?? recovered.durableEnd.segmentBase;
    for (const stray of bases.filter((base) => base > baseOffset && base < next))
      await removeSegmentFile(context, log, stray);
  }
  return true;
};

const vouchedSegment = (context: DirectoryContext, listed: CheckpointSegment): Segment => {
  const segment = foundSegment(listed.baseOffset, listed.sizeBytes, context.clock.wallMs());
  segment.firstTimestampMs = listed.firstTimestampMs;
  segment.maxTimestampMs = listed.maxTimestampMs;
  segment.offsetOfMaxTimestamp = listed.offsetOfMaxTimestamp;
  segment.hasGaps = listed.hasGaps;
  segment.indexCrc = listed.indexCrc;
  if (listed.indexCrc !== NO_INDEX_CRC) segment.indexSavedTo = listed.sizeBytes;
  return segment;
};

/** Reads batches behind what is known of the segment: whole, in order, of epochs that do not go back. */
const scanSegment = async (
  context: DirectoryContext,
  log: LogState,
  scan: LogScan,
  segment: Segment,
  sizeBytes: number,
): Promise<void> => {
  const from = segment.sizeBytes;
  if (sizeBytes <= from) return;
  scan.scannedFrom ??= { baseOffset: segment.baseOffset, position: from };
  let epoch = log.epochs.last?.leaderEpoch ?? -1;
  const file = await context.disk.open(pathOf(log, segment.baseOffset), 'read');
  try {
    const end = await scanBatches(file, context.pool, from, sizeBytes, { whole: true }, (bytes, at) => {
      const baseOffset = baseOffsetOf(bytes, at);
      const lastOffset = lastOffsetOf(bytes, at);
      const leaderEpoch = leaderEpochOf(bytes, at);
      if (baseOffset < scan.end || lastOffset < baseOffset || !Number.isSafeInteger(lastOffset)) return false;
      if (leaderEpoch < epoch || computeCrc(bytes, at) !== crcOf(bytes, at)) return false;
      epoch = leaderEpoch;
      log.epochs.assign(leaderEpoch, baseOffset);
      if (baseOffset !== nextBaseOffset(segment, scan.end)) segment.hasGaps = true;
      placeInSegment(
        segment,
        lastOffset,
        batchSizeBytes(bytes, at),
        recordTimestampOf(bytes, at),
        log.config.indexIntervalBytes,
      );
      scan.end = lastOffset + 1;
      return true;
    });
    scan.scannedBytes += end.position - from;
    if (end.kind !== 'end') scan.bad = { baseOffset: segment.baseOffset, position: end.position };
  } finally {
    await file.close();
  }
};

const pathOf = (log: { readonly directory: string }, baseOffset: number): string =>
  `${log.directory}/${segmentFileName(baseOffset, 'log')}`;

/** Size of a segment's file; 0 if recovery has removed it already. */
export const fileSize = async (
  context: DirectoryContext,
  log: { readonly directory: string },
  baseOffset: number,
): Promise<number> => {
  try {
    const file = await context.disk.open(pathOf(log, baseOffset), 'read');
    try {
      return await file.sizeBytes();
    } finally {
      await file.close();
    }
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return 0;
    throw error;
  }
};

export const removeSegmentFile = async (
  context: DirectoryContext,
  log: LogState,
  baseOffset: number,
): Promise<void> => {
  log.namesDirty = true;
  for (const kind of ['log', 'index', 'timeindex'] as const)
    await unlinkIfThere(context.disk, `${log.directory}/${segmentFileName(baseOffset, kind)}`);
};
