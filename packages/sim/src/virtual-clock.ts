import type { CancelWake, Clock } from '@kafkaesque/kernel';
import type { ProcessLife } from './machine/process-life';
import type { Scheduler } from './scheduler';

/** How a process's clock relates to the scheduler's time. */
export interface VirtualClockOptions {
  readonly scheduler: Scheduler;
  /** Wall time at the scheduler's zero, in milliseconds since 1970. */
  readonly wallStartMs?: number;
  /** How much faster this clock runs than the scheduler's time, in parts per million; may be negative. */
  readonly driftPpm?: number;
  /** What monotonic time reads at the scheduler's zero. */
  readonly monotonicStartMs?: number;
  /** Whose wake-ups these are: none comes while the process is paused. */
  readonly life?: ProcessLife;
}

/** 2024-01-01T00:00:00Z: any fixed moment, so that runs are alike. */
export const DEFAULT_WALL_START_MS = 1_704_067_200_000;

/** One process's view of virtual time. */
export class VirtualClock implements Clock {
  readonly #scheduler: Scheduler;
  readonly #rate: number;
  readonly #startMs: number;
  readonly #life: ProcessLife | undefined;
  readonly #waiting = new Set<() => void>();
  #wallOffsetMs: number;
  #stopped = false;

  constructor(options: VirtualClockOptions) {
    this.#scheduler = options.scheduler;
    this.#rate = 1 + (options.driftPpm ?? 0) / 1_000_000;
    this.#startMs = options.monotonicStartMs ?? 0;
    this.#life = options.life;
    this.#wallOffsetMs = options.wallStartMs ?? DEFAULT_WALL_START_MS;
  }

  monotonicMs(): number {
    return this.#startMs + this.#scheduler.nowMs * this.#rate;
  }

  wallMs(): number {
    return Math.floor(this.#wallOffsetMs + this.#scheduler.nowMs * this.#rate);
  }

  wakeAt(atMs: number, wake: () => void): CancelWake {
    if (this.#stopped) return () => undefined;
    const happen = (): void => {
      if (this.#waiting.delete(takeBack)) wake();
    };
    const takeBack = this.#scheduler.at(this.#timeOf(atMs), 'wake', () => {
      if (this.#life === undefined) happen();
      else this.#life.pass(happen);
    });
    this.#waiting.add(takeBack);
    return () => {
      if (this.#waiting.delete(takeBack)) takeBack();
    };
  }

  /** The scheduler's time at which this clock reads at least `atMs`: division may round one step short. */
  #timeOf(atMs: number): number {
    let time = (atMs - this.#startMs) / this.#rate;
    while (this.#startMs + time * this.#rate < atMs)
      time += Math.max(Math.abs(time), Math.abs(atMs), 1) * Number.EPSILON;
    return time;
  }

  /** Moves wall time, forwards or back; monotonic time and wake-ups do not notice. */
  jumpWall(byMs: number): void {
    this.#wallOffsetMs += byMs;
  }

  /** The process is gone: no wake-up of its clock comes any more. */
  stop(): void {
    this.#stopped = true;
    for (const takeBack of this.#waiting) takeBack();
    this.#waiting.clear();
  }
}
