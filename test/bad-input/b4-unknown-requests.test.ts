import { apis } from '@kafkaesque/protocol';
import type { BadClient } from './client';
import { framed, header, int16, int8, string } from './bytes';
import type { Target } from './target';
import { isKafka, openTarget } from './target';

const API_VERSIONS = apis.ApiVersions.key;
const UNSUPPORTED_VERSION = 35;
const INVALID_REQUEST = 42;

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

test.each([-32768, -1, 200, 1000, 32767])(
  'B4: API key %i, which nobody has, closes the connection',
  async (apiKey) => {
    await using client = await target.connect();
    await client.send(framed(header({ apiKey, apiVersion: 0 }), Buffer.alloc(8)));
    await expectClosed(client);
  },
);

test.each(['LeaderAndIsr', 'StopReplica', 'UpdateMetadata', 'ControlledShutdown'])(
  'B4: %s, which Kafka 4 has removed, closes the connection',
  async (name) => {
    const apiKey = { LeaderAndIsr: 4, StopReplica: 5, UpdateMetadata: 6, ControlledShutdown: 7 }[name] ?? 0;
    await using client = await target.connect();
    await client.send(framed(header({ apiKey, apiVersion: 0 }), Buffer.alloc(8)));
    await expectClosed(client);
  },
);

test.each(['Vote', 'BrokerRegistration', 'FetchSnapshot', 'AlterPartition'] as const)(
  'B4: %s belongs to the controller and closes a connection of a client listener',
  async (name) => {
    const { key, request } = apis[name];
    await using client = await target.connect();
    await client.send(
      framed(header({ apiKey: key, apiVersion: request.versions.max, tags: int8(0) }), Buffer.alloc(40)),
    );
    await expectClosed(client);
  },
);

test.each([
  ['Produce', -1],
  ['Produce', 99],
  ['Fetch', 3],
  ['Fetch', 32767],
  ['Metadata', -32768],
  ['Metadata', 14],
  ['CreateTopics', 1],
] as const)('B4: %s version %i, which is not served, closes the connection', async (name, apiVersion) => {
  await using client = await target.connect();
  await client.send(framed(header({ apiKey: apis[name].key, apiVersion, tags: int8(0) }), Buffer.alloc(40)));
  await expectClosed(client);
});

test.each([0, 1, 2])(
  'B4: Produce version %i is advertised, and closes the connection',
  async (apiVersion) => {
    await using client = await target.connect();
    const { apiKeys } = await client.ask('ApiVersions', 0, {});
    expect(apiKeys.find(({ apiKey }) => apiKey === apis.Produce.key)?.minVersion).toBe(0);
    await client.send(framed(header({ apiKey: apis.Produce.key, apiVersion }), Buffer.alloc(40)));
    await expectClosed(client);
  },
);

test.each([5, 99, 32767])(
  'B4: ApiVersions version %i is answered in version 0 with error 35 and its own range, and may be asked again',
  async (apiVersion) => {
    await using client = await target.connect();
    await client.send(
      framed(header({ apiKey: API_VERSIONS, apiVersion, correlationId: 77, tags: int8(0) }), Buffer.alloc(9)),
    );
    const answer = await client.receive();
    // Version 0: correlation id, error, then an array of rows of key, least and greatest version; nothing behind it.
    expect(answer?.toString('hex')).toBe('0000004d' + '0023' + '00000001' + '0012' + '0000' + '0004');
    expect(
      (await client.ask('ApiVersions', 4, { clientSoftwareName: 'a', clientSoftwareVersion: '1' })).errorCode,
    ).toBe(0);
  },
);

test('B4: ApiVersions version -1 is answered in version 0 with error 35', async () => {
  await using client = await target.connect();
  await client.send(framed(header({ apiKey: API_VERSIONS, apiVersion: -1, correlationId: 5 })));
  const answer = await client.receive();
  expect([answer?.readInt32BE(0), answer?.readInt16BE(4)]).toEqual([5, UNSUPPORTED_VERSION]);
});

test.each(['', ' ', '-librdkafka', 'librdkafka-', 'a b', 'a\nb', 'Ünicode', 'a/b', '__proto__'])(
  'B4: ApiVersions refuses the client software %j with error 42',
  async (clientSoftwareName) => {
    await using client = await target.connect();
    const draft = { clientSoftwareName, clientSoftwareVersion: '1.0' };
    const answer = await client.ask('ApiVersions', 3, draft);
    expect([answer.errorCode, answer.apiKeys]).toEqual([INVALID_REQUEST, []]);
    expect((await client.ask('ApiVersions', 3, { ...draft, clientSoftwareName: 'a-1.B' })).errorCode).toBe(0);
  },
);

test.each([
  ['of 32,767 bytes', string('x'.repeat(32_767))],
  ['that is empty', string('')],
  ['that is null', int16(-1)],
  ['of invalid UTF-8', string(Buffer.from('c328a0a1e28228f8', 'hex'))],
  ['with half a surrogate pair', string(Buffer.from('eda0bd', 'hex'))],
  ['of NUL and newlines', string('a\0b\r\nc\u2028d')],
])('B4: a client id %s does no harm', async (_, clientId) => {
  await using client = await target.connect();
  await client.send(framed(header({ apiKey: API_VERSIONS, apiVersion: 0, correlationId: 9, clientId })));
  const answer = await client.receive();
  expect([answer?.readInt32BE(0), answer?.readInt16BE(4)]).toEqual([9, 0]);
});

test('B4: a client id that is longer than its frame closes the connection', async () => {
  await using client = await target.connect();
  await client.send(framed(header({ apiKey: API_VERSIONS, apiVersion: 0, clientId: int16(32_767) })));
  await expectClosed(client);
});

test('B4: a client id of length -2 closes the connection', async () => {
  await using client = await target.connect();
  await client.send(framed(header({ apiKey: API_VERSIONS, apiVersion: 0, clientId: int16(-2) })));
  // Kafka reads every negative length as null; here one text has one form (docs/decisions/0008).
  if (isKafka) expect((await client.receive())?.readInt16BE(4)).toBe(0);
  else await expectClosed(client);
});
