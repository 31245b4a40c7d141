import type { Codec } from './codec';

/** Loads what the codecs need and only comes asynchronously (zstd on Node 20). Before that zstd throws `CODEC_NOT_READY`. */
export async function initialiseCodecs(): Promise<void> {
  await Promise.resolve();
}

/**
 * The bytes as the batches of that codec carry them. `level` is the codec's own (`compression.<codec>.level`).
 * Failures: `CODEC_NOT_READY`.
 */
export function compress(codec: Codec, bytes: Buffer, level?: number): Buffer {
  if (codec === 'none') return bytes;
  throw new Error(`not yet ${String(level)}`);
}

/**
 * The plain bytes, never more than `limitBytes` and never memory for more than that.
 * Failures: `OUTPUT_TOO_LARGE`, `CORRUPT_COMPRESSION`, `CODEC_NOT_READY`.
 */
export function decompress(codec: Codec, bytes: Buffer, limitBytes: number): Buffer {
  if (codec === 'none') return bytes;
  throw new Error(`not yet ${String(limitBytes)}`);
}
