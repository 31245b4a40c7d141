import { SeededRandom } from '@kafkaesque/kernel';
import type { Channel, ChannelEnd } from '@kafkaesque/kernel';
import { casesOf } from '@kafkaesque/kernel/conformance';
import { Scheduler } from '../scheduler';
import { drawMessageFaults, drawNetworkFaults } from './faults';
import type { NetworkFaults } from './faults';
import { drawMajority, drawPartition } from './partitions';
import { SimulatedNetwork } from './simulated-network';

interface Heard {
  readonly channel: Channel;
  /** Numbers of the messages that came, with the time. */
  readonly numbers: number[];
  readonly atMs: number[];
  readonly ends: ChannelEnd['kind'][];
}

const FAR = { host: 'far', port: 9093 };
const numbered = (number: number, sizeBytes = 4): Buffer => {
  const message = Buffer.alloc(sizeBytes);
  message.writeUInt32BE(number);
  return message;
};

class World {
  readonly scheduler = new Scheduler();
  readonly network: SimulatedNetwork;
  readonly accepted: Heard[] = [];

  constructor(faults: Partial<NetworkFaults> = {}, seed = 1) {
    const random = new SeededRandom(seed);
    this.network = new SimulatedNetwork({ random, scheduler: this.scheduler, faults });
  }

  hear(channel: Channel): Heard {
    const heard: Heard = { channel, numbers: [], atMs: [], ends: [] };
    channel.receive({
      message: (bytes) => {
        heard.numbers.push(bytes.readUInt32BE(0));
        heard.atMs.push(this.scheduler.nowMs);
      },
      drained: () => undefined,
      ended: (end) => heard.ends.push(end.kind),
    });
    return heard;
  }

  serve(): void {
    const far = this.network.attach('far');
    far.listen(FAR.port, (channel) => this.accepted.push(this.hear(channel)));
  }

  /** A channel from near to far that is up. */
  async pair(): Promise<readonly [Heard, Heard]> {
    this.serve();
    const dialled = this.hear(this.network.attach('near').dial(FAR));
    await this.scheduler.run({ until: () => this.accepted.length > 0 });
    await this.pass(200);
    return [dialled, this.accepted[0]!];
  }

  async pass(ms: number): Promise<void> {
    await this.scheduler.run({ untilMs: this.scheduler.nowMs + ms });
  }
}

const range = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index);

describe('the simulated network', () => {
  test('delivers nothing over a cut link, ends nothing, and delivers all once it is mended', async () => {
    const world = new World({ keepAliveMs: Infinity });
    const [near, far] = await world.pair();
    near.channel.send(numbered(0));
    world.network.partition([['near'], ['far']]);
    for (const number of [1, 2, 3]) near.channel.send(numbered(number));
    far.channel.send(numbered(7));
    await world.pass(60_000);
    expect([far.numbers, near.numbers, near.ends, far.ends]).toEqual([[], [], [], []]);
    expect(world.network.counts.cuts).toBe(1);
    world.network.heal();
    await world.pass(100);
    expect([far.numbers, near.numbers]).toEqual([[0, 1, 2, 3], [7]]);
    expect(world.network.counts.heldMessages).toBe(5);
  });

  test('can be cut in one direction alone', async () => {
    const world = new World();
    const [near, far] = await world.pair();
    world.network.partition([['near'], ['far']], true);
    near.channel.send(numbered(1));
    far.channel.send(numbered(2));
    await world.pass(100);
    expect([far.numbers, near.numbers]).toEqual([[], [2]]);
    expect(world.network.counts.oneWayCuts).toBe(1);
  });

  test('gives a channel up after silence both ways or one, if it probes at all', async () => {
    const world = new World({ keepAliveMs: 1000 });
    const [near, far] = await world.pair();
    world.network.partition([['near'], ['far']], true);
    await world.pass(3000);
    expect([near.ends, far.ends]).toEqual([['failed'], ['failed']]);
  });

  test('holds everything while a link is clogged, and keeps the order', async () => {
    const world = new World({ delayMeanMs: 20, retransmitMs: 500 });
    const [near, far] = await world.pair();
    for (const number of range(50)) {
      near.channel.send(numbered(number));
      if (number % 10 === 3) world.network.clog('near', 'far', 30);
      await world.pass(5);
    }
    await world.pass(1000);
    expect(far.numbers).toEqual(range(50));
  });

  test('tells the other end when a process is killed, refuses dials, and lets the next process listen', async () => {
    const world = new World();
    const [near] = await world.pair();
    world.network.crash('far', 'kill');
    await world.pass(100);
    expect(near.ends).toEqual(['failed']);
    const again = world.hear(world.network.attach('other').dial(FAR));
    await world.pass(100);
    expect(again.ends).toEqual(['refused']);
    world.serve();
    const third = world.hear(world.network.attach('third').dial(FAR));
    third.channel.send(numbered(5));
    await world.pass(100);
    expect(world.accepted[1]?.numbers).toEqual([5]);
  });

  test('says nothing when a machine loses power; its successor resets what still comes', async () => {
    const world = new World({ keepAliveMs: Infinity });
    const [near] = await world.pair();
    world.network.crash('far', 'power');
    near.channel.send(numbered(1));
    await world.pass(60_000);
    const dialled = world.hear(world.network.attach('other').dial(FAR));
    await world.pass(10_000);
    expect([near.ends, dialled.ends]).toEqual([[], []]);
    expect(world.network.counts.halfOpenChannels).toBe(1);
    world.network.boot('far');
    await world.pass(1_500);
    expect([near.ends, dialled.ends]).toEqual([['failed'], ['refused']]);
  });

  test('gives up a dial that nobody answers', async () => {
    const world = new World();
    const dialled = world.hear(world.network.attach('near').dial({ host: 'nowhere', port: 1 }));
    dialled.channel.send(numbered(1));
    await world.pass(60_000);
    expect(dialled.ends).toEqual(['failed']);
    expect(world.network.counts.unansweredDials).toBe(1);
  });

  test('notices by probes that the other machine has forgotten the channel', async () => {
    const world = new World({ keepAliveMs: 5000 });
    const [near] = await world.pair();
    world.network.crash('far', 'power');
    world.network.boot('far');
    await world.pass(6000);
    expect(near.ends).toEqual(['failed']);
  });

  test('resets channels at its probability, and both ends hear of it', async () => {
    const world = new World({ reset: 0.02 });
    const [near, far] = await world.pair();
    for (const number of range(2000)) {
      near.channel.send(numbered(number));
      await world.pass(1);
    }
    expect([near.ends, far.ends]).toEqual([['failed'], ['failed']]);
    expect(far.numbers).toEqual(range(far.numbers.length));
    expect(world.network.counts.resets).toBe(1);
  });

  test('carries so many bytes a millisecond, and holds up the sender', async () => {
    const world = new World({ bytesPerMs: 100 });
    const [near, far] = await world.pair();
    const fromMs = world.scheduler.nowMs;
    for (const number of range(100)) near.channel.send(numbered(number, 1000));
    expect(near.channel.unsentBytes).toBe(99_000);
    expect(near.channel.send(numbered(100, 1000))).toBe(false);
    await world.scheduler.run({ until: () => far.numbers.length === 101 });
    expect(world.scheduler.nowMs - fromMs).toBeGreaterThan(1000);
    expect(world.network.counts.backPressure).toBeGreaterThan(0);
  });

  test('may deliver what an abandoned channel had sent after what its successor sends', async () => {
    const world = new World({ late: 1, lateMs: 10_000 });
    const [near, old] = await world.pair();
    near.channel.send(numbered(1));
    near.channel.reset();
    const next = world.network.attach('elsewhere').dial(FAR);
    next.receive({ message: () => undefined, drained: () => undefined, ended: () => undefined });
    next.send(numbered(2));
    await world.pass(30_000);
    expect([old.numbers, old.ends, world.accepted[1]?.numbers]).toEqual([[1], ['failed'], [2]]);
    expect(old.atMs[0]).toBeGreaterThan(world.accepted[1]?.atMs[0] ?? Infinity);
  });

  test('loses, repeats and reorders messages when it is asked to', async () => {
    const world = new World({ loss: 0.1, duplicate: 0.1, reorder: 0.1, lateMs: 1e9, delayMeanMs: 5 });
    const [near, far] = await world.pair();
    for (const number of range(1000)) {
      near.channel.send(numbered(number));
      await world.pass(0.5);
    }
    await world.pass(1000);
    const { lostMessages, duplicatedMessages, reorderedMessages } = world.network.counts;
    expect(Math.min(lostMessages, duplicatedMessages, reorderedMessages)).toBeGreaterThan(50);
    expect(far.numbers.length).toBe(1000 - lostMessages + duplicatedMessages);
    expect(new Set(far.numbers).size).toBe(1000 - lostMessages);
    expect(far.numbers).not.toEqual([...far.numbers].sort((a, b) => a - b));
  });

  test('heals a core, and leaves the others where they cannot reach it', async () => {
    const world = new World();
    await world.pair();
    world.network.attach('third');
    world.network.partition([['near'], ['far'], ['third']]);
    world.network.heal(new Set(['near', 'far']));
    await world.pass(100);
    const inside = world.hear(world.network.attach('inside').dial(FAR));
    const near = world.accepted.length;
    await world.pass(100);
    expect(world.accepted.length).toBe(near + 1);
    expect(inside.ends).toEqual([]);
  });

  test.each(Array.from({ length: casesOf(2, 8) }, (_, index) => index + 1))(
    'whatever happens, a channel brings a prefix of what was sent, seed %i',
    async (seed) => {
      const run = async (messageFaults: Partial<NetworkFaults>): Promise<string> => {
        const random = new SeededRandom(seed);
        const world = new World({ ...drawNetworkFaults(random), ...messageFaults }, seed);
        world.serve();
        let near = world.network.attach('near');
        for (let round = 0; round < 200; round++) {
          const dialled = world.hear(near.dial(FAR));
          for (let number = 0; number < random.below(60); number++) {
            dialled.channel.send(numbered(number, 4 + random.below(3000)));
            if (random.below(3) === 0) await world.pass(random.below(20));
          }
          const hosts = ['near', 'far', 'other'];
          const choice = random.below(10);
          if (choice === 0) {
            const { groups, oneWay } = drawPartition(random, hosts);
            world.network.partition(groups, oneWay);
          } else if (choice < 4) world.network.heal();
          else if (choice === 4) world.network.heal(new Set(drawMajority(random, hosts)));
          else if (choice === 5) {
            world.network.crash('near', random.below(2) === 0 ? 'kill' : 'power');
            await world.pass(random.below(3000));
            near = world.network.attach('near');
          } else if (choice === 6) dialled.channel.reset();
          else if (choice === 7) dialled.channel.close();
          await world.pass(random.below(200));
        }
        world.network.heal();
        await world.pass(60_000);
        if (Object.keys(messageFaults).length === 0)
          for (const heard of world.accepted) {
            expect(heard.numbers).toEqual(range(heard.numbers.length));
            expect(heard.ends.length).toBeLessThanOrEqual(1);
          }
        expect(world.accepted.length).toBeGreaterThan(20);
        return world.scheduler.trace.value;
      };
      expect(await run({})).toBe(await run({}));
      const faults = drawMessageFaults(new SeededRandom(seed));
      expect(await run(faults)).toBe(await run(faults));
    },
  );
});
