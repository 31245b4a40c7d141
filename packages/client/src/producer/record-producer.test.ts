import { SeededRandom } from '@kafkaesque/kernel';
import { ErrorCode, apis, partitionOfKey, recordCountOf } from '@kafkaesque/protocol';
import type { RequestDraftOf } from '@kafkaesque/protocol';
import { Scheduler, VirtualClock } from '@kafkaesque/sim';
import type { Client } from '../client';
import type { RecordMetadata } from '../records';
import { openSimulatedClient } from '../testing/simulated-client';
import type { Mishap, SimulatedCluster, SimulatedClusterOptions } from '../testing/simulated-cluster';
import type { ProducerOptions } from './producer-options';
import type { Producer } from './producer';

interface World {
  readonly scheduler: Scheduler;
  readonly cluster: SimulatedCluster;
  readonly client: Client;
  readonly producer: Producer;
}

const open = (
  producerOptions: ProducerOptions = {},
  options: Partial<SimulatedClusterOptions> & { readonly seed?: number } = {},
): World => {
  const scheduler = new Scheduler();
  const clock = new VirtualClock({ scheduler });
  const { cluster, client } = openSimulatedClient({ clock, topics: { t: 1 }, ...options });
  return { scheduler, cluster, client, producer: client.producer(producerOptions) };
};

const settled = (
  work: readonly Promise<RecordMetadata>[],
): Promise<readonly PromiseSettledResult<RecordMetadata>[]> => Promise.allSettled(work);

const producedBatches = (cluster: SimulatedCluster): readonly Buffer[] =>
  cluster.requests
    .filter(({ api }) => api === 'Produce')
    .flatMap(({ draft }) =>
      (draft as RequestDraftOf<'Produce'>).topicData.flatMap(({ partitionData }) =>
        partitionData.map(({ records }) => records as Buffer),
      ),
    );

describe('the producer', () => {
  test('tells each record where it came to lie', async () => {
    const { scheduler, producer } = open();
    const sent = await scheduler.settle(
      Promise.all(['a', 'b', 'c'].map((value) => producer.send({ topic: 't', value, timestampMs: 7 }))),
    );
    expect(sent).toEqual([0, 1, 2].map((offset) => ({ topic: 't', partition: 0, offset, timestampMs: 7 })));
  });

  test('lets records that are sent together travel in one batch', async () => {
    const { scheduler, cluster, producer } = open();
    await scheduler.settle(
      Promise.all([1, 2, 3, 4].map((n) => producer.send({ topic: 't', value: `${n}` }))),
    );
    expect(producedBatches(cluster).map((batch) => recordCountOf(batch))).toEqual([4]);
  });

  test('waits as long as lingerMs says for company, and not at all when it is full', async () => {
    const { scheduler, cluster, producer } = open({ lingerMs: 50, batchSizeBytes: 400 });
    await scheduler.settle(producer.send({ topic: 't', value: 'warm' }));
    const before = scheduler.nowMs;
    const lone = producer.send({ topic: 't', value: 'x' });
    await scheduler.settle(lone);
    expect(scheduler.nowMs - before).toBeGreaterThanOrEqual(50);
    const start = scheduler.nowMs;
    const full = [1, 2, 3].map(() => producer.send({ topic: 't', value: 'y'.repeat(300) }));
    await scheduler.settle(Promise.all(full.slice(0, 2)));
    expect(scheduler.nowMs - start).toBeLessThan(50);
    await scheduler.settle(Promise.all(full));
    expect(cluster.partition('t', 0).values()).toHaveLength(5);
  });

  test('flush sends at once what lingers, and waits for it', async () => {
    const { scheduler, cluster, producer } = open({ lingerMs: 10_000, deliveryTimeoutMs: 60_000 });
    const sent = [1, 2, 3].map((n) => producer.send({ topic: 't', value: `${n}` }));
    await scheduler.settle(producer.flush());
    expect(scheduler.nowMs).toBeLessThan(10_000);
    expect(cluster.partition('t', 0).values()).toEqual(['1', '2', '3']);
    await Promise.all(sent);
  });

  test("chooses the partition of a key as Kafka does, and keeps to a caller's own choice", async () => {
    const { scheduler, producer } = open({}, { topics: { t: 7 } });
    const keys = ['alpha', 'beta', 'gamma', 'delta'];
    const sent = await scheduler.settle(
      Promise.all(keys.map((key) => producer.send({ topic: 't', key, value: 'v' }))),
    );
    expect(sent.map(({ partition }) => partition)).toEqual(
      keys.map((key) => partitionOfKey(Buffer.from(key), 7)),
    );
    const own = await scheduler.settle(producer.send({ topic: 't', key: 'alpha', partition: 3, value: 'v' }));
    expect(own.partition).toBe(3);
  });

  test('keeps records without key on one partition until a batch is full, then moves on', async () => {
    const { scheduler, cluster, producer } = open({ batchSizeBytes: 1000 }, { topics: { t: 4 } });
    await scheduler.settle(
      Promise.all(Array.from({ length: 40 }, () => producer.send({ topic: 't', value: 'z'.repeat(200) }))),
    );
    const counts = [0, 1, 2, 3].map((partition) => cluster.partition('t', partition).values().length);
    expect(counts.filter((count) => count > 0).length).toBeGreaterThan(1);
    expect(counts.reduce((sum, count) => sum + count)).toBe(40);
  });

  test('finds the new leader when a partition has moved', async () => {
    const { scheduler, cluster, producer } = open({}, { brokers: 2 });
    await scheduler.settle(producer.send({ topic: 't', value: 'before' }));
    cluster.moveLeader('t', 0, 2);
    const sent = await scheduler.settle(producer.send({ topic: 't', value: 'after' }));
    expect(sent.offset).toBe(1);
    expect(cluster.partition('t', 0).values()).toEqual(['before', 'after']);
  });

  test('splits a batch that the broker finds too large', async () => {
    const { scheduler, cluster, producer } = open(
      {},
      {
        intercept: (api, draft) => {
          if (api !== 'Produce') return undefined;
          const [topic] = (draft as RequestDraftOf<'Produce'>).topicData;
          const [partition] = topic?.partitionData ?? [];
          if (recordCountOf(partition?.records as Buffer) <= 2) return undefined;
          const refused = { index: 0, errorCode: ErrorCode.MESSAGE_TOO_LARGE, baseOffset: -1 };
          return apis.Produce.response.make({
            responses: [{ name: 't', partitionResponses: [refused as never] }],
          });
        },
      },
    );
    const sent = await scheduler.settle(
      Promise.all([0, 1, 2, 3, 4, 5, 6].map((n) => producer.send({ topic: 't', value: `${n}` }))),
    );
    expect(sent.map(({ offset }) => offset)).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(cluster.partition('t', 0).values()).toEqual(['0', '1', '2', '3', '4', '5', '6']);
  });

  test('refuses a record that is larger than a request may be', async () => {
    const { producer } = open({ maxRequestSizeBytes: 1000 });
    await expect(producer.send({ topic: 't', value: 'x'.repeat(1000) })).rejects.toMatchObject({
      kind: 'limit',
      code: 'RECORD_TOO_LARGE',
      effect: 'definite',
    });
  });

  test('refuses a partition that the topic does not have, after looking again', async () => {
    const { scheduler, producer } = open();
    const sent = producer.send({ topic: 't', partition: 5, value: 'x' });
    await expect(scheduler.settle(sent)).rejects.toMatchObject({ code: 'NO_SUCH_PARTITION' });
  });

  test('waits for a topic that appears, and fails after maxBlockMs for one that does not', async () => {
    const { scheduler, cluster, producer } = open({ maxBlockMs: 3000 });
    const late = producer.send({ topic: 'late', value: 'x' });
    const never = producer.send({ topic: 'never', value: 'x' });
    await scheduler.run({ untilMs: 1000 });
    cluster.addTopic('late', 1);
    await expect(scheduler.settle(late)).resolves.toMatchObject({ offset: 0 });
    await expect(scheduler.settle(never)).rejects.toMatchObject({ kind: 'timeout', code: 'TIMED_OUT' });
  });

  test('holds records back while bufferBytes is full, and keeps their order', async () => {
    const { scheduler, cluster, producer } = open({ bufferBytes: 2000, maxRequestSizeBytes: 1500 });
    const values = Array.from({ length: 50 }, (_, n) => `${n} ${'x'.repeat(300)}`);
    const sent = values.map((value) => producer.send({ topic: 't', value }));
    await scheduler.settle(producer.ready());
    await scheduler.settle(Promise.all(sent));
    expect(cluster.partition('t', 0).values()).toEqual(values);
  });

  test('fails definitely what never left, and indefinitely what may have arrived', async () => {
    let fate: 'request-lost' | 'answer-lost' = 'answer-lost';
    const { scheduler, cluster, producer } = open(
      { idempotence: false, retries: 0 },
      { mishap: (api) => (api === 'Produce' ? fate : 'none') },
    );
    await expect(scheduler.settle(producer.send({ topic: 't', value: 'a' }))).rejects.toMatchObject({
      kind: 'connection',
      effect: 'indefinite',
    });
    fate = 'request-lost';
    cluster.topics.clear();
    const unsent = open({ maxBlockMs: 500 }, { topics: {} });
    await expect(
      unsent.scheduler.settle(unsent.producer.send({ topic: 't', value: 'a' })),
    ).rejects.toMatchObject({
      effect: 'indefinite',
      kind: 'timeout',
    });
  });

  test('gives up after deliveryTimeoutMs', async () => {
    const { scheduler, producer } = open(
      { requestTimeoutMs: 1000, deliveryTimeoutMs: 5000 },
      { mishap: (api) => (api === 'Produce' ? 'request-lost' : 'none') },
    );
    const sent = producer.send({ topic: 't', value: 'a' });
    await expect(scheduler.settle(sent)).rejects.toMatchObject({ kind: 'timeout', effect: 'indefinite' });
    expect(scheduler.nowMs).toBeGreaterThanOrEqual(5000);
  });

  test('gives up in time also where the sums of times are rounded', async () => {
    const deliveryTimeoutMs = 20_000;
    const start = Array.from({ length: 1000 }, (_, n) => n / 10).find(
      (at) => at + deliveryTimeoutMs - deliveryTimeoutMs < at,
    );
    const { scheduler, producer } = open(
      { deliveryTimeoutMs, requestTimeoutMs: 1000, lingerMs: 0 },
      { mishap: (api) => (api === 'Produce' ? 'request-lost' : 'none') },
    );
    await scheduler.settle(
      new Promise<void>((resolve) => {
        scheduler.at(start ?? NaN, 'test', resolve);
      }),
    );
    const sent = producer.send({ topic: 't', value: 'a' }).catch((error: unknown) => error);
    await expect(scheduler.settle(sent, 10_000)).resolves.toMatchObject({ code: 'DELIVERY_TIMED_OUT' });
  });

  test('stops at once when its caller aborts', async () => {
    const { producer } = open({}, { topics: {} });
    const controller = new AbortController();
    const sent = producer.send({ topic: 't', value: 'a' }, { signal: controller.signal });
    controller.abort();
    await expect(sent).rejects.toMatchObject({ kind: 'aborted' });
  });

  test('flushes when it is closed, and takes nothing afterwards', async () => {
    const { scheduler, cluster, producer } = open({ lingerMs: 5000, deliveryTimeoutMs: 60_000 });
    const sent = producer.send({ topic: 't', value: 'last' });
    await scheduler.settle(producer.close());
    await expect(sent).resolves.toMatchObject({ offset: 0 });
    expect(cluster.partition('t', 0).values()).toEqual(['last']);
    await expect(producer.send({ topic: 't', value: 'more' })).rejects.toMatchObject({ kind: 'closed' });
  });

  test('goes on in a new epoch when the broker has forgotten it', async () => {
    const { scheduler, cluster, producer } = open();
    await scheduler.settle(producer.send({ topic: 't', value: 'a' }));
    cluster.partition('t', 0).forgetProducers();
    const sent = await scheduler.settle(producer.send({ topic: 't', value: 'b' }));
    expect(sent.offset).toBe(1);
    expect(cluster.partition('t', 0).values()).toEqual(['a', 'b']);
  });
});

/** One of the mishaps with its chance in a hundred, or none. */
const drawMishap = (random: SeededRandom, chances: Readonly<Partial<Record<Mishap, number>>>): Mishap => {
  let draw = random.below(100);
  for (const [mishap, chance] of Object.entries(chances) as [Mishap, number][]) {
    draw -= chance;
    if (draw < 0) return mishap;
  }
  return 'none';
};

describe('an idempotent producer on a network that loses requests and answers', () => {
  const seeds = Array.from({ length: 25 }, (_, index) => index + 1);

  test.each(seeds)('writes every acknowledged record once and in order (seed %i)', async (seed) => {
    const random = new SeededRandom(seed, 'mishaps');
    const { scheduler, cluster, producer } = open(
      { lingerMs: 2, batchSizeBytes: 300, maxInFlight: 1 + random.below(5) },
      {
        seed,
        brokers: 3,
        topics: { t: 2 },
        mishap: (api) => {
          if (api !== 'Produce') return 'none';
          return drawMishap(random, { 'request-lost': 5, 'answer-lost': 5, refused: 15, 'timed-out': 15 });
        },
      },
    );
    const sent: Promise<RecordMetadata>[] = [];
    const clock = scheduler;
    for (let n = 0; n < 200; n += 1) {
      clock.at(n * 3, 'send', () =>
        sent.push(producer.send({ topic: 't', partition: n % 2, value: `${n}` })),
      );
    }
    for (const atMs of [100, 250, 400]) {
      clock.at(atMs, 'move', () => cluster.moveLeader('t', random.below(2), 1 + random.below(3)));
    }
    await scheduler.run({ untilMs: 700 });
    const results = await scheduler.settle(settled(sent));
    expect(results.every(({ status }) => status === 'fulfilled')).toBe(true);
    for (const partition of [0, 1]) {
      const expected = Array.from({ length: 100 }, (_, n) => `${2 * n + partition}`);
      expect(cluster.partition('t', partition).values()).toEqual(expected);
    }
  });

  let givenUp = 0;
  afterAll(() => {
    // Without batches that are given up, the next test would prove nothing.
    expect(givenUp).toBeGreaterThan(seeds.length);
  });

  test.each(seeds)('never writes twice what it gave up, nor out of order (seed %i)', async (seed) => {
    const random = new SeededRandom(seed, 'mishaps');
    let isBad = true;
    const { scheduler, cluster, producer } = open(
      { lingerMs: 2, batchSizeBytes: 300, requestTimeoutMs: 300, deliveryTimeoutMs: 400 },
      {
        seed,
        mishap: (api) => {
          if (api !== 'Produce' || !isBad) return 'none';
          return drawMishap(random, { 'request-lost': 10, 'answer-lost': 10, refused: 35, 'timed-out': 20 });
        },
      },
    );
    const sent: Promise<RecordMetadata>[] = [];
    for (let n = 0; n < 120; n += 1) {
      scheduler.at(n * 5, 'send', () => sent.push(producer.send({ topic: 't', value: `${n}` })));
    }
    scheduler.at(600, 'heal', () => {
      isBad = false;
    });
    await scheduler.run({ untilMs: 650 });
    const results = await scheduler.settle(settled(sent));
    const values = cluster.partition('t', 0).values().map(Number);
    expect(new Set(values).size).toBe(values.length);
    expect([...values].sort((a, b) => a - b)).toEqual(values);
    givenUp += results.filter(({ status }) => status === 'rejected').length;
    results.forEach((result, n) => {
      const isWritten = values.includes(n);
      if (result.status === 'fulfilled') expect(isWritten).toBe(true);
      else if ((result.reason as { effect: string }).effect === 'definite') expect(isWritten).toBe(false);
    });
  });
});
