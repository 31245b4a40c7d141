import { together } from './cluster-load';

test('loads at once add up, their tails do not average', () => {
  const one = { records: 10, bytes: 1000, requests: 2, seconds: 4, p50Ms: 1, p99Ms: 9 };
  const other = { records: 5, bytes: 500, requests: 1, seconds: 4.5, p50Ms: 3, p99Ms: 4 };
  expect(together([one, other])).toEqual({
    ...{ records: 15, bytes: 1500, requests: 3, seconds: 4.5, p50Ms: 2, p99Ms: 9 },
  });
});
