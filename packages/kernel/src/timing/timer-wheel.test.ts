import { casesOf } from '../conformance/cases';
import { SeededRandom } from '../world/seeded-random';
import type { Timer } from './timer-wheel';
import { TimerWheel } from './timer-wheel';

const values = (timers: readonly Timer<string>[]): string => timers.map(({ value }) => value).join(' ');

describe('a timer wheel', () => {
  test('expires deadlines in their order, and equal ones in the order of adding', () => {
    const wheel = new TimerWheel<string>({ startMs: 1000 });
    wheel.add(1500, 'late');
    wheel.add(1010, 'b');
    wheel.add(1010, 'c');
    wheel.add(1002, 'a');
    wheel.add(900, 'past');
    expect(values(wheel.advance(1000))).toBe('past');
    expect(values(wheel.advance(1009.9))).toBe('a');
    expect(values(wheel.advance(1600))).toBe('b c late');
    expect(wheel.size).toBe(0);
  });

  test('never expires a fraction early', () => {
    const wheel = new TimerWheel<string>({ startMs: 0.3 });
    wheel.add(5.4, 'a');
    expect(wheel.advance(5.3)).toEqual([]);
    expect(wheel.advance(5.9)).toEqual([]);
    expect(values(wheel.advance(6))).toBe('a');
  });

  test('does not expire what was cancelled, and says so once', () => {
    const wheel = new TimerWheel<string>({ startMs: 0 });
    const timer = wheel.add(10, 'a');
    expect(wheel.cancel(timer)).toBe(true);
    expect(wheel.cancel(timer)).toBe(false);
    expect(wheel.advance(100)).toEqual([]);
    const [expired] = [wheel.add(110, 'b')];
    wheel.advance(110);
    expect(wheel.cancel(expired)).toBe(false);
    expect(wheel.nextWakeMs).toBe(Infinity);
  });

  test('wakes not later than the first deadline, and at it when it is near', () => {
    const wheel = new TimerWheel<string>({ startMs: 0 });
    wheel.add(20, 'near');
    expect(wheel.nextWakeMs).toBe(20);
    wheel.advance(20);
    wheel.add(100_000, 'far');
    for (let wakes = 0; wakes < 10 && wheel.size > 0; wakes++) {
      expect(wheel.nextWakeMs).toBeLessThanOrEqual(100_000);
      const now = wheel.nextWakeMs;
      const expired = wheel.advance(now);
      expect(expired.length).toBe(now === 100_000 ? 1 : 0);
    }
    expect(wheel.size).toBe(0);
  });

  test('holds deadlines months away and without end', () => {
    const start = 2 ** 40 + 0.5;
    const wheel = new TimerWheel<string>({ startMs: start });
    wheel.add(start + 2 ** 33, 'months');
    wheel.add(Infinity, 'never');
    expect(values(wheel.advance(start + 2 ** 33 - 2))).toBe('');
    expect(values(wheel.advance(start + 2 ** 33 + 2))).toBe('months');
    expect(wheel.size).toBe(1);
  });

  test('rounds to its tick', () => {
    const wheel = new TimerWheel<string>({ startMs: 0, tickMs: 10 });
    wheel.add(11, 'a');
    expect(wheel.advance(19)).toEqual([]);
    expect(wheel.nextWakeMs).toBe(20);
    expect(values(wheel.advance(20))).toBe('a');
  });

  test.each(Array.from({ length: casesOf(2, 5) }, (_, index) => index + 1))(
    'agrees with a sorted list, seed %i',
    (seed) => {
      const random = new SeededRandom(seed);
      let now = random.below(100_000);
      const wheel = new TimerWheel<number>({ startMs: now });
      const waiting = new Map<number, Timer<number>>();
      for (let i = 0; i < 4000; i++) {
        const choice = random.below(10);
        if (choice < 6) {
          const reach = [5, 40, 1100, 40_000, 3_000_000][random.below(5)] ?? 1;
          waiting.set(i, wheel.add(now + random.below(reach), i));
        } else if (choice < 8) {
          const [first] = waiting.values();
          if (first !== undefined) {
            expect(wheel.cancel(first)).toBe(true);
            waiting.delete(first.value);
          }
        } else {
          now += random.below([2, 50, 5000, 200_000][random.below(4)] ?? 1);
          const due = [...waiting.values()].filter(({ deadlineMs }) => deadlineMs <= now);
          due.sort((a, b) => a.deadlineMs - b.deadlineMs || a.value - b.value);
          expect(wheel.advance(now).map(({ value }) => value)).toEqual(due.map(({ value }) => value));
          for (const { value } of due) waiting.delete(value);
          const earliest = Math.min(...[...waiting.values()].map(({ deadlineMs }) => deadlineMs));
          expect(wheel.nextWakeMs).toBeLessThanOrEqual(earliest);
          expect(wheel.nextWakeMs).toBeGreaterThan(now);
        }
        expect(wheel.size).toBe(waiting.size);
      }
    },
  );
});
