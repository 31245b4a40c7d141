import { SeededRandom } from '../world/seeded-random';
import { backoffMs } from './backoff';

describe('backoff', () => {
  const backoff = { initialMs: 100, maximumMs: 1000 };

  test('doubles from failure to failure up to its maximum', () => {
    const random = new SeededRandom(1);
    const waits = [1, 2, 3, 4, 5, 50, 5000].map((failures) =>
      backoffMs({ ...backoff, jitter: 0 }, failures, random),
    );
    expect(waits).toEqual([100, 200, 400, 800, 1000, 1000, 1000]);
  });

  test('spreads within a fifth to both sides and never beyond the maximum', () => {
    const random = new SeededRandom(2);
    const waits = Array.from({ length: 1000 }, () => backoffMs(backoff, 2, random));
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(160);
    expect(Math.max(...waits)).toBeLessThanOrEqual(240);
    expect(Math.min(...waits)).toBeLessThan(170);
    expect(Math.max(...waits)).toBeGreaterThan(230);
    const late = Array.from({ length: 1000 }, () => backoffMs(backoff, 20, random));
    expect(Math.max(...late)).toBeLessThanOrEqual(1000);
  });
});
