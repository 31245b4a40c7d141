import { assert } from '../assert';
import type { AcceptChannel, Channel, ChannelDialer, ChannelEnd, MemberAddress } from '../world/channel';

/** Somebody who listens. */
export interface ChannelListener {
  readonly address: MemberAddress;
  /** Ends the channels that came through it; what is dialled afterwards is refused. */
  stop(): Promise<void>;
}

/** Where channels are opened and judged. A case leaves nothing open in it. */
export interface ChannelWorld {
  readonly dialer: ChannelDialer;
  /** At which nobody has ever listened. */
  readonly vacantAddress: MemberAddress;
  /** Listens at an address of its own, or at one that was used before and is free again. */
  listen(accept: AcceptChannel, address?: MemberAddress): Promise<ChannelListener>;
  /** Lets the world go on until the condition holds; fails when it does not come to hold. */
  until(condition: () => boolean): Promise<void>;
  /** Lets the world go on until whatever is under way has happened. */
  settle(): Promise<void>;
}

/** One side of a channel, and all that it heard. */
export interface ChannelParty {
  readonly channel: Channel;
  readonly messages: readonly Buffer[];
  readonly drainedCount: number;
  /** At most one, or the channel breaks its promise. */
  readonly ends: readonly ChannelEnd[];
  /** A call of one's own, from within which nobody may be called back. */
  act<Result>(call: (channel: Channel) => Result): Result;
}

/** Both sides of a channel, and who listened for it. */
export interface ChannelPair {
  readonly listener: ChannelListener;
  readonly dialled: ChannelParty;
  readonly accepted: ChannelParty;
}

/** Becomes the receiver of `channel`. `heard` is called for every message, after it has been noted down. */
export const takePart = (channel: Channel, heard?: (party: ChannelParty) => void): ChannelParty => {
  const messages: Buffer[] = [];
  const ends: ChannelEnd[] = [];
  let drainedCount = 0;
  let isActing = false;
  const expectCall = (what: string): void => {
    assert(ends.length === 0, `${what} came after the end`);
    assert(!isActing, `${what} came from within a call of one's own`);
  };
  const party: ChannelParty = {
    channel,
    messages,
    ends,
    get drainedCount() {
      return drainedCount;
    },
    act: (call) => {
      isActing = true;
      try {
        return call(channel);
      } finally {
        isActing = false;
      }
    },
  };
  party.act(() =>
    channel.receive({
      message: (bytes) => {
        expectCall('a message');
        messages.push(bytes);
        heard?.(party);
      },
      drained: () => {
        expectCall('drained');
        drainedCount += 1;
      },
      ended: (end) => {
        expectCall('ended');
        ends.push(end);
      },
    }),
  );
  return party;
};

/** Opens a channel, lets `use` judge it, and leaves nothing open. */
export const withPair = async (
  world: ChannelWorld,
  use: (pair: ChannelPair) => Promise<void>,
  heard?: (party: ChannelParty) => void,
): Promise<void> => {
  const parties: ChannelParty[] = [];
  const listener = await world.listen((channel) => parties.push(takePart(channel, heard)));
  const dialled = takePart(world.dialer.dial(listener.address), heard);
  try {
    await world.until(() => parties.length > 0 || dialled.ends.length > 0);
    const [accepted] = parties;
    assert(accepted !== undefined, () => `the channel ended as ${dialled.ends[0]?.kind ?? ''} at once`);
    await use({ listener, dialled, accepted });
    assert(parties.length === 1, 'one dial is accepted once');
  } finally {
    dialled.channel.reset();
    await listener.stop();
  }
};

/** Waits until all have heard the end, lets everything settle, and compares how they ended. */
export const expectEnds = async (
  world: ChannelWorld,
  expected: ReadonlyMap<ChannelParty, ChannelEnd['kind']>,
): Promise<void> => {
  await world.until(() => [...expected.keys()].every((party) => party.ends.length > 0));
  await world.settle();
  for (const [party, kind] of expected) {
    const kinds = party.ends.map((end) => end.kind).join();
    assert(
      kinds === kind,
      () =>
        `the side that knows the other as ${party.channel.remoteAddress} ended as ${kinds}, not as ${kind}`,
    );
    assert(party.channel.unsentBytes === 0, 'nothing is unsent after the end');
  }
};

/** A message that no other message of the case resembles: its number, then bytes that follow from it. */
export const numbered = (number: number, sizeBytes: number): Buffer => {
  const message = Buffer.alloc(sizeBytes, number % 251);
  if (sizeBytes >= 4) message.writeUInt32BE(number, 0);
  return message;
};

/** Fails unless exactly `expected` was heard, in this order. */
export const expectMessages = (party: ChannelParty, expected: readonly Buffer[]): void => {
  assert(
    party.messages.length === expected.length,
    () => `${party.messages.length} messages instead of ${expected.length}`,
  );
  party.messages.forEach((message, index) =>
    assert(
      expected[index]?.equals(message) === true,
      () => `message ${index} is another: ${message.length} instead of ${expected[index]?.length ?? 0} bytes`,
    ),
  );
};
