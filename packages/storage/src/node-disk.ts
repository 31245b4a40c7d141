import {
  close,
  fdatasync,
  fstat,
  fsync,
  ftruncate,
  mkdir,
  open,
  read,
  readdir,
  readSync,
  rename,
  rmdir,
  statfs,
  unlink,
  write,
  writev,
} from 'node:fs';
import { Failure, assert } from '@kafkaesque/kernel';
import type { Disk, DiskEntry, DiskFile } from '@kafkaesque/kernel';

/**
 * The machine's own disk, over the callbacks of `node:fs` and their thread pool. Failures are node's own errors and
 * carry the operating system's `code`.
 */
export const openNodeDisk = (): Disk => ({
  open: openFile,
  list: listDirectory,
  makeDirectory: (path) => settled((done) => mkdir(path, done)),
  rename: (from, to) => settled((done) => rename(from, to, done)),
  unlink: (path) => settled((done) => unlink(path, done)),
  removeDirectory: (path) => settled((done) => rmdir(path, done)),
  syncDirectory,
  space: spaceBelow,
});

type Settle = (error: unknown) => void;

const settled = (start: (done: Settle) => void): Promise<void> =>
  new Promise((resolve, reject) => {
    start((error) => {
      if (error === null || error === undefined) resolve();
      else reject(asError(error));
    });
  });

/** Node's callbacks promise an error; its type is all that a realm's `instanceof` cannot tell. */
const asError = (error: unknown): Error => error as Error;

const flagsOf = { read: 'r', write: 'r+', create: 'wx+' } as const;

const openDescriptor = (path: string, flags: string): Promise<number> =>
  new Promise((resolve, reject) => {
    open(path, flags, 0o644, (error, descriptor) => {
      if (error === null) resolve(descriptor);
      else reject(error);
    });
  });

const openFile = async (path: string, mode: 'read' | 'write' | 'create'): Promise<DiskFile> =>
  new NodeFile(path, await openDescriptor(path, flagsOf[mode]));

const listDirectory = (directory: string): Promise<readonly DiskEntry[]> =>
  new Promise((resolve, reject) => {
    readdir(directory, { withFileTypes: true }, (error, found) => {
      if (error !== null) {
        reject(error);
        return;
      }
      const entries = found.map((entry): DiskEntry => ({
        name: entry.name,
        kind: entry.isFile() ? 'file' : entry.isDirectory() ? 'directory' : 'other',
      }));
      resolve(entries.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0)));
    });
  });

const syncDirectory = async (path: string): Promise<void> => {
  const descriptor = await openDescriptor(path, 'r');
  try {
    await settled((done) => fsync(descriptor, done));
  } finally {
    await settled((done) => close(descriptor, done));
  }
};

const spaceBelow = (path: string): Promise<{ readonly freeBytes: number; readonly totalBytes: number }> =>
  new Promise((resolve, reject) => {
    statfs(path, (error, found) => {
      if (error === null)
        resolve({ freeBytes: found.bavail * found.bsize, totalBytes: found.blocks * found.bsize });
      else reject(error);
    });
  });

/** Linux takes at most this many parts in one `writev` (IOV_MAX). */
const MAXIMUM_PARTS = 1024;

class NodeFile implements DiskFile {
  readonly path: string;
  readonly #descriptor: number;
  /** Calls in the thread pool. The descriptor is closed after the last, or its number could name another file. */
  #underway = 0;
  #closing: Settle | undefined;
  #closed = false;

  constructor(path: string, descriptor: number) {
    this.path = path;
    this.#descriptor = descriptor;
  }

  read(into: Buffer, position: number): Promise<number> {
    return new Promise((resolve, reject) => {
      if (!this.#begin(reject)) return;
      let filled = 0;
      const next = (): void => {
        read(this.#descriptor, into, filled, into.length - filled, position + filled, (error, count) => {
          if (error !== null) {
            this.#end();
            reject(error);
            return;
          }
          filled += count;
          if (count > 0 && filled < into.length) {
            next();
            return;
          }
          this.#end();
          resolve(filled);
        });
      };
      next();
    });
  }

  readNow(into: Buffer, position: number): number {
    if (this.#closed) throw this.#closedFailure();
    let filled = 0;
    while (filled < into.length) {
      const count = readSync(this.#descriptor, into, filled, into.length - filled, position + filled);
      if (count === 0) break;
      filled += count;
    }
    return filled;
  }

  write(parts: readonly Buffer[], position: number): Promise<void> {
    return new Promise((resolve, reject) => {
      let sizeBytes = 0;
      let empty = false;
      for (const part of parts) {
        sizeBytes += part.length;
        if (part.length === 0) empty = true;
      }
      if (sizeBytes === 0) {
        resolve();
        return;
      }
      if (!this.#begin(reject)) return;
      let written = 0;
      let rest = empty ? parts.filter((part) => part.length > 0) : parts;
      const done = (error: NodeJS.ErrnoException | null, count: number): void => {
        if (error === null) {
          written += count;
          if (count > 0 && written < sizeBytes) {
            rest = partsAfter(rest, count);
            next();
            return;
          }
        }
        this.#end();
        if (error !== null) reject(error);
        else if (written < sizeBytes) reject(new Failure('EIO', `a write to ${this.path} made no progress`));
        else resolve();
      };
      const next = (): void => {
        const [first] = rest;
        assert(first !== undefined, 'a write with bytes left has parts left');
        if (rest.length === 1) write(this.#descriptor, first, 0, first.length, position + written, done);
        else
          writev(
            this.#descriptor,
            rest.length > MAXIMUM_PARTS ? rest.slice(0, MAXIMUM_PARTS) : rest,
            position + written,
            done,
          );
      };
      next();
    });
  }

  truncate(sizeBytes: number): Promise<void> {
    return this.#run((done) => ftruncate(this.#descriptor, sizeBytes, done));
  }

  sync(): Promise<void> {
    return this.#run((done) => fdatasync(this.#descriptor, done));
  }

  sizeBytes(): Promise<number> {
    return new Promise((resolve, reject) => {
      if (!this.#begin(reject)) return;
      fstat(this.#descriptor, (error, found) => {
        this.#end();
        if (error === null) resolve(found.size);
        else reject(error);
      });
    });
  }

  async close(): Promise<void> {
    if (this.#closed) throw this.#closedFailure();
    this.#closed = true;
    if (this.#underway > 0) await settled((done) => (this.#closing = done));
    await settled((done) => close(this.#descriptor, done));
  }

  #run(start: (done: Settle) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      if (!this.#begin(reject)) return;
      start((error) => {
        this.#end();
        if (error === null || error === undefined) resolve();
        else reject(asError(error));
      });
    });
  }

  #begin(reject: (cause: Error) => void): boolean {
    if (this.#closed) {
      reject(this.#closedFailure());
      return false;
    }
    this.#underway += 1;
    return true;
  }

  #end(): void {
    this.#underway -= 1;
    if (this.#underway === 0) this.#closing?.(null);
  }

  #closedFailure(): Failure {
    return new Failure('EBADF', `${this.path} is closed`);
  }
}

/** What is left of `parts` without their first `count` bytes. Never empty parts at the front. */
const partsAfter = (parts: readonly Buffer[], count: number): readonly Buffer[] => {
  let index = 0;
  let skipped = 0;
  for (;;) {
    const part = parts[index];
    assert(part !== undefined, 'the parts hold more bytes than were written');
    if (skipped + part.length > count) {
      return skipped === count
        ? parts.slice(index)
        : [part.subarray(count - skipped), ...parts.slice(index + 1)];
    }
    skipped += part.length;
    index += 1;
  }
};
