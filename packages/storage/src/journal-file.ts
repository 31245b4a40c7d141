import { crc32c } from '@kafkaesque/protocol';
import { readInt64, writeInt64 } from './journal-frame';

/*
 * Head of a journal file, 64 bytes: 0 magic · 4 format version · 6 zero · 8 number · 16 tag (random, repeated in every
 * frame, so that nobody's records can pass for a frame) · 24 previous number · 32 end of the previous file ·
 * 40 directory id · 56 zero · 60 CRC.
 */
export const JOURNAL_HEAD_BYTES = 64;
const JOURNAL_MAGIC = 0x4b4a4e4c;
const JOURNAL_VERSION = 1;
const NO_FILE = -1;

export interface JournalHead {
  readonly number: number;
  readonly tag: Buffer;
  /** The file whose rounds come before, -1 if there is none. */
  readonly previous: number;
  /** Where it ends: what lies beyond is void (rule 6). */
  readonly previousEnd: number;
}

export type JournalHeadReading =
  | { readonly kind: 'head'; readonly head: JournalHead }
  | { readonly kind: 'damaged' }
  | { readonly kind: 'unsupported'; readonly version: number };

export const encodeJournalHead = (head: JournalHead, directoryId: string): Buffer => {
  const bytes = Buffer.alloc(JOURNAL_HEAD_BYTES);
  bytes.writeUInt32BE(JOURNAL_MAGIC, 0);
  bytes.writeUInt16BE(JOURNAL_VERSION, 4);
  writeInt64(bytes, head.number, 8);
  head.tag.copy(bytes, 16, 0, 8);
  writeInt64(bytes, head.previous, 24);
  writeInt64(bytes, head.previousEnd, 32);
  bytes.write(directoryId, 40, 16, 'base64url');
  bytes.writeUInt32BE(crc32c(bytes, 0, 60), 60);
  return bytes;
};

/** Reads a head; `damaged` also when it names another file or directory than the one it stands in. */
export const decodeJournalHead = (bytes: Buffer, number: number, directoryId: string): JournalHeadReading => {
  if (bytes.length < JOURNAL_HEAD_BYTES || bytes.readUInt32BE(0) !== JOURNAL_MAGIC)
    return { kind: 'damaged' };
  if (bytes.readUInt32BE(60) !== crc32c(bytes, 0, 60)) return { kind: 'damaged' };
  const version = bytes.readUInt16BE(4);
  if (version !== JOURNAL_VERSION) return { kind: 'unsupported', version };
  if (readInt64(bytes, 8) !== number || bytes.toString('base64url', 40, 56) !== directoryId)
    return { kind: 'damaged' };
  const previous = readInt64(bytes, 24);
  return {
    kind: 'head',
    head: {
      number,
      tag: Buffer.from(bytes.subarray(16, 24)),
      previous: previous < 0 ? NO_FILE : previous,
      previousEnd: readInt64(bytes, 32),
    },
  };
};

const JOURNAL_FILE = /^(\d{20})\.journal$/;

export const journalFileName = (number: number): string => `${String(number).padStart(20, '0')}.journal`;

export const parseJournalFileName = (name: string): number | undefined => {
  const match = JOURNAL_FILE.exec(name);
  return match === null ? undefined : Number(match[1]);
};
