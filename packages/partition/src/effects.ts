import type { BrokerEpoch, BrokerId, LeaderEpoch, Offset, PartitionIndex, TopicId } from '@kafkaesque/kernel';

/** How far a partition has come: what purgatory operations wait for. */
export interface Positions {
  readonly topicId: TopicId;
  readonly partition: PartitionIndex;
  /** End of what this replica's log holds durably, by the topic's flush policy; what acks=1 waits for. */
  readonly durableEndOffset: Offset;
  /** End of what consumers may read; what acks=all waits for. */
  readonly highWatermark: Offset;
  /** End of what read_committed consumers may read. */
  readonly lastStableOffset: Offset;
  /**
   * Bytes that came below the high watermark with this step. `Number.MAX_SAFE_INTEGER` when the machine does not
   * know how many (batches from before it started): whoever waits for bytes looks again.
   */
  readonly exposedBytes: number;
}

/** A member of a proposed in-sync set; the epoch is -1 where the leader does not know it (KIP-903). */
export interface InSyncReplica {
  readonly brokerId: BrokerId;
  readonly brokerEpoch: BrokerEpoch;
}

/** What the host must do. Nothing has happened yet. */
export type Effect =
  /** Tell the purgatory: `purgatory.advanced(effect)`. */
  | ({ readonly kind: 'advanced' } & Positions)
  /** Tell the log: `log.assignLeaderEpoch(leaderEpoch, startOffset)`, before anything is appended. */
  | { readonly kind: 'assign-epoch'; readonly leaderEpoch: LeaderEpoch; readonly startOffset: Offset }
  /**
   * This replica leads no more. What waits on the partition is over: `purgatory.failed(topicId, partition)`; open
   * appends are answered REQUEST_TIMED_OUT (never NOT_LEADER, they reached the log), fetches are planned again.
   */
  | { readonly kind: 'resigned'; readonly topicId: TopicId; readonly partition: PartitionIndex }
  /**
   * The log refused an append. The controller must give the partition a new leader epoch; before it leads again the
   * host calls `recover` with what the log holds then.
   */
  | { readonly kind: 'ask-for-leader'; readonly leaderEpoch: LeaderEpoch }
  /**
   * The log of a follower refused an append: `log.repair()`, `recover` with what it holds then, load and replay, and
   * take the role of the newest image. No new epoch is needed.
   */
  | { readonly kind: 'repair' }
  /**
   * Ask the controller for another in-sync set. One at a time for a partition epoch; every one is answered, by
   * `alterPartitionAnswered`, if only with the news that no answer came.
   */
  | {
      readonly kind: 'alter-partition';
      readonly topicId: TopicId;
      readonly partition: PartitionIndex;
      readonly leaderEpoch: LeaderEpoch;
      readonly partitionEpoch: number;
      readonly isr: readonly InSyncReplica[];
      readonly leaderRecoveryState: 0 | 1;
    };
