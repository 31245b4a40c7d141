import { randomInt } from 'node:crypto';
import { SEED_TIMEOUT_MS, Seeds } from '../runner/seeds';
import { failedSeeds } from './failed-seeds';

/* Fresh seeds are searched in `.ci/run`; long runs: `npm run simulate -- --suite cluster`. */

const seeds = new Seeds('cluster');
afterAll(() => seeds.stop());

describe('a cluster, simulated,', () => {
  test.each(failedSeeds)(
    'does not fail again in seed $seed: $found',
    async ({ seed }) => {
      await seeds.passed(seed);
    },
    SEED_TIMEOUT_MS,
  );

  test(
    'runs the same way twice, also in another process',
    async () => {
      const seed = randomInt(1_000_000_000);
      const [first, second] = await seeds.twice(seed);
      expect([seed, second]).toEqual([seed, first]);
    },
    SEED_TIMEOUT_MS,
  );
});
