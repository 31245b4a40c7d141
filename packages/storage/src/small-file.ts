import { hasCode } from '@kafkaesque/kernel';
import type { Disk } from '@kafkaesque/kernel';

/** The directory that holds `path`. */
export const directoryOf = (path: string): string => path.slice(0, path.lastIndexOf('/'));

/** A whole file, for files that are small by nature; undefined if there is none. */
export const readSmallFile = async (disk: Disk, path: string): Promise<Buffer | undefined> => {
  let file;
  try {
    file = await disk.open(path, 'read');
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
  try {
    const bytes = Buffer.alloc(await file.sizeBytes());
    const readBytes = await file.read(bytes, 0);
    return bytes.subarray(0, readBytes);
  } finally {
    await file.close();
  }
};

/** Whether a file failed to go because it was not there. */
export const unlinkIfThere = async (disk: Disk, path: string): Promise<boolean> => {
  try {
    await disk.unlink(path);
    return true;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return false;
    throw error;
  }
};

export interface ReplaceOptions {
  /** False for files that can be rebuilt: no flush, and a crash may leave the old one, the new one or none. */
  readonly durable: boolean;
}

/** Replaces a file in one step: write beside it, flush, rename, flush the directory (DUR-6). */
export const replaceFile = async (
  disk: Disk,
  path: string,
  parts: readonly Buffer[],
  options: ReplaceOptions = { durable: true },
): Promise<void> => {
  const besides = `${path}.tmp`;
  await unlinkIfThere(disk, besides);
  const file = await disk.open(besides, 'create');
  try {
    await file.write(parts, 0);
    if (options.durable) await file.sync();
  } finally {
    await file.close();
  }
  await disk.rename(besides, path);
  if (options.durable) await disk.syncDirectory(directoryOf(path));
};

/** Makes a directory unless it is there; says whether it was made. */
export const ensureDirectory = async (disk: Disk, path: string): Promise<boolean> => {
  try {
    await disk.makeDirectory(path);
    return true;
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false;
    throw error;
  }
};
