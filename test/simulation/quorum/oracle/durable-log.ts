import type { SimulatedDisk } from '@kafkaesque/sim';
import { decodeFileHeader, decodeFrame, frameHeaderAt } from '@kafkaesque/storage';
import type { HardState, LogPosition, PlacedHeader } from '@kafkaesque/storage';

const FILE_NAME = /^(\d{20})\.wal$/;
const SNAPSHOT_NAME = /^(\d{20})-(\d{10})\.checkpoint$/;

interface OpenFile extends PlacedHeader {
  readonly path: string;
  /** Frames before this were taken in. */
  position: number;
  /** Where the last frame that was taken in begins; 0: there is none yet. */
  lastFrameAt: number;
  /** The file as far as it was looked at: frames are read at their own positions. */
  mirror: Buffer;
}

/**
 * What a write-ahead log holds for certain: read from the bytes and names that no loss of power takes, as soon as they
 * are synced, whatever the process that wrote them believes. It outlives the files and the disk itself: what was once
 * durable and not overridden counts.
 */
export class DurableLog {
  hardState: HardState = { term: 0, votedFor: null };
  /** Everything up to here is in a snapshot. */
  start: LogPosition = { index: 0, term: 0 };
  /** The newest snapshot: it is found again even where the log does not name it yet. */
  snapshot: LogPosition = { index: 0, term: 0 };
  /** Terms of the entries behind the start. */
  #terms: number[] = [];
  readonly #disk: SimulatedDisk;
  readonly #directory: string;
  #file: OpenFile | undefined;
  /** Where files end that others continue. */
  readonly #ends = new Map<string, number>();
  #nextLsn = 0;
  #isLost = false;

  constructor(disk: SimulatedDisk, directory: string) {
    this.#disk = disk;
    this.#directory = directory;
  }

  get lastIndex(): number {
    return Math.max(this.start.index + this.#terms.length, this.snapshot.index);
  }

  /** Term of the durable entry at `index`; undefined where there is none. */
  term(index: number): number | undefined {
    return index === this.start.index ? this.start.term : this.#terms[index - this.start.index - 1];
  }

  /** Whether the entry, or a snapshot that covers it, is durable. */
  has(index: number, term: number): boolean {
    if (index < this.start.index || this.term(index) === term) return true;
    return index === this.snapshot.index ? term === this.snapshot.term : index < this.snapshot.index;
  }

  /**
   * Bytes at the beginning of a file that something durable behind them proves to have been durable; undefined for what
   * is no file of the log. Only the last frame has nothing behind it.
   */
  provenBytesOf(path: string): number | undefined {
    if (!path.endsWith('.wal')) return undefined;
    if (path === this.#file?.path) return this.#file.lastFrameAt;
    return path < (this.#file?.path ?? '') ? this.#ends.get(path) : 0;
  }

  /** The disk is gone; what it held counts as it was. */
  detach(): void {
    this.#isLost = true;
  }

  /** Something at that path was synced: takes in what has become durable. */
  refresh(path: string): void {
    if (this.#isLost) return;
    if (path === this.#file?.path) {
      this.#readFrames();
      return;
    }
    // Names become durable with their directory, and the bytes of a new file before its name.
    if (path !== this.#directory) return;
    this.#findSnapshot();
    do this.#readFrames();
    while (this.#moveOn());
  }

  #findSnapshot(): void {
    for (const name of this.#disk.durableNames(this.#directory)) {
      const match = SNAPSHOT_NAME.exec(name);
      if (match === null || Number(match[1]) <= this.snapshot.index) continue;
      const path = `${this.#directory}/${name}`;
      const isWhole = this.#disk.durableContentOf(path)?.equals(this.#disk.contentOf(path)) === true;
      if (isWhole) this.snapshot = { index: Number(match[1]), term: Number(match[2]) };
    }
  }

  /** The file that continues the one that was read last, if there is one. */
  #moveOn(): boolean {
    const current = this.#file?.header.number ?? 0;
    for (const name of this.#disk.durableNames(this.#directory)) {
      const number = Number(FILE_NAME.exec(name)?.[1] ?? 0);
      if (number <= current) continue;
      const path = `${this.#directory}/${name}`;
      const content = this.#disk.durableContentOf(path);
      const placed = content === undefined ? undefined : decodeFileHeader(content, path);
      if (placed === undefined || placed.header.previousNumber !== current) continue;
      if (this.#file !== undefined) this.#ends.set(this.#file.path, placed.header.previousEnd);
      this.#file = { ...placed, path, position: placed.framesAt, lastFrameAt: 0, mirror: Buffer.alloc(0) };
      this.#nextLsn = placed.header.firstLsn;
      // Not always what the frames before said last: a vote may have been salvaged from a torn one.
      this.hardState = placed.header.hardState;
      return true;
    }
    return false;
  }

  #readFrames(): void {
    const file = this.#file;
    if (file === undefined) return;
    const { header, position } = file;
    const fresh = this.#disk.durableContentOf(file.path, position);
    if (fresh === undefined || fresh.length === 0) return;
    const content = mirrored(file, fresh);
    for (;;) {
      const frame = frameHeaderAt(content, file.position, header.salt);
      if (frame?.lsn !== this.#nextLsn) return;
      const decoded = decodeFrame(content, file.position, frame, header.salt);
      if (decoded === undefined) return;
      this.#take(decoded.records);
      file.lastFrameAt = file.position;
      file.position = decoded.end;
      this.#nextLsn += 1;
    }
  }

  #take(records: NonNullable<ReturnType<typeof decodeFrame>>['records']): void {
    for (const record of records) {
      if (record.kind === 'hard-state') this.hardState = record.hardState;
      else if (record.kind === 'start') this.#startAt(record.start, record.resets);
      else if (record.kind === 'entry') {
        const { index, term } = record.entry;
        this.#terms.length = index - this.start.index - 1;
        this.#terms.push(term);
      }
    }
  }

  #startAt(start: LogPosition, resets: boolean): void {
    this.#terms = resets ? [] : this.#terms.slice(start.index - this.start.index);
    this.start = start;
  }
}

/** The file from its beginning to the end of `fresh`, which stands at its position. */
const mirrored = (file: OpenFile, fresh: Buffer): Buffer => {
  const end = file.position + fresh.length;
  if (end > file.mirror.length) {
    const larger = Buffer.alloc(2 * end);
    file.mirror.copy(larger);
    file.mirror = larger;
  }
  fresh.copy(file.mirror, file.position);
  return file.mirror.subarray(0, end);
};
