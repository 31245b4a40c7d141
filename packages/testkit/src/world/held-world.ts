import type { Channel } from '@kafkaesque/kernel';
import { Gate } from '@kafkaesque/sim';
import type { World } from '@kafkaesque/server';
import { HeldChannel } from './held-channel';
import { HeldConnection } from './held-connection';
import { heldClock, heldDisk } from './held-disk';
import { MortalDisk } from './mortal-disk';
import type { NetworkCuts } from './network-cuts';

/**
 * The world of one life of a node that may stand still, as a process after SIGSTOP: sockets stay open, the disk and time go
 * on, and nothing of it reaches the node before it goes on. What a step of the node has begun it ends.
 */
export class HeldWorld {
  readonly world: World;
  readonly #gate = new Gate((step) => void setImmediate(step));
  readonly #open = new Set<HeldChannel | HeldConnection>();
  readonly #disk: MortalDisk;

  constructor(nodeId: number, inner: World, cuts: NetworkCuts) {
    this.#disk = new MortalDisk(inner.disk);
    this.world = {
      ...inner,
      clock: heldClock(inner.clock, this.#gate),
      disk: heldDisk(this.#disk.disk, this.#gate),
      faults: {
        fault: (what, cause) => {
          if (!this.hasAbandonedDisk) inner.faults.fault(what, cause);
        },
      },
      listen: (options) =>
        inner.listen({
          ...options,
          onKafka: (connection) => {
            const held: HeldConnection = new HeldConnection(connection, this.#gate, () =>
              this.#open.delete(held),
            );
            this.#open.add(held);
            this.#gate.pass(() => options.onKafka(held));
          },
        }),
      dialMembers: () => {
        const dialer = cuts.dialer(nodeId, inner.dialMembers());
        return { dial: (address) => this.#held(dialer.dial(address)), close: () => dialer.close() };
      },
      acceptMembers: (accept) => (channel) => {
        const held = this.#held(channel);
        this.#gate.pass(() => accept(held));
      },
    };
  }

  get isHeld(): boolean {
    return !this.#gate.isOpen;
  }

  /** From then on nobody hears of what breaks in it. */
  get hasAbandonedDisk(): boolean {
    return this.#disk.isAbandoned;
  }

  /** Whatever the disk has not ended by now is not waited for. */
  abandonDisk(): void {
    this.#disk.abandon();
  }

  hold(): void {
    this.#gate.close();
    for (const one of this.#open) one.hold();
  }

  release(): void {
    this.#gate.open();
    for (const one of this.#open) one.release();
  }

  /** Whoever talks with this node sees its connections break, whatever it would still say. */
  breakOff(): void {
    for (const one of this.#open) one.reset();
  }

  #held(channel: Channel): HeldChannel {
    const held: HeldChannel = new HeldChannel(channel, this.#gate, () => this.#open.delete(held));
    this.#open.add(held);
    return held;
  }
}
