import { randomInt } from 'node:crypto';
import { SEED_TIMEOUT_MS, Seeds } from '../runner/seeds';
import { failedSeeds } from './failed-seeds';

/** A share of the time that the simulations have in the test suite. Long runs: `npm run simulate -- --minutes 60`. */
const FRESH_SEEDS_MS = 20_000;

const seeds = new Seeds('quorum');
afterAll(() => seeds.stop());

describe('the metadata quorum, simulated,', () => {
  test(
    'keeps its promises in seeds that nobody has seen',
    async () => {
      const startedMs = performance.now();
      let events = 0;
      let count = 0;
      let simulatedMs = 0;
      while (performance.now() - startedMs < FRESH_SEEDS_MS) {
        const { report } = await seeds.passed(randomInt(1_000_000_000));
        events += report.events;
        simulatedMs += report.simulatedMs;
        count += 1;
        expect(report.events).toBeGreaterThan(4_999);
        expect(report.simulatedMs).toBeGreaterThan(59_999);
      }
      process.stdout.write(
        `quorum simulation: ${events} events, ${count} seeds, ${(simulatedMs / 60_000).toFixed(0)} simulated minutes\n`,
      );
    },
    SEED_TIMEOUT_MS,
  );

  test.each(failedSeeds)(
    'keeps them in seed $seed, which once found: $found',
    async ({ seed }) => {
      await seeds.passed(seed);
    },
    SEED_TIMEOUT_MS,
  );

  test(
    'runs the same way twice, also in another process',
    async () => {
      for (const seed of [11, randomInt(1_000_000_000)]) {
        const [first, second] = await seeds.twice(seed);
        expect([seed, second]).toEqual([seed, first]);
      }
    },
    SEED_TIMEOUT_MS,
  );

  test(
    'meets its faults: none that is switched off strikes',
    async () => {
      const without = [
        'kills',
        'powerLosses',
        'deathsAtCall',
        'blackouts',
        'partitions',
        'clogs',
        'bitRot',
        'wipes',
      ];
      const { report } = await seeds.passed(5, { without });
      const { kills = -1, cuts = -1, oneWayCuts = -1, bitRot = -1 } = report.faults;
      expect([kills, cuts, oneWayCuts, bitRot]).toEqual([0, 0, 0, 0]);
    },
    SEED_TIMEOUT_MS,
  );
});
