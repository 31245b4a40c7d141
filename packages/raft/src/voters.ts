import type { BrokerId } from '@kafkaesque/kernel';
import { assert } from '@kafkaesque/kernel';
import type { ReplicaKey, Voter, VoterSet } from '@kafkaesque/protocol';
import { ANY_DIRECTORY } from './messages';

/** More than half. */
export const majorityOf = (count: number): number => Math.floor(count / 2) + 1;

/** The highest value that a majority reaches; `lowest` when there is nobody. */
export const majorityReaches = (values: readonly number[], lowest: number): number => {
  if (values.length === 0) return lowest;
  const descending = [...values].sort((a, b) => b - a);
  return descending[majorityOf(values.length) - 1] ?? lowest;
};

/** Whether `key` is that voter: a voter named without a directory is whoever has its node id. */
export const isVoterKey = (voter: Voter, key: ReplicaKey): boolean =>
  voter.nodeId === key.nodeId &&
  (voter.directoryId === ANY_DIRECTORY || voter.directoryId === key.directoryId);

/** The voter that `key` is; undefined when it has no vote. */
export const voterOf = (voters: VoterSet, key: ReplicaKey): Voter | undefined =>
  voters.find((voter) => isVoterKey(voter, key));

/** Whether a majority of the voters is among `nodes`. */
export const isMajority = (voters: VoterSet, nodes: ReadonlySet<BrokerId>): boolean =>
  voters.filter(({ nodeId }) => nodes.has(nodeId)).length >= majorityOf(voters.length);

interface SetAt {
  readonly index: number;
  readonly voters: VoterSet;
}

/**
 * Which voter set is in force from which entry on. A set counts as soon as its entry is in the log, committed or not
 * (Raft thesis 4.1), and is forgotten with it.
 */
export class VoterHistory {
  #sets: SetAt[];

  constructor(index: number, voters: VoterSet) {
    this.#sets = [{ index, voters }];
  }

  get current(): VoterSet {
    return this.#last.voters;
  }

  /** The entry that holds the current set. */
  get currentIndex(): number {
    return this.#last.index;
  }

  /** The set in force at the entry `index`. */
  at(index: number): VoterSet {
    const found = this.#sets.findLast((set) => set.index <= index);
    assert(found !== undefined, () => `the voters as of entry ${index} are known`);
    return found.voters;
  }

  /** The sets in force at the entry `index`, and behind it. */
  since(index: number): readonly VoterSet[] {
    const base = this.#sets.findLastIndex((set) => set.index <= index);
    return this.#sets.slice(Math.max(base, 0)).map(({ voters }) => voters);
  }

  append(index: number, voters: VoterSet): void {
    assert(index > this.currentIndex, 'voter sets follow one another in the log');
    this.#sets.push({ index, voters });
  }

  /** The entries from `index` on are gone. True: another set is in force now. */
  truncate(index: number): boolean {
    const kept = this.#sets.filter((set) => set.index < index);
    const changed = kept.length < this.#sets.length;
    if (changed) this.#sets = kept;
    assert(kept.length > 0, 'what a snapshot holds is never truncated');
    return changed;
  }

  /** Forgets the sets that were replaced before `index`. */
  prune(index: number): void {
    const base = this.#sets.findLastIndex((set) => set.index <= index);
    if (base > 0) this.#sets = this.#sets.slice(base);
  }

  /** A snapshot says which set was in force at `index`; what the log has behind it stays where `keepsLater`. */
  restore(index: number, voters: VoterSet, keepsLater: boolean): void {
    const later = keepsLater ? this.#sets.filter((set) => set.index > index) : [];
    this.#sets = [{ index, voters }, ...later];
  }

  get #last(): SetAt {
    const last = this.#sets.at(-1);
    assert(last !== undefined, 'there is always a voter set, if an empty one');
    return last;
  }
}
