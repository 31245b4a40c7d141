import { isUsageError, readOptions } from './options';

const read = (...args: string[]): Exclude<ReturnType<typeof readOptions>, string> => {
  const options = readOptions(args);
  if (typeof options === 'string') throw new Error(options);
  return options;
};

test('without options every scenario is measured in five rounds, against everybody', () => {
  const options = read();
  expect(options).toMatchObject({ rounds: 5, seconds: 4, size: 1, maxSteal: 0.05, touchesMemory: true });
  expect(options.servers).toEqual(['floor', 'kafkaesque', 'kafka']);
  expect(options.scenarios.length).toBeGreaterThan(15);
});

test('scenarios are chosen by name', () => {
  expect(read('--scenario', 'fetch,durable-spread').scenarios.map(({ name }) => name)).toEqual([
    'fetch',
    'durable-spread',
  ]);
});

test('a star stands for all scenarios that begin with what is before it', () => {
  expect(read('--scenario', 'failover*,snapshot').scenarios.map(({ name }) => name)).toEqual([
    ...['snapshot', 'failover', 'failover-controller', 'failover-clean', 'failover-pause'],
  ]);
});

test('the quick mode is one round of seconds, and what is said beside it holds', () => {
  expect(read('--quick')).toMatchObject({
    rounds: 1,
    touchesMemory: false,
    servers: ['floor', 'kafkaesque'],
  });
  expect(read('--quick', '--rounds', '2', '--size', '0.1', '--server', 'kafka')).toMatchObject({
    rounds: 2,
    size: 0.1,
    servers: ['kafka'],
  });
});

test.each([
  [['--scenario', 'produce-2k'], 'produce-2k'],
  [['--scenario', 'consume-*'], 'consume-*'],
  [['--server', 'redpanda'], 'redpanda'],
  [['--rounds', '0'], '--rounds 0'],
  [['--seconds', 'x'], '--seconds x'],
  [['--size', '0'], '--size 0'],
  [['--generator', 'wrk'], 'wrk'],
  [['--fast'], '--fast'],
])('%j is refused', (args, named) => {
  let refusal: unknown;
  try {
    readOptions(args);
  } catch (error) {
    refusal = error;
  }
  expect(isUsageError(refusal)).toBe(true);
  expect((refusal as Error).message).toContain(named);
});
