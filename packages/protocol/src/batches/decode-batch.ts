import type { BatchHeader } from './batch-header';
import type { DecodedRecord } from './record';

/** Bounds for opening a batch. */
export interface DecodeOptions {
  /** Most bytes that the records may have once opened; default 64 MiB. */
  readonly maxDecompressedBytes?: number;
  /** Whether the stored CRC is compared (`check.crcs`); default true. */
  readonly checkCrc?: boolean;
}

/**
 * The batch at `at`, header and records. Failures: `CORRUPT_BATCH` (CRC, lengths, counts), `UNSUPPORTED_CODEC`,
 * and those of `decompress`.
 */
export function decodeBatch(
  buffer: Buffer,
  at?: number,
  options?: DecodeOptions,
): { readonly header: BatchHeader; readonly records: DecodedRecord[] } {
  throw new Error(`not yet ${String(buffer)} ${String(at)} ${String(options)}`);
}

/** The records of the batch at `at` one by one, so that a reader who stops early pays no more. Failures as `decodeBatch`. */
export function recordsOf(
  buffer: Buffer,
  at?: number,
  options?: DecodeOptions,
): Generator<DecodedRecord, void, undefined> {
  throw new Error(`not yet ${String(buffer)} ${String(at)} ${String(options)}`);
}
