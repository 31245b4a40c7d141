import { SeededRandom, silentLogger } from '@kafkaesque/kernel';
import type { QuorumListener } from '@kafkaesque/metadata';
import { encodeVoterSet } from '@kafkaesque/protocol';
import type { RaftInput } from '@kafkaesque/raft';
import { Scheduler, SimulatedDisk, VirtualClock } from '@kafkaesque/sim';
import { readSnapshotPart, writeSnapshot } from '@kafkaesque/storage';
import { Snapshots } from './snapshots';

const neverAsked: QuorumListener = {
  committed: () => undefined,
  restore: () => {
    throw new Error('nothing is restored');
  },
  leadership: () => undefined,
  snapshot: () => ({ offset: 0, epoch: 0, chunks: [] }),
};

/** The snapshots of one member, and the files that another one has for it. */
class Scene {
  readonly scheduler = new Scheduler();
  readonly inputs: RaftInput[] = [];
  readonly failed: string[] = [];
  readonly machine = new SimulatedDisk({
    random: new SeededRandom(1, 'snapshots'),
    scheduler: this.scheduler,
    directories: ['/here', '/there'],
  });
  readonly disk = this.machine.mount();
  readonly snapshots = new Snapshots({
    place: { disk: this.disk, directory: '/here', clusterId: 'cluster' },
    clock: new VirtualClock({ scheduler: this.scheduler }),
    logger: silentLogger,
    listener: neverAsked,
    configuredVoters: [],
    input: (input) => this.inputs.push(input),
    failed: (what) => this.failed.push(what),
  });

  /** The bytes of a snapshot as another member has them. */
  async file(index: number): Promise<Buffer> {
    const place = { disk: this.disk, directory: '/there', clusterId: 'cluster' };
    const voters = encodeVoterSet([]);
    await writeSnapshot(place, { index, term: 1, voters, chunks: [Buffer.alloc(100, index)] });
    const part = await readSnapshotPart(place, { index, term: 1 }, 0, 1 << 20);
    return part!.bytes;
  }

  kinds(): readonly string[] {
    return this.inputs.map((input) => ('index' in input ? `${input.kind} ${input.index}` : input.kind));
  }

  pass(): Promise<unknown> {
    return this.scheduler.run({ untilMs: this.scheduler.nowMs + 10_000 });
  }
}

describe('snapshots that come in', () => {
  test('are received also while the one before them is being verified', async () => {
    const scene = new Scene();
    const { snapshots, scheduler } = scene;
    const first = await scheduler.settle(scene.file(10));
    const second = await scheduler.settle(scene.file(20));
    snapshots.begin({ index: 10, term: 1 });
    snapshots.store({ index: 10, term: 1 }, 0, first, true);
    await scheduler.run({ until: () => scene.kinds().includes('chunk-stored 10') });
    // Another leader offers another one, whose pieces come when the first is done.
    snapshots.abandon({ index: 10, term: 1 });
    snapshots.begin({ index: 20, term: 1 });
    await scene.pass();
    snapshots.store({ index: 20, term: 1 }, 0, second, true);
    await scene.pass();
    expect(scene.kinds().slice(-2)).toEqual(['chunk-stored 20', 'snapshot-stored 20']);
    expect(scene.failed).toEqual([]);
  });

  test('are received also when the one before them fails', async () => {
    const scene = new Scene();
    const { snapshots, scheduler } = scene;
    const first = await scheduler.settle(scene.file(10));
    const second = await scheduler.settle(scene.file(20));
    first.writeUInt8(first.readUInt8(60) ^ 1, 60);
    snapshots.begin({ index: 10, term: 1 });
    snapshots.store({ index: 10, term: 1 }, 0, first, true);
    await scheduler.run({ until: () => scene.kinds().includes('chunk-stored 10') });
    snapshots.abandon({ index: 10, term: 1 });
    snapshots.begin({ index: 20, term: 1 });
    await scene.pass();
    snapshots.store({ index: 20, term: 1 }, 0, second, true);
    await scene.pass();
    expect(scene.kinds()).toEqual([
      'chunk-stored 10',
      'snapshot-failed 10',
      'chunk-stored 20',
      'snapshot-stored 20',
    ]);
  });
});

describe('snapshots that are handed on', () => {
  test('leave piece by piece in the order in which they were asked for, whichever was read first', async () => {
    const scene = new Scene();
    const { snapshots, scheduler, machine } = scene;
    const place = { disk: scene.disk, directory: '/here', clusterId: 'cluster' };
    const chunks = [Buffer.alloc(2_000, 7)];
    await scheduler.settle(writeSnapshot(place, { index: 10, term: 1, voters: encodeVoterSet([]), chunks }));
    machine.faults = { ...machine.faults, slow: 0.5, slowMs: 100 };
    const asked = Array.from({ length: 20 }, (_, piece) => piece * 100);
    const left: number[] = [];
    for (const at of asked) void snapshots.part({ index: 10, term: 1 }, at, 100).then(() => left.push(at));
    await scene.pass();
    expect(left).toEqual(asked);
  });

  test('keep nobody waiting once they are gone', async () => {
    const scene = new Scene();
    const parts = [0, 100].map((at) => scene.snapshots.part({ index: 10, term: 1 }, at, 100));
    expect(await scene.scheduler.settle(Promise.all(parts))).toEqual([undefined, undefined]);
  });
});
