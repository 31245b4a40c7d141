import type { CancelWake, Clock } from '@kafkaesque/kernel';

export interface PollClockOptions {
  readonly clock: Clock;
  /** `max.poll.interval.ms`. */
  readonly limitMs: number;
  /** Since when the caller has been working; undefined while it waits for records. */
  readonly since: () => number | undefined;
  /** Half of the time has passed; once for each time that the caller is away. */
  readonly late: (awayMs: number) => void;
  /** All of it has. */
  readonly expired: () => void;
}

/** Notices a caller that does not come back for more. One timer that looks now and then, however often it polls. */
export class PollClock {
  readonly #options: PollClockOptions;
  #cancel: CancelWake | undefined;
  /** The absence that has been told of, and the one that has expired. */
  #toldOf: number | undefined;
  #expired: number | undefined;

  constructor(options: PollClockOptions) {
    this.#options = options;
  }

  /** From now on it looks. */
  start(): void {
    if (this.#cancel === undefined) this.#look();
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #look(): void {
    const { clock, limitMs, since, late, expired } = this.#options;
    const nowMs = clock.monotonicMs();
    const sinceMs = since();
    const halfMs = limitMs / 2;
    // A caller that comes and goes meanwhile is found out half the time later at the latest.
    let nextMs = nowMs + halfMs;
    if (sinceMs !== undefined && this.#expired !== sinceMs) {
      const awayMs = nowMs - sinceMs;
      if (awayMs >= limitMs) {
        this.#expired = sinceMs;
        expired();
      } else if (awayMs >= halfMs) {
        if (this.#toldOf !== sinceMs) late(awayMs);
        this.#toldOf = sinceMs;
        nextMs = sinceMs + limitMs;
      } else nextMs = sinceMs + halfMs;
    }
    this.#cancel = clock.wakeAt(nextMs, () => this.#look());
  }
}
