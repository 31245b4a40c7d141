import { messageOf } from '@kafkaesque/kernel';
import { corrupt, tooLarge } from './failures';
import { lz4 } from './native-codecs';
import { xxhash32 } from './xxhash32';

/**
 * LZ4 frames (lz4_Frame_format 1.6), walked here so that output stays bounded and checksums are checked; only the
 * blocks go to the native library. As Kafka's Java client: one frame, independent blocks, no dictionary.
 */
const MAGIC = 0x184d2204;
const VERSION_MASK = 0xc0;
const VERSION_1 = 0x40;
const INDEPENDENT_BLOCKS = 0x20;
const BLOCK_CHECKSUM = 0x10;
const CONTENT_SIZE = 0x08;
const CONTENT_CHECKSUM = 0x04;
const RESERVED_OR_DICTIONARY = 0x03;
/** 64 KiB blocks, as the Java client writes them: larger ones cost every reader a buffer of that size. */
const WRITTEN_BLOCK_CODE = 4;
const WRITTEN_BLOCK_BYTES = 64 * 1024;
const STORED_BLOCK = 0x8000_0000;
const MIN_HEADER_BYTES = 7;
/** One byte of a block stands for at most 255 bytes, so a block cannot truthfully hold more. */
const MAX_EXPANSION = 255;

export function compressLz4(bytes: Buffer): Buffer {
  const parts: Buffer[] = [FRAME_HEADER];
  for (let at = 0; at < bytes.length; at += WRITTEN_BLOCK_BYTES) {
    const plain = bytes.subarray(at, at + WRITTEN_BLOCK_BYTES);
    // The library puts the plain size before the block: four bytes, just where the frame wants the block's length.
    const block = lz4().compressSync(plain);
    const blockBytes = block.length - 4;
    if (blockBytes < plain.length) {
      block.writeUInt32LE(blockBytes, 0);
      parts.push(block);
    } else {
      const length = Buffer.allocUnsafe(4);
      length.writeUInt32LE(STORED_BLOCK + plain.length, 0);
      parts.push(length, plain);
    }
  }
  parts.push(END_MARK);
  return Buffer.concat(parts);
}

const END_MARK = Buffer.alloc(4);
const FRAME_HEADER = makeFrameHeader();

function makeFrameHeader(): Buffer {
  const header = Buffer.alloc(MIN_HEADER_BYTES);
  header.writeUInt32LE(MAGIC, 0);
  header.writeUInt8(VERSION_1 | INDEPENDENT_BLOCKS, 4);
  header.writeUInt8(WRITTEN_BLOCK_CODE << 4, 5);
  header.writeUInt8(descriptorChecksum(header, 4, 6), 6);
  return header;
}

export function decompressLz4(bytes: Buffer, limitBytes: number): Buffer {
  const problem = lz4StartProblem(bytes, 0, bytes.length);
  if (problem !== undefined) throw corrupt(problem);
  const flags = bytes.readUInt8(4);
  const maxBlockBytes = 1 << (8 + 2 * (bytes.readUInt8(5) >>> 4));
  const parts: Buffer[] = [];
  let plainBytes = 0;
  let at = headerBytes(flags);
  for (;;) {
    if (bytes.length - at < 4) throw corrupt('The LZ4 frame ends without its end mark.');
    const field = bytes.readUInt32LE(at);
    at += 4;
    if (field === 0) break;
    const blockBytes = field % STORED_BLOCK;
    const checksumBytes = (flags & BLOCK_CHECKSUM) === 0 ? 0 : 4;
    if (blockBytes > maxBlockBytes || blockBytes + checksumBytes > bytes.length - at)
      throw corrupt(`A block of the LZ4 frame claims ${blockBytes} bytes.`);
    const end = at + blockBytes;
    if (checksumBytes > 0 && xxhash32(bytes, at, end) !== bytes.readUInt32LE(end))
      throw corrupt('The checksum of a block of the LZ4 frame is wrong.');
    const leftBytes = limitBytes - plainBytes;
    const part =
      // A stored block is copied: the caller did not mean to share the input's memory.
      field >= STORED_BLOCK
        ? Buffer.from(bytes.subarray(at, end))
        : decompressBlock(bytes, at, end, Math.min(maxBlockBytes, leftBytes));
    if (part === undefined || part.length > leftBytes) {
      if (leftBytes >= maxBlockBytes) throw corrupt('A block of the LZ4 frame is damaged.');
      throw tooLarge(limitBytes);
    }
    plainBytes += part.length;
    parts.push(part);
    at = end + checksumBytes;
  }
  return finish(bytes, at, flags, joined(parts, plainBytes));
}

/** Content size and content checksum, where the flags announce them. */
function finish(bytes: Buffer, at: number, flags: number, plain: Buffer): Buffer {
  if ((flags & CONTENT_SIZE) !== 0 && bytes.readBigUInt64LE(6) !== BigInt(plain.length))
    throw corrupt(`The LZ4 frame names another content size than the ${plain.length} bytes it holds.`);
  if ((flags & CONTENT_CHECKSUM) !== 0) {
    if (bytes.length - at < 4) throw corrupt('The LZ4 frame ends without its checksum.');
    if (xxhash32(plain) !== bytes.readUInt32LE(at)) throw corrupt('The checksum of the LZ4 frame is wrong.');
  }
  return plain;
}

const headerBytes = (flags: number): number => MIN_HEADER_BYTES + ((flags & CONTENT_SIZE) === 0 ? 0 : 8);

function descriptorChecksum(bytes: Buffer, from: number, to: number): number {
  return (xxhash32(bytes, from, to) >>> 8) & 0xff;
}

/** What is wrong with the start of a frame, if something is: cheap enough to ask of every batch that is produced. */
export function lz4StartProblem(bytes: Buffer, from: number, to: number): string | undefined {
  if (to - from < MIN_HEADER_BYTES || bytes.readUInt32LE(from) !== MAGIC)
    return 'The records are not an LZ4 frame.';
  const flags = bytes.readUInt8(from + 4);
  const blockCode = bytes.readUInt8(from + 5);
  if ((flags & VERSION_MASK) !== VERSION_1 || (flags & RESERVED_OR_DICTIONARY) !== 0)
    return `The LZ4 frame has flags ${flags} that Kafka does not know.`;
  if ((flags & INDEPENDENT_BLOCKS) === 0) return 'The blocks of the LZ4 frame depend on one another.';
  if ((blockCode & 0x8f) !== 0 || blockCode >>> 4 < 4)
    return `The LZ4 frame has an unknown block size, ${blockCode}.`;
  const checksumAt = from + headerBytes(flags) - 1;
  if (checksumAt >= to || bytes.readUInt8(checksumAt) !== descriptorChecksum(bytes, from + 4, checksumAt))
    return 'The header checksum of the LZ4 frame is wrong.';
  return undefined;
}

/** Space for one block and the size before it. Kept, because most blocks are small; a large one gets its own. */
let scratch = Buffer.alloc(0);
const KEPT_SCRATCH_BYTES = 256 * 1024;

/** The plain block, or undefined when it is damaged or larger than `limitBytes`: the library does not say which. */
function decompressBlock(bytes: Buffer, from: number, to: number, limitBytes: number): Buffer | undefined {
  const blockBytes = to - from;
  // The size that the library wants before the block cannot be written in place: the bytes may be on their way to a disk.
  const framed = scratchOf(blockBytes + 4);
  framed.writeUInt32LE(Math.min(limitBytes, blockBytes * MAX_EXPANSION), 0);
  bytes.copy(framed, 4, from, to);
  try {
    return lz4().uncompressSync(framed.subarray(0, blockBytes + 4));
  } catch (error) {
    if (limitBytes >= blockBytes * MAX_EXPANSION)
      throw corrupt(`A block of the LZ4 frame is damaged: ${messageOf(error)}.`, error);
    return undefined;
  }
}

function scratchOf(sizeBytes: number): Buffer {
  if (sizeBytes > KEPT_SCRATCH_BYTES) return Buffer.allocUnsafe(sizeBytes);
  if (scratch.length < sizeBytes) scratch = Buffer.allocUnsafeSlow(KEPT_SCRATCH_BYTES);
  return scratch;
}

const joined = (parts: readonly Buffer[], plainBytes: number): Buffer => {
  const [only] = parts;
  return only !== undefined && parts.length === 1 ? only : Buffer.concat(parts, plainBytes);
};
