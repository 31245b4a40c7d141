import { RecentValues } from './recent-values';

const openScene = () => {
  let nowMs = 1000;
  const values = new RecentValues({
    monotonicMs: () => nowMs,
    wallMs: () => nowMs,
    wakeAt: () => () => undefined,
  });
  return { values, pass: (ms: number) => (nowMs += ms) };
};

test('a rate is over half a minute at least, and over a minute at most', () => {
  const { values, pass } = openScene();
  for (let i = 0; i < 60; i++) values.add(1);
  expect(values.read().perSecond).toBe(2);
  pass(45_000);
  expect(values.read().perSecond).toBeCloseTo(60 / 45, 9);
  values.add(15);
  pass(5000);
  expect(values.read().perSecond).toBeCloseTo(75 / 50, 9);
});

test('what lies two windows back is forgotten, however long nobody has looked', () => {
  const { values, pass } = openScene();
  values.add(7);
  pass(30_000);
  values.add(3);
  expect(values.read()).toMatchObject({ average: 5, max: 7 });
  pass(30_000);
  expect(values.read()).toMatchObject({ average: 3, max: 3 });
  pass(600_000);
  expect(values.read()).toEqual({ perSecond: 0, average: NaN, max: NaN });
});
