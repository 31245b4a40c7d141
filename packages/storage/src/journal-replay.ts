import type { BufferPool, Disk, DiskFile, Lease } from '@kafkaesque/kernel';
import { lastOffsetOf } from '@kafkaesque/protocol';
import { GatheredParts } from './gathered-parts';
import { ENTRY_BYTES, identityAt, readEntry } from './journal-frame';
import type { JournalEntry } from './journal-frame';
import type { AcceptedRound } from './journal-scan';
import {
  cleanRecovered,
  identityKey,
  keyOf,
  logOfIdentity,
  raiseRecoveredStart,
  resetRecovered,
  truncateRecovered,
} from './recovered-log';
import type { RecoveredLog } from './recovered-log';
import { segmentFileName } from './segment';
import { swapSegments } from './compaction/swap-entry';
import { openOrCreate, removeSegments, removeTree, syncIfThere, truncateSegments } from './segment-removal';
import { directoryOf, ensureDirectory } from './small-file';

/** Memory of one replay: batches of this many bytes go to their segments together. */
const GATHER_BYTES = 16 << 20;

/** Batches of one segment that stand one behind the other. */
interface Piece {
  readonly segmentBase: number;
  readonly position: number;
  endPosition: number;
  readonly gathered: GatheredParts;
}

/** Segments of a log that one file has taken the place of, in which round. */
interface CleanedRange {
  readonly log: string;
  readonly lsn: number;
  readonly from: number;
  readonly to: number;
}

export interface ReplayTarget {
  readonly disk: Disk;
  readonly pool: BufferPool;
  readonly path: string;
  /** Nothing is known of logs that the journal is the first to name. */
  readonly unknown: boolean;
  /** By identity. */
  readonly logs: Map<string, RecoveredLog>;
}

/** Does again, in order, what the journal's rounds say and the segments may lack (rule 9). Returns the count of entries. */
export const replayJournal = async (
  target: ReplayTarget,
  rounds: readonly AcceptedRound[],
): Promise<number> => {
  const replay = new Replay(target);
  try {
    return await replay.run(rounds);
  } finally {
    replay.release();
  }
};

class Replay {
  readonly #target: ReplayTarget;
  readonly #pieces = new Map<RecoveredLog, Piece[]>();
  readonly #leases: Lease[] = [];
  #gatheredBytes = 0;
  #open: { readonly path: string; readonly file: DiskFile } | undefined;
  #entries = 0;
  /** Compactions of the rounds, where no checkpoint says what they had settled before. */
  readonly #cleaned: CleanedRange[] = [];

  constructor(target: ReplayTarget) {
    this.#target = target;
  }

  async run(rounds: readonly AcceptedRound[]): Promise<number> {
    try {
      if (this.#target.unknown) for (const round of rounds) await this.#findCleaned(round);
      for (const round of rounds) await this.#replayRound(round);
      await this.#writeAll();
      return this.#entries;
    } finally {
      await this.#open?.file.close();
    }
  }

  release(): void {
    for (const lease of this.#leases) lease.release();
    this.#leases.length = 0;
  }

  async #replayRound(round: AcceptedRound): Promise<void> {
    const { header } = round;
    const lease = this.#target.pool.acquire(header.sizeBytes);
    this.#leases.push(lease);
    const frame = lease.buffer.subarray(0, header.sizeBytes);
    await (await this.#journalFile(round.file.path)).read(frame, round.position);
    const logs = Array.from({ length: header.logCount }, (_, index) => this.#logAt(frame, index));
    let batchAt = header.sizeBytes - header.batchBytes;
    for (let number = 0; number < header.entryCount; number++) {
      const entry = readEntry(frame, header.headerBytes + number * ENTRY_BYTES);
      if (entry === undefined) continue;
      const log = logs[entry.index]?.();
      if (log !== undefined && header.lsn > log.settledLsn) {
        this.#entries += 1;
        log.touched = true;
        if (entry.kind === 'append' && !this.#isCleaned(log, entry, header.lsn))
          this.#append(log, entry, frame.subarray(batchAt, batchAt + entry.batchBytes));
        else if (entry.kind !== 'append') await this.#change(log, entry);
      }
      batchAt += entry.batchBytes;
    }
    this.#gatheredBytes += header.batchBytes;
    if (this.#gatheredBytes >= GATHER_BYTES) await this.#writeAll();
  }

  /**
   * A compaction comes only after a checkpoint has settled what it reads. Where that checkpoint is lost, what its segments held
   * before must not be written over what took their place.
   */
  async #findCleaned({ header, file, position }: AcceptedRound): Promise<void> {
    const lease = this.#target.pool.acquire(header.sizeBytes);
    try {
      const frame = lease.buffer.subarray(0, header.sizeBytes);
      await (await this.#journalFile(file.path)).read(frame, position);
      for (let number = 0; number < header.entryCount; number++) {
        const entry = readEntry(frame, header.headerBytes + number * ENTRY_BYTES);
        if (entry?.kind !== 'clean') continue;
        const log = identityKey(Buffer.from(identityAt(frame, 0, entry.index)));
        this.#cleaned.push({ log, lsn: header.lsn, from: entry.segmentBase, to: entry.offset });
      }
    } finally {
      lease.release();
    }
  }

  #isCleaned(log: RecoveredLog, { segmentBase }: JournalEntry, lsn: number): boolean {
    if (this.#cleaned.length === 0) return false;
    const key = keyOf(log.topicId, log.partition);
    return this.#cleaned.some(
      (range) => range.log === key && lsn < range.lsn && range.from <= segmentBase && segmentBase < range.to,
    );
  }

  /** Asked for anew by each entry: a deletion in between puts an empty log in the place of the old one. */
  #logAt(frame: Buffer, index: number): () => RecoveredLog {
    const identity = Buffer.from(identityAt(frame, 0, index));
    const key = identityKey(identity);
    return () => {
      let log = this.#target.logs.get(key);
      if (log === undefined) {
        log = logOfIdentity(this.#target.path, identity, this.#target.unknown);
        this.#target.logs.set(key, log);
      }
      return log;
    };
  }

  async #journalFile(path: string): Promise<DiskFile> {
    if (this.#open?.path !== path) {
      await this.#open?.file.close();
      this.#open = { path, file: await this.#target.disk.open(path, 'read') };
    }
    return this.#open.file;
  }

  #append(log: RecoveredLog, entry: JournalEntry, batch: Buffer): void {
    log.journalEnd = Math.max(log.journalEnd, lastOffsetOf(batch) + 1);
    let pieces = this.#pieces.get(log);
    if (pieces === undefined) this.#pieces.set(log, (pieces = []));
    let piece = pieces[pieces.length - 1];
    if (piece?.segmentBase !== entry.segmentBase || piece.endPosition !== entry.position) {
      piece = {
        segmentBase: entry.segmentBase,
        position: entry.position,
        endPosition: entry.position,
        gathered: new GatheredParts(),
      };
      pieces.push(piece);
    }
    piece.gathered.add(batch);
    piece.endPosition += batch.length;
  }

  async #change(log: RecoveredLog, entry: JournalEntry): Promise<void> {
    const { disk } = this.#target;
    await this.#writeLog(log);
    if (entry.kind === 'truncate') {
      truncateRecovered(log, entry.offset, entry.segmentBase, entry.position);
      await truncateSegments(disk, log.directory, entry);
    } else if (entry.kind === 'reset') {
      resetRecovered(log, entry.offset);
      await removeSegments(disk, log.directory, () => true);
    } else if (entry.kind === 'logStart') {
      raiseRecoveredStart(log, entry.offset, entry.segmentBase);
      await removeSegments(
        disk,
        log.directory,
        (baseOffset, kind) => kind !== 'snapshot' && baseOffset < entry.segmentBase,
      );
    } else if (entry.kind === 'clean') {
      cleanRecovered(log, entry.offset, entry.segmentBase, entry.position);
      await swapSegments(disk, log.directory, entry);
    } else if (entry.kind === 'delete') {
      this.#pieces.delete(log);
      this.#target.logs.delete(keyOf(log.topicId, log.partition));
      await removeTree(disk, log.directory);
      // Also when it was gone already: a killed process may have moved it in the cache only.
      await syncIfThere(disk, directoryOf(log.directory));
    }
  }

  async #writeAll(): Promise<void> {
    for (const log of this.#pieces.keys()) await this.#writeLog(log);
    this.#gatheredBytes = 0;
    this.release();
  }

  async #writeLog(log: RecoveredLog): Promise<void> {
    const pieces = this.#pieces.get(log);
    this.#pieces.delete(log);
    if (pieces === undefined) return;
    const { disk } = this.#target;
    await ensureDirectory(disk, directoryOf(log.directory));
    await ensureDirectory(disk, log.directory);
    for (const piece of pieces) {
      const file = await openOrCreate(disk, `${log.directory}/${segmentFileName(piece.segmentBase, 'log')}`);
      try {
        await file.write(piece.gathered.finish(), piece.position);
      } finally {
        await file.close();
      }
    }
  }
}
