import type { LogConsumer } from '../consumer/log-consumer';
import type { ConsumerRecord } from '../records';
import type { HeldRecords } from './held-records';

/** What giving records one by one needs of its consumer. */
export interface RecordIteration {
  readonly log: LogConsumer;
  readonly held: HeldRecords;
  /** A rebalance waits for the caller: it gets its turn between two records. */
  readonly isWaiting: () => boolean;
  /** The next record is being given. */
  readonly giving: () => void;
  readonly isClosing: () => boolean;
}

/**
 * The records of one poll, each handled when the next one is asked for. What is left when the caller stops, or a
 * rebalance has its turn, is given again by the next poll.
 */
export function* oneByOne(
  records: readonly ConsumerRecord[],
  { log, held, isWaiting, giving, isClosing }: RecordIteration,
): Generator<ConsumerRecord, void> {
  const tokens = records.map((record) => log.positionToken(record));
  let next = 0;
  try {
    while (next < records.length && !isWaiting()) {
      const record = records[next];
      const token = tokens[next];
      next += 1;
      if (record === undefined || token !== log.positionToken(record)) continue;
      if (log.isPaused(record)) {
        log.seek(record, record.offset);
        continue;
      }
      const entry = held.get(record);
      if (entry !== undefined) entry.given = record.offset + 1;
      giving();
      yield record;
      held.handled(record);
    }
  } finally {
    for (; next < records.length && !isClosing(); next += 1) {
      const record = records[next];
      const token = tokens[next];
      // The first one of each partition: it changes the token.
      if (record === undefined || token === undefined || token !== log.positionToken(record)) continue;
      log.seek(record, record.offset);
    }
  }
}
