import { BufferPool, silentLogger, silentMetrics } from '@kafkaesque/kernel';
import type { AcceptChannel, Channel, MemberAddress } from '@kafkaesque/kernel';
import { channelCases } from '@kafkaesque/kernel/conformance';
import type { ChannelListener } from '@kafkaesque/kernel/conformance';
import { openWorld } from '@kafkaesque/server';
import type { World } from '@kafkaesque/server';
import { RequestMemory, ServingState, membersService } from '@kafkaesque/transport';
import type { MemberDialer } from '@kafkaesque/transport';
import { freePorts } from '../free-ports';
import { waitUntil } from '../waiting';
import type { CutPatience } from './cut-channel';
import { HeldWorld } from './held-world';
import { NetworkCuts } from './network-cuts';

const host = '127.0.0.1';

const pass = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const until = async (condition: () => boolean): Promise<void> => {
  await waitUntil(condition);
};

/** The sockets of a node, open for members. */
const listenAs = async (
  { listen, clock, acceptMembers }: World,
  accept: AcceptChannel,
  port = 0,
): Promise<ChannelListener> => {
  const services = async () => [await membersService(acceptMembers?.(accept) ?? accept)];
  const listener = await listen({
    ...{ name: 'CONTROLLER', host, port, maxRequestBytes: 1 << 20, clock, logger: silentLogger },
    pool: new BufferPool({ keptBytes: 0 }),
    memory: new RequestMemory({ limitBytes: 1 << 20 }),
    grpc: { serving: new ServingState(), services },
    onKafka: (connection) => connection.reset(),
  });
  return { address: { host, port: listener.port }, stop: () => listener.close() };
};

/** Two nodes, of which the first dials and the second listens. */
interface Pair {
  readonly cuts: NetworkCuts;
  readonly first: HeldWorld;
  readonly second: HeldWorld;
  readonly dialer: MemberDialer;
  readonly vacantAddress: MemberAddress;
}

const withPair = async (use: (pair: Pair) => Promise<void>, patience?: CutPatience): Promise<void> => {
  const inner = await openWorld({
    ...{ logger: silentLogger, metrics: silentMetrics, environment: {} },
    faults: { fault: () => undefined },
  });
  const cuts = new NetworkCuts(patience);
  const [first, second] = [new HeldWorld(1, inner, cuts), new HeldWorld(2, inner, cuts)];
  const [port = 0] = await freePorts(inner, 1);
  const dialer = first.world.dialMembers();
  await use({ cuts, first, second, dialer, vacantAddress: { host, port } });
  dialer.close();
};

describe('a channel between nodes that may be held and cut off keeps the promises of the port:', () => {
  test.each(channelCases)('$name', ({ run }) =>
    withPair(({ dialer, vacantAddress, second }) =>
      run({
        ...{ dialer, vacantAddress, until, settle: () => pass(30) },
        listen: (accept, address) => listenAs(second.world, accept, address?.port),
      }),
    ),
  );
});

/** What one side heard, as text; its end as `ended: kind`. */
const listenTo = (channel: Channel): readonly string[] => {
  const heard: string[] = [];
  channel.receive({
    message: (bytes) => heard.push(bytes.toString()),
    drained: () => undefined,
    ended: ({ kind }) => heard.push(`ended: ${kind}`),
  });
  return heard;
};

describe('of two nodes with a channel between them', () => {
  interface Sides {
    readonly pair: Pair;
    readonly dialled: Channel;
    readonly accepted: Channel;
    readonly atFirst: readonly string[];
    readonly atSecond: readonly string[];
    readonly dialAgain: () => Channel;
  }

  const withSides = (use: (sides: Sides) => Promise<void>, patience?: CutPatience): Promise<void> =>
    withPair(async (pair) => {
      const channels: { channel: Channel; heard: readonly string[] }[] = [];
      const listener = await listenAs(pair.second.world, (channel) =>
        channels.push({ channel, heard: listenTo(channel) }),
      );
      pair.cuts.register(2, listener.address.port);
      const dialAgain = (): Channel => pair.dialer.dial(listener.address);
      const dialled = dialAgain();
      const atFirst = listenTo(dialled);
      await until(() => channels.length > 0);
      const [accepted] = channels;
      if (accepted === undefined) throw new Error('nothing was accepted');
      await use({ pair, dialled, accepted: accepted.channel, atFirst, atSecond: accepted.heard, dialAgain });
      await listener.stop();
    }, patience);

  const say = (channel: Channel, text: string): boolean => channel.send(Buffer.from(text));

  test('one that stands still hears everything afterwards, in order', () =>
    withSides(async ({ pair, dialled, accepted, atFirst, atSecond }) => {
      pair.second.hold();
      for (const text of ['a', 'b', 'c']) say(dialled, text);
      say(accepted, 'from its last turn');
      await until(() => atFirst.length > 0);
      await pass(30);
      expect(atSecond).toEqual([]);
      pair.second.release();
      say(dialled, 'd');
      await until(() => atSecond.length === 4);
      expect(atSecond).toEqual(['a', 'b', 'c', 'd']);
    }));

  test('one that stands still hears of the end afterwards', () =>
    withSides(async ({ pair, dialled, atSecond }) => {
      pair.second.hold();
      say(dialled, 'a');
      await pass(20);
      dialled.reset();
      await pass(20);
      expect(atSecond).toEqual([]);
      pair.second.release();
      await until(() => atSecond.at(-1)?.startsWith('ended') === true);
    }));

  test('those that are cut off hear each other once the way is whole again', () =>
    withSides(async ({ pair, dialled, accepted, atFirst, atSecond }) => {
      pair.cuts.partition([[1], [2]]);
      expect(say(dialled, 'up')).toBe(false);
      say(accepted, 'down');
      expect(dialled.unsentBytes).toBe(2);
      await pass(50);
      expect([atFirst, atSecond]).toEqual([[], []]);
      pair.cuts.heal();
      await until(() => atFirst.length > 0 && atSecond.length > 0);
      expect([atFirst, atSecond]).toEqual([['down'], ['up']]);
      expect(dialled.unsentBytes).toBe(0);
    }));

  test('one that gives a channel up while it is cut off is not noticed before the way is whole again', () =>
    withSides(async ({ pair, dialled, atFirst, atSecond }) => {
      pair.cuts.partition([[1], [2]]);
      dialled.reset();
      await until(() => atFirst.length > 0);
      expect(atFirst).toEqual(['ended: closed']);
      await pass(30);
      expect(atSecond).toEqual([]);
      pair.cuts.heal();
      await until(() => atSecond.length > 0);
      expect(atSecond).toEqual(['ended: failed']);
    }));

  test('what is dialled while the way is cut comes up once it is whole again', () =>
    withSides(async ({ pair, dialAgain }) => {
      pair.cuts.partition([[1]]);
      const channel = dialAgain();
      const heard = listenTo(channel);
      say(channel, 'late');
      await pass(20);
      expect(heard).toEqual([]);
      pair.cuts.heal();
      await until(() => channel.unsentBytes === 0);
      expect(heard).toEqual([]);
      channel.reset();
    }));

  test('a silence that is too long ends the channel on both sides, and so does a dial that nobody answers', () =>
    withSides(
      async ({ pair, atFirst, atSecond, dialAgain }) => {
        pair.cuts.partition([[1], [2]]);
        const heard = listenTo(dialAgain());
        await until(() => atFirst.length > 0 && atSecond.length > 0 && heard.length > 0);
        expect([atFirst, atSecond, heard]).toEqual([['ended: failed'], ['ended: failed'], ['ended: failed']]);
      },
      { silenceMs: 500, dialMs: 300 },
    ));
});
