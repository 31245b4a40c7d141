import { assert } from '../assert';
import { expectEnds, expectMessages, numbered, takePart, withPair } from './channel-world';
import type { ChannelPair, ChannelParty, ChannelWorld } from './channel-world';

/** One promise of the Channel port. `run` fails when the channels of `world` do not keep it. */
export interface ChannelCase {
  readonly name: string;
  readonly run: (world: ChannelWorld) => Promise<void>;
}

const promise = (name: string, run: ChannelCase['run']): ChannelCase => ({ name, run });

/** A promise that binds both sides alike: it is judged once with each of them as the one who acts. */
const mutual = (
  name: string,
  judge: (world: ChannelWorld, actor: ChannelParty, other: ChannelParty, pair: ChannelPair) => Promise<void>,
): readonly ChannelCase[] => [
  promise(`${name} (who dialled acts)`, (world) =>
    withPair(world, (pair) => judge(world, pair.dialled, pair.accepted, pair)),
  ),
  promise(`${name} (who accepted acts)`, (world) =>
    withPair(world, (pair) => judge(world, pair.accepted, pair.dialled, pair)),
  ),
];

const MIB = 1024 * 1024;
/** As large as an entry of the metadata log may be. */
const LARGEST_MESSAGE_BYTES = 8 * MIB;
/** More than the buffers on the way of any channel may take. */
const MOST_BYTES_UNDER_WAY = 64 * MIB;

const send = (party: ChannelParty, messages: readonly Buffer[]): void => {
  for (const message of messages) party.act((channel) => channel.send(message));
};

const sizes = (count: number, sizeOf: (index: number) => number): readonly Buffer[] =>
  Array.from({ length: count }, (_, index) => numbered(index, sizeOf(index)));

const delivery: readonly ChannelCase[] = [
  ...mutual('messages of all sizes arrive whole and in order', async (world, actor, other) => {
    const messages = [
      ...sizes(1000, (index) => (index * 37) % 211),
      Buffer.alloc(0),
      numbered(7, 1),
      numbered(1, LARGEST_MESSAGE_BYTES),
      Buffer.alloc(0),
      ...sizes(50, (index) => index * 3001),
    ];
    send(actor, messages);
    await world.until(() => other.messages.length >= messages.length);
    await world.settle();
    expectMessages(other, messages);
    expectMessages(actor, []);
    assert(actor.channel.unsentBytes === 0, 'what was received has left');
  }),
  promise('both sides send at once', (world) =>
    withPair(world, async ({ dialled, accepted }) => {
      const up = sizes(300, (index) => index * 101);
      const down = sizes(300, (index) => 30_000 - index * 99);
      for (let index = 0; index < 300; index++) {
        send(dialled, up.slice(index, index + 1));
        send(accepted, down.slice(index, index + 1));
      }
      await world.until(() => dialled.messages.length >= 300 && accepted.messages.length >= 300);
      expectMessages(accepted, up);
      expectMessages(dialled, down);
    }),
  ),
  promise('an answer may be sent from within a message', (world) =>
    withPair(
      world,
      async ({ dialled }) => {
        send(dialled, [numbered(1, 100)]);
        await world.until(() => dialled.messages.length >= 10);
      },
      (party) => {
        if (party.messages.length <= 10) party.channel.send(numbered(party.messages.length, 100));
      },
    ),
  ),
  promise('what is sent before the channel is up arrives, of either side', async (world) => {
    const messages = sizes(20, (index) => index * 1000);
    const greetings = sizes(5, () => 9);
    const parties: ChannelParty[] = [];
    const listener = await world.listen((channel) => {
      const party = takePart(channel);
      parties.push(party);
      send(party, greetings);
    });
    const dialled = takePart(world.dialer.dial(listener.address));
    send(dialled, messages);
    await world.until(() => dialled.messages.length >= 5 && (parties[0]?.messages.length ?? 0) >= 20);
    expectMessages(dialled, greetings);
    assert(parties.length === 1 && parties[0] !== undefined, 'one dial is accepted once');
    expectMessages(parties[0], messages);
    dialled.channel.reset();
    await listener.stop();
  }),
  ...mutual('bytes belong to each side alone once they have left', async (world, actor, other) => {
    const original = numbered(3, 5000);
    const reused = Buffer.from(original);
    send(actor, [reused, reused.subarray(10, 20)]);
    await world.until(() => actor.channel.unsentBytes === 0);
    reused.fill(0xee);
    await world.until(() => other.messages.length >= 2);
    expectMessages(other, [original, original.subarray(10, 20)]);
    for (const message of other.messages) message.fill(0xdd);
    assert(
      reused.every((byte) => byte === 0xee),
      'the receiver writes into bytes of its own',
    );
  }),
  promise('channels to one address know nothing of each other', async (world) => {
    const parties: ChannelParty[] = [];
    const listener = await world.listen((channel) => parties.push(takePart(channel)));
    const dialled = sizes(3, () => 8).map((name) => {
      const party = takePart(world.dialer.dial(listener.address));
      send(party, [name]);
      return party;
    });
    await world.until(() => parties.reduce((count, party) => count + party.messages.length, 0) === 3);
    const named = (index: number): ChannelParty => {
      const found = parties.find((party) => party.messages[0]?.readUInt32BE(0) === index);
      assert(found !== undefined, `channel ${index} was accepted`);
      return found;
    };
    const [first, second, third] = dialled;
    assert(first !== undefined && second !== undefined && third !== undefined, 'three were dialled');
    named(0).channel.pause();
    send(first, [numbered(10, 10)]);
    second.act((channel) => channel.reset());
    send(third, [numbered(30, 10)]);
    send(named(2), [numbered(31, 10)]);
    await world.until(() => named(2).messages.length === 2 && third.messages.length === 1);
    await expectEnds(world, new Map([[named(1), 'failed'] as const, [second, 'closed'] as const]));
    assert(named(0).messages.length === 1, 'the paused one is paused');
    named(0).channel.resume();
    await world.until(() => named(0).messages.length === 2);
    assert(
      [first, third, named(0), named(2)].every((party) => party.ends.length === 0),
      'the others live',
    );
    for (const party of dialled) party.channel.reset();
    await listener.stop();
  }),
];

/** Sends until the other side, which is paused, holds no more; returns what was sent. */
const fill = async (world: ChannelWorld, sender: ChannelParty): Promise<readonly Buffer[]> => {
  const sent: Buffer[] = [];
  let sentBytes = 0;
  do {
    let isTaking = true;
    while (isTaking) {
      const message = numbered(sent.length, 64 * 1024);
      sent.push(message);
      sentBytes += message.length;
      const before = sender.channel.unsentBytes;
      isTaking = sender.act((channel) => channel.send(message));
      assert(sender.channel.unsentBytes <= before + message.length, 'unsent bytes grow by what was sent');
      assert(
        sentBytes - sender.channel.unsentBytes <= MOST_BYTES_UNDER_WAY,
        'a receiver that is paused holds a bounded number of bytes',
      );
    }
    await world.settle();
  } while (sender.channel.unsentBytes === 0);
  return sent;
};

const backPressure: readonly ChannelCase[] = [
  ...mutual('who sends to a receiver that is paused is told to wait', async (world, actor, other) => {
    other.act((channel) => channel.pause());
    const sent = await fill(world, actor);
    const drainedBefore = actor.drainedCount;
    const unsentBytes = actor.channel.unsentBytes;
    assert(!actor.act((channel) => channel.send(numbered(sent.length, 100))), 'send says that it is full');
    assert(actor.channel.unsentBytes === unsentBytes + 100, 'what was taken nevertheless is unsent');
    expectMessages(other, []);
    other.act((channel) => channel.resume());
    await world.until(() => other.messages.length > sent.length && actor.drainedCount > drainedBefore);
    await world.settle();
    expectMessages(other, [...sent, numbered(sent.length, 100)]);
    assert(actor.drainedCount === drainedBefore + 1, 'drained comes once for each time of waiting');
    assert(actor.channel.unsentBytes === 0, 'everything has left');
  }),
  ...mutual('drained comes when send had said to wait, and only then', async (world, actor, other) => {
    assert(
      actor.act((channel) => channel.send(numbered(1, 100))),
      'a small message is no reason to wait',
    );
    await world.until(() => other.messages.length === 1);
    await world.settle();
    assert(actor.drainedCount === 0, 'nobody waits');
    assert(
      !actor.act((channel) => channel.send(numbered(2, LARGEST_MESSAGE_BYTES))),
      'a large message is a reason to wait',
    );
    await world.until(() => actor.drainedCount === 1);
    await world.until(() => other.messages.length === 2);
  }),
  promise('a receiver may pause from within a message, and gets no other until it resumes', async (world) => {
    const pausing = (party: ChannelParty): void => party.channel.pause();
    await withPair(
      world,
      async ({ dialled, accepted }) => {
        const messages = sizes(5, () => 50);
        send(dialled, messages);
        send(accepted, messages);
        for (let count = 1; count <= messages.length; count++) {
          await world.until(() => dialled.messages.length >= count && accepted.messages.length >= count);
          await world.settle();
          expectMessages(dialled, messages.slice(0, count));
          expectMessages(accepted, messages.slice(0, count));
          dialled.act((channel) => channel.resume());
          accepted.act((channel) => channel.resume());
        }
      },
      pausing,
    );
  }),
];

const ends: readonly ChannelCase[] = [
  ...mutual('closing delivers everything first and ends both sides, once', async (world, actor, other) => {
    const messages = [...sizes(100, (index) => index * 10), numbered(5, LARGEST_MESSAGE_BYTES)];
    send(actor, messages);
    actor.act((channel) => channel.close());
    actor.act((channel) => channel.close());
    await expectEnds(world, new Map([[actor, 'closed'] as const, [other, 'closed'] as const]));
    expectMessages(other, messages);
  }),
  ...mutual('closing waits for a receiver that is paused', async (world, actor, other) => {
    other.act((channel) => channel.pause());
    const messages = sizes(20, () => 1000);
    send(actor, messages);
    actor.act((channel) => channel.close());
    await world.settle();
    expectMessages(other, []);
    assert(other.ends.length === 0, 'the end comes after the messages');
    other.act((channel) => channel.resume());
    await expectEnds(world, new Map([[actor, 'closed'] as const, [other, 'closed'] as const]));
    expectMessages(other, messages);
  }),
  ...mutual('who is paused can close', async (world, actor, other) => {
    actor.act((channel) => channel.pause());
    send(
      other,
      sizes(20, () => 1000),
    );
    await world.settle();
    actor.act((channel) => channel.close());
    await expectEnds(world, new Map([[actor, 'closed'] as const, [other, 'closed'] as const]));
    expectMessages(actor, []);
  }),
  promise('both sides may close at once', (world) =>
    withPair(world, async ({ dialled, accepted }) => {
      dialled.act((channel) => channel.close());
      accepted.act((channel) => channel.close());
      await expectEnds(world, new Map([[dialled, 'closed'] as const, [accepted, 'closed'] as const]));
    }),
  ),
  ...mutual('who has closed sends and hears nothing more', async (world, actor, other) => {
    send(actor, [numbered(1, 10)]);
    actor.act((channel) => channel.close());
    assert(!actor.act((channel) => channel.send(numbered(2, 10))), 'send after close returns false');
    send(other, [numbered(3, 10)]);
    await expectEnds(world, new Map([[actor, 'closed'] as const, [other, 'closed'] as const]));
    expectMessages(other, [numbered(1, 10)]);
    expectMessages(actor, []);
  }),
  promise('what was sent and closed before it was up arrives', async (world) => {
    const parties: ChannelParty[] = [];
    const listener = await world.listen((channel) => parties.push(takePart(channel)));
    const dialled = takePart(world.dialer.dial(listener.address));
    const messages = sizes(3, (index) => index * 100_000);
    send(dialled, messages);
    dialled.act((channel) => channel.close());
    await expectEnds(world, new Map([[dialled, 'closed'] as const]));
    await world.until(() => parties.length === 1 && parties[0]?.ends.length === 1);
    assert(parties[0]?.ends[0]?.kind === 'closed', 'the other side sees it closed');
    expectMessages(parties[0], messages);
    await listener.stop();
  }),
  ...mutual('a reset is a failure to the other side', async (world, actor, other) => {
    send(actor, [numbered(1, 10)]);
    await world.until(() => other.messages.length === 1);
    actor.act((channel) => channel.reset());
    actor.act((channel) => channel.reset());
    actor.act((channel) => channel.close());
    assert(!actor.act((channel) => channel.send(numbered(2, 10))), 'send after reset returns false');
    await expectEnds(world, new Map([[actor, 'closed'] as const, [other, 'failed'] as const]));
    expectMessages(other, [numbered(1, 10)]);
  }),
  ...mutual('a reset is heard by who is paused, and frees what was unsent', async (world, actor, other) => {
    other.act((channel) => channel.pause());
    await fill(world, actor);
    actor.act((channel) => channel.reset());
    await expectEnds(world, new Map([[actor, 'closed'] as const, [other, 'failed'] as const]));
  }),
  promise('a channel that is reset before it is up ends', async (world) => {
    const parties: ChannelParty[] = [];
    const listener = await world.listen((channel) => parties.push(takePart(channel)));
    const dialled = takePart(world.dialer.dial(listener.address));
    send(dialled, [numbered(1, 10)]);
    dialled.act((channel) => channel.reset());
    await expectEnds(world, new Map([[dialled, 'closed'] as const]));
    await world.until(() => parties.every((party) => party.ends.length === 1));
    assert(
      parties.every((party) => party.ends[0]?.kind === 'failed'),
      'whoever saw it saw it fail',
    );
    await listener.stop();
  }),
  ...mutual('a message after the end is ignored', async (world, actor, other) => {
    other.act((channel) => channel.close());
    await expectEnds(world, new Map([[actor, 'closed'] as const, [other, 'closed'] as const]));
    for (const party of [actor, other]) {
      assert(!party.act((channel) => channel.send(numbered(1, 10))), 'send after the end returns false');
      assert(party.channel.unsentBytes === 0, 'nothing was taken');
      party.act((channel) => {
        channel.pause();
        channel.resume();
        channel.close();
        channel.reset();
      });
    }
    await expectEnds(world, new Map([[actor, 'closed'] as const, [other, 'closed'] as const]));
    expectMessages(other, []);
  }),
];

const dialling: readonly ChannelCase[] = [
  promise('where nobody listens, a dial is refused', async (world) => {
    const { vacantAddress } = world;
    const dialled = takePart(world.dialer.dial(vacantAddress));
    send(dialled, [numbered(1, 1000)]);
    assert(
      dialled.channel.remoteAddress === `${vacantAddress.host}:${vacantAddress.port}`,
      'the channel names whom it dials',
    );
    await expectEnds(world, new Map([[dialled, 'refused'] as const]));
  }),
  promise('where somebody listened and went away, a dial is refused', async (world) => {
    let address = world.vacantAddress;
    await withPair(world, async ({ listener, dialled, accepted }) => {
      ({ address } = listener);
      send(dialled, [numbered(1, 10)]);
      await world.until(() => accepted.messages.length === 1);
    });
    for (let count = 0; count < 3; count++) {
      const dialled = takePart(world.dialer.dial(address));
      await expectEnds(world, new Map([[dialled, 'refused'] as const]));
    }
    const parties: ChannelParty[] = [];
    const listener = await world.listen((channel) => parties.push(takePart(channel)), address);
    const dialled = takePart(world.dialer.dial(address));
    send(dialled, [numbered(2, 10)]);
    await world.until(() => parties[0]?.messages.length === 1);
    dialled.channel.reset();
    await listener.stop();
  }),
  promise('a listener that stops ends its channels', (world) =>
    withPair(world, async ({ listener, dialled, accepted }) => {
      send(dialled, [numbered(1, 10)]);
      await world.until(() => accepted.messages.length === 1);
      await listener.stop();
      await expectEnds(world, new Map([[dialled, 'failed'] as const, [accepted, 'failed'] as const]));
    }),
  ),
];

/** What every Channel must do, whatever stands behind it. Made for any test runner: a case that fails throws. */
export const channelCases: readonly ChannelCase[] = [...delivery, ...backPressure, ...ends, ...dialling];
