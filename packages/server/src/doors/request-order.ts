/** One request of a connection on its way to its answer. */
export interface Exchange {
  /** Produce requests enter their partitions while earlier ones still wait for their answers. */
  readonly concurrent: boolean;
  /** Whether its answer is there, or it was found to have none. */
  isAnswered: boolean;
}

/** Produce requests of one connection that may wait for their answers at once (ARCHITECTURE section 5). */
export const MAX_CONCURRENT_PRODUCES = 100;

/**
 * The order of one connection: requests start in the order they arrived, concurrent ones beside each other, any other
 * one alone; answers leave in the order of their requests. The queues are short (a connection has at most 100 requests
 * in flight), so plain arrays serve.
 */
export class RequestOrder<E extends Exchange> {
  readonly #waiting: E[] = [];
  readonly #running: E[] = [];

  get size(): number {
    return this.#waiting.length + this.#running.length;
  }

  arrived(exchange: E): void {
    this.#waiting.push(exchange);
  }

  /** The next request that may start now; from here on it is running. Undefined when none may. */
  next(): E | undefined {
    const candidate = this.#waiting[0];
    if (candidate === undefined) return undefined;
    const newest = this.#running.at(-1);
    const mayJoin =
      newest === undefined ||
      (candidate.concurrent && newest.concurrent && this.#running.length < MAX_CONCURRENT_PRODUCES);
    if (!mayJoin) return undefined;
    this.#waiting.shift();
    this.#running.push(candidate);
    return candidate;
  }

  /** The oldest running request, if its answer may leave now. */
  take(): E | undefined {
    return this.#running[0]?.isAnswered === true ? this.#running.shift() : undefined;
  }

  /** Everything that has not left, running or waiting; afterwards there is nothing. */
  drain(): readonly E[] {
    return [...this.#running.splice(0), ...this.#waiting.splice(0)];
  }
}
