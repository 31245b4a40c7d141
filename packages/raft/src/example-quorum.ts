import { BrokerId, SeededRandom, assert } from '@kafkaesque/kernel';
import type { ReplicaKey, Voter, VoterSet } from '@kafkaesque/protocol';
import { decodeVoterSet, encodeVoterSet } from '@kafkaesque/protocol';
import type { HardState, RaftEffect, RaftInput, RaftSettings, RaftStep, RestoredReplica } from './contract';
import { defaultRaftSettings } from './contract';
import type { LogEntry, LogPosition } from './log';
import { RaftLog } from './log';
import type { RaftMessage } from './messages';
import { Raft } from './raft';

/** What a replica's disk holds. */
interface DurableImage {
  hardState: HardState;
  log: RaftLog;
  snapshot: LogPosition & { voters: VoterSet; sizeBytes: number };
  /** The newest snapshot's bytes. */
  file: Buffer;
}

/** A snapshot of these tests: the voters, and everything applied. */
const encodeSnapshot = (voters: VoterSet, applied: readonly LogEntry[]): Buffer =>
  Buffer.from(
    JSON.stringify({
      voters: encodeVoterSet(voters).toString('base64'),
      applied: applied.map(({ bytes, ...rest }) => ({ ...rest, bytes: bytes.toString('base64') })),
    }),
  );

const decodeSnapshot = (
  file: Buffer,
): { readonly voters: VoterSet; readonly applied: readonly LogEntry[] } => {
  const { voters, applied } = JSON.parse(file.toString()) as {
    voters: string;
    applied: (Omit<LogEntry, 'bytes'> & { bytes: string })[];
  };
  return {
    voters: decodeVoterSet(Buffer.from(voters, 'base64')),
    applied: applied.map(({ bytes, ...rest }) => ({ ...rest, bytes: Buffer.from(bytes, 'base64') })),
  };
};

/** One replica with its disk: writes become durable when the test says so, or at once. */
export class ExampleReplica {
  readonly key: ReplicaKey;
  raft: Raft;
  readonly disk: DurableImage;
  readonly committed: LogEntry[] = [];
  readonly effects: RaftEffect[] = [];
  wakeAtMs = Infinity;
  isUp = true;
  #writes: Extract<RaftEffect, { kind: 'write' }>[] = [];
  #held: Extract<RaftEffect, { kind: 'send' }>[] = [];
  #durableToken = 0;
  #incoming: Buffer[] = [];
  /** What the disk has to say about snapshots. */
  #said: RaftInput[] = [];

  constructor(key: ReplicaKey, voters: VoterSet, settings: RaftSettings, seed: number) {
    this.key = key;
    this.disk = {
      hardState: { term: 0, votedFor: null },
      log: new RaftLog({ index: 0, term: 0 }, []),
      snapshot: { index: 0, term: 0, voters, sizeBytes: 1 },
      file: Buffer.alloc(1),
    };
    this.raft = this.#boot(settings, seed);
  }

  get waitingWrites(): number {
    return this.#writes.length;
  }

  /** What was not durable is gone, and so is everything in memory. */
  restart(settings: RaftSettings, seed: number): void {
    this.#writes = [];
    this.#held = [];
    this.#durableToken = 0;
    this.#incoming = [];
    this.#said = [];
    this.committed.length = 0;
    if (this.disk.snapshot.index > 0) this.committed.push(...decodeSnapshot(this.disk.file).applied);
    this.raft = this.#boot(settings, seed);
    this.isUp = true;
  }

  take(step: RaftStep): void {
    this.wakeAtMs = step.wakeAtMs;
    for (const effect of step.effects) {
      this.effects.push(effect);
      if (effect.kind === 'write') this.#writes.push(effect);
      if (effect.kind === 'send') this.#held.push(effect);
      if (effect.kind === 'committed') this.#apply(effect.index);
      this.#takeSnapshotEffect(effect);
    }
  }

  #takeSnapshotEffect(effect: RaftEffect): void {
    if (effect.kind === 'serve-chunk') this.#serve(effect);
    else if (effect.kind === 'begin-snapshot') this.#incoming = [];
    else if (effect.kind === 'store-chunk') this.#store(effect);
    else if (effect.kind === 'restore') {
      const { applied } = decodeSnapshot(this.disk.file);
      this.committed.splice(0, Infinity, ...applied);
    }
  }

  #serve({ to, term, snapshot, position, maxBytes }: Extract<RaftEffect, { kind: 'serve-chunk' }>): void {
    const { file } = this.disk;
    const isThere = this.disk.snapshot.index === snapshot.index && this.disk.snapshot.term === snapshot.term;
    const message: RaftMessage = {
      kind: 'QuorumSnapshotChunk',
      value: {
        term,
        snapshotIndex: snapshot.index,
        snapshotTerm: snapshot.term,
        position,
        sizeBytes: isThere ? file.length : -1,
        bytes: isThere ? file.subarray(position, position + maxBytes) : Buffer.alloc(0),
      },
    };
    this.#held.push({ kind: 'send', to, message });
  }

  #store({ snapshot, position, bytes, isLast }: Extract<RaftEffect, { kind: 'store-chunk' }>): void {
    this.#incoming.push(bytes);
    this.#said.push({ kind: 'chunk-stored', ...snapshot, endPosition: position + bytes.length });
    if (!isLast) return;
    const file = Buffer.concat(this.#incoming);
    const { voters } = decodeSnapshot(file);
    this.disk.file = file;
    this.disk.snapshot = { ...snapshot, voters, sizeBytes: file.length };
    this.#said.push({ kind: 'snapshot-stored', ...snapshot, sizeBytes: file.length, voters });
  }

  /** What the disk has to say next about snapshots. */
  takeSaid(): RaftInput | undefined {
    return this.#said.shift();
  }

  /** A snapshot of what is applied reaches the disk. */
  takeSnapshot(): void {
    const last = this.committed.at(-1);
    assert(last !== undefined, 'something is applied');
    const voters = this.raft.votersAt(last.index);
    const { index, term } = last;
    this.disk.file = encodeSnapshot(voters, this.committed);
    this.disk.snapshot = { index, term, voters, sizeBytes: this.disk.file.length };
    this.#said.push({ kind: 'snapshot-taken', index, term, sizeBytes: this.disk.file.length });
  }

  /** The oldest write reaches the disk. */
  completeWrite(): Extract<RaftInput, { kind: 'durable' }> | undefined {
    const write = this.#writes.shift();
    if (write === undefined) return undefined;
    const { hardState, start, entries = [] } = write.write;
    if (hardState !== undefined) this.disk.hardState = hardState;
    if (start !== undefined) {
      if (this.disk.log.term(start.index) === start.term) this.disk.log.trim(start);
      else this.disk.log.reset(start);
    }
    for (const entry of entries) {
      if (entry.index <= this.disk.log.lastIndex) this.disk.log.truncate(entry.index);
      this.disk.log.append(entry);
    }
    this.#durableToken = write.token;
    return { kind: 'durable', token: write.token, term: write.term, lastIndex: write.lastIndex };
  }

  /** Messages that may leave now. */
  takeMessages(): readonly Extract<RaftEffect, { kind: 'send' }>[] {
    const ready = this.#held.filter(({ after = 0 }) => after <= this.#durableToken);
    this.#held = this.#held.filter(({ after = 0 }) => after > this.#durableToken);
    return ready;
  }

  #boot(settings: RaftSettings, seed: number): Raft {
    const { hardState, log, snapshot } = this.disk;
    // The process ended between a snapshot that came in and the word to the log that it starts behind it.
    if (log.term(snapshot.index) !== snapshot.term) log.reset(snapshot);
    const restored: RestoredReplica = {
      hardState,
      start: log.start,
      entries: log.slice(log.start.index + 1, log.lastIndex + 1),
      snapshot,
    };
    return new Raft({ self: this.key, settings, random: new SeededRandom(seed), restored });
  }

  #apply(index: number): void {
    for (let next = (this.committed.at(-1)?.index ?? this.raft.start.index) + 1; next <= index; next++) {
      const [entry] = this.raft.entries(next, next + 1);
      assert(entry !== undefined, () => `entry ${next} is there to be applied`);
      this.committed.push(entry);
    }
  }
}

/** A voter by its node id; its directory is told from that too. */
export const exampleVoter = (nodeId: number, disk = 'D'): Voter => ({
  nodeId: BrokerId(nodeId),
  directoryId: `${disk}${nodeId}`.padEnd(21, '0') + 'A',
  endpoints: [{ name: 'CONTROLLER', host: 'localhost', port: 9093 + nodeId }],
  kraftVersion: { min: 0, max: 1 },
});

const keyOf = ({ nodeId, directoryId }: Voter): ReplicaKey => ({ nodeId, directoryId });

/** One step that a replica took, and what came of it; without an input, its beginning. */
export interface TakenStep {
  readonly atMs: number;
  readonly replica: ExampleReplica;
  readonly input: RaftInput | undefined;
  readonly effects: readonly RaftEffect[];
}

/** A quorum without network or disk of its own: the test decides what arrives, and when writes are durable. */
export class ExampleQuorum {
  readonly replicas = new Map<number, ExampleReplica>();
  readonly settings: RaftSettings;
  nowMs = 0;
  /** Links that deliver nothing: `from>to`. */
  readonly cut = new Set<string>();
  /** Whether writes are durable as soon as they are asked for. */
  readonly slowDisks = new Set<number>();
  /** Messages on their way, in order. */
  readonly wire: { readonly from: ReplicaKey; readonly to: number; readonly message: RaftMessage }[] = [];
  /** Messages that get lost. */
  loses: ((message: RaftMessage, from: number, to: number) => boolean) | undefined;
  /** Told of every step. */
  watch: ((step: TakenStep) => void) | undefined;
  #seed: number;

  constructor(nodeIds: readonly number[], options: { seed?: number; settings?: Partial<RaftSettings> } = {}) {
    this.settings = { ...defaultRaftSettings, ...options.settings };
    this.#seed = options.seed ?? 1;
    const voters = nodeIds.map((nodeId) => exampleVoter(nodeId));
    for (const voter of voters) this.add(voter, voters);
  }

  /** Another replica; without voters it learns of them from the log. */
  add(voter: Voter, voters: VoterSet): ExampleReplica {
    const replica = new ExampleReplica(keyOf(voter), voters, this.settings, this.#seed * 1000 + voter.nodeId);
    this.replicas.set(voter.nodeId, replica);
    this.#took(replica, undefined, replica.raft.begin(this.nowMs));
    return replica;
  }

  node(nodeId: number): ExampleReplica {
    const replica = this.replicas.get(nodeId);
    assert(replica !== undefined, () => `there is a node ${nodeId}`);
    return replica;
  }

  get leaders(): readonly ExampleReplica[] {
    return [...this.replicas.values()].filter(({ isUp, raft }) => isUp && raft.roleKind === 'leader');
  }

  /** The only leader. */
  get leader(): ExampleReplica {
    const [leader, ...others] = this.leaders;
    assert(leader !== undefined && others.length === 0, () => `${this.leaders.length} replicas lead`);
    return leader;
  }

  input(nodeId: number, input: RaftInput): void {
    const replica = this.node(nodeId);
    this.#took(replica, input, replica.raft.step(input, this.nowMs));
  }

  #took(replica: ExampleReplica, input: RaftInput | undefined, step: RaftStep): void {
    replica.take(step);
    this.watch?.({ atMs: this.nowMs, replica, input, effects: step.effects });
  }

  crash(nodeId: number): void {
    this.node(nodeId).isUp = false;
  }

  restart(nodeId: number): void {
    this.#seed += 1;
    const replica = this.node(nodeId);
    replica.restart(this.settings, this.#seed * 1000 + nodeId);
    this.#took(replica, undefined, replica.raft.begin(this.nowMs));
  }

  isolate(nodeId: number): void {
    for (const other of this.replicas.keys()) {
      this.cut.add(`${nodeId}>${other}`);
      this.cut.add(`${other}>${nodeId}`);
    }
  }

  heal(): void {
    this.cut.clear();
  }

  /** Completes what may complete and delivers what may be delivered, until nothing happens any more at this time. */
  settle(): void {
    for (let busy = true; busy;) {
      busy = false;
      for (const replica of this.replicas.values()) if (replica.isUp) busy = this.#settleOne(replica) || busy;
      for (const { from, to, message } of this.wire.splice(0)) {
        const receiver = this.replicas.get(to);
        if (receiver?.isUp !== true || this.cut.has(`${from.nodeId}>${to}`)) continue;
        if (this.loses?.(message, from.nodeId, to) === true) continue;
        this.input(to, { kind: 'received', from, message });
        busy = true;
      }
    }
  }

  #settleOne(replica: ExampleReplica): boolean {
    let busy = false;
    while (!this.slowDisks.has(replica.key.nodeId)) {
      const durable = replica.completeWrite();
      if (durable === undefined) break;
      this.input(replica.key.nodeId, durable);
      busy = true;
    }
    for (let said = replica.takeSaid(); said !== undefined; said = replica.takeSaid()) {
      this.input(replica.key.nodeId, said);
      busy = true;
    }
    for (const { to, message } of replica.takeMessages()) {
      this.wire.push({ from: replica.key, to: to.nodeId, message });
      busy = true;
    }
    return busy;
  }

  /** Lets time pass from wake-up to wake-up. */
  run(forMs: number): void {
    const endMs = this.nowMs + forMs;
    for (;;) {
      this.settle();
      const running = [...this.replicas.values()].filter(({ isUp }) => isUp);
      const nextMs = Math.min(...running.map(({ wakeAtMs }) => wakeAtMs));
      if (nextMs > endMs) break;
      this.nowMs = Math.max(nextMs, this.nowMs);
      for (const replica of running)
        if (replica.wakeAtMs <= this.nowMs) this.input(replica.key.nodeId, { kind: 'woken' });
    }
    this.nowMs = endMs;
  }

  /** Proposes to the leader and lets everything settle; returns the entry's index. */
  propose(text: string): number {
    const { leader } = this;
    this.input(leader.key.nodeId, { kind: 'propose', bytes: Buffer.from(text) });
    const { lastIndex } = leader.raft;
    this.settle();
    return lastIndex;
  }

  /** What a replica has applied of what was proposed. */
  applied(nodeId: number): readonly string[] {
    return this.node(nodeId)
      .committed.filter(({ type }) => type === 0)
      .map(({ bytes }) => bytes.toString());
  }

  votersOf(nodeId: number): readonly number[] {
    return this.node(nodeId).raft.voters.map((voter) => voter.nodeId);
  }
}

/** The voter sets that a write says. */
export const votersIn = (effect: RaftEffect): readonly number[] | undefined =>
  effect.kind === 'write' && effect.write.voters !== undefined
    ? decodeVoterSet(effect.write.voters).map(({ nodeId }) => nodeId)
    : undefined;
