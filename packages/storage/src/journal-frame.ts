import { crc32c } from '@kafkaesque/protocol';
import type { HeldBatch } from './held-batch';

/*
 * One round is one frame (ARCHITECTURE section 7, rule 1), big-endian:
 *
 *   header   0 magic · 4 bytes of header with list · 8 file tag · 16 LSN · 24 position in the file · 32 entry count ·
 *            36 bytes of batches · 40 CRC of the entries · 44 log count · 48 CRC of [0, 48) and the list
 *   list     20 bytes a log: topic id, partition
 *   entries  48 bytes each
 *   batches  in the order of the entries that append
 *
 * Entry: 0 kind · 4 number in the list · 8 offset · 16 segment base · 24 position · 32 leader epoch ·
 *        36 bytes of batch · 40 CRC of the batch · 44 zero
 *
 * The batches are not summed again: an entry repeats what a batch's own CRC leaves out (base offset, length, leader
 * epoch) and the CRC itself, so the frame vouches for every byte without reading them all twice.
 */
export const FRAME_MAGIC = 0x4b4a4652;
export const FRAME_FIXED_BYTES = 52;
export const IDENTITY_BYTES = 20;
export const ENTRY_BYTES = 48;
/** Kind of entry that names no log. */
const NO_LOG = 0xffffffff;
const TWO_32 = 4_294_967_296;

export const entryKinds = {
  append: 1,
  truncate: 2,
  reset: 3,
  delete: 4,
  logStart: 5,
  seal: 6,
  /** Segments from `segmentBase` up to `offset` are one file of `position` bytes now. */
  clean: 7,
} as const;
export type EntryKind = keyof typeof entryKinds;
const kindNames = new Map<number, EntryKind>(
  (Object.keys(entryKinds) as EntryKind[]).map((kind) => [entryKinds[kind], kind]),
);

/** What changes a log other than an append; `segmentBase` and `position` as rule 4 asks for them. */
export interface ControlEntry {
  readonly kind: Exclude<EntryKind, 'append'>;
  readonly offset: number;
  readonly segmentBase: number;
  readonly position: number;
}

/** An entry as read back; `index` is its log's place in the frame's list, -1 for a seal. */
export interface JournalEntry {
  readonly kind: EntryKind;
  readonly index: number;
  readonly offset: number;
  readonly segmentBase: number;
  readonly position: number;
  readonly leaderEpoch: number;
  readonly batchBytes: number;
  readonly batchCrc: number;
}

export const writeInt64 = (into: Buffer, value: number, at: number): void => {
  const high = Math.floor(value / TWO_32);
  into.writeInt32BE(high, at);
  into.writeUInt32BE(value - high * TWO_32, at + 4);
};
export const readInt64 = (from: Buffer, at: number): number =>
  from.readInt32BE(at) * TWO_32 + from.readUInt32BE(at + 4);

export interface FrameShape {
  readonly logCount: number;
  readonly entryCount: number;
}

/** Bytes before the batches. */
export const framePrefixBytes = (shape: FrameShape): number =>
  FRAME_FIXED_BYTES + shape.logCount * IDENTITY_BYTES + shape.entryCount * ENTRY_BYTES;

export const writeIdentity = (into: Buffer, index: number, identity: Buffer): void => {
  identity.copy(into, FRAME_FIXED_BYTES + index * IDENTITY_BYTES);
};

const LENGTH_AT = 8;
const LEADER_EPOCH_AT = 12;
const CRC_AT = 17;

/** Writes the entry of an append at `at`. */
export const writeAppendEntry = (into: Buffer, at: number, batch: HeldBatch, index: number): void => {
  into.writeUInt32BE(entryKinds.append << 24, at);
  into.writeUInt32BE(index, at + 4);
  writeInt64(into, batch.baseOffset, at + 8);
  writeInt64(into, batch.segment.baseOffset, at + 16);
  writeInt64(into, batch.position, at + 24);
  into.writeInt32BE(batch.bytes.readInt32BE(LEADER_EPOCH_AT), at + 32);
  into.writeUInt32BE(batch.bytes.length, at + 36);
  into.writeUInt32BE(batch.bytes.readUInt32BE(CRC_AT), at + 40);
  into.writeUInt32BE(0, at + 44);
};

export const writeControlEntry = (
  into: Buffer,
  at: number,
  entry: ControlEntry,
  index: number | undefined,
): void => {
  into.writeUInt32BE(entryKinds[entry.kind] << 24, at);
  into.writeUInt32BE(index ?? NO_LOG, at + 4);
  writeInt64(into, entry.offset, at + 8);
  writeInt64(into, entry.segmentBase, at + 16);
  writeInt64(into, entry.position, at + 24);
  into.fill(0, at + 32, at + ENTRY_BYTES);
};

/** Completes a prefix whose list and entries stand in place. */
export const sealFrame = (
  into: Buffer,
  shape: FrameShape,
  place: {
    readonly tag: Buffer;
    readonly lsn: number;
    readonly position: number;
    readonly batchBytes: number;
  },
): void => {
  const headerBytes = FRAME_FIXED_BYTES + shape.logCount * IDENTITY_BYTES;
  const prefixBytes = framePrefixBytes(shape);
  into.writeUInt32BE(FRAME_MAGIC, 0);
  into.writeUInt32BE(headerBytes, 4);
  place.tag.copy(into, 8);
  writeInt64(into, place.lsn, 16);
  writeInt64(into, place.position, 24);
  into.writeUInt32BE(shape.entryCount, 32);
  into.writeUInt32BE(place.batchBytes, 36);
  into.writeUInt32BE(crc32c(into, headerBytes, prefixBytes), 40);
  into.writeUInt32BE(shape.logCount, 44);
  into.writeUInt32BE(headerCrc(into, headerBytes), 48);
};

const headerCrc = (bytes: Buffer, headerBytes: number): number =>
  crc32c(bytes, FRAME_FIXED_BYTES, headerBytes, crc32c(bytes, 0, 48));

/** The fixed part of a frame header, believed only once `isFrameHeader` has said so. */
export interface FrameHeader extends FrameShape {
  readonly headerBytes: number;
  readonly lsn: number;
  readonly batchBytes: number;
  readonly sizeBytes: number;
}

/** Lengths that the first bytes claim, or undefined if they cannot be a header of a frame at `position` of the file. */
export const readFrameHeader = (
  bytes: Buffer,
  at: number,
  tag: Buffer,
  position: number,
): FrameHeader | undefined => {
  if (at + FRAME_FIXED_BYTES > bytes.length) return undefined;
  if (bytes.readUInt32BE(at) !== FRAME_MAGIC || tag.compare(bytes, at + 8, at + 16) !== 0) return undefined;
  if (readInt64(bytes, at + 24) !== position) return undefined;
  const headerBytes = bytes.readUInt32BE(at + 4);
  const logCount = bytes.readUInt32BE(at + 44);
  if (headerBytes !== FRAME_FIXED_BYTES + logCount * IDENTITY_BYTES) return undefined;
  const entryCount = bytes.readUInt32BE(at + 32);
  const batchBytes = bytes.readUInt32BE(at + 36);
  return {
    headerBytes,
    logCount,
    entryCount,
    batchBytes,
    lsn: readInt64(bytes, at + 16),
    sizeBytes: headerBytes + entryCount * ENTRY_BYTES + batchBytes,
  };
};

/** Whether the header and its list are as they were written. `bytes` at `at` holds `headerBytes` of them. */
export const isFrameHeader = (bytes: Buffer, at: number, header: FrameHeader): boolean =>
  at + header.headerBytes <= bytes.length &&
  headerCrc(bytes.subarray(at), header.headerBytes) === bytes.readUInt32BE(at + 48);

/** Whether entries and batches are as they were written. `bytes` at `at` holds the whole frame. */
export const isWholeFrame = (bytes: Buffer, at: number, header: FrameHeader): boolean => {
  if (at + header.sizeBytes > bytes.length) return false;
  const entriesAt = at + header.headerBytes;
  const batchesAt = entriesAt + header.entryCount * ENTRY_BYTES;
  if (crc32c(bytes, entriesAt, batchesAt) !== bytes.readUInt32BE(at + 40)) return false;
  let batchAt = batchesAt;
  for (let entryAt = entriesAt; entryAt < batchesAt; entryAt += ENTRY_BYTES) {
    if (bytes.readUInt8(entryAt) !== entryKinds.append) continue;
    if (!isBatchOfEntry(bytes, entryAt, batchAt)) return false;
    batchAt += bytes.readUInt32BE(entryAt + 36);
  }
  return batchAt === at + header.sizeBytes;
};

/** attributes, from which a batch's own CRC counts */
const CRC_FROM = 21;

const isBatchOfEntry = (bytes: Buffer, entryAt: number, batchAt: number): boolean => {
  const batchBytes = bytes.readUInt32BE(entryAt + 36);
  if (batchBytes < 61 || batchAt + batchBytes > bytes.length) return false;
  return (
    bytes.compare(bytes, entryAt + 8, entryAt + 16, batchAt, batchAt + 8) === 0 &&
    bytes.readUInt32BE(batchAt + LENGTH_AT) === batchBytes - 12 &&
    bytes.readInt32BE(batchAt + LEADER_EPOCH_AT) === bytes.readInt32BE(entryAt + 32) &&
    bytes.readUInt8(batchAt + 16) === 2 &&
    bytes.readUInt32BE(batchAt + CRC_AT) === bytes.readUInt32BE(entryAt + 40) &&
    crc32c(bytes, batchAt + CRC_FROM, batchAt + batchBytes) === bytes.readUInt32BE(entryAt + 40)
  );
};

/** The entry at `at`, once its frame is known to be whole. */
export const readEntry = (bytes: Buffer, at: number): JournalEntry | undefined => {
  const kind = kindNames.get(bytes.readUInt8(at));
  if (kind === undefined) return undefined;
  const index = bytes.readUInt32BE(at + 4);
  return {
    kind,
    index: index === NO_LOG ? -1 : index,
    offset: readInt64(bytes, at + 8),
    segmentBase: readInt64(bytes, at + 16),
    position: readInt64(bytes, at + 24),
    leaderEpoch: bytes.readInt32BE(at + 32),
    batchBytes: bytes.readUInt32BE(at + 36),
    batchCrc: bytes.readUInt32BE(at + 40),
  };
};

export const identityAt = (bytes: Buffer, frameAt: number, index: number): Buffer =>
  bytes.subarray(
    frameAt + FRAME_FIXED_BYTES + index * IDENTITY_BYTES,
    frameAt + FRAME_FIXED_BYTES + (index + 1) * IDENTITY_BYTES,
  );
