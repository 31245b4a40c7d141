import { randomInt } from 'node:crypto';
import { SEED_TIMEOUT_MS, Seeds } from '../runner/seeds';
import { failedSeeds } from './failed-seeds';

/* More fresh seeds are searched in `.ci/run`; long runs: `npm run simulate -- --suite groups`. */

const HANDFUL = 16;

const seeds = new Seeds('groups');
afterAll(() => seeds.stop());

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
      const { work } = (await seeds.passed(seed)).report;
      for (const name of judged) sums.set(name, (sums.get(name) ?? 0) + (work[name] ?? 0));
    }
    expect([...sums].filter(([, count]) => count === 0)).toEqual([]);
  }, 600_000);

  test('do not fail again in any seed that has failed once', async () => {
    for (const { seed } of failedSeeds) await seeds.passed(seed);
  }, 600_000);

  test(
    'run the same way twice, also in another process',
    async () => {
      const seed = randomInt(1_000_000_000);
      const [first, second] = await seeds.twice(seed);
      expect([seed, second]).toEqual([seed, first]);
    },
    SEED_TIMEOUT_MS,
  );
});
