import type { Clock } from '@kafkaesque/kernel';
import { abortedError } from './waiting';

export interface WaitBounds {
  readonly clock: Clock;
  /** Monotonic; Infinity for no end. */
  readonly untilMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** Wakes whoever waits for "something changed". Waiters are woken together, and once each. */
export class ChangeSignal {
  #waiters = new Set<() => void>();

  raise(): void {
    const waiters = this.#waiters;
    this.#waiters = new Set();
    for (const wake of waiters) wake();
  }

  /** Resolves at the next change, or when the time given is over; rejects when the signal fires. */
  wait(bounds?: WaitBounds): Promise<void> {
    return new Promise((resolve, reject) => {
      if (bounds === undefined) {
        this.#waiters.add(resolve);
        return;
      }
      const { clock, untilMs, signal } = bounds;
      const settle = (): void => {
        this.#waiters.delete(wake);
        cancel();
        signal?.removeEventListener('abort', abort);
      };
      const wake = (): void => {
        settle();
        resolve();
      };
      const abort = (): void => {
        settle();
        if (signal !== undefined) reject(abortedError(signal));
      };
      const cancel = untilMs === Infinity ? () => undefined : clock.wakeAt(untilMs, wake);
      this.#waiters.add(wake);
      if (signal?.aborted === true) abort();
      else signal?.addEventListener('abort', abort, { once: true });
    });
  }
}
