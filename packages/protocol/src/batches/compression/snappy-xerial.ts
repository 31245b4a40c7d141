import { messageOf } from '@kafkaesque/kernel';
import { corrupt, tooLarge } from './failures';
import { snappy } from './native-codecs';

/**
 * Snappy as Kafka's clients carry it: the framing of xerial's snappy-java. A header of 16 bytes (`\x82SNAPPY\0`,
 * version, lowest compatible version), then pieces: an int32 length and one raw snappy block. Bytes without that
 * header are one raw block, as the Java client reads them.
 */
const MAGIC = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]);
const HEADER = Buffer.concat([MAGIC, Buffer.from([0, 0, 0, 1, 0, 0, 0, 1])]);
/** Plain bytes of a piece that we write; snappy itself looks back no further. */
const PIECE_BYTES = 64 * 1024;
/** A raw block's two-byte element expands to at most 64 bytes, so a block cannot truthfully name more than this. */
const MAX_EXPANSION = 64;
// The default hands out memory from outside the heap, which costs Node 20 twice the time.
const COPY = { copyOutputData: true };

export function compressSnappy(bytes: Buffer): Buffer {
  const parts: Buffer[] = [HEADER];
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
    const block = snappy().compressSync(bytes.subarray(at, at + PIECE_BYTES), COPY);
    const length = Buffer.allocUnsafe(4);
    length.writeInt32BE(block.length);
    parts.push(length, block);
  }
  return Buffer.concat(parts);
}

export function decompressSnappy(bytes: Buffer, limitBytes: number): Buffer {
  if (!startsXerial(bytes, 0, bytes.length)) return decompressBlock(bytes, limitBytes, limitBytes);
  const parts: Buffer[] = [];
  let plainBytes = 0;
  let at = HEADER.length;
  while (at < bytes.length) {
    // Streams may stand one behind another: the next one's header takes the place of a length.
    if (startsXerial(bytes, at, bytes.length)) {
      at += HEADER.length;
      continue;
    }
    if (bytes.length - at < 4) throw corrupt('The snappy stream ends within the length of a piece.');
    const length = bytes.readInt32BE(at);
    at += 4;
    if (length < 0 || length > bytes.length - at)
      throw corrupt(`A piece of the snappy stream claims ${length} bytes; ${bytes.length - at} are left.`);
    const part = decompressBlock(bytes.subarray(at, at + length), limitBytes - plainBytes, limitBytes);
    plainBytes += part.length;
    parts.push(part);
    at += length;
  }
  const [only] = parts;
  return parts.length === 1 && only !== undefined ? only : Buffer.concat(parts, plainBytes);
}

/** Whether the framing's header stands at `at`, and whole. */
export const startsXerial = (bytes: Buffer, at: number, to: number): boolean =>
  to - at >= HEADER.length && bytes.compare(MAGIC, 0, MAGIC.length, at, at + MAGIC.length) === 0;

function decompressBlock(block: Buffer, leftBytes: number, limitBytes: number): Buffer {
  const named = plainSizeOf(block);
  if (named > leftBytes) throw tooLarge(limitBytes);
  if (named > block.length * MAX_EXPANSION)
    throw corrupt(`A snappy block of ${block.length} bytes cannot hold ${named}.`);
  try {
    const plain = snappy().uncompressSync(block, COPY);
    if (typeof plain === 'string') throw corrupt('The snappy library gave text.');
    return plain;
  } catch (error) {
    throw corrupt(`A snappy block is damaged: ${messageOf(error)}.`, error);
  }
}

/** A raw block begins with its plain size, an unsigned varint of 32 bits. */
function plainSizeOf(block: Buffer): number {
  let size = 0;
  for (let index = 0; index < 5; index += 1) {
    const byte = block[index];
    if (byte === undefined) throw corrupt('The snappy block ends within its size.');
    size += (byte & 0x7f) * 2 ** (7 * index);
    if (byte < 0x80) return size;
  }
  throw corrupt('The size of the snappy block is malformed.');
}
