import { Offset } from '@kafkaesque/kernel';
import type { DirectoryContext } from './directory-context';
import type { ProducerSnapshotFile } from './log';
import type { LogState } from './log-state';
import { makePartitionDirectory } from './segment-files';
import { parseSegmentFileName, segmentFileName } from './segment';
import { readSmallFile, replaceFile, unlinkIfThere } from './small-file';

/** Snapshots kept: the newest, and one before it in case the newest is damaged. */
const KEPT_SNAPSHOTS = 2;

const pathOf = (log: LogState, offset: number): string =>
  `${log.directory}/${segmentFileName(offset, 'snapshot')}`;

/** Offsets of the snapshots that stand in the partition's directory, ascending. */
export const snapshotOffsets = async (
  context: DirectoryContext,
  log: LogState,
): Promise<readonly number[]> => {
  if (!log.directoryMade) return [];
  const offsets: number[] = [];
  for (const { name } of await context.disk.list(log.directory)) {
    const parsed = parseSegmentFileName(name);
    if (parsed?.kind === 'snapshot') offsets.push(parsed.baseOffset);
  }
  return offsets;
};

/** Not flushed: state that can be rebuilt, checked by whoever wrote it. */
export const writeSnapshot = async (
  context: DirectoryContext,
  log: LogState,
  offset: number,
  bytes: Buffer,
): Promise<void> => {
  await makePartitionDirectory(context, log);
  await replaceFile(context.disk, pathOf(log, offset), [bytes], { durable: false });
  const older = (await snapshotOffsets(context, log)).filter((other) => other <= offset);
  for (const old of older.slice(0, -KEPT_SNAPSHOTS)) await unlinkIfThere(context.disk, pathOf(log, old));
  log.namesDirty = true;
};

export const readSnapshot = async (
  context: DirectoryContext,
  log: LogState,
  atOrBelow: number,
): Promise<ProducerSnapshotFile | undefined> => {
  const offsets = (await snapshotOffsets(context, log)).filter((offset) => offset <= atOrBelow);
  for (const offset of offsets.toReversed()) {
    const bytes = await readSmallFile(context.disk, pathOf(log, offset));
    if (bytes !== undefined) return { offset: Offset(offset), bytes };
  }
  return undefined;
};

/** A snapshot of what a cut took away must not be found when the log has grown past it again. */
export const removeSnapshotsAbove = async (
  context: DirectoryContext,
  log: LogState,
  offset: number,
): Promise<boolean> => {
  let removed = false;
  for (const snapshot of await snapshotOffsets(context, log)) {
    if (snapshot <= offset) continue;
    await unlinkIfThere(context.disk, pathOf(log, snapshot));
    log.namesDirty = true;
    removed = true;
  }
  return removed;
};
