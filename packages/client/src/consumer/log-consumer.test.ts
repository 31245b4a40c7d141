import { Scheduler, VirtualClock } from '@kafkaesque/sim';
import type { Client } from '../client';
import type { ConsumerRecord } from '../records';
import { openSimulatedClient } from '../testing/simulated-client';
import type { SimulatedCluster, SimulatedClusterOptions } from '../testing/simulated-cluster';
import type { ConsumerOptions } from './consumer-options';
import type { Consumer, PollOptions } from './consumer';

interface World {
  readonly scheduler: Scheduler;
  readonly cluster: SimulatedCluster;
  readonly client: Client;
  readonly consumer: Consumer;
  readonly produce: (values: readonly string[], partition?: number) => Promise<void>;
  readonly poll: (options?: PollOptions) => Promise<readonly string[]>;
}

const textOf = ({ offset, value }: ConsumerRecord): string => `${offset}${value?.toString() ?? ''}`;

const open = (
  consumerOptions: ConsumerOptions = { autoOffsetReset: 'earliest' },
  options: Partial<SimulatedClusterOptions> = {},
): World => {
  const scheduler = new Scheduler();
  const clock = new VirtualClock({ scheduler });
  const { cluster, client } = openSimulatedClient({ clock, topics: { t: 2 }, brokers: 2, ...options });
  const consumer = client.consumer(consumerOptions);
  const producer = client.producer({ lingerMs: 0 });
  return {
    scheduler,
    cluster,
    client,
    consumer,
    produce: async (values, partition = 0) => {
      const sent = Promise.all(values.map((value) => producer.send({ topic: 't', partition, value })));
      await scheduler.settle(sent);
    },
    poll: async (pollOptions = { timeoutMs: 2000 }) =>
      (await scheduler.settle(consumer.poll(pollOptions))).map(textOf),
  };
};

const p0 = { topic: 't', partition: 0 };
const p1 = { topic: 't', partition: 1 };

describe('the consumer', () => {
  test('reads what is assigned, from the start, and then what comes', async () => {
    const { consumer, produce, poll } = open();
    await produce(['a', 'b']);
    consumer.assign([p0]);
    expect(await poll()).toEqual(['0a', '1b']);
    await produce(['c']);
    expect(await poll()).toEqual(['2c']);
    expect(await poll({ timeoutMs: 100 })).toEqual([]);
  });

  test('starts at the end by default', async () => {
    const { consumer, produce, poll, scheduler } = open({});
    await produce(['a', 'b']);
    consumer.assign([p0]);
    expect(await scheduler.settle(consumer.position(p0))).toBe(2);
    await produce(['c']);
    expect(await poll()).toEqual(['2c']);
  });

  test('fails without a position when it must not choose one', async () => {
    const { consumer, poll } = open({ autoOffsetReset: 'none' });
    consumer.assign([p0]);
    await expect(poll()).rejects.toMatchObject({ code: 'NO_OFFSET' });
    consumer.seek(p0, 0);
    expect(await poll({ timeoutMs: 100 })).toEqual([]);
  });

  test('goes where it is told', async () => {
    const { consumer, produce, poll, scheduler } = open();
    await produce(['a', 'b', 'c']);
    consumer.assign([p0]);
    expect(await poll()).toHaveLength(3);
    consumer.seek(p0, 1);
    expect(await poll()).toEqual(['1b', '2c']);
    consumer.seekToEnd([p0]);
    expect(await scheduler.settle(consumer.position(p0))).toBe(3);
    consumer.seekToBeginning();
    expect(await poll()).toEqual(['0a', '1b', '2c']);
  });

  test('gives at most maxRecords, and keeps the rest', async () => {
    const { consumer, produce, poll } = open();
    await produce(['a', 'b', 'c', 'd', 'e']);
    consumer.assign([p0]);
    expect(await poll({ maxRecords: 2, timeoutMs: 1000 })).toEqual(['0a', '1b']);
    expect(await poll({ maxRecords: 2, timeoutMs: 1000 })).toEqual(['2c', '3d']);
    expect(await poll({ maxRecords: 2, timeoutMs: 1000 })).toEqual(['4e']);
  });

  test('gives nothing of a paused partition, and goes on where it was', async () => {
    const { consumer, produce, poll } = open();
    await produce(['a']);
    await produce(['x'], 1);
    consumer.assign([p0, p1]);
    consumer.pause([p0]);
    expect(await poll()).toEqual(['0x']);
    expect(await poll({ timeoutMs: 200 })).toEqual([]);
    consumer.resume([p0]);
    expect(await poll()).toEqual(['0a']);
  });

  test('repeats nothing of a partition that was paused after it had been read', async () => {
    const { consumer, produce, poll } = open();
    await produce(['a', 'b']);
    consumer.assign([p0]);
    expect(await poll()).toEqual(['0a', '1b']);
    consumer.pause([p0]);
    expect(await poll({ timeoutMs: 200 })).toEqual([]);
    consumer.resume([p0]);
    expect(await poll({ timeoutMs: 2000 })).toEqual([]);
    await produce(['c']);
    expect(await poll()).toEqual(['2c']);
  });

  test('repeats nothing of a partition when another one’s leader goes', async () => {
    const { consumer, produce, poll, cluster } = open();
    await produce(['a', 'b']);
    await produce(['x'], 1);
    consumer.assign([p0, p1]);
    const read = [...(await poll()), ...(await poll())];
    expect(read.sort()).toEqual(['0a', '0x', '1b']);
    cluster.moveLeader('t', 1, 1);
    expect(await poll({ timeoutMs: 3000 })).toEqual([]);
    await produce(['y'], 1);
    expect(await poll()).toEqual(['1y']);
  });

  test('keeps positions of partitions that stay when the assignment changes', async () => {
    const { consumer, produce, poll } = open();
    await produce(['a', 'b']);
    consumer.assign([p0]);
    expect(await poll()).toHaveLength(2);
    consumer.assign([p0, p1]);
    await produce(['c']);
    expect(await poll()).toEqual(['2c']);
    consumer.assign([p1]);
    expect(() => consumer.seek(p0, 0)).toThrow(/t-0 is not assigned/);
  });

  test('follows the leader', async () => {
    const { consumer, produce, poll, cluster } = open();
    await produce(['a']);
    consumer.assign([p0]);
    expect(await poll()).toEqual(['0a']);
    cluster.moveLeader('t', 0, 2);
    await produce(['b']);
    expect(await poll()).toEqual(['1b']);
  });

  test('goes on after a connection has broken, without losing or repeating', async () => {
    const { consumer, produce, cluster, scheduler } = open();
    consumer.assign([p0]);
    const read: string[] = [];
    for (let round = 0; round < 20; round += 1) {
      await produce([`v${round}`]);
      if (round % 3 === 0) for (const stream of [...cluster.streams]) stream.break();
      if (round % 2 === 0)
        read.push(...(await scheduler.settle(consumer.poll({ timeoutMs: 2000 }))).map(textOf));
    }
    while (read.length < 20)
      read.push(...(await scheduler.settle(consumer.poll({ timeoutMs: 2000 }))).map(textOf));
    expect(read).toEqual(Array.from({ length: 20 }, (_, n) => `${n}v${n}`));
  });

  test.each([
    { autoOffsetReset: 'earliest' as const, expected: ['2c', '3d'] },
    { autoOffsetReset: 'latest' as const, expected: [] },
  ])(
    'goes to the $autoOffsetReset offset when its position has been deleted',
    async ({ autoOffsetReset, expected }) => {
      const { consumer, produce, poll, cluster } = open({ autoOffsetReset });
      for (const value of ['a', 'b', 'c', 'd']) await produce([value]);
      cluster.partition('t', 0).deleteBefore(2);
      consumer.assign([p0]);
      consumer.seek(p0, 1);
      expect(await poll({ timeoutMs: 1000 })).toEqual(expected);
    },
  );

  test('fails at a position out of range when it must not choose another', async () => {
    const { consumer, produce, poll } = open({ autoOffsetReset: 'none' });
    await produce(['a']);
    consumer.assign([p0]);
    consumer.seek(p0, 17);
    await expect(poll()).rejects.toMatchObject({ code: 'OFFSET_OUT_OF_RANGE' });
  });

  test('lets no partition starve another', async () => {
    const { consumer, produce, poll } = open();
    await produce(Array.from({ length: 30 }, () => 'a'));
    await produce(
      Array.from({ length: 30 }, () => 'x'),
      1,
    );
    consumer.assign([p0, p1]);
    const first = await poll({ maxRecords: 40, timeoutMs: 1000 });
    const second = await poll({ maxRecords: 40, timeoutMs: 1000 });
    expect(new Set([...first, ...second].map((text) => text.at(-1)))).toEqual(new Set(['a', 'x']));
    expect(first.length + second.length).toBe(60);
  });

  test('gives its credit back, so that a small buffer carries any amount', async () => {
    const { consumer, produce, scheduler, cluster } = open({
      autoOffsetReset: 'earliest',
      fetchMaxBytes: 500,
    });
    for (let n = 0; n < 30; n += 1) await produce(['y'.repeat(100)]);
    consumer.assign([p0]);
    let count = 0;
    while (count < 30) count += (await scheduler.settle(consumer.poll({ maxRecords: 7 }))).length;
    expect([...cluster.streams].map(({ creditBytes }) => creditBytes)).toEqual([500]);
  });

  test('tells first and last offsets and those of times', async () => {
    const { consumer, produce, scheduler, cluster } = open();
    for (const value of ['a', 'b', 'c']) await produce([value]);
    cluster.partition('t', 0).deleteBefore(1);
    expect(await scheduler.settle(consumer.beginningOffsets([p0, p1]))).toEqual([
      { ...p0, value: 1 },
      { ...p1, value: 0 },
    ]);
    expect(await scheduler.settle(consumer.endOffsets([p0, p1]))).toEqual([
      { ...p0, value: 3 },
      { ...p1, value: 0 },
    ]);
    expect(await scheduler.settle(consumer.partitionsFor('t'))).toEqual([0, 1]);
  });

  test('waits for a topic that does not exist yet', async () => {
    const { consumer, poll, cluster, scheduler } = open();
    consumer.assign([{ topic: 'late', partition: 0 }]);
    expect(await poll({ timeoutMs: 500 })).toEqual([]);
    cluster.addTopic('late', 1);
    const position = consumer.position({ topic: 'late', partition: 0 });
    expect(await scheduler.settle(position)).toBe(0);
  });

  test('stops waiting when its caller aborts, and when it is closed', async () => {
    const { consumer, scheduler } = open();
    consumer.assign([p0]);
    const controller = new AbortController();
    const aborted = consumer.poll({ signal: controller.signal });
    scheduler.after(100, 'abort', () => controller.abort());
    await expect(scheduler.settle(aborted)).rejects.toMatchObject({ kind: 'aborted' });
    const closed = consumer.poll();
    scheduler.after(100, 'close', () => void consumer.close());
    await expect(scheduler.settle(closed)).rejects.toMatchObject({ kind: 'closed' });
  });

  test('is iterated record by record until it is closed', async () => {
    const { consumer, produce, scheduler } = open();
    await produce(['a', 'b', 'c']);
    consumer.assign([p0]);
    const read: string[] = [];
    const reading = (async () => {
      for await (const record of consumer) {
        read.push(textOf(record));
        if (read.length === 3) await consumer.close();
      }
    })();
    await scheduler.settle(reading);
    expect(read).toEqual(['0a', '1b', '2c']);
  });
});
