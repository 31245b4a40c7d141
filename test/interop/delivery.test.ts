import { differences, expectedOf } from './differences';
import type { Acks, ProducingClient } from './producing-clients';
import { producingClients } from './producing-clients';
import { stored } from './reading-clients';
import type { ReadRow, Row } from './rows';
import { rowsOf } from './rows';
import type { ServerUnderTest } from './server-under-test';
import { openServer } from './server-under-test';
import { readStored } from './stored-batches';

jest.setTimeout(60_000);

const movies = rowsOf('movies');
const some = movies.slice(0, 300);
let server: ServerUnderTest;
beforeAll(async () => {
  server = await openServer();
});
afterAll(() => server.close());

/** Reads until as many records are there as were written: without acknowledgements nobody knows when they arrive. */
const readAll = async (topic: string, count: number): Promise<readonly ReadRow[]> => {
  for (;;) {
    const seen = await stored.read(server.bootstrap, topic);
    if (seen.length >= count) return seen;
  }
};
const expectWritten = async (topic: string, rows: readonly Row[]): Promise<void> => {
  const seen = await readAll(topic, rows.length);
  expect(differences(expectedOf(rows, seen), seen)).toEqual([]);
};

const pairs = producingClients.flatMap((client) =>
  (['0', '1', 'all'] satisfies readonly Acks[]).map((acks) => ({ client, name: client.name, acks })),
);
test.each(pairs)(
  'what $name writes with acks=$acks arrives once and in order',
  async ({ client, name, acks }) => {
    const topic = await server.topic(`acks-${acks}-${name}`);
    const rows = client.carried(some);
    const places = await client.produce(server.bootstrap, topic, rows, { acks });
    await expectWritten(topic, rows);
    if (places !== undefined && acks !== '0') expect(places).not.toContain(null);
  },
);

const clients: readonly { readonly name: string; readonly client: ProducingClient }[] = producingClients.map(
  (client) => ({
    name: client.name,
    client,
  }),
);

test.each(clients)(
  '$name as an idempotent producer gets an id, and its sequences leave no gap',
  async ({ client, name }) => {
    const topic = await server.topic(`idempotent-${name}`);
    const rows = client.carried(movies);
    await client.produce(server.bootstrap, topic, rows, { idempotent: true, codec: 'gzip' });
    await expectWritten(topic, rows);
    const next = new Map<string, number>();
    for (const { partition, header } of await readStored(server.bootstrap, topic, [0, 1, 2])) {
      const { producerId, producerEpoch, baseSequence, recordCount } = header;
      expect(producerId).toBeGreaterThanOrEqual(0);
      expect(producerEpoch).toBe(0);
      const producer = `${producerId}/${partition}`;
      expect([producer, baseSequence]).toEqual([producer, next.get(producer) ?? 0]);
      next.set(producer, baseSequence + recordCount);
    }
  },
);

test.each(clients)('$name writes to a topic that nobody created', async ({ client, name }) => {
  const topic = server.name(`unforeseen-${name}`);
  const rows = client.carried(some).map((row) => ({ ...row, partition: 0 }));
  await client.produce(server.bootstrap, topic, rows);
  const seen = await stored.read(server.bootstrap, topic, new Map([[0, null]]));
  expect(differences(expectedOf(rows, seen), seen)).toEqual([]);
});
