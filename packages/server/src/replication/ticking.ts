import type { CancelWake, Clock } from '@kafkaesque/kernel';

/** Does something every so often, until it is closed. */
export class Ticking {
  readonly #clock: Clock;
  readonly #everyMs: number;
  readonly #tick: () => void;
  #cancel: CancelWake;
  #isClosed = false;

  constructor(clock: Clock, everyMs: number, tick: () => void) {
    this.#clock = clock;
    this.#everyMs = everyMs;
    this.#tick = tick;
    this.#cancel = this.#after(everyMs);
  }

  /** In the next turn, and then every so often from there on. */
  soon(): void {
    this.#cancel();
    this.#cancel = this.#after(0);
  }

  close(): void {
    this.#isClosed = true;
    this.#cancel();
  }

  #after(ms: number): CancelWake {
    // A wake that nobody cancels any more would keep the process alive.
    if (this.#isClosed) return () => undefined;
    return this.#clock.wakeAt(this.#clock.monotonicMs() + ms, () => {
      this.#tick();
      this.#cancel = this.#after(this.#everyMs);
    });
  }
}
