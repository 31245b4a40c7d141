import { Failure } from '@kafkaesque/kernel';
import type { Channel, ChannelEnd, ChannelHandler } from '@kafkaesque/kernel';
import { Gate } from '../gate';
import type { Attachment } from './attachment';
import type { Flow, FlowSource, FlowTarget, Parcel } from './flow';
import type { Link, NetworkContext } from './link';

/** What becomes of messages under way when their sender is gone. */
const fateOf = (context: NetworkContext, link: Link): 'delivered' | 'dropped' | 'late' => {
  if (link.strikes(context.faults().late)) return 'late';
  return link.strikes(0.5) ? 'dropped' : 'delivered';
};

/** How a channel came to its end. `vanished`: its machine lost power, and nobody was told. */
type State = 'opening' | 'open' | 'closing' | 'ended' | 'vanished';

/** What one end of a channel is made of. */
export interface ChannelParts {
  readonly context: NetworkContext;
  readonly id: number;
  readonly attachment: Attachment;
  /** The machine at the other end. */
  readonly remoteHost: string;
  readonly remoteAddress: string;
  /** From here to there. */
  readonly link: Link;
  readonly flow: (source: FlowSource) => Flow;
  readonly state: 'opening' | 'open';
}

/** One end of a simulated channel. */
export class SimulatedChannel implements Channel, FlowTarget, FlowSource {
  readonly id: number;
  readonly attachment: Attachment;
  readonly remoteHost: string;
  readonly remoteAddress: string;
  /** The other end, once the dial has reached it. */
  peer: SimulatedChannel | undefined;
  readonly #context: NetworkContext;
  readonly #link: Link;
  readonly #flow: Flow;
  readonly #inbox: Gate;
  #handler: ChannelHandler | undefined;
  #state: State;
  #timer: (() => void) | undefined;
  #toldPeer = false;
  #wasUnreachable = false;

  constructor(parts: ChannelParts) {
    const { context, attachment } = parts;
    this.#context = context;
    this.id = parts.id;
    this.attachment = attachment;
    this.remoteHost = parts.remoteHost;
    this.remoteAddress = parts.remoteAddress;
    this.#link = parts.link;
    this.#flow = parts.flow(this);
    this.#state = parts.state;
    this.#inbox = new Gate(
      (step) => void context.scheduler.after(0, 'net.unread', () => attachment.pass(step)),
    );
    if (parts.state === 'open') this.#watch();
  }

  get unsentBytes(): number {
    return this.#flow.unsentBytes;
  }

  /** Whether the end still waits for its dial to be answered. */
  get isOpening(): boolean {
    return this.#state === 'opening';
  }

  get hasEnded(): boolean {
    return this.#state === 'ended' || this.#state === 'vanished';
  }

  /** Whether the end is over and the other end does not know, nor will. */
  get isForgotten(): boolean {
    return this.hasEnded && !this.#toldPeer;
  }

  receive(handler: ChannelHandler): void {
    this.#handler = handler;
  }

  send(message: Buffer): boolean {
    if (!this.attachment.call()) return false;
    if (this.#state !== 'open' && this.#state !== 'opening') return false;
    this.attachment.network.observer?.sent?.(this.attachment.host, this.remoteHost, message);
    return this.#flow.send(message);
  }

  pause(): void {
    this.#inbox.close();
  }

  resume(): void {
    this.#inbox.open();
  }

  close(): void {
    if (!this.attachment.call()) return;
    if (this.#state !== 'open' && this.#state !== 'opening') return;
    this.#state = 'closing';
    this.#inbox.clear();
    this.#inbox.open();
    this.#flow.close();
  }

  reset(): void {
    if (!this.attachment.call() || this.hasEnded) return;
    this.breakOff();
    this.#tellLater({ kind: 'closed' });
  }

  /** The other end is told that this one has failed; messages under way are delivered, dropped, or late. */
  breakOff(): void {
    this.#leave('ended');
    this.#flow.abandon(fateOf(this.#context, this.#link));
    this.tellOfReset();
  }

  /** Whatever this end was to the other, it is no more. */
  tellOfReset(): void {
    if (this.peer === undefined || this.#toldPeer) return;
    this.#toldPeer = true;
    this.#flow.signal('reset');
  }

  /** The dial has reached a listener, which took it as this end. */
  answerDial(dialled: SimulatedChannel): void {
    if (dialled.#state === 'ended') dialled.tellOfReset();
    else this.#flow.signal('up');
  }

  /** The machine lost power: what has left travels on, and the other end learns nothing. */
  vanish(): void {
    this.#context.counts.halfOpenChannels += 1;
    this.#leave('vanished');
    this.#flow.abandon('delivered');
  }

  /** The listener it came through has stopped, and this process is told as well. */
  fail(): void {
    if (this.hasEnded) return;
    this.breakOff();
    this.#tellLater(
      failed('ECONNRESET', `the listener of the channel with ${this.remoteAddress} has stopped`),
    );
  }

  /** A fault has struck: both ends fail. */
  struck(): void {
    if (this.hasEnded) return;
    this.breakOff();
    this.#tellLater(failed('ECONNRESET', `the network reset the channel with ${this.remoteAddress}`));
  }

  drained(): void {
    this.attachment.pass(() => {
      if (this.#state === 'open') this.#handler?.drained();
    });
  }

  /** A dial got no answer in all the time it had. */
  giveUp(): void {
    if (!this.isOpening && this.#state !== 'closing') return;
    this.#context.counts.unansweredDials += 1;
    this.#flow.abandon('dropped');
    this.attachment.pass(() => this.#end(failed('ETIMEDOUT', `${this.remoteAddress} did not answer`)));
  }

  take(parcel: Parcel): void {
    if (this.hasEnded) {
      // The machine knows nothing of the channel any more.
      if (parcel.kind === 'message' || parcel.kind === 'closed') this.tellOfReset();
      return;
    }
    switch (parcel.kind) {
      case 'message':
        this.attachment.pass(() => this.#inbox.pass(() => this.#deliver(parcel.bytes)));
        break;
      case 'closed':
        this.attachment.pass(() => this.#inbox.pass(() => this.#closedByPeer()));
        break;
      case 'up':
        if (this.#state === 'opening') this.#state = 'open';
        this.#watch();
        this.#flow.open();
        break;
      case 'refused':
        this.#flow.abandon('dropped');
        this.tellOfReset();
        this.attachment.pass(() => this.#end({ kind: 'refused' }));
        break;
      case 'reset':
        this.#flow.abandon('dropped');
        this.attachment.pass(() =>
          this.#end(failed('ECONNRESET', `${this.remoteAddress} reset the channel`)),
        );
        break;
    }
  }

  #deliver(bytes: Buffer): void {
    this.peer?.consumedByPeer(bytes.length);
    if (this.#state !== 'open') return;
    this.attachment.network.observer?.delivered?.(this.remoteHost, this.attachment.host, bytes);
    this.#handler?.message(bytes);
  }

  /** What this end had sent was read. */
  consumedByPeer(sizeBytes: number): void {
    this.#flow.consumed(sizeBytes);
  }

  #closedByPeer(): void {
    if (this.hasEnded) return;
    if (this.#state === 'open') {
      this.#toldPeer = true;
      this.#flow.abandon('delivered');
      this.#flow.signal('closed');
    }
    this.#end({ kind: 'closed' });
  }

  #leave(state: 'ended' | 'vanished'): void {
    this.#state = state;
    this.#timer?.();
    this.#inbox.clear();
    this.attachment.forget(this);
  }

  #tellLater(end: ChannelEnd): void {
    this.#context.scheduler.after(0, 'net.ended', () => this.attachment.pass(() => this.#tell(end)));
  }

  #end(end: ChannelEnd): void {
    if (this.hasEnded) return;
    this.#leave('ended');
    this.#tell(end);
  }

  #tell(end: ChannelEnd): void {
    this.attachment.network.observer?.ended?.(this.attachment.host, this.remoteHost, end);
    this.#handler?.ended(end);
  }

  /** Looks now and then whether there is a way to the other end, as keep-alive probes do. */
  #watch(): void {
    const { keepAliveMs } = this.#context.faults();
    if (keepAliveMs === Infinity) return;
    this.#timer = this.#context.scheduler.after(keepAliveMs, 'net.keepAlive', () => {
      const state = this.attachment.network.reachOf(this);
      if (state === 'gone' || (state === 'unreachable' && this.#wasUnreachable)) {
        this.#context.counts.keepAliveFailures += 1;
        this.#flow.abandon('dropped');
        const failure = failed('ETIMEDOUT', `${this.remoteAddress} is silent`);
        this.attachment.pass(() => this.#end(failure));
        return;
      }
      this.#wasUnreachable = state === 'unreachable';
      this.#watch();
    });
  }
}

const failed = (code: 'ECONNRESET' | 'ETIMEDOUT', message: string): ChannelEnd => ({
  kind: 'failed',
  cause: new Failure(code, message),
});
