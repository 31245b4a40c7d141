import type { Codec } from './codec';
import { gunzip, gzip } from './gzip';
import { compressLz4, decompressLz4 } from './lz4-frame';
import { compressSnappy, decompressSnappy } from './snappy-xerial';
import { compressZstd, decompressZstd, initialiseZstd } from './zstd';
import { tooLarge } from './failures';

/**
 * Loads what the codecs need and only comes asynchronously: zstd on a Node whose zlib has none. Whoever assembles a
 * process awaits it once; before that, zstd throws `CODEC_NOT_READY`.
 */
export const initialiseCodecs = (): Promise<void> => initialiseZstd();

/**
 * The bytes as batches of that codec carry them. `level` is the codec's own (`compression.<codec>.level`); snappy has
 * none, and lz4 is always written at its fast level. Failure: `CODEC_NOT_READY`.
 */
export function compress(codec: Codec, bytes: Buffer, level?: number): Buffer {
  switch (codec) {
    case 'none':
      return bytes;
    case 'gzip':
      return gzip(bytes, level);
    case 'snappy':
      return compressSnappy(bytes);
    case 'lz4':
      return compressLz4(bytes);
    case 'zstd':
      return compressZstd(bytes, level);
  }
}

/**
 * The plain bytes: never more than `limitBytes`, and never memory for more than a small multiple of the limit, whatever
 * the compressed bytes claim. Failures: `OUTPUT_TOO_LARGE`, `CORRUPT_COMPRESSION`, `CODEC_NOT_READY`.
 */
export function decompress(codec: Codec, bytes: Buffer, limitBytes: number): Buffer {
  switch (codec) {
    case 'none':
      if (bytes.length > limitBytes) throw tooLarge(limitBytes);
      return bytes;
    case 'gzip':
      return gunzip(bytes, limitBytes);
    case 'snappy':
      return decompressSnappy(bytes, limitBytes);
    case 'lz4':
      return decompressLz4(bytes, limitBytes);
    case 'zstd':
      return decompressZstd(bytes, limitBytes);
  }
}
