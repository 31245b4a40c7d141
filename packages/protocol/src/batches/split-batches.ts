import { BATCH_HEADER_BYTES, batchSizeBytes, magicOf } from './batch-header';

/** Where batches begin, in bytes; or where something stands that is none. */
export type SplitBatches =
  | {
      readonly kind: 'split';
      readonly positions: readonly number[];
      /** Where the whole batches end; a cut batch may follow, as in every fetch answer. */ readonly endsAt: number;
    }
  | { readonly kind: 'malformed'; readonly at: number; readonly message: string };

/**
 * Finds the batches that stand one behind another, by their lengths alone. A batch cut off by the end of the bytes
 * is left out: a fetch answer ends so when its size limit fell within a batch.
 */
export function splitBatches(records: Buffer): SplitBatches {
  const positions: number[] = [];
  let at = 0;
  while (at + BATCH_HEADER_BYTES <= records.length) {
    const sizeBytes = batchSizeBytes(records, at);
    if (magicOf(records, at) !== 2)
      return {
        kind: 'malformed',
        at,
        message: `the batch at byte ${at} has magic ${magicOf(records, at)}; only 2 is known`,
      };
    if (sizeBytes < BATCH_HEADER_BYTES)
      return {
        kind: 'malformed',
        at,
        message: `the batch at byte ${at} claims ${sizeBytes} bytes, less than its header`,
      };
    if (at + sizeBytes > records.length) break;
    positions.push(at);
    at += sizeBytes;
  }
  return { kind: 'split', positions, endsAt: at };
}
