import { commandOf, shrink } from './shrink';
import type { SeedResult, SeedTask } from './worker';

const task: SeedTask = { suite: 'quorum', seed: 7, without: [], lastLines: 10 };

const resultOf = (events: number, fails: boolean): SeedResult => ({
  report: {
    events,
    simulatedMs: events,
    hash: '',
    faults: {},
    work: {},
    ...(fails ? { violation: { invariant: 'R1', message: 'two leaders' } } : {}),
  },
  lines: [],
  cpuMs: 0,
});

/** Fails when it runs for at least 1,234 events with partitions. */
const world = ({ maximumEvents = 20_000, without }: SeedTask): Promise<SeedResult> =>
  Promise.resolve(
    maximumEvents >= 1234 && !without.includes('partitions')
      ? resultOf(Math.min(maximumEvents, 5000), true)
      : resultOf(maximumEvents, false),
  );

test('a failing seed shrinks to few events and to the faults that it needs', async () => {
  const first = resultOf(5000, true);
  const { task: small, result } = await shrink(task, first, ['clogs', 'partitions', 'kills'], world);
  expect(small.without).toEqual(['clogs', 'kills']);
  expect(small.maximumEvents).toBeGreaterThanOrEqual(1234);
  expect(small.maximumEvents).toBeLessThan(1350);
  expect(result.report.violation?.invariant).toBe('R1');
  expect(commandOf({ ...small, maximumEvents: 1240 }, true)).toBe(
    'npm run simulate -- --seed 7 --seed-events 1240 --without clogs,kills --trace',
  );
});

test('a seed that fails only in its full length stays as it is', async () => {
  const runAgain = ({ maximumEvents, without }: SeedTask): Promise<SeedResult> =>
    Promise.resolve(resultOf(4000, maximumEvents === undefined && without.length === 0));
  const { task: small } = await shrink(task, resultOf(4000, true), ['clogs'], runAgain);
  expect(small).toEqual(task);
});
