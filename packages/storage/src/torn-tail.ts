import type { BufferPool, DiskFile } from '@kafkaesque/kernel';
import { BATCH_HEADER_BYTES, computeCrc, crcOf, batchSizeBytes, baseOffsetOf } from '@kafkaesque/protocol';
import type { DirectoryContext } from './directory-context';
import { fileSize, removeSegmentFile } from './log-scan';
import type { BadPlace, LogScan } from './log-scan';
import type { LogState } from './log-state';
import type { RecoveredLog } from './recovered-log';
import { segmentFileName } from './segment';
import { cutFileTo } from './segment-removal';
import { isPlausibleBatch } from './segment-scan';

/** A torn round of a journaled log lies this close behind the end; what is whole beyond had been durable (rule 7). */
const TORN_WITHIN_BYTES = 8 << 20;
/** How far behind that a whole batch is looked for. */
const SEARCH_BYTES = 64 << 20;
const CHUNK_BYTES = 1 << 20;

/** Whether a whole batch of the log stands so far behind a bad place that no torn round explains it. */
export const hasBatchBeyondTear = async (
  context: DirectoryContext,
  log: RecoveredLog,
  scan: LogScan,
  bad: BadPlace,
  bases: readonly number[],
): Promise<boolean> => {
  // Of a log whose durable end is unknown, any batch may have been durable.
  // One that writes directly has up to its limit in no flush, and as much again begun before the limit was felt.
  const withinBytes = log.journaled ? TORN_WITHIN_BYTES : 2 * context.limits.unsyncedBytes;
  let skipBytes = log.unknown ? 0 : withinBytes;
  let budgetBytes = SEARCH_BYTES;
  for (const base of bases) {
    if (base < bad.baseOffset) continue;
    const from = base === bad.baseOffset ? bad.position : 0;
    const sizeBytes = await fileSize(context, log, base);
    if (sizeBytes - from > skipBytes) {
      const start = from + skipBytes;
      const end = Math.min(sizeBytes, start + budgetBytes);
      if (await containsBatch(context, log, base, start, end, scan.end)) return true;
      budgetBytes -= end - start;
      if (budgetBytes <= 0) return false;
    }
    skipBytes = Math.max(0, skipBytes - (sizeBytes - from));
  }
  return false;
};

/** Looks at every position for a batch whose CRC holds and whose offsets lie behind `endOffset`. */
const containsBatch = async (
  context: DirectoryContext,
  log: RecoveredLog,
  base: number,
  from: number,
  to: number,
  endOffset: number,
): Promise<boolean> => {
  const lease = context.pool.acquire(CHUNK_BYTES);
  const file = await context.disk.open(`${log.directory}/${segmentFileName(base, 'log')}`, 'read');
  try {
    const fileBytes = await file.sizeBytes();
    for (let position = from; position < to; position += CHUNK_BYTES - BATCH_HEADER_BYTES + 1) {
      const filledBytes = await file.read(
        lease.buffer.subarray(0, Math.min(CHUNK_BYTES, fileBytes - position)),
        position,
      );
      const bytes = lease.buffer.subarray(0, filledBytes);
      for (let at = 0; at + BATCH_HEADER_BYTES <= filledBytes; at++) {
        if (!mayBeBatch(bytes, at, fileBytes - position - at, endOffset)) continue;
        if (await isWholeBatch(context.pool, file, position + at, batchSizeBytes(bytes, at))) return true;
      }
    }
    return false;
  } finally {
    await file.close();
    lease.release();
  }
};

/** No log grows by more between two checkpoints: larger offsets are chance. */
const MOST_OFFSETS = 2 ** 32;

const mayBeBatch = (bytes: Buffer, at: number, roomBytes: number, endOffset: number): boolean => {
  if (!isPlausibleBatch(bytes, at, roomBytes)) return false;
  const baseOffset = baseOffsetOf(bytes, at);
  return baseOffset >= endOffset && baseOffset < endOffset + MOST_OFFSETS;
};

const isWholeBatch = async (
  pool: BufferPool,
  file: DiskFile,
  position: number,
  sizeBytes: number,
): Promise<boolean> => {
  const lease = pool.acquire(sizeBytes);
  try {
    const bytes = lease.buffer.subarray(0, sizeBytes);
    return (await file.read(bytes, position)) === sizeBytes && computeCrc(bytes) === crcOf(bytes);
  } finally {
    lease.release();
  }
};

/** Cuts a torn tail: later segments go, the bad one is cut at the bad place. Returns the bytes that went. */
export const cutTornTail = async (
  context: DirectoryContext,
  log: LogState,
  bad: BadPlace,
  bases: readonly number[],
): Promise<number> => {
  let cutBytes = 0;
  for (const base of bases.toReversed()) {
    if (base < bad.baseOffset) break;
    if (base === bad.baseOffset && bad.position > 0) {
      cutBytes += await cutFileTo(
        context.disk,
        `${log.directory}/${segmentFileName(base, 'log')}`,
        bad.position,
      );
    } else {
      cutBytes += await fileSize(context, log, base);
      await removeSegmentFile(context, log, base);
    }
  }
  return cutBytes;
};
