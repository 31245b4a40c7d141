import { crc32 } from 'node:zlib';
import { decodeVoterSet } from '@kafkaesque/protocol';
import type { VoterSet } from '@kafkaesque/protocol';
import { entryTypes } from '@kafkaesque/raft';
import type { LogEntry, Raft } from '@kafkaesque/raft';
import type { ProcessLife } from '@kafkaesque/sim';

/** Identity of a replica, as a key: node and disk. */
export const keyOf = ({
  nodeId,
  directoryId,
}: {
  readonly nodeId: number;
  readonly directoryId: string;
}): string => `${nodeId}@${directoryId}`;

const { imul } = Math;

/** Hash over an entry and all before it. */
export const chained = (before: number, entry: LogEntry): number => {
  let hash = imul(before ^ entry.term, 0x9e3779b1) ^ crc32(entry.bytes);
  hash = imul(hash ^ (hash >>> 15) ^ entry.type, 0x85ebca6b);
  return (hash ^ (hash >>> 13)) | 0;
};

/**
 * One life of a replica, and its log as the oracle has seen it grow: hashes over each entry and all before it, and the
 * voter sets in it. Kept beside the replica's own state, which a bug may have spoilt.
 */
export class WatchedRaft {
  readonly raft: Raft;
  readonly key: string;
  readonly life: ProcessLife;
  commitIndex: number;
  roleKind: Raft['roleKind'] = 'unattached';
  term: number;
  /** When each replica was heard last. */
  readonly heardMs = new Map<string, number>();
  /** Since when it leads these voters. */
  leadsSinceMs = 0;
  /** Writes of entries that are not durable yet: each overrides everything from its first entry on. */
  #pending: { readonly token: number; readonly firstIndex: number }[] = [];
  /** The place behind which the entries below stand, and the hash up to there. */
  #startIndex: number;
  #chains: number[];
  readonly #terms: number[];
  #voterSets: { readonly index: number; readonly voters: VoterSet }[];

  constructor(raft: Raft, life: ProcessLife, startChain: number, startVoters: VoterSet) {
    this.raft = raft;
    this.key = keyOf(raft.self);
    this.life = life;
    this.commitIndex = raft.commitIndex;
    this.term = raft.term;
    this.#startIndex = raft.start.index;
    this.#chains = [startChain];
    this.#terms = [raft.start.term];
    this.#voterSets = [{ index: raft.start.index, voters: startVoters }];
    for (const entry of raft.entries(raft.start.index + 1, raft.lastIndex + 1)) this.put(entry);
  }

  get lastIndex(): number {
    return this.#startIndex + this.#chains.length - 1;
  }

  get startIndex(): number {
    return this.#startIndex;
  }

  writes(token: number, firstIndex: number): void {
    this.#pending.push({ token, firstIndex });
  }

  isWritten(token: number): void {
    while (this.#pending[0] !== undefined && this.#pending[0].token <= token) this.#pending.shift();
  }

  /** Whether a write that is on its way to the disk takes the entry at `index` from it, if only to bring it back. */
  willOverride(index: number): boolean {
    return this.#pending.some(({ firstIndex }) => firstIndex <= index);
  }

  /** Hash of everything up to `index`; undefined where the log does not reach. */
  chain(index: number): number | undefined {
    return this.#chains[index - this.#startIndex];
  }

  termAt(index: number): number | undefined {
    return this.#terms[index - this.#startIndex];
  }

  /** The voters in force at `index`: those of the last set in the log up to there. */
  votersAt(index: number): VoterSet {
    return this.#voterSets.findLast((set) => set.index <= index)?.voters ?? [];
  }

  get voters(): VoterSet {
    return this.#voterSets.at(-1)?.voters ?? [];
  }

  /** The entry that holds the voters in force. */
  get votersIndex(): number {
    return this.#voterSets.at(-1)?.index ?? 0;
  }

  /** The set in force before the current one; undefined when the log does not say. */
  get votersBefore(): VoterSet | undefined {
    return this.#voterSets.at(-2)?.voters;
  }

  /** Puts an entry into its place; what stood there and behind it is gone. Returns its hash. */
  put(entry: LogEntry): number {
    const at = entry.index - this.#startIndex;
    this.#chains.length = at;
    this.#terms.length = at;
    const chain = chained(this.#chains[at - 1] ?? 0, entry);
    this.#chains.push(chain);
    this.#terms.push(entry.term);
    if ((this.#voterSets.at(-1)?.index ?? 0) >= entry.index)
      this.#voterSets = this.#voterSets.filter(
        ({ index }) => index < entry.index || index <= this.#startIndex,
      );
    if (entry.type === entryTypes.voters)
      this.#voterSets.push({ index: entry.index, voters: decodeVoterSet(entry.bytes) });
    return chain;
  }

  /** The state was replaced by a snapshot of that place. What followed it in the log stays where `continues`. */
  restart(index: number, term: number, chain: number, voters: VoterSet, continues: boolean): void {
    const later = continues ? index - this.#startIndex + 1 : Infinity;
    const laterSets = continues ? this.#voterSets.filter((set) => set.index > index) : [];
    this.#chains = [chain, ...this.#chains.slice(later)];
    this.#terms.splice(0, this.#terms.length, term, ...this.#terms.slice(later));
    this.#startIndex = index;
    // Whatever becomes of entries up to there, the snapshot holds them.
    this.#pending = this.#pending.map(({ token, firstIndex }) => ({
      token,
      firstIndex: Math.max(firstIndex, index + 1),
    }));
    this.#voterSets = [{ index, voters }, ...laterSets];
    this.commitIndex = index;
  }
}
