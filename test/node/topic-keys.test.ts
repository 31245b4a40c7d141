import { ErrorCode, codecOf } from '@kafkaesque/protocol';
import type { Cluster } from '@kafkaesque/testkit';
import { createCluster } from '@kafkaesque/testkit';
import type { BadClient } from '../bad-input/client';
import { altered, batchOf, connectTo, createdTopic, fetched, listed, produced } from './node-client';

let cluster: Cluster;
let client: BadClient;
beforeAll(async () => {
  cluster = await createCluster({
    // The batches of these tests are of 1970: nothing goes by age unless a test says so.
    properties: {
      'log.initial.task.delay.ms': 20,
      'log.retention.check.interval.ms': 20,
      'log.retention.ms': -1,
    },
  });
  client = await connectTo(cluster);
});
afterAll(async () => {
  await client[Symbol.asyncDispose]();
  await cluster.close();
});

const EARLIEST = -2;
const LARGE = 'x'.repeat(400_000);

const changed = async (topic: string, name: string, value: string): Promise<void> => {
  expect([name, await altered(client, topic, name, value)]).toEqual([name, 0]);
};

const startOf = async (topic: string): Promise<number> => (await listed(client, topic, EARLIEST)).offset;

/** Waits for what happens in the background; the test's own time limit ends a wait in vain. */
const until = async (holds: () => Promise<boolean>): Promise<void> => {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 20));
};

describe('a key that is changed while the topic is in use takes effect', () => {
  test('segment.bytes and retention.bytes: the next batches go to smaller segments, and the oldest go', async () => {
    await createdTopic(client, 'smaller', { 'retention.bytes': '-1' });
    for (let i = 0; i < 4; i++) await produced(client, 'smaller', batchOf([LARGE]));
    await changed('smaller', 'segment.bytes', '1048576');
    for (let i = 0; i < 4; i++) await produced(client, 'smaller', batchOf([LARGE]));
    expect(await startOf('smaller')).toBe(0);
    await changed('smaller', 'retention.bytes', '1000000');
    await until(async () => (await startOf('smaller')) > 0);
    // The first segment was begun with the old size, and holds the first four.
    expect(await startOf('smaller')).toBeGreaterThanOrEqual(4);
    expect(await fetched(client, 'smaller', 0)).toMatchObject({ errorCode: ErrorCode.OFFSET_OUT_OF_RANGE });
  });

  test('retention.ms: what was kept goes', async () => {
    await createdTopic(client, 'shorter', { 'retention.ms': '-1' });
    await produced(client, 'shorter', batchOf(['old'], { timestampMs: 1000 }));
    expect(await startOf('shorter')).toBe(0);
    await changed('shorter', 'retention.ms', '1000');
    await until(async () => (await startOf('shorter')) === 1);
    expect(await produced(client, 'shorter', batchOf(['new']))).toMatchObject({
      errorCode: 0,
      baseOffset: 1,
    });
  });

  test('max.message.bytes: larger batches are refused, and then no more', async () => {
    await createdTopic(client, 'limited');
    await changed('limited', 'max.message.bytes', '100');
    expect(await produced(client, 'limited', batchOf(['x'.repeat(200)]))).toMatchObject({
      errorCode: ErrorCode.MESSAGE_TOO_LARGE,
    });
    await changed('limited', 'max.message.bytes', '1000');
    expect(await produced(client, 'limited', batchOf(['x'.repeat(200)]))).toMatchObject({ errorCode: 0 });
  });

  test('message.timestamp.type: the broker’s time takes the place of the producer’s', async () => {
    await createdTopic(client, 'timed');
    expect(await produced(client, 'timed', batchOf(['a']))).toMatchObject({ logAppendTimeMs: -1 });
    await changed('timed', 'message.timestamp.type', 'LogAppendTime');
    const { logAppendTimeMs } = await produced(client, 'timed', batchOf(['b']));
    expect(logAppendTimeMs).toBeGreaterThan(1_600_000_000_000);
    expect(await listed(client, 'timed', logAppendTimeMs)).toMatchObject({ offset: 1 });
  });

  test('message.timestamp.before.max.ms and after.max.ms: times too far away are refused', async () => {
    await createdTopic(client, 'near');
    expect(await produced(client, 'near', batchOf(['a'], { timestampMs: 1000 }))).toMatchObject({
      errorCode: 0,
    });
    await changed('near', 'message.timestamp.before.max.ms', '60000');
    expect(await produced(client, 'near', batchOf(['a'], { timestampMs: 1000 }))).toMatchObject({
      errorCode: ErrorCode.INVALID_TIMESTAMP,
    });
    const soonMs = Date.now() + 600_000;
    expect(await produced(client, 'near', batchOf(['a'], { timestampMs: soonMs }))).toMatchObject({
      errorCode: 0,
    });
    await changed('near', 'message.timestamp.after.max.ms', '60000');
    expect(await produced(client, 'near', batchOf(['a'], { timestampMs: soonMs }))).toMatchObject({
      errorCode: ErrorCode.INVALID_TIMESTAMP,
    });
  });

  test('compression.type: what is stored has the topic’s codec', async () => {
    await createdTopic(client, 'packed');
    const codecAt = async (offset: number): Promise<string | undefined> =>
      codecOf((await fetched(client, 'packed', offset)).records ?? Buffer.alloc(0), 0);
    await produced(client, 'packed', batchOf([LARGE]));
    await changed('packed', 'compression.type', 'gzip');
    await produced(client, 'packed', batchOf([LARGE]));
    await changed('packed', 'compression.type', 'uncompressed');
    await produced(client, 'packed', batchOf([LARGE]));
    expect([await codecAt(0), await codecAt(1), await codecAt(2)]).toEqual(['none', 'gzip', 'none']);
  });

  test('flush.policy: a new leader epoch begins, and nothing is lost on the way', async () => {
    await createdTopic(client, 'flushed', { 'flush.policy': 'replication' });
    const epochOf = async (): Promise<number> => {
      const { topics } = await client.ask('Metadata', 12, { topics: [{ name: 'flushed' }] });
      return topics[0]?.partitions[0]?.leaderEpoch ?? -1;
    };
    await produced(client, 'flushed', batchOf(['a']));
    const before = await epochOf();
    await changed('flushed', 'flush.policy', 'ack');
    await until(async () => (await epochOf()) > before);
    expect(await produced(client, 'flushed', batchOf(['b']))).toMatchObject({ errorCode: 0, baseOffset: 1 });
    await client[Symbol.asyncDispose]();
    await cluster.restart('crash');
    client = await connectTo(cluster);
    expect(await listed(client, 'flushed', -1)).toMatchObject({ errorCode: 0, offset: 2 });
  });
});
