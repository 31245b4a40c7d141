import { NO_BROKER, NO_LEADER_EPOCH, Offset } from '@kafkaesque/kernel';
import type { LeaderEpoch } from '@kafkaesque/kernel';
import {
  baseOffsetOf,
  baseSequenceOf,
  isControl,
  lastOffsetOf,
  leaderEpochOf,
  maxTimestampOf,
  producerEpochOf,
  producerIdOf,
  validateBatch,
} from '@kafkaesque/protocol';
import type { PlacedBatch } from './append';
import type { Effect } from './effects';
import { advance } from './replica-state';
import type { ReplicaState } from './replica-state';
import { enter } from './roles';

/** Where a follower's log ends: what it subscribes with. */
export interface FetchPosition {
  readonly leaderEpoch: LeaderEpoch;
  readonly fetchOffset: Offset;
  /** Epoch of its last record, -1 when its log is empty. */
  readonly lastFetchedEpoch: LeaderEpoch;
  readonly logStartOffset: Offset;
}

/** What became of a leader's batches. */
export type FollowerAppend =
  /** To be handed to `log.append` in this same tick. If that throws, call `failed()`. */
  | { readonly kind: 'accepted'; readonly batches: readonly PlacedBatch[] }
  /** Not from the leader that this replica follows in this epoch: drop it. */
  | { readonly kind: 'stale' }
  /**
   * The leader's log starts within its first batch, and this log is empty: `log.resetTo(at)`, `recover`, follow again,
   * then give the same records anew. What comes behind them on the subscription waits.
   */
  | { readonly kind: 'restart'; readonly at: Offset }
  /** CRC, gap, an epoch going back: nothing was taken. Drop the stream, subscribe anew. */
  | { readonly kind: 'corrupt'; readonly message: string };

/** What a leader's watermarks come to. */
export interface FollowerProgress {
  readonly effects: readonly Effect[];
  /** Call `log.raiseLogStart` with it, then `logStartRaised`. Said once. */
  readonly raiseLogStartTo: Offset | undefined;
}

/** How a follower's log becomes a prefix of its leader's again. */
export interface Truncation {
  /** Call `log.truncateTo` with it, then `recover`. */
  readonly truncateTo: Offset;
  /** Records go that this replica knew to be committed: only after an unclean election. Worth a line in the log. */
  readonly isBelowHighWatermark: boolean;
}

/** How a follower's log begins anew where its leader's does. */
export interface Reset {
  /** Call `log.resetTo` with it, then `recover`. */
  readonly resetTo: Offset;
}

const STALE: FollowerAppend = { kind: 'stale' };
const NOTHING: readonly Effect[] = [];

export const fetchPositionOf = (state: ReplicaState): FetchPosition => ({
  leaderEpoch: state.leaderEpoch,
  fetchOffset: state.endOffset,
  lastFetchedEpoch: lastEpochOf(state),
  logStartOffset: state.logStartOffset,
});

/** Of the last record there is; an epoch that began at the end of the log has none. */
const lastEpochOf = (state: ReplicaState): LeaderEpoch =>
  state.endOffset > state.logStartOffset
    ? state.epochs.epochOf(Offset(state.endOffset - 1))
    : NO_LEADER_EPOCH;

/** Takes the leader's batches as they are: all of them, or none and nothing has changed. */
export function appendAsFollower(
  state: ReplicaState,
  records: Buffer,
  leaderEpoch: LeaderEpoch,
  nowMs: number,
): FollowerAppend {
  const { role } = state;
  if (role.kind !== 'follower' || role.leader === NO_BROKER || leaderEpoch !== state.leaderEpoch)
    return STALE;
  const batches: PlacedBatch[] = [];
  let endOffset = state.endOffset;
  let epoch = lastEpochOf(state);
  for (let at = 0; at < records.length;) {
    const validation = validateBatch(records, at, FROM_LEADER);
    if (validation.kind === 'invalid') return corrupt(endOffset, validation.message);
    const bytes = records.subarray(at, at + validation.sizeBytes);
    const batch = placed(bytes);
    if (at === 0 && beginsWithin(state, batch)) {
      enter(state, { kind: 'cutting', to: batch.baseOffset });
      return { kind: 'restart', at: batch.baseOffset };
    }
    const wrong = misplaced(state, batch, endOffset, epoch);
    if (wrong !== undefined) return corrupt(endOffset, wrong);
    batches.push(batch);
    endOffset = Offset(batch.lastOffset + 1);
    epoch = batch.leaderEpoch;
    at += validation.sizeBytes;
  }
  for (const batch of batches) take(state, batch, nowMs);
  return { kind: 'accepted', batches };
}

/** Of a leader's batches only place, frame and checksum are judged; what is in them it has judged itself. */
const FROM_LEADER = { origin: 'replication', nowMs: 0, timestampType: 'CreateTime' } as const;

const placed = (bytes: Buffer): PlacedBatch => ({
  bytes,
  baseOffset: baseOffsetOf(bytes),
  lastOffset: lastOffsetOf(bytes),
  leaderEpoch: leaderEpochOf(bytes),
  maxTimestampMs: maxTimestampOf(bytes),
});

const beginsWithin = (state: ReplicaState, batch: PlacedBatch): boolean =>
  state.endOffset === state.logStartOffset &&
  batch.baseOffset < state.endOffset &&
  batch.lastOffset >= state.endOffset;

/** What is wrong with a batch behind `endOffset`, whose last record is of `epoch`. Neither is covered by its CRC. */
const misplaced = (
  state: ReplicaState,
  batch: PlacedBatch,
  endOffset: Offset,
  epoch: LeaderEpoch,
): string | undefined => {
  // Where a cleaner went there are gaps.
  if (batch.baseOffset < endOffset || (batch.baseOffset > endOffset && !state.config.compacted))
    return `it begins at ${batch.baseOffset}`;
  if (batch.leaderEpoch < 0 || batch.leaderEpoch < epoch)
    return `its epoch ${batch.leaderEpoch} follows epoch ${epoch}`;
  if (batch.leaderEpoch > state.leaderEpoch)
    return `its epoch ${batch.leaderEpoch} is later than that of its leader, ${state.leaderEpoch}`;
  return undefined;
};

const corrupt = (endOffset: Offset, message: string): FollowerAppend => ({
  kind: 'corrupt',
  message: `The leader sent a batch for offset ${endOffset} that cannot be right: ${message}`,
});

function take(state: ReplicaState, batch: PlacedBatch, nowMs: number): void {
  state.epochs.note(batch.leaderEpoch, batch.baseOffset);
  state.endOffset = Offset(batch.lastOffset + 1);
  state.unexposed.push(state.endOffset, batch.bytes.length);
  const producerId = producerIdOf(batch.bytes);
  if (producerId < 0 || isControl(batch.bytes)) return;
  state.producers.add(
    producerId,
    producerEpochOf(batch.bytes),
    baseSequenceOf(batch.bytes),
    batch.baseOffset,
    batch.lastOffset,
    batch.maxTimestampMs,
    nowMs,
  );
  state.producers.shrinkTo(state.config.maxProducerIds);
}

/** The leader's high watermark and log start, as far as this log has come, and how far all replicas are. */
export function leaderSays(
  state: ReplicaState,
  highWatermark: Offset,
  logStartOffset: Offset,
  fullyReplicatedOffset: Offset,
): FollowerProgress {
  if (state.role.kind !== 'follower') return { effects: NOTHING, raiseLogStartTo: undefined };
  state.leaderFullyReplicatedOffset = fullyReplicatedOffset;
  if (highWatermark > state.leaderHighWatermark) state.leaderHighWatermark = highWatermark;
  const before = state.highWatermark;
  const effect = advance(state);
  const start = Offset(Math.min(logStartOffset, state.endOffset));
  const raises = start > state.logStartOffset && start > state.raisingLogStartTo;
  if (raises) state.raisingLogStartTo = start;
  return {
    effects: state.highWatermark === before ? NOTHING : [effect],
    raiseLogStartTo: raises ? start : undefined,
  };
}

/**
 * The leader's answer that this log is no prefix of its own: its largest epoch up to this log's last, and where that
 * ends there. What this log has of later epochs the leader has not, and behind `endOffset` the leader has later ones
 * (KIP-101); so both go, and the follower asks again with what is left (KIP-279).
 */
export function divergedAt(
  state: ReplicaState,
  epoch: LeaderEpoch,
  endOffset: Offset,
): Truncation | undefined {
  if (state.role.kind !== 'follower') return undefined;
  const own = state.epochs.endOffsetOf(Math.min(epoch, state.epochs.latestEpoch), state.endOffset);
  const ownEnd = own.endOffset < 0 ? state.endOffset : own.endOffset;
  const truncateTo = Offset(Math.min(endOffset, ownEnd, state.endOffset));
  enter(state, { kind: 'cutting', to: truncateTo });
  return { truncateTo, isBelowHighWatermark: truncateTo < state.highWatermark };
}

/**
 * The leader does not have the place where this log ends: everything goes, and the log begins where the leader's does.
 * Records that the leader may still have are not given up for a word that came late.
 */
export function outOfRange(state: ReplicaState, leaderLogStartOffset: Offset): Reset | undefined {
  if (state.role.kind !== 'follower') return undefined;
  const isEmpty = state.endOffset === state.logStartOffset;
  if (leaderLogStartOffset < 0 || (!isEmpty && leaderLogStartOffset <= state.endOffset)) return undefined;
  enter(state, { kind: 'cutting', to: leaderLogStartOffset });
  return { resetTo: leaderLogStartOffset };
}
