import { Scheduler, VirtualClock } from '@kafkaesque/sim';
import { Throttle } from './throttle';

interface Scene {
  readonly throttle: Throttle;
  pass(ms: number): Promise<void>;
}

const limitedTo = (bytesPerSecond: number): Scene => {
  const scheduler = new Scheduler();
  const throttle = new Throttle(new VirtualClock({ scheduler }));
  throttle.limitTo(bytesPerSecond);
  return {
    throttle,
    pass: async (ms) => {
      await scheduler.run({ untilMs: scheduler.nowMs + ms });
    },
  };
};

/** Takes pieces for as long as it may; gives the bytes that it took, by its name. */
const greedy = (throttle: Throttle, taken: Map<string, number>, name: string, pieceBytes: number): void => {
  const waiter = {};
  const go = (): void => {
    while (!throttle.isExhausted) {
      throttle.took(pieceBytes);
      taken.set(name, (taken.get(name) ?? 0) + pieceBytes);
    }
    throttle.wait(waiter, go);
  };
  go();
};

describe('a throttle', () => {
  test.each([
    { bytesPerSecond: 50_000, pieceBytes: 16_384 },
    { bytesPerSecond: 1_000_000, pieceBytes: 100_000 },
    { bytesPerSecond: 20_000, pieceBytes: 7 },
    { bytesPerSecond: 20_000_000, pieceBytes: 1_000_000 },
  ])('keeps to $bytesPerSecond bytes a second in pieces of $pieceBytes', async (one) => {
    const { throttle, pass } = limitedTo(one.bytesPerSecond);
    const taken = new Map<string, number>();
    greedy(throttle, taken, 'one', one.pieceBytes);
    await pass(20_000);
    expect((taken.get('one') ?? 0) / 20 / one.bytesPerSecond).toBeCloseTo(1, 1);
  });

  test('shares between those who wait', async () => {
    const { throttle, pass } = limitedTo(100_000);
    const taken = new Map<string, number>();
    for (const name of ['a', 'b', 'c']) greedy(throttle, taken, name, 10_000);
    await pass(30_000);
    for (const bytes of taken.values()) expect(bytes).toBeGreaterThan(900_000);
    expect([...taken.values()].reduce((sum, bytes) => sum + bytes, 0)).toBeLessThan(3_100_000);
  });

  test('does not save up what nobody took', async () => {
    const { throttle, pass } = limitedTo(100_000);
    await pass(60_000);
    throttle.took(10_000);
    expect(throttle.isExhausted).toBe(true);
  });

  test('with a rate of nothing holds everything back, until it has another', async () => {
    const { throttle, pass } = limitedTo(0);
    const taken = new Map<string, number>();
    greedy(throttle, taken, 'one', 100);
    await pass(10_000);
    expect(taken.size).toBe(0);
    throttle.limitTo(10_000);
    await pass(10_000);
    expect(taken.get('one')).toBeGreaterThan(90_000);
  });

  test('without a rate holds nobody back', () => {
    const { throttle } = limitedTo(Number.MAX_SAFE_INTEGER);
    throttle.took(1e15);
    expect(throttle.isExhausted).toBe(false);
    expect(throttle.isLimited).toBe(false);
  });

  test('forgets who waits no more', async () => {
    const { throttle, pass } = limitedTo(10_000);
    throttle.took(100_000);
    const waiter = {};
    throttle.wait(waiter, () => {
      throw new Error('it was forgotten');
    });
    throttle.forget(waiter);
    expect(throttle.isWaiting(waiter)).toBe(false);
    await pass(60_000);
  });
});
