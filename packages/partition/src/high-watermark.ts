import { Offset } from '@kafkaesque/kernel';
import type { BrokerId } from '@kafkaesque/kernel';
import { UNKNOWN_END } from './replica-progress';
import type { ReplicaProgress } from './replica-progress';
import type { Role } from './roles';

type Leader = Extract<Role, { readonly kind: 'leader' }>;

/** `min.insync.replicas`, but never more than there are replicas (as Kafka since 4.0). */
export const effectiveMinInsyncReplicas = (leader: Leader, minInsyncReplicas: number): number =>
  Math.min(minInsyncReplicas, leader.replicas.length);

/** Whether there are too few in-sync replicas to accept acks=all, or to move the high watermark. */
export const isUnderMinInsyncReplicas = (leader: Leader, minInsyncReplicas: number): boolean =>
  leader.inSyncReplicas.length < effectiveMinInsyncReplicas(leader, minInsyncReplicas);

/**
 * The leader's high watermark: the least durable end over the maximal in-sync set, which is everybody who is in sync by
 * the committed metadata, or may be by what was proposed, or is about to be proposed. It never falls, and stands while
 * the committed set is too small (P3). A replica that has not yet said how far it is holds it where it is.
 */
export function highWatermarkOf(
  leader: Leader,
  minInsyncReplicas: number,
  current: Offset,
  ownDurableEnd: Offset,
  followers: ReadonlyMap<BrokerId, ReplicaProgress>,
): Offset {
  if (isUnderMinInsyncReplicas(leader, minInsyncReplicas)) return current;
  let least = ownDurableEnd;
  for (const replica of leader.inSyncReplicas) {
    if (replica === leader.self) continue;
    const end = followers.get(replica)?.durableEndOffset ?? current;
    if (end < least) least = end;
  }
  for (const [replica, follower] of followers) {
    if (!follower.isJoining && leader.proposal?.added.includes(replica) !== true) continue;
    if (follower.durableEndOffset < least) least = follower.durableEndOffset;
  }
  return least > current ? least : current;
}

/**
 * Below it every assigned replica has everything durably, in sync or not: what compaction makes unknowable to those who
 * have it already, such as that a key was deleted, may go from there. 0 while one of them does not say how far it is.
 */
export function fullyReplicatedOffsetOf(
  leader: Leader,
  highWatermark: Offset,
  followers: ReadonlyMap<BrokerId, ReplicaProgress>,
): Offset {
  let least = highWatermark;
  for (const replica of leader.replicas) {
    if (replica === leader.self) continue;
    const progress = followers.get(replica);
    const end = progress?.isSubscribed === true ? progress.durableEndOffset : UNKNOWN_END;
    if (end < least) least = end;
  }
  return Offset(Math.max(least, 0));
}
