import type { Disk, DiskFile } from '@kafkaesque/kernel';
import { openNodeDisk } from '@kafkaesque/storage';

/** The machine's disk, on which the records of a node stop becoming durable when a test wants it; its metadata go on. */
export interface StallingDisk {
  readonly disk: Disk;
  stall(): void;
  goOn(): void;
}

export const openStallingDisk = (): StallingDisk => {
  const inner = openNodeDisk();
  let waiting: (() => void)[] | undefined;
  const stalled = (file: DiskFile): DiskFile => ({
    path: file.path,
    read: (into, position) => file.read(into, position),
    readNow: (into, position) => file.readNow(into, position),
    write: (parts, position) => file.write(parts, position),
    truncate: (sizeBytes) => file.truncate(sizeBytes),
    sync: async () => {
      const queue = waiting;
      if (queue !== undefined) await new Promise<void>((resolve) => queue.push(resolve));
      await file.sync();
    },
    sizeBytes: () => file.sizeBytes(),
    close: () => file.close(),
  });
  const disk: Disk = {
    open: async (path, mode) => {
      const file = await inner.open(path, mode);
      return path.includes('/metadata/') ? file : stalled(file);
    },
    list: (directory) => inner.list(directory),
    makeDirectory: (path) => inner.makeDirectory(path),
    rename: (from, to) => inner.rename(from, to),
    unlink: (path) => inner.unlink(path),
    removeDirectory: (path) => inner.removeDirectory(path),
    syncDirectory: (path) => inner.syncDirectory(path),
    space: (path) => inner.space(path),
  };
  return {
    disk,
    stall: () => {
      waiting ??= [];
    },
    goOn: () => {
      const queue = waiting ?? [];
      waiting = undefined;
      for (const resolve of queue) resolve();
    },
  };
};
