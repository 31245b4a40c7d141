import type { CancelWake, Clock } from '@kafkaesque/kernel';
import { PARTITION_CREDIT_BYTES } from './limits';

/** Bytes a second; as good as no limit from here on. */
const UNLIMITED = Number.MAX_SAFE_INTEGER;
/** A second's bytes go in this many pieces, so that what is held back flows evenly. */
const PIECES_A_SECOND = 10;
const MIN_PIECE_BYTES = 16 << 10;

/**
 * The rate that replicas under reassignment keep to: a bucket of tokens, a tenth of a second's worth, that may be
 * overdrawn by one piece. Whoever finds it empty waits here, and is resumed in turn.
 */
export class Throttle {
  readonly #clock: Clock;
  readonly #waiting = new Map<object, () => void>();
  #bytesPerSecond = UNLIMITED;
  #tokens = UNLIMITED;
  #filledMs: number;
  #cancel: CancelWake | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#filledMs = clock.monotonicMs();
  }

  get isLimited(): boolean {
    return this.#bytesPerSecond < UNLIMITED;
  }

  /** What goes at once. Small enough that one that takes it leaves room for others, and never nothing. */
  get pieceBytes(): number {
    const evenBytes = Math.floor(this.#bytesPerSecond / PIECES_A_SECOND);
    return Math.min(PARTITION_CREDIT_BYTES, Math.max(MIN_PIECE_BYTES, evenBytes));
  }

  /** Nothing may go now. */
  get isExhausted(): boolean {
    this.#fill();
    return this.#tokens <= 0;
  }

  /** Whoever waits is asked anew. */
  limitTo(bytesPerSecond: number): void {
    if (bytesPerSecond === this.#bytesPerSecond) return;
    this.#fill();
    this.#bytesPerSecond = bytesPerSecond;
    this.#tokens = Math.min(this.#tokens, this.#capacity);
    this.#resumeAll();
  }

  /** So much has gone, or, if negative, has not after all. */
  took(sizeBytes: number): void {
    if (!this.isLimited) return;
    this.#fill();
    this.#tokens = Math.min(this.#tokens - sizeBytes, this.#capacity);
  }

  /** `resume` is called once, when something may go again. */
  wait(waiter: object, resume: () => void): void {
    this.#waiting.set(waiter, resume);
    this.#schedule();
  }

  isWaiting(waiter: object): boolean {
    return this.#waiting.has(waiter);
  }

  forget(waiter: object): void {
    this.#waiting.delete(waiter);
  }

  close(): void {
    this.#cancel?.();
    this.#waiting.clear();
  }

  get #capacity(): number {
    return this.isLimited ? this.#bytesPerSecond / PIECES_A_SECOND : UNLIMITED;
  }

  #fill(): void {
    const nowMs = this.#clock.monotonicMs();
    const grownBytes = ((nowMs - this.#filledMs) / 1000) * this.#bytesPerSecond;
    this.#filledMs = nowMs;
    this.#tokens = Math.min(this.#tokens + grownBytes, this.#capacity);
  }

  #schedule(): void {
    if (this.#cancel !== undefined || this.#waiting.size === 0) return;
    this.#fill();
    // With a rate of nothing only another rate lets anything go.
    if (this.#bytesPerSecond <= 0 && this.#tokens <= 0) return;
    const inMs = Math.max(1, Math.ceil(((1 - this.#tokens) * 1000) / this.#bytesPerSecond));
    this.#cancel = this.#clock.wakeAt(this.#filledMs + inMs, () => {
      this.#cancel = undefined;
      this.#resumeAll();
    });
  }

  /** In the order in which they came; those for whom there is nothing left come back behind the others. */
  #resumeAll(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const resume of waiting) resume();
  }
}
