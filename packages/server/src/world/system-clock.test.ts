import { systemClock } from './system-clock';

describe('the machine’s clock', () => {
  afterEach(() => jest.useRealTimers());

  test('never goes back', () => {
    let last = systemClock.monotonicMs();
    for (let i = 0; i < 1000; i++) {
      const now = systemClock.monotonicMs();
      expect(now).toBeGreaterThanOrEqual(last);
      last = now;
    }
  });

  test('tells wall time in whole milliseconds', () => {
    expect(Number.isInteger(systemClock.wallMs())).toBe(true);
    expect(Math.abs(systemClock.wallMs() - new Date().getTime())).toBeLessThan(60_000);
  });

  test('wakes once, not before its time and not within the call', async () => {
    const atMs = systemClock.monotonicMs() + 3.7;
    let wokenAtMs: number | undefined;
    let wakes = 0;
    await new Promise<void>((resolve) => {
      systemClock.wakeAt(atMs, () => {
        wokenAtMs = systemClock.monotonicMs();
        wakes += 1;
        resolve();
      });
      expect(wakes).toBe(0);
    });
    expect(wokenAtMs).toBeGreaterThanOrEqual(atMs);
    expect(wakes).toBe(1);
  });

  test('wakes soon for a time that has passed', async () => {
    await new Promise<void>((resolve) => void systemClock.wakeAt(-1, resolve));
  });

  test('does not wake who has taken it back', async () => {
    const wake = jest.fn();
    const cancel = systemClock.wakeAt(systemClock.monotonicMs() + 1, wake);
    cancel();
    cancel();
    await new Promise<void>((resolve) => void systemClock.wakeAt(systemClock.monotonicMs() + 5, resolve));
    expect(wake).not.toHaveBeenCalled();
  });

  test('waits for times beyond the reach of one timer', () => {
    jest.useFakeTimers({ now: 0 });
    const wake = jest.fn();
    const farMs = 2 ** 31 + 10_000;
    systemClock.wakeAt(systemClock.monotonicMs() + farMs, wake);
    jest.advanceTimersByTime(farMs - 1000);
    expect(wake).not.toHaveBeenCalled();
    jest.advanceTimersByTime(2000);
    expect(wake).toHaveBeenCalledTimes(1);
  });
});
