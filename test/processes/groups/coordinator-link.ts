import { ERROR_CODES } from './group-errors';
import { BadClient } from '../../bad-input/client';
import type { ApiName, RequestDraftOf, ResponseOf } from '@kafkaesque/protocol';

/** Beyond it an answer does not come any more: of a node that was killed the connection ends at once. */
const PATIENCE_MS = 5000;

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Why nobody answered; what became of the request is not known. */
export class NoAnswer extends Error {}

/** A connection to whoever coordinates a group, found anew when it is somebody else. */
export class CoordinatorLink {
  readonly #bootstrap: readonly string[];
  readonly #group: string;
  #client: BadClient | undefined;
  #isClosed = false;
  #turn = 0;

  constructor(bootstrapServers: string, group: string) {
    this.#bootstrap = bootstrapServers.split(',');
    this.#group = group;
  }

  /** Asks the coordinator. Throws {@link NoAnswer} when there is none now, or its answer does not come. */
  async ask<Name extends ApiName>(
    name: Name,
    version: number,
    draft: RequestDraftOf<Name>,
  ): Promise<ResponseOf<Name>> {
    this.#client ??= await this.#connected();
    const client = this.#client;
    let timer: NodeJS.Timeout | undefined;
    try {
      const late = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new Error(`no answer to ${name}`)), PATIENCE_MS);
      });
      return await Promise.race([client.ask(name, version, draft, this.#group), late]);
    } catch (error) {
      this.lost();
      throw new NoAnswer(String(error));
    } finally {
      clearTimeout(timer);
    }
  }

  /** Whoever answered is not the coordinator, or does not answer: the next question looks for it. */
  lost(): void {
    const client = this.#client;
    this.#client = undefined;
    client?.socket.destroy();
  }

  /** Who coordinates the group now. */
  async coordinator(): Promise<{ readonly nodeId: number; readonly address: string } | undefined> {
    for (let tries = 0; tries < this.#bootstrap.length; tries += 1) {
      this.#turn += 1;
      const address = this.#bootstrap[this.#turn % this.#bootstrap.length] ?? '';
      try {
        await using client = await opened(address);
        const { errorCode, nodeId, host, port } = await client.ask('FindCoordinator', 3, {
          key: this.#group,
          keyType: 0,
        });
        if (errorCode === ERROR_CODES.NONE) return { nodeId, address: `${host}:${port}` };
      } catch {
        // The next one is asked.
      }
    }
    return undefined;
  }

  async #connected(): Promise<BadClient> {
    while (!this.#isClosed) {
      const found = await this.coordinator();
      if (found !== undefined) {
        try {
          return await opened(found.address);
        } catch {
          // It was killed, and nobody has noticed yet.
        }
      }
      await sleep(50);
    }
    throw new NoAnswer('closed');
  }

  close(): void {
    this.#isClosed = true;
    this.lost();
  }
}

const opened = (address: string): Promise<BadClient> => {
  const at = address.lastIndexOf(':');
  return BadClient.open(address.slice(0, at), Number(address.slice(at + 1)));
};
