/** Pieces that are copied at once, over all replicas that move: each is held in memory until it is durable. */
const LANES = 4;

/** Bounds what all moves of a broker have in memory; who comes first is served first. */
export class CopyLanes {
  #free = LANES;
  readonly #waiting: (() => void)[] = [];

  async run(work: () => Promise<void>): Promise<void> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free += 1;
      else next();
    }
  }
}
