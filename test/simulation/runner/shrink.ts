import type { SeedResult, SeedTask } from './worker';

/** Runs a seed again in some smaller shape. */
export type RunAgain = (task: SeedTask) => Promise<SeedResult>;

/** A failing seed made as small as it gets. */
export interface ShrunkSeed {
  readonly task: SeedTask;
  readonly result: SeedResult;
  readonly runs: number;
}

const SHORTEST_EVENTS = 50;

/**
 * Makes a failing seed smaller: fewer events by bisection, then one family of faults after the other switched off, then
 * fewer events again. Any violation counts as the same failure: what matters is a short way to something wrong.
 */
export const shrink = async (
  failing: SeedTask,
  first: SeedResult,
  families: readonly string[],
  runAgain: RunAgain,
): Promise<ShrunkSeed> => {
  let best = { task: failing, result: first };
  let runs = 0;
  const attempt = async (task: SeedTask): Promise<boolean> => {
    runs += 1;
    const result = await runAgain(task);
    if (result.report.violation === undefined) return false;
    best = { task, result };
    return true;
  };
  const bisectEvents = async (): Promise<void> => {
    let passes = SHORTEST_EVENTS;
    let fails = best.result.report.events;
    while (fails - passes > Math.max(20, fails / 50)) {
      const middle = Math.floor((passes + fails) / 2);
      if (await attempt({ ...best.task, maximumEvents: middle }))
        fails = Math.min(middle, best.result.report.events);
      else passes = middle;
    }
  };
  await bisectEvents();
  for (const family of families) {
    if (best.task.without.includes(family)) continue;
    await attempt({ ...best.task, without: [...best.task.without, family] });
  }
  await bisectEvents();
  return { ...best, runs };
};

/** The command line that runs a task again. */
export const commandOf = (task: SeedTask, trace: boolean): string => {
  const { suite, seed, maximumEvents, nodes, without } = task;
  return [
    'npm run simulate --',
    ...(suite === 'quorum' ? [] : [`--suite ${suite}`]),
    `--seed ${seed}`,
    ...(nodes === undefined ? [] : [`--nodes ${nodes}`]),
    ...(maximumEvents === undefined ? [] : [`--seed-events ${maximumEvents}`]),
    ...(without.length === 0 ? [] : [`--without ${without.join(',')}`]),
    ...(trace ? ['--trace'] : []),
  ].join(' ');
};
