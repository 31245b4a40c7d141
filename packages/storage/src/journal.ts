import { Failure, assert } from '@kafkaesque/kernel';
import type { Disk, DiskFile, Random } from '@kafkaesque/kernel';
import { JOURNAL_HEAD_BYTES, encodeJournalHead, journalFileName } from './journal-file';
import type { LogState } from './log-state';

export interface JournalFile {
  readonly number: number;
  readonly tag: Buffer;
  readonly path: string;
  readonly file: DiskFile;
  /** Where the next frame goes. */
  endBytes: number;
  /** Its first round; undefined while it has none. */
  firstLsn: number | undefined;
  /** Logs that its frames name, each with the last such LSN. */
  readonly touched: Map<LogState, number>;
  /** A write failed, or a newer file may already name this one's end: nothing is appended any more (rule 6). */
  abandoned: boolean;
}

export interface JournalOptions {
  readonly disk: Disk;
  readonly directory: string;
  readonly directoryId: string;
  readonly random: Random;
  readonly firstNumber: number;
  readonly fileBytes: number;
}

/** The journal's files: one that grows, and older ones until every log has settled what they hold. */
export class Journal {
  readonly #options: JournalOptions;
  #nextNumber: number;
  #current: JournalFile | undefined;
  #opening: number | undefined;
  #older: JournalFile[] = [];

  constructor(options: JournalOptions) {
    this.#options = options;
    this.#nextNumber = options.firstNumber;
  }

  get current(): JournalFile | undefined {
    return this.#current;
  }
  get oldest(): JournalFile | undefined {
    return this.#older[0];
  }
  /** The first file that holds something unsettled: everything below may be void. A file being made is not. */
  firstUnsettled(): number {
    for (const file of this.#older)
      for (const [log, lsn] of file.touched) if (log.settledLsn < lsn) return file.number;
    return this.#current?.number ?? this.#opening ?? this.#nextNumber;
  }
  /** No round before this one is in any file. */
  firstLsn(): number {
    return this.#older[0]?.firstLsn ?? this.#current?.firstLsn ?? Infinity;
  }
  get newest(): number {
    return this.#current?.number ?? -1;
  }
  get sizeBytes(): number {
    let sizeBytes = this.#current?.endBytes ?? 0;
    for (const file of this.#older) sizeBytes += file.endBytes;
    return sizeBytes;
  }

  /** The file that takes the next round; a new one if the last is full or abandoned. */
  async writable(): Promise<JournalFile> {
    const current = this.#current;
    if (current !== undefined && !current.abandoned && current.endBytes < this.#options.fileBytes)
      return current;
    return this.#openNext();
  }

  /** Ends the current file, so that what it holds can be settled and dropped. */
  close(): void {
    if (this.#current !== undefined) this.#current.abandoned = true;
  }

  async #openNext(): Promise<JournalFile> {
    const previous = this.#current;
    if (previous !== undefined) previous.abandoned = true;
    const number = this.#nextNumber;
    this.#nextNumber += 1;
    this.#opening = number;
    try {
      const file = await this.#create(number, previous);
      this.#current = file;
      if (previous !== undefined) {
        this.#older.push(previous);
        await previous.file.close();
      }
      return file;
    } finally {
      this.#opening = undefined;
    }
  }

  async #create(number: number, previous: JournalFile | undefined): Promise<JournalFile> {
    const { disk, directory, directoryId, random } = this.#options;
    const path = `${directory}/${journalFileName(number)}`;
    const tag = random.bytes(8);
    const head = encodeJournalHead(
      { number, tag, previous: previous?.number ?? -1, previousEnd: previous?.endBytes ?? 0 },
      directoryId,
    );
    const file = await disk.open(path, 'create');
    try {
      await file.write([head], 0);
      await file.sync();
      await disk.syncDirectory(directory);
    } catch (error) {
      await file.close();
      // It holds no round and its head names an end that will not change: whether it goes or stays is all one.
      await disk.unlink(path).catch(() => undefined);
      throw error;
    }
    return {
      number,
      tag,
      path,
      file,
      endBytes: JOURNAL_HEAD_BYTES,
      firstLsn: undefined,
      touched: new Map(),
      abandoned: false,
    };
  }

  /** Unlinks files below `number`, oldest first; only below a durable `journalStart` (rule 3). */
  async dropBelow(number: number): Promise<void> {
    for (let file = this.#older[0]; file !== undefined && file.number < number; file = this.#older[0]) {
      await this.#options.disk.unlink(file.path);
      this.#older.shift();
    }
  }

  /** Ends the current file for good; a next round would begin another. */
  async end(): Promise<void> {
    const last = this.#current;
    if (last === undefined) return;
    this.#current = undefined;
    last.abandoned = true;
    this.#older.push(last);
    await last.file.close();
  }

  /** Closes the descriptors; the files stay. */
  async release(): Promise<void> {
    await this.#current?.file.close();
  }
}

/** Appends one frame and makes it durable. On failure the file is abandoned: bytes of it may stand behind the end. */
export const writeFrame = async (
  into: JournalFile,
  parts: readonly Buffer[],
  sizeBytes: number,
): Promise<void> => {
  assert(!into.abandoned, 'frames go only into a file whose end nobody has named');
  try {
    await into.file.write(parts, into.endBytes);
    await into.file.sync();
  } catch (error) {
    into.abandoned = true;
    throw error;
  }
  into.endBytes += sizeBytes;
};

export const journalFull = (limitBytes: number): Failure =>
  new Failure('JOURNAL_FULL', `the journal holds ${limitBytes} bytes and no space is left to settle them`, {
    retriable: true,
  });
