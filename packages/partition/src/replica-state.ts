import { Offset } from '@kafkaesque/kernel';
import type { BrokerId, LeaderEpoch, PartitionIndex, TopicId } from '@kafkaesque/kernel';
import type { Effect } from './effects';
import type { EpochCache } from './epochs';
import { highWatermarkOf } from './high-watermark';
import type { PartitionConfig } from './partition-config';
import type { ProducerTable } from './producer-state';
import type { BrokersView, ReplicaProgress } from './replica-progress';
import type { Role } from './roles';
import type { UnexposedBytes } from './unexposed-bytes';

/**
 * Everything one replica knows. The rules (`append`, `fetch-plan`, `offsets`, `roles`) are functions over it;
 * `Partition` is the only one to hold it. Always logStart ≤ highWatermark ≤ durableEnd ≤ end.
 */
export interface ReplicaState {
  readonly topicId: TopicId;
  readonly partition: PartitionIndex;
  config: PartitionConfig;
  role: Role;
  /** Of the last appointment in this incarnation; -1 before the first. */
  leaderEpoch: LeaderEpoch;
  logStartOffset: Offset;
  endOffset: Offset;
  durableEndOffset: Offset;
  highWatermark: Offset;
  epochs: EpochCache;
  readonly producers: ProducerTable;
  readonly unexposed: UnexposedBytes;
  readonly brokers: BrokersView;
  /** A leader's knowledge of its followers, in this epoch. */
  readonly followers: Map<BrokerId, ReplicaProgress>;
  /** The last word of the leader that is followed, in this epoch; 0 before. */
  leaderHighWatermark: Offset;
  /** Of every assigned replica's log, by the same word; 0 before. */
  leaderFullyReplicatedOffset: Offset;
  /** How far a follower has been told to raise its log start; 0 before. */
  raisingLogStartTo: Offset;
}

/** What was learnt of others in an epoch is worth nothing in the next. */
export function forgetOthers(state: ReplicaState): void {
  state.followers.clear();
  state.leaderHighWatermark = Offset(0);
  state.leaderFullyReplicatedOffset = Offset(0);
  state.raisingLogStartTo = Offset(0);
}

/** No transactions yet: everything below the high watermark is decided. */
export const lastStableOffsetOf = (state: ReplicaState): Offset => state.highWatermark;

/**
 * Moves the high watermark as far as the replicas' durable ends, or the leader's word and the own durable end, allow,
 * and says so.
 */
export function advance(state: ReplicaState): Effect {
  let exposedBytes = 0;
  if (state.role.kind === 'leader') {
    const before = state.highWatermark;
    state.highWatermark = highWatermarkOf(
      state.role,
      state.config.minInsyncReplicas,
      before,
      state.durableEndOffset,
      state.followers,
    );
    exposedBytes = state.unexposed.expose(before, state.highWatermark);
  } else if (state.role.kind === 'follower') {
    const before = state.highWatermark;
    const highWatermark = Math.min(state.leaderHighWatermark, state.durableEndOffset);
    if (highWatermark > before) state.highWatermark = Offset(highWatermark);
    exposedBytes = state.unexposed.expose(before, state.highWatermark);
  }
  return {
    kind: 'advanced',
    topicId: state.topicId,
    partition: state.partition,
    durableEndOffset: state.durableEndOffset,
    highWatermark: state.highWatermark,
    lastStableOffset: lastStableOffsetOf(state),
    exposedBytes,
  };
}
