import { assert } from '@kafkaesque/kernel';
import type { ChannelEnd, MemberAddress, Random } from '@kafkaesque/kernel';
import type { ProcessLife } from '../machine/process-life';
import type { Scheduler } from '../scheduler';
import { Attachment } from './attachment';
import { noNetworkFaults, zeroNetworkCounts } from './faults';
import type { NetworkCounts, NetworkFaults } from './faults';
import { Flow } from './flow';
import { Link } from './link';
import type { NetworkContext } from './link';
import { SimulatedChannel } from './simulated-channel';

/** What a simulated network is like when it is new. */
export interface SimulatedNetworkOptions {
  readonly random: Random;
  readonly scheduler: Scheduler;
  readonly faults?: Partial<NetworkFaults>;
}

/** Who looks on: for oracles and traces. The bytes must not be changed or kept. */
export interface NetworkObserver {
  /** `send` took a message; it may never arrive. */
  sent?(from: string, to: string, message: Buffer): void;
  delivered?(from: string, to: string, message: Buffer): void;
  /** `host` was told of the end of a channel with `remote`. */
  ended?(host: string, remote: string, end: ChannelEnd): void;
}

interface Listener {
  readonly attachment: Attachment;
  readonly accept: (channel: SimulatedChannel) => void;
}

const DIAL_AGAIN_MS = 1_000;
const DIAL_TIMEOUT_MS = 20_000;

/**
 * The network between simulated machines, each known by its host name. A cut link delivers nothing and ends nothing; the
 * ends notice by silence, or by their keep-alive. What left before a cut arrives after it, as with TCP.
 */
export class SimulatedNetwork {
  readonly counts: NetworkCounts = zeroNetworkCounts();
  /** The odds of faults; may be changed at any time. */
  faults: NetworkFaults;
  observer: NetworkObserver | undefined;
  readonly #context: NetworkContext;
  readonly #links = new Map<string, Map<string, Link>>();
  /** Machines that have power, with the process that runs on them. */
  readonly #hosts = new Map<string, Attachment | undefined>();
  readonly #listeners = new Map<string, Listener>();
  /** Ends whose messages came to a machine without power: they are answered once it has power again. */
  readonly #strayed = new Map<string, Set<SimulatedChannel>>();
  #channelCount = 0;

  constructor(options: SimulatedNetworkOptions) {
    this.faults = { ...noNetworkFaults, ...options.faults };
    this.#context = {
      scheduler: options.scheduler,
      random: options.random,
      counts: this.counts,
      faults: () => this.faults,
    };
  }

  /** The network as a new process on `host` sees it. The machine has power from now on. */
  attach(host: string, life?: ProcessLife): Attachment {
    assert(this.#hosts.get(host) === undefined, `${host} runs one process at a time`);
    this.boot(host);
    const attachment = new Attachment(this, host, life);
    this.#hosts.set(host, attachment);
    return attachment;
  }

  /** The machine has power, and no process yet: what is dialled there is refused, old channels are reset. */
  boot(host: string): void {
    if (this.#hosts.has(host)) return;
    this.#hosts.set(host, undefined);
    for (const sender of this.#strayed.get(host) ?? []) if (!sender.hasEnded) sender.peer?.tellOfReset();
    this.#strayed.delete(host);
  }

  /** Ends the process on `host`. `kill`: its channels are reset. `power`: the machine is silent until it has power again. */
  crash(host: string, kind: 'power' | 'kill'): void {
    this.#hosts.get(host)?.end(kind);
    if (kind === 'power') this.#hosts.delete(host);
    else this.#hosts.set(host, undefined);
  }

  /** Lets nothing through from one machine to another. */
  cut(from: string, to: string): void {
    this.#link(from, to).cut();
  }

  mend(from: string, to: string): void {
    this.#link(from, to).mend();
  }

  /** Lets nothing through between groups of machines; `oneWay`: only from earlier groups to later ones. */
  partition(groups: readonly (readonly string[])[], oneWay = false): void {
    if (oneWay) this.counts.oneWayCuts += 1;
    else this.counts.cuts += 1;
    groups.forEach((group, index) => {
      for (const other of groups.slice(index + 1)) {
        for (const from of group) {
          for (const to of other) {
            this.cut(from, to);
            if (!oneWay) this.cut(to, from);
          }
        }
      }
    });
  }

  /** Holds everything from one machine to another for a while. */
  clog(from: string, to: string, forMs: number): void {
    this.#link(from, to).clog(forMs);
  }

  /**
   * Ends all cuts and clogs. With a `core`, only among its machines: those outside can reach it no more, nor it them,
   * until the next `heal`.
   */
  heal(core?: ReadonlySet<string>): void {
    for (const [from, links] of this.#links) {
      for (const [to, link] of links) {
        if (core !== undefined && core.has(from) !== core.has(to)) continue;
        link.mend();
        link.unclog();
      }
    }
    if (core === undefined) return;
    const outside = [...this.#links.keys()].filter((host) => !core.has(host)).sort();
    for (const inside of [...core].sort()) {
      for (const host of outside) {
        this.cut(inside, host);
        this.cut(host, inside);
      }
    }
  }

  /** @internal */
  listen(address: MemberAddress, attachment: Attachment, accept: Listener['accept']): () => void {
    const key = `${address.host}:${address.port}`;
    assert(!this.#listeners.has(key), `${key} is listened to already`);
    this.#listeners.set(key, { attachment, accept });
    return () => void this.#listeners.delete(key);
  }

  /** @internal */
  dial(attachment: Attachment, address: MemberAddress): SimulatedChannel {
    this.counts.dials += 1;
    const id = this.#channelCount++;
    const channel = this.#makeEnd(attachment, address.host, `${address.host}:${address.port}`, id, 'opening');
    if (attachment.ended) return channel;
    const { scheduler } = this.#context;
    const giveUpAtMs = scheduler.nowMs + DIAL_TIMEOUT_MS;
    const attempt = (): void => {
      if (channel.peer !== undefined || channel.hasEnded) return;
      if (scheduler.nowMs >= giveUpAtMs) {
        channel.giveUp();
        return;
      }
      const link = this.#link(attachment.host, address.host);
      scheduler.after(link.delayMs(), 'net.dial', () => link.arrive(() => this.#knock(channel, address)));
      scheduler.after(DIAL_AGAIN_MS, 'net.dialAgain', attempt);
    };
    attempt();
    return channel;
  }

  /** @internal Whether there is a way to the other end: `gone` when its machine knows nothing of the channel any more. */
  reachOf(channel: SimulatedChannel): 'reachable' | 'unreachable' | 'gone' {
    const { host } = channel.attachment;
    const { remoteHost } = channel;
    if (!this.#hosts.has(remoteHost)) return 'unreachable';
    if (this.#link(host, remoteHost).isCut || this.#link(remoteHost, host).isCut) return 'unreachable';
    return channel.peer?.isForgotten === true ? 'gone' : 'reachable';
  }

  /** A dial arrives at the machine it was meant for. */
  #knock(dialled: SimulatedChannel, address: MemberAddress): void {
    const { host } = address;
    if (!this.#hosts.has(host) || dialled.peer !== undefined) return;
    const dialler = dialled.attachment;
    const listener = this.#listeners.get(`${host}:${address.port}`);
    if (listener === undefined) {
      this.counts.refusedDials += 1;
      const link = this.#link(host, dialler.host);
      const refuse = (): void => dialled.take({ kind: 'refused' });
      this.#context.scheduler.after(link.delayMs(), 'net.refused', () => link.arrive(refuse));
      return;
    }
    const remoteAddress = `${dialler.host}:${FIRST_DIALLER_PORT + (dialled.id % DIALLER_PORTS)}`;
    const accepted = this.#makeEnd(listener.attachment, dialler.host, remoteAddress, dialled.id, 'open');
    accepted.peer = dialled;
    dialled.peer = accepted;
    accepted.answerDial(dialled);
    listener.attachment.pass(() => listener.accept(accepted));
  }

  #makeEnd(
    attachment: Attachment,
    remoteHost: string,
    remoteAddress: string,
    id: number,
    state: 'opening' | 'open',
  ): SimulatedChannel {
    const context = this.#context;
    const link = this.#link(attachment.host, remoteHost);
    const target = (): SimulatedChannel | undefined => {
      if (this.#hosts.has(remoteHost)) return end.peer;
      let strayed = this.#strayed.get(remoteHost);
      if (strayed === undefined) this.#strayed.set(remoteHost, (strayed = new Set()));
      strayed.add(end);
      return undefined;
    };
    const end: SimulatedChannel = new SimulatedChannel({
      context,
      id,
      attachment,
      remoteHost,
      remoteAddress,
      link,
      state,
      flow: (source) => new Flow(context, link, source, target, state === 'open'),
    });
    attachment.add(end);
    return end;
  }

  #link(from: string, to: string): Link {
    let links = this.#links.get(from);
    if (links === undefined) this.#links.set(from, (links = new Map<string, Link>()));
    let link = links.get(to);
    if (link === undefined) links.set(to, (link = new Link(this.#context, `${from} ${to}`)));
    return link;
  }
}

const FIRST_DIALLER_PORT = 32_768;
const DIALLER_PORTS = 28_000;
