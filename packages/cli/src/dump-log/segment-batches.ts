import type { FileHandle } from 'node:fs/promises';
import { Failure } from '@kafkaesque/kernel';
import { BATCH_HEADER_BYTES, batchSizeBytes, magicOf } from '@kafkaesque/protocol';

/** A whole batch of a segment file, alone in its buffer. */
export interface SegmentBatch {
  readonly bytes: Buffer;
  readonly position: number;
}

/** Base offset and length stand before the magic byte in every format that ever was. */
const HEADER_UP_TO_MAGIC = 17;
const LOG_OVERHEAD_BYTES = 12;
const LEAST_RECORD_BYTES = 14;
const CURRENT_MAGIC = 2;

/**
 * The batches from `from` on, as long as they lie within `end`. Stops where a batch is cut off. Fails with
 * CORRUPT_SEGMENT at bytes that cannot begin a batch.
 */
export async function* batchesOf(
  file: FileHandle,
  name: string,
  from: number,
  end: number,
): AsyncGenerator<SegmentBatch, void, undefined> {
  const header = Buffer.alloc(BATCH_HEADER_BYTES);
  let position = from;
  while (position + HEADER_UP_TO_MAGIC < end) {
    const { bytesRead } = await file.read(header, 0, Math.min(header.length, end - position), position);
    if (bytesRead < HEADER_UP_TO_MAGIC) return;
    const size = header.readInt32BE(8);
    if (size < LEAST_RECORD_BYTES) {
      throw new Failure(
        'CORRUPT_SEGMENT',
        `Found record size ${size} smaller than minimum record overhead (${LEAST_RECORD_BYTES}) in file ${name}.`,
      );
    }
    if (position > end - LOG_OVERHEAD_BYTES - size) return;
    const magic = magicOf(header);
    if (magic !== CURRENT_MAGIC) {
      throw new Failure(
        'CORRUPT_SEGMENT',
        `The batch at position ${position} of ${name} has magic ${magic}; only ${CURRENT_MAGIC}, Kafka's format since 0.11, is read here`,
      );
    }
    const sizeBytes = batchSizeBytes(header);
    const bytes = Buffer.allocUnsafe(sizeBytes);
    await file.read(bytes, 0, sizeBytes, position);
    yield { bytes, position };
    position += sizeBytes;
  }
}
