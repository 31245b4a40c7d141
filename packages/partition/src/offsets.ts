import type { LeaderEpoch, Offset, TimestampMs } from '@kafkaesque/kernel';
import type { Isolation } from './fetch-plan';

/** The timestamps of ListOffsets that are questions. */
export const LATEST_TIMESTAMP = -1;
export const EARLIEST_TIMESTAMP = -2;
export const MAX_TIMESTAMP = -3;
export const EARLIEST_LOCAL_TIMESTAMP = -4;
export const LATEST_TIERED_TIMESTAMP = -5;
export const EARLIEST_PENDING_UPLOAD_TIMESTAMP = -6;

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
  readonly timestampMs: TimestampMs;
  readonly apiVersion: number;
  readonly isolation: Isolation;
  readonly currentLeaderEpoch: number;
}

export interface OffsetError {
  readonly kind: 'error';
  readonly error: number;
}

/** What the log found: the first record at or after the timestamp, or the one with the largest. */
export interface FoundTimestamp {
  readonly offset: Offset;
  readonly timestampMs: TimestampMs;
}

/** OffsetForLeaderEpoch's answer; epoch and offset are -1 when undefined. */
export type EpochEnd =
  { readonly kind: 'epoch-end'; readonly leaderEpoch: LeaderEpoch; readonly endOffset: Offset } | OffsetError;

export type DeleteRecordsPlan =
  /** The host awaits `log.raiseLogStart(offset)`, then `logStartRaised(offset)`, then answers with `lowWatermark()`. */
  | { readonly kind: 'raise'; readonly offset: Offset }
  /** The log already starts there or later. */
  | { readonly kind: 'done'; readonly lowWatermark: Offset }
  | OffsetError;
