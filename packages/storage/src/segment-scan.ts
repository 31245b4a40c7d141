import type { BufferPool, DiskFile } from '@kafkaesque/kernel';
import {
  BATCH_HEADER_BYTES,
  CURRENT_MAGIC,
  batchSizeBytes,
  isControl,
  magicOf,
  maxTimestampOf,
  recordCountOf,
} from '@kafkaesque/protocol';

const CHUNK_BYTES = 1 << 20;

/** Why a scan ended, and where the next batch would have begun. */
export interface ScanEnd {
  /** `bad`: what stands there cannot be a batch that ends before `to`. */
  readonly kind: 'end' | 'stopped' | 'bad';
  readonly position: number;
}

export interface ScanOptions {
  /** Visit only batches that are in memory from head to end. Otherwise the header is, and control batches are whole. */
  readonly whole: boolean;
  readonly chunkBytes?: number;
}

/** Whether a batch may begin at `at` and end within `roomBytes`, by the fields that no CRC covers. */
export const isPlausibleBatch = (bytes: Buffer, at: number, roomBytes: number): boolean => {
  if (at + BATCH_HEADER_BYTES > bytes.length) return false;
  const sizeBytes = batchSizeBytes(bytes, at);
  return sizeBytes >= BATCH_HEADER_BYTES && sizeBytes <= roomBytes && magicOf(bytes, at) === CURRENT_MAGIC;
};

/** Greatest timestamp of the batch's records; -1 when none has one, or compaction has left none. */
export const recordTimestampOf = (bytes: Buffer, at: number): number =>
  recordCountOf(bytes, at) === 0 ? -1 : maxTimestampOf(bytes, at);

/** Reads batches of `[from, to)` in pieces and visits them in order, until `visit` returns false. */
export const scanBatches = async (
  file: DiskFile,
  pool: BufferPool,
  from: number,
  to: number,
  options: ScanOptions,
  visit: (bytes: Buffer, at: number, position: number) => boolean,
): Promise<ScanEnd> => {
  const chunkBytes = options.chunkBytes ?? CHUNK_BYTES;
  let lease = pool.acquire(Math.min(chunkBytes, Math.max(to - from, BATCH_HEADER_BYTES)));
  let start = from;
  let filledBytes = 0;
  let position = from;
  const fill = async (): Promise<void> => {
    start = position;
    filledBytes = await file.read(
      lease.buffer.subarray(0, Math.min(lease.buffer.length, to - position)),
      position,
    );
  };
  try {
    while (position < to) {
      if (position - start + BATCH_HEADER_BYTES > filledBytes) await fill();
      const bytes = lease.buffer.subarray(0, filledBytes);
      if (!isPlausibleBatch(bytes, position - start, to - position)) return { kind: 'bad', position };
      const sizeBytes = batchSizeBytes(bytes, position - start);
      if (
        position - start + sizeBytes > filledBytes &&
        (options.whole || isControl(bytes, position - start))
      ) {
        if (sizeBytes > lease.buffer.length) {
          lease.release();
          lease = pool.acquire(sizeBytes);
        }
        await fill();
        if (sizeBytes > filledBytes) return { kind: 'bad', position };
      }
      if (!visit(lease.buffer.subarray(0, filledBytes), position - start, position))
        return { kind: 'stopped', position };
      position += sizeBytes;
    }
    return { kind: 'end', position };
  } finally {
    lease.release();
  }
};
