import { Failure } from '@kafkaesque/kernel';
import type { DirectoryContext } from './directory-context';
import { rescanSegment } from './index-files';
import type { LogConfig } from './log';
import { removeSegmentFile, scanLog } from './log-scan';
import type { LogScan } from './log-scan';
import { emptyEnd, newLogState } from './log-state';
import type { LogEnd, LogState } from './log-state';
import type { RecoveredLog } from './recovered-log';
import { parseSegmentFileName, segmentFileName } from './segment';
import { listIfThere } from './segment-removal';
import { directoryOf, unlinkIfThere } from './small-file';
import { cutTornTail, hasBatchBeyondTear } from './torn-tail';

/** What recovery made of a log. */
export interface LogOutcome {
  readonly log: LogState;
  readonly scannedBytes: number;
  readonly cutBytes: number;
}

/** Brings one log's files to the state that checkpoint and journal vouch for, or says that they do not allow it. */
export const recoverLog = async (
  context: DirectoryContext,
  recovered: RecoveredLog,
  config: LogConfig,
  clean: boolean,
): Promise<LogOutcome> => {
  const files = await findLogFiles(context, recovered.directory);
  const log = stateOf(recovered, config, files);
  const bases = files.bases.filter((base) => recovered.unknown || base >= recovered.firstSegment);
  for (const base of files.bases) if (!bases.includes(base)) await removeSegmentFile(context, log, base);
  const scan = await scanLog(context, recovered, log, bases);
  const cutBytes = await judge(context, recovered, log, scan, bases);
  for (const offset of files.snapshots.filter((snapshot) => snapshot > scan.end)) {
    log.namesDirty = true;
    await unlinkIfThere(context.disk, `${log.directory}/${segmentFileName(offset, 'snapshot')}`);
  }
  adopt(log, scan);
  // Without a segment that the checkpoint vouches for, nothing says that the directory's own name is durable.
  const namesInDoubt = log.namesDirty || recovered.segments.length === 0;
  // Without the journal, nothing leads to where a recovery that was killed has cut: perhaps in the cache only.
  const cutsInDoubt = !recovered.journaled && !clean;
  if (recovered.touched || scan.scannedBytes > 0 || cutBytes > 0 || namesInDoubt || cutsInDoubt)
    await syncAccepted(context, recovered, log, scan, cutsInDoubt);
  const unread = log.segments.filter((segment) => recovered.unread.has(segment.baseOffset));
  for (const segment of unread) await rescanSegment(context, log, segment);
  if (unread.length > 0) adopt(log, scan);
  return { log, scannedBytes: scan.scannedBytes, cutBytes };
};

const stateOf = (recovered: RecoveredLog, config: LogConfig, files: LogFiles): LogState => {
  const log = newLogState(recovered.topicId, recovered.partition, recovered.directory, config);
  log.directoryMade = files.exists;
  log.journaled = recovered.journaled;
  log.suspectReason = recovered.suspectReason;
  log.logStart = Math.max(recovered.logStart, recovered.unknown ? (files.bases[0] ?? 0) : 0);
  // Later epochs come from the batches that are read.
  for (const start of recovered.epochs.starts)
    if (start.startOffset < recovered.durableEnd.offset)
      log.epochs.assign(start.leaderEpoch, start.startOffset);
  return log;
};

/** Rules 7, 8 and 10: less than was durable, or whole batches far behind a bad one, is damage; the rest is torn, and cut. */
const judge = async (
  context: DirectoryContext,
  recovered: RecoveredLog,
  log: LogState,
  scan: LogScan,
  bases: readonly number[],
): Promise<number> => {
  const neededEnd = Math.max(recovered.durableEnd.offset, recovered.journalEnd);
  const damage = (reason: string): number => {
    log.recovery = { kind: 'corrupt', reason };
    log.quarantined = true;
    log.suspectReason ??= reason;
    return 0;
  };
  if (recovered.quarantined) return damage(recovered.suspectReason ?? 'it was damaged before');
  if (scan.end < neededEnd && neededEnd > log.logStart)
    return damage(`it ends at ${scan.end} and had been durable up to ${neededEnd}`);
  if (scan.end < log.logStart && scan.segments.length > 0) {
    // Written and not flushed, then lost, and below the log start anyway: the log starts anew there.
    const cutBytes = await cutTornTail(context, log, { baseOffset: -1, position: 0 }, bases);
    scan.segments.length = 0;
    log.recovery = { kind: 'torn', cutBytes };
    return cutBytes;
  }
  if (scan.bad === undefined) return 0;
  if (await hasBatchBeyondTear(context, recovered, scan, scan.bad, bases))
    return damage(
      `segment ${scan.bad.baseOffset} is damaged at ${scan.bad.position}, with batches far behind`,
    );
  const cutBytes = await cutTornTail(context, log, scan.bad, bases);
  log.recovery = { kind: 'torn', cutBytes };
  return cutBytes;
};

const adopt = (log: LogState, scan: LogScan): void => {
  log.segments = scan.segments;
  const last = scan.segments[scan.segments.length - 1];
  log.end = last === undefined ? Math.max(scan.end, log.logStart) : scan.end;
  log.durableEnd = log.end;
  log.durableEpoch = log.epochs.last?.leaderEpoch ?? -1;
  log.epochs.truncateTo(log.end);
  log.epochs.raiseStart(log.logStart);
  const end: LogEnd =
    last === undefined
      ? emptyEnd(log.end)
      : {
          offset: log.end,
          segmentBase: last.baseOffset,
          position: last.sizeBytes,
          maxTimestampMs: last.maxTimestampMs,
          offsetOfMaxTimestamp: last.offsetOfMaxTimestamp,
        };
  log.written = end;
  log.synced = end;
};

/** Makes durable whatever recovery accepted or took away, bytes first, then names (rule 9). */
const syncAccepted = async (
  context: DirectoryContext,
  recovered: RecoveredLog,
  log: LogState,
  scan: LogScan,
  cutsInDoubt: boolean,
): Promise<void> => {
  const last = scan.segments[scan.segments.length - 1];
  const scannedFrom =
    scan.scannedFrom ??
    (cutsInDoubt && last !== undefined
      ? { baseOffset: last.baseOffset, position: last.sizeBytes }
      : undefined);
  // The replay has just written what the journal holds. Anything else may be in the cache and, after a failed flush,
  // not on the disk although it counts as clean: only writing it again makes a flush cover it.
  const rewrites = !recovered.journaled || recovered.journalEnd < scan.end;
  for (const segment of scan.segments) {
    if (scannedFrom === undefined || segment.baseOffset < scannedFrom.baseOffset) continue;
    const from = segment.baseOffset === scannedFrom.baseOffset ? scannedFrom.position : 0;
    await syncSegment(
      context,
      log,
      segment.baseOffset,
      rewrites ? from : segment.sizeBytes,
      segment.sizeBytes,
    );
  }
  log.namesDirty = false;
  if (!log.directoryMade) return;
  await context.disk.syncDirectory(log.directory);
  await context.disk.syncDirectory(directoryOf(log.directory));
  await context.disk.syncDirectory(directoryOf(directoryOf(log.directory)));
};

const REWRITE_BYTES = 1 << 20;

const syncSegment = async (
  context: DirectoryContext,
  log: LogState,
  baseOffset: number,
  from: number,
  to: number,
): Promise<void> => {
  const lease = context.pool.acquire(REWRITE_BYTES);
  const file = await context.disk.open(`${log.directory}/${segmentFileName(baseOffset, 'log')}`, 'write');
  try {
    for (let position = from; position < to; position += REWRITE_BYTES) {
      const piece = lease.buffer.subarray(0, Math.min(REWRITE_BYTES, to - position));
      await file.read(piece, position);
      await file.write([piece], position);
    }
    await file.sync();
  } finally {
    await file.close();
    lease.release();
  }
};

interface LogFiles {
  /** Base offsets of the segments there are, ascending. */
  readonly bases: readonly number[];
  readonly snapshots: readonly number[];
  readonly exists: boolean;
}

/** What unfinished replacements and deletions leave; nothing refers to it. */
const LEFT_OVER = /\.(tmp|swap|deleted|cleaned)$/;

/** Lists a partition's directory, and removes what unfinished work left there. */
const findLogFiles = async (context: DirectoryContext, directory: string): Promise<LogFiles> => {
  const bases: number[] = [];
  const snapshots: number[] = [];
  const entries = await listIfThere(context.disk, directory);
  for (const { name, kind } of entries ?? []) {
    const path = `${directory}/${name}`;
    const parsed = parseSegmentFileName(name);
    if (parsed === undefined) {
      if (LEFT_OVER.test(name) && kind === 'file') await unlinkIfThere(context.disk, path);
      continue;
    }
    if (kind !== 'file')
      throw new Failure(
        'MISPLACED_FILES',
        `${path} is no ordinary file: put the segment itself in its place (links are not followed: what they point to is not moved, synced or deleted with the log)`,
      );
    if (parsed.kind === 'log') bases.push(parsed.baseOffset);
    else if (parsed.kind === 'snapshot') snapshots.push(parsed.baseOffset);
  }
  return { bases, snapshots, exists: entries !== undefined };
};
