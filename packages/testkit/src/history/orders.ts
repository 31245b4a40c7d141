import type { Anomaly, AnomalyClass } from './anomaly';
import type { Operation, PolledRecord } from './history';
import { pollsOf, rebalancedIn, sendsOf } from './history';
import type { KnownLog } from './known-logs';

type KnownLogs = ReadonlyMap<string, KnownLog>;

/** What a process last polled of a log, and sent to it. */
interface Position {
  readonly polled: Map<string, PolledRecord>;
  readonly sent: Map<string, string>;
  isSubscribed: boolean;
}

/** Follows every process through what it did, in the order in which that was completed. */
export const orderAnomalies = (operations: readonly Operation[], logs: KnownLogs): readonly Anomaly[] => {
  const positions = new Map<number, Position>();
  return operations.flatMap((operation) => {
    const known = positions.get(operation.process);
    const position = known ?? { polled: new Map(), sent: new Map(), isSubscribed: false };
    if (known === undefined) positions.set(operation.process, position);
    const anomalies = [...pollOrder(operation, position, logs), ...sendOrder(operation, position, logs)];
    moveOn(operation, position);
    return anomalies;
  });
};

/** The first step from where the process was, and the steps within the operation. */
const pollOrder = (operation: Operation, { polled, isSubscribed }: Position, logs: KnownLogs): Anomaly[] => {
  const anomalies: Anomaly[] = [];
  const last = new Map<string, PolledRecord>();
  const rebalanced = new Set(rebalancedIn(operation));
  for (const { log, records } of pollsOf(operation)) {
    for (const record of records) {
      const within = last.get(log);
      const before = within ?? polled.get(log);
      last.set(log, record);
      if (before === undefined || rebalanced.has(log)) continue;
      const step = stepOf(logs.get(log), before.offset, record.offset);
      if (step === 'next') continue;
      const [backward, skip]: readonly AnomalyClass[] =
        within === undefined
          ? ['nonmonotonic-poll', 'poll-skip']
          : ['int-nonmonotonic-poll', 'int-poll-skip'];
      const name = step === 'backward' ? backward : skip;
      const way = step === 'backward' ? 'went back' : 'went past others';
      if (name !== undefined)
        anomalies.push({
          ...{ class: name, log, values: [before.value, record.value] },
          what: `process ${operation.process} ${way}: it polled ${log} at ${before.offset} and then at ${record.offset}`,
          ...(within === undefined && isSubscribed ? { isOfSubscriber: true } : {}),
        });
    }
  }
  return anomalies;
};

const stepOf = (log: KnownLog | undefined, from: number, to: number): 'backward' | 'next' | 'skip' => {
  if (to <= from) return 'backward';
  const places = (log?.placeOf.get(to) ?? 0) - (log?.placeOf.get(from) ?? 0);
  return places > 1 ? 'skip' : 'next';
};

/** Others may send in between, so that gaps are no anomaly. */
const sendOrder = (operation: Operation, { sent }: Position, logs: KnownLogs): Anomaly[] => {
  // What failed is nowhere, and if it is somewhere after all it has another name.
  if (operation.outcome === 'fail') return [];
  const anomalies: Anomaly[] = [];
  const last = new Map<string, string>();
  for (const { log, value } of sendsOf(operation)) {
    const within = last.get(log);
    const before = within ?? sent.get(log);
    last.set(log, value);
    const from = before === undefined ? undefined : onlyOffset(logs.get(log), before);
    const to = onlyOffset(logs.get(log), value);
    if (before === undefined || from === undefined || to === undefined || to > from) continue;
    anomalies.push({
      class: within === undefined ? 'nonmonotonic-send' : 'int-nonmonotonic-send',
      ...{ log, values: [before, value] },
      what: `process ${operation.process} sent ${before} to ${log}, then ${value}, which are at ${from} and ${to}`,
    });
  }
  return anomalies;
};

/** Where a value is, unless that is unknown or ambiguous; duplicates are told as such. */
const onlyOffset = (log: KnownLog | undefined, value: string): number | undefined => {
  const offsets = log?.offsetsOf.get(value);
  if (offsets?.size !== 1) return undefined;
  const [offset] = offsets;
  return offset;
};

const moveOn = (operation: Operation, position: Position): void => {
  const { call, outcome } = operation;
  if (call.kind !== 'records') {
    if (outcome === 'fail') return;
    if (call.kind === 'assign' && call.from === 'position') keepOnly(position.polled, call.logs);
    else position.polled.clear();
    if (call.kind === 'crash') position.sent.clear();
    position.isSubscribed = call.kind === 'subscribe' || (call.kind === 'crash' && position.isSubscribed);
    return;
  }
  for (const { log, value } of sendsOf(operation))
    if (outcome === 'ok') position.sent.set(log, value);
    // Whatever the process sends next, this may come after it.
    else if (outcome === 'info') position.sent.delete(log);
  for (const { log, records } of pollsOf(operation)) {
    const last = records.at(-1);
    if (last !== undefined) position.polled.set(log, last);
  }
  // Nobody knows where the next poll goes on.
  const forgotten = outcome === 'ok' ? (call.rebalanced ?? []) : pollsOf(operation).map(({ log }) => log);
  for (const log of forgotten) position.polled.delete(log);
};

const keepOnly = (polled: Map<string, PolledRecord>, logs: readonly string[]): void => {
  for (const log of polled.keys()) if (!logs.includes(log)) polled.delete(log);
};
