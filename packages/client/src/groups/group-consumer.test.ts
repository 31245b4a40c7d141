import { SeededRandom, silentLogger } from '@kafkaesque/kernel';
import type { Logger } from '@kafkaesque/kernel';
import { Scheduler, VirtualClock } from '@kafkaesque/sim';
import { openClient } from '../client';
import type { Consumer } from '../consumer/consumer';
import type { ConsumerOptions } from '../consumer/consumer-options';
import type { ConsumerRecord } from '../records';
import { MortalWire } from '../testing/mortal-wire';
import { SimulatedCluster } from '../testing/simulated-cluster';
import type { SimulatedClusterOptions } from '../testing/simulated-cluster';

interface World {
  readonly scheduler: Scheduler;
  readonly cluster: SimulatedCluster;
  readonly member: (options?: ConsumerOptions) => Consumer;
  /** A member whose process can be stopped or killed. */
  readonly mortal: (options?: ConsumerOptions) => { readonly wire: MortalWire; readonly consumer: Consumer };
  readonly produce: (count: number, topic?: string) => Promise<void>;
  readonly wait: (ms: number) => Promise<void>;
  readonly settle: <Value>(work: Promise<Value>) => Promise<Value>;
  readonly committed: (partition: number, topic?: string) => number | undefined;
  readonly warnings: string[];
}

const open = (options: Partial<SimulatedClusterOptions> = {}): World => {
  const scheduler = new Scheduler();
  const clock = new VirtualClock({ scheduler });
  const random = new SeededRandom(7, 'cluster');
  const cluster = new SimulatedCluster({ clock, random, topics: { t: 4 }, brokers: 2, ...options });
  const warnings: string[] = [];
  const logger: Logger = {
    ...silentLogger,
    warn: (text) => void warnings.push(text),
    child: () => logger,
  };
  const client = openClient({ wire: cluster, clock, random: new SeededRandom(1, 'client'), logger });
  const producer = client.producer({ lingerMs: 0 });
  const group = { groupId: 'g', autoOffsetReset: 'earliest' as const };
  let seed = 1;
  return {
    scheduler,
    cluster,
    warnings,
    member: (more) => client.consumer({ ...group, ...more }),
    mortal: (more) => {
      const wire = new MortalWire(cluster);
      seed += 1;
      const random = new SeededRandom(seed, 'mortal');
      return { wire, consumer: openClient({ wire, clock, random, logger }).consumer({ ...group, ...more }) };
    },
    produce: async (count, topic = 't') => {
      const partitions = cluster.topics.get(topic)?.length ?? 1;
      const sent = Array.from({ length: count }, (_, index) =>
        producer.send({ topic, partition: index % partitions, value: String(index) }),
      );
      await scheduler.settle(Promise.all(sent));
    },
    wait: async (ms) => {
      await scheduler.run({ untilMs: scheduler.nowMs + ms });
    },
    settle: (work) => scheduler.settle(work),
    committed: (partition, topic = 't') => cluster.coordinator.offsets.committed('g', topic, partition),
  };
};

const numbers = (consumer: Consumer): readonly number[] =>
  consumer.assignment.map(({ partition }) => partition).sort((a, b) => a - b);
const texts = (records: readonly ConsumerRecord[]): readonly string[] =>
  records.map(({ value }) => value?.toString() ?? '').sort();

describe.each(['classic', 'consumer'] as const)('a member by the %s protocol', (groupProtocol) => {
  test('gets every partition when it is alone, and shares with those that come', async () => {
    const { member, wait, settle } = open();
    const first = member({ groupProtocol });
    first.subscribe(['t']);
    await wait(2000);
    expect(numbers(first)).toEqual([0, 1, 2, 3]);
    const second = member({ groupProtocol });
    second.subscribe(['t']);
    await wait(6000);
    expect([...numbers(first), ...numbers(second)].sort()).toEqual([0, 1, 2, 3]);
    expect(numbers(first)).toHaveLength(2);
    await settle(first.close());
    await wait(6000);
    expect(numbers(second)).toEqual([0, 1, 2, 3]);
  });

  test('goes on where the group stopped', async () => {
    const { member, produce, settle, committed } = open();
    await produce(8);
    const first = member({ groupProtocol });
    first.subscribe(['t']);
    expect(await settle(first.poll({ maxRecords: 500, timeoutMs: 3000 }))).not.toHaveLength(0);
    while ((await settle(first.poll({ timeoutMs: 500 }))).length > 0);
    await settle(first.close());
    expect([0, 1, 2, 3].map((partition) => committed(partition))).toEqual([2, 2, 2, 2]);
    await produce(4);
    const second = member({ groupProtocol });
    second.subscribe(['t']);
    const read: string[] = [];
    for (let polls = 0; polls < 10; polls += 1) {
      read.push(...texts(await settle(second.poll({ timeoutMs: 500 }))));
    }
    expect(read.sort()).toEqual(['0', '1', '2', '3']);
  });

  test('commits by hand what polls gave, with metadata, and tells what is committed', async () => {
    const { member, produce, settle, committed } = open({ topics: { t: 1 } });
    await produce(3);
    const consumer = member({ groupProtocol, enableAutoCommit: false });
    consumer.subscribe(['t']);
    expect(await settle(consumer.poll())).toHaveLength(3);
    const partition = { topic: 't', partition: 0 };
    expect(await settle(consumer.committed([partition]))).toEqual([{ ...partition, value: undefined }]);
    await settle(consumer.commit());
    expect(committed(0)).toBe(3);
    await settle(consumer.commit([{ ...partition, offset: 1, metadata: 'again' }]));
    expect(await settle(consumer.committed([partition]))).toEqual([
      { ...partition, value: { offset: 1, leaderEpoch: -1, metadata: 'again' } },
    ]);
    await settle(consumer.close());
    expect(committed(0)).toBe(1);
  });

  test('gives up nothing while its caller works on what it was given', async () => {
    const { member, produce, settle, wait } = open();
    await produce(8);
    const first = member({ groupProtocol });
    first.subscribe(['t']);
    expect(await settle(first.poll())).not.toHaveLength(0);
    const second = member({ groupProtocol });
    second.subscribe(['t']);
    await wait(8000);
    expect(numbers(first)).toEqual([0, 1, 2, 3]);
    expect(numbers(second)).toEqual([]);
    const polling = (async () => {
      while (numbers(second).length < 2) await first.poll({ timeoutMs: 100 });
    })();
    await settle(polling);
    expect(numbers(first)).toHaveLength(2);
  });

  test('tells its listener, and waits for it, before partitions go', async () => {
    const { member, wait, settle, produce, committed } = open();
    await produce(8);
    const said: string[] = [];
    const first = member({ groupProtocol, enableAutoCommit: false });
    first.subscribe(['t'], {
      onAssigned: (partitions) => void said.push(`assigned ${partitions.length}`),
      onRevoked: async (partitions) => {
        await first.commit();
        said.push(`revoked ${partitions.length}`);
      },
    });
    await wait(2000);
    while ((await settle(first.poll({ timeoutMs: 500 }))).length > 0);
    await settle(first.close());
    expect(said).toEqual(['assigned 4', 'revoked 4']);
    expect(committed(3)).toBe(2);
  });

  test('loses what it owns when its session has ended, and begins anew', async () => {
    const { mortal, member, wait } = open();
    const said: string[] = [];
    const { wire, consumer } = mortal({
      groupProtocol,
      ...(groupProtocol === 'classic' ? { sessionTimeoutMs: 6000 } : {}),
    });
    consumer.subscribe(['t'], {
      onLost: (partitions) => void said.push(`lost ${partitions.length}`),
      onRevoked: (partitions) => void said.push(`revoked ${partitions.length}`),
    });
    await wait(2000);
    expect(numbers(consumer)).toHaveLength(4);
    wire.stop();
    const other = member({ groupProtocol });
    other.subscribe(['t']);
    await wait(12_000);
    expect(numbers(other)).toEqual([0, 1, 2, 3]);
    wire.resume();
    await wait(10_000);
    expect(said[0]).toBe('lost 4');
    expect([...numbers(consumer), ...numbers(other)].sort()).toEqual([0, 1, 2, 3]);
  });

  test('follows its coordinator to another broker', async () => {
    const { member, wait, cluster, produce, settle, committed } = open();
    const consumer = member({ groupProtocol });
    consumer.subscribe(['t']);
    await wait(2000);
    cluster.coordinator.move(2, 800);
    await produce(4);
    while ((await settle(consumer.poll({ timeoutMs: 500 }))).length > 0);
    await settle(consumer.commit());
    expect(committed(0)).toBe(1);
    expect(numbers(consumer)).toEqual([0, 1, 2, 3]);
    await wait(20_000);
    expect(numbers(consumer)).toEqual([0, 1, 2, 3]);
  });

  test('warns of a slow caller, leaves when it does not come back, and joins again when it does', async () => {
    const { member, wait, produce, settle, warnings } = open();
    await produce(4);
    const lost: number[] = [];
    const slow = member({ groupProtocol, maxPollIntervalMs: 20_000 });
    slow.subscribe(['t'], { onLost: (partitions) => void lost.push(partitions.length) });
    expect(await settle(slow.poll())).not.toHaveLength(0);
    await wait(12_000);
    expect(warnings.filter((text) => text.includes('slowly'))).toHaveLength(1);
    const other = member({ groupProtocol });
    other.subscribe(['t']);
    await wait(15_000);
    expect(numbers(other)).toEqual([0, 1, 2, 3]);
    await expect(settle(slow.commit())).rejects.toMatchObject({ code: 'COMMIT_FAILED' });
    const polling = (async () => {
      while (numbers(other).length > 2 || numbers(slow).length !== 2) await slow.poll({ timeoutMs: 100 });
    })();
    await settle(polling);
    expect(lost).toEqual([4]);
  });

  test('reads one record after the other, and commits none that was not finished', async () => {
    const { member, produce, settle, committed } = open({ topics: { t: 1 } });
    await produce(5);
    const consumer = member({ groupProtocol });
    consumer.subscribe(['t']);
    const read: string[] = [];
    const reading = (async () => {
      for await (const { value } of consumer) {
        read.push(value?.toString() ?? '');
        if (read.length === 3) break;
      }
    })();
    await settle(reading);
    expect(read).toEqual(['0', '1', '2']);
    expect(await settle(consumer.position({ topic: 't', partition: 0 }))).toBe(3);
    expect(texts(await settle(consumer.poll({ timeoutMs: 1000 })))).toEqual(['3', '4']);
    await settle(consumer.close());
    expect(committed(0)).toBe(5);
  });

  test('runs a handler over several partitions at once, in order within each', async () => {
    const { member, produce, settle, committed, scheduler } = open();
    await produce(40);
    const consumer = member({ groupProtocol });
    consumer.subscribe(['t']);
    const handled: ConsumerRecord[] = [];
    let running = 0;
    let most = 0;
    const done = new AbortController();
    const run = consumer.run(
      async (record) => {
        running += 1;
        most = Math.max(most, running);
        await new Promise<void>((resolve) => scheduler.after(10, 'work', resolve));
        running -= 1;
        handled.push(record);
        if (handled.length === 40) done.abort();
      },
      { concurrency: 3, signal: done.signal },
    );
    await settle(run);
    expect(most).toBe(3);
    for (const partition of [0, 1, 2, 3]) {
      const offsets = handled.filter((one) => one.partition === partition).map(({ offset }) => offset);
      expect(offsets).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    }
    await settle(consumer.close());
    expect([0, 1, 2, 3].map((partition) => committed(partition))).toEqual([10, 10, 10, 10]);
  });

  test('ends a run with the error of a handler, and gives the record again', async () => {
    const { member, produce, settle, committed } = open({ topics: { t: 1 } });
    await produce(3);
    const consumer = member({ groupProtocol });
    consumer.subscribe(['t']);
    const run = consumer.run(({ value }) => {
      if (value?.toString() === '1') throw new Error('no');
    });
    await expect(settle(run)).rejects.toThrow('no');
    await settle(consumer.close());
    expect(committed(0)).toBe(1);
  });

  test('changes what it subscribes, and unsubscribes', async () => {
    const { member, wait, settle } = open({ topics: { t: 2, u: 1 } });
    const consumer = member({ groupProtocol });
    consumer.subscribe(['t']);
    await wait(2000);
    consumer.subscribe(['u']);
    await wait(5000);
    expect(consumer.assignment).toEqual([{ topic: 'u', partition: 0 }]);
    expect(consumer.subscription()).toEqual(['u']);
    await settle(consumer.unsubscribe());
    expect(consumer.assignment).toEqual([]);
    expect(consumer.groupMetadata()).toMatchObject({ generationId: -1, memberId: '' });
    consumer.assign([{ topic: 't', partition: 1 }]);
    expect(consumer.assignment).toHaveLength(1);
  });

  test('reads the topics that match, also those that come later', async () => {
    const { member, wait, cluster } = open({ topics: { 'in-a': 1, out: 1 } });
    const consumer = member({ groupProtocol, metadataMaxAgeMs: 3000 });
    consumer.subscribe(/^in-/);
    await wait(3000);
    expect(consumer.assignment).toEqual([{ topic: 'in-a', partition: 0 }]);
    if (groupProtocol === 'consumer') return;
    cluster.addTopic('in-b', 1);
    await wait(8000);
    expect(consumer.subscription()).toEqual(['in-a', 'in-b']);
    expect(consumer.assignment).toHaveLength(2);
  });

  test('tells the caller that it may not, once for each poll, and does not hammer the broker', async () => {
    const refusal = 30;
    const { member, settle, cluster, wait } = open({
      intercept: (api) => {
        if (api !== 'FindCoordinator') return undefined;
        return {
          coordinators: [
            { key: 'g', nodeId: -1, host: '', port: -1, errorCode: refusal, errorMessage: 'no' },
          ],
        };
      },
    });
    const consumer = member({ groupProtocol });
    consumer.subscribe(['t']);
    await expect(settle(consumer.poll())).rejects.toMatchObject({ code: 'GROUP_AUTHORIZATION_FAILED' });
    await wait(60_000);
    const asked = (): number => cluster.requests.filter(({ api }) => api === 'FindCoordinator').length;
    expect(asked()).toBe(1);
    await expect(settle(consumer.poll())).rejects.toMatchObject({ code: 'GROUP_AUTHORIZATION_FAILED' });
    expect(asked()).toBe(2);
  });

  test('closes within its time although nobody answers', async () => {
    const { mortal, settle, wait, scheduler } = open();
    const { wire, consumer } = mortal({ groupProtocol });
    consumer.subscribe(['t']);
    await wait(2000);
    wire.stop();
    const beganMs = scheduler.nowMs;
    await settle(consumer.close({ timeoutMs: 1000 }));
    expect(scheduler.nowMs - beganMs).toBe(1000);
  });

  test('leaves with one request when it is closed', async () => {
    const { member, settle, wait, cluster } = open();
    const consumer = member({ groupProtocol });
    consumer.subscribe(['t']);
    await wait(2000);
    const before = cluster.requests.length;
    await settle(consumer.close());
    const leaving = cluster.requests.slice(before).filter(({ api }) => api !== 'Heartbeat');
    const commits = leaving.filter(({ api }) => api === 'OffsetCommit').length;
    expect(leaving.length - commits).toBe(1);
    expect(cluster.coordinator.classicGroup('g').memberIds).toEqual([]);
    expect(cluster.coordinator.consumerGroup('g').memberIds).toEqual([]);
  });
});

test('a consumer without a group says what it lacks', async () => {
  const { member, settle } = open();
  const consumer = member({ groupId: undefined });
  expect(() => consumer.subscribe(['t'])).toThrow(/groupId/);
  await expect(settle(consumer.commit())).rejects.toMatchObject({ code: 'INVALID_GROUP_ID' });
});

test('partitions that are assigned by hand begin where the group stopped, and are committed', async () => {
  const { member, settle, produce, committed } = open({ topics: { t: 1 } });
  await produce(4);
  const partition = { topic: 't', partition: 0 };
  const first = member();
  first.assign([partition]);
  await settle(first.commit([{ ...partition, offset: 2 }]));
  expect(await settle(first.poll())).toHaveLength(2);
  await settle(first.close());
  expect(committed(0)).toBe(4);
});

test('a static member keeps its partitions over a restart, unless it leaves for good', async () => {
  const { member, settle, wait, cluster } = open();
  const options = { groupInstanceId: 'one' };
  const first = member(options);
  first.subscribe(['t']);
  await wait(2000);
  await settle(first.close());
  expect(cluster.coordinator.classicGroup('g').memberIds).toHaveLength(1);
  const second = member(options);
  second.subscribe(['t']);
  await wait(3000);
  await settle(second.close({ membership: 'leave-group' }));
  expect(cluster.coordinator.classicGroup('g').memberIds).toEqual([]);
});

test('a static member is told for good that another one has taken its name', async () => {
  const { member, wait, settle } = open();
  const options = { groupInstanceId: 'one' };
  const first = member(options);
  first.subscribe(['t']);
  await wait(2000);
  const second = member(options);
  second.subscribe(['t']);
  await wait(6000);
  await expect(settle(first.poll())).rejects.toMatchObject({ code: 'FENCED_INSTANCE_ID' });
  await expect(settle(first.poll())).rejects.toMatchObject({ code: 'FENCED_INSTANCE_ID' });
  expect(numbers(first)).toEqual([]);
  expect(numbers(second)).toEqual([0, 1, 2, 3]);
});
