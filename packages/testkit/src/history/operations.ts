import { assert } from '@kafkaesque/kernel';
import type { HistoryEvent, Operation } from './history';

/** Pairs invocations with what became of them, by completion; those without an answer last. */
export const operationsOf = (history: readonly HistoryEvent[]): readonly Operation[] => {
  const open = new Map<number, HistoryEvent>();
  const operations: Operation[] = [];
  for (const event of history) {
    const { type, process, timeMs } = event;
    const invocation = open.get(process);
    if (type === 'invoke') {
      assert(invocation === undefined, `process ${process} does one thing at a time`);
      open.set(process, event);
      continue;
    }
    assert(invocation !== undefined, `process ${process} was answered what it had not asked`);
    assert(invocation.call.kind === event.call.kind, `process ${process} was answered something else`);
    open.delete(process);
    operations.push({
      ...{ outcome: type, process, call: event.call },
      ...{ invokedMs: invocation.timeMs, completedMs: timeMs },
    });
  }
  for (const { process, timeMs, call } of open.values())
    operations.push({ outcome: 'info', process, invokedMs: timeMs, completedMs: Infinity, call });
  return operations;
};
