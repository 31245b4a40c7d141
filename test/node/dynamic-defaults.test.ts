import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { BATCH_HEADER_BYTES, ErrorCode, codecOf, crc32c } from '@kafkaesque/protocol';
import type { Cluster } from '@kafkaesque/testkit';
import { createCluster } from '@kafkaesque/testkit';
import type { BadClient } from '../bad-input/client';
import { batchOf, connectTo, createdTopic, fetched, listed, produced } from './node-client';

let cluster: Cluster;
let client: BadClient;
beforeAll(async () => {
  cluster = await createCluster({
    // The batches of these tests are of 1970: nothing goes by age unless a test says so.
    properties: {
      'log.initial.task.delay.ms': 20,
      'log.retention.check.interval.ms': 20,
      'log.retention.ms': -1,
      'log.flush.policy': 'replication',
    },
  });
  client = await connectTo(cluster);
});
afterAll(async () => {
  await client[Symbol.asyncDispose]();
  await cluster.close();
});

const BROKER = 4;
const EARLIEST = -2;
const LARGE = 'x'.repeat(400_000);

/** Sets a key for all brokers, or for this one, or deletes it. */
const change = async (name: string, value: string | null, resourceName = ''): Promise<void> => {
  const { responses } = await client.ask('IncrementalAlterConfigs', 1, {
    resources: [
      {
        resourceType: BROKER,
        resourceName,
        configs: [{ name, configOperation: value === null ? 1 : 0, value }],
      },
    ],
    validateOnly: false,
  });
  expect(responses).toMatchObject([{ errorCode: 0, errorMessage: null }]);
};

const errorOf = async (topic: string, records: Buffer): Promise<number> =>
  (await produced(client, topic, records)).errorCode;
const startOf = async (topic: string): Promise<number> => (await listed(client, topic, EARLIEST)).offset;

/** Waits for what happens in the background; the test's own time limit ends a wait in vain. */
const until = async (holds: () => Promise<boolean>): Promise<void> => {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 20));
};

/** Segment files of a topic's only partition, the deleted ones aside. */
const segmentsOf = async (topicId: string): Promise<readonly string[]> =>
  (await readdir(join(cluster.directory, 'data/topics', topicId, '0'))).filter((name) =>
    name.endsWith('.log'),
  );

describe('a default for topics that is changed while they are in use takes effect, and again when it is deleted:', () => {
  test.each([
    {
      name: 'message.max.bytes',
      value: '100',
      records: () => batchOf(['x'.repeat(200)]),
      error: ErrorCode.MESSAGE_TOO_LARGE,
    },
    {
      name: 'log.message.timestamp.before.max.ms',
      value: '60000',
      records: () => batchOf(['a'], { timestampMs: 1000 }),
      error: ErrorCode.INVALID_TIMESTAMP,
    },
    {
      name: 'log.message.timestamp.after.max.ms',
      value: '60000',
      records: () => batchOf(['a'], { timestampMs: Date.now() + 600_000 }),
      error: ErrorCode.INVALID_TIMESTAMP,
    },
    {
      name: 'log.cleanup.policy',
      value: 'compact',
      records: () => batchOf(['without a key']),
      error: ErrorCode.INVALID_RECORD,
    },
    {
      name: 'log.record.validation',
      value: 'full',
      records: () => brokenRecords(),
      error: ErrorCode.INVALID_RECORD,
    },
  ])('$name', async ({ name, value, records, error }) => {
    await createdTopic(client, name);
    expect(await errorOf(name, records())).toBe(0);
    for (const broker of ['', '1']) {
      await change(name, value, broker);
      expect(await errorOf(name, records())).toBe(error);
      await change(name, null, broker);
      expect(await errorOf(name, records())).toBe(0);
    }
  });

  test('log.message.timestamp.type', async () => {
    await createdTopic(client, 'timed');
    await change('log.message.timestamp.type', 'LogAppendTime');
    expect((await produced(client, 'timed', batchOf(['b']))).logAppendTimeMs).toBeGreaterThan(1e12);
    await change('log.message.timestamp.type', null);
    expect((await produced(client, 'timed', batchOf(['b']))).logAppendTimeMs).toBe(-1);
  });

  test('compression.type', async () => {
    await createdTopic(client, 'packed');
    const codecAt = async (offset: number): Promise<string | undefined> =>
      codecOf((await fetched(client, 'packed', offset)).records ?? Buffer.alloc(0), 0);
    await change('compression.type', 'gzip');
    await produced(client, 'packed', batchOf([LARGE]));
    await change('compression.type', null);
    await produced(client, 'packed', batchOf([LARGE]));
    expect([await codecAt(0), await codecAt(1)]).toEqual(['gzip', 'none']);
  });

  test('log.segment.bytes, log.segment.delete.delay.ms and log.retention.bytes', async () => {
    const topicId = await createdTopic(client, 'sized');
    for (let i = 0; i < 4; i++) await produced(client, 'sized', batchOf([LARGE]));
    await change('log.segment.bytes', '1048576');
    for (let i = 0; i < 4; i++) await produced(client, 'sized', batchOf([LARGE]));
    await until(async () => (await segmentsOf(topicId)).length >= 2);
    expect(await startOf('sized')).toBe(0);
    await change('log.segment.delete.delay.ms', '0');
    await change('log.retention.bytes', '1000000');
    await until(async () => (await startOf('sized')) >= 4);
    await until(async () => !(await segmentsOf(topicId)).includes('00000000000000000000.log'));
    for (const name of ['log.segment.bytes', 'log.segment.delete.delay.ms', 'log.retention.bytes'])
      await change(name, null);
  });

  test('log.roll.ms', async () => {
    const topicId = await createdTopic(client, 'rolled');
    const nowMs = Date.now();
    const send = (timestampMs: number) => produced(client, 'rolled', batchOf(['a'], { timestampMs }));
    await send(nowMs - 5000);
    await send(nowMs - 1000);
    await change('log.roll.ms', '2000');
    await send(nowMs);
    await until(async () => (await segmentsOf(topicId)).length === 2);
    await change('log.roll.ms', null);
  });

  test('log.index.interval.bytes', async () => {
    const topicId = await createdTopic(client, 'indexed');
    const send = (timestampMs: number) => produced(client, 'indexed', batchOf(['a'], { timestampMs }));
    const nowMs = Date.now();
    await change('log.index.interval.bytes', '0');
    for (let i = 0; i < 20; i++) await send(nowMs - 5000);
    // An index is written when its segment is closed.
    await change('log.roll.ms', '2000');
    await send(nowMs);
    const index = join(cluster.directory, 'data/topics', topicId, '0/00000000000000000000.index');
    const sizeBytes = (): Promise<number> =>
      stat(index).then(
        ({ size }) => size,
        () => 0,
      );
    // Eight bytes an entry; at the usual 4,096 bytes these batches would have none.
    await until(async () => (await sizeBytes()) >= 8 * 15);
    for (const name of ['log.index.interval.bytes', 'log.roll.ms']) await change(name, null);
  });

  test('log.flush.policy: every topic begins a new leader epoch', async () => {
    await createdTopic(client, 'flushed');
    const epoch = async (): Promise<number> => {
      const { topics } = await client.ask('Metadata', 12, { topics: [{ name: 'flushed' }] });
      return topics[0]?.partitions[0]?.leaderEpoch ?? -1;
    };
    const before = await epoch();
    await change('log.flush.policy', 'ack');
    await until(async () => (await epoch()) > before);
    await change('log.flush.policy', null);
    await until(async () => (await epoch()) > before + 1);
    expect(await errorOf('flushed', batchOf(['a']))).toBe(0);
  });

  test('log.retention.ms, last, because everything here is old', async () => {
    await createdTopic(client, 'aged');
    await produced(client, 'aged', batchOf(['old']));
    expect(await startOf('aged')).toBe(0);
    await change('log.retention.ms', '1000');
    await until(async () => (await startOf('aged')) === 1);
    await change('log.retention.ms', null);
  });
});

/** A batch whose header and CRC are right, and whose compressed records are not. */
const brokenRecords = (): Buffer => {
  const batch = batchOf(['v'.repeat(50)], { codec: 'gzip' });
  const within = BATCH_HEADER_BYTES + 14;
  batch.writeUInt8(batch.readUInt8(within) ^ 0xff, within);
  batch.writeUInt32BE(crc32c(batch.subarray(CRC_END)), CRC_START);
  return batch;
};
const CRC_START = 17;
const CRC_END = 21;
