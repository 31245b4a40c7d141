import type { CancelWake, Clock, Disk, DiskFile, Logger, Random } from '@kafkaesque/kernel';
import { Failure, assert, hasCode, messageOf } from '@kafkaesque/kernel';
import type { EntryLog } from './entry-log';
import { encodeFileHeader } from './file-header';
import { encodeFrame } from './frames';
import type { RecoveredLog, WriteAheadLogReport } from './recovery';
import { fileName, recoverLog } from './recovery';
import { isOutOfSpace } from '../space-reserve';
import type { HardState, LogPosition, WriteAheadLogEntry, WriteAheadLogRecord } from './records';

/** Whose log it is, where, and through which ports it reaches the world. */
export interface WriteAheadLogOptions {
  readonly disk: Disk;
  /** Holds the log's files and nothing else of that form; created when it is absent, its parent is not. */
  readonly directory: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Must be that of the log, if it has one. */
  readonly clusterId?: string;
  /** An entry known from elsewhere to have been durable. A log that ends before it is refused, and left as it is. */
  readonly knownIndex?: number;
  /** A file that has grown beyond this is followed by a new one. */
  readonly fileBytes?: number;
  /** An acknowledged write is sealed after this, unless another write does it before. */
  readonly sealAfterMs?: number;
  /** Asked when there was no room for a write: true, to try it again. Without it, such a log has failed as any other. */
  readonly outOfSpace?: () => Promise<boolean>;
}

/** What one append says, all of it or nothing of it. */
export interface WriteAheadLogWrite {
  readonly hardState?: HardState;
  readonly voters?: Buffer;
  /**
   * The log starts behind this place, because a durable snapshot holds what comes before. Where the log does not have
   * that entry, or another term's, all its entries go.
   */
  readonly start?: LogPosition;
  /** Without gaps; the first may stand anywhere up to the end of the log, and overrides all from there on. */
  readonly entries?: readonly WriteAheadLogEntry[];
}

/** A write is durable: the log ended with this entry when it was appended. The pair of term and index defeats ABA. */
export interface DurableWrite {
  readonly token: number;
  readonly term: number;
  readonly lastIndex: number;
}

/**
 * Term, vote and entries of a replicated log in one append-only file after the other. Appends take effect in memory at
 * once; one write and one flush at a time make them durable, and what arrives meanwhile is the next write. Nothing is
 * ever cut but a torn tail: an entry at index i overrides all from i on.
 */
export interface WriteAheadLog extends AsyncDisposable {
  /** As appended; durable when the append that set it is. */
  readonly hardState: HardState;
  readonly voters: Buffer;
  /** What a snapshot covers: the entry before the first. */
  readonly start: LogPosition;
  readonly last: LogPosition;
  readonly firstIndex: number;
  readonly lastIndex: number;
  /** Entries up to here are durable, and none of them has been overridden since. */
  readonly durableIndex: number;
  /** Bytes in the files that the log still has. */
  readonly sizeBytes: number;
  readonly fileCount: number;
  readonly report: WriteAheadLogReport;
  /** Why the log takes no more appends. */
  readonly failed: unknown;
  /**
   * Rejects with a Failure `WRITE_AHEAD_LOG_FAILED` when the write or its flush failed: it may or may not be on disk,
   * and the log takes nothing more until it is opened anew.
   */
  append(write: WriteAheadLogWrite): Promise<DurableWrite>;
  /** Term of the entry at `index`, also of `start`; undefined where the log does not reach. */
  term(index: number): number | undefined;
  /** Entries in [from, upTo), in order, at most `maxBytes` but at least one. */
  entries(from: number, upTo: number, maxBytes?: number): readonly WriteAheadLogEntry[];
  /** Waits for what was appended, seals it and closes the file. */
  close(): Promise<void>;
}

const DEFAULT_FILE_BYTES = 16 * 1024 * 1024;
const DEFAULT_SEAL_AFTER_MS = 50;
/** One write takes waiting appends up to this size, and at least one append. */
const MAX_WRITE_BYTES = 4 * 1024 * 1024;

interface PendingAppend {
  readonly records: readonly WriteAheadLogRecord[];
  readonly sizeBytes: number;
  readonly durable: DurableWrite;
  readonly resolve: (durable: DurableWrite) => void;
  readonly reject: (cause: unknown) => void;
}

/** What the frames written so far say; the next file begins with it. */
interface WrittenState {
  hardState: HardState;
  voters: Buffer;
  start: LogPosition;
  last: LogPosition;
}

interface LogFile {
  readonly number: number;
  readonly path: string;
  sizeBytes: number;
}

class OpenWriteAheadLog implements WriteAheadLog {
  readonly report: WriteAheadLogReport;
  readonly #options: WriteAheadLogOptions;
  readonly #clusterId: string;
  readonly #log: EntryLog;
  #hardState: HardState;
  #voters: Buffer;
  #durableIndex: number;
  readonly #written: WrittenState;
  readonly #files: LogFile[] = [];
  #file: DiskFile | undefined;
  /** A write to the file failed, so that bytes may stand behind its end: what follows goes to another. */
  #abandoned = false;
  #salt: Buffer = Buffer.alloc(8);
  #nextLsn: number;
  #nextNumber: number;
  #nextToken = 1;
  #pending: PendingAppend[] = [];
  #writing: Promise<void> | undefined;
  #unsealed = false;
  #cancelSeal: CancelWake | undefined;
  #closing = false;
  #failed: unknown;

  constructor(options: WriteAheadLogOptions, recovered: RecoveredLog) {
    this.#options = options;
    this.#clusterId = options.clusterId ?? recovered.clusterId;
    this.#log = recovered.entries;
    this.#hardState = recovered.hardState;
    this.#voters = recovered.voters;
    this.#durableIndex = recovered.entries.last.index;
    this.#nextLsn = recovered.nextLsn;
    this.#nextNumber = recovered.nextNumber;
    this.report = recovered.report;
    const { start, last } = recovered.entries;
    this.#written = { hardState: recovered.hardState, voters: recovered.voters, start, last };
  }

  get hardState(): HardState {
    return this.#hardState;
  }
  get voters(): Buffer {
    return this.#voters;
  }
  get start(): LogPosition {
    return this.#log.start;
  }
  get last(): LogPosition {
    return { index: this.#log.last.index, term: this.#log.last.term };
  }
  get firstIndex(): number {
    return this.#log.start.index + 1;
  }
  get lastIndex(): number {
    return this.#log.last.index;
  }
  get durableIndex(): number {
    return this.#durableIndex;
  }
  get sizeBytes(): number {
    return this.#files.reduce((total, file) => total + file.sizeBytes, 0);
  }
  get fileCount(): number {
    return this.#files.length;
  }
  get failed(): unknown {
    return this.#failed;
  }

  term(index: number): number | undefined {
    return this.#log.term(index);
  }

  entries(from: number, upTo: number, maxBytes = Infinity): readonly WriteAheadLogEntry[] {
    return this.#log.slice(from, upTo, maxBytes);
  }

  /** Continues a recovered log in a new file, and lets go of what it no longer needs. */
  async begin(recovered: RecoveredLog): Promise<void> {
    const { disk, directory } = this.#options;
    for (const number of recovered.numbers) {
      const path = `${directory}/${fileName(number)}`;
      const file = await disk.open(path, 'read');
      this.#files.push({ number, path, sizeBytes: await file.sizeBytes() });
      await file.close();
    }
    if (recovered.newest !== undefined && recovered.lastWritten !== undefined) {
      // A killed process leaves its last write in the page cache, where a later loss of power still takes it.
      const file = await disk.open(recovered.newest.path, 'write');
      await file.write([recovered.lastWritten.bytes], recovered.lastWritten.position);
      await file.sync();
      await file.close();
    }
    for (const path of recovered.strays) await disk.unlink(path);
    await disk.syncDirectory(directory);
    await this.#openNextFile(recovered.newest);
    await this.#dropFiles();
  }

  append(write: WriteAheadLogWrite): Promise<DurableWrite> {
    if (this.#failed !== undefined || this.#closing) return Promise.reject(this.#refusal());
    const token = this.#nextToken++;
    const records = this.#remember(write, token);
    const { index: lastIndex, term } = this.#log.last;
    return new Promise((resolve, reject) => {
      const sizeBytes = (write.entries ?? []).reduce((total, entry) => total + entry.bytes.length, 0);
      this.#pending.push({ records, sizeBytes, durable: { token, term, lastIndex }, resolve, reject });
      this.#pump();
    });
  }

  async close(): Promise<void> {
    this.#closing = true;
    this.#cancelSeal?.();
    while (this.#writing !== undefined) await this.#writing;
    if (this.#failed === undefined && this.#unsealed) {
      this.#writing = this.#write([]);
      await this.#writing;
      this.#writing = undefined;
    }
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #refusal(): Failure<'WRITE_AHEAD_LOG_FAILED'> {
    return new Failure(
      'WRITE_AHEAD_LOG_FAILED',
      `the write-ahead log in ${this.#options.directory} takes no more writes: ` +
        (this.#failed === undefined ? 'it is closed' : messageOf(this.#failed)),
      { cause: this.#failed },
    );
  }

  /** Takes a write over into memory; returns what to write down. */
  #remember(
    { hardState, voters, start, entries }: WriteAheadLogWrite,
    token: number,
  ): readonly WriteAheadLogRecord[] {
    const records: WriteAheadLogRecord[] = [];
    if (hardState !== undefined) {
      assert(hardState.term >= this.#hardState.term, 'a term never goes back');
      this.#hardState = hardState;
      records.push({ kind: 'hard-state', hardState });
    }
    if (start !== undefined && start.index > this.#log.start.index) {
      const resets = !this.#log.continues(start);
      if (resets) this.#log.reset(start);
      else this.#log.trim(start);
      // What a snapshot covers counts as durable: the snapshot is.
      this.#durableIndex = resets ? start.index : Math.max(this.#durableIndex, start.index);
      records.push({ kind: 'start', start, resets });
    }
    for (const entry of entries ?? []) {
      this.#log.put({ ...entry, file: 0, token });
      this.#durableIndex = Math.min(this.#durableIndex, entry.index - 1);
      records.push({ kind: 'entry', entry });
    }
    if (voters !== undefined) {
      this.#voters = voters;
      records.push({ kind: 'voters', voters });
    }
    return records;
  }

  #pump(): void {
    if (this.#writing !== undefined || this.#pending.length === 0 || this.#failed !== undefined) return;
    let sizeBytes = 0;
    let count = 0;
    for (const append of this.#pending) {
      sizeBytes += append.sizeBytes;
      if (count > 0 && sizeBytes > MAX_WRITE_BYTES) break;
      count += 1;
    }
    const taken = this.#pending.splice(0, count);
    this.#writing = this.#write(taken).then(() => {
      this.#writing = undefined;
      this.#pump();
    });
  }

  /** One frame, one flush. Never rejects. */
  async #write(appends: readonly PendingAppend[]): Promise<void> {
    this.#cancelSeal?.();
    this.#cancelSeal = undefined;
    try {
      await this.#writeInTheEnd(appends.flatMap(({ records }) => records));
      this.#settle(appends);
      if (appends.some(({ records }) => records.some(({ kind }) => kind === 'start')))
        await this.#dropFiles();
    } catch (cause) {
      this.#fail(cause, appends);
    }
  }

  /** As often as somebody says that there may be room now. */
  async #writeInTheEnd(records: readonly WriteAheadLogRecord[]): Promise<void> {
    for (;;)
      try {
        await this.#writeFrame(records);
        return;
      } catch (cause) {
        this.#abandoned = true;
        if (!isOutOfSpace(cause) || !(await this.#options.outOfSpace?.())) throw cause;
      }
  }

  async #writeFrame(records: readonly WriteAheadLogRecord[]): Promise<void> {
    const current = this.#files.at(-1);
    assert(current !== undefined, 'an open log has a file');
    if (this.#abandoned || current.sizeBytes >= (this.#options.fileBytes ?? DEFAULT_FILE_BYTES)) {
      await this.#openNextFile({ number: current.number, end: current.sizeBytes });
    }
    const file = this.#files.at(-1);
    assert(file !== undefined && this.#file !== undefined, 'an open log has a file');
    const position = file.sizeBytes;
    const parts = encodeFrame(records, { lsn: this.#nextLsn, position, salt: this.#salt });
    await this.#file.write(parts, position);
    await this.#file.sync();
    this.#nextLsn += 1;
    file.sizeBytes = parts.reduce((end, part) => end + part.length, position);
    this.#noteWritten(records);
  }

  #noteWritten(records: readonly WriteAheadLogRecord[]): void {
    const written = this.#written;
    for (const record of records) {
      if (record.kind === 'hard-state') written.hardState = record.hardState;
      else if (record.kind === 'voters') written.voters = record.voters;
      else if (record.kind === 'start') {
        written.start = record.start;
        if (record.resets) written.last = record.start;
      } else written.last = { index: record.entry.index, term: record.entry.term };
    }
  }

  /** These appends are durable. */
  #settle(appends: readonly PendingAppend[]): void {
    const token = appends.at(-1)?.durable.token ?? 0;
    const file = this.#files.at(-1)?.number ?? 0;
    for (let index = this.#durableIndex + 1; ; index++) {
      const entry = this.#log.at(index);
      if (entry === undefined || entry.token > token) break;
      this.#log.settle(index, file);
      this.#durableIndex = index;
    }
    this.#unsealed = appends.length > 0;
    if (this.#unsealed && !this.#closing) this.#sealSoon();
    for (const { resolve, durable } of appends) resolve(durable);
  }

  /** A flip in the last frame looks like a torn tail, until a later frame proves that it was durable. */
  #sealSoon(): void {
    const { clock, sealAfterMs = DEFAULT_SEAL_AFTER_MS } = this.#options;
    this.#cancelSeal = clock.wakeAt(clock.monotonicMs() + sealAfterMs, () => {
      this.#cancelSeal = undefined;
      if (this.#writing !== undefined || this.#closing || this.#failed !== undefined) return;
      this.#writing = this.#write([]).then(() => {
        this.#writing = undefined;
        this.#pump();
      });
    });
  }

  /** A failed write or flush is never tried again: what the page cache then says is not what the disk has. */
  #fail(cause: unknown, appends: readonly PendingAppend[]): void {
    this.#failed = cause;
    this.#options.logger.error('the write-ahead log failed', { directory: this.#options.directory, cause });
    const waiting = [...appends, ...this.#pending];
    this.#pending = [];
    for (const { reject } of waiting) reject(this.#refusal());
  }

  async #openNextFile(
    previous: { readonly number: number; readonly end: number } | undefined,
  ): Promise<void> {
    const { disk, directory, random } = this.#options;
    const number = this.#nextNumber;
    const path = `${directory}/${fileName(number)}`;
    const salt = random.bytes(8);
    const header = encodeFileHeader({
      ...this.#written,
      number,
      salt,
      previousNumber: previous?.number ?? 0,
      previousEnd: previous?.end ?? 0,
      firstLsn: this.#nextLsn,
      clusterId: this.#clusterId,
    });
    const file = await disk.open(path, 'create');
    try {
      await file.write([header], 0);
      await file.sync();
      await disk.syncDirectory(directory);
    } catch (cause) {
      await file.close();
      // Its name is used again, so that a half-written header never has a file behind it.
      if (isOutOfSpace(cause)) await disk.unlink(path);
      throw cause;
    }
    this.#nextNumber += 1;
    this.#abandoned = false;
    await this.#file?.close();
    this.#file = file;
    this.#salt = salt;
    this.#files.push({ number, path, sizeBytes: header.length });
  }

  /** Removes the files whose entries are all gone, oldest first; not while a later start is still to be written. */
  async #dropFiles(): Promise<void> {
    if (this.#log.start.index !== this.#written.start.index) return;
    const needed = this.#log.first?.file ?? Infinity;
    let dropped = 0;
    for (;;) {
      const [oldest, next] = this.#files;
      if (oldest === undefined || next === undefined || oldest.number >= needed) break;
      await this.#options.disk.unlink(oldest.path);
      this.#files.shift();
      dropped += 1;
    }
    if (dropped > 0) await this.#options.disk.syncDirectory(this.#options.directory);
  }
}

const makeDirectory = async ({ disk, directory }: WriteAheadLogOptions): Promise<void> => {
  try {
    await disk.makeDirectory(directory);
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error;
  }
  // The name may be one that a killed process made and nobody synced.
  await disk.syncDirectory(directory.slice(0, directory.lastIndexOf('/')) || '/');
  await disk.syncDirectory(directory);
};

/**
 * Opens the log of a directory, recovering what is in it. Rejects with a Failure: `CORRUPT_WRITE_AHEAD_LOG` when
 * something durable is missing or damaged, `WRITE_AHEAD_LOG_LOST`, `UNSUPPORTED_FORMAT`, `INCONSISTENT_CLUSTER_ID`.
 */
export const openWriteAheadLog = async (options: WriteAheadLogOptions): Promise<WriteAheadLog> => {
  await makeDirectory(options);
  const recovered = await recoverLog(options.disk, options.directory);
  if (
    options.clusterId !== undefined &&
    recovered.clusterId !== '' &&
    recovered.clusterId !== options.clusterId
  )
    throw new Failure(
      'INCONSISTENT_CLUSTER_ID',
      `the metadata in ${options.directory} belongs to cluster ${recovered.clusterId}, and this node to cluster ` +
        `${options.clusterId}. Point metadata.log.dir at this cluster's directory.`,
    );
  const { last } = recovered.entries;
  if (last.index < (options.knownIndex ?? 0))
    throw new Failure(
      'WRITE_AHEAD_LOG_LOST',
      `the metadata in ${options.directory} end at entry ${last.index}, and had ${options.knownIndex ?? 0} at least: ` +
        'files are missing, cut off or unreadable. Restore that directory from a backup. Only if the cluster holds ' +
        'nothing of value, empty the log directories and start anew.',
    );
  const { tornBytes, salvagedHardState } = recovered.report;
  if (tornBytes > 0)
    options.logger.warn('the write-ahead log ended in a write that was not finished', {
      directory: options.directory,
      tornBytes,
      salvagedHardState,
    });
  const log = new OpenWriteAheadLog(options, recovered);
  await log.begin(recovered);
  return log;
};
