import { hasCode, thrownError } from '@kafkaesque/kernel';
import { inParallel } from './exclusive';
import type { DirectoryContext } from './directory-context';
import type { JournalFile } from './journal';
import { shownLsnOf } from './log-state';
import type { LogState } from './log-state';
import type { Segment } from './segment';
import { syncNames, withSegmentFile, writePending } from './segment-files';

/** Logs settled at once: enough to keep a disk busy, few enough to leave threads for others. */
const WIDTH = 4;

/**
 * Brings the log's segments up to the journal: writes what is pending, syncs the bytes, then the names. What was
 * written before the syncs began counts as settled afterwards, nothing more (rule 2).
 */
export const settleLog = (context: DirectoryContext, log: LogState): Promise<void> =>
  log.settling.run(async () => {
    // Behind whatever is being carried out; for a deleted log that is the deletion itself.
    await log.exclusive.run(() => (log.journaled ? writePending(context, log) : Promise.resolve()));
    if (log.deleted) return;
    await syncLog(context, log);
  });

const syncLog = async (context: DirectoryContext, log: LogState): Promise<void> => {
  // A sync that failed has left its segments clean: nothing may count as settled after it.
  if (context.offline) throw thrownError(context.failure);
  const { written, cuts } = log;
  const shownLsn = shownLsnOf(log);
  const dirty = log.segments.filter((segment) => segment.dirty && segment.created);
  for (const segment of dirty) segment.dirty = false;
  log.unsyncedBytes = 0;
  try {
    for (const segment of dirty) await syncSegment(context, log, segment);
    await syncNames(context, log);
  } catch (error) {
    // Another sync after a failed one could succeed without the bytes (rule 11): this directory is done.
    context.fail(error);
    throw error;
  }
  log.settledLsn = Math.max(log.settledLsn, shownLsn);
  if (log.cuts === cuts && written.offset > log.synced.offset) log.synced = written;
};

/** A segment that a truncation or a raised log start takes away meanwhile has nothing left to sync. */
const syncSegment = async (context: DirectoryContext, log: LogState, segment: Segment): Promise<void> => {
  if (!log.segments.includes(segment)) return;
  try {
    await withSegmentFile(context, log, segment, (file) => file.sync());
  } catch (error) {
    if (log.segments.includes(segment) || !hasCode(error, 'ENOENT')) throw error;
  }
};

/** Settles everything that the journal file's rounds say. */
export const settleJournalFile = (context: DirectoryContext, file: JournalFile): Promise<void> =>
  inParallel([...file.touched], WIDTH, async ([log, lsn]) => {
    if (log.settledLsn < lsn) await settleLog(context, log);
  });

/** Settles every log that has anything unsettled. */
export const settleAll = (context: DirectoryContext, logs: Iterable<LogState>): Promise<void> =>
  inParallel(logs, WIDTH, async (log) => {
    if (log.settledLsn < log.lastLsn || log.synced.offset < log.written.offset || log.namesDirty)
      await settleLog(context, log);
  });
