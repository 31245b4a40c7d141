import { SeededRandom, hasCode } from '@kafkaesque/kernel';
import { EventQueue } from './event-queue';
import { Scheduler } from './scheduler';

describe('the queue of events', () => {
  test.each([1, 2, 3, 4])(
    'gives back by time, then by order of adding, whatever was removed between, seed %i',
    (seed) => {
      const random = new SeededRandom(seed);
      const queue = new EventQueue();
      let expected: { atMs: number; order: number }[] = [];
      for (let i = 0; i < 3000; i++) {
        const choice = random.below(10);
        if (choice < 6) expected.push(queue.push(random.below(50), 'x', () => undefined));
        else if (choice < 8 && expected.length > 0) {
          const removed = expected[random.below(expected.length)];
          queue.remove(removed as ReturnType<EventQueue['push']>);
          queue.remove(removed as ReturnType<EventQueue['push']>);
          expected = expected.filter((event) => event !== removed);
        } else {
          const [first] = expected.sort((a, b) => a.atMs - b.atMs || a.order - b.order);
          expect(queue.nextAtMs).toBe(first?.atMs ?? Infinity);
          expect(queue.pop()).toBe(first);
          expected.shift();
        }
        expect(queue.size).toBe(expected.length);
      }
    },
  );
});

describe('the scheduler', () => {
  test('lets events happen by time and moves time from one to the next', async () => {
    const scheduler = new Scheduler(100);
    const seen: string[] = [];
    const note = (what: string) => (): number => seen.push(`${what}@${scheduler.nowMs}`);
    scheduler.at(300, 'x', note('c'));
    scheduler.after(50, 'x', note('a'));
    scheduler.at(300, 'x', note('d'));
    scheduler.at(20, 'x', note('now'));
    scheduler.after(60, 'x', note('b'))();
    expect(seen).toEqual([]);
    expect(await scheduler.run()).toBe('idle');
    expect(seen).toEqual(['now@100', 'a@150', 'c@300', 'd@300']);
    expect(scheduler.eventCount).toBe(4);
  });

  test('drains every microtask of an event before the next, however long the chain', async () => {
    const scheduler = new Scheduler();
    const seen: string[] = [];
    scheduler.after(1, 'x', () => {
      void (async () => {
        for (let i = 0; i < 500; i++) await Promise.resolve();
        await Promise.all([1, 2].map(() => new Promise<void>((resolve) => queueMicrotask(resolve))));
        seen.push('chain');
      })();
    });
    scheduler.after(1, 'x', () => seen.push('next'));
    await scheduler.run();
    expect(seen).toEqual(['chain', 'next']);
  });

  test('ends at a condition, a time or a number of events, and goes on from there', async () => {
    const scheduler = new Scheduler();
    let count = 0;
    const again = (): void => {
      count += 1;
      scheduler.after(10, 'x', again);
    };
    again();
    expect(await scheduler.run({ maximumEvents: 5 })).toBe('events');
    expect(count).toBe(6);
    expect(await scheduler.run({ until: () => count === 100 })).toBe('condition');
    expect(count).toBe(100);
    expect(await scheduler.run({ untilMs: 1995 })).toBe('time');
    expect([count, scheduler.nowMs]).toEqual([200, 1995]);
    expect(scheduler.waitingCount).toBe(1);
  });

  test('hands on what an event throws', async () => {
    const scheduler = new Scheduler();
    scheduler.after(1, 'x', () => {
      throw new Error('broken');
    });
    await expect(scheduler.run()).rejects.toThrow('broken');
    expect(await scheduler.run()).toBe('idle');
  });

  test('runs work to its end, and names a deadlock', async () => {
    const scheduler = new Scheduler();
    const sleep = (ms: number): Promise<void> =>
      new Promise((resolve) => void scheduler.after(ms, 'sleep', resolve));
    const work = async (): Promise<string> => {
      await sleep(1000);
      await sleep(1000);
      return 'done';
    };
    expect(await scheduler.settle(work())).toBe('done');
    expect(scheduler.nowMs).toBe(2000);
    await expect(scheduler.settle(Promise.reject(new Error('failed')))).rejects.toThrow('failed');
    const stuck = await scheduler.settle(new Promise(() => undefined)).catch((cause: unknown) => cause);
    expect(hasCode(stuck, 'DEADLOCK')).toBe(true);
    const slow = await scheduler.settle(work(), 1).catch((cause: unknown) => cause);
    expect(hasCode(slow, 'TOO_MANY_EVENTS')).toBe(true);
  });

  test('leaves a trace that tells different runs apart', async () => {
    const traceOf = async (times: readonly number[], payload: string): Promise<string> => {
      const scheduler = new Scheduler();
      for (const time of times) {
        scheduler.at(time, 'x', () => {
          scheduler.trace.bytes(Buffer.from(payload));
        });
      }
      await scheduler.run();
      return scheduler.trace.value;
    };
    const first = await traceOf([1, 2], 'a');
    expect(first).toMatch(/^[0-9a-f]{16}$/);
    expect(await traceOf([1, 2], 'a')).toBe(first);
    expect(await traceOf([1, 3], 'a')).not.toBe(first);
    expect(await traceOf([1, 2], 'b')).not.toBe(first);
  });
});
