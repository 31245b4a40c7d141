import { openClient } from '@kafkaesque/client';
import type { Codec } from '@kafkaesque/protocol';
import { apis, decodeBatch, encodeRequestFrame, errorName, initialiseCodecs } from '@kafkaesque/protocol';
import type { BadClient } from './client';
import { batchOfPayload, bombs, gzippedLargeRecord, hostilePayloads } from './compression-bombs';
import type { Target } from './target';
import { isKafka, onlyOurs, openTarget } from './target';
import type { CreatedTopic, ProduceAnswer } from './topics';
import { createTopic, endOffset, fetchBatch, goodBatch, produce } from './topics';

/** The codecs are proved against hostile bytes in `protocol/src/batches/compression/hostile-input.test.ts`. */
const MIB = 1024 * 1024;
let target: Target;
beforeAll(async () => {
  await initialiseCodecs();
  target = await openTarget();
});
afterAll(() => target[Symbol.asyncDispose]());

/** Topics whose leaders open what they append. Kafka's always do. */
const opening: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
  ['record.validation=full', isKafka ? {} : { 'record.validation': 'full' }],
  ['cleanup.policy=compact', { 'cleanup.policy': 'compact' }],
];

const expectRefused = async (
  client: BadClient,
  topic: CreatedTopic,
  answer: ProduceAnswer,
): Promise<void> => {
  // Kafka does not say what is wrong with bytes that it cannot open.
  const allowed = isKafka ? ['INVALID_RECORD', 'UNKNOWN_SERVER_ERROR'] : ['INVALID_RECORD'];
  expect(allowed).toContain(errorName(answer.errorCode));
  expect(answer.baseOffset).toBe(-1);
  expect(await endOffset(client, topic)).toBe(0);
  expect((await produce(client, topic, goodBatch())).baseOffset).toBe(0);
};

describe.each(opening)('B9: on a topic with %s', (_, configs) => {
  test.each(['gzip', 'snappy', 'lz4', 'zstd'] as const)(
    'B9: a %s bomb is refused, and memory stays',
    async (codec) => {
      if (isKafka) return;
      await using client = await target.connect();
      const topic = await createTopic(client, configs);
      const batch = batchOfPayload(codec, bombs()[codec]);
      expect(batch.length).toBeLessThan(MIB);
      const before = process.memoryUsage().rss;
      const answer = await produce(client, topic, batch);
      // Twice the 64 MiB that one batch may open to: output grows by copying.
      expect(process.memoryUsage().rss - before).toBeLessThan(160 * MIB);
      await expectRefused(client, topic, answer);
    },
  );

  test('B9: hostile payloads are refused one by one, and the connection stays', async () => {
    await using client = await target.connect();
    const topic = await createTopic(client, configs);
    const verdicts: string[] = [];
    for (const [name, codec, payload] of hostilePayloads()) {
      const { errorCode, baseOffset } = await produce(client, topic, batchOfPayload(codec, payload));
      verdicts.push(`${name}: ${errorCode === 0 ? 'accepted' : 'refused'} ${baseOffset}`);
    }
    expect(verdicts).toEqual(hostilePayloads().map(([name]) => `${name}: refused -1`));
    expect(await endOffset(client, topic)).toBe(0);
  });

  test.each([5, 6, 7])('B9: codec %i, which nobody has, is refused', async (codec) => {
    await using client = await target.connect();
    const topic = await createTopic(client, configs);
    const answer = await produce(client, topic, batchOfPayload(codec, Buffer.from('whatever')));
    expect(errorName(answer.errorCode)).toBe(
      isKafka ? 'UNKNOWN_SERVER_ERROR' : 'UNSUPPORTED_COMPRESSION_TYPE',
    );
    expect(await endOffset(client, topic)).toBe(0);
  });
});

test('B9: a topic with a codec of its own refuses what it cannot open, and the connection stays', async () => {
  await using client = await target.connect();
  const topic = await createTopic(client, { 'compression.type': 'lz4' });
  const others = hostilePayloads().filter(([, codec]) => codec !== 'lz4');
  const verdicts: string[] = [];
  for (const [name, codec, payload] of others) {
    const { errorCode, baseOffset } = await produce(client, topic, batchOfPayload(codec, payload));
    verdicts.push(`${name}: ${errorCode === 0 ? 'accepted' : 'refused'} ${baseOffset}`);
  }
  expect(verdicts).toEqual(others.map(([name]) => `${name}: refused -1`));
  if (!isKafka)
    await expectRefused(client, topic, await produce(client, topic, batchOfPayload('gzip', bombs().gzip)));
});

onlyOurs('B9: a metrics bomb in PushTelemetry (CVE-2026-111073) is not opened by anybody', async () => {
  await using client = await target.connect();
  const { apiKeys } = await client.ask('ApiVersions', 0, {});
  expect(apiKeys.map(({ apiKey }) => apiKey)).not.toContain(apis.PushTelemetry.key);
  const [length = Buffer.alloc(0), ...rest] = encodeRequestFrame(apis.PushTelemetry, 0, 1, 'bomb', {
    clientInstanceId: target.cluster.clusterId,
    subscriptionId: 1,
    terminating: false,
    compressionType: 1,
    metrics: bombs().gzip,
  });
  const before = process.memoryUsage().rss;
  await client.send(Buffer.concat([length, ...rest]));
  await client.closed;
  expect(client.unreadBytes).toBe(0);
  expect(process.memoryUsage().rss - before).toBeLessThan(64 * MIB);
  expect(await target.isServing()).toBe(true);
});

/** What the broker stores unopened, its readers must survive. */
describe('B9: a reader', () => {
  const codeOf = (read: () => unknown): unknown => {
    try {
      read();
      return 'nothing';
    } catch (error) {
      return (error as { readonly code?: unknown }).code;
    }
  };

  onlyOurs.each(['gzip', 'snappy', 'lz4', 'zstd'] as const satisfies readonly Codec[])(
    'B9: does not open a %s bomb that a topic without checks has taken',
    async (codec) => {
      await using client = await target.connect();
      const topic = await createTopic(client);
      const { baseOffset } = await produce(client, topic, batchOfPayload(codec, bombs()[codec]));
      expect(baseOffset).toBe(0);
      const batch = await fetchBatch(client, topic, 0);
      const before = process.memoryUsage().rss;
      // What the cap lets through is found to be no records.
      expect(codeOf(() => decodeBatch(batch))).toBe(
        codec === 'snappy' ? 'CORRUPT_BATCH' : 'OUTPUT_TOO_LARGE',
      );
      expect(process.memoryUsage().rss - before).toBeLessThan(160 * MIB);
    },
  );

  onlyOurs(
    'B9: of the SDK fails by name over a record of 200 MiB, and reads what lies behind it',
    async () => {
      await using client = await target.connect();
      const topic = await createTopic(client);
      const bomb = batchOfPayload('gzip', gzippedLargeRecord(200 * MIB));
      expect((await produce(client, topic, bomb)).baseOffset).toBe(0);
      expect((await produce(client, topic, goodBatch('behind'))).baseOffset).toBe(1);
      await using sdk = openClient({ bootstrapServers: target.cluster.bootstrapServers });
      const consumer = sdk.consumer();
      const partition = { topic: topic.name, partition: 0 };
      consumer.assign([partition]);
      consumer.seek(partition, 0);
      await expect(consumer.poll({ timeoutMs: 10_000 })).rejects.toThrow(/offset 0\b/);
      consumer.seek(partition, 1);
      const [record] = await consumer.poll({ timeoutMs: 10_000 });
      expect(record?.value?.toString()).toBe('behind');
    },
  );
});
