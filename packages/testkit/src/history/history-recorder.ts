import type { Call, EventType, HistoryEvent } from './history';

/** Writes down what processes ask and are told, as it happens. */
export interface HistoryRecorder {
  /** Everything so far, in order. */
  readonly events: readonly HistoryEvent[];
  /** A number for one more process. */
  newProcess(): number;
  /** The process asks; what is returned is called once, with what came of it; default: what was asked. */
  invoke(process: number, call: Call): (outcome: Exclude<EventType, 'invoke'>, call?: Call) => void;
}

/** An empty history. `monotonicMs` tells the time of events, in milliseconds from any beginning. */
export const openHistory = (monotonicMs: () => number): HistoryRecorder => {
  const events: HistoryEvent[] = [];
  let processes = 0;
  return {
    events,
    newProcess: () => processes++,
    invoke(process, asked) {
      events.push({ type: 'invoke', process, timeMs: monotonicMs(), call: asked });
      return (type, call = asked) => {
        events.push({ type, process, timeMs: monotonicMs(), call });
      };
    },
  };
};
