import type { Clock } from '@kafkaesque/kernel';
import { Throttle, pause } from './throttle';

/** A clock that a test moves, and the one wake-up that was asked of it. */
const handClock = (): Clock & { nowMs: number; wake: (() => void) | undefined } => {
  const clock = {
    nowMs: 0,
    wake: undefined as (() => void) | undefined,
    monotonicMs: () => clock.nowMs,
    wallMs: () => clock.nowMs,
    wakeAt: (_atMs: number, wake: () => void) => {
      clock.wake = wake;
      return () => (clock.wake = undefined);
    },
  };
  return clock;
};

describe('a throttle', () => {
  test('spreads work over time, and lets what is late go at once', () => {
    const throttle = new Throttle(100, 1000);
    expect(throttle.pauseMs(1, 1000)).toBe(10);
    expect(throttle.pauseMs(50, 1100)).toBe(400);
    expect(throttle.pauseMs(50, 1500)).toBe(0);
    expect(throttle.pauseMs(50, 9000)).toBe(0);
  });

  test('of a high rate pauses rarely', () => {
    const throttle = new Throttle(10_000, 0);
    expect([1, 10, 19].map((count) => throttle.pauseMs(count, 0))).toEqual([0, 0, 0]);
    expect(throttle.pauseMs(20, 0)).toBe(2);
  });

  test('may be none, or closed', () => {
    expect(new Throttle(-1, 0).pauseMs(1e9, 0)).toBe(0);
    expect(new Throttle(0, 0).pauseMs(1, 1e9)).toBe(Infinity);
  });
});

describe('a pause', () => {
  test('ends when its time has come, and not before', async () => {
    const clock = handClock();
    let hasEnded = false;
    const ended = pause(clock, 50, new AbortController().signal).then(() => (hasEnded = true));
    clock.nowMs = 49;
    clock.wake?.();
    await Promise.resolve();
    expect(hasEnded).toBe(false);
    clock.nowMs = 50;
    clock.wake?.();
    await ended;
  });

  test('ends with the signal, also when it would never end, and takes its wake-up back', async () => {
    const clock = handClock();
    const controller = new AbortController();
    const ended = pause(clock, Infinity, controller.signal);
    controller.abort();
    await ended;
    expect(clock.wake).toBeUndefined();
    await pause(clock, Infinity, controller.signal);
    expect(clock.wake).toBeUndefined();
  });
});
