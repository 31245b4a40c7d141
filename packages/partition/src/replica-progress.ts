import { BrokerEpoch, Offset } from '@kafkaesque/kernel';
import type { BrokerId } from '@kafkaesque/kernel';

/** What a leader asks about brokers; the host answers from its newest image (KIP-903). */
export interface BrokersView {
  /** The epoch of a broker that may be in sync: registered, unfenced, not shutting down. Undefined: it may not. */
  eligibleEpoch(brokerId: BrokerId): BrokerEpoch | undefined;
}

/** Nobody but the leader itself is known. */
export const noOtherBrokers: BrokersView = { eligibleEpoch: () => undefined };

/** "Not said in this subscription yet." */
export const UNKNOWN_END = Offset(-1);
/** Of a replica that was never known to be caught up in this epoch. */
export const NEVER = -Infinity;
const UNKNOWN_BROKER_EPOCH = BrokerEpoch(-1);

/** What a leader knows of one follower in its epoch. */
export interface ReplicaProgress {
  /** Of the incarnation that subscribed; -1 when none has yet. */
  brokerEpoch: BrokerEpoch;
  isSubscribed: boolean;
  /** What it holds durably, by its own word in this subscription; -1 before. */
  durableEndOffset: Offset;
  /** -1 before it said so. */
  logStartOffset: Offset;
  /** The last moment at which it is known to have had everything durably that the leader had. */
  caughtUpMs: number;
  /** The leader's end at an earlier moment: once the replica has it, it was caught up at that moment. */
  markEndOffset: Offset;
  markMs: number;
  /** Not in sync yet, but it keeps up and may be: the high watermark waits for it, or it would never get in. */
  isJoining: boolean;
}

/** A replica that has not subscribed in this epoch. One that is in sync has the time of the grace, no less. */
export const newProgress = (caughtUpMs: number): ReplicaProgress => ({
  brokerEpoch: UNKNOWN_BROKER_EPOCH,
  isSubscribed: false,
  durableEndOffset: UNKNOWN_END,
  logStartOffset: UNKNOWN_END,
  caughtUpMs,
  markEndOffset: Offset(Number.MAX_SAFE_INTEGER),
  markMs: caughtUpMs,
  isJoining: false,
});

/** It says from now on how far it is; what it said in an earlier subscription may have been another disk's. */
export function progressSubscribed(
  progress: ReplicaProgress,
  brokerEpoch: BrokerEpoch,
  logStartOffset: Offset,
  leaderEndOffset: Offset,
  nowMs: number,
): void {
  progress.brokerEpoch = brokerEpoch;
  progress.isSubscribed = true;
  progress.isJoining = false;
  progress.durableEndOffset = UNKNOWN_END;
  progress.logStartOffset = logStartOffset;
  mark(progress, leaderEndOffset, nowMs);
}

/** It has `endOffset` durably, and with it whatever the leader had at the mark. */
export function progressReached(
  progress: ReplicaProgress,
  endOffset: Offset,
  leaderEndOffset: Offset,
  nowMs: number,
): void {
  progress.durableEndOffset = endOffset;
  if (endOffset >= leaderEndOffset) progress.caughtUpMs = nowMs;
  else if (endOffset >= progress.markEndOffset)
    progress.caughtUpMs = Math.max(progress.caughtUpMs, progress.markMs);
  else return;
  mark(progress, leaderEndOffset, nowMs);
}

/** The leader's log grew: whoever had all of it until now was caught up until now. */
export function leaderGrew(
  progress: ReplicaProgress,
  endOffsetBefore: Offset,
  endOffset: Offset,
  nowMs: number,
): void {
  if (!hasEverything(progress, endOffsetBefore)) return;
  progress.caughtUpMs = nowMs;
  mark(progress, endOffset, nowMs);
}

/** Nobody tells any more; when it was last caught up stays what it is. */
export function progressEnded(progress: ReplicaProgress, leaderEndOffset: Offset, nowMs: number): void {
  if (hasEverything(progress, leaderEndOffset)) progress.caughtUpMs = nowMs;
  progress.isSubscribed = false;
  progress.isJoining = false;
}

/** Whether it was caught up within the last `withinMs`. */
export const isCaughtUp = (
  progress: ReplicaProgress,
  leaderEndOffset: Offset,
  nowMs: number,
  withinMs: number,
): boolean => hasEverything(progress, leaderEndOffset) || nowMs - progress.caughtUpMs <= withinMs;

const hasEverything = (progress: ReplicaProgress, leaderEndOffset: Offset): boolean =>
  progress.isSubscribed && progress.durableEndOffset >= leaderEndOffset;

const mark = (progress: ReplicaProgress, leaderEndOffset: Offset, nowMs: number): void => {
  progress.markEndOffset = leaderEndOffset;
  progress.markMs = nowMs;
};
