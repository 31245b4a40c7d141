import { Failure, assert } from '@kafkaesque/kernel';
import { EventQueue } from './event-queue';
import { TraceHash } from './trace-hash';

/** When a run ends, if events do not end before. */
export interface RunLimits {
  /** Asked before each event; true ends the run. */
  readonly until?: () => boolean;
  /** Virtual time at which the run ends; events at that very time still happen. */
  readonly untilMs?: number;
  /** Events after which the run ends. */
  readonly maximumEvents?: number;
}

/** Why a run ended: the condition held, the time or the number of events was reached, or nothing is left to happen. */
export type RunEnd = 'condition' | 'time' | 'events' | 'idle';

/**
 * The order in which a simulated world's events happen, over virtual time. One event happens, then every microtask it
 * caused runs to its end, then the next event: code full of promises runs the same way for the same seed.
 *
 * The drain is one `setImmediate` callback per event: node empties the microtask queue between two immediates, however
 * long the promise chains are. They are queued in batches, so that the event loop itself turns once per batch.
 */
export class Scheduler {
  readonly trace = new TraceHash();
  readonly #queue = new EventQueue();
  #nowMs: number;
  #eventCount = 0;
  #running = false;

  constructor(startMs = 0) {
    this.#nowMs = startMs;
  }

  /** Virtual milliseconds; they pass only from event to event. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** Events that have happened. */
  get eventCount(): number {
    return this.#eventCount;
  }

  /** Events that have not happened yet. */
  get waitingCount(): number {
    return this.#queue.size;
  }

  /** Lets `happen` be called at `atMs` (now, if that has passed), never within this call. Returns what takes it back. */
  at(atMs: number, kind: string, happen: () => void): () => void {
    const event = this.#queue.push(atMs > this.#nowMs ? atMs : this.#nowMs, kind, happen);
    return () => {
      this.#queue.remove(event);
    };
  }

  after(delayMs: number, kind: string, happen: () => void): () => void {
    return this.at(this.#nowMs + delayMs, kind, happen);
  }

  /** Lets events happen until a limit is reached. An error thrown by an event ends the run with it. */
  run(limits: RunLimits = {}): Promise<RunEnd> {
    assert(!this.#running, 'a scheduler runs once at a time');
    this.#running = true;
    const lastCount = this.#eventCount + (limits.maximumEvents ?? Infinity);
    return new Promise<RunEnd>((resolve, reject) => {
      let open = true;
      const finish = (end: () => void): void => {
        open = false;
        this.#running = false;
        end();
      };
      const turn = (): void => {
        if (!open) return;
        try {
          const end = this.#endOf(limits, lastCount);
          if (end === undefined) this.#step();
          else finish(() => resolve(end));
        } catch (cause) {
          finish(() => reject(cause instanceof Error ? cause : new Failure('THROWN', String(cause))));
        }
      };
      const batch = (): void => {
        turn();
        if (!open) return;
        for (let i = 1; i < TURNS_PER_BATCH; i++) setImmediate(turn);
        setImmediate(batch);
      };
      setImmediate(batch);
    });
  }

  /**
   * Runs until `work` has settled and hands on its outcome. Fails with DEADLOCK when nothing is left to happen before,
   * and with TOO_MANY_EVENTS when `maximumEvents` were not enough.
   */
  async settle<Value>(work: Promise<Value>, maximumEvents = Infinity): Promise<Value> {
    let settled = false;
    const mark = (): void => {
      settled = true;
    };
    work.then(mark, mark);
    const end = await this.run({ until: () => settled, maximumEvents });
    if (end === 'idle')
      throw new Failure('DEADLOCK', 'nothing is left to happen, and what was awaited has not');
    if (end === 'events') throw new Failure('TOO_MANY_EVENTS', `not settled after ${maximumEvents} events`);
    return work;
  }

  #endOf(limits: RunLimits, lastCount: number): RunEnd | undefined {
    if (limits.until?.() === true) return 'condition';
    if (this.#queue.size === 0) return 'idle';
    if (this.#eventCount >= lastCount) return 'events';
    if (limits.untilMs !== undefined && this.#queue.nextAtMs > limits.untilMs) {
      this.#nowMs = Math.max(this.#nowMs, limits.untilMs);
      return 'time';
    }
    return undefined;
  }

  #step(): void {
    const event = this.#queue.pop();
    if (event === undefined) return;
    this.#nowMs = event.atMs;
    this.#eventCount += 1;
    this.trace.event(event.atMs, event.kind);
    event.happen();
  }
}

const TURNS_PER_BATCH = 64;
