import type { Channel } from '@kafkaesque/kernel';
import type { KafkaConnection, KafkaConnectionHandler } from '@kafkaesque/transport';

/** A client's connection as a broker has it, over a channel of the simulated network: one message is one frame. */
export class ServedChannel implements KafkaConnection {
  readonly id: number;
  readonly listenerName: string;
  readonly localAddress: string;
  readonly #channel: Channel;
  /** Told when the other side has taken what was written. */
  #waiting: (() => void)[] = [];

  constructor(channel: Channel, id: number, listenerName: string, localAddress: string) {
    this.#channel = channel;
    this.id = id;
    this.listenerName = listenerName;
    this.localAddress = localAddress;
  }

  get remoteAddress(): string {
    return this.#channel.remoteAddress;
  }

  get unsentBytes(): number {
    return this.#channel.unsentBytes;
  }

  receive(handler: KafkaConnectionHandler): void {
    this.#channel.receive({
      message: (bytes) => handler.frame(bytes, undefined),
      drained: () => {
        this.#left();
        handler.drained();
      },
      ended: (end) => {
        this.#left();
        handler.ended(end.kind === 'refused' ? { kind: 'closed' } : end);
      },
    });
  }

  /** The channel copies nothing, and what is written may be lent: so it is copied here. */
  write(parts: readonly Buffer[], sent?: () => void): boolean {
    const isTaken = this.#channel.send(Buffer.concat(parts));
    if (sent !== undefined) {
      if (isTaken) queueMicrotask(sent);
      else this.#waiting.push(sent);
    }
    return isTaken;
  }

  settle(): void {
    // There are no budgets here: clients have few requests under way.
  }

  pause(): void {
    this.#channel.pause();
  }

  resume(): void {
    this.#channel.resume();
  }

  close(): void {
    this.#channel.close();
  }

  reset(): void {
    this.#channel.reset();
  }

  #left(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const sent of waiting) sent();
  }
}
