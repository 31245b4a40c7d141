import { BATCH_HEADER_BYTES, readBatchHeader, writeBatchHeader } from './batch-header';
import { codecId } from './compression/codec';
import type { Codec } from './compression/codec';
import { compress } from './compression/compression';
import { MAX_DECOMPRESSED_BYTES, openRecords } from './open-records';
import { Failure } from '@kafkaesque/kernel';

/**
 * The same batch with its records under another codec (`compression.type` of the topic is not `producer`). The batch
 * has passed `validateBatch`. Failures: `OUTPUT_TOO_LARGE`, `CORRUPT_COMPRESSION`, `CODEC_NOT_READY`.
 */
export function recompressBatch(
  buffer: Buffer,
  at: number,
  codec: Codec,
  options: { readonly level?: number; readonly maxDecompressedBytes?: number } = {},
): Buffer {
  const header = readBatchHeader(buffer, at);
  const records = buffer.subarray(at + BATCH_HEADER_BYTES, at + header.sizeBytes);
  const opened = openRecords(header.codec, records, options.maxDecompressedBytes ?? MAX_DECOMPRESSED_BYTES);
  if (opened.kind === 'closed') throw new Failure(opened.code, opened.message);
  const packed = compress(codec, opened.bytes, options.level);
  const batch = Buffer.allocUnsafe(BATCH_HEADER_BYTES + packed.length);
  packed.copy(batch, BATCH_HEADER_BYTES);
  writeBatchHeader(batch, 0, { ...header, codec, sizeBytes: batch.length }, codecId(codec));
  return batch;
}
