import { MemberChannel } from './member-channel';
import type { MemberStream, MemberStreamEvents } from './member-channel';

/** Says while it is given up that what it was writing has left, as node:http2 may. */
class HastyStream implements MemberStream {
  #events: MemberStreamEvents | undefined;

  start(events: MemberStreamEvents): void {
    this.#events = events;
  }

  abort(): void {
    this.#events?.sent();
    this.#events?.ended({ kind: 'closed' });
  }

  write(): void {}
  finish(): void {}
  pause(): void {}
  resume(): void {}
}

describe('a member channel', () => {
  it.each([
    ['is reset', (channel: MemberChannel) => channel.reset()],
    ['is given more than it may send', (channel: MemberChannel) => channel.send(Buffer.alloc(3_000_000))],
  ])('calls nobody from within the call by which it %s', async (_what, call) => {
    const channel = new MemberChannel(new HastyStream(), {
      remoteAddress: 'peer:1',
      maxMessageBytes: 2_000_000,
    });
    const heard: string[] = [];
    channel.receive({
      message: () => heard.push('message'),
      drained: () => heard.push('drained'),
      ended: (end) => heard.push(end.kind),
    });
    expect(channel.send(Buffer.alloc(1_500_000))).toBe(false);

    call(channel);

    expect(heard).toEqual([]);
    await Promise.resolve();
    expect(heard).toHaveLength(1);
    expect(heard[0]).not.toBe('drained');
  });
});
