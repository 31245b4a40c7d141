import type { CancelWake, Clock } from '@kafkaesque/kernel';

/** A member of another cluster, where one of ours was to be. */
export interface Foreigner {
  readonly clusterId: string;
  /** `host:port`. */
  readonly address: string;
}

/** Nobody may be there yet: whoever starts first does not wait longer for a word. */
const FIRST_WORD_MS = 250;
/** An address that another cluster has may be one of several. */
const PATIENCE_MS = 3000;

/**
 * Whether a node that starts finds its own cluster where it looks for it. Who is met by strangers only has the wrong
 * directory or the wrong addresses, and nothing that it waits for will ever come.
 */
export class Acquaintance {
  readonly #clock: Clock;
  #hasMet = false;
  #foreigner: Foreigner | undefined;
  #waiting: { readonly resolve: (foreigner: Foreigner | undefined) => void; cancel: CancelWake } | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A member of this cluster is there. */
  met(): void {
    this.#hasMet = true;
    this.#end(undefined);
  }

  /** Somebody was dialled who belongs to another cluster. */
  foreign(foreigner: Foreigner): void {
    if (this.#hasMet || this.#foreigner !== undefined) return;
    this.#foreigner = foreigner;
    const waiting = this.#waiting;
    if (waiting === undefined) return;
    waiting.cancel();
    waiting.cancel = this.#wake(PATIENCE_MS);
  }

  /**
   * Resolves with a member of another cluster when there is one and none of our own; with nothing as soon as one of our
   * own is met, or when nobody says a word.
   */
  made(): Promise<Foreigner | undefined> {
    if (this.#hasMet) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      const cancel = this.#wake(this.#foreigner === undefined ? FIRST_WORD_MS : PATIENCE_MS);
      this.#waiting = { resolve, cancel };
    });
  }

  /** Nobody is waited for any more. */
  close(): void {
    this.#end(undefined);
  }

  #wake(inMs: number): CancelWake {
    return this.#clock.wakeAt(this.#clock.monotonicMs() + inMs, () => this.#end(this.#foreigner));
  }

  #end(foreigner: Foreigner | undefined): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.cancel();
    waiting?.resolve(foreigner);
  }
}
