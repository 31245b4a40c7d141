import { differences, expectedOf } from './differences';
import { absence } from './found-clients';
import type { CodecName, ProducingClient } from './producing-clients';
import { producingClients } from './producing-clients';
import { readingClients } from './reading-clients';
import { oddRows, rowsOf } from './rows';
import type { ServerUnderTest } from './server-under-test';
import { openServer } from './server-under-test';
import { readStored } from './stored-batches';
import { workAhead } from './work-ahead';

jest.setTimeout(60_000);

const movies = rowsOf('movies');
let server: ServerUnderTest;
beforeAll(async () => {
  server = await openServer();
});
afterAll(async () => {
  await Promise.all([moviesOf.settled(), oddDifferences.settled()]);
  await server.close();
});

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

interface Pair {
  readonly client: ProducingClient;
  readonly name: string;
  readonly codec: CodecName;
}
const pairs: readonly Pair[] = producingClients.flatMap((client) =>
  client.codecs.map((codec) => ({ client, codec, name: client.name })),
);
const moviesOf = workAhead(pairs, async ({ client, codec }: Pair) => {
  const topic = await server.topic(`movies-${client.name}-${codec}`);
  const rows = client.carried(movies);
  const places = await client.produce(server.bootstrap, topic, rows, { codec });
  return { rows, places, differences: await disagreements(topic, rows), codecs: await recordsByCodec(topic) };
});
test.each(pairs)('every reader sees each byte of all movies that $name wrote with $codec', async (pair) => {
  const written = await moviesOf.of(pair);
  if (written.places !== undefined) expectPlacesInOrder(written.rows, written.places);
  expect(written.differences).toEqual(agreement);
  // A client stores a batch uncompressed when compression makes it no smaller, so its first records may stand alone.
  const { [pair.codec]: inCodec = 0, none: inNone = 0 } = written.codecs;
  expect(Object.keys(written.codecs).filter((codec) => codec !== pair.codec && codec !== 'none')).toEqual([]);
  expect(inCodec).toBeGreaterThan(0.9 * (pair.codec === 'none' ? inNone : inCodec + inNone));
});

const expectPlacesInOrder = (
  rows: Parameters<typeof expectedOf>[0],
  places: Awaited<ReturnType<ProducingClient['produce']>>,
): void => {
  const wanted = expectedOf(rows, []).map(({ partition, offset }) => `${partition}/${offset}`);
  expect(places?.map((place) => `${place?.partition ?? '?'}/${place?.offset ?? '?'}`)).toEqual(wanted);
};

// The codecs do not care what they carry, so here one for each client is enough.
const oddPairs: readonly Pair[] = producingClients
  .map((client) => ({ client, name: client.name, codec: client.codecs.at(-1) ?? ('none' as const) }))
  .filter(({ client }) => oddRows.some(client.canSay));
const oddDifferences = workAhead(oddPairs, async ({ client, codec }: Pair) => {
  const topic = await server.topic(`odd-${client.name}-${codec}`);
  const rows = oddRows.filter(client.canSay);
  await client.produce(server.bootstrap, topic, rows, { codec });
  return disagreements(topic, rows);
});
test.each(oddPairs)(
  'absent, empty, repeated, binary and long parts survive $name and $codec',
  async (pair) => {
    expect(await oddDifferences.of(pair)).toEqual(agreement);
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
