import { differences, expectedOf } from './differences';
import { ownProducer } from './own-client';
import { producingClients } from './producing-clients';
import { readingClients, stored } from './reading-clients';
import type { Row } from './rows';
import { oddRows, rowsOf } from './rows';
import type { ServerUnderTest } from './server-under-test';
import { openServer } from './server-under-test';
import { readStored } from './stored-batches';
import { workAhead } from './work-ahead';

jest.setTimeout(60_000);

const some = rowsOf('movies').slice(0, 500);
let server: ServerUnderTest;
beforeAll(async () => {
  server = await openServer();
});
afterAll(async () => {
  await Promise.all([arrivals.settled(), converted.settled()]);
  await server.close();
});

const clients = producingClients.map((client) => ({ name: client.name, client }));
const agreement = Object.fromEntries(readingClients.map(({ name }) => [name, []]));

/** What each reader sees otherwise than it was written, when the server sets times or codecs itself. */
const disagreements = async (
  topic: string,
  rows: readonly Row[],
  timestampType: string,
): Promise<Record<string, readonly string[]>> => {
  const seen = await Promise.all(readingClients.map((client) => client.read(server.bootstrap, topic)));
  const wanted = expectedOf(rows, seen[0] ?? []).map((row) => ({ ...row, timestampType }));
  return Object.fromEntries(
    readingClients.map(({ name }, at) => [name, differences(wanted, seen[at] ?? [])]),
  );
};

const arrivals = workAhead(clients, async ({ client, name }) => {
  const topic = await server.topic(`arrival-${name}`, { 'message.timestamp.type': 'LogAppendTime' });
  const rows = client.carried(some);
  const beforeMs = Date.now();
  await client.produce(server.bootstrap, topic, rows, { codec: 'gzip' });
  const untimed = rows.map((row) => ({ ...row, timestampMs: null }));
  const times = (await stored.read(server.bootstrap, topic)).map(({ timestampMs }) => timestampMs);
  const isInTime = Math.min(...times) >= beforeMs && Math.max(...times) <= Date.now();
  return { isInTime, differences: await disagreements(topic, untimed, 'append') };
});
test.each(clients)('records of $name get the time of their arrival where the topic says so', async (one) => {
  expect(await arrivals.of(one)).toEqual({ isInTime: true, differences: agreement });
});

/** Pairs of a codec that arrives and the one that the topic keeps. */
const conversions = (['uncompressed', 'gzip', 'snappy', 'lz4', 'zstd'] as const).flatMap((kept) =>
  (['none', 'gzip'] as const).map((sent) => ({ sent, kept })),
);
const converted = workAhead(conversions, async ({ sent, kept }) => {
  const topic = await server.topic(`${sent}-kept-as-${kept}`, { 'compression.type': kept });
  const rows = [...some, ...oddRows];
  await ownProducer.produce(server.bootstrap, topic, rows, { codec: sent });
  const batches = await readStored(server.bootstrap, topic, [0, 1, 2]);
  const codecs = [...new Set(batches.map(({ header }) => header.codec))];
  return { codecs, differences: await disagreements(topic, rows, 'create') };
});
test.each(conversions)(
  'a topic that keeps $kept turns $sent into it, and every reader opens it',
  async (one) => {
    const codecs = [one.kept === 'uncompressed' ? 'none' : one.kept];
    expect(await converted.of(one)).toEqual({ codecs, differences: agreement });
  },
);

const byte = (text: string): Buffer => Buffer.from(text);
const row = { partition: 0, key: byte('k'), value: byte('v'), timestampMs: 86_400_000, headers: [] };
/** Records that a topic refuses, and how the clients call Kafka's error. */
const refusals: readonly {
  readonly what: string;
  readonly configs: Readonly<Record<string, string>>;
  readonly rows: readonly Row[];
  readonly error: RegExp;
}[] = [
  {
    what: 'records that are too large',
    configs: { 'max.message.bytes': '1000' },
    rows: [{ ...row, value: Buffer.alloc(5_000, 'a') }],
    error:
      /MESSAGE_TOO_LARGE|MessageSizeTooLarge|MSG_SIZE_TOO_LARGE|too large|larger than|max\.message\.bytes/i,
  },
  {
    what: 'records without a key where keys decide what is kept',
    configs: { 'cleanup.policy': 'compact' },
    rows: [{ ...row, key: null }],
    // aiokafka does not know this error of Kafka's and calls it unknown.
    error: /without key|fail(ed|s|) (the |to )?validat|INVALID_RECORD|aiokafka\.errors\.UnknownError/i,
  },
  {
    what: 'records from the future',
    configs: {},
    rows: [{ ...row, timestampMs: Date.now() + 86_400_000 }],
    error:
      /INVALID_TIMESTAMP|InvalidTimestampError|out of (acceptable )?range|Invalid timestamp|timestamp lies outside/i,
  },
];
describe.each(refusals)('$what are refused', ({ what, configs, rows, error }) => {
  // kcat writes no times of its own and tells of failed deliveries only in its log.
  test.each(clients.filter(({ name }) => name !== 'kcat'))('and $name says so', async ({ client }) => {
    const topic = await server.topic(what, configs);
    await expect(client.produce(server.bootstrap, topic, rows, { codec: 'none' })).rejects.toThrow(error);
    expect(await stored.read(server.bootstrap, topic)).toEqual([]);
  });
});
