import { stealBetween, ticksOf } from './machine';

test('steal is the share of all processor time between two moments; guests are not counted twice', () => {
  const before = ticksOf('cpu  100 0 50 800 10 0 0 40 30 0\ncpu0 1 2 3\n');
  const after = ticksOf('cpu  150 0 70 820 10 0 0 50 60 0\n');
  expect(before).toEqual({ stolen: 40, all: 1000 });
  expect(stealBetween(before, after)).toBeCloseTo(0.1);
  expect(stealBetween(after, after)).toBe(0);
});
