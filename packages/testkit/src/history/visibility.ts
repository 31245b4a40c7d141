import type { Anomaly } from './anomaly';
import type { Operation } from './history';
import { pollsOf, sendsOf } from './history';
import type { KnownLog } from './known-logs';
import { hasHappened } from './known-logs';

type KnownLogs = ReadonlyMap<string, KnownLog>;

/** Offsets with more than one value. */
export const inconsistentOffsets = ({ name, valuesAt }: KnownLog): readonly Anomaly[] =>
  [...valuesAt].flatMap(([offset, values]) =>
    values.size < 2
      ? []
      : [
          {
            ...({ class: 'inconsistent-offsets', log: name, values: [...values] } as const),
            what: `offset ${offset} of ${name} was told as ${[...values].join(' and as ')}`,
          },
        ],
  );

/** Values at more than one offset. */
export const duplicates = ({ name, offsetsOf }: KnownLog): readonly Anomaly[] =>
  [...offsetsOf].flatMap(([value, offsets]) =>
    offsets.size < 2
      ? []
      : [
          {
            ...({ class: 'duplicate', log: name, values: [value] } as const),
            what: `${value} is in ${name} at offsets ${[...offsets].sort((a, b) => a - b).join(', ')}`,
          },
        ],
  );

/** Values that were read and that nobody sent, or of which the sender was told that they never will be there. */
export const impossibleReads = ({ name, offsetsOf, writerOf }: KnownLog): readonly Anomaly[] => {
  const anomalies: Anomaly[] = [];
  for (const [value, offsets] of offsetsOf) {
    const writer = writerOf.get(value);
    const at = `${value} at offset ${[...offsets].join(', ')} of ${name}`;
    if (writer === undefined)
      anomalies.push({
        ...{ class: 'unwritten-read', log: name, values: [value] },
        what: `somebody read ${at}, which nobody sent`,
      });
    else if (writer.outcome === 'fail')
      anomalies.push({
        ...{ class: 'aborted-read', log: name, values: [value] },
        what: `somebody read ${at}, of which process ${writer.process} was told that it failed`,
      });
  }
  return anomalies;
};

/** Transactions that polled what they sent themselves. */
export const precommittedReads = (operation: Operation): readonly Anomaly[] => {
  const polled = new Map(pollsOf(operation).map(({ log }) => [log, new Set<string>()]));
  for (const { log, records } of pollsOf(operation))
    for (const { value } of records) polled.get(log)?.add(value);
  return sendsOf(operation)
    .filter(({ log, value }) => polled.get(log)?.has(value) === true)
    .map(({ log, value }) => ({
      ...{ class: 'precommitted-read', log, values: [value] },
      what: `process ${operation.process} polled ${value} of ${log} within the transaction that sent it`,
    }));
};

/**
 * Values that must be there and that nobody ever read: lost where somebody read past them, else unseen. Everything that
 * is known to have happened counts, but what nobody can have seen the end of is unseen only if it was acknowledged.
 */
export const missingValues = (log: KnownLog, logs: KnownLogs): readonly Anomaly[] => {
  const { name, writerOf, read, offsetsOf, highestRead } = log;
  const anomalies: Anomaly[] = [];
  for (const [value, writer] of writerOf) {
    if (read.has(value) || !hasHappened(writer, logs)) continue;
    const last = Math.max(-1, ...(offsetsOf.get(value) ?? []));
    const sent = `${value}, sent to ${name} by process ${writer.process}`;
    if (last >= 0 && last <= highestRead)
      anomalies.push({
        ...{ class: 'lost-write', log: name, values: [value] },
        what: `${sent} with offset ${last}, was never read, although offset ${highestRead} was`,
      });
    else if (writer.outcome === 'ok')
      anomalies.push({
        ...{ class: 'unseen', log: name, values: [value] },
        what: `${sent}${last < 0 ? '' : ` with offset ${last}`}, was acknowledged and never read`,
      });
  }
  return anomalies;
};
