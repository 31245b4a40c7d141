import type {
  BrokerId,
  Channel,
  ChannelDialer,
  ChannelEnd,
  Clock,
  Logger,
  MemberAddress,
  Random,
} from '@kafkaesque/kernel';
import type { MemberMessage, MemberMessageDraft } from '@kafkaesque/protocol';
import { Acquaintance } from './acquaintance';
import type { MemberIdentity } from './member-link';
import { MemberLink } from './member-link';
import type { MemberToDial } from './member-target';
import { MemberTarget } from './member-target';
import { seldomLogger } from './seldom-logger';

/** What happens between this node and the others. */
export interface MemberEvents {
  /** Another channel to that member is up. */
  up(peer: MemberIdentity, link: MemberLink): void;
  message(peer: MemberIdentity, message: MemberMessage, link: MemberLink): void;
  /** One channel less; `isLast`: there is no other. */
  down(peer: MemberIdentity, isLast: boolean, link: MemberLink): void;
  /** The process of a member that is dialled is gone, as far as could be found out. */
  lost(peer: MemberIdentity): void;
}

export interface MemberLinksOptions {
  readonly self: MemberIdentity;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly dialer: ChannelDialer;
  /**
   * Whether a process that comes under the id of another one, to which a channel is up, is kept out. Default: it takes
   * the other one's place, which has been started anew and whose channels have not noticed.
   */
  readonly keepsOut?: (newcomer: MemberIdentity, incumbent: MemberIdentity) => boolean;
  readonly events: MemberEvents;
}

const addressKey = ({ host, port }: MemberAddress): string => `${host}:${port}`;

/** The channels of one node to the other members of its cluster: those it dials and those it is dialled on. */
export class MemberLinks {
  readonly #options: MemberLinksOptions;
  readonly #logger: Logger;
  /** Whether this node's own cluster is where it looks for it. */
  readonly acquaintance: Acquaintance;
  readonly #targets = new Map<string, MemberTarget>();
  /** By node; the newest last. */
  readonly #up = new Map<BrokerId, MemberLink[]>();
  readonly #all = new Set<MemberLink>();
  #isClosed = false;

  constructor(options: MemberLinksOptions) {
    this.#options = options;
    this.#logger = seldomLogger(options.logger, options.clock);
    this.acquaintance = new Acquaintance(options.clock);
  }

  get self(): MemberIdentity {
    return this.#options.self;
  }

  /** Members to whom a channel is up, by ascending id. */
  get peers(): readonly MemberIdentity[] {
    const peers: MemberIdentity[] = [];
    for (const links of this.#up.values()) {
      const peer = links.at(-1)?.peer;
      if (peer !== undefined) peers.push(peer);
    }
    return peers.sort((a, b) => a.nodeId - b.nodeId);
  }

  /** Takes a channel that another member dialled. */
  readonly accept = (channel: Channel): void => {
    if (this.#isClosed) {
      channel.receive({ message: () => undefined, drained: () => undefined, ended: () => undefined });
      channel.reset();
      return;
    }
    const link = this.#linkOf(channel, undefined);
    link.open();
  };

  /** Keeps a channel to each of these, and to no others; one address once. */
  keepTo(members: readonly MemberToDial[]): void {
    if (this.#isClosed) return;
    const { self } = this.#options;
    const wanted = new Map<string, MemberToDial>();
    for (const member of members) {
      if (member.nodeId === self.nodeId) continue;
      const key = addressKey(member.address);
      // Who is known by name is meant, not whoever listens there.
      if ((wanted.get(key)?.nodeId ?? -1) < 0) wanted.set(key, member);
    }
    for (const [key, target] of this.#targets) {
      if (wanted.has(key)) continue;
      this.#targets.delete(key);
      target.stop();
    }
    for (const [key, member] of wanted) {
      const target = this.#targets.get(key);
      if (target === undefined) this.#keepTo(key, member);
      else target.expect(member.nodeId);
    }
  }

  /** Sends to a member by the best channel there is, and tells by which. Undefined: there is none that takes it. */
  send(nodeId: BrokerId, message: MemberMessageDraft): MemberLink | undefined {
    const link = this.linkTo(nodeId);
    return link?.send(message) === true ? link : undefined;
  }

  /** The best channel to a member: one that this side dialled, or the newest. */
  linkTo(nodeId: BrokerId): MemberLink | undefined {
    const links = this.#up.get(nodeId);
    return links?.findLast(({ isDialled }) => isDialled) ?? links?.at(-1);
  }

  /** Who is at the other end of the channels to that node. */
  peer(nodeId: BrokerId): MemberIdentity | undefined {
    return this.#up.get(nodeId)?.at(-1)?.peer;
  }

  /** Ends every channel; nothing is told any more. */
  close(): void {
    this.#isClosed = true;
    this.acquaintance.close();
    for (const target of this.#targets.values()) target.stop();
    this.#targets.clear();
    for (const link of this.#all) link.reset();
    this.#up.clear();
  }

  #keepTo(key: string, member: MemberToDial): void {
    const { clock, random, dialer, events } = this.#options;
    const target = new MemberTarget({
      target: member,
      clock,
      random,
      dial: (address) => dialer.dial(address),
      link: (channel, nodeId) => this.#linkOf(channel, nodeId),
      lost: (peer, how) => {
        if (this.#isClosed) return;
        // What a dead process sent may still be on its way on another channel: it would make it look alive.
        if (how === 'gone') this.#dropLinksOf(peer);
        events.lost(peer);
      },
    });
    this.#targets.set(key, target);
    target.dial();
  }

  #dropLinksOf({ nodeId, incarnationId }: MemberIdentity): void {
    for (const link of this.#up.get(nodeId) ?? [])
      if (link.peer?.incarnationId === incarnationId) link.reset();
  }

  #linkOf(channel: Channel, dialled: BrokerId | undefined): MemberLink {
    const { self } = this.#options;
    const link = new MemberLink({
      channel,
      self,
      dialled,
      logger: this.#logger,
      isTaken: (newcomer) => this.#isTaken(newcomer),
      events: {
        up: (one, peer) => this.#isUp(one, peer),
        message: (one, peer, message) => {
          if (!this.#isClosed) this.#options.events.message(peer, message, one);
        },
        foreign: ({ remoteAddress }, clusterId) =>
          this.acquaintance.foreign({ clusterId, address: remoteAddress }),
        down: (one, peer, end) => this.#isDown(one, peer, end),
      },
    });
    this.#all.add(link);
    return link;
  }

  #isTaken(newcomer: MemberIdentity): boolean {
    const incumbents = (this.#up.get(newcomer.nodeId) ?? []).flatMap(({ peer }) => peer ?? []);
    return incumbents.some(
      (incumbent) =>
        incumbent.incarnationId !== newcomer.incarnationId &&
        this.#options.keepsOut?.(newcomer, incumbent) === true,
    );
  }

  #isUp(link: MemberLink, peer: MemberIdentity): void {
    if (this.#isClosed) return;
    const target = [...this.#targets.values()].find((one) => one.owns(link));
    if (peer.incarnationId === this.self.incarnationId) {
      target?.isSelf();
      link.close();
      return;
    }
    this.acquaintance.met();
    const links = this.#up.get(peer.nodeId) ?? [];
    this.#up.set(peer.nodeId, [...links, link]);
    // Channels of an earlier life of that node may not have noticed its end.
    for (const old of links) if (old.peer?.incarnationId !== peer.incarnationId) old.reset();
    target?.up(peer);
    this.#options.events.up(peer, link);
  }

  #isDown(link: MemberLink, peer: MemberIdentity | undefined, end: ChannelEnd): void {
    this.#all.delete(link);
    if (this.#isClosed) return;
    if (peer !== undefined) {
      const links = this.#up.get(peer.nodeId) ?? [];
      const left = links.filter((one) => one !== link);
      if (left.length < links.length) {
        if (left.length === 0) this.#up.delete(peer.nodeId);
        else this.#up.set(peer.nodeId, left);
        this.#options.events.down(peer, left.length === 0, link);
      }
    }
    [...this.#targets.values()].find((one) => one.owns(link))?.down(end);
  }
}
