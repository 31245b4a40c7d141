import type { Clock, Disk, DiskFile } from '@kafkaesque/kernel';
import type { Gate } from '@kafkaesque/sim';

type Hold = <Value>(work: Promise<Value>) => Promise<Value>;

/** A disk that goes on while the process stands still, but tells it of nothing. */
export const heldDisk = (disk: Disk, gate: Gate): Disk => {
  const hold = holdAt(gate);
  return {
    open: async (path, mode) => heldFile(await hold(disk.open(path, mode)), hold),
    list: (directory) => hold(disk.list(directory)),
    makeDirectory: (path) => hold(disk.makeDirectory(path)),
    rename: (from, to) => hold(disk.rename(from, to)),
    unlink: (path) => hold(disk.unlink(path)),
    removeDirectory: (path) => hold(disk.removeDirectory(path)),
    syncDirectory: (path) => hold(disk.syncDirectory(path)),
    space: (path) => hold(disk.space(path)),
  };
};

/** A clock that goes on while the process stands still, but wakes it only afterwards. */
export const heldClock = (clock: Clock, gate: Gate): Clock => ({
  monotonicMs: () => clock.monotonicMs(),
  wallMs: () => clock.wallMs(),
  wakeAt: (atMs, wake) => {
    let isCancelled = false;
    const cancel = clock.wakeAt(atMs, () =>
      gate.pass(() => {
        if (!isCancelled) wake();
      }),
    );
    return () => {
      isCancelled = true;
      cancel();
    };
  },
});

const holdAt =
  (gate: Gate): Hold =>
  async (work) => {
    try {
      return await work;
    } finally {
      if (!gate.isClear) await new Promise<void>((resolve) => gate.pass(resolve));
    }
  };

const heldFile = (file: DiskFile, hold: Hold): DiskFile => ({
  path: file.path,
  read: (into, position) => hold(file.read(into, position)),
  readNow: (into, position) => file.readNow(into, position),
  write: (parts, position) => hold(file.write(parts, position)),
  truncate: (sizeBytes) => hold(file.truncate(sizeBytes)),
  sync: () => hold(file.sync()),
  sizeBytes: () => hold(file.sizeBytes()),
  close: () => hold(file.close()),
});
