import { Ring } from '@kafkaesque/kernel';

/** How a gate lets what it held happen: each step as an event of its own, so that microtasks drain between. */
export type ScheduleStep = (step: () => void) => void;

/**
 * Lets things happen at once while it is open, and holds them while it is closed. What was held happens in order once
 * the gate opens, one event each, and nothing that comes meanwhile overtakes it.
 */
export class Gate {
  readonly #schedule: ScheduleStep;
  readonly #held = new Ring<() => void>();
  #open = true;
  #draining = false;

  constructor(schedule: ScheduleStep) {
    this.#schedule = schedule;
  }

  get isOpen(): boolean {
    return this.#open;
  }

  /** Things that wait for the gate. */
  get heldCount(): number {
    return this.#held.size;
  }

  /** Whether what passes now happens at once. */
  get isClear(): boolean {
    return this.#open && this.#held.size === 0;
  }

  pass(happen: () => void): void {
    if (this.isClear) happen();
    else this.#held.push(happen);
  }

  close(): void {
    this.#open = false;
  }

  open(): void {
    this.#open = true;
    this.#drain();
  }

  /** Forgets what waits. */
  clear(): void {
    this.#held.clear();
  }

  #drain(): void {
    if (this.#draining || this.#held.size === 0) return;
    this.#draining = true;
    this.#schedule(() => {
      this.#draining = false;
      if (!this.#open) return;
      const happen = this.#held.shift();
      try {
        happen?.();
      } finally {
        if (this.isOpen) this.#drain();
      }
    });
  }
}
