import { SeededRandom } from '@kafkaesque/kernel';
import { Scheduler, VirtualClock } from '@kafkaesque/sim';
import { ClientError } from '../errors';
import { ChangeSignal } from './change-signal';
import { backoffMs, sleep, withRetries } from './waiting';

const open = () => {
  const scheduler = new Scheduler();
  return { scheduler, clock: new VirtualClock({ scheduler }), random: new SeededRandom(1) };
};
const backoff = { firstMs: 100, maxMs: 1000 };
const failure = (retriable: boolean): ClientError => new ClientError('broker', 'SOME', 'some', { retriable });

describe('waiting', () => {
  test('backs off longer each time, up to a limit, with a fifth of jitter', () => {
    const random = new SeededRandom(2);
    [100, 200, 400, 800, 1000, 1000].forEach((delayMs, attempt) => {
      for (let n = 0; n < 50; n += 1) {
        const drawn = backoffMs(backoff, attempt, random);
        expect(drawn).toBeGreaterThanOrEqual(delayMs * 0.8);
        expect(drawn).toBeLessThanOrEqual(delayMs * 1.2);
      }
    });
  });

  test('tries again what may succeed later, until it does', async () => {
    const { scheduler, clock, random } = open();
    let attempts = 0;
    const work = withRetries({ clock, random, backoff, timeoutMs: 5000, what: 'asking' }, () => {
      attempts += 1;
      return attempts < 4 ? Promise.reject(failure(true)) : Promise.resolve('done');
    });
    expect(await scheduler.settle(work)).toBe('done');
    expect(attempts).toBe(4);
  });

  test('fails at once what will not succeed later', async () => {
    const { scheduler, clock, random } = open();
    const work = withRetries({ clock, random, backoff, timeoutMs: 5000, what: 'asking' }, () =>
      Promise.reject(failure(false)),
    );
    await expect(scheduler.settle(work)).rejects.toMatchObject({ code: 'SOME' });
    expect(scheduler.nowMs).toBe(0);
  });

  test('says what took too long, and why it failed last', async () => {
    const { scheduler, clock, random } = open();
    const work = withRetries({ clock, random, backoff, timeoutMs: 2000, what: 'asking' }, () =>
      Promise.reject(failure(true)),
    );
    await expect(scheduler.settle(work)).rejects.toMatchObject({
      kind: 'timeout',
      message: 'asking did not succeed within 2000 ms',
      cause: { code: 'SOME' },
    });
    expect(scheduler.nowMs).toBeLessThanOrEqual(2000);
  });

  test('stops when the signal fires', async () => {
    const { scheduler, clock } = open();
    const controller = new AbortController();
    scheduler.after(50, 'abort', () => controller.abort());
    await expect(scheduler.settle(sleep(clock, 5000, controller.signal))).rejects.toMatchObject({
      kind: 'aborted',
    });
    expect(scheduler.waitingCount).toBe(0);
  });

  test('leaves nothing behind when a change comes, time runs out, or the signal fires', async () => {
    const { scheduler, clock } = open();
    const changed = new ChangeSignal();
    const controller = new AbortController();
    const waits = [
      changed.wait({ clock, untilMs: 100 }),
      changed.wait({ clock, untilMs: Infinity, signal: controller.signal }).catch(() => 'aborted'),
      changed.wait({ clock, untilMs: 300 }),
    ];
    scheduler.after(150, 'abort', () => controller.abort());
    scheduler.after(200, 'change', () => changed.raise());
    await scheduler.settle(Promise.all(waits));
    expect(scheduler.nowMs).toBe(200);
    expect(scheduler.waitingCount).toBe(0);
  });
});
