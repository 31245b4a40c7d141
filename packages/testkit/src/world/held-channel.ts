import type { Channel, ChannelEnd, ChannelHandler } from '@kafkaesque/kernel';
import type { Gate } from '@kafkaesque/sim';

/** One thing that a channel brought. Only a failure overtakes the owner's pause. */
interface Arrival {
  readonly isUrgent: boolean;
  readonly happen: () => void;
}

/** A channel of a process that may stand still: what the channel brings waits at the process's gate. */
export class HeldChannel implements Channel {
  readonly #channel: Channel;
  readonly #gate: Gate;
  readonly #left: () => void;
  #handler: ChannelHandler | undefined;
  /** What came through the gate while the owner had paused the channel. */
  #waiting: Arrival[] = [];
  #isPaused = false;
  #isLeaving = false;
  #hasEnded = false;

  /** `left` is called when the channel has ended. */
  constructor(channel: Channel, gate: Gate, left: () => void) {
    this.#channel = channel;
    this.#gate = gate;
    this.#left = left;
    channel.receive({
      message: (bytes) => {
        this.#come(false, () => {
          if (!this.#isLeaving) this.#handler?.message(bytes);
        });
      },
      drained: () => this.#come(true, () => this.#handler?.drained()),
      ended: (end) => this.#come(end.kind !== 'closed' || this.#isLeaving, () => this.#end(end)),
    });
    if (!gate.isOpen) channel.pause();
  }

  get remoteAddress(): string {
    return this.#channel.remoteAddress;
  }

  get unsentBytes(): number {
    return this.#channel.unsentBytes;
  }

  receive(handler: ChannelHandler): void {
    this.#handler = handler;
  }

  send(message: Buffer): boolean {
    return this.#channel.send(message);
  }

  pause(): void {
    this.#isPaused = true;
    this.#channel.pause();
  }

  resume(): void {
    this.#isPaused = false;
    if (this.#gate.isOpen) this.#channel.resume();
    // Nobody is called from within this call.
    setImmediate(() => this.#gate.pass(() => this.#deliver()));
  }

  close(): void {
    this.#isLeaving = true;
    this.#channel.close();
  }

  reset(): void {
    this.#isLeaving = true;
    this.#channel.reset();
  }

  /** The process stands still: the other side is to notice by what it cannot send. */
  hold(): void {
    this.#channel.pause();
  }

  release(): void {
    if (!this.#isPaused) this.#channel.resume();
  }

  #come(isUrgent: boolean, happen: () => void): void {
    this.#gate.pass(() => {
      const mayWait = !isUrgent && !this.#isLeaving;
      if (mayWait && (this.#isPaused || this.#waiting.length > 0)) this.#waiting.push({ isUrgent, happen });
      else if (!this.#hasEnded) happen();
    });
  }

  #deliver(): void {
    while (!this.#isPaused && !this.#hasEnded) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      next.happen();
    }
  }

  #end(end: ChannelEnd): void {
    this.#hasEnded = true;
    this.#waiting = [];
    this.#left();
    this.#handler?.ended(end);
  }
}
