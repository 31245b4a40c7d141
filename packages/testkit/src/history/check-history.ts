import type { Anomaly, AnomalyClass } from './anomaly';
import type { HistoryEvent, Operation } from './history';
import { sendsOf } from './history';
import { knownLogs } from './known-logs';
import { operationsOf } from './operations';
import { orderAnomalies } from './orders';
import {
  duplicates,
  impossibleReads,
  inconsistentOffsets,
  missingValues,
  precommittedReads,
} from './visibility';

/** What is not to be called an anomaly. */
export interface HistoryCheckOptions {
  /** What the workload does not promise: `duplicate` without idempotence, `unseen` where nobody reads to the end. */
  readonly tolerated?: readonly AnomalyClass[];
}

/** What is wrong with a history. */
export interface HistoryReport {
  /** Empty: every promise held, as far as anybody looked. */
  readonly anomalies: readonly Anomaly[];
  /** What happened and is no breach: of a tolerated class, or the position of a subscriber that moved. */
  readonly tolerated: readonly Anomaly[];
  /** How many values were acknowledged, refused, and neither. */
  readonly acknowledged: number;
  readonly failed: number;
  readonly indefinite: number;
  /** How many different values were read. */
  readonly read: number;
}

/** A group's rebalance moves positions to what was committed, and hands logs over. */
const MOVED_BY_GROUPS: ReadonlySet<AnomalyClass> = new Set(['poll-skip', 'nonmonotonic-poll']);

/**
 * Judges what clients were told of logs by the anomalies that Jepsen looks for in Kafka. A log's order is what acknowledged
 * offsets and all polls say; operations of unknown outcome count where one of their values was seen. Pure. Asserts that
 * the history itself is one: processes do one thing at a time, and values are unique.
 */
export const checkHistory = (
  history: readonly HistoryEvent[],
  { tolerated = [] }: HistoryCheckOptions = {},
): HistoryReport => {
  const operations = operationsOf(history);
  const logs = knownLogs(operations);
  const found: readonly Anomaly[] = [
    ...[...logs.values()].flatMap((log) => [
      ...inconsistentOffsets(log),
      ...duplicates(log),
      ...impossibleReads(log),
      ...missingValues(log, logs),
    ]),
    ...operations.flatMap(precommittedReads),
    ...orderAnomalies(operations, logs),
  ];
  const isTolerated = (anomaly: Anomaly): boolean =>
    tolerated.includes(anomaly.class) ||
    (anomaly.isOfSubscriber === true && MOVED_BY_GROUPS.has(anomaly.class));
  const sent = (outcome: Operation['outcome']): number =>
    operations.reduce((sum, one) => sum + (one.outcome === outcome ? sendsOf(one).length : 0), 0);
  return {
    anomalies: found.filter((anomaly) => !isTolerated(anomaly)),
    tolerated: found.filter(isTolerated),
    ...{ acknowledged: sent('ok'), failed: sent('fail'), indefinite: sent('info') },
    read: [...logs.values()].reduce((sum, { read }) => sum + read.size, 0),
  };
};

/** How often each class occurs, the most frequent first: `3 lost-write, 1 duplicate`. */
export const summaryOf = (anomalies: readonly Anomaly[]): string => {
  const counts = new Map<AnomalyClass, number>();
  for (const { class: name } of anomalies) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts]
    .sort(([, a], [, b]) => b - a)
    .map(([name, count]) => `${count} ${name}`)
    .join(', ');
};
