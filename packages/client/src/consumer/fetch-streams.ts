import type { BrokerId } from '@kafkaesque/kernel';
import { asClientError } from '../errors';
import type { ClientError } from '../errors';
import type { FetchedPartition, FetchOptions, FetchStream, FetchTarget, Wire } from '../wire/wire';

export interface FetchStreamsOptions {
  readonly wire: Wire;
  readonly fetch: FetchOptions;
  readonly fetched: (partitions: readonly FetchedPartition[], stream: FetchStream) => void | Promise<void>;
  /** A stream broke; what it followed has to be set anew. */
  readonly broken: (node: BrokerId, targets: readonly FetchTarget[], cause: ClientError) => void;
}

interface Running {
  readonly stream: FetchStream;
  targets: readonly FetchTarget[];
}

/** One fetch stream for each node that something is read from. */
export class FetchStreams {
  readonly #options: FetchStreamsOptions;
  readonly #running = new Map<BrokerId, Running>();

  constructor(options: FetchStreamsOptions) {
    this.#options = options;
  }

  /** Says what is to be read from where; nodes that are not named rest. */
  update(wanted: ReadonlyMap<BrokerId, readonly FetchTarget[]>): void {
    for (const [node, running] of this.#running) {
      if (wanted.has(node) || running.targets.length === 0) continue;
      running.targets = [];
      running.stream.update([]);
    }
    for (const [node, targets] of wanted) {
      try {
        const running = this.#runningOn(node);
        running.targets = targets;
        running.stream.update(targets);
      } catch (error) {
        this.#options.broken(node, targets, asClientError(error));
      }
    }
  }

  async close(): Promise<void> {
    const streams = [...this.#running.values()];
    this.#running.clear();
    await Promise.all(streams.map(({ stream }) => stream.close()));
  }

  #runningOn(node: BrokerId): Running {
    const known = this.#running.get(node);
    if (known !== undefined) return known;
    const { wire, fetch } = this.#options;
    const running: Running = { stream: wire.fetch(node, fetch), targets: [] };
    this.#running.set(node, running);
    void this.#pump(node, running);
    return running;
  }

  async #pump(node: BrokerId, running: Running): Promise<void> {
    const { fetched, broken } = this.#options;
    let cause: ClientError | undefined;
    try {
      for await (const partitions of running.stream) await fetched(partitions, running.stream);
    } catch (error) {
      cause = asClientError(error);
    }
    if (this.#running.get(node) !== running) return;
    this.#running.delete(node);
    await running.stream.close();
    if (cause !== undefined) broken(node, running.targets, cause);
  }
}
