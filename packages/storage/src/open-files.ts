import { assert } from '@kafkaesque/kernel';
import type { Disk, DiskFile } from '@kafkaesque/kernel';
import type { Segment } from './segment';

interface OpenFile {
  readonly opening: Promise<DiskFile>;
  file: DiskFile | undefined;
  pins: number;
  /** Called when the last pin goes, once somebody wants the file closed. */
  closing: (() => void) | undefined;
}

/** The segment files that are open: as many as allowed stay so, the one unused longest is closed first. */
export class OpenFiles {
  readonly #disk: Disk;
  readonly #limit: number;
  /** In order of last use. */
  readonly #files = new Map<Segment, OpenFile>();

  constructor(disk: Disk, limit: number) {
    this.#disk = disk;
    this.#limit = limit;
  }

  get count(): number {
    return this.#files.size;
  }

  /** The file, if it is open already; good for this very call. */
  held(segment: Segment): DiskFile | undefined {
    return this.#files.get(segment)?.file;
  }

  /** Opens (or creates) the segment's file and keeps it open during `work`. */
  async use<T>(
    segment: Segment,
    path: string,
    mode: 'write' | 'create',
    work: (file: DiskFile) => Promise<T>,
  ): Promise<T> {
    const open = this.#pinned(segment, path, mode);
    try {
      return await work(open.file ?? (await open.opening));
    } finally {
      open.pins -= 1;
      if (open.pins === 0) open.closing?.();
    }
  }

  #pinned(segment: Segment, path: string, mode: 'write' | 'create'): OpenFile {
    const known = this.#files.get(segment);
    if (known !== undefined) {
      known.pins += 1;
      this.#files.delete(segment);
      this.#files.set(segment, known);
      return known;
    }
    const opening = this.#disk.open(path, mode);
    const open: OpenFile = { opening, file: undefined, pins: 1, closing: undefined };
    this.#files.set(segment, open);
    opening.then(
      (file) => (open.file = file),
      () => this.#files.delete(segment),
    );
    if (this.#files.size > this.#limit) this.#closeOldest();
    return open;
  }

  #closeOldest(): void {
    for (const [segment, open] of this.#files) {
      if (open.pins > 0 || open.file === undefined) continue;
      this.#files.delete(segment);
      // Nobody reads or writes it now; what was written stays for a later sync through another descriptor.
      open.file.close().catch(() => undefined);
      return;
    }
  }

  /** Closes the file once nobody uses it; it is opened anew when it is wanted again. */
  async close(segment: Segment): Promise<void> {
    const open = this.#files.get(segment);
    if (open === undefined) return;
    this.#files.delete(segment);
    if (open.pins > 0) {
      await new Promise<void>((resolve) => {
        assert(open.closing === undefined, 'a file is closed by one');
        open.closing = resolve;
      });
    }
    const file = await open.opening.catch(() => undefined);
    await file?.close();
  }

  async closeAll(): Promise<void> {
    await Promise.all([...this.#files.keys()].map((segment) => this.close(segment)));
  }
}
