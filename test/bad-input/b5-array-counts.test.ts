import { apis } from '@kafkaesque/protocol';
import type { BadClient } from './client';
import { compactString, framed, header, int32, int8, string, varint } from './bytes';
import type { Target } from './target';
import { isKafka, onlyOurs, openTarget } from './target';
import { createTopic, endOffset, goodBatch, produce } from './topics';

/** The decoders' own limits are proved in `protocol/src/schema/bad-input.test.ts`; here a live server meets them. */
const MIB = 1024 * 1024;
const NO_TAGS = int8(0);
const METADATA = apis.Metadata.key;

let target: Target;
beforeAll(async () => {
  target = await openTarget();
});
afterAll(() => target[Symbol.asyncDispose]());

const expectClosed = async (client: BadClient): Promise<void> => {
  await client.closed;
  expect(client.unreadBytes).toBe(0);
  expect(await target.isServing()).toBe(true);
};

test.each([
  ['2^31 - 1', 2147483647],
  ['more than the bytes that are left', 1_000],
  ['one more than there is', 3],
])('B5: an array count of %s closes the connection', async (_, count) => {
  await using client = await target.connect();
  const topics = Buffer.concat([string('a'), string('b')]);
  await client.send(framed(header({ apiKey: METADATA, apiVersion: 1 }), int32(count), topics));
  await expectClosed(client);
});

test.each([-2, -2147483648])('B5: an array count of %i closes the connection', async (count) => {
  await using client = await target.connect();
  await client.send(framed(header({ apiKey: METADATA, apiVersion: 1 }), int32(count)));
  // Kafka takes every negative count for null, and so for "all topics".
  if (isKafka) expect(await client.receive()).toBeDefined();
  else await expectClosed(client);
});

test('B5: an array count of -1 where the version has no null closes the connection', async () => {
  await using client = await target.connect();
  await client.send(
    framed(header({ apiKey: apis.CreateTopics.key, apiVersion: 2 }), int32(-1), int32(1_000), int8(0)),
  );
  await expectClosed(client);
});

test.each([
  ['2^31 - 2', 2147483647],
  ['2^31 - 1', 2147483648],
  ['more than the bytes that are left', 1_000],
])('B5: a compact array count of %s closes the connection', async (_, countPlusOne) => {
  await using client = await target.connect();
  await client.send(
    framed(
      header({ apiKey: METADATA, apiVersion: 12, tags: NO_TAGS }),
      varint(countPlusOne),
      Buffer.alloc(16),
      compactString('a'),
      NO_TAGS,
    ),
  );
  await expectClosed(client);
});

test('B5: a compact array count of 2^32 - 2 closes the connection', async () => {
  await using client = await target.connect();
  await client.send(
    framed(header({ apiKey: METADATA, apiVersion: 12, tags: NO_TAGS }), varint(4294967295), Buffer.alloc(4)),
  );
  // To Kafka it is -2, which it takes for null.
  if (isKafka) expect(await client.receive()).toBeDefined();
  else await expectClosed(client);
});

test('B5: a nested count that lies closes the connection, and nothing of its request is carried out', async () => {
  await using client = await target.connect();
  const topic = await createTopic(client);
  await produce(client, topic, goodBatch());
  const batch = goodBatch();
  const partition = Buffer.concat([int32(0), int32(batch.length), batch]);
  // Two partitions are announced behind the topic, one is there.
  const topics = Buffer.concat([int32(1), string(topic.name), int32(2), partition]);
  const acks = Buffer.from('ffff', 'hex');
  await client.send(
    framed(header({ apiKey: 0, apiVersion: 3 }), Buffer.from('ffff', 'hex'), acks, int32(30_000), topics),
  );
  await expectClosed(client);
  await using next = await target.connect();
  expect(await endOffset(next, topic)).toBe(1);
});

/** A frame of nearly 100 MiB, most of it one repeated byte. */
const hugeFrame = (parts: readonly Buffer[], fill: number): readonly Buffer[] => {
  const start = Buffer.concat(parts);
  const rest = 100 * MIB - start.length - 1;
  return [int32(start.length + rest), start, Buffer.alloc(rest, fill)];
};

/** Sends it, waits for the end, and says how much this process has grown at the most (both ends live in it). */
const growthBytes = async (frame: readonly Buffer[]): Promise<number> => {
  await using client = await target.connect();
  const before = process.memoryUsage().rss;
  let most = before;
  const watch = setInterval(() => (most = Math.max(most, process.memoryUsage().rss)), 5);
  for (const part of frame) await client.send(part);
  await client.closed;
  clearInterval(watch);
  expect(await target.isServing()).toBe(true);
  return Math.max(most, process.memoryUsage().rss) - before;
};

onlyOurs.each([
  [
    'a hundred million empty strings in an array (CVE-2026-111108)',
    // DescribeConfigs: one resource of type topic named t, its keys.
    [
      header({ apiKey: apis.DescribeConfigs.key, apiVersion: 4, tags: NO_TAGS }),
      varint(2),
      int8(2),
      compactString('t'),
      varint(100 * MIB - 64),
    ],
    1,
  ],
  [
    'five million topics',
    [header({ apiKey: METADATA, apiVersion: 12, tags: NO_TAGS }), varint(5_500_000)],
    0,
  ],
  [
    'fifty million topics of one empty name each',
    [header({ apiKey: METADATA, apiVersion: 1 }), int32(52_000_000)],
    0,
  ],
])('B5: %s close the connection before the process has grown', async (_, parts, fill) => {
  const frame = hugeFrame(parts, fill);
  // Once to warm up: the frame itself has to be held, by the sender and by the server.
  await growthBytes(frame);
  expect(await growthBytes(frame)).toBeLessThan(64 * MIB);
});
