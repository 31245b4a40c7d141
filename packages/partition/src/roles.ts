import { assert } from '@kafkaesque/kernel';
import type { BrokerId, LeaderEpoch, Offset } from '@kafkaesque/kernel';
import type { Effect } from './effects';
import { inSyncSetIs, propose, replicasAre } from './in-sync';
import type { Proposal } from './in-sync';
import { advance, forgetOthers } from './replica-state';
import type { ReplicaState } from './replica-state';

/** 1: elected uncleanly, and has not said yet that it is whole (KIP-704). */
export type LeaderRecoveryState = 0 | 1;

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
      /** By the committed metadata, as of `partitionEpoch`. */
      readonly inSyncReplicas: readonly BrokerId[];
      readonly partitionEpoch: number;
      readonly leaderRecoveryState: LeaderRecoveryState;
      /** The in-sync set that the controller was asked for, while it is not known what became of it. */
      readonly proposal: Proposal | undefined;
    }
  /** A follower's log is being cut, or begun anew, to become a prefix of its leader's; waits for `recover`. */
  | { readonly kind: 'cutting'; readonly to: Offset }
  /** Its log refused an append; waits for `recover`, and as a former leader for a new leader epoch. */
  | { readonly kind: 'resigned' }
  /** The log directory failed. Only a restart of the broker brings the replica back. */
  | { readonly kind: 'offline'; readonly cause: string };

/** Which role may follow which. */
export const transitions = {
  recovering: ['recovering', 'follower', 'leader', 'offline'],
  follower: ['recovering', 'follower', 'cutting', 'leader', 'resigned', 'offline'],
  cutting: ['recovering', 'resigned', 'offline'],
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
  readonly partitionEpoch: number;
  readonly leaderRecoveryState: LeaderRecoveryState;
}

/** A follower's appointment; `leader` is -1 while the partition has none. */
export interface Followership {
  readonly leaderEpoch: LeaderEpoch;
  readonly leader: BrokerId;
  readonly partitionEpoch?: number;
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
  if (isDeaf(state) || leaderEpoch < state.leaderEpoch) return NOTHING;
  if (state.role.kind === 'leader' && leaderEpoch === state.leaderEpoch)
    return learnInSyncSet(state, state.role, leadership);
  if (leaderEpoch === state.leaderEpoch || leaderEpoch <= state.epochs.latestEpoch)
    return [{ kind: 'ask-for-leader', leaderEpoch }];
  const epochStartOffset = state.endOffset;
  if (state.role.kind !== 'leader') state.unexposed.reset(epochStartOffset);
  enter(state, { kind: 'leader', epochStartOffset, proposal: undefined, ...appointed(leadership) });
  state.leaderEpoch = leaderEpoch;
  state.epochs.assign(leaderEpoch, epochStartOffset);
  forgetOthers(state);
  return [
    { kind: 'assign-epoch', leaderEpoch, startOffset: epochStartOffset },
    advance(state),
    ...propose(state),
  ];
}

/**
 * The image tells of the leader's own epoch. Of the partition epoch that an answer of the controller has told already,
 * it still may have other replicas: a reassignment ends in the same record that makes its last replica in sync.
 */
function learnInSyncSet(state: ReplicaState, role: Leader, leadership: Leadership): readonly Effect[] {
  if (leadership.partitionEpoch < role.partitionEpoch) return NOTHING;
  if (leadership.partitionEpoch > role.partitionEpoch)
    return inSyncSetIs(state, { ...role, ...appointed(leadership) });
  const { replicas } = leadership;
  if (
    replicas.length === role.replicas.length &&
    replicas.every((replica) => role.replicas.includes(replica))
  )
    return NOTHING;
  return replicasAre(state, role, replicas);
}

type Leader = Extract<Role, { readonly kind: 'leader' }>;

/** Until it has been recovered, what this machine knows is not what its log holds: a role can wait. */
const isDeaf = ({ role }: ReplicaState): boolean =>
  role.kind === 'offline' || role.kind === 'resigned' || role.kind === 'cutting';

const appointed = ({
  leaderEpoch: _leaderEpoch,
  ...leadership
}: Leadership): Omit<Leadership, 'leaderEpoch'> => {
  assert(leadership.inSyncReplicas.includes(leadership.self), 'a leader is in sync with itself');
  return leadership;
};

/** Follows. Who led until now leaves its open appends unanswered for ever, so they are over. */
export function becomeFollower(state: ReplicaState, followership: Followership): readonly Effect[] {
  if (isDeaf(state) || followership.leaderEpoch < state.leaderEpoch) return NOTHING;
  const led = state.role.kind === 'leader';
  const isNews = state.role.kind !== 'follower' || followership.leaderEpoch > state.leaderEpoch;
  enter(state, { kind: 'follower', leader: followership.leader });
  state.leaderEpoch = followership.leaderEpoch;
  if (isNews) forgetOthers(state);
  return led ? [resigned(state)] : NOTHING;
}

/** The log refused an append: what this machine counts as appended is not what the log holds. */
export function resign(state: ReplicaState): readonly Effect[] {
  const { kind } = state.role;
  if (kind !== 'leader' && kind !== 'follower' && kind !== 'cutting') return NOTHING;
  enter(state, { kind: 'resigned' });
  if (kind !== 'leader') return [{ kind: 'repair' }];
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
