import { differences, expectedOf } from './differences';
import { absence } from './found-clients';
import type { CodecName, ProducingClient } from './producing-clients';
import { producingClients } from './producing-clients';
import { readingClients } from './reading-clients';
import { oddRows, rowsOf } from './rows';
import type { ServerUnderTest } from './server-under-test';
import { openServer } from './server-under-test';
import { readStored } from './stored-batches';

jest.setTimeout(60_000);

const movies = rowsOf('movies');
let server: ServerUnderTest;
beforeAll(async () => {
  server = await openServer();
});
afterAll(() => server.close());

/** How many records stand in batches of each codec. */
const recordsByCodec = async (topic: string): Promise<Partial<Record<CodecName, number>>> => {
  const counts: Partial<Record<CodecName, number>> = {};
  for (const { header } of await readStored(server.bootstrap, topic, [0, 1, 2])) {
    counts[header.codec] = (counts[header.codec] ?? 0) + header.recordCount;
  }
  return counts;
};

/** What each reader sees otherwise than it was written. */
const disagreements = async (
  topic: string,
  expected: Parameters<typeof expectedOf>[0],
): Promise<Record<string, readonly string[]>> => {
  const seen = await Promise.all(readingClients.map((client) => client.read(server.bootstrap, topic)));
  const wanted = expectedOf(expected, seen[0] ?? []);
  return Object.fromEntries(
    readingClients.map(({ name }, at) => [name, differences(wanted, seen[at] ?? [])]),
  );
};
const agreement = Object.fromEntries(readingClients.map(({ name }) => [name, []]));

test('every client that is not on this machine is named', () => {
  const sentence = absence();
  if (sentence !== undefined) process.stderr.write(`${sentence}\n`);
  expect(producingClients.length).toBeGreaterThanOrEqual(2);
  expect(readingClients.length).toBeGreaterThanOrEqual(1);
});

const pairs = producingClients.flatMap((client) =>
  client.codecs.map((codec) => ({ client, codec, name: client.name })),
);
test.each(pairs)(
  'every reader sees each byte of all movies that $name wrote with $codec',
  async ({ client, codec }) => {
    const topic = await server.topic(`movies-${client.name}-${codec}`);
    const rows = client.carried(movies);
    const places = await client.produce(server.bootstrap, topic, rows, { codec });
    if (places !== undefined) expectPlacesInOrder(rows, places);
    expect(await disagreements(topic, rows)).toEqual(agreement);
    const { [codec]: inCodec = 0, none = 0, ...others } = await recordsByCodec(topic);
    // A client stores a batch uncompressed when compression makes it no smaller, so its first records may stand alone.
    expect(others).toEqual({});
    expect({ client: client.name, share: inCodec / (inCodec + (codec === 'none' ? 0 : none)) }).toEqual({
      client: client.name,
      share: expect.closeTo(1, 1),
    });
  },
);

const expectPlacesInOrder = (
  rows: Parameters<typeof expectedOf>[0],
  places: Awaited<ReturnType<ProducingClient['produce']>>,
): void => {
  const wanted = expectedOf(rows, []).map(({ partition, offset }) => `${partition}/${offset}`);
  expect(places?.map((place) => `${place?.partition ?? '?'}/${place?.offset ?? '?'}`)).toEqual(wanted);
};

// The codecs do not care what they carry, so here one for each client is enough.
const oddPairs = producingClients
  .map((client) => ({
    client,
    name: client.name,
    codec: client.codecs.at(-1) ?? 'none',
    rows: oddRows.filter(client.canSay),
  }))
  .filter(({ rows }) => rows.length > 0);
test.each(oddPairs)(
  'absent, empty, repeated, binary and long parts survive $name and $codec',
  async ({ client, codec, rows }) => {
    const topic = await server.topic(`odd-${client.name}-${codec}`);
    await client.produce(server.bootstrap, topic, rows, { codec });
    expect(await disagreements(topic, rows)).toEqual(agreement);
  },
);

test('20,000 flights pass from each client through one topic to every reader', async () => {
  const flights = rowsOf('flights');
  const topic = await server.topic('flights');
  const share = Math.ceil(flights.length / producingClients.length);
  const written: (typeof flights)[number][] = [];
  for (const [at, client] of producingClients.entries()) {
    const rows = client.carried(flights.slice(at * share, (at + 1) * share));
    await client.produce(server.bootstrap, topic, rows, { codec: client.codecs.at(-1) ?? 'none' });
    written.push(...rows);
  }
  expect(written).toHaveLength(flights.length);
  expect(await disagreements(topic, written)).toEqual(agreement);
});
