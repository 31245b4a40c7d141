import { assert } from '@kafkaesque/kernel';
import type { Operation } from './history';
import { pollsOf, sendsOf } from './history';

/** What is known of one log, from everything that anybody was told of it. */
export interface KnownLog {
  readonly name: string;
  /** Values by offset; more than one at an offset is an anomaly. */
  readonly valuesAt: ReadonlyMap<number, ReadonlySet<string>>;
  /** Offsets by value; more than one for a value is a duplicate. */
  readonly offsetsOf: ReadonlyMap<string, ReadonlySet<number>>;
  /** Place of each offset that has a value among all of them, ascending: offsets may have gaps, places have none. */
  readonly placeOf: ReadonlyMap<number, number>;
  /** Who sent each value. */
  readonly writerOf: ReadonlyMap<string, Operation>;
  /** Values that polls which succeeded have brought. */
  readonly read: ReadonlySet<string>;
  /** Highest offset that such a poll has brought; -1: none. */
  readonly highestRead: number;
}

interface GrowingLog extends KnownLog {
  readonly valuesAt: Map<number, Set<string>>;
  readonly offsetsOf: Map<string, Set<number>>;
  readonly placeOf: Map<number, number>;
  readonly writerOf: Map<string, Operation>;
  readonly read: Set<string>;
  highestRead: number;
}

/** Gathers what is known of each log. Polls are believed whatever became of the rest of their operation: what a poll brings was visible. */
export const knownLogs = (operations: readonly Operation[]): ReadonlyMap<string, KnownLog> => {
  const logs = new Map<string, GrowingLog>();
  const logOf = (name: string): GrowingLog => {
    const known = logs.get(name) ?? emptyLog(name);
    logs.set(name, known);
    return known;
  };
  for (const operation of operations) {
    for (const { log, value } of sendsOf(operation)) {
      const { writerOf } = logOf(log);
      assert(!writerOf.has(value), `values are unique: ${value} was sent to ${log} twice`);
      writerOf.set(value, operation);
    }
    for (const { log, records } of pollsOf(operation)) takePoll(logOf(log), records, operation.outcome);
  }
  // Only now is it known of which operations something was seen.
  for (const operation of operations)
    for (const { log, value, offset } of sendsOf(operation))
      if (offset !== undefined && hasHappened(operation, logs)) place(logOf(log), offset, value);
  for (const { valuesAt, placeOf } of logs.values())
    [...valuesAt.keys()].sort((a, b) => a - b).forEach((offset, at) => placeOf.set(offset, at));
  return logs;
};

/** Whether an operation's sends must be there: it was acknowledged, or something of it was seen. */
export const hasHappened = (
  operation: Operation,
  logs: ReadonlyMap<string, Pick<KnownLog, 'read'>>,
): boolean => {
  if (operation.outcome !== 'info') return operation.outcome === 'ok';
  return sendsOf(operation).some(({ log, value }) => logs.get(log)?.read.has(value) === true);
};

const emptyLog = (name: string): GrowingLog => ({
  ...{ name, valuesAt: new Map(), offsetsOf: new Map(), placeOf: new Map(), writerOf: new Map() },
  ...{ read: new Set(), highestRead: -1 },
});

const takePoll = (
  log: GrowingLog,
  records: readonly { readonly offset: number; readonly value: string }[],
  outcome: Operation['outcome'],
): void => {
  for (const { offset, value } of records) {
    place(log, offset, value);
    if (outcome !== 'ok') continue;
    log.read.add(value);
    log.highestRead = Math.max(log.highestRead, offset);
  }
};

const place = ({ valuesAt, offsetsOf }: GrowingLog, offset: number, value: string): void => {
  const values = valuesAt.get(offset);
  if (values === undefined) valuesAt.set(offset, new Set([value]));
  else values.add(value);
  const offsets = offsetsOf.get(value);
  if (offsets === undefined) offsetsOf.set(value, new Set([offset]));
  else offsets.add(offset);
};
