import type { HistoryEvent } from './history';
import { sendsOf } from './history';
import { operationsOf } from './operations';

/** The longest time in which nothing that was sent to a log was acknowledged. */
export interface AcknowledgementGap {
  readonly log: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly lengthMs: number;
}

/**
 * Of each log, longest first, between the two times given: a log without an acknowledgement from some moment on had a gap
 * until the end. As long as somebody wants to send all the time, this is how long the log was not available.
 */
export const acknowledgementGaps = (
  history: readonly HistoryEvent[],
  fromMs: number,
  toMs: number,
): readonly AcknowledgementGap[] => {
  const times = new Map<string, number[]>();
  for (const operation of operationsOf(history))
    for (const { log } of sendsOf(operation)) {
      const known = times.get(log) ?? [];
      times.set(log, known);
      const { outcome, completedMs } = operation;
      if (outcome === 'ok' && completedMs > fromMs && completedMs < toMs) known.push(completedMs);
    }
  return [...times]
    .map(([log, within]) => longestGap(log, [fromMs, ...within.sort((a, b) => a - b), toMs]))
    .sort((a, b) => b.lengthMs - a.lengthMs);
};

const longestGap = (log: string, times: readonly number[]): AcknowledgementGap => {
  let longest: AcknowledgementGap = { log, fromMs: 0, toMs: 0, lengthMs: -1 };
  let before: number | undefined;
  for (const timeMs of times) {
    if (before !== undefined && timeMs - before > longest.lengthMs)
      longest = { log, fromMs: before, toMs: timeMs, lengthMs: timeMs - before };
    before = timeMs;
  }
  return longest;
};
