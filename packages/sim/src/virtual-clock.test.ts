import { Scheduler } from './scheduler';
import { VirtualClock } from './virtual-clock';

describe('the virtual clock', () => {
  test('wakes at its time, once, and not when it was taken back', async () => {
    const scheduler = new Scheduler();
    const clock = new VirtualClock({ scheduler });
    const woken: number[] = [];
    clock.wakeAt(30, () => woken.push(clock.monotonicMs()));
    clock.wakeAt(10, () => woken.push(clock.monotonicMs()));
    const cancel = clock.wakeAt(20, () => woken.push(-1));
    cancel();
    cancel();
    clock.wakeAt(-5, () => woken.push(clock.monotonicMs()));
    expect(woken).toEqual([]);
    await scheduler.run();
    expect(woken).toEqual([0, 10, 30]);
  });

  test.each([-500, -3, 0, 7, 500])(
    'drifts by %i millionths and still never wakes early',
    async (driftPpm) => {
      const scheduler = new Scheduler();
      const clock = new VirtualClock({ scheduler, driftPpm });
      for (let i = 1; i <= 300; i++) {
        const atMs = i * 997.13;
        clock.wakeAt(atMs, () => expect(clock.monotonicMs()).toBeGreaterThanOrEqual(atMs));
      }
      await scheduler.run();
      scheduler.at(1_000_000, 'x', () => undefined);
      await scheduler.run();
      expect(clock.monotonicMs()).toBeCloseTo(1_000_000 + driftPpm, 6);
    },
  );

  test('lets wall time jump without touching monotonic time', async () => {
    const scheduler = new Scheduler();
    const clock = new VirtualClock({ scheduler, wallStartMs: 5_000 });
    scheduler.at(10.7, 'x', () => undefined);
    await scheduler.run();
    expect([clock.wallMs(), clock.monotonicMs()]).toEqual([5_010, 10.7]);
    clock.jumpWall(-3_600_000);
    expect([clock.wallMs(), clock.monotonicMs()]).toEqual([5_010 - 3_600_000, 10.7]);
  });

  test('wakes nobody after its process has ended', async () => {
    const scheduler = new Scheduler();
    const clock = new VirtualClock({ scheduler });
    const wake = jest.fn();
    clock.wakeAt(10, wake);
    clock.stop();
    clock.wakeAt(20, wake)();
    expect(await scheduler.run()).toBe('idle');
    expect(wake).not.toHaveBeenCalled();
  });
});
