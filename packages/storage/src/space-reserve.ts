import { Failure, hasCode } from '@kafkaesque/kernel';
import type { CancelWake, Clock, Disk, Logger, Random } from '@kafkaesque/kernel';
import { unlinkIfThere } from './small-file';

export const RESERVE_FILE = 'reserve';

/** Most of a file system that may be kept back: 1/32. */
const LARGEST_SHARE = 32;
/** With this many times its size free, the reserve waits until its log directory has taken as much as it holds. */
const PLENTY = 16;
/** It is taken again once this many times its size are free, so that a disk on the edge does not go back and forth. */
const ENOUGH = 2;
const PIECE_BYTES = 1 << 20;
const RETRY_MS = 200;

/** The disk is full, or the owner's share of it, or the journal: the only failures that end by themselves (rule 11). */
export const isOutOfSpace = (error: unknown): boolean =>
  ['ENOSPC', 'EDQUOT', 'JOURNAL_FULL', 'NO_ROOM'].some((code) => hasCode(error, code));

export interface SpaceReserveOptions {
  readonly disk: Disk;
  /** The log directory. */
  readonly path: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** At most this; 0: there is none, and nothing is ever given up. */
  readonly sizeBytes: number;
}

/** What a log directory does when its disk fills up, and when there is room again. */
export interface SpaceReserveHooks {
  /** The reserve has gone: whatever gives room back is due. */
  released(): void;
  /** A failure other than a lack of space. */
  failed(cause: unknown): void;
}

/**
 * A file that does nothing but take room (DUR-7). On a full disk it goes, so that what gives room back (retention,
 * truncation, deletion, the metadata that order them, and a clean stop) has some to begin with. Records are refused
 * until there is room to spare, and the file stands again.
 */
export class SpaceReserve {
  readonly sizeBytes: number;
  readonly #options: SpaceReserveOptions;
  readonly #path: string;
  #hooks: SpaceReserveHooks | undefined;
  #state: 'absent' | 'held' | 'released';
  /** Bytes that the log directory took since it was opened. */
  #takenBytes = 0;
  #looked = false;
  #changing: Promise<void> = Promise.resolve();
  #filling = false;
  #cancelRetry: CancelWake | undefined;
  #stopped = false;

  private constructor(
    options: SpaceReserveOptions,
    sizeBytes: number,
    state: 'absent' | 'held' | 'released',
  ) {
    this.#options = options;
    this.#path = `${options.path}/${RESERVE_FILE}`;
    this.sizeBytes = sizeBytes;
    this.#state = state;
  }

  /** Finds what an earlier life left. On a disk that is full already it goes at once: starting needs room, too. */
  static async find(options: SpaceReserveOptions): Promise<SpaceReserve> {
    const { disk, path, logger } = options;
    const { freeBytes, totalBytes } = await disk.space(path);
    const sizeBytes = Math.min(options.sizeBytes, Math.floor(totalBytes / LARGEST_SHARE));
    const file = `${path}/${RESERVE_FILE}`;
    if (sizeBytes === 0) {
      await unlinkIfThere(disk, file);
      return new SpaceReserve(options, 0, 'absent');
    }
    const isHeld = (await sizeOf(disk, file)) >= sizeBytes;
    if (freeBytes + (isHeld ? sizeBytes : 0) < ENOUGH * sizeBytes) {
      await unlinkIfThere(disk, file);
      logger.error(NO_ROOM, { path, freeBytes });
      return new SpaceReserve(options, sizeBytes, 'released');
    }
    return new SpaceReserve(options, sizeBytes, isHeld ? 'held' : 'absent');
  }

  /** Begins to look for room, where there is none. */
  begin(hooks: SpaceReserveHooks): void {
    this.#hooks = hooks;
    if (this.isReleased) this.#retryLater();
  }

  /** The disk is full, and the reserve given up: no records are taken. */
  get isReleased(): boolean {
    return this.#state === 'released';
  }

  /** The log directory took so many bytes of records. */
  taken(bytes: number): void {
    if (this.#state !== 'absent' || this.sizeBytes === 0 || this.#filling || this.#stopped) return;
    this.#takenBytes += bytes;
    const isDue = this.#takenBytes >= this.sizeBytes;
    if (this.#looked && !isDue) return;
    this.#looked = true;
    this.#filling = true;
    void this.#change(async () => {
      const { freeBytes } = await this.#options.disk.space(this.#options.path);
      if (this.#state === 'absent' && (isDue || freeBytes < PLENTY * this.sizeBytes)) await this.#fill();
    }).finally(() => (this.#filling = false));
  }

  /** Makes room after a failure for lack of it. False: there was none to be made, now or a moment ago. */
  async release(): Promise<boolean> {
    if (this.sizeBytes === 0 || this.isReleased) return false;
    this.#state = 'released';
    const { disk, path, logger } = this.#options;
    let isGone = false;
    await this.#change(async () => {
      isGone = await unlinkIfThere(disk, this.#path);
      logger.error(NO_ROOM, { path, releasedBytes: isGone ? this.sizeBytes : 0 });
    });
    this.#hooks?.released();
    this.#retryLater();
    return isGone;
  }

  /** Does what takes little room and gives back more, or says that it did; on a full disk once more with the reserve. */
  async lend<Value>(work: () => Promise<Value>): Promise<Value> {
    try {
      return await work();
    } catch (cause) {
      if (!isOutOfSpace(cause) || !(await this.release())) throw cause;
      return await work();
    }
  }

  /** Whether work that takes so many bytes leaves what is needed for making room. Always, while the disk is not full. */
  async leavesRoom(bytes: number): Promise<boolean> {
    if (!this.isReleased || bytes === 0) return true;
    const { freeBytes } = await this.#options.disk.space(this.#options.path);
    return freeBytes - bytes >= this.sizeBytes / 2;
  }

  /** No room is taken any more; what there is may still be given up, for a clean stop. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancelRetry?.();
    await this.#changing;
  }

  /** One change after the other; never rejects. */
  #change(work: () => Promise<void>): Promise<void> {
    this.#changing = this.#changing.then(work).catch((cause: unknown) => {
      if (!isOutOfSpace(cause)) this.#hooks?.failed(cause);
    });
    return this.#changing;
  }

  #retryLater(): void {
    const { clock } = this.#options;
    if (this.#stopped) return;
    this.#cancelRetry = clock.wakeAt(clock.monotonicMs() + RETRY_MS, () => {
      void this.#change(() => this.#hold()).then(() => {
        if (this.isReleased) this.#retryLater();
      });
    });
  }

  async #hold(): Promise<void> {
    const { disk, path, logger } = this.#options;
    if (!this.isReleased || this.#stopped) return;
    const { freeBytes } = await disk.space(path);
    if (freeBytes < ENOUGH * this.sizeBytes) return;
    await this.#fill();
    logger.info('there is room on the disk again: records are taken', { path, freeBytes });
  }

  async #fill(): Promise<void> {
    const { disk, random } = this.#options;
    // Not zeros, which some file systems keep without taking room for them.
    const piece = random.bytes(Math.min(PIECE_BYTES, this.sizeBytes));
    await unlinkIfThere(disk, this.#path);
    const file = await disk.open(this.#path, 'create');
    try {
      for (let position = 0; position < this.sizeBytes; position += piece.length)
        await file.write([piece.subarray(0, Math.min(piece.length, this.sizeBytes - position))], position);
    } catch (cause) {
      await unlinkIfThere(disk, this.#path);
      throw cause;
    } finally {
      await file.close();
    }
    this.#state = 'held';
  }
}

const NO_ROOM =
  'the disk is full: no records are taken until there is room; free some, or delete topics or records';

const sizeOf = async (disk: Disk, path: string): Promise<number> => {
  try {
    const file = await disk.open(path, 'read');
    try {
      return await file.sizeBytes();
    } finally {
      await file.close();
    }
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return 0;
    throw error;
  }
};

/** Why a log takes no records while the disk is full. */
export const noRoom = (path: string): Failure =>
  new Failure('NO_ROOM', `${path} is full: no records are taken until there is room`, { retriable: true });
