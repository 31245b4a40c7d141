import { hasCode } from '@kafkaesque/kernel';
import type { Disk, DiskFile, Random } from '@kafkaesque/kernel';
import { follow, isAtOrBelow, parentOf, pathsOf } from './unsynced';
import type { NameChange, TrackedFile, Unsynced, UnsyncedName, UnsyncedWrite } from './unsynced';
import { UnsyncedRecorder, readUnsynced, sideDirectoryOf } from './unsynced-record';

/** What became of the operations that no sync had covered. */
export interface PowerLoss {
  readonly keptOperations: number;
  readonly lostOperations: number;
  readonly tornWrites: number;
}

/** Where power is lost. */
export interface PowerLossOptions {
  readonly disk: Disk;
  /** The directory that a lazy disk governed, now without a process. */
  readonly directory: string;
  readonly random: Random;
}

/**
 * Takes power away from a machine whose processes are dead: of what a lazy disk's processes wrote below `directory` and
 * did not sync, each operation is kept, lost or torn at sectors on its own. A change of names takes later changes
 * of the same names with it, as a file system's own journal would.
 */
export const dropUnsynced = async ({ disk, directory, random }: PowerLossOptions): Promise<PowerLoss> => {
  const side = sideDirectoryOf(directory);
  const unsynced = await readUnsynced(disk, side);
  await settleHalfDone(disk, unsynced);
  return losePower(disk, side, unsynced, random);
};

/** Decides for every change of names that was announced whether it happened. */
export const settleHalfDone = async (disk: Disk, unsynced: Unsynced): Promise<void> => {
  const happened: UnsyncedName[] = [];
  for (const name of unsynced.names) {
    if (!name.done && !(await hasHappened(disk, name.change))) continue;
    if (!name.done) follow(unsynced, name.change);
    name.done = true;
    happened.push(name);
  }
  unsynced.names = happened;
};

const hasHappened = async (disk: Disk, change: NameChange): Promise<boolean> => {
  switch (change.kind) {
    case 'create':
    case 'makeDirectory':
      return true;
    case 'removeDirectory':
      return !(await isThere(disk, change.path));
    case 'unlink':
      return isThere(disk, change.kept);
    case 'rename':
      if (!(await isThere(disk, change.from))) return true;
      if (change.kept !== undefined && (await isThere(disk, change.kept)))
        await disk.rename(change.kept, change.to);
      return false;
  }
};

const isThere = async (disk: Disk, path: string): Promise<boolean> => {
  const name = path.slice(parentOf(path).length + 1);
  try {
    return (await disk.list(parentOf(path))).some((entry) => entry.name === name);
  } catch (cause) {
    if (hasCode(cause, 'ENOENT')) return false;
    throw cause;
  }
};

interface Odds {
  readonly sectorBytes: number;
  readonly keeps: () => boolean;
  readonly tears: () => boolean;
  readonly keepsSector: () => boolean;
}

const KEPT = [0, 0.2, 0.5, 0.8] as const;
const TORN = [0, 0.3, 0.6, 1] as const;

/** Drawn once per loss, so that losses differ in kind. */
const drawOdds = (random: Random): Odds => {
  const kept = KEPT[random.below(KEPT.length)] ?? 0;
  const torn = TORN[random.below(TORN.length)] ?? 0;
  const sector = 0.1 + 0.8 * random.fraction();
  return {
    sectorBytes: random.below(2) === 0 ? 512 : 4096,
    keeps: () => random.fraction() < kept,
    tears: () => random.fraction() < torn,
    keepsSector: () => random.fraction() < sector,
  };
};

export const losePower = async (
  disk: Disk,
  side: string,
  unsynced: Unsynced,
  random: Random,
): Promise<PowerLoss> => {
  const odds = drawOdds(random);
  const counts = { keptOperations: 0, lostOperations: 0, tornWrites: 0 };
  for (const file of unsynced.files.values()) {
    if (file.writes.length > 0) await loseBytes(disk, file, odds, counts);
  }
  await loseNames(disk, unsynced.names, odds, counts);
  unsynced.files.clear();
  unsynced.names = [];
  await removeKept(disk, side, unsynced);
  return counts;
};

type Counts = { -readonly [Count in keyof PowerLoss]: number };

const loseBytes = async (disk: Disk, file: TrackedFile, odds: Odds, counts: Counts): Promise<void> => {
  let open: DiskFile;
  try {
    open = await disk.open(file.path, 'write');
  } catch (cause) {
    if (hasCode(cause, 'ENOENT')) return;
    throw cause;
  }
  try {
    let sizeBytes = file.durableSize;
    const lostCuts = new Set<UnsyncedWrite>();
    for (const write of file.writes) {
      if (write.sizeAfter === write.sizeBefore) continue;
      if (odds.keeps()) sizeBytes = write.sizeAfter;
      else if (write.lengthBytes === 0) lostCuts.add(write);
    }
    for (const write of file.writes.toReversed()) {
      if (write.lengthBytes === 0 ? !lostCuts.has(write) : odds.keeps()) counts.keptOperations += 1;
      else if (write.lengthBytes > 0 && odds.tears()) {
        await restore(open, write, odds);
        counts.tornWrites += 1;
      } else {
        await restore(open, write, undefined);
        counts.lostOperations += 1;
      }
    }
    await open.truncate(sizeBytes);
  } finally {
    await open.close();
  }
};

/** Puts back what stood there before the write, in every sector or in those that chance picks. */
const restore = async (open: DiskFile, write: UnsyncedWrite, odds: Odds | undefined): Promise<void> => {
  const old = Buffer.alloc(Math.max(write.lengthBytes, write.before.length));
  write.before.copy(old);
  if (odds === undefined) {
    await open.write([old], write.position);
    return;
  }
  let done = 0;
  while (done < old.length) {
    const position = write.position + done;
    const length = Math.min(odds.sectorBytes - (position % odds.sectorBytes), old.length - done);
    if (!odds.keepsSector()) await open.write([old.subarray(done, done + length)], position);
    done += length;
  }
};

const loseNames = async (
  disk: Disk,
  names: readonly UnsyncedName[],
  odds: Odds,
  counts: Counts,
): Promise<void> => {
  const lostPaths: string[] = [];
  const lost: NameChange[] = [];
  for (const { change } of names) {
    const paths = pathsOf(change);
    const depends = lostPaths.some((gone) =>
      paths.some((path) => isAtOrBelow(path, gone) || isAtOrBelow(gone, path)),
    );
    if (!depends && odds.keeps()) {
      counts.keptOperations += 1;
      continue;
    }
    counts.lostOperations += 1;
    lostPaths.push(...paths);
    lost.push(change);
  }
  for (const change of lost.toReversed()) await undo(disk, change);
};

const undo = async (disk: Disk, change: NameChange): Promise<void> => {
  switch (change.kind) {
    case 'create':
    case 'makeDirectory':
      await removeWhole(disk, change.path);
      return;
    case 'removeDirectory':
      if (!(await isThere(disk, change.path))) await disk.makeDirectory(change.path);
      return;
    case 'unlink':
      if (!(await isThere(disk, change.path))) await moveIfThere(disk, change.kept, change.path);
      return;
    case 'rename':
      if (!(await isThere(disk, change.from))) await moveIfThere(disk, change.to, change.from);
      if (change.kept !== undefined && !(await isThere(disk, change.to))) {
        await moveIfThere(disk, change.kept, change.to);
      }
  }
};

const moveIfThere = async (disk: Disk, from: string, to: string): Promise<void> => {
  if (await isThere(disk, from)) await disk.rename(from, to);
};

/** Removes a file, or a directory with all that is in it. Nothing there is as well. */
const removeWhole = async (disk: Disk, path: string): Promise<void> => {
  const name = path.slice(parentOf(path).length + 1);
  if (!(await isThere(disk, path))) return;
  const entry = (await disk.list(parentOf(path))).find((found) => found.name === name);
  if (entry?.kind !== 'directory') {
    await disk.unlink(path);
    return;
  }
  for (const child of await disk.list(path)) await removeWhole(disk, `${path}/${child.name}`);
  await disk.removeDirectory(path);
};

/** Starts the record anew and removes the files whose names cannot come back. */
export const removeKept = async (disk: Disk, side: string, unsynced: Unsynced): Promise<UnsyncedRecorder> => {
  try {
    await disk.makeDirectory(side);
  } catch (cause) {
    if (!hasCode(cause, 'EEXIST')) throw cause;
  }
  const recorder = new UnsyncedRecorder(disk, side, unsynced);
  await recorder.rewrite();
  const needed = new Set(unsynced.names.map(({ change }) => ('kept' in change ? change.kept : undefined)));
  for (const { name } of await disk.list(side)) {
    const path = `${side}/${name}`;
    if (name !== 'record' && !needed.has(path)) await removeWhole(disk, path);
  }
  return recorder;
};
