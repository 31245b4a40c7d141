import { Failure, Offset } from '@kafkaesque/kernel';
import {
  baseOffsetOf,
  batchSizeBytes,
  computeCrc,
  crcOf,
  lastOffsetOf,
  leaderEpochOf,
  maxTimestampOf,
} from '@kafkaesque/protocol';
import type { AppendBatch, Log, Slices } from '@kafkaesque/storage';

/**
 * The batches that were read of one log, in memory of their own, for another. Fails with `LOG_CORRUPT`: a copy must not
 * make damage look whole.
 */
export const copiedBatches = ({ parts }: Slices): readonly AppendBatch[] => {
  const all = Buffer.concat(parts);
  const batches: AppendBatch[] = [];
  for (let at = 0; at < all.length;) {
    const bytes = all.subarray(at, at + batchSizeBytes(all, at));
    if (computeCrc(bytes) !== crcOf(bytes))
      throw new Failure('LOG_CORRUPT', `the batch at ${baseOffsetOf(bytes)} is damaged`);
    batches.push({
      bytes,
      baseOffset: baseOffsetOf(bytes),
      lastOffset: lastOffsetOf(bytes),
      leaderEpoch: leaderEpochOf(bytes),
      maxTimestampMs: maxTimestampOf(bytes),
    });
    at += bytes.length;
  }
  return batches;
};

/**
 * Up to where a copy has what its original has. The original may have been cut since, and have other records there now:
 * their leader epochs tell (KIP-101), because no two batches of one epoch have the same offsets.
 */
export const agreedEnd = (original: EpochsOfLog, copy: EpochsOfLog): Offset => {
  let end = Math.min(original.endOffset, copy.endOffset);
  for (let at = copy.epochs.length - 1; at >= 0; at--) {
    const epoch = copy.epochs[at];
    // What begins there has no record in the copy, or none that stays.
    if (epoch === undefined || epoch.startOffset >= end) continue;
    const known = original.epochs.findIndex(({ leaderEpoch }) => leaderEpoch === epoch.leaderEpoch);
    if (known >= 0)
      return Offset(Math.min(end, original.epochs[known + 1]?.startOffset ?? original.endOffset));
    end = epoch.startOffset;
  }
  return Offset(end);
};

type EpochsOfLog = Pick<Log, 'epochs' | 'endOffset'>;
