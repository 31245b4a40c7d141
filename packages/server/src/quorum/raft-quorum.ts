import type { BrokerId, CancelWake, Clock, Disk, FaultHandler, Logger, Random } from '@kafkaesque/kernel';
import { Failure, assert, assertNever } from '@kafkaesque/kernel';
import type {
  CommittedBatch,
  Leadership,
  MetadataRecord,
  Proposal,
  Quorum,
  QuorumListener,
} from '@kafkaesque/metadata';
import { MAX_BATCH_BYTES, decodeRecords, encodeRecords } from '@kafkaesque/metadata';
import type { MemberMessageDraft, ReplicaKey, VoterSet } from '@kafkaesque/protocol';
import type {
  LogEntry,
  MembershipChange,
  MembershipOutcome,
  RaftEffect,
  RaftInput,
  RaftMessage,
  RaftStep,
  ReplicaStatus,
} from '@kafkaesque/raft';
import { Raft, defaultRaftSettings, entryTypes } from '@kafkaesque/raft';
import type { RaftSettings } from '@kafkaesque/raft';
import type { WriteAheadLog } from '@kafkaesque/storage';
import { HeldSends } from './held-sends';
import type { OpenedReplica } from './open-replica';
import { Proposals } from './proposals';
import { Snapshots, rest, restoreState } from './snapshots';

/** Everything but where the log is and what was found in it. */
export interface RaftQuorumOptions {
  readonly disk: Disk;
  /** `<metadata.log.dir>/metadata`; its parent exists. */
  readonly directory: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Told when the log fails or a rule is broken: the process cannot go on. */
  readonly faults: FaultHandler;
  readonly clusterId: string;
  readonly self: ReplicaKey;
  readonly settings?: Partial<RaftSettings>;
  /** Voters that configuration names; for a member whose log and snapshots name none, or only by their node ids. */
  readonly configuredVoters?: VoterSet;
  readonly listener: QuorumListener;
  /** Sends to another member, if there is a channel to it. */
  readonly send: (to: ReplicaKey, message: MemberMessageDraft) => void;
  /** Told when other voters are in force, or at another place: whom to keep channels to. */
  readonly votersChanged?: (voters: VoterSet) => void;
  /** Told of every batch that was proposed here and is committed. */
  readonly committed?: (latencyMs: number, recordCount: number) => void;
  /** An offset known from elsewhere to have been committed; asked of a member that is alone. */
  readonly knownOffset?: number;
  /** Entries that make a snapshot worth its while (`metadata.log.max.record.bytes.between.snapshots`, 20 MiB). */
  readonly snapshotAfterBytes?: number;
  /** How often what is new since the last snapshot is worth one (`metadata.log.max.snapshot.interval.ms`, 1 hour). */
  readonly snapshotIntervalMs?: number;
  /** Asked when the disk has no room for metadata: true, to try again. Without it, the log has failed. */
  readonly outOfSpace?: () => Promise<boolean>;
}

const DEFAULT_SNAPSHOT_AFTER_BYTES = 20 * 1024 * 1024;
/** Every start begins a file; so many of them are worth a snapshot, however little is in them. */
const SNAPSHOT_AFTER_FILES = 16;
const DEFAULT_SNAPSHOT_INTERVAL_MS = 60 * 60 * 1000;
/** Work without a pause while entries are applied. */
const APPLY_ENTRIES = 256;
const APPLY_BYTES = 256 * 1024;

/** What may still happen to a member that is closing. */
const finishing: ReadonlySet<RaftInput['kind']> = new Set<RaftInput['kind']>([
  'durable',
  'snapshot-taken',
  'trim',
]);

const batchOf = ({ index, term, type, bytes }: LogEntry): CommittedBatch => ({
  offset: index,
  epoch: term,
  records: type === entryTypes.records ? decodeRecords(bytes) : [],
});

/** A read whose index is confirmed, until what is committed there has been delivered. */
interface WaitingRead {
  readonly offset: number;
  readonly resolve: () => void;
  readonly reject: (cause: unknown) => void;
}

/** How the quorum stands, as this member knows it. */
export interface QuorumStatus {
  readonly term: number;
  readonly leader: ReplicaKey | undefined;
  /** Kafka's word for it: leader, follower, candidate, prospective, unattached, or observer without a vote. */
  readonly role: string;
  readonly votedFor: ReplicaKey | null;
  readonly voters: VoterSet;
  readonly votersIndex: number;
  readonly commitIndex: number;
  readonly lastIndex: number;
  readonly durableIndex: number;
  /** Of a leader: the others. */
  readonly replicas: readonly ReplicaStatus[];
}

/** One member of the metadata quorum: the Raft machine with its log, its snapshots and its channels. */
export class RaftQuorum implements Quorum, AsyncDisposable {
  readonly #options: RaftQuorumOptions;
  readonly #raft: Raft;
  readonly #log: WriteAheadLog;
  readonly #snapshots: Snapshots;
  readonly #proposals: Proposals;
  readonly #held = new HeldSends();
  readonly #reads = new Map<
    number,
    { readonly resolve: (index: number) => void; readonly reject: (cause: unknown) => void }
  >();
  readonly #changes = new Map<number, (outcome: MembershipOutcome) => void>();
  #nextId = 1;
  #effects: RaftEffect[] = [];
  #isCarrying = false;
  #leadership: Leadership = { kind: 'unattached', epoch: 0 };
  /** Delivered to the listener. */
  #applied: number;
  /** Reads that wait for the listener to get there. */
  #waiting: WaitingRead[] = [];
  #isApplying = false;
  #restores: { readonly index: number; readonly term: number }[] = [];
  #bytesSinceSnapshot = 0;
  /** Those that the host was told of last. */
  #voters: VoterSet | undefined;
  #cancelWake: CancelWake | undefined;
  #wakeAtMs = Infinity;
  #cancelSnapshot: CancelWake | undefined;
  /** `failed`: nothing more is done. `closing`: what is on its way to the disk gets there. */
  #phase: 'open' | 'closing' | 'failed' = 'open';
  #closed: Promise<void> | undefined;

  constructor(options: RaftQuorumOptions, { log, restored, bytesSinceSnapshot }: OpenedReplica) {
    const { clock, logger, listener, disk, directory, clusterId, self, random } = options;
    this.#options = options;
    this.#log = log;
    this.#applied = restored.snapshot.index;
    this.#bytesSinceSnapshot = bytesSinceSnapshot;
    this.#proposals = new Proposals(clock, options.committed);
    this.#raft = new Raft({
      self,
      settings: { ...defaultRaftSettings, ...options.settings },
      random: random.fork('raft'),
      restored,
    });
    this.#snapshots = new Snapshots({
      place: { disk, directory, clusterId },
      clock,
      logger,
      listener,
      configuredVoters: options.configuredVoters ?? [],
      input: (input) => {
        this.input(input);
        if (input.kind === 'snapshot-taken' && this.#hasManyFiles) this.input({ kind: 'trim' });
      },
      failed: (what, cause) => this.#fail(what, cause),
    });
  }

  get leadership(): Leadership {
    return this.#leadership;
  }
  get nextOffset(): number {
    return this.#raft.lastIndex + 1;
  }
  get committedOffset(): number {
    return this.#applied;
  }
  get voters(): VoterSet {
    return this.#raft.voters;
  }
  get status(): QuorumStatus {
    const raft = this.#raft;
    return {
      term: raft.term,
      leader: raft.leader,
      role: raft.isVoter || raft.roleKind === 'leader' ? raft.roleKind : 'observer',
      votedFor: raft.votedFor,
      voters: raft.voters,
      votersIndex: raft.votersIndex,
      commitIndex: raft.commitIndex,
      lastIndex: raft.lastIndex,
      durableIndex: raft.durableIndex,
      replicas: raft.replicas(),
    };
  }

  /** Bytes that are in the log's files, and the number of those. */
  get logSize(): { readonly bytes: number; readonly files: number } {
    return { bytes: this.#log.sizeBytes, files: this.#log.fileCount };
  }

  /** Takes part from now on. */
  begin(): void {
    this.#carry(this.#raft.begin(this.#options.clock.monotonicMs()));
    if (this.#log.fileCount > SNAPSHOT_AFTER_FILES && this.#applied > this.#raft.start.index)
      this.takeSnapshot();
    this.#scheduleSnapshot();
  }

  propose(records: readonly MetadataRecord[], epoch: number): Proposal {
    const { kind } = this.#leadership;
    if (
      kind !== 'leader' ||
      this.#leadership.epoch !== epoch ||
      this.#phase !== 'open' ||
      this.#raft.isTransferring
    )
      return { kind: 'refused', reason: 'not-leader' };
    const bytes = encodeRecords(records);
    if (bytes.length > MAX_BATCH_BYTES) return { kind: 'refused', reason: 'too-large' };
    if (!this.#proposals.hasRoom) return { kind: 'refused', reason: 'too-many-in-flight' };
    const offset = this.nextOffset;
    this.input({ kind: 'propose', bytes });
    if (this.#raft.lastIndex < offset) return { kind: 'refused', reason: 'not-leader' };
    const outcome = this.#proposals.add({ offset, epoch, sizeBytes: bytes.length, count: records.length });
    return { kind: 'appended', offset, outcome };
  }

  async readBarrier(signal?: AbortSignal): Promise<number> {
    signal?.throwIfAborted();
    if (this.#phase !== 'open') throw notLeader();
    const id = this.#nextId++;
    const index = await new Promise<number>((resolve, reject) => {
      this.#reads.set(id, { resolve, reject });
      this.input({ kind: 'read', id });
    });
    if (index > this.#applied)
      await new Promise<void>((resolve, reject) => {
        this.#waiting.push({ offset: index, resolve, reject });
      });
    signal?.throwIfAborted();
    return Math.max(index, this.#applied);
  }

  /** Adds, removes or updates a voter; resolves with how that ended. */
  changeMembership(
    change: MembershipChange,
    { timeoutMs, answerWhenAppended }: { readonly timeoutMs: number; readonly answerWhenAppended: boolean },
  ): Promise<MembershipOutcome> {
    if (this.#phase !== 'open') return Promise.resolve('not-leader');
    const id = this.#nextId++;
    return new Promise((resolve) => {
      this.#changes.set(id, resolve);
      this.input({ kind: 'change-membership', id, change, timeoutMs, answerWhenAppended });
    });
  }

  /** Lets another voter lead, if this one does. */
  transfer(to?: BrokerId): void {
    this.input({ kind: 'transfer', to });
  }

  /** A message of the quorum has come from another member. */
  receive(from: ReplicaKey, message: RaftMessage): void {
    this.input({ kind: 'received', from, message });
  }

  /** Anything that happens to this member. */
  input(input: RaftInput): void {
    if (this.#phase !== 'open' && !(this.#phase === 'closing' && finishing.has(input.kind))) return;
    try {
      this.#carry(this.#raft.step(input, this.#options.clock.monotonicMs()));
    } catch (cause) {
      this.#fail('a rule of the metadata quorum is broken', cause);
    }
  }

  /** Entries of the log that are committed, for those who follow it. */
  committedEntries(from: number, maxBytes: number): readonly LogEntry[] {
    return this.#raft.entries(from, this.#raft.commitIndex + 1, maxBytes);
  }

  /** The entry before the first that `committedEntries` still has. */
  get startOffset(): number {
    return this.#raft.start.index;
  }

  /** Term of a committed entry; undefined where the log does not reach. */
  epochOf(offset: number): number | undefined {
    return this.#raft.termOf(offset);
  }

  get #hasManyFiles(): boolean {
    return this.#log.fileCount > SNAPSHOT_AFTER_FILES;
  }

  /** Writes the state as it is now, and then drops the log before it. */
  takeSnapshot(): void {
    if (
      this.#phase !== 'open' ||
      this.#restores.length > 0 ||
      this.#snapshots.isWriting ||
      this.#applied === 0
    )
      return;
    // A disk that was formatted without voters learns of them by the first entries: a snapshot before would name none.
    const voters = this.#raft.votersAt(this.#applied);
    if (voters.length === 0) return;
    this.#bytesSinceSnapshot = 0;
    this.#snapshots.take(voters);
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    const wasOpen = this.#phase === 'open';
    if (wasOpen) this.#phase = 'closing';
    this.#cancelSnapshot?.();
    this.#cancelWake?.();
    await this.#snapshots.settle();
    await this.#log.close();
    this.#forget();
    if (wasOpen) this.#lead({ kind: 'closed', epoch: this.#raft.term });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Carries effects out in order; what they cause meanwhile comes behind them. */
  #carry(step: RaftStep): void {
    this.#effects.push(...step.effects);
    this.#wake(step.wakeAtMs);
    if (this.#isCarrying) return;
    this.#isCarrying = true;
    try {
      for (let effect = this.#effects.shift(); effect !== undefined; effect = this.#effects.shift())
        if (this.#phase !== 'failed') this.#do(effect);
    } finally {
      this.#isCarrying = false;
    }
    // Another leader's set may stand at the same place as the one that it overrides.
    if (this.#raft.voters !== this.#voters) {
      this.#voters = this.#raft.voters;
      this.#options.votersChanged?.(this.#raft.voters);
    }
  }

  #do(effect: RaftEffect): void {
    switch (effect.kind) {
      case 'write':
        return this.#write(effect);
      case 'send':
        if (effect.after === undefined || this.#held.isDurable(effect.after))
          return this.#options.send(effect.to, effect.message);
        return this.#held.hold(effect.after, effect.to, effect.message);
      case 'committed':
        return this.#apply();
      case 'leadership':
        return this.#leadershipChanged(effect.state);
      case 'readable':
        this.#reads.get(effect.id)?.resolve(effect.index);
        this.#reads.delete(effect.id);
        return;
      case 'unreadable':
        this.#reads.get(effect.id)?.reject(notLeader());
        this.#reads.delete(effect.id);
        return;
      case 'membership':
        this.#changes.get(effect.id)?.(effect.outcome);
        this.#changes.delete(effect.id);
        return;
      case 'serve-chunk':
        void this.#serveChunk(effect);
        return;
      case 'begin-snapshot':
        return this.#snapshots.begin(effect.snapshot);
      case 'store-chunk':
        return this.#snapshots.store(effect.snapshot, effect.position, effect.bytes, effect.isLast);
      case 'abandon-snapshot':
        return this.#snapshots.abandon(effect.snapshot);
      case 'restore':
        this.#restores.push(effect.snapshot);
        return this.#apply();
      default:
        return assertNever(effect);
    }
  }

  #write({ token, write, term, lastIndex }: Extract<RaftEffect, { kind: 'write' }>): void {
    void this.#log.append(write).then(
      () => {
        if (this.#phase === 'failed') return;
        for (const { to, message } of this.#held.release(token)) this.#options.send(to, message);
        this.input({ kind: 'durable', token, term, lastIndex });
      },
      (cause: unknown) => {
        this.#fail(`the metadata log in ${this.#options.directory} failed`, cause);
      },
    );
  }

  async #serveChunk(effect: Extract<RaftEffect, { kind: 'serve-chunk' }>): Promise<void> {
    const { to, term, snapshot, position, maxBytes } = effect;
    const part = await this.#snapshots.part(snapshot, position, maxBytes);
    if (this.#phase !== 'open') return;
    this.#options.send(to, {
      kind: 'QuorumSnapshotChunk',
      value: {
        term,
        snapshotIndex: snapshot.index,
        snapshotTerm: snapshot.term,
        position,
        sizeBytes: part?.sizeBytes ?? -1,
        bytes: part?.bytes ?? Buffer.alloc(0),
      },
    });
  }

  #leadershipChanged(state: Extract<RaftEffect, { kind: 'leadership' }>['state']): void {
    // A leader shows itself when the first entry of its term has been delivered.
    if (state.kind === 'leader') return;
    this.#proposals.lose();
    this.#lead(
      state.kind === 'follower'
        ? { kind: 'follower', epoch: state.term, leader: state.leader.nodeId }
        : { kind: 'unattached', epoch: state.term },
    );
  }

  #lead(state: Leadership): void {
    this.#leadership = state;
    this.#options.listener.leadership(state);
  }

  /** Hands committed entries on, in pieces between which everything else has its turn. */
  #apply(): void {
    if (this.#isApplying) return;
    if (this.#restores.length === 0 && this.#deliver()) return;
    this.#isApplying = true;
    this.#applyAll().catch((cause: unknown) =>
      this.#fail(`applying metadata behind offset ${this.#applied}`, cause),
    );
  }

  /** What is committed while this is under way is its to apply; what comes in the turn in which it ends begins it anew. */
  async #applyAll(): Promise<void> {
    try {
      for (;;) {
        const restore = this.#restores[0];
        if (restore !== undefined) {
          const snapshot = this.#snapshots.takeReceived(restore);
          await restoreState(this.#options.listener, snapshot, this.#options.clock);
          this.#restores.shift();
          this.#appliedUpTo(Math.max(snapshot.index, this.#applied));
        } else if (this.#deliver()) return;
        await rest(this.#options.clock);
        if (this.#phase !== 'open') return;
      }
    } finally {
      this.#isApplying = false;
    }
  }

  /** Delivers one piece of what is committed. True: that was all. */
  #deliver(): boolean {
    const raft = this.#raft;
    const from = this.#applied + 1;
    const upTo = Math.min(from + APPLY_ENTRIES, raft.commitIndex + 1);
    const entries = raft.entries(from, upTo, APPLY_BYTES);
    const last = entries.at(-1);
    if (last === undefined) {
      assert(from > raft.commitIndex, () => `the log has entry ${from}`);
      return true;
    }
    for (const { bytes } of entries) this.#bytesSinceSnapshot += bytes.length;
    this.#options.listener.committed(entries.map(batchOf));
    this.#appliedUpTo(last.index);
    for (const entry of entries) this.#proposals.committed(entry.index, entry.term);
    const { snapshotAfterBytes = DEFAULT_SNAPSHOT_AFTER_BYTES } = this.#options;
    if (this.#bytesSinceSnapshot >= snapshotAfterBytes || this.#hasManyFiles) this.takeSnapshot();
    return last.index >= raft.commitIndex;
  }

  #appliedUpTo(offset: number): void {
    this.#applied = offset;
    const { leaderStartIndex, term } = this.#raft;
    if (leaderStartIndex !== undefined && leaderStartIndex <= offset && this.#leadership.kind !== 'leader')
      this.#lead({ kind: 'leader', epoch: term });
    if (this.#waiting.length === 0) return;
    for (const { resolve } of this.#waiting.filter((one) => one.offset <= offset)) resolve();
    this.#waiting = this.#waiting.filter((one) => one.offset > offset);
  }

  /** One timer; waiting input is handled before a timer that has expired. */
  #wake(atMs: number): void {
    if (atMs === this.#wakeAtMs && this.#cancelWake !== undefined) return;
    this.#cancelWake?.();
    this.#cancelWake = undefined;
    this.#wakeAtMs = atMs;
    if (atMs === Infinity || this.#phase !== 'open') return;
    const { clock } = this.#options;
    this.#cancelWake = clock.wakeAt(atMs, () => {
      this.#cancelWake = clock.wakeAt(clock.monotonicMs(), () => {
        this.#cancelWake = undefined;
        this.input({ kind: 'woken' });
      });
    });
  }

  #scheduleSnapshot(): void {
    const { clock, snapshotIntervalMs = DEFAULT_SNAPSHOT_INTERVAL_MS } = this.#options;
    this.#cancelSnapshot = clock.wakeAt(clock.monotonicMs() + snapshotIntervalMs, () => {
      if (this.#bytesSinceSnapshot > 0) this.takeSnapshot();
      this.#scheduleSnapshot();
    });
  }

  #forget(): void {
    this.#proposals.lose();
    for (const { reject } of this.#reads.values()) reject(notLeader());
    this.#reads.clear();
    for (const { reject } of this.#waiting.splice(0)) reject(notLeader());
    for (const resolve of this.#changes.values()) resolve('unknown');
    this.#changes.clear();
  }

  /** What is broken is not gone on with: nothing more is said to anybody. */
  #fail(what: string, cause: unknown): void {
    if (this.#phase !== 'open') return;
    this.#phase = 'failed';
    this.#cancelWake?.();
    this.#cancelSnapshot?.();
    this.#forget();
    this.#lead({ kind: 'unattached', epoch: this.#raft.term });
    this.#options.faults.fault(what, cause);
  }
}

const notLeader = (): Failure<'NOT_LEADER'> =>
  new Failure('NOT_LEADER', 'this node does not lead the metadata quorum', { retriable: true });
