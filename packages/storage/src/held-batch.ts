import type { Lease } from '@kafkaesque/kernel';
import type { LogState } from './log-state';
import type { Segment } from './segment';

/** One batch of a log's tail: in memory, with its place in a segment. */
export interface HeldBatch {
  readonly kind: 'append';
  readonly log: LogState;
  readonly bytes: Buffer;
  /** Keeps `bytes` from reuse; undefined when the garbage collector does. */
  lease: Lease | undefined;
  readonly baseOffset: number;
  readonly nextOffset: number;
  readonly leaderEpoch: number;
  readonly segment: Segment;
  readonly position: number;
  /** Greatest timestamp in the segment up to and with this batch, and the last offset of the batch that holds it. */
  readonly maxTimestampMs: number;
  readonly offsetOfMaxTimestamp: number;
  /** The journal round that made it durable; 0 before, and for logs that write directly. */
  lsn: number;
  /** A truncation or failure took it out of its log. */
  dropped: boolean;
}
