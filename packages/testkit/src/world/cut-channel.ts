import type { Channel, ChannelEnd, ChannelHandler } from '@kafkaesque/kernel';
import { Failure } from '@kafkaesque/kernel';
import { Gate } from '@kafkaesque/sim';

/** When a side that hears nothing gives up, and how long a dial may take: as the transport has it. */
export interface CutPatience {
  readonly silenceMs: number;
  readonly dialMs: number;
}

export const CUT_PATIENCE: CutPatience = { silenceMs: 9000, dialMs: 5000 };

/**
 * A dialled channel whose way may be cut: then nothing passes in either direction, both ends learn of it only after a long
 * silence, and what was under way arrives if the way is whole again before.
 */
export class CutChannel implements Channel {
  readonly remoteAddress: string;
  readonly #dial: () => Channel;
  readonly #patience: CutPatience;
  readonly #left: () => void;
  readonly #gate = new Gate((step) => void setImmediate(step));
  /** Undefined: it was dialled while the way was cut. */
  #channel: Channel | undefined;
  #handler: ChannelHandler | undefined;
  #outgoing: Buffer[] = [];
  #outgoingBytes = 0;
  #isCut: boolean;
  #isPaused = false;
  #hasLeft = false;
  #hasEnded = false;
  #timer: NodeJS.Timeout | undefined;

  /** `left` is called when nothing is open any more. */
  constructor(options: {
    readonly remoteAddress: string;
    readonly dial: () => Channel;
    readonly isCut: boolean;
    readonly patience: CutPatience;
    readonly left: () => void;
  }) {
    this.remoteAddress = options.remoteAddress;
    this.#dial = options.dial;
    this.#patience = options.patience;
    this.#left = options.left;
    this.#isCut = options.isCut;
    if (options.isCut) this.#await(this.#patience.dialMs, 'it did not answer');
    else this.#open();
  }

  get unsentBytes(): number {
    return this.#outgoingBytes + (this.#channel?.unsentBytes ?? 0);
  }

  receive(handler: ChannelHandler): void {
    this.#handler = handler;
  }

  send(message: Buffer): boolean {
    if (this.#hasLeft || this.#hasEnded) return false;
    if (this.#channel !== undefined && !this.#isCut) return this.#channel.send(message);
    this.#outgoing.push(message);
    this.#outgoingBytes += message.length;
    return false;
  }

  pause(): void {
    this.#isPaused = true;
    this.#channel?.pause();
  }

  resume(): void {
    this.#isPaused = false;
    if (!this.#isCut) this.#channel?.resume();
  }

  close(): void {
    if (this.#isCut) this.reset();
    else this.#channel?.close();
  }

  reset(): void {
    if (this.#hasEnded || this.#hasLeft) return;
    if (!this.#isCut) {
      this.#channel?.reset();
      return;
    }
    // The other side does not hear of it before the way is whole, or it has waited for too long.
    this.#hasLeft = true;
    setImmediate(() => this.#tell({ kind: 'closed' }));
  }

  /** Nothing passes from now on, until `mend`. */
  cut(): void {
    if (this.#isCut) return;
    this.#isCut = true;
    this.#gate.close();
    this.#channel?.pause();
    this.#await(this.#patience.silenceMs, 'it gave no sign of life');
  }

  mend(): void {
    if (!this.#isCut) return;
    this.#isCut = false;
    clearTimeout(this.#timer);
    if (this.#hasLeft) {
      this.#channel?.reset();
      this.#finish();
      return;
    }
    if (this.#channel === undefined) this.#open();
    const channel = this.#channel;
    this.#gate.open();
    const outgoing = this.#outgoing;
    this.#outgoing = [];
    this.#outgoingBytes = 0;
    let mayGoOn = true;
    for (const message of outgoing) mayGoOn = channel?.send(message) ?? true;
    if (!this.#isPaused) channel?.resume();
    if (outgoing.length > 0 && mayGoOn) this.#gate.pass(() => this.#handler?.drained());
  }

  /** Ends it on this side, whatever is under way. */
  giveUp(end: ChannelEnd): void {
    this.#channel?.reset();
    this.#tell(end);
    this.#finish();
  }

  #open(): void {
    const channel = this.#dial();
    this.#channel = channel;
    channel.receive({
      message: (bytes) => this.#gate.pass(() => this.#hasEnded || this.#handler?.message(bytes)),
      drained: () => this.#gate.pass(() => this.#hasEnded || this.#handler?.drained()),
      ended: (end) =>
        this.#gate.pass(() => {
          this.#tell(end);
          this.#finish();
        }),
    });
  }

  #await(ms: number, why: string): void {
    this.#timer = setTimeout(() => {
      const { remoteAddress } = this;
      const cause = new Failure('ETIMEDOUT', `the channel to ${remoteAddress} broke: ${why} for ${ms} ms`, {
        retriable: true,
      });
      this.giveUp({ kind: 'failed', cause });
    }, ms);
  }

  #tell(end: ChannelEnd): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#outgoing = [];
    this.#outgoingBytes = 0;
    this.#handler?.ended(end);
  }

  #finish(): void {
    clearTimeout(this.#timer);
    this.#left();
  }
}
