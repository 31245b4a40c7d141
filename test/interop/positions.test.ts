import { Offset, PartitionIndex } from '@kafkaesque/kernel';
import { apis } from '@kafkaesque/protocol';
import type { Administration } from './administering-clients';
import { administeringClients } from './administering-clients';
import { differences, expectedOf } from './differences';
import { found } from './found-clients';
import { kafkajs } from './producing-clients';
import { linesOf, runToSuccess } from './program';
import type { RawConnection } from './raw-connection';
import { openRawConnection } from './raw-connection';
import { readingClients } from './reading-clients';
import type { ReadRow } from './rows';
import { PARTITIONS, rowsOf } from './rows';
import type { ServerUnderTest } from './server-under-test';
import { openServer } from './server-under-test';
import { fetchOnce, readStored } from './stored-batches';

jest.setTimeout(60_000);

const rows = rowsOf('movies');
const written: readonly ReadRow[] = expectedOf(rows, []);
const inPartition = (partition: number): readonly ReadRow[] =>
  written.filter((row) => row.partition === partition);
const endOf = (partition: number): number => inPartition(partition).length;

let server: ServerUnderTest;
/** One topic without compression, one with. */
let topics: readonly [string, string];
let raw: RawConnection;
beforeAll(async () => {
  server = await openServer();
  // KafkaJS claims the last time of a batch as its greatest. Of compressed batches only those who open them can tell:
  // Apache always does, this server where a topic asks for it.
  const opened = server.isOurs ? { 'record.validation': 'full' } : {};
  topics = [await server.topic('plain'), await server.topic('compressed', opened)];
  // Everything of a partition in one batch, so that almost every position lies within one.
  await kafkajs.produce(server.bootstrap, topics[0], rows, { codec: 'none' });
  await kafkajs.produce(server.bootstrap, topics[1], rows, { codec: 'gzip' });
  raw = await openRawConnection(server.bootstrap);
});
afterAll(async () => {
  raw.close();
  await server.close();
});

test('a position within a batch is answered with the whole batch, whatever its size', async () => {
  for (const [topic, codec] of [
    [topics[0], 'none'],
    [topics[1], 'gzip'],
  ] as const) {
    const batches = await readStored(server.bootstrap, topic, [0, 1, 2]);
    expect(batches.map(({ partition, header }) => [partition, header.codec, header.recordCount])).toEqual(
      [0, 1, 2].map((partition) => [partition, codec, endOf(partition)]),
    );
    for (const { partition, header } of batches) {
      for (const offset of [0, 1, 500, endOf(partition) - 1]) {
        const { errorCode, highWatermark, records } = await fetchOnce(raw, topic, partition, offset, 1_000);
        expect([errorCode, highWatermark, records.length]).toEqual([0, endOf(partition), header.sizeBytes]);
      }
    }
  }
});

test('the end gives nothing, beyond it lies no position', async () => {
  const none = { highWatermark: endOf(0), records: Buffer.alloc(0) };
  expect(await fetchOnce(raw, topics[0], 0, endOf(0))).toEqual({ ...none, errorCode: 0 });
  const beyond = await fetchOnce(raw, topics[0], 0, endOf(0) + 1);
  expect([beyond.errorCode, beyond.records.length]).toEqual([1, 0]);
});

test.each(readingClients)('$name reads from where it is told, within a batch, to the end', async (client) => {
  const starts = new Map([
    [0, 1],
    [1, 533],
    [2, endOf(2) - 1],
  ]);
  const seen = await client.read(server.bootstrap, topics[1], starts);
  expect(
    differences(
      written.filter(({ partition, offset }) => offset >= starts.get(partition)!),
      seen,
    ),
  ).toEqual([]);
});

/** The first record, in the order of the log, that is not older. */
const firstFrom = (partition: number, timestampMs: number): number | null =>
  inPartition(partition).find((row) => row.timestampMs >= timestampMs)?.offset ?? null;
const times = inPartition(0).map(({ timestampMs }) => timestampMs);
const newestMs = Math.max(...times);
const askedTimes = [
  0,
  Math.min(...times) + 1,
  times[times.length >> 1]!,
  Date.UTC(1999, 11, 31),
  Date.UTC(2009, 0, 1),
  newestMs,
  newestMs + 1,
];

const topicsAndTimes = (): readonly (readonly [string, number])[] =>
  topics.flatMap((topic) => askedTimes.map((at) => [topic, at] as const));

describe.each(administeringClients)('$name finds', ({ name, asksForMaxTimestamp, open }) => {
  let client: Administration;
  beforeAll(async () => {
    client = await open(server.bootstrap);
  });
  afterAll(() => client.close());

  test('the first and the next offset of each partition', async () => {
    for (let partition = 0; partition < PARTITIONS; partition += 1) {
      const place = { ask: 'offset', topic: topics[0], partition } as const;
      expect(await client.ask({ ...place, at: 'earliest' })).toEqual({ ok: 0 });
      expect(await client.ask({ ...place, at: 'latest' })).toEqual({ ok: endOf(partition) });
    }
  });

  test('the first offset that is not older than a time', async () => {
    // KafkaJS puts the end in the place of "none".
    const none = name === 'kafkajs' ? endOf(0) : null;
    for (const [topic, at] of topicsAndTimes()) {
      const answer = await client.ask({ ask: 'offset', topic, partition: 0, at });
      expect({ topic, at, ...answer }).toEqual({ topic, at, ok: firstFrom(0, at) ?? none });
    }
  });

  if (asksForMaxTimestamp) {
    test('the newest record, which is not the last', async () => {
      const newest = firstFrom(0, newestMs)!;
      expect(newest).toBeLessThan(endOf(0) - 1);
      for (const topic of topics) {
        expect(await client.ask({ ask: 'offset', topic, partition: 0, at: 'max' })).toEqual({ ok: newest });
      }
    });
  }
});

const { kcat } = found;
if (kcat !== undefined) {
  test('kcat finds the first offset that is not older than a time, and begins to read there', async () => {
    for (const [topic, at] of topicsAndTimes()) {
      const answer = await runToSuccess(kcat, [
        '-Q',
        '-m',
        '60',
        '-b',
        server.bootstrap,
        '-t',
        `${topic}:0:${at}`,
      ]);
      expect(answer.toString()).toBe(`${topic} [0] offset ${firstFrom(0, at) ?? -1}\n`);
    }
    const at = Date.UTC(1999, 11, 31);
    const args = [
      '-C',
      '-m',
      '60',
      '-b',
      server.bootstrap,
      '-t',
      topics[1],
      '-p',
      '0',
      '-o',
      `s@${at}`,
      '-e',
      '-q',
      '-f',
      '%o %T\\n',
    ];
    const from = inPartition(0).slice(firstFrom(0, at)!);
    expect(linesOf(await runToSuccess(kcat, args))).toEqual(
      from.map(({ offset, timestampMs }) => `${offset} ${timestampMs}`),
    );
  });

  test('kcat goes on at the new start of a log when what it asks for is deleted', async () => {
    const topic = await server.topic('shortened');
    await kafkajs.produce(server.bootstrap, topic, rows, { codec: 'none' });
    const beforeOffset = endOf(0) - 7;
    const { topics: answers } = await raw.ask(apis.DeleteRecords, 2, {
      topics: [
        { name: topic, partitions: [{ partitionIndex: PartitionIndex(0), offset: Offset(beforeOffset) }] },
      ],
      timeoutMs: 60_000,
    });
    expect(answers[0]?.partitions).toMatchObject([{ errorCode: 0, lowWatermark: beforeOffset }]);
    expect((await fetchOnce(raw, topic, 0, 0)).errorCode).toBe(1);
    const place = ['-b', server.bootstrap, '-t', topic, '-p', '0', '-o', '3'];
    const settings = ['-e', '-q', '-m', '60', '-f', '%o\\n', '-X', 'auto.offset.reset=earliest'];
    expect(linesOf(await runToSuccess(kcat, ['-C', ...place, ...settings]))).toEqual(
      Array.from({ length: 7 }, (_, index) => String(beforeOffset + index)),
    );
  });

  test('kcat lists the cluster, its topics and their partitions', async () => {
    const listing = JSON.parse(
      (
        await runToSuccess(kcat, ['-L', '-J', '-m', '60', '-b', server.bootstrap, '-t', topics[0]])
      ).toString(),
    ) as unknown;
    expect(listing).toMatchObject({
      brokers: [{ id: 1, name: server.bootstrap }],
      topics: [
        {
          topic: topics[0],
          partitions: [0, 1, 2].map((partition) => ({
            partition,
            leader: 1,
            replicas: [{ id: 1 }],
            isrs: [{ id: 1 }],
          })),
        },
      ],
    });
  });
}
