import type { DiskFile } from '@kafkaesque/kernel';
import { assert, hasCode } from '@kafkaesque/kernel';
import type { LogPosition } from './records';
import type { LoadedSnapshot, SnapshotPlace } from './snapshot-files';
import { INCOMING_SUFFIX, keepSnapshot, readSnapshot, snapshotPath } from './snapshot-files';

/** A snapshot file that is being received, piece by piece, from another node. */
export interface IncomingSnapshot {
  readonly position: LogPosition;
  /** Pieces in order, without gaps. */
  write(at: number, bytes: Buffer): Promise<void>;
  /**
   * After the last piece: syncs, verifies, gives the file its name and syncs the directory. Rejects with the Failures of
   * `readSnapshot` when what came is not whole; then nothing is left of it.
   */
  finish(): Promise<LoadedSnapshot>;
  /** Leaves nothing behind. */
  abandon(): Promise<void>;
}

class IncomingFile implements IncomingSnapshot {
  readonly position: LogPosition;
  readonly #place: SnapshotPlace;
  readonly #path: string;
  readonly #file: DiskFile;
  #end = 0;
  #isOpen = true;

  constructor(place: SnapshotPlace, position: LogPosition, path: string, file: DiskFile) {
    this.#place = place;
    this.position = position;
    this.#path = path;
    this.#file = file;
  }

  async write(at: number, bytes: Buffer): Promise<void> {
    assert(at === this.#end, () => `a piece at ${at} follows the one that ended at ${this.#end}`);
    this.#end += bytes.length;
    await this.#file.write([bytes], at);
  }

  async finish(): Promise<LoadedSnapshot> {
    const { position } = this;
    try {
      await this.#file.sync();
      await this.#close();
      const named = { path: this.#path, ...position, sizeBytes: this.#end };
      const snapshot = await readSnapshot(this.#place, named);
      await keepSnapshot(this.#place, this.#path, position);
      return snapshot;
    } catch (error) {
      await this.abandon();
      throw error;
    }
  }

  async abandon(): Promise<void> {
    await this.#close().catch(() => undefined);
    await this.#place.disk.unlink(this.#path).catch(() => undefined);
  }

  async #close(): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    await this.#file.close();
  }
}

/** Begins to receive a snapshot; what an earlier attempt at the same one left is replaced. */
export const receiveSnapshot = async (
  place: SnapshotPlace,
  position: LogPosition,
): Promise<IncomingSnapshot> => {
  const path = `${snapshotPath(place, position)}${INCOMING_SUFFIX}`;
  await place.disk.unlink(path).catch((error: unknown) => {
    if (!hasCode(error, 'ENOENT')) throw error;
  });
  return new IncomingFile(place, position, path, await place.disk.open(path, 'create'));
};

/** Bytes of a snapshot file from `at` on, at most `maxBytes`; undefined when there is no such snapshot any more. */
export const readSnapshotPart = async (
  place: SnapshotPlace,
  position: LogPosition,
  at: number,
  maxBytes: number,
): Promise<{ readonly bytes: Buffer; readonly sizeBytes: number } | undefined> => {
  let file: DiskFile;
  try {
    file = await place.disk.open(snapshotPath(place, position), 'read');
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
  try {
    const sizeBytes = await file.sizeBytes();
    const bytes = Buffer.alloc(Math.max(0, Math.min(maxBytes, sizeBytes - at)));
    const count = await file.read(bytes, at);
    return { bytes: bytes.subarray(0, count), sizeBytes };
  } finally {
    await file.close();
  }
};
