import type { BrokerId, LeaderEpoch, Offset, PartitionIndex, TopicId } from '@kafkaesque/kernel';
import type { Effect } from './effects';
import type { EpochCache } from './epochs';
import { highWatermarkOf } from './high-watermark';
import type { PartitionConfig } from './partition-config';
import type { ProducerTable } from './producer-state';
import type { Role } from './roles';
import type { UnexposedBytes } from './unexposed-bytes';

/**
 * Everything one replica knows. The rules (`append`, `fetch-plan`, `offsets`, `roles`) are functions over it;
 * `Partition` is the only one to hold it. Always logStart ≤ highWatermark ≤ durableEnd ≤ end on a leader.
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
  /** A leader's knowledge of its followers' durable ends, in this epoch. */
  readonly replicaEnds: Map<BrokerId, Offset>;
}

/** No transactions yet: everything below the high watermark is decided. */
export const lastStableOffsetOf = (state: ReplicaState): Offset => state.highWatermark;

/** Moves the high watermark as far as the replicas' durable ends allow, and says so. */
export function advance(state: ReplicaState): Effect {
  let exposedBytes = 0;
  if (state.role.kind === 'leader') {
    const before = state.highWatermark;
    state.highWatermark = highWatermarkOf(
      state.role,
      state.config.minInsyncReplicas,
      before,
      state.durableEndOffset,
      state.replicaEnds,
    );
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
