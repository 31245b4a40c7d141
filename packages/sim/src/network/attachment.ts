import type { AcceptChannel, Channel, ChannelDialer, MemberAddress } from '@kafkaesque/kernel';
import type { ProcessLife } from '../machine/process-life';
import type { SimulatedChannel } from './simulated-channel';
import type { SimulatedNetwork } from './simulated-network';

/** The network as one process sees it, until its machine crashes. */
export class Attachment implements ChannelDialer {
  readonly network: SimulatedNetwork;
  readonly host: string;
  readonly #life: ProcessLife | undefined;
  readonly #channels = new Set<SimulatedChannel>();
  /** What gives the ports listened to back. */
  readonly #ports = new Set<() => void>();
  #ended = false;

  constructor(network: SimulatedNetwork, host: string, life: ProcessLife | undefined) {
    this.network = network;
    this.host = host;
    this.#life = life;
  }

  dial(address: MemberAddress): Channel {
    this.call();
    return this.network.dial(this, address);
  }

  /**
   * Takes the channels dialled to `port` of this machine until the returned function is called, which also ends them.
   * A port that is taken already is a mistake of the test.
   */
  listen(port: number, accept: AcceptChannel): () => void {
    const channels = new Set<SimulatedChannel>();
    if (!this.call()) return () => undefined;
    const giveBack = this.network.listen({ host: this.host, port }, this, (channel) => {
      for (const earlier of channels) if (earlier.hasEnded) channels.delete(earlier);
      channels.add(channel);
      accept(channel);
    });
    this.#ports.add(giveBack);
    return () => {
      if (!this.#ports.delete(giveBack)) return;
      giveBack();
      for (const channel of channels) channel.fail();
    };
  }

  /** @internal */
  get ended(): boolean {
    return this.#ended;
  }

  /** @internal The process calls the network; false when it is dead, or dies of it. */
  call(): boolean {
    if (this.#life !== undefined) this.#life.call();
    return !this.#ended;
  }

  /** @internal Lets something happen to the process. */
  pass(happen: () => void): void {
    if (this.#ended) return;
    if (this.#life === undefined) happen();
    else this.#life.pass(happen);
  }

  /** @internal */
  add(channel: SimulatedChannel): void {
    this.#channels.add(channel);
  }

  /** @internal */
  forget(channel: SimulatedChannel): void {
    this.#channels.delete(channel);
  }

  /** @internal The process is dead. Its kernel resets its channels, unless power was lost. */
  end(kind: 'power' | 'kill'): void {
    this.#ended = true;
    for (const giveBack of this.#ports) giveBack();
    this.#ports.clear();
    for (const channel of [...this.#channels]) {
      if (kind === 'power') channel.vanish();
      else channel.breakOff();
    }
    this.#channels.clear();
  }
}
