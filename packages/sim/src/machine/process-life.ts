import { Gate } from '../gate';
import type { Scheduler } from '../scheduler';

/**
 * One life of a process, from its start to its death: everything that the world brings to it (wake-ups, completions of
 * the disk, messages) passes here. While the process is paused it waits, as after SIGSTOP; once it is dead it is dropped,
 * and so is what code of the dead process throws.
 */
export class ProcessLife {
  readonly #gate: Gate;
  #alive = true;
  #callsLeft = Infinity;
  #die: (() => void) | undefined;

  constructor(options: { readonly scheduler: Scheduler }) {
    const { scheduler } = options;
    this.#gate = new Gate((step) => void scheduler.after(0, 'life.resume', step));
  }

  get alive(): boolean {
    return this.#alive;
  }

  get paused(): boolean {
    return !this.#gate.isOpen;
  }

  /** Lets something happen to the process: now, when it goes on, or never. */
  pass(happen: () => void): void {
    if (!this.#alive) return;
    if (this.#gate.isClear) this.#run(happen);
    else this.#gate.pass(() => this.#run(happen));
  }

  pause(): void {
    this.#gate.close();
  }

  resume(): void {
    this.#gate.open();
  }

  /**
   * `die` is called when the process makes its `count`-th call to disk or network from now on, before that call takes
   * effect: between two effects of one step.
   */
  dieAtCall(count: number, die: () => void): void {
    this.#callsLeft = count;
    this.#die = die;
  }

  /** The process calls its world. Whether it lives to have the call carried out. */
  call(): boolean {
    if (this.#alive && this.#callsLeft !== Infinity && --this.#callsLeft <= 0) {
      this.#callsLeft = Infinity;
      this.#die?.();
    }
    return this.#alive;
  }

  /** Nothing happens to the process any more. */
  end(): void {
    this.#alive = false;
    this.#gate.clear();
  }

  #run(happen: () => void): void {
    if (!this.#alive) return;
    try {
      happen();
    } catch (cause) {
      // What a process does after its death, on its way out of the call it died in, nobody sees.
      if (this.alive) throw cause;
    }
  }
}
