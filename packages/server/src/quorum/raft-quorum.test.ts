import type { Random } from '@kafkaesque/kernel';
import { BrokerId, ProducerId, BrokerEpoch, SeededRandom, silentLogger } from '@kafkaesque/kernel';
import { casesOf } from '@kafkaesque/kernel/conformance';
import type {
  CommittedBatch,
  Leadership,
  MetadataRecord,
  QuorumListener,
  SnapshotSink,
  StateSnapshot,
} from '@kafkaesque/metadata';
import type { MemberMessage, ReplicaKey, Voter } from '@kafkaesque/protocol';
import { encodeVoterSet } from '@kafkaesque/protocol';
import { Scheduler, SimulatedDisk, VirtualClock } from '@kafkaesque/sim';
import { openRaftQuorum } from './open-replica';
import type { RaftQuorum, RaftQuorumOptions } from './raft-quorum';

type QuorumAppend = Extract<MemberMessage, { readonly kind: 'QuorumAppend' }>['value'];

const record = (name: string, value = 'x'): MetadataRecord => ({
  kind: 'ConfigRecord',
  value: { resourceType: 2, resourceName: 'topic', name, value },
});

/** Keeps what it is told as a list of names, and gives it back as a snapshot. */
class Follower implements QuorumListener {
  names: string[] = [];
  offset = 0;
  epoch = 0;
  readonly states: Leadership[] = [];

  committed(batches: readonly CommittedBatch[]): void {
    for (const { offset, epoch, records } of batches) {
      expect(offset).toBe(this.offset + 1);
      this.offset = offset;
      this.epoch = epoch;
      this.#add(records);
    }
  }

  restore(offset: number, epoch: number): SnapshotSink {
    this.names = [];
    return {
      records: (chunk) => {
        this.#add(chunk);
      },
      finish: () => {
        this.offset = offset;
        this.epoch = epoch;
        return [];
      },
    };
  }

  leadership(state: Leadership): void {
    this.states.push(state);
  }

  snapshot(): StateSnapshot {
    const { offset, epoch, names } = this;
    return { offset, epoch, chunks: names.map((name) => [record(name)]) };
  }

  #add(records: readonly MetadataRecord[]): void {
    for (const one of records) if (one.kind === 'ConfigRecord') this.names.push(one.value.name);
  }
}

const CRASHING_SEEDS = casesOf(8, 30);
const SELF = { nodeId: BrokerId(1), directoryId: 'D'.repeat(21) + 'A' };

class World {
  readonly random: Random;
  readonly scheduler = new Scheduler();
  readonly machine: SimulatedDisk;
  readonly faults: string[] = [];
  clock = new VirtualClock({ scheduler: this.scheduler });

  constructor(seed = 1) {
    this.random = new SeededRandom(seed, 'single voter');
    this.machine = new SimulatedDisk({
      random: this.random.fork('disk'),
      scheduler: this.scheduler,
      directories: ['/data'],
    });
  }

  options(listener: QuorumListener): RaftQuorumOptions {
    return {
      disk: this.machine.mount(),
      directory: '/data/metadata',
      clock: this.clock,
      random: this.random.fork('salt'),
      logger: silentLogger,
      faults: { fault: (what) => this.faults.push(what) },
      clusterId: 'cluster',
      self: SELF,
      configuredVoters: [{ ...SELF, endpoints: [], kraftVersion: { min: 0, max: 1 } }],
      send: () => undefined,
      listener,
    };
  }

  /** Opens and waits until it leads. */
  async start(listener: QuorumListener, options: Partial<RaftQuorumOptions> = {}): Promise<RaftQuorum> {
    const quorum = await openRaftQuorum({ ...this.options(listener), ...options });
    quorum.begin();
    while (quorum.leadership.kind !== 'leader' && this.faults.length === 0)
      await new Promise<void>((resolve) => {
        this.clock.wakeAt(this.clock.monotonicMs() + 1, resolve);
      });
    return quorum;
  }

  open(listener: QuorumListener, options: Partial<RaftQuorumOptions> = {}): Promise<RaftQuorum> {
    return this.scheduler.settle(this.start(listener, options));
  }

  crash(kind: 'power' | 'kill'): void {
    this.clock.stop();
    this.machine.crash(kind);
    this.clock = new VirtualClock({ scheduler: this.scheduler });
  }

  snapshotCount(): number {
    return this.machine.files().filter(({ path }) => path.endsWith('.checkpoint')).length;
  }
}

const propose = (quorum: RaftQuorum, ...names: string[]): Promise<unknown> => {
  const proposal = quorum.propose(
    names.map((name) => record(name)),
    quorum.leadership.epoch,
  );
  if (proposal.kind === 'refused') throw new Error(proposal.reason);
  return proposal.outcome;
};

describe('a quorum of one voter', () => {
  test('leads from the start, in a higher term each time', async () => {
    const world = new World();
    const epochs: number[] = [];
    for (let start = 0; start < 3; start++) {
      const listener = new Follower();
      const quorum = await world.open(listener);
      epochs.push(quorum.leadership.epoch);
      expect(listener.states).toEqual([quorum.leadership]);
      await world.scheduler.settle(quorum.close());
      expect(listener.states.at(-1)?.kind).toBe('closed');
    }
    expect(epochs).toEqual([1, 2, 3]);
  });

  test('delivers a batch when it is durable, before the proposal resolves', async () => {
    const world = new World();
    const listener = new Follower();
    const quorum = await world.open(listener);
    const offset = quorum.nextOffset;
    const outcome = propose(quorum, 'a', 'b');
    expect(quorum.nextOffset).toBe(offset + 1);
    expect(listener.names).toEqual([]);
    const seen = outcome.then(() => listener.names.join());
    await expect(world.scheduler.settle(outcome)).resolves.toEqual({ kind: 'committed', offset });
    await expect(seen).resolves.toBe('a,b');
    await world.scheduler.settle(quorum.close());
  });

  test('refuses proposals of another term, and batches beyond 8 MiB', async () => {
    const world = new World();
    const quorum = await world.open(new Follower());
    expect(quorum.propose([record('a')], quorum.leadership.epoch - 1)).toEqual({
      kind: 'refused',
      reason: 'not-leader',
    });
    const large = Array.from({ length: 300 }, (_, i) => record(`large ${i}`, 'x'.repeat(32_000)));
    expect(quorum.propose(large, quorum.leadership.epoch)).toEqual({ kind: 'refused', reason: 'too-large' });
    await world.scheduler.settle(quorum.close());
  });

  test('shows after a restart everything that was committed, in order', async () => {
    const world = new World();
    const first = await world.open(new Follower());
    for (const name of ['a', 'b', 'c']) void propose(first, name);
    await world.scheduler.settle(first.close());
    const listener = new Follower();
    const second = await world.open(listener);
    expect(listener.names).toEqual(['a', 'b', 'c']);
    expect(listener.offset).toBe(second.committedOffset);
    await world.scheduler.settle(second.close());
  });

  test('bounds its log by snapshots, and starts from them', async () => {
    const world = new World();
    const first = await world.open(new Follower(), { snapshotAfterBytes: 2000 });
    const names = Array.from({ length: 200 }, (_, i) => `name ${i}`);
    for (const name of names) await world.scheduler.settle(propose(first, name));
    await world.scheduler.settle(first.close());
    expect(world.snapshotCount()).toBe(2);
    const listener = new Follower();
    const restored = jest.spyOn(listener, 'restore');
    const second = await world.open(listener);
    expect(restored).toHaveBeenCalledTimes(1);
    expect(listener.names).toEqual(names);
    await world.scheduler.settle(second.close());
  });

  test('does not let files pile up over many starts', async () => {
    const world = new World();
    for (let start = 0; start < 40; start++) {
      const quorum = await world.open(new Follower());
      await world.scheduler.settle(propose(quorum, `start ${start}`));
      await world.scheduler.settle(quorum.close());
    }
    expect(world.machine.files().length).toBeLessThan(25);
    const listener = new Follower();
    await world.scheduler.settle((await world.open(listener)).close());
    expect(listener.names).toHaveLength(40);
  });

  test('takes a snapshot once in a while, when there is something new', async () => {
    const world = new World();
    const quorum = await world.open(new Follower(), { snapshotIntervalMs: 1000 });
    await world.scheduler.settle(propose(quorum, 'a'));
    await world.scheduler.run({ untilMs: 10_000 });
    expect(world.snapshotCount()).toBe(1);
    await world.scheduler.settle(quorum.close());
  });

  test('calls a proposal unknown and gives up the lead when the disk fails', async () => {
    const world = new World();
    const listener = new Follower();
    const quorum = await world.open(listener);
    world.machine.faults = { ...world.machine.faults, syncError: 1 };
    await expect(world.scheduler.settle(propose(quorum, 'a'))).resolves.toMatchObject({ kind: 'unknown' });
    expect(quorum.leadership.kind).toBe('unattached');
    expect(world.faults).toHaveLength(1);
    expect(quorum.propose([record('b')], 1)).toEqual({ kind: 'refused', reason: 'not-leader' });
    await expect(quorum.readBarrier()).rejects.toMatchObject({ code: 'NOT_LEADER' });
    await world.scheduler.settle(quorum.close());
  });

  test('refuses to start when a snapshot that it needs is damaged', async () => {
    const world = new World();
    const quorum = await world.open(new Follower(), { snapshotAfterBytes: 100 });
    for (let i = 0; i < 20; i++) await world.scheduler.settle(propose(quorum, `name ${i}`));
    await world.scheduler.settle(quorum.close());
    for (const { path } of world.machine.files())
      if (path.endsWith('.checkpoint')) world.machine.flip(path, 60);
    await expect(world.open(new Follower())).rejects.toMatchObject({ code: 'CORRUPT_SNAPSHOT' });
  });

  test(`has what it committed after any crash, also in the middle of snapshots and of starts (${CRASHING_SEEDS} seeds)`, async () => {
    for (let seed = 1; seed <= CRASHING_SEEDS; seed++) {
      const world = new World(seed);
      const acknowledged: string[] = [];
      const proposed: string[] = [];
      for (let life = 0; life < 10; life++) {
        const listener = new Follower();
        const opening = world.start(listener, { snapshotAfterBytes: 400 });
        const living = opening.then(async (quorum) => {
          expect(proposed.slice(0, listener.names.length)).toEqual(listener.names);
          expect(listener.names.slice(0, acknowledged.length)).toEqual(acknowledged);
          acknowledged.splice(0, Infinity, ...listener.names);
          proposed.splice(0, Infinity, ...listener.names);
          for (let i = 0; ; i++) {
            const name = `${life}.${i}`;
            proposed.push(name);
            const done = propose(quorum, name).then(() => acknowledged.push(name));
            if (world.random.below(3) > 0) await done;
          }
        });
        let failure: unknown;
        living.catch((cause: unknown) => (failure = cause));
        await world.scheduler.run({ maximumEvents: world.random.below(300) });
        if (failure !== undefined) throw new Error(`SEED=${seed}`, { cause: failure });
        world.crash(world.random.below(2) === 0 ? 'power' : 'kill');
      }
    }
  }, 60_000);
});

test('voters that configuration names are where configuration says, whatever a snapshot says', async () => {
  const world = new World();
  const at = (host: string): Voter => ({
    nodeId: SELF.nodeId,
    directoryId: 'A'.repeat(22),
    endpoints: [{ name: 'CONTROLLER', host, port: 9093 }],
    kraftVersion: { min: 0, max: 1 },
  });
  const options = { configuredVoters: [at('old')], snapshotAfterBytes: 100 };
  const quorum = await world.open(new Follower(), options);
  for (let i = 0; i < 20; i++) await world.scheduler.settle(propose(quorum, `name ${i}`));
  await world.scheduler.settle(quorum.close());
  expect(world.snapshotCount()).toBeGreaterThan(0);
  const moved = await world.open(new Follower(), { ...options, configuredVoters: [at('new')] });
  expect(moved.voters).toEqual([at('new')]);
});

describe('a member that follows', () => {
  const voter = (nodeId: number) => ({
    nodeId: BrokerId(nodeId),
    directoryId: `D${nodeId}`.padEnd(21, 'D') + 'A',
    endpoints: [],
    kraftVersion: { min: 0, max: 1 },
  });
  const voters = [{ ...voter(1), directoryId: SELF.directoryId }, voter(2), voter(3)];
  const keyOf = ({ nodeId, directoryId }: Voter): ReplicaKey => ({ nodeId, directoryId });

  const following = async (listener: QuorumListener, options: Partial<RaftQuorumOptions> = {}) => {
    const world = new World();
    const quorum = await world.scheduler.settle(
      openRaftQuorum({ ...world.options(listener), configuredVoters: voters, ...options }),
    );
    quorum.begin();
    const hear = (leaderId: number, append: Partial<QuorumAppend> & { readonly term: number }): void => {
      const leader = keyOf(voter(leaderId));
      const value = { leader, prevIndex: 0, prevTerm: 0, commitIndex: 0, round: 1, entries: [], ...append };
      quorum.receive(leader, { kind: 'QuorumAppend', value });
    };
    const pass = (ms: number) => world.scheduler.run({ untilMs: world.scheduler.nowMs + ms });
    return { world, quorum, hear, pass };
  };

  test('applies what is committed in the very turn in which it has applied everything else', async () => {
    const listener = new Follower();
    const { hear, pass, world } = await following(listener);
    const entries = Array.from({ length: 300 }, () => ({ term: 1, type: 1, bytes: Buffer.alloc(0) }));
    const committed = jest.spyOn(listener, 'committed');
    committed.mockImplementation((batches) => {
      listener.offset = batches.at(-1)!.offset;
      if (listener.offset === 300)
        queueMicrotask(() =>
          hear(2, {
            ...{ term: 1, prevIndex: 300, prevTerm: 1, commitIndex: 301 },
            entries: entries.slice(0, 1),
          }),
        );
    });
    hear(2, { term: 1, entries, commitIndex: 300 });
    await pass(100);
    expect(listener.offset).toBe(301);
    expect(world.faults).toEqual([]);
  });

  test('says nothing more once a rule is broken, also not what waited for the disk', async () => {
    const send = jest.fn();
    const { hear, pass, world } = await following(new Follower(), { send });
    hear(2, { term: 1, entries: [{ term: 1, type: 1, bytes: Buffer.alloc(0) }] });
    // A second leader of one term.
    hear(3, { term: 1 });
    await pass(100);
    expect(world.faults).toEqual(['a rule of the metadata quorum is broken']);
    expect(send).not.toHaveBeenCalled();
  });

  test('tells of voters that another leader put in the place of others', async () => {
    const told: number[][] = [];
    const { hear } = await following(new Follower(), {
      votersChanged: (set) => told.push(set.map(({ nodeId }) => nodeId)),
    });
    const entry = (term: number, ...nodeIds: number[]) => ({
      ...{ term, type: 2 },
      bytes: encodeVoterSet(nodeIds.map((nodeId) => voters[nodeId - 1] ?? voter(nodeId))),
    });
    hear(2, { term: 1, entries: [entry(1, 1, 2, 3, 4)] });
    hear(3, { term: 2, entries: [entry(2, 1, 3)] });
    expect(told).toEqual([
      [1, 2, 3],
      [1, 2, 3, 4],
      [1, 3],
    ]);
  });
});

test('records of every kind that is applied travel through the log', async () => {
  const world = new World();
  const ids: MetadataRecord = {
    kind: 'ProducerIdsRecord',
    value: { brokerId: BrokerId(1), brokerEpoch: BrokerEpoch(3), nextProducerId: ProducerId(1000) },
  };
  const quorum = await world.open(new Follower());
  const proposal = quorum.propose([ids], quorum.leadership.epoch);
  await world.scheduler.settle(
    proposal.kind === 'appended' ? proposal.outcome : Promise.reject(new Error('refused')),
  );
  await world.scheduler.settle(quorum.close());
  const seen: MetadataRecord[] = [];
  const listener = new Follower();
  jest
    .spyOn(listener, 'committed')
    .mockImplementation((batches) => seen.push(...batches.flatMap(({ records }) => records)));
  await world.scheduler.settle((await world.open(listener)).close());
  expect(seen).toEqual([ids]);
});
