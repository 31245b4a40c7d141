import type { LeaderEpoch, Offset, ProducerId } from '@kafkaesque/kernel';

export type Isolation = 'read-uncommitted' | 'read-committed';

/** One partition of a consumer's Fetch request. */
export interface FetchQuestion {
  readonly fetchOffset: number;
  /** What the client believes the leader epoch to be; -1 when it does not say. */
  readonly currentLeaderEpoch: number;
  /** Epoch of the last record the client has; -1 when it does not say (KIP-320 divergence check otherwise). */
  readonly lastFetchedEpoch: number;
  readonly isolation: Isolation;
}

export interface AbortedTransaction {
  readonly producerId: ProducerId;
  readonly firstOffset: Offset;
}

export type FetchPlan =
  | {
      readonly kind: 'read';
      /** Read whole batches from the one that holds `from`; none that begins at or after `upTo`. */
      readonly from: Offset;
      /** High watermark or last stable offset; equal to or below `from` when there is nothing to read yet. */
      readonly upTo: Offset;
      readonly highWatermark: Offset;
      readonly lastStableOffset: Offset;
      readonly logStartOffset: Offset;
      /** `null` for read-uncommitted. */
      readonly abortedTransactions: readonly AbortedTransaction[] | null;
      /** The epoch this was planned in: read it again before sending. */
      readonly leaderEpoch: LeaderEpoch;
    }
  | {
      readonly kind: 'diverging';
      /** The largest epoch both may share, and where it ends here (Fetch v12 DivergingEpoch). */
      readonly epoch: LeaderEpoch;
      readonly endOffset: Offset;
      readonly highWatermark: Offset;
      readonly lastStableOffset: Offset;
      readonly logStartOffset: Offset;
    }
  | {
      readonly kind: 'error';
      readonly error: number;
      /** -1 each when this replica may not say. */
      readonly highWatermark: Offset;
      readonly lastStableOffset: Offset;
      readonly logStartOffset: Offset;
    };
