import { Offset } from '@kafkaesque/kernel';
import type { LeaderEpoch, ProducerId } from '@kafkaesque/kernel';
import { ErrorCode } from '@kafkaesque/protocol';
import { readRefusal, readableEnd } from './readers';
import { lastStableOffsetOf } from './replica-state';
import type { ReplicaState } from './replica-state';

/** `isolation.level` of a reader (KIP-98). */
export type Isolation = 'read-uncommitted' | 'read-committed';

/** One partition of a consumer's Fetch request. */
export interface FetchQuestion {
  readonly fetchOffset: number;
  /** What the client believes the leader epoch to be; -1 when it does not say. */
  readonly currentLeaderEpoch: number;
  /** Epoch of the last record the client has; -1 when it does not say (KIP-320 divergence check otherwise). */
  readonly lastFetchedEpoch: number;
  readonly isolation: Isolation;
  /** Whether a follower may answer, up to the high watermark that it knows (KIP-392). Default: only the leader. */
  readonly acceptsFollower?: boolean;
}

/** An aborted transaction within what was read, as Fetch tells it to readers of committed records. */
export interface AbortedTransaction {
  readonly producerId: ProducerId;
  readonly firstOffset: Offset;
}

/** Read whole batches from the one that holds `from`, none that reaches `upTo`. */
export interface FetchRead {
  readonly kind: 'read';
  readonly from: Offset;
  /** High watermark or last stable offset; equal to or below `from` when there is nothing to read yet. */
  readonly upTo: Offset;
  readonly highWatermark: Offset;
  readonly lastStableOffset: Offset;
  readonly logStartOffset: Offset;
  /** `null` for read-uncommitted. */
  readonly abortedTransactions: readonly AbortedTransaction[] | null;
  /** The epoch this was planned in; compare before sending what a disk read brought. */
  readonly leaderEpoch: LeaderEpoch;
}

/** The client has records that this log does not (Fetch v12's DivergingEpoch). */
export interface FetchDiverging {
  readonly kind: 'diverging';
  /** The largest epoch both may share, and where it ends here. */
  readonly epoch: LeaderEpoch;
  readonly endOffset: Offset;
  readonly highWatermark: Offset;
  readonly lastStableOffset: Offset;
  readonly logStartOffset: Offset;
}

/** High watermark, last stable offset and log start are -1 in the answer. */
export interface FetchError {
  readonly kind: 'error';
  readonly error: number;
}

/** What one partition of a Fetch comes to: bytes to read, or an answer without any. */
export type FetchPlan = FetchRead | FetchDiverging | FetchError;

const NO_ABORTED_TRANSACTIONS: readonly AbortedTransaction[] = [];

/** What one partition of a fetch gives, without reading it. Offsets between high watermark and end are "not yet". */
export function planFetch(state: ReplicaState, question: FetchQuestion): FetchPlan {
  const { fetchOffset, isolation } = question;
  const refused = readRefusal(state, question.currentLeaderEpoch, question.acceptsFollower);
  if (refused !== undefined) return { kind: 'error', error: refused };
  const elsewhere = misplacement(state, question);
  if (elsewhere !== undefined) return state.role.kind === 'leader' ? elsewhere : notAvailable;
  return {
    kind: 'read',
    from: Offset(fetchOffset),
    upTo: readableEnd(state, isolation),
    highWatermark: state.highWatermark,
    lastStableOffset: lastStableOffsetOf(state),
    logStartOffset: state.logStartOffset,
    abortedTransactions: isolation === 'read-committed' ? NO_ABORTED_TRANSACTIONS : null,
    leaderEpoch: state.leaderEpoch,
  };
}

const outOfRange: FetchError = { kind: 'error', error: ErrorCode.OFFSET_OUT_OF_RANGE };

/** A follower may only be behind: that records are gone, or were never written, is for the leader to say. */
const notAvailable: FetchError = { kind: 'error', error: ErrorCode.OFFSET_NOT_AVAILABLE };

/** Why the log does not go on from where the client is; undefined: it does. */
function misplacement(
  state: ReplicaState,
  { fetchOffset, lastFetchedEpoch }: FetchQuestion,
): FetchDiverging | FetchError | undefined {
  const diverging = lastFetchedEpoch >= 0 ? divergence(state, fetchOffset, lastFetchedEpoch) : undefined;
  if (diverging !== undefined) return diverging;
  return fetchOffset < state.logStartOffset || fetchOffset > state.endOffset ? outOfRange : undefined;
}

/** Whether the last epoch the client read ended here before the offset it wants next (KIP-320, KIP-595). */
function divergence(
  state: ReplicaState,
  fetchOffset: number,
  lastFetchedEpoch: number,
): FetchDiverging | FetchError | undefined {
  const end = state.epochs.endOffsetOf(lastFetchedEpoch, state.endOffset);
  if (end.endOffset < 0 || fetchOffset < state.logStartOffset) return outOfRange;
  if (end.leaderEpoch >= lastFetchedEpoch && end.endOffset >= fetchOffset) return undefined;
  return {
    kind: 'diverging',
    epoch: end.leaderEpoch,
    endOffset: end.endOffset,
    highWatermark: state.highWatermark,
    lastStableOffset: lastStableOffsetOf(state),
    logStartOffset: state.logStartOffset,
  };
}
