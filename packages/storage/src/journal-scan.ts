import type { BufferPool, Disk } from '@kafkaesque/kernel';
import type { ChainedJournalFile } from './journal-chain';
import { JOURNAL_HEAD_BYTES } from './journal-file';
import { FRAME_FIXED_BYTES, identityAt, isFrameHeader, isWholeFrame, readFrameHeader } from './journal-frame';
import type { FrameHeader } from './journal-frame';
import { WindowReader } from './window-reader';

/** A round that counts. */
export interface AcceptedRound {
  readonly file: ChainedJournalFile;
  readonly position: number;
  readonly header: FrameHeader;
}

/** A frame that had been durable and is damaged. */
export interface DamagedRound {
  readonly what: string;
  /** Identities of the logs it concerns; undefined when even its header cannot be read. */
  readonly logs: readonly Buffer[] | undefined;
}

export interface JournalReading {
  readonly rounds: readonly AcceptedRound[];
  readonly damaged: readonly DamagedRound[];
  /** Bytes of the last round that never became whole. */
  readonly tornBytes: number;
  readonly lastLsn: number;
}

/** Reads the frames of all files in order and tells torn from damaged (rule 7). Acts on nothing. */
export const readJournal = async (
  disk: Disk,
  pool: BufferPool,
  files: readonly ChainedJournalFile[],
  lastLsn: number,
): Promise<JournalReading> => {
  const rounds: AcceptedRound[] = [];
  const damaged: DamagedRound[] = [];
  // Not from the checkpoint's on: it counts the round that was in flight when it was written.
  let lsn = 0;
  let tornBytes = 0;
  for (const file of files) {
    const open = await disk.open(file.path, 'read');
    const reader = new WindowReader(open, pool, file.endBytes);
    try {
      const reading = await readFile(reader, file, lsn);
      rounds.push(...reading.rounds);
      damaged.push(...reading.damaged);
      lsn = reading.lastLsn;
      tornBytes += reading.tornBytes;
    } finally {
      reader.release();
      await open.close();
    }
  }
  return { rounds, damaged, tornBytes, lastLsn: Math.max(lsn, lastLsn) };
};

const readFile = async (
  reader: WindowReader,
  file: ChainedJournalFile,
  lastLsn: number,
): Promise<JournalReading> => {
  const rounds: AcceptedRound[] = [];
  const damaged: DamagedRound[] = [];
  let lsn = lastLsn;
  let position = JOURNAL_HEAD_BYTES;
  while (position < file.endBytes) {
    const frame = await frameAt(reader, file, position, lsn);
    if (frame.kind === 'whole') {
      rounds.push({ file, position, header: frame.header });
      ({ lsn } = frame.header);
      position += frame.header.sizeBytes;
      continue;
    }
    const next = await nextFrame(reader, file, position + 1, lsn);
    if (next === undefined && file.isLast)
      return { rounds, damaged, tornBytes: file.endBytes - position, lastLsn: lsn };
    damaged.push({
      what: `journal file ${file.number} is damaged at ${position}`,
      logs: frame.kind === 'listed' ? frame.logs : undefined,
    });
    if (next === undefined) break;
    position = next;
  }
  return { rounds, damaged, tornBytes: 0, lastLsn: lsn };
};

type FrameReading =
  | { readonly kind: 'whole'; readonly header: FrameHeader }
  /** The header is sound, so that it is known whom the damage concerns. */
  | { readonly kind: 'listed'; readonly logs: readonly Buffer[] }
  | { readonly kind: 'none' };

const frameAt = async (
  reader: WindowReader,
  file: ChainedJournalFile,
  position: number,
  lastLsn: number,
): Promise<FrameReading> => {
  const header = readFrameHeader(await reader.at(position, FRAME_FIXED_BYTES), 0, file.tag, position);
  if (header === undefined || header.lsn <= lastLsn) return { kind: 'none' };
  if (header.headerBytes > file.endBytes - position) return { kind: 'none' };
  const head = await reader.at(position, header.headerBytes);
  if (!isFrameHeader(head, 0, header)) return { kind: 'none' };
  const logs = Array.from({ length: header.logCount }, (_, index) => Buffer.from(identityAt(head, 0, index)));
  if (header.sizeBytes > file.endBytes - position) return { kind: 'listed', logs };
  const frame = await reader.at(position, header.sizeBytes);
  return isWholeFrame(frame, 0, header) ? { kind: 'whole', header } : { kind: 'listed', logs };
};

/** Position of the next whole frame of a higher LSN, wherever it begins. */
const nextFrame = async (
  reader: WindowReader,
  file: ChainedJournalFile,
  from: number,
  lastLsn: number,
): Promise<number | undefined> => {
  // Magic and length come before it, but the tag is what nobody can guess.
  const { tag } = file;
  for (let position = from; position < file.endBytes;) {
    const bytes = await reader.at(position, SEARCH_BYTES);
    const at = bytes.indexOf(tag);
    if (at < 0) {
      if (position + bytes.length >= file.endBytes) return undefined;
      position += Math.max(1, bytes.length - tag.length + 1);
      continue;
    }
    const candidate = position + at - TAG_AT;
    if (candidate >= from && (await frameAt(reader, file, candidate, lastLsn)).kind === 'whole')
      return candidate;
    position += at + 1;
  }
  return undefined;
};

const SEARCH_BYTES = 1 << 20;
const TAG_AT = 8;

/** Writes a round's bytes once more where they stand and flushes them (rule 9): a killed process may have left them in the cache only. */
export const rewriteRound = async (disk: Disk, round: AcceptedRound): Promise<void> => {
  const file = await disk.open(round.file.path, 'write');
  try {
    const bytes = Buffer.alloc(round.header.sizeBytes);
    await file.read(bytes, round.position);
    await file.write([bytes], round.position);
    await file.sync();
  } finally {
    await file.close();
  }
};
