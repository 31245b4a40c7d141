import { decodeMemberMessage, encodeVoterSet, memberMessages } from '@kafkaesque/protocol';
import type { ReplicaKey, VoterSet } from '@kafkaesque/protocol';
import { entryTypes } from '@kafkaesque/raft';
import type { LogEntry, Raft, RaftInput, RaftStep } from '@kafkaesque/raft';
import type { ProcessLife } from '@kafkaesque/sim';
import { Violation } from '../../runner/suite';
import type { Committed } from './committed';
import type { DurableLog } from './durable-log';
import { Elections } from './elections';
import { checkVoterChange } from './membership';
import type { RaftWatcher } from './raft-steps';
import { WatchedRaft, keyOf } from './watched-raft';

/** What the oracle asks of the world. */
export interface OracleWorld {
  /** The process that runs on the disk of that name, if one does. */
  lifeOf(replica: string): ProcessLife | undefined;
  /** What the disk of that name holds for certain, or held when it was lost. */
  durableLogOf(replica: string): DurableLog | undefined;
  /** The disk in the machine of that name, now. */
  replicaOn(host: string): string | undefined;
  /** The scheduler's time, and how long a leader may go on without hearing a majority by it. */
  readonly nowMs: number;
  readonly longestSilenceMs: number;
  /** The disk that a voter means; one that is named without a directory is whatever its machine has. */
  replicaOf(voter: ReplicaKey): string;
}

/** First bytes of the frames that are looked at: those of messages that promise something. */
const promises = new Set(
  (['QuorumVote', 'QuorumVoteAnswer', 'QuorumAppendAnswer'] as const).map((kind) => memberMessages[kind].key),
);
/** Indexes stay below this in any run. */
const TERM_STRIDE = 2 ** 24;

/**
 * Sees everything: each step of each replica, each message that leaves, each byte that becomes durable. Remembers the
 * first `Violation` of the invariants R1 to R11 (docs/simulation.md), in the very step that breaks it.
 */
export class QuorumOracle implements RaftWatcher {
  readonly committed: Committed;
  readonly elections = new Elections();
  violation: Violation | undefined;
  /** For traces: told of every step of a living replica, before it is judged. */
  observe: ((raft: Raft, input: RaftInput | undefined, step: RaftStep) => void) | undefined;
  /** Told of every replica that comes to lead. */
  elected: ((nodeId: number) => void) | undefined;
  /** Entries committed, and entries that were in a log and have been overridden. */
  readonly counts = { overridden: 0, restores: 0, voterChanges: 0, reads: 0 };
  readonly #world: OracleWorld;
  readonly #watched = new Map<Raft, WatchedRaft>();
  /** By index and term: the hash over everything up to there. */
  readonly #chains = new Map<number, number>();
  /** By replica, the voters that its log ends with. */
  readonly #lastVoters = new Map<string, VoterSet>();
  /** What was acknowledged in this event. */
  readonly #acknowledged: {
    readonly watched: WatchedRaft;
    readonly matchIndex: number;
    readonly term: number;
  }[] = [];
  readonly #reads = new Map<Raft, Map<number, number>>();

  constructor(world: OracleWorld, committed: Committed) {
    this.#world = world;
    this.committed = committed;
  }

  /** Replicas that live, by identity. */
  living(): readonly WatchedRaft[] {
    for (const [raft, watched] of this.#watched) if (!watched.life.alive) this.#watched.delete(raft);
    return [...this.#watched.values()];
  }

  /** The voter sets that may be in force: committed, or at the end of a log that is left. */
  voterSets(): readonly VoterSet[] {
    return [this.committed.votersAt(this.committed.lastIndex), ...this.#lastVoters.values()];
  }

  /** A disk is gone, and its log with it. */
  forget(replica: string): void {
    this.#lastVoters.delete(replica);
  }

  /** The event is over, and all that it caused: a host lets answers go just before the machine hears of their write. */
  eventOver(): void {
    for (const { watched, matchIndex, term } of this.#acknowledged) {
      if (watched.term !== term || !watched.life.alive || !watched.willOverride(matchIndex)) continue;
      this.violation ??= new Violation(
        'R7 durable commit',
        `${watched.key} acknowledges entry ${matchIndex}, which a write on its way to the disk overrides`,
      );
    }
    this.#acknowledged.length = 0;
  }

  begins(raft: Raft): void {
    this.#check(() => this.#begins(raft));
  }

  steps(raft: Raft, input: RaftInput): void {
    if (input.kind !== 'read') return;
    let reads = this.#reads.get(raft);
    if (reads === undefined) this.#reads.set(raft, (reads = new Map<number, number>()));
    reads.set(input.id, this.committed.lastIndex);
  }

  stepped(raft: Raft, input: RaftInput | undefined, step: RaftStep): void {
    const watched = this.#watched.get(raft);
    if (watched?.life.alive !== true) return;
    this.observe?.(raft, input, step);
    this.#check(() => this.#stepped(watched, input, step));
  }

  /** A message leaves: what it promises must be durable. */
  sent(from: string, to: string, message: Buffer): void {
    if (!promises.has(message[0] as 16)) return;
    const replica = this.#world.replicaOn(from);
    const durable = replica === undefined ? undefined : this.#world.durableLogOf(replica);
    if (replica === undefined || durable === undefined) return;
    this.#check(() => this.#promised(replica, this.#world.replicaOn(to), durable, message));
  }

  #check(look: () => void): void {
    try {
      look();
    } catch (cause) {
      // The code under test goes on to the end of its step: who looks on does not interfere.
      this.violation ??=
        cause instanceof Violation ? cause : new Violation('the oracle itself', String(cause));
    }
  }

  #promised(replica: string, to: string | undefined, durable: DurableLog, bytes: Buffer): void {
    const message = decodeMemberMessage(bytes);
    if (message.kind === 'QuorumVote') {
      const { term, preVote } = message.value;
      if (!preVote) this.elections.voteSent(term, replica, replica, durable);
    } else if (message.kind === 'QuorumVoteAnswer') {
      const { term, preVote, granted } = message.value;
      if (granted && !preVote && to !== undefined) this.elections.answerSent(term, replica, to, durable);
    } else if (message.kind === 'QuorumAppendAnswer') {
      const { matchIndex, term } = message.value;
      if (durable.hardState.term < term)
        throw new Violation(
          'R2 terms are kept',
          `${replica} answers in term ${term}, its disk knows ${durable.hardState.term}`,
        );
      // An answer to an earlier term's leader may leave when the disk has more than it told of: what was appended, and
      // what this term's leader put in its place. No majority can be made of such answers: the logs had been compared
      // when this term's leader was elected.
      const watched = this.living().find(({ key }) => key === replica);
      if (watched?.term !== term) return;
      this.#acknowledged.push({ watched, matchIndex, term });
      if (!durable.has(matchIndex, watched.termAt(matchIndex) ?? 0))
        throw new Violation(
          'R7 durable commit',
          `${replica} acknowledges entry ${matchIndex}, its disk holds entries up to ${durable.lastIndex}, there of term ${durable.term(matchIndex) ?? 'none'}`,
        );
    }
  }

  #begins(raft: Raft): void {
    const key = keyOf(raft.self);
    const life = this.#world.lifeOf(key);
    if (life === undefined) return;
    const start = this.committed.at(raft.start.index);
    if (start === undefined || start.term !== raft.start.term)
      throw new Violation(
        'R9 snapshot',
        `${key} starts behind entry ${raft.start.index} of term ${raft.start.term}, which was never committed`,
      );
    // A disk that was formatted without voters knows of none until its log names some.
    const isUnnamed = raft.start.index === 0 && raft.voters.length === 0;
    const voters = isUnnamed ? [] : this.committed.votersAt(raft.start.index);
    const watched = new WatchedRaft(raft, life, start.chain, voters);
    this.#watched.set(raft, watched);
    this.#lastVoters.set(key, watched.voters);
    this.elections.restored(watched);
    for (let index = raft.start.index + 1; index <= raft.lastIndex; index++)
      this.#matches(watched, index, watched.termAt(index) ?? 0);
    for (let index = raft.start.index + 1; index <= raft.commitIndex; index++) this.#agrees(watched, index);
    if (!encodeVoterSet(raft.voters).equals(encodeVoterSet(watched.voters)))
      throw new Violation(
        'R9 snapshot',
        `${key} starts with the voters ${list(raft.voters)}; at the end of its log they are ${list(watched.voters)}`,
      );
  }

  #stepped(watched: WatchedRaft, input: RaftInput | undefined, { effects }: RaftStep): void {
    const { raft } = watched;
    const votersBefore = watched.voters;
    if (input?.kind === 'durable') watched.isWritten(input.token);
    if (input?.kind === 'received') this.#received(watched, input);
    if (input?.kind === 'woken') this.#woken(watched);
    if (input?.kind === 'snapshot-taken') this.#snapshotTaken(watched, input);
    if (input?.kind === 'snapshot-stored') this.#snapshotStored(watched, input);
    for (const effect of effects) {
      if (effect.kind === 'restore') this.#restored(watched, effect.snapshot.index, effect.snapshot.term);
      else if (effect.kind === 'write' && effect.write.entries !== undefined) {
        watched.writes(effect.token, effect.write.entries[0]?.index ?? Infinity);
        this.#appended(watched, effect.write.entries);
      } else if (effect.kind === 'readable') this.#readable(watched, effect.id, effect.index);
    }
    if (raft.roleKind !== watched.roleKind || raft.term !== watched.term) this.#roleChanged(watched);
    if (raft.commitIndex !== watched.commitIndex) this.#commits(watched, votersBefore);
    watched.roleKind = raft.roleKind;
    watched.term = raft.term;
    if (watched.voters !== votersBefore) {
      this.#lastVoters.set(watched.key, watched.voters);
      watched.leadsSinceMs = this.#world.nowMs;
    }
    if (raft.lastIndex !== watched.lastIndex)
      throw new Violation(
        'R4 log matching',
        `the log of ${watched.key} ends at ${raft.lastIndex}, and ${watched.lastIndex} was written`,
      );
  }

  /** R2: being asked for a pre-vote changes nothing. R13: a leader must have heard a majority lately. */
  #received(
    { key, raft, term, heardMs }: WatchedRaft,
    input: Extract<RaftInput, { kind: 'received' }>,
  ): void {
    heardMs.set(keyOf(input.from), this.#world.nowMs);
    const { kind, value } = input.message;
    if (kind === 'QuorumVote' && value.preVote && raft.term !== term)
      throw new Violation('R2 one vote', `a pre-vote takes ${key} from term ${term} to ${raft.term}`);
  }

  #woken({ key, raft, voters, heardMs, roleKind, leadsSinceMs }: WatchedRaft): void {
    if (raft.roleKind !== 'leader' || roleKind !== 'leader') return;
    const sinceMs = this.#world.nowMs - this.#world.longestSilenceMs;
    if (leadsSinceMs >= sinceMs) return;
    const heard = voters.filter((voter) => {
      const replica = this.#world.replicaOf(voter);
      return replica === key || (heardMs.get(replica) ?? 0) >= sinceMs;
    });
    if (heard.length * 2 > voters.length) return;
    throw new Violation(
      'R13 check-quorum',
      `${key} leads term ${raft.term} and has not heard a majority of ${list(voters)} for ${this.#world.longestSilenceMs} ms`,
    );
  }

  #roleChanged(watched: WatchedRaft): void {
    const { raft, key } = watched;
    if (raft.term < watched.term)
      throw new Violation('R2 terms are kept', `${key} went back from term ${watched.term} to ${raft.term}`);
    if (raft.roleKind === 'prospective' && raft.term !== watched.term)
      throw new Violation('R13 pre-vote', `${key} raises its term to ${raft.term} by asking for pre-votes`);
    if (raft.roleKind !== 'leader') return;
    watched.leadsSinceMs = this.#world.nowMs;
    this.elected?.(raft.self.nodeId);
    const durable = this.#world.durableLogOf(key);
    if (durable !== undefined) this.elections.voteSent(raft.term, key, key, durable);
    this.elections.leads(
      raft.term,
      key,
      watched.voters.map((voter) => this.#world.replicaOf(voter)),
    );
    // An election may be won late, when another has gone on in a higher term.
    const lastIndex = this.committed.lastBefore(raft.term);
    // What it has in a snapshot was compared when that was taken in.
    if (lastIndex <= watched.startIndex) return;
    const known = this.committed.at(lastIndex);
    if (watched.chain(lastIndex) !== known?.chain)
      throw new Violation(
        'R5 leader completeness',
        `${key} leads term ${raft.term} without entry ${lastIndex} of term ${known?.term ?? '?'}, which is committed; its log ends at ${raft.lastIndex}`,
      );
  }

  #appended(watched: WatchedRaft, entries: readonly LogEntry[]): void {
    const { raft, key } = watched;
    const [first] = entries;
    if (first === undefined) return;
    const overridden = watched.lastIndex - first.index + 1;
    if (overridden > 0) this.counts.overridden += overridden;
    if (
      overridden > 0 &&
      watched.roleKind === 'leader' &&
      raft.roleKind === 'leader' &&
      raft.term === watched.term
    )
      throw new Violation(
        'R3 leader append-only',
        `${key} leads term ${raft.term} and overrides its entry ${first.index}`,
      );
    if (first.index <= watched.commitIndex)
      throw new Violation(
        'R8 commit is for ever',
        `${key} overrides entry ${first.index} below its commit index ${watched.commitIndex}`,
      );
    for (const entry of entries) {
      if (entry.type === entryTypes.voters) this.counts.voterChanges += 1;
      const { voters, votersIndex } = watched;
      watched.put(entry);
      this.#matches(watched, entry.index, entry.term);
      if (entry.type === entryTypes.voters && raft.roleKind === 'leader' && entry.term === raft.term)
        checkVoterChange(watched, voters, votersIndex, watched.voters);
    }
  }

  /** R4: the same index and term means the same entries up to there, in all logs and for ever. */
  #matches(watched: WatchedRaft, index: number, term: number): void {
    const place = term * TERM_STRIDE + index;
    const chain = watched.chain(index) ?? 0;
    const known = this.#chains.get(place);
    if (known === undefined) this.#chains.set(place, chain);
    else if (known !== chain)
      throw new Violation(
        'R4 log matching',
        `entry ${index} of term ${term} on ${watched.key} follows other entries than elsewhere`,
      );
  }

  /** R6: what is committed here is what was committed anywhere. */
  #agrees(watched: WatchedRaft, index: number): void {
    const known = this.committed.at(index);
    if (watched.chain(index) === known?.chain) return;
    throw new Violation(
      'R6 state-machine safety',
      `entry ${index} is committed on ${watched.key} with term ${watched.termAt(index) ?? '?'}, elsewhere with ${known?.term ?? 'none'}`,
    );
  }

  #commits(watched: WatchedRaft, votersBefore: VoterSet): void {
    const { raft, key } = watched;
    const before = watched.commitIndex;
    if (raft.commitIndex < before)
      throw new Violation(
        'R8 commit is for ever',
        `${key} went back from commit index ${before} to ${raft.commitIndex}`,
      );
    watched.commitIndex = raft.commitIndex;
    for (let index = before + 1; index <= raft.commitIndex; index++) {
      if (index <= watched.startIndex) continue;
      if (index <= this.committed.lastIndex) this.#agrees(watched, index);
      else this.#commitsFirst(watched, index, votersBefore);
    }
  }

  /** R7, R8: the first to commit an entry is its leader, and a majority has the entry on disk. */
  #commitsFirst(watched: WatchedRaft, index: number, votersBefore: VoterSet): void {
    const { raft, key } = watched;
    const term = watched.termAt(index) ?? 0;
    if (watched.roleKind !== 'leader' && raft.roleKind !== 'leader')
      throw new Violation(
        'R7 durable commit',
        `${key} does not lead and commits entry ${index} before any leader`,
      );
    if (watched.termAt(raft.commitIndex) !== raft.term)
      throw new Violation(
        'R7 durable commit',
        `${key} commits entry ${raft.commitIndex} of term ${watched.termAt(raft.commitIndex) ?? '?'} by counting, in term ${raft.term}`,
      );
    const holders = (voters: VoterSet): number =>
      voters.filter((voter) => this.#holds(this.#world.replicaOf(voter), index, term)).length;
    const isMajority = (voters: VoterSet): boolean => holders(voters) * 2 > voters.length;
    if (!isMajority(watched.voters) && !isMajority(votersBefore))
      throw new Violation(
        'R7 durable commit',
        `${key} commits entry ${index} of term ${term}, which ${holders(watched.voters)} of ${list(watched.voters)} hold durably`,
      );
    const entry = raft.entries(index, index + 1)[0];
    if (entry === undefined)
      throw new Violation('R6 state-machine safety', `${key} commits entry ${index} and does not have it`);
    this.committed.append(entry, watched.chain(index) ?? 0, raft.term);
  }

  #holds(replica: string, index: number, term: number): boolean {
    if (this.#world.durableLogOf(replica)?.has(index, term) !== true) return false;
    const watched = this.living().find(({ key }) => key === replica);
    // What has come after its acknowledgement by an older leader is another matter.
    return watched === undefined || watched.termAt(index) !== term || !watched.willOverride(index);
  }

  #snapshotTaken(
    watched: WatchedRaft,
    { index, term }: Extract<RaftInput, { kind: 'snapshot-taken' }>,
  ): void {
    if (this.committed.at(index)?.term !== term || index > watched.commitIndex)
      throw new Violation(
        'R9 snapshot',
        `${watched.key} has a snapshot of entry ${index} of term ${term}, which is not committed here`,
      );
  }

  #snapshotStored(
    watched: WatchedRaft,
    { index, term, voters }: Extract<RaftInput, { kind: 'snapshot-stored' }>,
  ): void {
    if (this.committed.at(index)?.term !== term)
      throw new Violation(
        'R9 snapshot',
        `${watched.key} fetched a snapshot of entry ${index} of term ${term}, which was never committed`,
      );
    const expected = this.committed.votersAt(index);
    if (!encodeVoterSet(voters).equals(encodeVoterSet(expected)))
      throw new Violation(
        'R9 snapshot',
        `the snapshot of entry ${index} names the voters ${list(voters)}; they were ${list(expected)}`,
      );
  }

  #restored(watched: WatchedRaft, index: number, term: number): void {
    const { raft, key } = watched;
    if (raft.roleKind === 'leader')
      throw new Violation('R9 snapshot', `${key} leads and installs a snapshot`);
    this.counts.restores += 1;
    const continues = watched.termAt(index) === term;
    const chain = this.committed.at(index)?.chain ?? 0;
    watched.restart(index, term, chain, this.committed.votersAt(index), continues);
  }

  #readable(watched: WatchedRaft, id: number, index: number): void {
    const { raft, key } = watched;
    this.counts.reads += 1;
    const askedAt = this.#reads.get(raft)?.get(id) ?? 0;
    this.#reads.get(raft)?.delete(id);
    if (index < askedAt)
      throw new Violation(
        'R12 linearizable reads',
        `${key} reads at ${index}, and ${askedAt} was committed when it was asked`,
      );
  }
}

const list = (voters: VoterSet): string => voters.map(keyOf).join(', ') || 'nobody';
