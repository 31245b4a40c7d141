import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { differences, expectedOf } from './differences';
import { javaTools } from './found-clients';
import type { Ran } from './program';
import { linesOf, run } from './program';
import { stored } from './reading-clients';
import type { Row } from './rows';
import { rowsOf } from './rows';
import type { ServerUnderTest } from './server-under-test';
import { openServer } from './server-under-test';
import type { StoredBatch } from './stored-batches';
import { readStored } from './stored-batches';

// Each tool is a Java process of its own.
jest.setTimeout(120_000);

test('Apache Kafka’s own tools are there when KAFKAESQUE_PEERS=1 asks for them', () => {
  const isAsked = process.env['KAFKAESQUE_PEERS'] === '1';
  if (!isAsked)
    process.stderr.write(
      'interop: Apache Kafka’s Java tools were not asked (npm run test:peers asks them)\n',
    );
  expect(javaTools !== undefined).toBe(isAsked);
});

if (javaTools !== undefined) {
  const script = javaTools;
  let server: ServerUnderTest;
  beforeAll(async () => {
    server = await openServer();
  });
  afterAll(() => server.close());

  const tool = (name: string, args: readonly string[], input: string | Buffer = ''): Promise<Ran> =>
    run(script, ['tool', name, '--bootstrap-server', server.bootstrap, ...args], { input });
  /** What the tool printed; it must have succeeded, and complained of nothing. */
  const printed = async (
    name: string,
    args: readonly string[],
    input: string | Buffer = '',
  ): Promise<string> => {
    const { code, stdout, stderr } = await tool(name, args, input);
    expect({ code, stderr, output: code === 0 ? '' : stdout.toString() }).toEqual({
      code: 0,
      stderr: '',
      output: '',
    });
    return stdout.toString();
  };

  test('topics: creates, lists, describes, extends and deletes', async () => {
    const topic = server.name('java-topics');
    const config = ['--config', 'cleanup.policy=compact', '--config', 'retention.ms=1000'];
    const create = ['--create', '--topic', topic, '--partitions', '2', '--replication-factor', '1'];
    expect(await printed('topics', [...create, ...config])).toBe(`Created topic ${topic}.\n`);
    const again = await tool('topics', create);
    expect([again.code, again.stdout.toString()]).toEqual([
      1,
      `Error while executing topic command : Topic '${topic}' already exists.\n`,
    ]);
    expect(linesOf(Buffer.from(await printed('topics', ['--list'])))).toContain(topic);
    expect(await printed('topics', ['--alter', '--topic', topic, '--partitions', '3'])).toBe('');
    const described = linesOf(Buffer.from(await printed('topics', ['--describe', '--topic', topic])));
    expect(described[0]).toMatch(
      new RegExp(
        `^Topic: ${topic}\tTopicId: [\\w-]{22}\tPartitionCount: 3\tReplicationFactor: 1\tConfigs: .*cleanup\\.policy=compact.*`,
      ),
    );
    expect(described.slice(1)).toEqual(
      [0, 1, 2].map(
        (partition) =>
          `\tTopic: ${topic}\tPartition: ${partition}\tLeader: 1\tReplicas: 1\tIsr: 1\tElr: \tLastKnownElr: `,
      ),
    );
    expect(await printed('topics', ['--delete', '--topic', topic])).toBe('');
    expect(linesOf(Buffer.from(await printed('topics', ['--list'])))).not.toContain(topic);
  });

  test('configs: describes, sets and removes what a topic and the broker have', async () => {
    const topic = await server.topic('java-configs');
    const entity = ['--entity-type', 'topics', '--entity-name', topic];
    const completed = `Completed updating config for topic ${topic}.\n`;
    expect(
      await printed('configs', [
        ...entity,
        '--alter',
        '--add-config',
        'retention.ms=5000,max.message.bytes=2000',
      ]),
    ).toBe(completed);
    const changed = await printed('configs', [...entity, '--describe']);
    expect(changed).toContain(`Dynamic configs for topic ${topic} are:\n`);
    expect(changed).toContain(
      '  retention.ms=5000 sensitive=false synonyms={DYNAMIC_TOPIC_CONFIG:retention.ms=5000',
    );
    expect(await printed('configs', [...entity, '--alter', '--delete-config', 'retention.ms'])).toBe(
      completed,
    );
    const kept = await printed('configs', [...entity, '--describe']);
    expect(kept).not.toContain('retention.ms');
    expect(kept).toContain('  max.message.bytes=2000 ');
    const wrong = await tool('configs', [...entity, '--alter', '--add-config', 'retention.ms=often']);
    expect(wrong.code).not.toBe(0);
    const broker = await printed('configs', [
      '--entity-type',
      'brokers',
      '--entity-name',
      '1',
      '--describe',
      '--all',
    ]);
    expect(broker).toContain('  num.partitions=1 sensitive=false synonyms={');
  });

  test('console-producer writes all movies with keys, get-offsets counts them, console-consumer reads them back', async () => {
    const topic = server.name('java-console');
    expect(await printed('topics', ['--create', '--topic', topic])).toBe(`Created topic ${topic}.\n`);
    // A line holds a key and a value and no more.
    const rows: readonly Row[] = rowsOf('movies').map(({ key, value }) => ({
      partition: 0,
      key: key ?? Buffer.alloc(0),
      value,
      timestampMs: null,
      headers: [],
    }));
    const lines = rows
      .map(({ key, value }) => `${key?.toString() ?? ''}\t${value?.toString() ?? ''}\n`)
      .join('');
    const properties = ['--reader-property', 'parse.key=true', '--compression-codec', 'zstd'];
    expect(await printed('console-producer', ['--topic', topic, ...properties], lines)).toBe('');
    const seen = await stored.read(server.bootstrap, topic, new Map([[0, null]]));
    expect(differences(expectedOf(rows, seen), seen)).toEqual([]);
    const newest = Math.max(...seen.map(({ timestampMs }) => timestampMs));
    const offsetAt = (time: string): Promise<string> =>
      printed('get-offsets', ['--topic', topic, '--time', time]);
    expect(await offsetAt('latest')).toBe(`${topic}:0:${rows.length}\n`);
    expect(await offsetAt('earliest')).toBe(`${topic}:0:0\n`);
    const firstNewest = seen.find(({ timestampMs }) => timestampMs === newest)?.offset;
    expect(await offsetAt('max-timestamp')).toBe(`${topic}:0:${firstNewest}\n`);
    expect(await offsetAt(String(newest))).toBe(`${topic}:0:${firstNewest}\n`);
    const read = await tool('console-consumer', [
      ...[
        '--topic',
        topic,
        '--partition',
        '0',
        '--offset',
        'earliest',
        '--max-messages',
        String(rows.length),
      ],
      ...['--formatter-property', 'print.key=true'],
    ]);
    expect([read.code, read.stdout.toString() === lines]).toEqual([0, true]);
    expect(read.stderr).toContain(`Processed a total of ${rows.length} messages`);
  });

  const throughput = ['--throughput', '-1', '--record-size', '1000', '--num-records', '20000'];
  test.each([['none'], ['lz4'], ['zstd']])(
    'producer-perf-test writes 20,000 records with %s, idempotent by default, and all of them stand in the log',
    async (codec) => {
      const topic = await server.topic(`java-perf-${codec}`);
      const output = await printed('producer-perf-test', [
        '--topic',
        topic,
        ...throughput,
        '--command-property',
        `compression.type=${codec}`,
      ]);
      expect(output).toContain('20000 records sent');
      const batches = await readStored(server.bootstrap, topic, [0, 1, 2]);
      expect(batches.reduce((count, { header }) => count + header.recordCount, 0)).toBe(20_000);
      // Its values are random capital letters, which every codec makes smaller.
      expect([...new Set(batches.map(({ header }) => header.codec))]).toEqual([codec]);
      expectOneIdempotentProducer(batches);
    },
  );

  test('verifiable-producer has each record acknowledged where it stands', async () => {
    const topic = await server.topic('java-verifiable');
    // It forbids itself retries, and with them idempotence, unless a file says otherwise.
    const settings = join(mkdtempSync(join(tmpdir(), 'kafkaesque-java-')), 'producer.properties');
    writeFileSync(settings, 'enable.idempotence=true\nretries=2147483647\n');
    const options = ['--topic', topic, '--max-messages', '2000', '--command-config', settings];
    const output = await printed('verifiable-producer', options);
    rmSync(dirname(settings), { recursive: true });
    const events = linesOf(Buffer.from(output)).map((line) => JSON.parse(line) as VerifiableEvent);
    const sent = events.filter((event) => event.name === 'producer_send_success');
    expect(sent).toHaveLength(2_000);
    expect(events.at(-1)).toMatchObject({ name: 'tool_data', sent: 2_000, acked: 2_000 });
    const batches = await readStored(server.bootstrap, topic, [0, 1, 2]);
    const values = new Map<string, string | undefined>(
      batches.flatMap(({ partition, records }) =>
        records.map(({ offset, value }) => [`${partition}/${String(offset)}`, value?.toString()] as const),
      ),
    );
    expect(sent.map(({ partition, offset }) => values.get(`${partition}/${offset}`))).toEqual(
      sent.map(({ value }) => value),
    );
    expect(values.size).toBe(2_000);
    expectOneIdempotentProducer(batches);
  });

  test('cluster and broker-api-versions recognise the server', async () => {
    const { clusterId } = await server.admin.describeCluster();
    const { code, stdout } = await run(script, [
      'tool',
      'cluster',
      'cluster-id',
      '--bootstrap-server',
      server.bootstrap,
    ]);
    expect([code, stdout.toString()]).toEqual([0, `Cluster ID: ${clusterId}\n`]);
    const versions = await printed('broker-api-versions', []);
    expect(versions).toContain('(id: 1 rack: null isFenced: false) -> (');
    expect(versions).toContain('Produce(0): 0 to 13 [usable: 13]');
    expect(versions).toContain('Fetch(1): 4 to 18 [usable: 18]');
  });
}

const expectOneIdempotentProducer = (batches: readonly StoredBatch[]): void => {
  const producers = new Set(batches.map(({ header }) => header.producerId));
  expect([producers.size, Math.min(...producers) >= 0]).toEqual([1, true]);
};

interface VerifiableEvent {
  readonly name: string;
  readonly partition: number;
  readonly offset: number;
  readonly value: string;
  readonly sent: number;
  readonly acked: number;
}
