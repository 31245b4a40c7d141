import { apis } from '@kafkaesque/protocol';
import type { BadClient } from './client';
import { compactString, framed, header, int8, int32, varint } from './bytes';
import type { Target } from './target';
import { isKafka, onlyOurs, openTarget } from './target';

const MIB = 1024 * 1024;
const API_VERSIONS = apis.ApiVersions.key;

let target: Target;
beforeAll(async () => {
  target = await openTarget();
});
afterAll(() => target[Symbol.asyncDispose]());

/** Tagged fields nobody knows, each of `content`. */
const unknownTags = (tags: readonly number[], content: Buffer = Buffer.alloc(0)): Buffer =>
  Buffer.concat([
    varint(tags.length),
    ...tags.map((tag) => Buffer.concat([varint(tag), varint(content.length), content])),
  ]);

const ascending = (count: number): readonly number[] =>
  Array.from({ length: count }, (_, index) => 100 + index);

/** ApiVersions version 3 with these tagged fields in its header or behind its body. */
const question = (where: 'header' | 'body', tags: Buffer): Buffer =>
  framed(
    header({
      apiKey: API_VERSIONS,
      apiVersion: 3,
      correlationId: 6,
      tags: where === 'header' ? tags : int8(0),
    }),
    compactString('bad-input'),
    compactString('1'),
    where === 'body' ? tags : int8(0),
  );

const expectAnswered = async (client: BadClient): Promise<void> => {
  const answer = await client.receive();
  expect([answer?.readInt32BE(0), answer?.readInt16BE(4)]).toEqual([6, 0]);
};

const expectClosed = async (client: BadClient): Promise<void> => {
  await client.closed;
  expect(client.unreadBytes).toBe(0);
  expect(await target.isServing()).toBe(true);
};

describe.each(['header', 'body'] as const)('B6: in the %s', (where) => {
  test('B6: 64 unknown tagged fields are passed over', async () => {
    await using client = await target.connect();
    await client.send(question(where, unknownTags(ascending(64), Buffer.from('whatever'))));
    await expectAnswered(client);
  });

  // What Kafka takes and keeps in memory (CVE-2026-111115).
  test.each([
    ['65 unknown tagged fields', unknownTags(ascending(65))],
    ['tagged fields in descending order', unknownTags([101, 100])],
    ['the same tag twice', unknownTags([100, 100])],
  ])('B6: %s close the connection', async (_, tags) => {
    await using client = await target.connect();
    await client.send(question(where, tags));
    await (isKafka ? expectAnswered(client) : expectClosed(client));
  });

  test.each([
    ['a tagged field that is longer than its frame', Buffer.concat([varint(1), varint(100), varint(1_000)])],
    ['a tagged field of 2^32 - 1 bytes', Buffer.concat([varint(1), varint(100), varint(4294967295)])],
    ['more tagged fields than there are', Buffer.concat([varint(9), varint(100), varint(0)])],
  ])('B6: %s closes the connection', async (_, tags) => {
    await using client = await target.connect();
    await client.send(question(where, tags));
    await expectClosed(client);
  });

  onlyOurs('B6: 20 million tagged fields close the connection before the process has grown', async () => {
    const tags = Buffer.concat([varint(20_000_000), Buffer.alloc(40 * MIB)]);
    const frame = question(where, tags);
    for (const isWarm of [false, true]) {
      await using client = await target.connect();
      const before = process.memoryUsage();
      await client.send(frame);
      await expectClosed(client);
      if (isWarm) expect(process.memoryUsage().heapUsed - before.heapUsed).toBeLessThan(32 * MIB);
    }
  });
});

test('B6: a known tag whose size is not that of its value closes the connection', async () => {
  await using client = await target.connect();
  // Fetch version 12 knows tag 0, the cluster id; its string says 9 bytes, its field has 3.
  const clusterId = Buffer.concat([varint(1), varint(0), varint(3), varint(10), Buffer.from('ab')]);
  await client.send(
    framed(
      header({ apiKey: apis.Fetch.key, apiVersion: 12, tags: int8(0) }),
      int32(-1),
      int32(0),
      int32(0),
      int32(1_000),
      int8(0),
      int32(0),
      int32(-1),
      varint(1),
      varint(1),
      compactString(''),
      clusterId,
    ),
  );
  await expectClosed(client);
});
