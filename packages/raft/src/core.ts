import type { Random } from '@kafkaesque/kernel';
import { assert } from '@kafkaesque/kernel';
import type { ReplicaKey, VoterSet } from '@kafkaesque/protocol';
import { decodeVoterSet, encodeVoterSet } from '@kafkaesque/protocol';
import type {
  HardState,
  LeadershipState,
  RaftEffect,
  RaftOptions,
  RaftSettings,
  RaftWrite,
} from './contract';
import type { LogEntry, LogPosition } from './log';
import { RaftLog, entryTypes } from './log';
import type { RaftMessage } from './messages';
import type { LeaderRole, Role } from './roles';
import { transitions } from './roles';
import type { SnapshotFetch } from './snapshot';
import { VoterHistory, voterOf } from './voters';

/** What this step asks to be written. */
interface WriteUnderWay {
  hardState?: HardState;
  voters?: Buffer;
  start?: LogPosition;
  readonly entries: LogEntry[];
}

/**
 * The state of one replica, and the effects of the step under way. The rules are functions over it, one file for each
 * part of the protocol.
 */
export class Core {
  readonly self: ReplicaKey;
  readonly settings: RaftSettings;
  readonly random: Random;
  readonly log: RaftLog;
  readonly history: VoterHistory;
  /** Controllers without a vote that want the log, by `replicaId`. */
  readonly learners = new Map<string, ReplicaKey>();
  nowMs = 0;
  term: number;
  votedFor: ReplicaKey | null;
  role: Role = { kind: 'unattached' };
  commitIndex: number;
  /** Entries up to here are durable here. */
  durableIndex: number;
  /** Entries up to here are as this term's leader has them. */
  verifiedIndex = 0;
  /** When this term's leader was heard last. */
  leaderHeardMs = -Infinity;
  /** The process of the leader is gone, as far as this replica could find out. */
  leaderLost = false;
  electionDeadlineMs = 0;
  /** Votes lost in a row by answers. */
  lostVotes = 0;
  /** The newest durable snapshot. */
  snapshot: LogPosition & { readonly sizeBytes: number };
  fetch: SnapshotFetch | undefined;
  effects: RaftEffect[] = [];
  #lastToken = 0;
  #durableToken = 0;
  /** Of the last write that said something about term or vote. */
  #hardStateToken = 0;
  /** The write that overrides entries, while it is not durable, and the first of them. */
  #overriding = { token: 0, index: Infinity };
  #write: WriteUnderWay | undefined;

  constructor({ self, settings, random, restored }: RaftOptions) {
    const { hardState, start, entries, snapshot } = restored;
    this.self = self;
    this.settings = settings;
    this.random = random;
    this.log = new RaftLog(start, entries);
    this.term = hardState.term;
    this.votedFor = hardState.votedFor;
    this.snapshot = { index: snapshot.index, term: snapshot.term, sizeBytes: snapshot.sizeBytes };
    this.history = new VoterHistory(snapshot.index, snapshot.voters);
    for (const { index, type, bytes } of entries)
      if (type === entryTypes.voters && index > snapshot.index)
        this.history.append(index, decodeVoterSet(bytes));
    this.commitIndex = snapshot.index;
    this.durableIndex = this.log.lastIndex;
    assert(
      this.log.term(snapshot.index) === snapshot.term,
      () => `the log from ${start.index} to ${this.log.lastIndex} continues the snapshot ${snapshot.index}`,
    );
  }

  get voters(): VoterSet {
    return this.history.current;
  }

  get isVoter(): boolean {
    return voterOf(this.voters, this.self) !== undefined;
  }

  get isWriting(): boolean {
    return this.#write !== undefined;
  }

  /** The leader's role. Only rules for leaders ask. */
  get leader(): LeaderRole {
    assert(this.role.kind === 'leader', 'this replica leads');
    return this.role;
  }

  become(role: Role): void {
    const before = this.role;
    const allowed: readonly Role['kind'][] = transitions[before.kind];
    assert(allowed.includes(role.kind), () => `${before.kind} does not become ${role.kind}`);
    this.role = role;
  }

  announce(state: LeadershipState): void {
    this.effects.push({ kind: 'leadership', state });
  }

  /** Sends at once: says nothing that a crash could make untrue. */
  send(to: ReplicaKey, message: RaftMessage): void {
    this.effects.push({ kind: 'send', to, message });
  }

  /** Sends when everything asked to be written so far is durable, this step's write included. */
  sendAfterWrites(to: ReplicaKey, message: RaftMessage): void {
    this.#sendAfter(this.#lastToken, to, message);
  }

  /** Sends when the term is durable: whoever answers in a term must never go back behind it. */
  sendAfterTerm(to: ReplicaKey, message: RaftMessage): void {
    this.#sendAfter(this.#hardStateToken, to, message);
  }

  #sendAfter(token: number, to: ReplicaKey, message: RaftMessage): void {
    if (token <= this.#durableToken) this.send(to, message);
    else this.effects.push({ kind: 'send', to, message, after: token });
  }

  /** The token of this step's write, for whoever must know when it is durable. */
  writeHardState(): number {
    const write = this.#beginWrite();
    write.hardState = { term: this.term, votedFor: this.votedFor };
    this.#hardStateToken = this.#lastToken;
    return this.#lastToken;
  }

  /** Puts an entry at the end of the log. */
  appendEntry(entry: LogEntry): void {
    this.log.append(entry);
    this.#beginWrite().entries.push(entry);
  }

  /** Another leader's log goes on differently from `index` on: what stands there is overridden. */
  truncate(index: number): void {
    assert(
      index > this.commitIndex,
      () => `entry ${index} is not committed (commit index ${this.commitIndex})`,
    );
    assert(index > this.verifiedIndex, () => `entry ${index} was not seen in this term's leader's log`);
    this.#beginWrite();
    const first = this.isDurable(this.#overriding.token) ? index : Math.min(index, this.#overriding.index);
    this.#overriding = { token: this.#lastToken, index: first };
    this.log.truncate(index);
    this.durableIndex = Math.min(this.durableIndex, index - 1);
    if (this.history.truncate(index)) this.writeVoters();
  }

  writeVoters(): void {
    this.#beginWrite().voters = encodeVoterSet(this.voters);
  }

  writeStart(start: LogPosition): void {
    this.#beginWrite().start = start;
  }

  /** Returns what this step's write is to be; undefined when it has none. */
  takeWrite(): { readonly token: number; readonly write: RaftWrite } | undefined {
    const write = this.#write;
    if (write === undefined) return undefined;
    this.#write = undefined;
    const { entries, ...rest } = write;
    return { token: this.#lastToken, write: entries.length === 0 ? rest : { ...rest, entries } };
  }

  /**
   * Writes complete in order. The entries count only as far as the log still has what was written, and as no later write
   * overrides them: what was overridden and has come back since is durable with the write that brings it back.
   */
  durable(token: number, position: LogPosition): void {
    this.#durableToken = Math.max(this.#durableToken, token);
    if (this.log.term(position.index) !== position.term) return;
    const isOverridden = !this.isDurable(this.#overriding.token);
    const index = isOverridden ? Math.min(position.index, this.#overriding.index - 1) : position.index;
    this.durableIndex = Math.max(this.durableIndex, index);
  }

  isDurable(token: number): boolean {
    return token <= this.#durableToken;
  }

  /** Moves the commit index; never back. True: it moved. */
  commit(index: number): boolean {
    if (index <= this.commitIndex) return false;
    assert(
      index <= this.log.lastIndex,
      () => `entry ${index} is in the log, which ends at ${this.log.lastIndex}`,
    );
    this.commitIndex = index;
    this.effects.push({ kind: 'committed', index });
    return true;
  }

  #beginWrite(): WriteUnderWay {
    if (this.#write === undefined) {
      this.#write = { entries: [] };
      this.#lastToken += 1;
    }
    return this.#write;
  }
}
