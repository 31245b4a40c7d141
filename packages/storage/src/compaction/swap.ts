import { hasCode, thrownError } from '@kafkaesque/kernel';
import type { DirectoryContext } from '../directory-context';
import { isIndexWorthSaving, saveIndex } from '../index-files';
import type { LogState } from '../log-state';
import { segmentFileName } from '../segment';
import type { Segment } from '../segment';
import { segmentPath, withSegmentFile } from '../segment-files';
import { unlinkIfThere } from '../small-file';
import { isOutOfSpace } from '../space-reserve';
import type { CleanedSegment } from './cleaned-segment';
import type { Cleaning } from './cleaning';

/**
 * Puts a cleaned file in the place of the segments it was made of:
 *
 * 1. Its bytes and its name are durable.
 * 2. A journal entry names the segments and its size. From here on there is no way back: a crash finds the file, and
 *    puts it in its place.
 * 3. It takes the name of the first segment; the others go.
 *
 * Who calls writes a checkpoint afterwards; until then the entry stays.
 */
export const swapIn = (
  cleaning: Cleaning,
  sources: readonly Segment[],
  cleaned: CleanedSegment,
): Promise<void> => {
  const { log, services } = cleaning;
  return log.changing.run(async () => {
    await cleaning.exclusively(sources, () => services.context.disk.syncDirectory(log.directory));
    cleaning.check(sources);
    cleaning.checkTombstones(cleaned.tombstonesGoneTo);
    await journalSwap(cleaning, sources, cleaned);
    try {
      // A sync under way takes its segments to be those that it found.
      await log.settling.run(() => log.exclusive.run(() => carryOut(cleaning, sources, cleaned)));
    } catch (cause) {
      services.context.fail(cause);
      throw cause;
    }
    cleaning.swapped();
  });
};

const journalSwap = (
  { services, log, plan }: Cleaning,
  sources: readonly Segment[],
  { segment }: CleanedSegment,
): Promise<void> => {
  const last = plan.segments.indexOf(sources[sources.length - 1] as Segment);
  const end = plan.segments[last + 1]?.baseOffset ?? plan.end;
  return new Promise((resolve, reject) => {
    services.rounds.enqueue({
      kind: 'control',
      log,
      entry: { kind: 'clean', offset: end, segmentBase: segment.baseOffset, position: segment.sizeBytes },
      durable: () => resolve(),
      failed: (cause) => {
        // Until a newer journal file has made it void the entry may be found after a crash, and then needs its file.
        log.cleaningInDoubt = true;
        if (!log.journaled && isOutOfSpace(cause)) services.failed(log, cause);
        reject(thrownError(cause));
      },
    });
  });
};

const carryOut = async (
  { services, log }: Cleaning,
  sources: readonly Segment[],
  { path, segment }: CleanedSegment,
): Promise<void> => {
  const { context } = services;
  const [first, ...others] = sources;
  if (first === undefined) return;
  // Held open across the rename: until then readers of the old segment find the old file, from then on there are none.
  await withSegmentFile(context, log, first, async () => {
    await context.disk.rename(path, segmentPath(log, first));
    log.namesDirty = true;
    replaceSegments(context, log, sources, segment);
  });
  for (const source of sources) await context.files.close(source);
  for (const source of others) await context.disk.unlink(segmentPath(log, source));
  for (const { baseOffset } of sources)
    for (const kind of ['index', 'timeindex'] as const)
      await unlinkIfThere(context.disk, `${log.directory}/${segmentFileName(baseOffset, kind)}`);
  // Only now: a sync that began before may not have seen it.
  log.namesDirty = true;
  log.controlLsns.shift();
  if (isIndexWorthSaving(log, segment)) await saveIndex(context, log, segment);
};

const replaceSegments = (
  context: DirectoryContext,
  log: LogState,
  sources: readonly Segment[],
  segment: Segment,
): void => {
  const gone = new Set(sources);
  const end = log.segments[log.segments.indexOf(sources[sources.length - 1] as Segment) + 1]?.baseOffset ?? 0;
  log.segments = log.segments.flatMap((known) => {
    if (!gone.has(known)) return [known];
    return known === sources[0] ? [segment] : [];
  });
  log.cuts += 1;
  log.cleanings += 1;
  // What memory holds of them has places in files that are not there any more.
  while (log.run.size > 0 && log.run.at(log.run.first).nextOffset <= end)
    context.memory.drop(log.run.shift(), true);
};

/** The cleaned file is not wanted; it is not there if it was given up before it was made. */
export const giveUp = async ({ log, services }: Cleaning, first: Segment, suffix: string): Promise<void> => {
  if (log.cleaningInDoubt || log.deleted || services.context.offline) return;
  try {
    await log.exclusive.run(async () => {
      if (!log.deleted) await unlinkIfThere(services.context.disk, `${segmentPath(log, first)}${suffix}`);
    });
  } catch (error) {
    // The next start removes it.
    if (!hasCode(error, 'ENOENT'))
      services.context.logger.warn('A file could not be removed', { cause: error });
  }
};
