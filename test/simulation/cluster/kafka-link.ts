import type { Channel } from '@kafkaesque/kernel';
import { apis, decodeResponse, encodeRequestFrame } from '@kafkaesque/protocol';
import type { Api, ApiName, RequestDraftOf, ResponseOf } from '@kafkaesque/protocol';
import type { Attachment, Scheduler } from '@kafkaesque/sim';
import { CLIENT_PORT } from './node';

/** How a request ended: with an answer, or with nobody knowing what became of it. */
export type LinkAnswer<Name extends ApiName> =
  { readonly kind: 'answered'; readonly body: ResponseOf<Name> } | { readonly kind: 'lost' };

interface Pending {
  readonly settle: (frame: Buffer | undefined) => void;
}

const SIZE_BYTES = 4;

/** A client's connection to one broker, and its requests; after a failure the next request dials anew. */
export class KafkaLink {
  readonly #network: Attachment;
  readonly #scheduler: Scheduler;
  readonly #host: string;
  readonly #pending = new Map<number, Pending>();
  #channel: Channel | undefined;
  #lastId = 0;

  constructor(network: Attachment, scheduler: Scheduler, host: string) {
    this.#network = network;
    this.#scheduler = scheduler;
    this.#host = host;
  }

  /** Asks, and waits for the answer so long; an answer that comes later is nobody's. */
  ask<Name extends ApiName>(
    name: Name,
    version: number,
    draft: RequestDraftOf<Name>,
    timeoutMs: number,
  ): Promise<LinkAnswer<Name>> {
    const channel = (this.#channel ??= this.#dial());
    const api: Api = apis[name];
    const id = ++this.#lastId;
    const frame = Buffer.concat(encodeRequestFrame(api, version, id, 'simulated', draft));
    return new Promise((resolve) => {
      const cancel = this.#scheduler.after(timeoutMs, 'client.timeout', () => settle(undefined));
      const settle = (answer: Buffer | undefined): void => {
        cancel();
        if (!this.#pending.delete(id)) return;
        if (answer === undefined) this.drop();
        resolve(
          answer === undefined
            ? { kind: 'lost' }
            : { kind: 'answered', body: decodeResponse(api, version, answer).body as ResponseOf<Name> },
        );
      };
      this.#pending.set(id, { settle });
      channel.send(frame.subarray(SIZE_BYTES));
    });
  }

  /** Whatever is under way is lost to this client; it may arrive all the same. */
  drop(): void {
    const channel = this.#channel;
    this.#channel = undefined;
    channel?.reset();
    for (const { settle } of [...this.#pending.values()]) settle(undefined);
  }

  #dial(): Channel {
    const channel = this.#network.dial({ host: this.#host, port: CLIENT_PORT });
    channel.receive({
      message: (bytes) => {
        if (this.#channel === channel) this.#received(bytes);
      },
      drained: () => undefined,
      ended: () => {
        if (this.#channel === channel) this.drop();
      },
    });
    return channel;
  }

  /** One write of a broker may hold several answers. */
  #received(bytes: Buffer): void {
    for (let at = 0; at < bytes.length;) {
      const size = bytes.readInt32BE(at);
      const frame = bytes.subarray(at + SIZE_BYTES, at + SIZE_BYTES + size);
      this.#pending.get(frame.readInt32BE(0))?.settle(frame);
      at += SIZE_BYTES + size;
    }
  }
}
