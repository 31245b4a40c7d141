import type { Cleanable } from '../log';
import type { LogState } from '../log-state';
import type { Segment } from '../segment';

const INT32_MAX = 2 ** 31 - 1;

/** What a pass over a log would read: its segments from the oldest on, and where what was never compacted begins. */
export interface CleaningPlan extends Cleanable {
  readonly segments: readonly Segment[];
  readonly dirtyFrom: number;
  /** Offset after the last of the segments. */
  readonly end: number;
}

/**
 * The segments that may be compacted: never the one that takes appends, nothing at or beyond `upTo`, nothing that
 * `min.compaction.lag.ms` protects. Undefined when none of them holds anything new.
 */
export const planCleaning = (log: LogState, upTo: number, nowMs: number): CleaningPlan | undefined => {
  if (!log.config.cleanupPolicy.compact || log.failed || log.deleted || log.quarantined) return undefined;
  if (log.suspectReason !== undefined) return undefined;
  const { minCompactionLagMs } = log.config;
  const dirtyFrom = Math.max(log.cleanedTo, log.logStart);
  const segments: Segment[] = [];
  let cleanBytes = 0;
  let dirtyBytes = 0;
  let end = log.segments[0]?.baseOffset ?? log.end;
  for (const [number, segment] of log.segments.entries()) {
    const next = log.segments[number + 1];
    if (next === undefined || next.baseOffset > upTo) break;
    if (minCompactionLagMs > 0 && newestOf(segment) > nowMs - minCompactionLagMs) break;
    segments.push(segment);
    end = next.baseOffset;
    if (end > dirtyFrom) dirtyBytes += segment.sizeBytes;
    else cleanBytes += segment.sizeBytes;
  }
  if (dirtyBytes === 0) return undefined;
  return {
    segments,
    dirtyFrom,
    end,
    dirtyBytes,
    cleanBytes,
    dirtyRatio: dirtyBytes / (dirtyBytes + cleanBytes),
  };
};

const newestOf = (segment: Segment): number =>
  segment.maxTimestampMs >= 0 ? segment.maxTimestampMs : segment.openedAtMs;

/** Neighbours that together are no larger than one segment may be become one. */
export const groupsOf = (log: LogState, plan: CleaningPlan): readonly (readonly Segment[])[] => {
  const groups: Segment[][] = [];
  let group: Segment[] = [];
  let sizeBytes = 0;
  for (const [number, segment] of plan.segments.entries()) {
    const end = plan.segments[number + 1]?.baseOffset ?? plan.end;
    const isTooMuch =
      sizeBytes + segment.sizeBytes > log.config.segmentBytes ||
      end - (group[0]?.baseOffset ?? segment.baseOffset) > INT32_MAX;
    if (group.length > 0 && isTooMuch) {
      groups.push(group);
      group = [];
      sizeBytes = 0;
    }
    group.push(segment);
    sizeBytes += segment.sizeBytes;
  }
  if (group.length > 0) groups.push(group);
  return groups;
};
