import { Offset, inlineCompute, silentLogger } from '@kafkaesque/kernel';
import { Scheduler, VirtualClock } from '@kafkaesque/sim';
import type { CleaningOptions, CleaningOutcome } from '@kafkaesque/storage';
import { LogCleaner } from './log-cleaner';
import type { CleanerSettings } from './log-cleaner';
import type { Replica } from './replica';
import type { Replicas } from './replicas';

interface FakeLog {
  readonly topic?: string;
  readonly dirtyRatio: number;
  readonly role?: 'leader' | 'follower' | 'offline';
  readonly isMoving?: boolean;
  readonly isDamaged?: boolean;
  readonly fails?: boolean;
}

const BACKOFF_MS = 100;

const scene = (logs: Readonly<Record<number, FakeLog>>, changes: Partial<CleanerSettings> = {}) => {
  const cleaned: number[] = [];
  const upTo: number[] = [];
  const tombstonesBelow: number[] = [];
  const damaged: number[] = [];
  const replicas = Object.entries(logs).map(([name, log]) => {
    const partition = Number(name);
    const suspect = log.fails === true ? { reason: 'damage' } : undefined;
    const clean = (options: CleaningOptions): Promise<CleaningOutcome> => {
      cleaned.push(partition);
      upTo.push(options.upTo);
      tombstonesBelow.push(options.tombstonesBelow());
      if (log.fails === true) return Promise.reject(new Error('damage'));
      return Promise.resolve({ kind: 'stopped' });
    };
    const { dirtyRatio } = log;
    return {
      ...{ topic: log.topic ?? '__consumer_offsets', partition },
      ...{ isLoading: false, isDamaged: log.isDamaged ?? false, hasFlaw: false },
      machine: {
        ...{ role: { kind: log.role ?? 'leader' }, highWatermark: Offset(10 + partition) },
        fullyReplicatedOffset: Offset(5 + partition),
      },
      config: { minCleanableDirtyRatio: 0.5 },
      log: {
        ...{ clean, suspect },
        cleanable: () => (dirtyRatio === 0 ? undefined : { dirtyRatio, dirtyBytes: 1, cleanBytes: 1 }),
      },
    } as unknown as Replica;
  });
  const scheduler = new Scheduler();
  const cleaner = new LogCleaner({
    replicas: {
      all: () => replicas.values(),
      damaged: ({ partition }: Replica) => {
        damaged.push(partition);
        return false;
      },
      moves: { isMoving: ({ partition }: Replica) => logs[partition]?.isMoving === true },
    } as unknown as Replicas,
    clock: new VirtualClock({ scheduler }),
    logger: silentLogger,
    compute: inlineCompute,
    settings: () => ({
      ...{ isEnabled: true, backoffMs: BACKOFF_MS, dedupeBufferBytes: 1 << 20, loadFactor: 0.9 },
      ...{ ioBufferBytes: 1 << 16, bytesPerSecond: Number.MAX_VALUE },
      ...changes,
    }),
  });
  cleaner.start();
  const passTime = (ms: number) => scheduler.run({ untilMs: scheduler.nowMs + ms });
  return { cleaner, cleaned, upTo, tombstonesBelow, damaged, passTime };
};

describe('the cleaner of logs', () => {
  test('takes the dirtiest first, up to its high watermark, and each once before it rests', async () => {
    const { cleaner, cleaned, upTo, tombstonesBelow, passTime } = scene({
      0: { dirtyRatio: 0.6 },
      1: { dirtyRatio: 1, role: 'follower' },
      2: { dirtyRatio: 0.8 },
    });
    await passTime(BACKOFF_MS);
    expect(cleaned).toEqual([1, 2, 0]);
    expect(upTo).toEqual([11, 12, 10]);
    expect(tombstonesBelow).toEqual([6, 7, 5]);
    await passTime(BACKOFF_MS);
    expect(cleaned).toEqual([1, 2, 0, 1, 2, 0]);
    await cleaner.stop();
    await passTime(10 * BACKOFF_MS);
    expect(cleaned).toHaveLength(6);
  });

  test('leaves what is not dirty enough, not internal, offline, damaged, or on its way elsewhere', async () => {
    const { cleaner, cleaned, passTime } = scene({
      0: { dirtyRatio: 0.5 },
      1: { dirtyRatio: 0 },
      2: { dirtyRatio: 1, topic: 'orders' },
      3: { dirtyRatio: 1, role: 'offline' },
      4: { dirtyRatio: 1, isDamaged: true },
      5: { dirtyRatio: 1, isMoving: true },
    });
    await passTime(BACKOFF_MS);
    expect(cleaned).toEqual([]);
    await cleaner.stop();
  });

  test('does nothing while log.cleaner.enable is false', async () => {
    const { cleaner, cleaned, passTime } = scene({ 0: { dirtyRatio: 1 } }, { isEnabled: false });
    await passTime(3 * BACKOFF_MS);
    expect(cleaned).toEqual([]);
    await cleaner.stop();
  });

  test('tells of damage that it meets, and goes on with others', async () => {
    const { cleaner, cleaned, damaged, passTime } = scene({
      0: { dirtyRatio: 1, fails: true },
      1: { dirtyRatio: 0.9 },
    });
    await passTime(BACKOFF_MS);
    expect(cleaned).toEqual([0, 1]);
    expect(damaged).toEqual([0]);
    await cleaner.stop();
  });
});
