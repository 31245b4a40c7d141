import { LeaderEpoch, Offset, assert } from '@kafkaesque/kernel';
import type { EpochStart } from './log';

/** Where each leader epoch of a log starts; ascending in both, as Kafka's `leader-epoch-checkpoint` (KIP-101). */
export class EpochList {
  #starts: EpochStart[];

  constructor(starts: readonly EpochStart[] = []) {
    this.#starts = [...starts];
  }

  get starts(): readonly EpochStart[] {
    return this.#starts;
  }
  get last(): EpochStart | undefined {
    return this.#starts[this.#starts.length - 1];
  }

  /** Place among `starts` of the epoch in force at `offset`; -1 below the first. */
  indexAt(offset: number): number {
    let index = this.#starts.length - 1;
    while (index >= 0 && (this.#starts[index]?.startOffset ?? 0) > offset) index -= 1;
    return index;
  }

  /** A newer epoch; one that starts where later ones were thought to start replaces them (they hold nothing). */
  assign(leaderEpoch: number, startOffset: number): void {
    const last = this.last;
    if (last !== undefined && leaderEpoch <= last.leaderEpoch) return;
    if (leaderEpoch < 0) return;
    const kept =
      last !== undefined && last.startOffset >= startOffset
        ? this.#starts.filter((start) => start.startOffset < startOffset)
        : this.#starts;
    this.#starts = [...kept, { leaderEpoch: LeaderEpoch(leaderEpoch), startOffset: Offset(startOffset) }];
  }

  /** Notes the epoch of a batch. Later epochs that start here or beyond held nothing, and are forgotten. */
  note(leaderEpoch: number, baseOffset: number): void {
    if (leaderEpoch < (this.last?.leaderEpoch ?? -1)) this.truncateTo(baseOffset);
    assert(
      leaderEpoch >= (this.last?.leaderEpoch ?? -1),
      () =>
        `a batch of epoch ${leaderEpoch} at ${baseOffset} follows one of epoch ${this.last?.leaderEpoch ?? -1}`,
    );
    this.assign(leaderEpoch, baseOffset);
  }

  /** Forgets epochs that start at or above `endOffset`. */
  truncateTo(endOffset: number): void {
    if (this.last !== undefined && this.last.startOffset >= endOffset)
      this.#starts = this.#starts.filter((start) => start.startOffset < endOffset);
  }

  /** The log starts at `logStart` now: of the epochs below, the one in force there starts there. */
  raiseStart(logStart: number): void {
    const inForce = this.indexAt(logStart);
    const first = this.#starts[inForce];
    if (first === undefined || (inForce === 0 && first.startOffset === logStart)) return;
    this.#starts = [
      { leaderEpoch: first.leaderEpoch, startOffset: Offset(logStart) },
      ...this.#starts.slice(inForce + 1),
    ];
  }
}

/** Kafka's text: version, count, then one `epoch startOffset` a line. */
export const epochCheckpointText = (starts: readonly EpochStart[]): string =>
  `0\n${starts.length}\n${starts.map((start) => `${start.leaderEpoch} ${start.startOffset}\n`).join('')}`;
