import { Failure } from '@kafkaesque/kernel';
import type { Disk } from '@kafkaesque/kernel';
import { JOURNAL_HEAD_BYTES, decodeJournalHead, parseJournalFileName } from './journal-file';
import type { JournalHead } from './journal-file';

/** A journal file as it was found. */
export interface FoundJournalFile {
  readonly number: number;
  readonly path: string;
  readonly sizeBytes: number;
  /** Undefined: the head is unreadable. */
  readonly head: JournalHead | undefined;
}

/** A file whose rounds count, in the order in which they were written. */
export interface ChainedJournalFile {
  readonly number: number;
  readonly path: string;
  readonly tag: Buffer;
  /** Rounds end here, because the next file's head says so; the file's own size for the last one. */
  readonly endBytes: number;
  readonly isLast: boolean;
}

export interface JournalChain {
  readonly files: readonly ChainedJournalFile[];
  /** What is missing or unreadable although rounds may have been in it: every log may have lost something. */
  readonly damage: readonly string[];
}

/** Reads the heads of all journal files, oldest first. An unknown format version refuses the start. */
export const findJournalFiles = async (
  disk: Disk,
  directory: string,
  directoryId: string,
): Promise<readonly FoundJournalFile[]> => {
  const found: FoundJournalFile[] = [];
  for (const entry of await disk.list(directory)) {
    const number = parseJournalFileName(entry.name);
    if (number === undefined) continue;
    const path = `${directory}/${entry.name}`;
    if (entry.kind !== 'file')
      throw new Failure('MISPLACED_FILES', `${path} should be a journal file and is none`);
    const file = await disk.open(path, 'read');
    try {
      const bytes = Buffer.alloc(JOURNAL_HEAD_BYTES);
      const readBytes = await file.read(bytes, 0);
      const reading = decodeJournalHead(bytes.subarray(0, readBytes), number, directoryId);
      if (reading.kind === 'unsupported')
        throw new Failure(
          'UNSUPPORTED_FORMAT',
          `${path} has format version ${reading.version}, which this version cannot read; start the newer version that wrote it`,
        );
      found.push({
        number,
        path,
        sizeBytes: await file.sizeBytes(),
        head: reading.kind === 'head' ? reading.head : undefined,
      });
    } finally {
      await file.close();
    }
  }
  return found.sort((a, b) => a.number - b.number);
};

/**
 * Follows the heads from the newest file back to the first that counts (rule 6). A file without a readable head is
 * an unfinished creation if it holds nothing more, and damage if it does.
 */
export const chainJournalFiles = (
  found: readonly FoundJournalFile[],
  journalStart: number,
  journalNewest: number,
): JournalChain => {
  const live = found.filter((file) => file.number >= journalStart);
  const damage: string[] = [];
  for (const file of live)
    if (file.head === undefined && file.sizeBytes > JOURNAL_HEAD_BYTES)
      damage.push(`the head of journal file ${file.number} is unreadable`);
  if (journalNewest >= journalStart) {
    // A checkpoint names a file only when its head is durable.
    const newest = live.find((file) => file.number === journalNewest);
    if (newest === undefined) damage.push(`journal file ${journalNewest} is missing`);
    else if (newest.head === undefined && newest.sizeBytes <= JOURNAL_HEAD_BYTES)
      damage.push(`journal file ${journalNewest} is empty or cut off`);
  }
  const files: ChainedJournalFile[] = [];
  let next = live.findLast((file) => file.head !== undefined);
  let endBytes = next?.sizeBytes ?? 0;
  while (next?.head !== undefined) {
    const { head } = next;
    if (next.sizeBytes < endBytes)
      damage.push(`journal file ${next.number} has ${next.sizeBytes} bytes of ${endBytes}`);
    files.unshift({
      number: next.number,
      path: next.path,
      tag: head.tag,
      endBytes: Math.min(endBytes, next.sizeBytes),
      isLast: files.length === 0,
    });
    if (head.previous < journalStart) break;
    const previous = live.find((file) => file.number === head.previous);
    if (previous === undefined) damage.push(`journal file ${head.previous} is missing`);
    endBytes = head.previousEnd;
    next = previous;
  }
  return { files, damage };
};
