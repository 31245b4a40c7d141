import { baseOffsetOf, lastOffsetOf, leaderEpochOf } from '@kafkaesque/protocol';
import type { LogState } from './log-state';
import type { Segment } from './segment';

/**
 * Judges batches of a segment, read one behind the other, by the two fields of their headers that their CRC leaves out
 * because brokers assign them: base offset and leader epoch. A batch is as good as what vouches for its place: the
 * segment's own base offset, an index entry, or the batch before it.
 */
export class BatchChain {
  readonly #log: LogState;
  readonly #hasGaps: boolean;
  #expected: number;
  /** The epoch in force from here to there. */
  #epoch = -1;
  #epochFrom = 0;
  #epochTo = 0;

  /** `expected`: offset at which the first batch begins (or before which it does not begin, if there are gaps). */
  constructor(log: LogState, segment: Segment, expected: number | undefined) {
    this.#log = log;
    this.#hasGaps = segment.hasGaps;
    this.#expected = expected ?? -1;
  }

  /** Whether the batch at `at` can be the next one. */
  fits(bytes: Buffer, at: number): boolean {
    const baseOffset = baseOffsetOf(bytes, at);
    if (this.#expected >= 0 && baseOffset !== this.#expected)
      if (!this.#hasGaps || baseOffset < this.#expected) return false;
    return this.#isEpochInForce(leaderEpochOf(bytes, at), baseOffset, bytes, at);
  }

  /** Goes on behind the batch at `at`. */
  pass(bytes: Buffer, at: number): void {
    this.#expected = lastOffsetOf(bytes, at) + 1;
  }

  #isEpochInForce(leaderEpoch: number, baseOffset: number, bytes: Buffer, at: number): boolean {
    if (baseOffset < this.#epochFrom || baseOffset >= this.#epochTo) {
      const { starts } = this.#log.epochs;
      const first = starts[0];
      // Of what lies wholly below the log start, no epochs are kept.
      if (first === undefined || lastOffsetOf(bytes, at) < first.startOffset) return true;
      const number = Math.max(0, this.#log.epochs.indexAt(baseOffset));
      this.#epoch = starts[number]?.leaderEpoch ?? -1;
      this.#epochFrom = number === 0 ? 0 : (starts[number]?.startOffset ?? 0);
      this.#epochTo = starts[number + 1]?.startOffset ?? Infinity;
    }
    return leaderEpoch === this.#epoch;
  }
}

/** The offset at which a batch must begin that is put at the segment's end; the log ends at `logEnd`. */
export const nextBaseOffset = (segment: Segment, logEnd: number): number =>
  segment.sizeBytes === 0 ? segment.baseOffset : logEnd;
