import type { BrokerId } from '@kafkaesque/kernel';
import type { ApiName, ResponseOf } from '@kafkaesque/protocol';
import { ChangeSignal } from '../timing/change-signal';
import type {
  Capabilities,
  DraftFor,
  FetchOptions,
  FetchStream,
  NodeAddress,
  RequestLine,
  RequestOptions,
  Wire,
} from '../wire/wire';

/** A wire of one process that may be killed or stopped for a while, over one that others use too. */
export class MortalWire implements Wire {
  readonly #wire: Wire;
  readonly #resumed = new ChangeSignal();
  readonly #streams = new Set<FetchStream>();
  #isStopped = false;

  constructor(wire: Wire) {
    this.#wire = wire;
  }

  get bootstrapNodes(): readonly NodeAddress[] {
    return this.#wire.bootstrapNodes;
  }

  /** Nothing is sent any more, and nothing heard. */
  kill(): void {
    this.stop();
    for (const stream of this.#streams) void stream.close();
  }

  /** What is sent from now on, and answers to what was sent before, wait until `resume`. */
  stop(): void {
    this.#isStopped = true;
  }

  resume(): void {
    this.#isStopped = false;
    this.#resumed.raise();
  }

  learn(nodes: readonly NodeAddress[]): void {
    this.#wire.learn(nodes);
  }

  /** At once, unless the process has been stopped. */
  async #running(): Promise<void> {
    while (this.#isStopped) await this.#resumed.wait();
  }

  async request<Name extends ApiName>(
    node: BrokerId,
    api: Name,
    draft: DraftFor<Name>,
    options?: RequestOptions,
  ): Promise<ResponseOf<Name>> {
    await this.#running();
    try {
      const answer = await this.#wire.request(node, api, draft, options);
      await this.#running();
      return answer;
    } catch (error) {
      await this.#running();
      throw error;
    }
  }

  line(node: BrokerId): RequestLine {
    return {
      request: (api, draft, options) => this.request(node, api, draft, options),
      close: () => undefined,
    };
  }

  fetch(node: BrokerId, options: FetchOptions): FetchStream {
    const stream = this.#wire.fetch(node, options);
    this.#streams.add(stream);
    return stream;
  }

  capabilities(node: BrokerId, options?: RequestOptions): Promise<Capabilities> {
    return this.#wire.capabilities(node, options);
  }

  onClosed(node: BrokerId, listener: () => void): () => void {
    return this.#wire.onClosed(node, listener);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
