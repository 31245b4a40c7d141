import { Scheduler, VirtualClock } from '@kafkaesque/sim';
import type { ConsumerRecord, TopicPartition } from '../records';
import { ChangeSignal } from '../timing/change-signal';
import { HeldRecords } from './held-records';
import { RecordRunner } from './record-runner';
import type { RecordHandler } from './record-runner';

const TOPIC = 't';
const at = (partition: number, offset: number): string => `${partition}@${offset}`;

/** Partitions with a hundred records each, read from the start, by a runner whose handlers the test lets end. */
const open = (options: {
  readonly partitions: number;
  readonly concurrency: number;
  readonly maxQueued?: number;
}) => {
  const clock = new VirtualClock({ scheduler: new Scheduler() });
  const changed = new ChangeSignal();
  const held = new HeldRecords();
  const logs = Array.from({ length: options.partitions }, () => ({ position: 0, token: 1, isPaused: false }));
  const working = new Map<string, { readonly end: (error?: Error) => void }>();
  const begun: string[] = [];
  const log = (one: TopicPartition) => logs[one.partition] ?? { position: 0, token: 0, isPaused: false };
  const handler: RecordHandler = ({ partition, offset }) =>
    new Promise((resolve, reject) => {
      const name = at(partition, offset);
      begun.push(name);
      const end = (error?: Error): void => {
        working.delete(name);
        if (error === undefined) resolve();
        else reject(error);
      };
      working.set(name, { end });
    });
  const take = (limit: number, roomFor: (partition: TopicPartition) => number): readonly ConsumerRecord[] => {
    const records: ConsumerRecord[] = [];
    logs.forEach((one, partition) => {
      if (one.isPaused) return;
      const room = Math.min(limit - records.length, roomFor({ topic: TOPIC, partition }));
      for (let index = 0; index < room && one.position < 100; index += 1) {
        records.push({ topic: TOPIC, partition, offset: one.position } as ConsumerRecord);
        one.position += 1;
      }
    });
    return records;
  };
  const seek = (partition: TopicPartition, offset: number): void => {
    Object.assign(log(partition), { position: offset, token: log(partition).token + 1 });
    held.delete(partition);
  };
  const runner = new RecordRunner({
    ...{ handler, held, clock, take, seek, concurrency: options.concurrency },
    maxQueued: options.maxQueued ?? 40,
    partitionCount: () => options.partitions,
    changed: () => changed.wait(),
    finished: () => changed.raise(),
    token: (partition) => log(partition).token,
    isPaused: (partition) => log(partition).isPaused,
  });
  const ended = runner.run();
  ended.catch(() => undefined);
  const end = async (name: string, error?: Error): Promise<void> => {
    working.get(name)?.end(error);
    await turn();
  };
  return { runner, logs, held, begun, seek, ended, end, inWork: () => [...working.keys()].sort() };
};

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const zero = { topic: TOPIC, partition: 0 };

describe('a run of handlers', () => {
  test('is not held up by a partition whose handler is slow, however much waits behind it', async () => {
    const { begun, end, inWork } = open({ partitions: 2, concurrency: 2, maxQueued: 10 });
    await turn();
    for (let offset = 0; offset < 30; offset += 1) await end(at(1, offset));
    expect(inWork()).toEqual([at(0, 0), at(1, 30)]);
    expect(begun.filter((name) => name.startsWith('0@'))).toEqual([at(0, 0)]);
  });

  test('begins with what was sought only when the handler that was at work has ended, and commits nothing of before', async () => {
    const { seek, end, inWork, held, logs } = open({ partitions: 1, concurrency: 3 });
    await turn();
    seek(zero, 50);
    await end('nothing');
    expect(inWork()).toEqual([at(0, 0)]);
    await end(at(0, 0));
    expect(inWork()).toEqual([at(0, 50)]);
    expect(held.get(zero)?.handled).toBe(50);
    for (let offset = 50; offset < 100; offset += 1) await end(at(0, offset));
    expect([inWork(), held.get(zero), logs[0]?.position]).toEqual([[], undefined, 100]);
  });

  test('a handler that seeks and then fails does not take the sought position back', async () => {
    const { seek, end, ended, logs, runner } = open({ partitions: 2, concurrency: 2 });
    await turn();
    seek(zero, 50);
    // The other one makes the runner look for more.
    await end(at(1, 0));
    await end(at(0, 0), new Error('no'));
    await end(at(1, 1));
    await expect(ended).rejects.toThrow('no');
    expect(logs.map(({ position }) => position)).toEqual([50, 2]);
    runner.stop();
  });

  test('is not held up by a partition that is paused, and goes on with it in order', async () => {
    const { logs, end, inWork, begun } = open({ partitions: 2, concurrency: 1, maxQueued: 4 });
    await turn();
    Object.assign(logs[0] ?? {}, { isPaused: true });
    await end(at(0, 0));
    for (let offset = 0; offset < 20; offset += 1) await end(at(1, offset));
    expect(inWork()).toEqual([at(1, 20)]);
    Object.assign(logs[0] ?? {}, { isPaused: false });
    await end(at(1, 20));
    await end(at(0, 1));
    await end(at(1, 21));
    expect(begun.filter((name) => name.startsWith('0@'))).toEqual([at(0, 0), at(0, 1), at(0, 2)]);
  });

  test('commits no further than the first record that was not handled, and gives that one again', async () => {
    const { end, ended, held, logs } = open({ partitions: 1, concurrency: 4 });
    await turn();
    await end(at(0, 0));
    await end(at(0, 1));
    expect(held.get(zero)?.handled).toBe(2);
    await end(at(0, 2), new Error('no'));
    await expect(ended).rejects.toThrow('no');
    expect(logs[0]?.position).toBe(2);
  });
});
