import { randomInt } from 'node:crypto';
import { commandOf } from '../runner/shrink';
import type { SeedResult, SeedTask } from '../runner/worker';
import { Worker } from '../runner/worker-pool';
import { failedSeeds } from './failed-seeds';

/* More fresh seeds are searched in `.ci/run`; long runs: `npm run simulate -- --suite groups`. */

const HANDFUL = 16;

const worker = new Worker();
afterAll(() => worker.stop());

const taskOf = (seed: number): SeedTask => ({ suite: 'groups', seed, without: [], lastLines: 0 });

const passed = async (seed: number): Promise<SeedResult> => {
  const result = await worker.run(taskOf(seed));
  const { violation } = result.report;
  if (violation !== undefined)
    throw new Error(
      `SEED=${seed}: ${violation.invariant}: ${violation.message}\n${commandOf(taskOf(seed), true)}`,
    );
  return result;
};

/** What must have happened in a handful of worlds: an invariant of which nothing could break is none. */
const judged = [
  ...['commits', 'fetches', 'processed'], // G1, G4
  ...['staleCommits', 'staleRefusals'], // G2
  ...['assignments', 'rebalances', 'ownershipChecks', 'contested', 'knowingAnswers'], // G3
  ...['fencings', 'evictions', 'failovers', 'classicLives', 'consumerLives', 'twins', 'growths'],
  ...['keptCommits', 'keptFetches', 'expired', 'deletedOffsets', 'deletedGroups', 'refusedDeletions'],
];

describe('groups, simulated,', () => {
  test('are tried in all that is judged: a handful of worlds has some of everything', async () => {
    const sums = new Map(judged.map((name) => [name, 0]));
    for (let seed = 1; seed <= HANDFUL && [...sums.values()].includes(0); seed++) {
      const { work } = (await passed(seed)).report;
      for (const name of judged) sums.set(name, (sums.get(name) ?? 0) + (work[name] ?? 0));
    }
    expect([...sums].filter(([, count]) => count === 0)).toEqual([]);
  }, 600_000);

  test('do not fail again in any seed that has failed once', async () => {
    for (const { seed } of failedSeeds) await passed(seed);
  }, 600_000);

  test('run the same way twice, also in another process', async () => {
    const another = new Worker();
    try {
      const seed = randomInt(1_000_000_000);
      const first = await passed(seed);
      const second = await another.run(taskOf(seed));
      expect([seed, second.report.hash, second.report.events]).toEqual([
        seed,
        first.report.hash,
        first.report.events,
      ]);
    } finally {
      another.stop();
    }
  }, 240_000);
});
