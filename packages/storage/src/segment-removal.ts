import { hasCode } from '@kafkaesque/kernel';
import type { Disk, DiskEntry, DiskFile } from '@kafkaesque/kernel';
import { parseSegmentFileName } from './segment';
import { unlinkIfThere } from './small-file';

type SegmentFileKind = 'log' | 'index' | 'timeindex' | 'snapshot';

/** What stands in a directory; undefined if it does not exist. */
export const listIfThere = async (disk: Disk, path: string): Promise<readonly DiskEntry[] | undefined> => {
  try {
    return await disk.list(path);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
};

export const openOrCreate = async (disk: Disk, path: string): Promise<DiskFile> => {
  try {
    return await disk.open(path, 'write');
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error;
    return disk.open(path, 'create');
  }
};

/** Removes the files of a partition directory that `goes` names. */
export const removeSegments = async (
  disk: Disk,
  directory: string,
  goes: (baseOffset: number, kind: SegmentFileKind) => boolean,
): Promise<void> => {
  for (const { name } of (await listIfThere(disk, directory)) ?? []) {
    const file = parseSegmentFileName(name);
    if (file !== undefined && goes(file.baseOffset, file.kind))
      await unlinkIfThere(disk, `${directory}/${name}`);
  }
};

/** Does to files what a truncation entry says: later segments go, the one it names is cut, as are later snapshots. */
export const truncateSegments = async (
  disk: Disk,
  directory: string,
  entry: { readonly offset: number; readonly segmentBase: number; readonly position: number },
): Promise<void> => {
  const { offset, segmentBase, position } = entry;
  for (const { name } of (await listIfThere(disk, directory)) ?? []) {
    const file = parseSegmentFileName(name);
    if (file === undefined) continue;
    const path = `${directory}/${name}`;
    if (file.kind === 'snapshot') {
      if (file.baseOffset > offset) await unlinkIfThere(disk, path);
    } else if (file.baseOffset > segmentBase || (file.baseOffset === segmentBase && position === 0))
      await unlinkIfThere(disk, path);
    else if (file.baseOffset === segmentBase) {
      if (file.kind === 'log') await cutFileTo(disk, path, position);
      else await unlinkIfThere(disk, path);
    }
  }
};

/** Cuts a file that is longer. Flushes it in any case: a cut that a killed process made may be in the cache only. */
export const cutFileTo = async (disk: Disk, path: string, sizeBytes: number): Promise<number> => {
  const file = await disk.open(path, 'write');
  try {
    const cutBytes = (await file.sizeBytes()) - sizeBytes;
    if (cutBytes > 0) await file.truncate(sizeBytes);
    await file.sync();
    return Math.max(cutBytes, 0);
  } finally {
    await file.close();
  }
};

/** Removes a directory with everything in it. False: it is not there. */
export const removeTree = async (disk: Disk, path: string): Promise<boolean> => {
  const entries = await listIfThere(disk, path);
  for (const entry of entries ?? []) {
    if (entry.kind === 'directory') await removeTree(disk, `${path}/${entry.name}`);
    else await unlinkIfThere(disk, `${path}/${entry.name}`);
  }
  try {
    await disk.removeDirectory(path);
    return true;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return false;
    throw error;
  }
};

/** Makes the names in a directory durable, if it is there. */
export const syncIfThere = async (disk: Disk, path: string): Promise<void> => {
  try {
    await disk.syncDirectory(path);
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error;
  }
};
