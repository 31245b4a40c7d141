import { messageOf } from '@kafkaesque/kernel';
import type { Disk, DiskFile } from '@kafkaesque/kernel';

/** Says what is done to a disk, for whoever looks into a seed that failed. */
export const tracedDisk = (disk: Disk, say: (line: string) => void): Disk => {
  const told = async <T>(what: string, work: Promise<T>): Promise<T> => {
    try {
      const value = await work;
      say(what);
      return value;
    } catch (cause) {
      say(`${what} FAILED ${messageOf(cause)}`);
      throw cause;
    }
  };
  return {
    open: async (path, mode) => tracedFile(await told(`open ${mode} ${path}`, disk.open(path, mode)), told),
    list: (directory) => disk.list(directory),
    makeDirectory: (path) => told(`mkdir ${path}`, disk.makeDirectory(path)),
    rename: (from, to) => told(`rename ${from} ${to}`, disk.rename(from, to)),
    unlink: (path) => told(`unlink ${path}`, disk.unlink(path)),
    removeDirectory: (path) => told(`rmdir ${path}`, disk.removeDirectory(path)),
    syncDirectory: (path) => told(`syncdir ${path}`, disk.syncDirectory(path)),
    space: (path) => disk.space(path),
  };
};

const tracedFile = (file: DiskFile, told: <T>(what: string, work: Promise<T>) => Promise<T>): DiskFile => ({
  path: file.path,
  read: (into, position) => file.read(into, position),
  readNow: (into, position) => file.readNow(into, position),
  write: (parts, position) =>
    told(
      `write ${file.path} ${position}+${parts.reduce((sum, part) => sum + part.length, 0)}`,
      file.write(parts, position),
    ),
  truncate: (sizeBytes) => told(`truncate ${file.path} ${sizeBytes}`, file.truncate(sizeBytes)),
  sync: () => told(`sync ${file.path}`, file.sync()),
  sizeBytes: () => file.sizeBytes(),
  close: () => file.close(),
});
