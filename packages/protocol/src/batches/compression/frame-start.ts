import type { Codec } from './codec';
import { lz4StartProblem } from './lz4-frame';
import { zstdStartProblem } from './zstd-frames';

/**
 * What is wrong with the first bytes of compressed records, if something is. So much is asked of every produced batch,
 * opened or not: an empty payload, or one of another codec than the header names, would only be found by consumers.
 */
export function frameStartProblem(codec: Codec, bytes: Buffer, from: number, to: number): string | undefined {
  if (from === to) return 'The compressed batch has no records in it.';
  switch (codec) {
    case 'gzip':
      return to - from >= 18 && bytes.readUInt16BE(from) === 0x1f8b && bytes[from + 2] === 8
        ? undefined
        : 'The records are not a gzip stream.';
    case 'lz4':
      return lz4StartProblem(bytes, from, to);
    case 'zstd':
      return zstdStartProblem(bytes, from, to);
    // A raw snappy block has no mark to know it by.
    case 'snappy':
    case 'none':
      return undefined;
  }
}
