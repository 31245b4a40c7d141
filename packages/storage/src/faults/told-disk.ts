import { readFile, unlink } from 'node:fs/promises';
import { setTimeout as pass } from 'node:timers/promises';
import { hasCode } from '@kafkaesque/kernel';
import type { Disk, DiskFile } from '@kafkaesque/kernel';

/** Where a told disk finds what it is to do: beside the directory that it governs. */
export const toldFileOf = (directory: string): string => `${directory}.told`;

/**
 * A disk for processes whose disk is to fail while they run: it does what a file beside the directory says. `slow 800`:
 * each sync takes 800 ms longer. `fail-once`: the next sync fails with EIO, and the file is gone. `full`: nothing can be
 * written, as on a full disk. Without the file it is as the disk below it.
 */
export const openToldDisk = (inner: Disk, directory: string): Disk => new ToldDisk(inner, directory);

type Order =
  { readonly kind: 'none' | 'fail-once' | 'full' } | { readonly kind: 'slow'; readonly ms: number };

const NO_ORDER: Order = { kind: 'none' };

const orderIn = (text: string): Order => {
  const [kind, ms] = text.trim().split(' ');
  if (kind === 'slow') return { kind, ms: Number(ms) };
  return kind === 'fail-once' || kind === 'full' ? { kind } : NO_ORDER;
};

const failure = (code: string, path: string): Error =>
  Object.assign(new Error(`${code}: told to fail, ${path}`), { code });

class ToldDisk implements Disk {
  readonly #inner: Disk;
  readonly #directory: string;

  constructor(inner: Disk, directory: string) {
    this.#inner = inner;
    this.#directory = directory;
  }

  async open(path: string, mode: 'read' | 'write' | 'create'): Promise<DiskFile> {
    if (mode === 'create') await this.#roomFor(path);
    const file = await this.#inner.open(path, mode);
    return this.#governs(path) ? this.#told(file) : file;
  }

  list(directory: string): ReturnType<Disk['list']> {
    return this.#inner.list(directory);
  }

  async makeDirectory(path: string): Promise<void> {
    await this.#roomFor(path);
    await this.#inner.makeDirectory(path);
  }

  rename(from: string, to: string): Promise<void> {
    return this.#inner.rename(from, to);
  }

  unlink(path: string): Promise<void> {
    return this.#inner.unlink(path);
  }

  removeDirectory(path: string): Promise<void> {
    return this.#inner.removeDirectory(path);
  }

  async syncDirectory(path: string): Promise<void> {
    if (this.#governs(path)) await this.#delay(path);
    await this.#inner.syncDirectory(path);
  }

  async space(path: string): ReturnType<Disk['space']> {
    const space = await this.#inner.space(path);
    const isFull = this.#governs(path) && (await this.#order()).kind === 'full';
    return isFull ? { ...space, freeBytes: 0 } : space;
  }

  #told(file: DiskFile): DiskFile {
    return {
      path: file.path,
      read: (into, position) => file.read(into, position),
      readNow: (into, position) => file.readNow(into, position),
      write: async (parts, position) => {
        await this.#roomFor(file.path);
        await file.write(parts, position);
      },
      truncate: (sizeBytes) => file.truncate(sizeBytes),
      sync: async () => {
        await this.#delay(file.path);
        await file.sync();
      },
      sizeBytes: () => file.sizeBytes(),
      close: () => file.close(),
    };
  }

  #governs(path: string): boolean {
    return path === this.#directory || path.startsWith(`${this.#directory}/`);
  }

  async #roomFor(path: string): Promise<void> {
    if (this.#governs(path) && (await this.#order()).kind === 'full') throw failure('ENOSPC', path);
  }

  async #delay(path: string): Promise<void> {
    const order = await this.#order();
    if (order.kind === 'slow') await pass(order.ms);
    if (order.kind !== 'fail-once') return;
    try {
      await unlink(toldFileOf(this.#directory));
    } catch (error) {
      // Another sync was faster: it is the one that fails.
      if (hasCode(error, 'ENOENT')) return;
      throw error;
    }
    throw failure('EIO', path);
  }

  async #order(): Promise<Order> {
    try {
      return orderIn(await readFile(toldFileOf(this.#directory), 'utf8'));
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return NO_ORDER;
      throw error;
    }
  }
}
