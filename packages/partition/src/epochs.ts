import { LeaderEpoch, NO_LEADER_EPOCH, Offset, assert } from '@kafkaesque/kernel';

/** Where a leader epoch begins. Epochs and offsets are both strictly increasing along a log's entries (P5). */
export interface EpochEntry {
  readonly leaderEpoch: LeaderEpoch;
  readonly startOffset: Offset;
}

/** "Undefined" in OffsetForLeaderEpoch's answers. */
const UNDEFINED_OFFSET = Offset(-1);

/** The answer to "where does this epoch end?"; -1 and -1 when undefined. */
export interface EndOfEpoch {
  readonly leaderEpoch: LeaderEpoch;
  readonly endOffset: Offset;
}

/** Which leader wrote which offsets (KIP-101): the truth that truncation goes by, never the high watermark. */
export class EpochCache {
  readonly #entries: EpochEntry[] = [];

  constructor(entries: readonly EpochEntry[]) {
    for (const entry of entries) this.assign(entry.leaderEpoch, entry.startOffset);
  }

  get entries(): readonly EpochEntry[] {
    return this.#entries;
  }

  /** The epoch of the newest entry, -1 when there is none. */
  get latestEpoch(): LeaderEpoch {
    return this.#entries.at(-1)?.leaderEpoch ?? NO_LEADER_EPOCH;
  }

  /**
   * Notes that `leaderEpoch` begins at `startOffset`. Entries that were followed by no record, or that a divergent leader
   * left, are dropped, so that both columns keep increasing.
   */
  assign(leaderEpoch: LeaderEpoch, startOffset: Offset): void {
    assert(leaderEpoch >= 0 && startOffset >= 0, () => `no log has epoch ${leaderEpoch} at ${startOffset}`);
    const latest = this.#entries.at(-1);
    if (latest?.leaderEpoch === leaderEpoch && startOffset >= latest.startOffset) return;
    while (this.#isOutOfOrder(leaderEpoch, startOffset)) this.#entries.pop();
    this.#entries.push({ leaderEpoch, startOffset });
  }

  /**
   * Notes the epoch of a batch that a follower takes at its log's end. Epochs that were to begin there or beyond hold
   * nothing and are dropped, even later ones: their leader was this replica, and nobody has heard of them.
   */
  note(leaderEpoch: LeaderEpoch, baseOffset: Offset): void {
    while ((this.#entries.at(-1)?.startOffset ?? -1) >= baseOffset) this.#entries.pop();
    assert(
      leaderEpoch >= this.latestEpoch,
      () =>
        `a batch of epoch ${leaderEpoch} at ${baseOffset} does not follow one of epoch ${this.latestEpoch}`,
    );
    if (leaderEpoch > this.latestEpoch) this.#entries.push({ leaderEpoch, startOffset: baseOffset });
  }

  #isOutOfOrder(leaderEpoch: LeaderEpoch, startOffset: Offset): boolean {
    const latest = this.#entries.at(-1);
    return latest !== undefined && (latest.leaderEpoch >= leaderEpoch || latest.startOffset >= startOffset);
  }

  /**
   * The largest epoch up to `requested` that wrote here, and where it ends: at the start of the next one, or at the
   * log's end for the newest. An epoch older than the log's start gets the start of the first known one; an epoch
   * from the future is undefined (KIP-101, KIP-279).
   */
  endOffsetOf(requested: number, logEndOffset: Offset): EndOfEpoch {
    const latest = this.latestEpoch;
    if (requested < 0 || requested > latest)
      return { leaderEpoch: NO_LEADER_EPOCH, endOffset: UNDEFINED_OFFSET };
    if (requested === latest) return { leaderEpoch: latest, endOffset: logEndOffset };
    const higher = this.#entries.findIndex((entry) => entry.leaderEpoch > requested);
    const next = this.#entries[higher];
    assert(next !== undefined, 'an epoch below the newest has a higher neighbour');
    const floor = this.#entries[higher - 1];
    return { leaderEpoch: floor?.leaderEpoch ?? LeaderEpoch(requested), endOffset: next.startOffset };
  }

  /** The epoch that wrote the record at `offset`, -1 when it lies before the first entry. */
  epochOf(offset: Offset): LeaderEpoch {
    for (let i = this.#entries.length - 1; i >= 0; i--) {
      const entry = this.#entries[i];
      if (entry !== undefined && entry.startOffset <= offset) return entry.leaderEpoch;
    }
    return NO_LEADER_EPOCH;
  }

  /** The log begins at `startOffset` now: entries before it collapse into the one that covers it. */
  truncateFromStart(startOffset: Offset): void {
    let covering: EpochEntry | undefined;
    while (this.#entries[0] !== undefined && this.#entries[0].startOffset <= startOffset)
      covering = this.#entries.shift();
    if (covering !== undefined) this.#entries.unshift({ leaderEpoch: covering.leaderEpoch, startOffset });
  }
}
