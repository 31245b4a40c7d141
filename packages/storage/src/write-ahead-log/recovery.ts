import type { Disk } from '@kafkaesque/kernel';
import { Failure } from '@kafkaesque/kernel';
import { EntryLog } from './entry-log';
import type { PlacedHeader } from './file-header';
import { decodeFileHeader, encodeFileHeader } from './file-header';
import { decodeFrame, findFrameHeader, frameHeaderAt, salvageHardState } from './frames';
import type { HardState, LogPosition, WriteAheadLogRecord } from './records';
import { initialHardState, logBeginning } from './records';

/** What opening a log found. */
export interface WriteAheadLogReport {
  readonly files: number;
  readonly frames: number;
  /** Entries that are in the log now. */
  readonly entries: number;
  /** Bytes behind the last intact frame that were cut: never acknowledged, or damaged before they were sealed. */
  readonly tornBytes: number;
  /** A term or vote was found in a frame that is otherwise torn, and kept. */
  readonly salvagedHardState: boolean;
}

/** A log file as it was found. */
interface FoundFile extends PlacedHeader {
  readonly path: string;
  readonly content: Buffer;
}

/** What is left of a log, and how it is continued. */
export interface RecoveredLog {
  readonly entries: EntryLog;
  readonly hardState: HardState;
  readonly voters: Buffer;
  readonly nextLsn: number;
  /** The newest file and where it ends; undefined for a new log. */
  readonly newest: { readonly number: number; readonly end: number; readonly path: string } | undefined;
  /** What stands last in the newest file: rewritten and synced before anything is built on it. */
  readonly lastWritten: { readonly bytes: Buffer; readonly position: number } | undefined;
  /** Files that belong to the log, oldest first. */
  readonly numbers: readonly number[];
  /** Files that do not: left over from an interrupted removal or creation. */
  readonly strays: readonly string[];
  /** Higher than that of any file that stays. */
  readonly nextNumber: number;
  readonly clusterId: string;
  readonly report: WriteAheadLogReport;
}

const FILE_NAME = /^(\d{20})\.wal$/;

export const fileName = (number: number): string => `${String(number).padStart(20, '0')}.wal`;

const corrupt = (path: string, position: number, what: string): Failure<'CORRUPT_WRITE_AHEAD_LOG'> =>
  new Failure(
    'CORRUPT_WRITE_AHEAD_LOG',
    `${path} is damaged at byte ${position}: ${what}. It held metadata that was acknowledged, so this node must not ` +
      'start with it. Restore the metadata directory from a backup, or, where other controllers have the metadata, ' +
      'move the directory away, format it anew and add this node to the quorum again.',
  );

/** Reads a whole file. */
export const readFile = async (disk: Disk, path: string): Promise<Buffer> => {
  const file = await disk.open(path, 'read');
  try {
    const content = Buffer.alloc(await file.sizeBytes());
    const count = await file.read(content, 0);
    return content.subarray(0, count);
  } finally {
    await file.close();
  }
};

/** Of an entry that only a removed file held. */
const UNKNOWN_TERM = -1;

/** Applies what frames say, in order. */
class Replay {
  readonly entries: EntryLog;
  hardState: HardState;
  voters: Buffer;
  /** The latest word on where the log starts; what is left of it may begin later. */
  start: LogPosition;
  nextLsn: number;
  frames = 0;

  constructor({ header }: PlacedHeader) {
    this.entries = new EntryLog(header.last);
    this.hardState = header.hardState;
    this.voters = header.voters;
    this.start = header.start;
    this.nextLsn = header.firstLsn;
  }

  apply(records: readonly WriteAheadLogRecord[], file: number): void {
    for (const record of records) {
      if (record.kind === 'hard-state') this.hardState = record.hardState;
      else if (record.kind === 'voters') this.voters = record.voters;
      else if (record.kind === 'start') this.#restart(record.start, record.resets);
      else {
        const { index } = record.entry;
        if (index <= this.entries.start.index) this.entries.reset({ index: index - 1, term: UNKNOWN_TERM });
        this.entries.put({ ...record.entry, file, token: 0 });
      }
    }
    this.nextLsn += 1;
    this.frames += 1;
  }

  #restart(start: LogPosition, resets: boolean): void {
    this.start = start;
    if (resets) this.entries.reset(start);
    else if (start.index >= this.entries.start.index) this.entries.trim(start);
  }
}

/** Applies the frames of one file from its beginning; returns where the first bad one stands, or the end. */
const replayFile = (
  replay: Replay,
  { content, framesAt, header }: FoundFile,
  end: number,
): { end: number; lastAt: number } => {
  const file = content.subarray(0, end);
  let at = framesAt;
  let lastAt = -1;
  for (;;) {
    const frame = frameHeaderAt(file, at, header.salt);
    if (frame?.lsn !== replay.nextLsn) return { end: at, lastAt };
    const decoded = decodeFrame(file, at, frame, header.salt);
    if (decoded === undefined) return { end: at, lastAt };
    replay.apply(decoded.records, header.number);
    lastAt = at;
    at = decoded.end;
  }
};

const findFiles = async (disk: Disk, directory: string): Promise<{ number: number; path: string }[]> => {
  const entries = await disk.list(directory);
  return entries.flatMap(({ name, kind }) => {
    const match = FILE_NAME.exec(name);
    return kind !== 'file' || match === null
      ? []
      : [{ number: Number(match[1]), path: `${directory}/${name}` }];
  });
};

/**
 * The newest file and those it continues, oldest first. A newest file without an intact header was being created: no
 * frame can be in it, because its header is synced first.
 */
const findChain = async (
  disk: Disk,
  directory: string,
): Promise<{
  readonly chain: readonly FoundFile[];
  readonly strays: readonly string[];
  readonly nextNumber: number;
}> => {
  const found = await findFiles(disk, directory);
  const byNumber = new Map(found.map((file) => [file.number, file.path]));
  const strays: string[] = [];
  const chain: FoundFile[] = [];
  let wanted = found.at(-1)?.number ?? 0;
  while (wanted !== 0) {
    const path = byNumber.get(wanted);
    if (path === undefined) break;
    byNumber.delete(wanted);
    const content = await readFile(disk, path);
    const placed = decodeFileHeader(content, path);
    if (placed === undefined) {
      const frameAt = findFrameHeader(content, 0);
      const beingCreated = chain.length === 0 && frameAt === undefined && (wanted === 1 || byNumber.size > 0);
      if (!beingCreated) throw corrupt(path, 0, 'both copies of its header are unreadable');
      strays.push(path);
      wanted = Math.max(0, ...byNumber.keys());
      continue;
    }
    if (placed.header.number !== wanted)
      throw corrupt(path, 0, `its header names it file ${placed.header.number}`);
    chain.unshift({ ...placed, path, content });
    wanted = placed.header.previousNumber;
  }
  // A log that has nothing yet begins with file 1 again, which may be unfinished and the only one: no other may.
  const nextNumber = chain.length === 0 ? 1 : (found.at(-1)?.number ?? 0) + 1;
  return { chain, strays: [...strays, ...byNumber.values()], nextNumber };
};

const checkJoint = (replay: Replay, file: FoundFile): void => {
  const { last } = replay.entries;
  const named = file.header.last;
  if (file.header.firstLsn !== replay.nextLsn || last.index !== named.index || last.term !== named.term)
    throw corrupt(
      file.path,
      0,
      `it continues at entry ${named.index}, what is left before it ends at ${last.index}`,
    );
};

/** Replays all files of a chain; only behind the last frame of the last file may anything be torn. */
const replayChain = (chain: readonly FoundFile[], replay: Replay): { end: number; lastAt: number } => {
  let ending = { end: 0, lastAt: -1 };
  for (const [i, file] of chain.entries()) {
    if (i > 0) checkJoint(replay, file);
    // Not always what the frames before said last: a vote may have been salvaged from a torn one.
    replay.hardState = file.header.hardState;
    replay.voters = file.header.voters;
    const successor = chain[i + 1];
    const namedEnd = successor?.header.previousEnd;
    if (namedEnd !== undefined && namedEnd > file.content.length)
      throw corrupt(file.path, file.content.length, `it ends here, and should at byte ${namedEnd}`);
    ending = replayFile(replay, file, namedEnd ?? file.content.length);
    if (namedEnd !== undefined && ending.end !== namedEnd)
      throw corrupt(file.path, ending.end, 'a frame is unreadable that later files build upon');
    if (namedEnd !== undefined) continue;
    const later = findFrameHeader(file.content, ending.end + 1, file.header.salt);
    if (later !== undefined)
      throw corrupt(
        file.path,
        ending.end,
        `a frame is unreadable, and an intact one follows at byte ${later}`,
      );
  }
  return ending;
};

/**
 * Reads a log directory and tells torn from corrupt. Writes nothing. Throws a Failure `CORRUPT_WRITE_AHEAD_LOG` when
 * something is missing or damaged that was durable.
 */
export const recoverLog = async (disk: Disk, directory: string): Promise<RecoveredLog> => {
  const { chain, strays, nextNumber } = await findChain(disk, directory);
  const oldest = chain[0];
  const newest = chain.at(-1);
  if (oldest === undefined || newest === undefined) {
    const report = { files: 0, frames: 0, entries: 0, tornBytes: 0, salvagedHardState: false };
    return {
      entries: new EntryLog(logBeginning),
      hardState: initialHardState,
      voters: Buffer.alloc(0),
      nextLsn: 1,
      newest: undefined,
      lastWritten: undefined,
      numbers: [],
      strays,
      nextNumber,
      clusterId: '',
      report,
    };
  }
  const replay = new Replay(oldest);
  const { end, lastAt } = replayChain(chain, replay);
  const { entries, start } = replay;
  if (entries.start.index > start.index)
    throw corrupt(
      oldest.path,
      0,
      `the log starts behind entry ${start.index}, and the first left is ${entries.start.index + 1}`,
    );
  entries.trim(start);
  const salvaged = salvageHardState(newest.content, end, newest.header.salt, replay.nextLsn);
  // Without a frame it is the header; one copy of it may be all that reached the file.
  const lastWritten =
    lastAt === -1
      ? { position: 0, bytes: encodeFileHeader(newest.header) }
      : { position: lastAt, bytes: newest.content.subarray(lastAt, end) };
  return {
    entries,
    hardState: salvaged ?? replay.hardState,
    voters: replay.voters,
    nextLsn: replay.nextLsn,
    newest: { number: newest.header.number, end, path: newest.path },
    lastWritten,
    numbers: chain.map(({ header }) => header.number),
    strays,
    nextNumber,
    clusterId: newest.header.clusterId,
    report: {
      files: chain.length,
      frames: replay.frames,
      entries: entries.last.index - entries.start.index,
      tornBytes: Math.max(0, newest.content.length - end),
      salvagedHardState: salvaged !== undefined,
    },
  };
};
