import { randomInt } from 'node:crypto';
import { commandOf } from '../runner/shrink';
import type { SeedResult, SeedTask } from '../runner/worker';
import { Worker } from '../runner/worker-pool';
import { failedSeeds } from './failed-seeds';

/*
 * A share of the time that the simulations have in the test suite. Long runs: `npm run simulate -- --minutes 60`. Seeds
 * run in a process of their own, without jest, which would make them three times as slow.
 */
const FRESH_SEEDS_MS = 20_000;

const worker = new Worker();
afterAll(() => worker.stop());

const taskOf = (seed: number): SeedTask => ({ suite: 'quorum', seed, without: [], lastLines: 0 });

const passed = async (seed: number): Promise<SeedResult> => {
  const result = await worker.run(taskOf(seed));
  const { violation } = result.report;
  if (violation !== undefined)
    throw new Error(
      `SEED=${seed}: ${violation.invariant}: ${violation.message}\n${commandOf(taskOf(seed), true)}`,
    );
  return result;
};

describe('the metadata quorum, simulated,', () => {
  test('keeps its promises in seeds that nobody has seen', async () => {
    const startedMs = performance.now();
    let events = 0;
    let seeds = 0;
    let simulatedMs = 0;
    while (performance.now() - startedMs < FRESH_SEEDS_MS) {
      const { report } = await passed(randomInt(1_000_000_000));
      events += report.events;
      simulatedMs += report.simulatedMs;
      seeds += 1;
      expect(report.events).toBeGreaterThan(4_999);
      expect(report.simulatedMs).toBeGreaterThan(59_999);
    }
    process.stdout.write(
      `quorum simulation: ${events} events, ${seeds} seeds, ${(simulatedMs / 60_000).toFixed(0)} simulated minutes\n`,
    );
  }, 240_000);

  test.each(failedSeeds)(
    'keeps them in seed $seed, which once found: $found',
    async ({ seed }) => {
      await passed(seed);
    },
    120_000,
  );

  test('runs the same way twice, also in another process', async () => {
    const another = new Worker();
    try {
      for (const seed of [11, randomInt(1_000_000_000)]) {
        const first = await passed(seed);
        const second = await another.run(taskOf(seed));
        expect([seed, second.report.hash, second.report.events]).toEqual([
          seed,
          first.report.hash,
          first.report.events,
        ]);
      }
    } finally {
      another.stop();
    }
  }, 120_000);

  test('meets its faults: none that is switched off strikes', async () => {
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
    const task = { ...taskOf(5), without };
    const { report } = await worker.run(task);
    const { kills = -1, cuts = -1, oneWayCuts = -1, bitRot = -1 } = report.faults;
    expect([report.violation, kills, cuts, oneWayCuts, bitRot]).toEqual([undefined, 0, 0, 0, 0]);
  }, 60_000);
});
