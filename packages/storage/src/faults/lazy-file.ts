import { Failure } from '@kafkaesque/kernel';
import type { DiskFile } from '@kafkaesque/kernel';
import { coverWrites } from './unsynced';
import type { TrackedFile, Unsynced, UnsyncedWrite } from './unsynced';
import type { UnsyncedRecorder } from './unsynced-record';

const NOTHING: Buffer = Buffer.alloc(0);

export interface LazyFileOptions {
  readonly inner: DiskFile;
  readonly writable: boolean;
  readonly tracked: TrackedFile;
  readonly unsynced: Unsynced;
  readonly recorder: UnsyncedRecorder;
}

/** An open file below a lazy disk. */
export class LazyFile implements DiskFile {
  readonly path: string;
  readonly #inner: DiskFile;
  readonly #writable: boolean;
  readonly #tracked: TrackedFile;
  readonly #unsynced: Unsynced;
  readonly #recorder: UnsyncedRecorder;
  /** Changes that wait for the record; the inner file does not know of them yet. */
  readonly #underway = new Set<Promise<unknown>>();
  #closed = false;

  constructor({ inner, writable, tracked, unsynced, recorder }: LazyFileOptions) {
    this.path = inner.path;
    this.#inner = inner;
    this.#writable = writable;
    this.#tracked = tracked;
    this.#unsynced = unsynced;
    this.#recorder = recorder;
  }

  read(into: Buffer, position: number): Promise<number> {
    return this.#inner.read(into, position);
  }

  readNow(into: Buffer, position: number): number {
    return this.#inner.readNow(into, position);
  }

  async write(parts: readonly Buffer[], position: number): Promise<void> {
    this.#needWritable();
    const lengthBytes = parts.reduce((sum, part) => sum + part.length, 0);
    if (lengthBytes === 0) return;
    const sizeBefore = this.#tracked.sizeBytes;
    const sizeAfter = Math.max(sizeBefore, position + lengthBytes);
    const beforeBytes = Math.max(0, Math.min(sizeBefore, position + lengthBytes) - position);
    await this.#hold(
      this.#change({ position, lengthBytes, sizeBefore, sizeAfter }, beforeBytes, () =>
        this.#inner.write(parts, position),
      ),
    );
  }

  async truncate(sizeBytes: number): Promise<void> {
    this.#needWritable();
    const sizeBefore = this.#tracked.sizeBytes;
    await this.#hold(
      this.#change(
        { position: sizeBytes, lengthBytes: 0, sizeBefore, sizeAfter: sizeBytes },
        Math.max(0, sizeBefore - sizeBytes),
        () => this.#inner.truncate(sizeBytes),
      ),
    );
  }

  async sync(): Promise<void> {
    this.#needOpen();
    const covered = this.#tracked.writes.filter(({ stage }) => stage === 'done');
    if (covered.length === 0) return;
    const sequences = covered.map(({ sequence }) => sequence);
    coverWrites(this.#tracked, new Set(sequences));
    await this.#recorder.tell({ kind: 'synced', id: this.#tracked.id, sequences });
  }

  sizeBytes(): Promise<number> {
    return this.#inner.sizeBytes();
  }

  async close(): Promise<void> {
    this.#needOpen();
    this.#closed = true;
    await Promise.all(this.#underway);
    await this.#inner.close();
    this.#tracked.openCount -= 1;
    if (this.#tracked.openCount === 0 && this.#tracked.writes.length === 0) {
      this.#unsynced.files.delete(this.#tracked.id);
    }
  }

  /** Tells the record what is about to change, with the bytes that stand there, and only then lets it happen. */
  async #change(
    what: Pick<UnsyncedWrite, 'position' | 'lengthBytes' | 'sizeBefore' | 'sizeAfter'>,
    beforeBytes: number,
    act: () => Promise<void>,
  ): Promise<void> {
    const tracked = this.#tracked;
    const sequence = this.#unsynced.nextNumber++;
    const write: UnsyncedWrite = { sequence, ...what, before: NOTHING, stage: 'noticed' };
    tracked.writes.push(write);
    tracked.sizeBytes = what.sizeAfter;
    if (beforeBytes > 0) {
      const before = Buffer.alloc(beforeBytes);
      write.before = before.subarray(0, await this.#inner.read(before, what.position));
    }
    if (!tracked.recorded) {
      tracked.recorded = true;
      const { id, path, durableSize, durableSequence } = tracked;
      void this.#recorder.tell({ kind: 'file', id, path, durableSize, durableSequence });
    }
    write.stage = 'announced';
    await this.#recorder.tell({ kind: 'write', id: tracked.id, write: { sequence, ...what } }, write.before);
    try {
      await act();
    } finally {
      write.stage = 'done';
    }
  }

  /** Closing waits for `work`, whatever comes of it. */
  #hold(work: Promise<void>): Promise<void> {
    const end = (): void => void this.#underway.delete(ended);
    const ended: Promise<void> = work.then(end, end);
    this.#underway.add(ended);
    return work;
  }

  #needWritable(): void {
    this.#needOpen();
    if (!this.#writable) throw new Failure('EBADF', `EBADF: ${this.path} is open for reading`);
  }

  #needOpen(): void {
    if (this.#closed) throw new Failure('EBADF', `EBADF: ${this.path} is closed`);
  }
}
