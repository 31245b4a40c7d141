import { assert } from '@kafkaesque/kernel';

/** One entry of the replicated log. The bytes never change. */
export interface LogEntry {
  /** From 1 on, without gaps. */
  readonly index: number;
  readonly term: number;
  /** One of `entryTypes`. */
  readonly type: number;
  readonly bytes: Buffer;
}

/** What the bytes of an entry are; kept in files. */
export const entryTypes = {
  /** What the state machine applies; the quorum does not look. */
  records: 0,
  /** The first entry of a leader's term. */
  leaderChange: 1,
  /** A voter set, in force from this entry on. */
  voters: 2,
} as const;

/** A place in the log. Index 0, term 0 is the place before the first entry. */
export interface LogPosition {
  readonly index: number;
  readonly term: number;
}

/** The log in memory, from behind the last snapshot on. */
export class RaftLog {
  #start: LogPosition;
  #entries: LogEntry[];

  constructor(start: LogPosition, entries: readonly LogEntry[]) {
    this.#start = start;
    this.#entries = [];
    for (const entry of entries) this.append(entry);
  }

  /** The entry before the first: what was there before is in a snapshot. */
  get start(): LogPosition {
    return this.#start;
  }

  get last(): LogPosition {
    return this.#entries.at(-1) ?? this.#start;
  }

  get lastIndex(): number {
    return this.#start.index + this.#entries.length;
  }

  at(index: number): LogEntry | undefined {
    return this.#entries[index - this.#start.index - 1];
  }

  /** Term of the entry at `index`, also of the start; undefined where the log does not reach. */
  term(index: number): number | undefined {
    return index === this.#start.index ? this.#start.term : this.at(index)?.term;
  }

  append(entry: LogEntry): void {
    const { index, term } = this.last;
    assert(
      entry.index === index + 1 && entry.term >= term,
      () => `entry ${entry.index} of term ${entry.term} follows entry ${index} of term ${term}`,
    );
    this.#entries.push(entry);
  }

  /** Drops the entries from `index` on. */
  truncate(index: number): void {
    assert(index > this.#start.index, () => `entry ${index} lies behind the start ${this.#start.index}`);
    this.#entries.length = Math.min(this.#entries.length, index - this.#start.index - 1);
  }

  /** Entries in [from, upTo), at most `maxBytes` of them but at least one. */
  slice(from: number, upTo: number, maxBytes = Infinity): readonly LogEntry[] {
    const found: LogEntry[] = [];
    let bytes = 0;
    for (let index = from; index < upTo; index++) {
      const entry = this.at(index);
      if (entry === undefined) break;
      bytes += entry.bytes.length;
      if (found.length > 0 && bytes > maxBytes) break;
      found.push(entry);
    }
    return found;
  }

  /** Drops the entries up to `start`, which the log has. */
  trim(start: LogPosition): void {
    assert(this.term(start.index) === start.term, () => `the log has entry ${start.index}`);
    this.#entries = this.#entries.slice(start.index - this.#start.index);
    this.#start = start;
  }

  /** The log is empty and begins behind `start`. */
  reset(start: LogPosition): void {
    this.#entries = [];
    this.#start = start;
  }

  /**
   * The highest index up to `index` whose term is not above `term`: entries behind it cannot be in a log whose entry
   * at `index` has that term. The start where the log does not reach further back.
   */
  lastNotAbove(index: number, term: number): number {
    let at = Math.min(index, this.lastIndex);
    while (at > this.#start.index && (this.term(at) ?? 0) > term) at -= 1;
    return at;
  }
}
