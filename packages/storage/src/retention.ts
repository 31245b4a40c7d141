import type { LogServices } from './log-services';
import { changeLog } from './log-changes';
import { sizeOfLog } from './log-state';
import type { LogState } from './log-state';
import type { Segment } from './segment';

/**
 * How many segments, from the oldest on, may go: by the log start whatever the cleanup policy is, by age and size if
 * it says `delete`. Only whole segments below the high watermark; the last one too, if all of it is old enough.
 */
export const expiredSegments = (log: LogState, nowMs: number, highWatermark: number): number => {
  let remainingBytes = sizeOfLog(log);
  let count = 0;
  for (const segment of log.segments) {
    const endOffset = log.segments[count + 1]?.baseOffset ?? log.end;
    if (segment.sizeBytes === 0 || endOffset > highWatermark) break;
    if (endOffset > log.logStart && !isExpired(log, segment, nowMs, remainingBytes)) break;
    remainingBytes -= segment.sizeBytes;
    count += 1;
  }
  return count;
};

const isExpired = (log: LogState, segment: Segment, nowMs: number, remainingBytes: number): boolean => {
  const { cleanupPolicy, retentionMs, retentionBytes } = log.config;
  if (!cleanupPolicy.delete) return false;
  const newestMs = segment.maxTimestampMs >= 0 ? segment.maxTimestampMs : segment.openedAtMs;
  if (retentionMs >= 0 && nowMs - newestMs > retentionMs) return true;
  return retentionBytes >= 0 && remainingBytes - segment.sizeBytes >= retentionBytes;
};

/** Deletes what may go; resolves with the number of segments. */
export const applyRetention = (
  services: LogServices,
  log: LogState,
  nowMs: number,
  highWatermark: number,
): Promise<number> =>
  log.changing.run(async () => {
    if (log.failed || log.deleted || log.quarantined) return 0;
    const count = expiredSegments(log, nowMs, highWatermark);
    if (count === 0) return 0;
    const firstSegment = log.segments[count]?.baseOffset ?? log.end;
    await changeLog(services, log, {
      kind: 'logStart',
      offset: Math.max(log.logStart, firstSegment),
      segmentBase: firstSegment,
      position: 0,
    });
    return count;
  });
