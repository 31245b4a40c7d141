import { commandOf } from './shrink';
import type { SeedResult, SeedTask } from './worker';
import { Worker } from './worker-pool';

/** One seed in some hundreds has ten times the events of the others; one that is run twice has no more chaos than so many. */
const brief: Partial<SeedTask> = { maximumEvents: 100_000 };

/** Shorter than what a test may take, which would not tell the seed. */
const LONGEST_SEED_MS = 3 * 60_000;
/** How long a test may take that runs one seed, or one seed twice. */
export const SEED_TIMEOUT_MS = 2 * LONGEST_SEED_MS + 30_000;

/** Seeds of one suite as tests run them: in a process of its own, without jest, which would make them three times as slow. */
export class Seeds {
  readonly #suite: string;
  readonly #worker = openWorker();

  constructor(suite: string) {
    this.#suite = suite;
  }

  /** What came of a seed. Throws when it violates something, and tells the command that shows it. */
  passed(seed: number, different: Partial<SeedTask> = {}): Promise<SeedResult> {
    return this.#run(this.#worker, seed, different);
  }

  /** What two processes see of a seed. */
  async twice(seed: number): Promise<readonly [first: string, second: string]> {
    const another = openWorker();
    try {
      const first = await this.#run(this.#worker, seed, brief);
      const second = await this.#run(another, seed, brief);
      return [outcomeOf(first), outcomeOf(second)];
    } finally {
      another.stop();
    }
  }

  stop(): void {
    this.#worker.stop();
  }

  async #run(worker: Worker, seed: number, different: Partial<SeedTask>): Promise<SeedResult> {
    const task: SeedTask = { suite: this.#suite, seed, without: [], lastLines: 0, ...different };
    const result = await worker.run(task);
    const { violation } = result.report;
    if (violation === undefined) return result;
    throw new Error(`SEED=${seed}: ${violation.invariant}: ${violation.message}\n${commandOf(task, true)}`);
  }
}

const openWorker = (): Worker => new Worker({ longestSeedMs: LONGEST_SEED_MS });

const outcomeOf = ({ report }: SeedResult): string => `${report.hash} after ${report.events} events`;
