import { Offset } from '@kafkaesque/kernel';
import type { BrokerEpoch, BrokerId, LeaderEpoch } from '@kafkaesque/kernel';
import { ErrorCode } from '@kafkaesque/protocol';
import type { Effect } from './effects';
import { advanceIfPossible, beginGrace, isKeepingUp, propose } from './in-sync';
import { NEVER, newProgress, progressEnded, progressReached, progressSubscribed } from './replica-progress';
import type { ReplicaState } from './replica-state';
import type { Role } from './roles';

/** A follower asks to be sent everything from `fetchOffset` on. */
export interface ReplicaQuestion {
  readonly replica: BrokerId;
  /** Of the follower's incarnation, as its stream said when it was opened. */
  readonly brokerEpoch: BrokerEpoch;
  /** In which it follows. */
  readonly leaderEpoch: LeaderEpoch;
  /** The end of its log. */
  readonly fetchOffset: Offset;
  /** Epoch of its last record, -1 when its log is empty (KIP-595). */
  readonly lastFetchedEpoch: LeaderEpoch;
  readonly logStartOffset: Offset;
}

/** What comes of the question. */
export type ReplicaPlan =
  /** Both logs are the same below `offset`: serve from there. */
  | { readonly kind: 'from'; readonly offset: Offset }
  /** The follower has records that this log does not: its largest epoch up to the follower's, and where it ends here. */
  | { readonly kind: 'diverging'; readonly epoch: LeaderEpoch; readonly endOffset: Offset }
  /** An epoch, or an assignment, of the future: ask again when this replica's role has been told anew. */
  | { readonly kind: 'wait' }
  /** A code of the protocol's error table. OFFSET_OUT_OF_RANGE: begin anew at `logStartOffset`. */
  | { readonly kind: 'error'; readonly error: number; readonly logStartOffset: Offset };

const NOTHING: readonly Effect[] = [];

/** Judges a follower's question; with `from` it is followed from here on, its earlier subscription is over. */
export function subscribe(state: ReplicaState, question: ReplicaQuestion, nowMs: number): ReplicaPlan {
  const { role } = state;
  if (role.kind === 'offline') return refused(state, ErrorCode.KAFKA_STORAGE_ERROR);
  if (question.leaderEpoch > state.leaderEpoch) return { kind: 'wait' };
  if (question.leaderEpoch < state.leaderEpoch) return refused(state, ErrorCode.FENCED_LEADER_EPOCH);
  if (role.kind !== 'leader' || question.replica === role.self)
    return refused(state, ErrorCode.NOT_LEADER_OR_FOLLOWER);
  if (!role.replicas.includes(question.replica)) return { kind: 'wait' };
  const knownEpoch = state.brokers.eligibleEpoch(question.replica);
  if (knownEpoch !== undefined && question.brokerEpoch < knownEpoch)
    return refused(state, ErrorCode.STALE_BROKER_EPOCH);
  beginGrace(state, role, nowMs);
  const elsewhere = placeOf(state, question);
  if (elsewhere !== undefined) {
    // What it said before was of a log that is not this one's prefix (any more).
    endSubscription(state, question.replica, nowMs);
    return elsewhere;
  }
  follow(state, question, nowMs);
  return { kind: 'from', offset: question.fetchOffset };
}

/** Where the follower must go before it can be served; undefined when its log is a prefix of this one. */
function placeOf(state: ReplicaState, question: ReplicaQuestion): ReplicaPlan | undefined {
  const { fetchOffset, lastFetchedEpoch } = question;
  if (fetchOffset < state.logStartOffset) return refused(state, ErrorCode.OFFSET_OUT_OF_RANGE);
  if (lastFetchedEpoch >= 0) {
    // A leader has an entry for its own epoch, and nobody follows it who has a later one.
    const end = state.epochs.endOffsetOf(
      Math.min(lastFetchedEpoch, state.epochs.latestEpoch),
      state.endOffset,
    );
    if (end.leaderEpoch < lastFetchedEpoch || end.endOffset < fetchOffset)
      return { kind: 'diverging', epoch: end.leaderEpoch, endOffset: end.endOffset };
  }
  return fetchOffset > state.endOffset ? refused(state, ErrorCode.OFFSET_OUT_OF_RANGE) : undefined;
}

function follow(state: ReplicaState, question: ReplicaQuestion, nowMs: number): void {
  const progress = state.followers.get(question.replica) ?? newProgress(NEVER);
  progressSubscribed(progress, question.brokerEpoch, question.logStartOffset, state.endOffset, nowMs);
  state.followers.set(question.replica, progress);
}

const refused = (state: ReplicaState, error: number): ReplicaPlan => ({
  kind: 'error',
  error,
  logStartOffset: state.role.kind === 'leader' ? state.logStartOffset : Offset(-1),
});

/** The replica's stream has ended, or it asked for no more. */
export function unsubscribe(state: ReplicaState, replica: BrokerId, nowMs: number): readonly Effect[] {
  if (state.role.kind !== 'leader') return NOTHING;
  endSubscription(state, replica, nowMs);
  return advanceIfPossible(state);
}

const endSubscription = (state: ReplicaState, replica: BrokerId, nowMs: number): void => {
  const progress = state.followers.get(replica);
  if (progress?.isSubscribed === true) progressEnded(progress, state.endOffset, nowMs);
};

/** A subscribed follower holds everything below `endOffset` durably, and its log starts at `logStartOffset`. */
export function replicaDurable(
  state: ReplicaState,
  replica: BrokerId,
  endOffset: Offset,
  nowMs: number,
  logStartOffset: Offset | undefined,
): readonly Effect[] {
  const { role } = state;
  const progress = state.followers.get(replica);
  if (role.kind !== 'leader' || progress?.isSubscribed !== true) return NOTHING;
  if (logStartOffset !== undefined && logStartOffset > progress.logStartOffset)
    progress.logStartOffset = logStartOffset;
  if (endOffset < progress.durableEndOffset || endOffset > state.endOffset) return NOTHING;
  progressReached(progress, endOffset, state.endOffset, nowMs);
  progress.isJoining = isKeepingUp(state, role, replica, progress, nowMs);
  const effects = advanceIfPossible(state);
  const proposals = propose(state);
  return proposals.length === 0 ? effects : [...effects, ...proposals];
}

/** The oldest log start among this replica and those that may be in sync; -1 while one of them has not said (KIP-107). */
export function lowWatermarkOf(state: ReplicaState): Offset {
  if (state.role.kind !== 'leader') return state.logStartOffset;
  let least = state.logStartOffset;
  for (const replica of othersOf(state.role)) {
    if (state.brokers.eligibleEpoch(replica) === undefined) continue;
    const start = state.followers.get(replica)?.logStartOffset ?? Offset(-1);
    if (start < least) least = start;
  }
  return least;
}

const othersOf = (role: Extract<Role, { readonly kind: 'leader' }>): readonly BrokerId[] =>
  role.replicas.filter((replica) => replica !== role.self);
