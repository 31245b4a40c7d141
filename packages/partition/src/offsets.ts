import { NO_LEADER_EPOCH, NO_TIMESTAMP, Offset, TimestampMs } from '@kafkaesque/kernel';
import type { LeaderEpoch } from '@kafkaesque/kernel';
import { ErrorCode } from '@kafkaesque/protocol';
import type { Isolation } from './fetch-plan';
import { isHighWatermarkStale, readRefusal, readableEnd } from './readers';
import type { ReplicaState } from './replica-state';

/** The timestamps of ListOffsets that are questions. */
export const LATEST_TIMESTAMP = -1;
/** The first offset that can be read. */
export const EARLIEST_TIMESTAMP = -2;
/** The record with the greatest timestamp (KIP-734). */
export const MAX_TIMESTAMP = -3;
/** The first offset that is on this broker's own disk (KIP-405). */
export const EARLIEST_LOCAL_TIMESTAMP = -4;
/** The last offset in remote storage (KIP-1005). */
export const LATEST_TIERED_TIMESTAMP = -5;
/** The first offset that is not in remote storage yet (KIP-1023). */
export const EARLIEST_PENDING_UPLOAD_TIMESTAMP = -6;

/** The first version of ListOffsets that knows each question. */
const firstVersionOf: ReadonlyMap<number, number> = new Map([
  [LATEST_TIMESTAMP, 0],
  [EARLIEST_TIMESTAMP, 0],
  [MAX_TIMESTAMP, 7],
  [EARLIEST_LOCAL_TIMESTAMP, 8],
  [LATEST_TIERED_TIMESTAMP, 9],
  [EARLIEST_PENDING_UPLOAD_TIMESTAMP, 11],
]);

/** Older clients do not know OFFSET_NOT_AVAILABLE and get LEADER_NOT_AVAILABLE. */
const FIRST_VERSION_WITH_OFFSET_NOT_AVAILABLE = 5;

/** One partition of a ListOffsets request. */
export interface OffsetQuestion {
  readonly timestamp: number;
  readonly isolation: Isolation;
  /** -1 when the client does not say. */
  readonly currentLeaderEpoch: number;
  readonly apiVersion: number;
}

/** What goes into the answer; offset, timestamp and epoch are -1 when nothing was found. */
export interface ListedOffset {
  readonly kind: 'listed';
  readonly offset: Offset;
  readonly timestampMs: TimestampMs;
  readonly leaderEpoch: LeaderEpoch;
}

/** The log has to be asked: `log.offsetForTimestamp` or `log.maxTimestamp`, then `resolveOffset` with what it found. */
export interface OffsetLookup {
  readonly kind: 'lookup';
  readonly by: 'timestamp' | 'max-timestamp';
  /** What to look for, by `timestamp`. */
  readonly timestampMs: TimestampMs;
  readonly question: OffsetQuestion;
}

/** A refusal: a code of the protocol's error table. */
export interface OffsetError {
  readonly kind: 'error';
  readonly error: number;
}

/** What the log found: the first record at or after the timestamp, or the one with the largest. */
export interface FoundTimestamp {
  readonly offset: Offset;
  readonly timestampMs: TimestampMs;
}

const NOTHING_FOUND: ListedOffset = {
  kind: 'listed',
  offset: Offset(-1),
  timestampMs: NO_TIMESTAMP,
  leaderEpoch: NO_LEADER_EPOCH,
};

/** Answers what can be answered without the log. */
export function listOffset(
  state: ReplicaState,
  question: OffsetQuestion,
): ListedOffset | OffsetLookup | OffsetError {
  const { timestamp, apiVersion } = question;
  if (timestamp < 0 && apiVersion < (firstVersionOf.get(timestamp) ?? Infinity))
    return { kind: 'error', error: ErrorCode.UNSUPPORTED_VERSION };
  const refused = readRefusal(state, question.currentLeaderEpoch);
  if (refused !== undefined) return { kind: 'error', error: refused };
  switch (timestamp) {
    case LATEST_TIMESTAMP:
      if (isHighWatermarkStale(state)) return notAvailable(apiVersion);
      return listed(readableEnd(state, question.isolation), state.leaderEpoch);
    case EARLIEST_TIMESTAMP:
    case EARLIEST_LOCAL_TIMESTAMP:
      return listed(state.logStartOffset, earliestEpoch(state));
    case LATEST_TIERED_TIMESTAMP:
    case EARLIEST_PENDING_UPLOAD_TIMESTAMP:
      return NOTHING_FOUND;
    case MAX_TIMESTAMP:
      return { kind: 'lookup', by: 'max-timestamp', timestampMs: NO_TIMESTAMP, question };
    default:
      return { kind: 'lookup', by: 'timestamp', timestampMs: TimestampMs(timestamp), question };
  }
}

/** The log has answered; epoch, role and high watermark may be others by now, so everything is asked again. */
export function resolveOffset(
  state: ReplicaState,
  { question }: OffsetLookup,
  found: FoundTimestamp | undefined,
): ListedOffset | OffsetError {
  const refused = readRefusal(state, question.currentLeaderEpoch);
  if (refused !== undefined) return { kind: 'error', error: refused };
  if (found !== undefined && found.offset < readableEnd(state, question.isolation))
    return {
      kind: 'listed',
      offset: found.offset,
      timestampMs: found.timestampMs,
      leaderEpoch: state.epochs.epochOf(found.offset),
    };
  return isHighWatermarkStale(state) ? notAvailable(question.apiVersion) : NOTHING_FOUND;
}

const listed = (offset: Offset, leaderEpoch: LeaderEpoch): ListedOffset => ({
  kind: 'listed',
  offset,
  timestampMs: NO_TIMESTAMP,
  leaderEpoch,
});

const notAvailable = (apiVersion: number): OffsetError => ({
  kind: 'error',
  error:
    apiVersion >= FIRST_VERSION_WITH_OFFSET_NOT_AVAILABLE
      ? ErrorCode.OFFSET_NOT_AVAILABLE
      : ErrorCode.LEADER_NOT_AVAILABLE,
});

const earliestEpoch = (state: ReplicaState): LeaderEpoch => {
  const earliest = state.epochs.entries[0];
  return earliest !== undefined && earliest.startOffset <= state.logStartOffset
    ? earliest.leaderEpoch
    : NO_LEADER_EPOCH;
};

/** OffsetForLeaderEpoch's answer; epoch and offset are -1 when undefined. */
export type EpochEnd =
  { readonly kind: 'epoch-end'; readonly leaderEpoch: LeaderEpoch; readonly endOffset: Offset } | OffsetError;

/** Where the records of an epoch end in the leader's log (KIP-101, KIP-320). */
export function endOffsetForEpoch(
  state: ReplicaState,
  leaderEpoch: number,
  currentLeaderEpoch: number,
): EpochEnd {
  const refused = readRefusal(state, currentLeaderEpoch);
  if (refused !== undefined) return { kind: 'error', error: refused };
  return { kind: 'epoch-end', ...state.epochs.endOffsetOf(leaderEpoch, state.endOffset) };
}

/** What DeleteRecords of one partition asks of its host (KIP-107). */
export type DeleteRecordsPlan =
  /** The host awaits `log.raiseLogStart(offset)`, then calls `logStartRaised(offset)`, then answers `lowWatermark`. */
  | { readonly kind: 'raise'; readonly offset: Offset }
  /** The log already starts there or later. */
  | { readonly kind: 'done' }
  | OffsetError;

/** DeleteRecords' word for the high watermark. */
const UP_TO_HIGH_WATERMARK = -1;

/** What DeleteRecords does to this log: only what everybody in sync has may go. */
export function deleteRecords(state: ReplicaState, offset: number): DeleteRecordsPlan {
  const refused = readRefusal(state, NO_LEADER_EPOCH);
  if (refused !== undefined) return { kind: 'error', error: refused };
  if (state.config.compacted && !state.config.deletes)
    return { kind: 'error', error: ErrorCode.POLICY_VIOLATION };
  const upTo = offset === UP_TO_HIGH_WATERMARK ? state.highWatermark : offset;
  if (upTo < 0 || upTo > state.highWatermark) return { kind: 'error', error: ErrorCode.OFFSET_OUT_OF_RANGE };
  return upTo <= state.logStartOffset ? { kind: 'done' } : { kind: 'raise', offset: Offset(upTo) };
}
