import type { CancelWake, Clock } from '@kafkaesque/kernel';

/** Work that goes out together is done at most this often: a busy stream then sends fewer and larger frames. */
const INTERVAL_MS = 1;

/**
 * Does some work once for everything that asked for it: behind the present turn when it was quiet, otherwise as soon as
 * the interval is over.
 */
export class Turns {
  readonly #clock: Clock;
  readonly #work: () => void;
  #lastMs = -Infinity;
  #isRequested = false;
  #cancel: CancelWake | undefined;
  #isClosed = false;

  constructor(clock: Clock, work: () => void) {
    this.#clock = clock;
    this.#work = work;
  }

  request(): void {
    if (this.#isRequested || this.#isClosed) return;
    this.#isRequested = true;
    if (this.#clock.monotonicMs() - this.#lastMs >= INTERVAL_MS) queueMicrotask(() => this.#do());
    else this.#cancel = this.#clock.wakeAt(this.#lastMs + INTERVAL_MS, () => this.#do());
  }

  close(): void {
    this.#isClosed = true;
    this.#cancel?.();
  }

  #do(): void {
    if (this.#isClosed) return;
    this.#isRequested = false;
    this.#lastMs = this.#clock.monotonicMs();
    this.#work();
  }
}
