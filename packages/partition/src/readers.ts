import { ErrorCode } from '@kafkaesque/protocol';
import type { Isolation } from './fetch-plan';
import { lastStableOffsetOf } from './replica-state';
import type { ReplicaState } from './replica-state';
import type { BrokerId, Offset } from '@kafkaesque/kernel';

/**
 * Why this replica may not answer who believes the leader epoch to be `currentLeaderEpoch` (-1: does not say), or
 * undefined (KIP-320). The epoch is compared first, so that a client with stale metadata learns that it is stale.
 */
export function readRefusal(
  state: ReplicaState,
  currentLeaderEpoch: number,
  acceptsFollower = false,
): number | undefined {
  if (state.role.kind === 'offline') return ErrorCode.KAFKA_STORAGE_ERROR;
  if (currentLeaderEpoch >= 0 && currentLeaderEpoch < state.leaderEpoch) return ErrorCode.FENCED_LEADER_EPOCH;
  if (currentLeaderEpoch >= 0 && currentLeaderEpoch > state.leaderEpoch)
    return ErrorCode.UNKNOWN_LEADER_EPOCH;
  const { kind } = state.role;
  return kind === 'leader' || (acceptsFollower && kind === 'follower')
    ? undefined
    : ErrorCode.NOT_LEADER_OR_FOLLOWER;
}

/** A follower from which a consumer may read instead of from its leader (KIP-392). */
export interface ReadableReplica {
  readonly brokerId: BrokerId;
  /** What it has durably, by its last word. */
  readonly endOffset: Offset;
  /** How long ago it was caught up; 0: it is now. */
  readonly laggingMs: number;
}

/** The followers in sync that have what lies at `fetchOffset`; none where this replica does not lead. */
export function readableReplicas(
  state: ReplicaState,
  fetchOffset: number,
  nowMs: number,
): readonly ReadableReplica[] {
  const { role, followers } = state;
  if (role.kind !== 'leader') return [];
  return role.inSyncReplicas.flatMap((brokerId) => {
    const progress = followers.get(brokerId);
    if (progress?.isSubscribed !== true) return [];
    const { durableEndOffset: endOffset, logStartOffset } = progress;
    if (endOffset < fetchOffset || logStartOffset < 0 || logStartOffset > fetchOffset) return [];
    const laggingMs = endOffset >= state.endOffset ? 0 : Math.max(0, nowMs - progress.caughtUpMs);
    return [{ brokerId, endOffset, laggingMs }];
  });
}

/** The end of what a consumer may read. Never beyond the high watermark (P3). */
export const readableEnd = (state: ReplicaState, isolation: Isolation): Offset =>
  isolation === 'read-committed' ? lastStableOffsetOf(state) : state.highWatermark;

/** A new leader whose high watermark has not reached its epoch's start may show less than its predecessor (KIP-207). */
export const isHighWatermarkStale = (state: ReplicaState): boolean =>
  state.role.kind === 'leader' && state.highWatermark < state.role.epochStartOffset;
