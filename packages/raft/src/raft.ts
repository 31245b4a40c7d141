import { assertNever } from '@kafkaesque/kernel';
import type { ReplicaKey, VoterSet } from '@kafkaesque/protocol';
import type { RaftInput, RaftOptions, RaftStep } from './contract';
import { Core } from './core';
import {
  becomeUnattached,
  campaign,
  countVote,
  electionDue,
  judgeVote,
  leaderGone,
  mayStand,
  ownVoteDurable,
  postponeElection,
} from './election';
import { refuseOldLeader, takeAppend } from './follower';
import {
  appendAnswered,
  appendOwn,
  broadcast,
  leaderWoken,
  maybeCommit,
  progressOf,
  sendEntries,
} from './leader';
import type { LogEntry, LogPosition } from './log';
import { entryTypes } from './log';
import { changeMembership, learnerFound, learnerLost } from './membership';
import type { RaftMessage } from './messages';
import { sameReplica } from './messages';
import { read } from './reads';
import type { Role } from './roles';
import {
  abandonFetch,
  chunkStored,
  fetchFailed,
  serveChunk,
  snapshotStored,
  snapshotTaken,
  snapshotWoken,
  takeChunk,
  takeOffer,
  trimLog,
} from './snapshot';
import { transfer } from './transfer';
import { voterOf } from './voters';

/** How far one replica is, as the leader knows it. Times are monotonic. */
export interface ReplicaStatus {
  readonly key: ReplicaKey;
  /** Durable there, and as the leader has it. */
  readonly matchIndex: number;
  readonly isVoter: boolean;
  readonly heardMs: number;
  readonly caughtUpMs: number;
}

/**
 * One replica of a Raft log (Ongaro and Ousterhout 2014; Ongaro's thesis) as a machine without input, output, time or
 * chance of its own. Every step says what is to be done; writes are never awaited, and what may not leave before a
 * write is durable says so.
 */
export class Raft {
  readonly #core: Core;

  constructor(options: RaftOptions) {
    this.#core = new Core(options);
  }

  get self(): ReplicaKey {
    return this.#core.self;
  }
  get term(): number {
    return this.#core.term;
  }
  get votedFor(): ReplicaKey | null {
    return this.#core.votedFor;
  }
  get roleKind(): Role['kind'] {
    return this.#core.role.kind;
  }
  /** The leader of this term, as far as it is known. */
  get leader(): ReplicaKey | undefined {
    const { role, self } = this.#core;
    return role.kind === 'leader' ? self : role.kind === 'follower' ? role.leader : undefined;
  }
  get commitIndex(): number {
    return this.#core.commitIndex;
  }
  get durableIndex(): number {
    return this.#core.durableIndex;
  }
  get lastIndex(): number {
    return this.#core.log.lastIndex;
  }
  get start(): LogPosition {
    return this.#core.log.start;
  }
  /** Of the newest durable snapshot. */
  get snapshotIndex(): number {
    return this.#core.snapshot.index;
  }
  /** The voters in force: those of the last voter set in the log, committed or not. */
  get voters(): VoterSet {
    return this.#core.voters;
  }
  /** Where the voters in force stand in the log. */
  get votersIndex(): number {
    return this.#core.history.currentIndex;
  }
  get isVoter(): boolean {
    return this.#core.isVoter;
  }
  /** Whether a leader takes no proposals because it is handing over. */
  get isTransferring(): boolean {
    const { role } = this.#core;
    return role.kind === 'leader' && role.transfer !== undefined;
  }
  /** Index of the first entry of a leader's term; it leads for others once that is committed. */
  get leaderStartIndex(): number | undefined {
    const { role } = this.#core;
    return role.kind === 'leader' ? role.startIndex : undefined;
  }

  /** Term of the entry at `index`, or of the log's start; undefined where the log does not reach. */
  termOf(index: number): number | undefined {
    return this.#core.log.term(index);
  }

  /** Entries in [from, upTo), at most `maxBytes` of them but at least one. */
  entries(from: number, upTo: number, maxBytes?: number): readonly LogEntry[] {
    return this.#core.log.slice(from, upTo, maxBytes);
  }

  /** The voters in force at a committed entry. */
  votersAt(index: number): VoterSet {
    return this.#core.history.at(index);
  }

  /** The other replicas, as this leader knows them; nothing where another leads. */
  replicas(): readonly ReplicaStatus[] {
    const { role, voters } = this.#core;
    if (role.kind !== 'leader') return [];
    return [...role.progress.values()].map(({ key, matchIndex, heardMs, caughtUpMs }) => ({
      key,
      matchIndex,
      isVoter: voterOf(voters, key) !== undefined,
      heardMs,
      caughtUpMs,
    }));
  }

  /** Begins: the only voter of a quorum stands for election at once, others wait for a leader. */
  begin(nowMs: number): RaftStep {
    const core = this.#core;
    core.nowMs = nowMs;
    postponeElection(core);
    if (core.isVoter && core.voters.length === 1) campaign(core, false);
    return this.#finish();
  }

  /** `nowMs` is monotonic. */
  step(input: RaftInput, nowMs: number): RaftStep {
    const core = this.#core;
    core.nowMs = nowMs;
    this.#take(input);
    return this.#finish();
  }

  #take(input: RaftInput): void {
    const core = this.#core;
    switch (input.kind) {
      case 'woken':
        return this.#woken();
      case 'received':
        return this.#received(input.from, input.message);
      case 'durable':
        core.durable(input.token, { index: input.lastIndex, term: input.term });
        ownVoteDurable(core);
        if (core.role.kind === 'leader') maybeCommit(core);
        return;
      case 'propose':
        if (core.role.kind !== 'leader' || core.role.transfer !== undefined) return;
        appendOwn(core, entryTypes.records, input.bytes);
        return broadcast(core, false);
      case 'read':
        return read(core, input.id);
      case 'peer-lost':
        return leaderGone(core, input.nodeId);
      case 'peer-found':
        return this.#peerFound(input.key);
      case 'learner-found':
        return learnerFound(core, input.key);
      case 'learner-lost':
        return learnerLost(core, input.key);
      case 'transfer':
        return transfer(core, input.to);
      case 'change-membership':
        return changeMembership(core, input);
      case 'snapshot-taken':
        return snapshotTaken(core, input);
      case 'trim':
        return trimLog(core);
      case 'chunk-stored':
        return chunkStored(core, input);
      case 'snapshot-stored':
        return snapshotStored(core, input);
      case 'snapshot-failed':
        return fetchFailed(core, input);
      default:
        return assertNever(input);
    }
  }

  #woken(): void {
    const core = this.#core;
    snapshotWoken(core);
    if (core.role.kind === 'leader') leaderWoken(core);
    else electionDue(core);
  }

  /** What was sent on a channel that has ended since is lost: the logs have to be compared again. */
  #peerFound(key: ReplicaKey): void {
    const core = this.#core;
    if (core.role.kind !== 'leader') return;
    const progress = progressOf(core, key);
    if (progress === undefined) return;
    if (progress.state === 'replicate') progress.probe(progress.matchIndex + 1);
    else progress.probeSent = false;
    sendEntries(core, progress, true);
  }

  #received(from: ReplicaKey, message: RaftMessage): void {
    const core = this.#core;
    switch (message.kind) {
      case 'QuorumVote':
        return judgeVote(core, from, message.value);
      case 'QuorumVoteAnswer':
        if (message.value.term > core.term) return becomeUnattached(core, message.value.term);
        return countVote(core, from, message.value);
      case 'QuorumAppend':
      case 'QuorumSnapshotOffer':
        return this.#fromLeader(from, message);
      case 'QuorumAppendAnswer':
        if (message.value.term > core.term) return becomeUnattached(core, message.value.term);
        return appendAnswered(core, from, message.value);
      case 'QuorumTimeoutNow':
        if (message.value.term !== core.term || !core.isVoter) return;
        if (core.role.kind === 'follower' && sameReplica(core.role.leader, from)) campaign(core, true);
        return;
      case 'QuorumSnapshotFetch':
        return serveChunk(core, from, message.value);
      case 'QuorumSnapshotChunk':
        return takeChunk(core, from, message.value);
      default:
        return assertNever(message);
    }
  }

  #fromLeader(
    from: ReplicaKey,
    message: Extract<RaftMessage, { readonly kind: 'QuorumAppend' | 'QuorumSnapshotOffer' }>,
  ): void {
    const core = this.#core;
    const { term } = message.value;
    if (term < core.term)
      return refuseOldLeader(core, from, message.kind === 'QuorumAppend' ? message.value.prevIndex : -1);
    if (term > core.term) becomeUnattached(core, term);
    if (core.fetch !== undefined && core.fetch.leader.nodeId !== from.nodeId) abandonFetch(core);
    if (message.kind === 'QuorumAppend') takeAppend(core, from, message.value);
    else takeOffer(core, from, message.value);
  }

  #finish(): RaftStep {
    const core = this.#core;
    const effects = core.effects;
    core.effects = [];
    const written = core.takeWrite();
    if (written !== undefined) {
      const { index, term } = core.log.last;
      effects.unshift({ kind: 'write', ...written, term, lastIndex: index });
    }
    return { effects, wakeAtMs: this.#wakeAtMs() };
  }

  #wakeAtMs(): number {
    const { role, fetch, electionDeadlineMs } = this.#core;
    const fetchAtMs = fetch?.deadlineMs ?? Infinity;
    if (role.kind !== 'leader')
      return Math.min(fetchAtMs, mayStand(this.#core) ? electionDeadlineMs : Infinity);
    const stage = role.membership?.stage;
    return Math.min(
      role.heartbeatAtMs,
      role.transfer?.deadlineMs ?? Infinity,
      stage?.kind === 'catching-up' ? stage.deadlineMs : Infinity,
    );
  }
}
