import { assert, hasCode } from '@kafkaesque/kernel';
import type { Disk, DiskFile } from '@kafkaesque/kernel';
import { nothingUnsynced, replay } from './unsynced';
import type { Unsynced, UnsyncedRecord } from './unsynced';

/** Beside the governed directory, on the same file system: the record and the files that lost their name. */
export const sideDirectoryOf = (directory: string): string => `${directory}.unsynced`;

const recordPathOf = (side: string): string => `${side}/record`;

/** Beyond this the record is written anew with what still counts. */
const REWRITE_BYTES = 1024 * 1024;

/** Lengths of the JSON and of the bytes beside it. */
const PREFIX_BYTES = 8;
const NOTHING: Buffer = Buffer.alloc(0);

const encode = (record: UnsyncedRecord, bytes: Buffer): readonly Buffer[] => {
  const json = Buffer.from(JSON.stringify(record));
  const prefix = Buffer.allocUnsafe(PREFIX_BYTES);
  prefix.writeUInt32LE(json.length, 0);
  prefix.writeUInt32LE(bytes.length, 4);
  return [prefix, json, bytes];
};

/** The record as a killed process left it: whole up to some point, because it has one writer that only appends. */
export const readUnsynced = async (disk: Disk, side: string): Promise<Unsynced> => {
  const unsynced = nothingUnsynced();
  const content = await contentIfThere(disk, recordPathOf(side));
  let at = 0;
  while (at + PREFIX_BYTES <= content.length) {
    const jsonAt = at + PREFIX_BYTES;
    const bytesAt = jsonAt + content.readUInt32LE(at);
    const end = bytesAt + content.readUInt32LE(at + 4);
    if (end > content.length) break;
    replay(
      unsynced,
      JSON.parse(content.toString('utf8', jsonAt, bytesAt)) as UnsyncedRecord,
      content.subarray(bytesAt, end),
    );
    at = end;
  }
  for (const file of unsynced.files.values()) if (file.writes.length === 0) unsynced.files.delete(file.id);
  return unsynced;
};

const contentIfThere = async (disk: Disk, path: string): Promise<Buffer> => {
  let file: DiskFile;
  try {
    file = await disk.open(path, 'read');
  } catch (cause) {
    if (hasCode(cause, 'ENOENT')) return NOTHING;
    throw cause;
  }
  try {
    const content = Buffer.alloc(await file.sizeBytes());
    return content.subarray(0, await file.read(content, 0));
  } finally {
    await file.close();
  }
};

/** Everything that still counts, in an order that `replay` understands: names first, for files follow them. */
function* told(unsynced: Unsynced): Iterable<readonly [UnsyncedRecord, Buffer]> {
  yield [{ kind: 'number', next: unsynced.nextNumber }, NOTHING];
  for (const { sequence, change, done } of unsynced.names) {
    yield [{ kind: 'name', sequence, change }, NOTHING];
    if (done) yield [{ kind: 'done', sequence }, NOTHING];
  }
  for (const file of unsynced.files.values()) {
    const writes = file.writes.filter(({ stage }) => stage !== 'noticed');
    if (writes.length === 0 && file.writes.length === 0) {
      file.recorded = false;
      continue;
    }
    const { id, path, durableSize, durableSequence } = file;
    yield [{ kind: 'file', id, path, durableSize, durableSequence }, NOTHING];
    for (const { sequence, position, lengthBytes, sizeBefore, sizeAfter, before } of writes) {
      yield [
        { kind: 'write', id, write: { sequence, position, lengthBytes, sizeBefore, sizeAfter } },
        before,
      ];
    }
  }
}

/**
 * Tells what is not durable to a file that outlives the process, before it happens. One write is in flight at a time;
 * what is told meanwhile goes with the next.
 */
export class UnsyncedRecorder {
  readonly #disk: Disk;
  readonly #side: string;
  readonly #unsynced: Unsynced;
  #file: DiskFile | undefined;
  #end = 0;
  #rewriteAt = REWRITE_BYTES;
  #parts: Buffer[] = [];
  #last: Promise<void> = Promise.resolve();
  #waiting: Promise<void> | undefined;

  constructor(disk: Disk, side: string, unsynced: Unsynced) {
    this.#disk = disk;
    this.#side = side;
    this.#unsynced = unsynced;
  }

  /** Resolves once the record would survive the process. */
  tell(record: UnsyncedRecord, bytes = NOTHING): Promise<void> {
    this.#parts.push(...encode(record, bytes));
    this.#waiting ??= this.#writeNext();
    return this.#waiting;
  }

  /** Writes the record anew, under the old one's name once it is whole. */
  async rewrite(): Promise<void> {
    const next = `${recordPathOf(this.#side)}.next`;
    try {
      await this.#disk.unlink(next);
    } catch (cause) {
      if (!hasCode(cause, 'ENOENT')) throw cause;
    }
    const file = await this.#disk.open(next, 'create');
    const parts = [...told(this.#unsynced)].flatMap(([record, bytes]) => encode(record, bytes));
    await file.write(parts, 0);
    await this.#disk.rename(next, recordPathOf(this.#side));
    await this.#file?.close();
    this.#file = file;
    this.#end = sizeOf(parts);
    this.#rewriteAt = this.#end * 2 + REWRITE_BYTES;
  }

  #writeNext(): Promise<void> {
    const turn = this.#last.then(async () => {
      this.#waiting = undefined;
      const parts = this.#parts;
      this.#parts = [];
      assert(this.#file !== undefined, 'a record is written anew before anything is told to it');
      await this.#file.write(parts, this.#end);
      this.#end += sizeOf(parts);
      if (this.#end >= this.#rewriteAt) await this.rewrite();
    });
    this.#last = turn.catch(() => undefined);
    return turn;
  }
}

const sizeOf = (parts: readonly Buffer[]): number => parts.reduce((sum, part) => sum + part.length, 0);
