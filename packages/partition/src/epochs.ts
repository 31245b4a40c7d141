import type { LeaderEpoch, Offset } from '@kafkaesque/kernel';

/** Where a leader epoch begins. Epochs and offsets are both strictly increasing along a log's entries (P5). */
export interface EpochEntry {
  readonly epoch: LeaderEpoch;
  readonly startOffset: Offset;
}
