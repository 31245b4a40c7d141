import { assert } from '@kafkaesque/kernel';
import type { LogPosition, WriteAheadLogEntry } from './records';

/** An entry in memory, with the file that holds it and the write that carries it. */
export interface HeldEntry extends WriteAheadLogEntry {
  /** 0 until it is written. */
  file: number;
  /** 0: it was there when the log was opened. */
  readonly token: number;
}

/** The entries from the log's start to its end, in memory: a snapshot bounds how many they are. */
export class EntryLog {
  #start: LogPosition;
  #entries: HeldEntry[] = [];

  constructor(start: LogPosition) {
    this.#start = start;
  }

  get start(): LogPosition {
    return this.#start;
  }

  get last(): LogPosition {
    return this.#entries.at(-1) ?? this.#start;
  }

  get first(): HeldEntry | undefined {
    return this.#entries[0];
  }

  at(index: number): HeldEntry | undefined {
    return this.#entries[index - this.#start.index - 1];
  }

  /** Term of the entry at `index`, or of the start; undefined where the log does not reach. */
  term(index: number): number | undefined {
    return index === this.#start.index ? this.#start.term : this.at(index)?.term;
  }

  /** Entries in [from, upTo), at most `maxBytes` of them but at least one. */
  slice(from: number, upTo: number, maxBytes: number): readonly WriteAheadLogEntry[] {
    const found: WriteAheadLogEntry[] = [];
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

  /** Puts an entry at its index; whatever stood there and behind it is gone. */
  put(entry: HeldEntry): void {
    const place = entry.index - this.#start.index - 1;
    assert(
      place >= 0 && place <= this.#entries.length,
      () => `entry ${entry.index} adjoins a log from ${this.#start.index} to ${this.last.index}`,
    );
    if (place < this.#entries.length) this.#entries.length = place;
    this.#entries.push(entry);
  }

  /** The entry at `index` is in this file now. */
  settle(index: number, file: number): void {
    const entry = this.at(index);
    if (entry !== undefined) entry.file = file;
  }

  /** Whether the log has what stands at `start`: then a snapshot of that place continues in it. */
  continues(start: LogPosition): boolean {
    return this.term(start.index) === start.term;
  }

  /** Drops the entries up to `start`, which the log reaches. */
  trim(start: LogPosition): void {
    assert(
      start.index >= this.#start.index && start.index <= this.last.index,
      () => `a log from ${this.#start.index} to ${this.last.index} reaches ${start.index}`,
    );
    this.#entries = this.#entries.slice(start.index - this.#start.index);
    this.#start = start;
  }

  /** The log is empty and begins behind `start`. */
  reset(start: LogPosition): void {
    this.#entries = [];
    this.#start = start;
  }
}
