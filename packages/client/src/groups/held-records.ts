import type { CommittedPosition } from '../consumer/assigned-partition';
import type { ConsumerRecord, TopicPartition } from '../records';
import { keyOf } from './partition-sets';

/** What the caller has of one partition. */
export interface Held {
  /** The first record that is not known to be handled. */
  handled: number;
  /** Where a commit by hand goes; undefined: up to all that was given. */
  given: number | undefined;
  /** Of the last record before `handled`; -1 when unknown. */
  leaderEpoch: number;
}

/** A position to commit. */
export type HandledPosition = TopicPartition & {
  readonly offset: number;
  readonly leaderEpoch: number;
};

/**
 * Records that were given and may not be handled yet, by partition: what a commit must not pass, and what a rebalance
 * waits for. A partition that is not in it has been handled up to its position.
 */
export class HeldRecords {
  readonly #held = new Map<string, Held>();

  get isEmpty(): boolean {
    return this.#held.size === 0;
  }

  get(partition: TopicPartition): Held | undefined {
    return this.#held.get(keyOf(partition));
  }

  /** Records as they were given, in order within their partition; what is held already stays the first. */
  add(records: readonly ConsumerRecord[]): void {
    for (const record of records) {
      const key = keyOf(record);
      if (this.#held.has(key)) continue;
      this.#held.set(key, { handled: record.offset, given: undefined, leaderEpoch: -1 });
    }
  }

  /** All of it was handled, or does not count any more. */
  clear(): void {
    this.#held.clear();
  }

  delete(partition: TopicPartition): void {
    this.#held.delete(keyOf(partition));
  }

  /** The record's handling has ended well. */
  handled(record: ConsumerRecord): void {
    const held = this.get(record);
    if (held === undefined) return;
    held.handled = record.offset + 1;
    held.leaderEpoch = record.leaderEpoch;
  }

  /** Positions as far as they were handled for sure. */
  handledOf(positions: readonly (TopicPartition & CommittedPosition)[]): readonly HandledPosition[] {
    return positions.map((position) => {
      const held = this.get(position);
      if (held === undefined) return position;
      return { ...position, offset: held.handled, leaderEpoch: held.leaderEpoch };
    });
  }

  /** Positions behind what was given. */
  givenOf(positions: readonly (TopicPartition & CommittedPosition)[]): readonly HandledPosition[] {
    return positions.map((position) => {
      const given = this.get(position)?.given;
      return given === undefined ? position : { ...position, offset: given };
    });
  }
}
