import { Failure, hasCode } from '@kafkaesque/kernel';
import type { Disk, DiskEntry, DiskFile, Random } from '@kafkaesque/kernel';
import { LazyFile } from './lazy-file';
import { losePower, removeKept, settleHalfDone } from './power-loss';
import type { PowerLoss } from './power-loss';
import { coverNames, directoriesOf, follow, isAtOrBelow, parentOf } from './unsynced';
import type { NameChange, TrackedFile, Unsynced, UnsyncedName } from './unsynced';
import { readUnsynced, sideDirectoryOf } from './unsynced-record';
import type { UnsyncedRecorder } from './unsynced-record';

/**
 * `lazy`: the death of a process is a loss of power; opening the disk takes away what the last process had not synced.
 * `lazy-kill`: a killed process leaves its writes in the page cache, readable and not durable; `dropUnsynced` takes
 * them, now or after later processes have died as well.
 */
export type LazyMode = 'lazy' | 'lazy-kill';

/** What a lazy disk forgets, and where. */
export interface LazyDiskOptions {
  readonly mode: LazyMode;
  /** What happens below this directory is governed; it need not exist yet, its parent must. */
  readonly directory: string;
  readonly random: Random;
  /** Told what the last process's death took. */
  readonly onLoss?: (loss: PowerLoss) => void;
}

/**
 * A disk for processes that are killed on purpose: real files, and beside them a record of everything that no sync has
 * covered, with the bytes and names that stood there before. The record is written ahead of each change and outlives
 * the process, so that what a loss of power could have taken can be taken after the fact. `sync` and `syncDirectory`
 * change the record only; they do not wait for the device.
 */
export const openLazyDisk = async (inner: Disk, options: LazyDiskOptions): Promise<Disk> => {
  const { directory, mode, random, onLoss } = options;
  const side = sideDirectoryOf(directory);
  const unsynced = await readUnsynced(inner, side);
  await settleHalfDone(inner, unsynced);
  if (mode === 'lazy' && (unsynced.files.size > 0 || unsynced.names.length > 0)) {
    const loss = await losePower(inner, side, unsynced, random);
    onLoss?.(loss);
  }
  const recorder = await removeKept(inner, side, unsynced);
  return new LazyDisk(inner, directory, unsynced, recorder);
};

class LazyDisk implements Disk {
  readonly #inner: Disk;
  readonly #directory: string;
  readonly #side: string;
  readonly #unsynced: Unsynced;
  readonly #recorder: UnsyncedRecorder;
  /** Changes of names happen one after the other: each looks before it acts. */
  #lastChange: Promise<unknown> = Promise.resolve();

  constructor(inner: Disk, directory: string, unsynced: Unsynced, recorder: UnsyncedRecorder) {
    this.#inner = inner;
    this.#directory = directory;
    this.#side = sideDirectoryOf(directory);
    this.#unsynced = unsynced;
    this.#recorder = recorder;
  }

  async open(path: string, mode: 'read' | 'write' | 'create'): Promise<DiskFile> {
    if (!this.#governs(path)) return this.#inner.open(path, mode);
    if (mode !== 'create') return this.#opened(path, await this.#inner.open(path, mode), mode === 'write');
    return this.#alone(async () => {
      if ((await this.#kindOf(path)) !== undefined) throw new Failure('EEXIST', `EEXIST: ${path}`);
      const file = await this.#carryOut({ kind: 'create', path }, () => this.#inner.open(path, 'create'));
      return this.#opened(path, file, true);
    });
  }

  list(directory: string): Promise<readonly DiskEntry[]> {
    return this.#inner.list(directory);
  }

  makeDirectory(path: string): Promise<void> {
    if (!this.#governs(path)) return this.#inner.makeDirectory(path);
    return this.#alone(async () => {
      if ((await this.#kindOf(path)) !== undefined) throw new Failure('EEXIST', `EEXIST: ${path}`);
      await this.#carryOut({ kind: 'makeDirectory', path }, () => this.#inner.makeDirectory(path));
    });
  }

  rename(from: string, to: string): Promise<void> {
    if (!this.#governs(from) || !this.#governs(to)) return this.#inner.rename(from, to);
    return this.#alone(async () => {
      const [source, target] = [await this.#kindOf(from), await this.#kindOf(to)];
      if (source === undefined) throw new Failure('ENOENT', `ENOENT: ${from}`);
      if (from === to) return;
      // Directories and mismatched kinds fail or succeed as the file system says: nothing is kept of an empty directory.
      const kept = source === 'file' && target === 'file' ? this.#keptPath() : undefined;
      await this.#carryOut({ kind: 'rename', from, to, kept }, async () => {
        if (kept !== undefined) await this.#inner.rename(to, kept);
        await this.#inner.rename(from, to);
      });
    });
  }

  unlink(path: string): Promise<void> {
    if (!this.#governs(path)) return this.#inner.unlink(path);
    return this.#alone(async () => {
      if ((await this.#kindOf(path)) !== 'file') {
        await this.#inner.unlink(path);
        return;
      }
      const kept = this.#keptPath();
      await this.#carryOut({ kind: 'unlink', path, kept }, () => this.#inner.rename(path, kept));
    });
  }

  removeDirectory(path: string): Promise<void> {
    if (!this.#governs(path)) return this.#inner.removeDirectory(path);
    return this.#alone(async () => {
      if ((await this.#kindOf(path)) !== 'directory') {
        await this.#inner.removeDirectory(path);
        return;
      }
      await this.#carryOut({ kind: 'removeDirectory', path }, () => this.#inner.removeDirectory(path));
    });
  }

  async syncDirectory(path: string): Promise<void> {
    if (!isAtOrBelow(path, this.#directory)) {
      await this.#inner.syncDirectory(path);
      return;
    }
    const covered = this.#unsynced.names.filter(
      ({ change, done }) => done && directoriesOf(change).includes(path),
    );
    await this.#inner.list(path);
    if (covered.length === 0) return;
    const sequences = covered.map(({ sequence }) => sequence);
    const settled = coverNames(this.#unsynced, new Set(sequences));
    await this.#recorder.tell({ kind: 'settled', sequences });
    for (const name of settled) await this.#forget(name);
  }

  space(path: string): Promise<{ readonly freeBytes: number; readonly totalBytes: number }> {
    return this.#inner.space(path);
  }

  #governs(path: string): boolean {
    return path !== this.#directory && isAtOrBelow(path, this.#directory);
  }

  #keptPath(): string {
    return `${this.#side}/${this.#unsynced.nextNumber++}`;
  }

  #alone<Value>(work: () => Promise<Value>): Promise<Value> {
    const turn = this.#lastChange.then(work);
    this.#lastChange = turn.catch(() => undefined);
    return turn;
  }

  async #kindOf(path: string): Promise<DiskEntry['kind'] | undefined> {
    const name = path.slice(parentOf(path).length + 1);
    return (await this.#inner.list(parentOf(path))).find((entry) => entry.name === name)?.kind;
  }

  /** Announces the change, makes it, and tells that it was made: a change that failed is taken back. */
  async #carryOut<Value>(change: NameChange, act: () => Promise<Value>): Promise<Value> {
    const name: UnsyncedName = { sequence: this.#unsynced.nextNumber++, change, done: false };
    this.#unsynced.names.push(name);
    await this.#recorder.tell({ kind: 'name', sequence: name.sequence, change });
    let value: Value;
    try {
      value = await act();
    } catch (cause) {
      coverNames(this.#unsynced, new Set([name.sequence]));
      await this.#recorder.tell({ kind: 'settled', sequences: [name.sequence] });
      throw cause;
    }
    name.done = true;
    follow(this.#unsynced, change);
    await this.#recorder.tell({ kind: 'done', sequence: name.sequence });
    return value;
  }

  async #opened(path: string, file: DiskFile, writable: boolean): Promise<DiskFile> {
    const sizeBytes = await file.sizeBytes();
    let tracked = this.#trackedAt(path);
    if (tracked === undefined) {
      const id = this.#unsynced.nextNumber++;
      tracked = {
        id,
        path,
        sizeBytes,
        durableSize: sizeBytes,
        durableSequence: 0,
        recorded: false,
        openCount: 0,
        writes: [],
      };
      this.#unsynced.files.set(id, tracked);
    }
    if (tracked.openCount === 0) tracked.sizeBytes = sizeBytes;
    tracked.openCount += 1;
    return new LazyFile({
      inner: file,
      writable,
      tracked,
      unsynced: this.#unsynced,
      recorder: this.#recorder,
    });
  }

  #trackedAt(path: string): TrackedFile | undefined {
    for (const file of this.#unsynced.files.values()) if (file.path === path) return file;
    return undefined;
  }

  /** The name cannot come back: nor can what was kept for that. */
  async #forget({ change }: UnsyncedName): Promise<void> {
    const kept = 'kept' in change ? change.kept : undefined;
    if (kept === undefined) return;
    for (const file of this.#unsynced.files.values()) {
      if (file.path === kept) file.writes = [];
      if (file.path === kept && file.openCount === 0) this.#unsynced.files.delete(file.id);
    }
    try {
      await this.#inner.unlink(kept);
    } catch (cause) {
      if (!hasCode(cause, 'ENOENT')) throw cause;
    }
  }
}
