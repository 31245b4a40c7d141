import { assert } from '@kafkaesque/kernel';
import type { BrokerId, LeaderEpoch, Offset } from '@kafkaesque/kernel';
import type { Effect } from './effects';
import { advance } from './replica-state';
import type { ReplicaState } from './replica-state';

/** What one replica is at a moment. */
export type Role =
  /** Read from disk; producer state is being rebuilt. */
  | { readonly kind: 'recovering' }
  | { readonly kind: 'follower'; readonly leader: BrokerId }
  | {
      readonly kind: 'leader';
      readonly self: BrokerId;
      /** The end of the log when this epoch began; a high watermark below it is stale (KIP-207). */
      readonly epochStartOffset: Offset;
      readonly replicas: readonly BrokerId[];
      readonly inSyncReplicas: readonly BrokerId[];
    }
  /** Its log refused an append; waits for `recover`, and as a former leader for a new leader epoch. */
  | { readonly kind: 'resigned' }
  /** The log directory failed. Only a restart of the broker brings the replica back. */
  | { readonly kind: 'offline'; readonly cause: string };

/** Which role may follow which. */
export const transitions = {
  recovering: ['recovering', 'follower', 'leader', 'offline'],
  follower: ['recovering', 'follower', 'leader', 'resigned', 'offline'],
  leader: ['follower', 'leader', 'resigned', 'offline'],
  resigned: ['recovering', 'offline'],
  offline: ['offline'],
} as const satisfies Record<Role['kind'], readonly Role['kind'][]>;

/** A leader's appointment, from a committed partition record. */
export interface Leadership {
  readonly leaderEpoch: LeaderEpoch;
  readonly self: BrokerId;
  readonly replicas: readonly BrokerId[];
  readonly inSyncReplicas: readonly BrokerId[];
}

/** A follower's appointment; `leader` is -1 while the partition has none. */
export interface Followership {
  readonly leaderEpoch: LeaderEpoch;
  readonly leader: BrokerId;
}

/** Whether the table allows `to` after `from`. */
export const mayBecome = (from: Role['kind'], to: Role['kind']): boolean =>
  (transitions[from] as readonly Role['kind'][]).includes(to);

/** The one place where a role changes. */
export function enter(state: ReplicaState, role: Role): void {
  assert(
    mayBecome(state.role.kind, role.kind),
    () => `a ${state.role.kind} replica never becomes ${role.kind}`,
  );
  state.role = role;
}

const NOTHING: readonly Effect[] = [];

/**
 * Leads in a new epoch, or learns of a changed in-sync set in its own. An older appointment is news from the past. An
 * epoch that this replica, or its log, has already lived through is refused and another one asked for: what an
 * earlier incarnation pushed to others in that epoch may be more than its log kept (ARCHITECTURE section 5).
 */
export function becomeLeader(state: ReplicaState, leadership: Leadership): readonly Effect[] {
  const { leaderEpoch } = leadership;
  if (state.role.kind === 'offline' || state.role.kind === 'resigned' || leaderEpoch < state.leaderEpoch)
    return NOTHING;
  if (state.role.kind === 'leader' && leaderEpoch === state.leaderEpoch) {
    enter(state, { ...state.role, ...appointed(leadership) });
    return [advance(state)];
  }
  if (leaderEpoch === state.leaderEpoch || leaderEpoch <= state.epochs.latestEpoch)
    return [{ kind: 'ask-for-leader', leaderEpoch }];
  const epochStartOffset = state.endOffset;
  if (state.role.kind !== 'leader') state.unexposed.reset(epochStartOffset);
  enter(state, { kind: 'leader', epochStartOffset, ...appointed(leadership) });
  state.leaderEpoch = leaderEpoch;
  state.epochs.assign(leaderEpoch, epochStartOffset);
  state.replicaEnds.clear();
  return [{ kind: 'assign-epoch', leaderEpoch, startOffset: epochStartOffset }, advance(state)];
}

const appointed = ({
  self,
  replicas,
  inSyncReplicas,
}: Leadership): Pick<Leadership, 'self' | 'replicas' | 'inSyncReplicas'> => {
  assert(inSyncReplicas.includes(self), 'a leader is in sync with itself');
  return { self, replicas, inSyncReplicas };
};

/** Follows. Who led until now leaves its open appends unanswered for ever, so they are over. */
export function becomeFollower(state: ReplicaState, followership: Followership): readonly Effect[] {
  if (state.role.kind === 'offline' || state.role.kind === 'resigned') return NOTHING;
  if (followership.leaderEpoch < state.leaderEpoch) return NOTHING;
  const led = state.role.kind === 'leader';
  enter(state, { kind: 'follower', leader: followership.leader });
  state.leaderEpoch = followership.leaderEpoch;
  state.replicaEnds.clear();
  return led ? [resigned(state)] : NOTHING;
}

/** The log refused an append: what this machine counts as appended is not what the log holds. */
export function resign(state: ReplicaState): readonly Effect[] {
  const { kind } = state.role;
  if (kind !== 'leader' && kind !== 'follower') return NOTHING;
  enter(state, { kind: 'resigned' });
  if (kind === 'follower') return NOTHING;
  return [resigned(state), { kind: 'ask-for-leader', leaderEpoch: state.leaderEpoch }];
}

/** The log directory is gone; nobody asks again. */
export function goOffline(state: ReplicaState, cause: string): readonly Effect[] {
  const led = state.role.kind === 'leader';
  enter(state, { kind: 'offline', cause });
  return led ? [resigned(state)] : NOTHING;
}

const resigned = (state: ReplicaState): Effect => ({
  kind: 'resigned',
  topicId: state.topicId,
  partition: state.partition,
});
