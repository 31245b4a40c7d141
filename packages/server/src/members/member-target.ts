import type {
  Backoff,
  BrokerId,
  CancelWake,
  Channel,
  ChannelEnd,
  Clock,
  MemberAddress,
  Random,
} from '@kafkaesque/kernel';
import { backoffMs } from '@kafkaesque/kernel';
import type { MemberIdentity, MemberLink } from './member-link';

/** Whom to keep a channel to. -1: whoever listens there. */
export interface MemberToDial {
  readonly nodeId: BrokerId;
  readonly address: MemberAddress;
}

export interface MemberTargetOptions {
  readonly target: MemberToDial;
  readonly clock: Clock;
  readonly random: Random;
  readonly dial: (address: MemberAddress) => Channel;
  readonly link: (channel: Channel, nodeId: BrokerId) => MemberLink;
  /** The process that was there is gone: refused, or another incarnation is in its place; or not a word comes from it. */
  readonly lost: (peer: MemberIdentity, how: 'gone' | 'silent') => void;
}

/** How long a channel may take to come up before it is given up. */
const WELCOME_MS = 2000;
/** As long may the answer take from a process that was there a moment ago. */
const SUSPECT_MS = 150;
const REDIAL: Backoff = { initialMs: 50, maximumMs: 1000 };

/**
 * Keeps one channel to one member: dials again whenever it ends. A channel that was up and ends is dialled again at
 * once, to tell a process that died from a connection that broke.
 */
export class MemberTarget {
  readonly #options: MemberTargetOptions;
  #nodeId: BrokerId;
  #link: MemberLink | undefined;
  /** Who was there last. */
  #known: MemberIdentity | undefined;
  #isSuspect = false;
  #isUp = false;
  #isStopped = false;
  #failures = 0;
  #cancel: CancelWake | undefined;

  constructor(options: MemberTargetOptions) {
    this.#options = options;
    this.#nodeId = options.target.nodeId;
  }

  /** Who is to be there from now on; where somebody else answered, the channel is given up. */
  expect(nodeId: BrokerId): void {
    if (nodeId === this.#nodeId) return;
    this.#nodeId = nodeId;
    if (this.#isUp && nodeId >= 0 && this.#known?.nodeId !== nodeId) this.#link?.reset();
  }

  owns(link: MemberLink): boolean {
    return this.#link === link;
  }

  dial(): void {
    if (this.#isStopped) return;
    this.#cancel?.();
    const { target, dial, link } = this.#options;
    this.#isUp = false;
    this.#link = link(dial(target.address), this.#nodeId);
    this.#link.open();
    if (this.#isSuspect) this.#wake(SUSPECT_MS, () => this.#silent());
    else this.#wake(WELCOME_MS, () => this.#link?.reset());
  }

  up(peer: MemberIdentity): void {
    this.#cancel?.();
    this.#isUp = true;
    this.#failures = 0;
    this.#isSuspect = false;
    const before = this.#known;
    this.#known = peer;
    // Where another node answers, as behind an address that several share, the one before need not be gone.
    if (before?.nodeId === peer.nodeId && before.incarnationId !== peer.incarnationId)
      this.#options.lost(before, 'gone');
  }

  down(end: ChannelEnd): void {
    if (this.#isStopped) return;
    this.#cancel?.();
    this.#link = undefined;
    if (this.#isUp) {
      this.#isSuspect = true;
      this.dial();
      return;
    }
    this.#failures += 1;
    if (this.#isSuspect || end.kind === 'refused') this.#isLost(end.kind === 'refused' ? 'gone' : 'silent');
    this.#wake(backoffMs(REDIAL, this.#failures, this.#options.random), () => this.dial());
  }

  /** This very node listens there. */
  isSelf(): void {
    this.stop();
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancel?.();
    this.#link?.close();
  }

  #silent(): void {
    this.#isLost('silent');
    this.#wake(WELCOME_MS - SUSPECT_MS, () => this.#link?.reset());
  }

  #isLost(how: 'gone' | 'silent'): void {
    this.#isSuspect = false;
    const known = this.#known;
    this.#known = undefined;
    if (known !== undefined) this.#options.lost(known, how);
  }

  #wake(inMs: number, then: () => void): void {
    const { clock } = this.#options;
    this.#cancel = clock.wakeAt(clock.monotonicMs() + inMs, then);
  }
}
