/** A value's name: who sent it, and as which of its records. Two records with different bytes never have the same one. */
export interface SentValue {
  readonly producer: string;
  /** Ascending in the order of sending, per producer. */
  readonly sequence: number;
  /** An idempotent producer's records lie in the log at most once, and in order. */
  readonly isIdempotent: boolean;
}

/** Something that everybody was told about an offset: a producer by an acknowledgement, or a reader by what it got. */
export interface Fact {
  readonly offset: number;
  readonly value: SentValue;
  readonly source: 'acknowledged' | 'read';
}

/** What is known of a partition before it is read: what was told once must be true for ever. */
export interface PartitionHistory {
  /** As violations name it. */
  readonly topic: string;
  readonly partition: number;
  /** In any order; an offset may occur more than once. */
  readonly facts: readonly Fact[];
  /** The highest log start that anybody was told. */
  readonly logStartOffset: number;
  /** Retention by size keeps at least this much; undefined: nothing is ever deleted. */
  readonly keepsBytes: number | undefined;
}

/** One record as it was read. `damaged`: its bytes are not those that anybody sent to this partition. */
export interface ReadRecord {
  readonly offset: number;
  readonly value: SentValue | 'damaged';
}

/** A partition as it was read from its log start to its high watermark. */
export interface PartitionReading {
  readonly logStartOffset: number;
  readonly highWatermark: number;
  /** In log order. */
  readonly records: readonly ReadRecord[];
  readonly sizeBytes: number;
}

export type ViolationKind =
  /** An acknowledged record is not there. */
  | 'lost'
  /** A record that somebody read is not there any more. */
  | 'vanished'
  /** There is another record at an offset than there was. */
  | 'changed'
  /** Bytes that nobody sent. */
  | 'invented'
  /** An idempotent producer's record lies at two offsets. */
  | 'duplicate'
  /** An idempotent producer's records lie in another order than they were sent in. */
  | 'reordered'
  /** No record at an offset between log start and high watermark. */
  | 'gap'
  /** The log start went back, or further than retention may take it. */
  | 'trimmed';

export interface Violation {
  readonly kind: ViolationKind;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly what: string;
}

export interface Report {
  readonly violations: readonly Violation[];
  /** Acknowledged records that were found again. */
  readonly confirmed: number;
  /** Records that are there although no acknowledgement of them is known: allowed. */
  readonly unacknowledged: number;
  /** Records of producers without idempotence that lie in the log more than once: allowed. */
  readonly repeated: number;
}

/** Compares what a partition was known to hold with what was read of it. */
export const checkPartition = (history: PartitionHistory, reading: PartitionReading): Report => {
  const violations: Violation[] = [];
  const report = (kind: ViolationKind, offset: number, what: string): void => {
    violations.push({ kind, topic: history.topic, partition: history.partition, offset, what });
  };
  checkLogStart(history, reading, report);
  checkContiguity(reading, report);
  const found = new Map(reading.records.map(({ offset, value }) => [offset, value]));
  const confirmed = checkFacts(history, reading, found, report);
  const repeated = checkOrder(history, reading, report);
  return { violations, confirmed, repeated, unacknowledged: found.size - confirmed };
};

/** Reports of many partitions as one. */
export const combineReports = (reports: Iterable<Report>): Report => {
  const total = { violations: [] as Violation[], confirmed: 0, unacknowledged: 0, repeated: 0 };
  for (const { violations, confirmed, unacknowledged, repeated } of reports) {
    total.violations.push(...violations);
    total.confirmed += confirmed;
    total.unacknowledged += unacknowledged;
    total.repeated += repeated;
  }
  return total;
};

type Tell = (kind: ViolationKind, offset: number, what: string) => void;

export const nameOf = ({ producer, sequence }: SentValue): string => `${producer}/${sequence}`;

const checkLogStart = (history: PartitionHistory, reading: PartitionReading, report: Tell): void => {
  const { logStartOffset, sizeBytes } = reading;
  const { keepsBytes } = history;
  if (logStartOffset < history.logStartOffset) {
    report('trimmed', logStartOffset, `the log started at ${history.logStartOffset} before`);
  }
  if (logStartOffset === 0) return;
  if (keepsBytes === undefined) report('trimmed', logStartOffset, 'nothing may be deleted here');
  else if (sizeBytes < keepsBytes)
    report('trimmed', logStartOffset, `retention left ${sizeBytes} of ${keepsBytes} bytes`);
};

const checkContiguity = (reading: PartitionReading, report: Tell): void => {
  let expected = reading.logStartOffset;
  for (const { offset, value } of reading.records) {
    if (offset !== expected) report('gap', expected, `the next record lies at ${offset}`);
    if (value === 'damaged') report('invented', offset, 'nobody sent these bytes to this partition');
    expected = offset + 1;
  }
  if (expected !== reading.highWatermark)
    report('gap', expected, `the high watermark is ${reading.highWatermark}`);
};

/** Returns how many acknowledged records were found again. */
const checkFacts = (
  history: PartitionHistory,
  reading: PartitionReading,
  found: ReadonlyMap<number, SentValue | 'damaged'>,
  report: Tell,
): number => {
  const confirmed = new Set<number>();
  for (const { offset, value, source } of history.facts) {
    // Retention took it; whether it might is said once, of the log start.
    if (offset < reading.logStartOffset) continue;
    const there = found.get(offset);
    if (there === undefined) {
      const where = offset < reading.highWatermark ? 'below' : 'at or above';
      report(
        source === 'acknowledged' ? 'lost' : 'vanished',
        offset,
        `${nameOf(value)}, ${where} the high watermark ${reading.highWatermark}`,
      );
    } else if (there === 'damaged' || nameOf(there) !== nameOf(value)) {
      const now = there === 'damaged' ? 'damaged bytes' : nameOf(there);
      report('changed', offset, `${nameOf(value)}, ${source}, is now ${now}`);
    } else if (source === 'acknowledged') confirmed.add(offset);
  }
  return confirmed.size;
};

/** Returns how many records lie there more than once although that is allowed. */
const checkOrder = (history: PartitionHistory, reading: PartitionReading, report: Tell): number => {
  const offsets = new Map<string, number>();
  const lastSequences = new Map<string, number>();
  let repeated = 0;
  // An acknowledged offset counts as well: the record may have come to lie a second time.
  for (const { offset, value } of history.facts) {
    if (offset < reading.logStartOffset) offsets.set(nameOf(value), offset);
  }
  for (const { offset, value } of reading.records) {
    if (value === 'damaged') continue;
    const name = nameOf(value);
    const earlier = offsets.get(name);
    offsets.set(name, offset);
    if (!value.isIdempotent) {
      if (earlier !== undefined) repeated += 1;
      continue;
    }
    if (earlier !== undefined) {
      report('duplicate', offset, `${name} lies at ${earlier} as well`);
      continue;
    }
    const last = lastSequences.get(value.producer);
    if (last !== undefined && value.sequence < last)
      report('reordered', offset, `${name} comes after ${value.producer}/${last}`);
    lastSequences.set(value.producer, value.sequence);
  }
  return repeated;
};
