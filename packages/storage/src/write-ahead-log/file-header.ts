import { crc32 } from 'node:zlib';
import { Failure, assert } from '@kafkaesque/kernel';
import { HARD_STATE_BODY_BYTES, readHardState, readUint64, writeHardState, writeUint64 } from './frames';
import type { HardState, LogPosition } from './records';

/** What a file of the log begins with. Written twice, in different sectors, and synced before its first frame. */
export interface FileHeader {
  readonly number: number;
  /** Drawn for this file. */
  readonly salt: Buffer;
  /** The file before this one; 0: none. */
  readonly previousNumber: number;
  /** Where that file ends; bytes beyond are void. */
  readonly previousEnd: number;
  /** LSN of this file's first frame. */
  readonly firstLsn: number;
  readonly clusterId: string;
  readonly hardState: HardState;
  readonly voters: Buffer;
  /** Where the log starts, as of this file's creation. */
  readonly start: LogPosition;
  /** The last entry, as of this file's creation. */
  readonly last: LogPosition;
}

/** A file's header and where its frames begin. */
export interface PlacedHeader {
  readonly header: FileHeader;
  readonly framesAt: number;
}

const MAGIC = Buffer.from('KQ-WAL\r\n', 'latin1');
const FORMAT_VERSION = 1;
/** Copies begin at multiples of this, so that damage to one sector leaves the other copy. */
const BLOCK_BYTES = 4096;
/** The voter set of any real quorum is far smaller. */
const MAX_COPY_BYTES = 256 * 1024;

/** Where each field of a copy stands, in bytes from its beginning. */
const at = {
  magic: 0,
  version: 8,
  length: 12,
  crc: 16,
  blockBytes: 20,
  number: 24,
  salt: 32,
  previousNumber: 40,
  previousEnd: 48,
  firstLsn: 56,
  start: 64,
  last: 80,
  hardState: 96,
  clusterIdLength: 96 + HARD_STATE_BODY_BYTES,
  votersLength: 98 + HARD_STATE_BODY_BYTES,
  clusterId: 102 + HARD_STATE_BODY_BYTES,
} as const;

const crcOfCopy = (copy: Buffer): number =>
  crc32(copy.subarray(at.blockBytes), crc32(copy.subarray(0, at.crc)));

const writePosition = (into: Buffer, { index, term }: LogPosition, from: number): void => {
  writeUint64(into, index, from);
  writeUint64(into, term, from + 8);
};

const readPosition = (copy: Buffer, from: number): LogPosition | undefined => {
  const index = readUint64(copy, from);
  const term = readUint64(copy, from + 8);
  return index === undefined || term === undefined ? undefined : { index, term };
};

/** Both copies of a header, as they stand at the beginning of a file. Frames begin behind them. */
export const encodeFileHeader = (header: FileHeader): Buffer => {
  const clusterId = Buffer.from(header.clusterId);
  const length = at.clusterId + clusterId.length + header.voters.length;
  assert(length <= MAX_COPY_BYTES, () => `a header of ${length} bytes has its place`);
  const blockBytes = Math.ceil(length / BLOCK_BYTES) * BLOCK_BYTES;
  const copy = Buffer.alloc(length);
  MAGIC.copy(copy, at.magic);
  copy.writeUInt32BE(FORMAT_VERSION, at.version);
  copy.writeUInt32BE(length, at.length);
  copy.writeUInt32BE(blockBytes, at.blockBytes);
  writeUint64(copy, header.number, at.number);
  header.salt.copy(copy, at.salt);
  writeUint64(copy, header.previousNumber, at.previousNumber);
  writeUint64(copy, header.previousEnd, at.previousEnd);
  writeUint64(copy, header.firstLsn, at.firstLsn);
  writePosition(copy, header.start, at.start);
  writePosition(copy, header.last, at.last);
  writeHardState(copy, header.hardState, at.hardState);
  copy.writeUInt16BE(clusterId.length, at.clusterIdLength);
  copy.writeUInt32BE(header.voters.length, at.votersLength);
  clusterId.copy(copy, at.clusterId);
  header.voters.copy(copy, at.clusterId + clusterId.length);
  copy.writeUInt32BE(crcOfCopy(copy), at.crc);
  const both = Buffer.alloc(2 * blockBytes);
  copy.copy(both, 0);
  copy.copy(both, blockBytes);
  return both;
};

const decodeCopy = (copy: Buffer): PlacedHeader | undefined => {
  const number = readUint64(copy, at.number);
  const previousNumber = readUint64(copy, at.previousNumber);
  const previousEnd = readUint64(copy, at.previousEnd);
  const firstLsn = readUint64(copy, at.firstLsn);
  const start = readPosition(copy, at.start);
  const last = readPosition(copy, at.last);
  const hardState = readHardState(copy, at.hardState);
  if (number === undefined || previousNumber === undefined || previousEnd === undefined) return undefined;
  if (firstLsn === undefined || start === undefined || last === undefined || hardState === undefined)
    return undefined;
  const votersAt = at.clusterId + copy.readUInt16BE(at.clusterIdLength);
  return {
    framesAt: 2 * copy.readUInt32BE(at.blockBytes),
    header: {
      number,
      salt: Buffer.from(copy.subarray(at.salt, at.salt + 8)),
      previousNumber,
      previousEnd,
      firstLsn,
      start,
      last,
      hardState,
      clusterId: copy.toString('utf8', at.clusterId, votersAt),
      voters: Buffer.from(copy.subarray(votersAt, votersAt + copy.readUInt32BE(at.votersLength))),
    },
  };
};

/**
 * The header of a file from either of its copies; undefined when neither is intact. Throws a Failure
 * `UNSUPPORTED_FORMAT` for an intact header of a version that this release does not know.
 */
export const decodeFileHeader = (file: Buffer, path: string): PlacedHeader | undefined => {
  for (let from = 0; from <= MAX_COPY_BYTES && from + at.clusterId <= file.length; from += BLOCK_BYTES) {
    if (MAGIC.compare(file, from, from + MAGIC.length) !== 0) continue;
    const length = file.readUInt32BE(from + at.length);
    const end = from + length;
    if (length < at.clusterId || length > MAX_COPY_BYTES || end > file.length) continue;
    const copy = file.subarray(from, end);
    if (copy.readUInt32BE(at.crc) !== crcOfCopy(copy)) continue;
    const version = copy.readUInt32BE(at.version);
    if (version !== FORMAT_VERSION)
      throw new Failure(
        'UNSUPPORTED_FORMAT',
        `${path} has format version ${version}; this release knows version ${FORMAT_VERSION}. Start the release that wrote it.`,
      );
    const placed = decodeCopy(copy);
    if (placed !== undefined) return placed;
  }
  return undefined;
};
