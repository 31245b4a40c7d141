import { Offset } from '@kafkaesque/kernel';
import { ErrorCode, apis, encodeRequestFrame } from '@kafkaesque/protocol';
import type { Api, Message } from '@kafkaesque/protocol';
import type { BadClient } from './client';
import { compactString, framed, header, int16, int32, int8, string } from './bytes';
import type { Target } from './target';
import { isKafka, openTarget } from './target';
import { createTopic, goodBatch, produce } from './topics';

/** Stands for a text that no encoder would write. */
const MARK = '<the text>';

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

/** Metadata version 9 whose array of topics begins with these bytes; 0 means null, that is: all topics. */
const question = (count: Buffer, rest = Buffer.from('000000' + '00', 'hex')): Buffer =>
  framed(header({ apiKey: apis.Metadata.key, apiVersion: 9, correlationId: 6, tags: int8(0) }), count, rest);

test.each(['808080808000', '80808080808000', 'ffffffffffffffffffff01', '8080808080808080808080'])(
  'B7: the varint 0x%s, of six bytes or more, closes the connection',
  async (count) => {
    await using client = await target.connect();
    await client.send(question(Buffer.from(count, 'hex')));
    await expectClosed(client);
  },
);

test('B7: a varint that its frame cuts off closes the connection', async () => {
  await using client = await target.connect();
  await client.send(question(Buffer.from('8080', 'hex'), Buffer.alloc(0)));
  await expectClosed(client);
});

test.each(['8080808010', '8080808070', '808080807f'])(
  'B7: the varint 0x%s, with bits beyond the 32nd, closes the connection',
  async (count) => {
    await using client = await target.connect();
    await client.send(question(Buffer.from(count, 'hex')));
    // Kafka drops the bits: some of these are 0 to it, some are counts that cannot be.
    if (isKafka) await Promise.race([client.receive(), client.closed]);
    else await expectClosed(client);
  },
);

test('B7: a varint in more bytes than it needs is read, as Kafka reads it', async () => {
  await using client = await target.connect();
  await client.send(question(Buffer.from('8080808000', 'hex')));
  expect((await client.receive())?.readInt32BE(0)).toBe(6);
});

describe.each([
  ['greater than its frame', 32_767],
  ['of -2', -2],
  ['of -1 where there is no null', -1],
  ['of -32768', -32_768],
])('B7: a string length %s', (_, length) => {
  test('B7: in the name of a topic closes the connection', async () => {
    await using client = await target.connect();
    await client.send(
      framed(
        header({ apiKey: apis.Metadata.key, apiVersion: 1 }),
        int32(1),
        int16(length),
        Buffer.from('name'),
      ),
    );
    await expectClosed(client);
  });
});

test.each([
  ['-2', -2],
  ['-2147483648', -2147483648],
  ['2147483647', 2147483647],
  ['one byte too many', 5],
])('B7: records of length %s close the connection', async (_, length) => {
  await using client = await target.connect();
  const topic = await createTopic(client);
  await client.send(
    framed(
      header({ apiKey: apis.Produce.key, apiVersion: 7, correlationId: 7 }),
      int16(-1),
      int16(-1),
      int32(30_000),
      int32(1),
      string(topic.name),
      int32(1),
      int32(0),
      int32(length),
      Buffer.alloc(4),
    ),
  );
  // A negative length is null to Kafka, and to a request with null records it gives neither an answer nor an end.
  if (isKafka && length < 0) await client.reset();
  else await expectClosed(client);
});

test('B7: bytes behind a request are passed over, as Kafka passes over them', async () => {
  await using client = await target.connect();
  await client.send(question(int8(0), Buffer.from('000000' + '00' + 'deadbeef', 'hex')));
  expect((await client.receive())?.readInt32BE(0)).toBe(6);
});

test('B7: no records, empty or null, are refused, and the connection stays', async () => {
  await using client = await target.connect();
  const topic = await createTopic(client);
  expect((await produce(client, topic, Buffer.alloc(0))).errorCode).toBe(ErrorCode.INVALID_RECORD);
  if (!isKafka) expect((await produce(client, topic, null)).errorCode).toBe(ErrorCode.INVALID_RECORD);
  expect((await produce(client, topic, goodBatch())).baseOffset).toBe(0);
});

/** A flexible request with `MARK` where a longer text belongs. */
const flexible: readonly (readonly [string, Api, number, Record<string, unknown>])[] = [
  ['the name of a topic in Metadata', apis.Metadata, 9, { topics: [{ name: MARK }] }],
  ['the id of a group in FindCoordinator', apis.FindCoordinator, 4, { coordinatorKeys: [MARK] }],
  [
    'the subscription of a member of a group',
    apis.ConsumerGroupHeartbeat,
    1,
    { groupId: 'g', memberId: 'm', memberEpoch: 0, subscribedTopicRegex: MARK },
  ],
  [
    'the protocol of a member of a group',
    apis.JoinGroup,
    9,
    {
      ...{ groupId: 'g', memberId: '', protocolType: 'consumer', sessionTimeoutMs: 6000 },
      protocols: [{ name: MARK, metadata: Buffer.alloc(0) }],
    },
  ],
  [
    'the metadata beside an offset',
    apis.OffsetCommit,
    9,
    {
      ...{ groupId: 'g', memberId: '' },
      topics: [
        {
          name: 't',
          partitions: [{ partitionIndex: 0, committedOffset: Offset(1), committedMetadata: MARK }],
        },
      ],
    },
  ],
];

test.each(flexible)(
  'B7: a text of 32,768 bytes in %s closes the connection',
  async (_, api, version, draft) => {
    await using client = await target.connect();
    const frame = Buffer.concat(encodeRequestFrame(api, version, 6, null, draft as Message['Draft']));
    const at = frame.indexOf(compactString(MARK));
    const rest = frame.subarray(at + compactString(MARK).length);
    await client.send(framed(frame.subarray(4, at), compactString('x'.repeat(32_768)), rest));
    await expectClosed(client);
  },
);
