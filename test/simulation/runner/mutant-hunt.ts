import type { Mutant } from './mutant';
import { Worker } from './worker-pool';

/** How the search for a mutant ended. */
export interface Hunt {
  readonly mutant: string;
  /** `broken`: it can not be applied, or fails as no bug of its kind would. */
  readonly outcome: 'found' | 'survived' | 'broken';
  readonly invariant: string;
  readonly message: string;
  readonly seed: number;
  readonly events: number;
  readonly seconds: number;
}

/** How long, and where, to search. */
export interface HuntOptions {
  readonly suite: string;
  /** Path of the table, from the root of the repository. */
  readonly table: string;
  readonly firstSeed: number;
  readonly maximumEvents: number;
}

/** How no planted bug looks when it is found: these are mistakes in the mutant itself. */
const mistakes = ['TypeError', 'ReferenceError', 'SyntaxError', 'not applicable', 'a crash'];

/** Whether a seed fails without the mutant too: then it has found something else. */
const failsAnyway = async (suite: string, seed: number): Promise<boolean> => {
  const worker = new Worker();
  try {
    const { report } = await worker.run({ suite, seed, without: [], lastLines: 0 });
    return report.violation !== undefined;
  } finally {
    worker.stop();
  }
};

/** Runs seeds on the mutated code, in a process of its own, until one fails or enough events have passed. */
export const hunt = async (mutant: Mutant, options: HuntOptions): Promise<Hunt> => {
  const { suite, table, firstSeed, maximumEvents } = options;
  const worker = new Worker({ environment: { ...process.env, MUTANT: mutant.name, MUTANTS: table } });
  const startedMs = performance.now();
  let events = 0;
  const end = (seed: number, outcome: Hunt['outcome'], invariant: string, message: string): Hunt => {
    worker.stop();
    return {
      mutant: mutant.name,
      outcome,
      invariant,
      message,
      seed,
      events,
      seconds: (performance.now() - startedMs) / 1000,
    };
  };
  for (let seed = firstSeed; ; seed++) {
    if (events >= maximumEvents) return end(seed, 'survived', '', '');
    const { report } = await worker.run({ suite, seed, without: [], lastLines: 0 });
    events += report.events;
    const { violation } = report;
    if (violation === undefined) continue;
    const { invariant, message } = violation;
    if (mistakes.includes(invariant)) return end(seed, 'broken', invariant, message);
    if (await failsAnyway(suite, seed))
      return end(seed, 'broken', invariant, `this seed fails without the mutant as well: ${message}`);
    return end(seed, 'found', invariant, message);
  }
};

/** The mutants whose turn it is, of so many turns that take all: with three, every third from the `turn`-th on. */
export const turnOf = (mutants: readonly Mutant[], turn: number, turns: number): readonly Mutant[] =>
  mutants.filter((_, index) => index % turns === turn % turns);

/** Searches for all of them, on two processes, and tells of each as it is done. */
export const huntAll = async (
  mutants: readonly Mutant[],
  options: HuntOptions,
  tell: (hunt: Hunt) => void,
): Promise<readonly Hunt[]> => {
  const waiting = [...mutants];
  const hunts: Hunt[] = [];
  const work = async (): Promise<void> => {
    for (let mutant = waiting.shift(); mutant !== undefined; mutant = waiting.shift()) {
      const done = await hunt(mutant, options);
      hunts.push(done);
      tell(done);
    }
  };
  await Promise.all([work(), work()]);
  return hunts;
};
