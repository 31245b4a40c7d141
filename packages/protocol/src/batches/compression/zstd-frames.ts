import { corrupt } from './failures';

/** A Zstandard frame (RFC 8878, section 3.1.1) as far as one can tell without decompressing it. */
export interface ZstdFrame {
  readonly from: number;
  readonly to: number;
  /** The plain size, where the frame names it. */
  readonly contentBytes: number | undefined;
  /** The plain size cannot be more than this, by the kinds and number of its blocks. */
  readonly boundBytes: number;
}

const MAGIC = 0xfd2fb528;
const SKIPPABLE_MAGIC = 0x184d2a50;
const SINGLE_SEGMENT = 0x20;
const RESERVED = 0x08;
const CONTENT_CHECKSUM = 0x04;
const DICTIONARY_ID_MASK = 0x03;
const MAX_BLOCK_BYTES = 128 * 1024;
/** What the reference decoder allows unless told otherwise: no frame makes a reader hold more behind it. */
const MAX_WINDOW_BYTES = 128 * 1024 * 1024;
const MIN_FRAME_BYTES = 9;

interface FrameHeader {
  readonly blocksAt: number;
  readonly contentBytes: number | undefined;
  readonly blockBytes: number;
  readonly checksumBytes: number;
}

/** The frames of the bytes, skippable ones left out. A frame that is cut off or malformed is a failure. */
export function zstdFrames(bytes: Buffer): ZstdFrame[] {
  const frames: ZstdFrame[] = [];
  let at = 0;
  while (at < bytes.length) {
    if (bytes.length - at < 8) throw corrupt('The zstd stream ends within a frame header.');
    const magic = bytes.readUInt32LE(at);
    if ((magic & 0xfffffff0) >>> 0 === SKIPPABLE_MAGIC) {
      at += 8 + bytes.readUInt32LE(at + 4);
      if (at > bytes.length) throw corrupt('The zstd stream ends within a skippable frame.');
      continue;
    }
    const frame = walkFrame(bytes, at);
    frames.push(frame);
    at = frame.to;
  }
  return frames;
}

/** What is wrong with the start of the bytes, if something is. */
export const zstdStartProblem = (bytes: Buffer, from: number, to: number): string | undefined => {
  const magic = to - from < MIN_FRAME_BYTES ? 0 : bytes.readUInt32LE(from);
  return magic === MAGIC || (magic & 0xfffffff0) >>> 0 === SKIPPABLE_MAGIC
    ? undefined
    : 'The records are not a zstd frame.';
};

function walkFrame(bytes: Buffer, from: number): ZstdFrame {
  const header = readFrameHeader(bytes, from);
  let at = header.blocksAt;
  let boundBytes = 0;
  let last = false;
  while (!last) {
    if (bytes.length - at < 3) throw corrupt('The zstd frame ends without its last block.');
    const field = bytes.readUIntLE(at, 3);
    const kind = (field >>> 1) & 3;
    const size = field >>> 3;
    last = (field & 1) === 1;
    if (kind === 3) throw corrupt('The zstd frame has a block of the reserved kind.');
    // Raw: as many bytes as it gives. Run: one byte, repeated. Compressed: at most one block's worth.
    boundBytes += kind === 2 ? header.blockBytes : size;
    at += 3 + (kind === 1 ? 1 : size);
    if (size > MAX_BLOCK_BYTES || at > bytes.length)
      throw corrupt(`A block of the zstd frame claims ${size} bytes.`);
  }
  at += header.checksumBytes;
  if (at > bytes.length) throw corrupt('The zstd frame ends without its checksum.');
  if (header.contentBytes !== undefined && header.contentBytes > boundBytes)
    throw corrupt(
      `The zstd frame names ${header.contentBytes} bytes; its blocks hold at most ${boundBytes}.`,
    );
  return { from, to: at, contentBytes: header.contentBytes, boundBytes };
}

function readFrameHeader(bytes: Buffer, from: number): FrameHeader {
  if (bytes.readUInt32LE(from) !== MAGIC) throw corrupt('The bytes are not a zstd frame.');
  const descriptor = bytes.readUInt8(from + 4);
  if ((descriptor & RESERVED) !== 0) throw corrupt('The zstd frame sets a reserved bit.');
  if ((descriptor & DICTIONARY_ID_MASK) !== 0) throw corrupt('The zstd frame needs a dictionary.');
  const single = (descriptor & SINGLE_SEGMENT) !== 0;
  const sizeAt = from + 5 + (single ? 0 : 1);
  const sizeBytes = contentSizeBytes(descriptor >>> 6, single);
  const blocksAt = sizeAt + sizeBytes;
  if (blocksAt > bytes.length) throw corrupt('The zstd stream ends within a frame header.');
  const contentBytes = readContentSize(bytes, sizeAt, sizeBytes);
  const windowBytes = single ? (contentBytes ?? 0) : windowSize(bytes.readUInt8(from + 5));
  if (windowBytes > MAX_WINDOW_BYTES)
    throw corrupt(`The zstd frame asks for a window of ${windowBytes} bytes.`);
  return {
    blocksAt,
    contentBytes,
    blockBytes: Math.min(windowBytes, MAX_BLOCK_BYTES),
    checksumBytes: (descriptor & CONTENT_CHECKSUM) === 0 ? 0 : 4,
  };
}

const contentSizeBytes = (flag: number, single: boolean): number =>
  flag === 0 ? (single ? 1 : 0) : 1 << flag;

function readContentSize(bytes: Buffer, at: number, size: number): number | undefined {
  switch (size) {
    case 0:
      return undefined;
    case 1:
      return bytes.readUInt8(at);
    case 2:
      return bytes.readUInt16LE(at) + 256;
    case 4:
      return bytes.readUInt32LE(at);
    default:
      return Number(bytes.readBigUInt64LE(at));
  }
}

const windowSize = (descriptor: number): number => {
  const windowBase = 2 ** (10 + (descriptor >>> 3));
  return windowBase + (windowBase / 8) * (descriptor & 7);
};
