import { randomInt } from 'node:crypto';
import { commandOf } from '../runner/shrink';
import type { SeedResult, SeedTask } from '../runner/worker';
import { Worker } from '../runner/worker-pool';
import { failedSeeds } from './failed-seeds';

/* Fresh seeds are searched in `.ci/run`; long runs: `npm run simulate -- --suite cluster`. */

const worker = new Worker();
afterAll(() => worker.stop());

const taskOf = (seed: number): SeedTask => ({ suite: 'cluster', seed, without: [], lastLines: 0 });

const passed = async (seed: number): Promise<SeedResult> => {
  const result = await worker.run(taskOf(seed));
  const { violation } = result.report;
  if (violation !== undefined)
    throw new Error(
      `SEED=${seed}: ${violation.invariant}: ${violation.message}\n${commandOf(taskOf(seed), true)}`,
    );
  return result;
};

describe('a cluster, simulated,', () => {
  test.each(failedSeeds)(
    'does not fail again in seed $seed: $found',
    async ({ seed }) => {
      await passed(seed);
    },
    240_000,
  );

  test('runs the same way twice, also in another process', async () => {
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
