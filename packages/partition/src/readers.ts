import { ErrorCode } from '@kafkaesque/protocol';
import type { Isolation } from './fetch-plan';
import { lastStableOffsetOf } from './replica-state';
import type { ReplicaState } from './replica-state';
import type { Offset } from '@kafkaesque/kernel';

/**
 * Why this replica may not answer who believes the leader epoch to be `currentLeaderEpoch` (-1: does not say), or
 * undefined (KIP-320). The epoch is compared first, so that a client with stale metadata learns that it is stale.
 */
export function readRefusal(state: ReplicaState, currentLeaderEpoch: number): number | undefined {
  if (state.role.kind === 'offline') return ErrorCode.KAFKA_STORAGE_ERROR;
  if (currentLeaderEpoch >= 0 && currentLeaderEpoch < state.leaderEpoch) return ErrorCode.FENCED_LEADER_EPOCH;
  if (currentLeaderEpoch >= 0 && currentLeaderEpoch > state.leaderEpoch)
    return ErrorCode.UNKNOWN_LEADER_EPOCH;
  return state.role.kind === 'leader' ? undefined : ErrorCode.NOT_LEADER_OR_FOLLOWER;
}

/** The end of what a consumer may read. Never beyond the high watermark (P3). */
export const readableEnd = (state: ReplicaState, isolation: Isolation): Offset =>
  isolation === 'read-committed' ? lastStableOffsetOf(state) : state.highWatermark;

/** A new leader whose high watermark has not reached its epoch's start may show less than its predecessor (KIP-207). */
export const isHighWatermarkStale = (state: ReplicaState): boolean =>
  state.role.kind === 'leader' && state.highWatermark < state.role.epochStartOffset;
