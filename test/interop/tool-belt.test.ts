import { readFileSync, writeFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Terminal } from '@kafkaesque/cli';
import { runTool } from '@kafkaesque/cli';
import { javaTools } from './found-clients';
import { run } from './program';
import type { ServerUnderTest } from './server-under-test';
import { openServer } from './server-under-test';

// Each of Apache's tools is a Java process of its own.
jest.setTimeout(240_000);

interface Printed {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

let server: ServerUnderTest;
let directory: string;
beforeAll(async () => {
  server = await openServer();
  directory = mkdtempSync(join(tmpdir(), 'kafkaesque-tools-'));
});
afterAll(async () => {
  await server.close();
  rmSync(directory, { recursive: true });
});

const ours = async (tool: string, args: readonly string[]): Promise<Printed> => {
  let out = '';
  let err = '';
  const terminal: Terminal = {
    out: (text) => void (out += text.toString()),
    err: (text) => void (err += text),
    drained: () => Promise.resolve(),
    input: (async function* (): AsyncGenerator<Buffer> {})(),
    isInteractive: false,
    interrupted: new AbortController().signal,
  };
  const code = await runTool(args, `kafka-${tool}`, terminal);
  return { code, out, err };
};
const apaches = async (tool: string, args: readonly string[]): Promise<Printed> => {
  const { code, stdout, stderr } = await run(javaTools ?? '', ['tool', tool, ...args]);
  return { code, out: stdout.toString(), err: stderr };
};
/** Our tool, and Apache's where it is asked for, each under its name. */
const makers = [
  ['ours', ours] as const,
  ...(javaTools === undefined ? [] : [['Apache’s', apaches] as const]),
];
const at = (args: string): readonly string[] => [
  ...['--bootstrap-server', server.bootstrap],
  ...args.split(' ').filter((argument) => argument !== ''),
];
/** Measured figures become `#`, so that what stands around them can be compared. */
const masked = (text: string): string => text.replaceAll(/\d+(\.\d+)?/g, '#');
/** argparse4j breaks and fills its lines; only the words count. */
const words = (text: string): string => text.replaceAll(/\s+/g, ' ').replaceAll('-- ', '--').trim();

test('Apache Kafka’s tools judge ours when KAFKAESQUE_PEERS=1 asks for them', () => {
  const isAsked = process.env['KAFKAESQUE_PEERS'] === '1';
  if (!isAsked) process.stderr.write('interop: the tool belt was not compared with Apache’s tools\n');
  expect(makers).toHaveLength(isAsked ? 2 : 1);
});

describe.each(makers)('%s:', (_, tool) => {
  test('broker-api-versions and cluster show the same of the node', async () => {
    expect(await tool('broker-api-versions', at(''))).toEqual(await ours('broker-api-versions', at('')));
    for (const action of ['cluster-id', 'list-endpoints', 'list-endpoints --include-fenced-brokers']) {
      const args = [...action.split(' '), ...at('')];
      expect(await tool('cluster', args)).toEqual(await ours('cluster', args));
    }
    const { clusterId } = await server.admin.describeCluster();
    expect((await tool('cluster', ['cluster-id', ...at('')])).out).toBe(`Cluster ID: ${clusterId}\n`);
  });

  test('producer-perf-test sends and sums up, consumer-perf-test reads it all', async () => {
    const topic = await server.topic('perf');
    const size = '--num-records 5000 --record-size 100 --throughput -1 --warmup-records 1000';
    const produced = await tool('producer-perf-test', [
      ...at(`--topic ${topic} ${size} --command-property`),
      ...['compression.type=lz4', 'acks=1'],
    ]);
    expect([produced.code, produced.err]).toEqual([0, '']);
    expect(masked(produced.out)).toBe(
      'Warmup first # records. Steady state results will print after the complete test summary.\n' +
        ['', ' steady state']
          .map(
            (which) =>
              `#${which} records sent, # records/sec (# MB/sec), # ms avg latency, # ms max latency, ` +
              '# ms #th, # ms #th, # ms #th, # ms #th.\n',
          )
          .join(''),
    );
    expect(produced.out).toMatch(/^5000 records sent, .*\n4000 steady state records sent, /m);
    const read = await ours('consumer-perf-test', at(`--topic ${topic} --num-records 5000`));
    expect([read.code, read.err]).toEqual([0, '']);
    const [header = '', line = ''] = read.out.split('\n');
    const row = Object.fromEntries(header.split(', ').map((name, index) => [name, line.split(', ')[index]]));
    expect(row).toMatchObject({ 'data.consumed.in.MB': '0.4768', 'data.consumed.in.nMsg': '5000' });
  });

  test('producer-perf-test draws from a file, and counts', async () => {
    const topic = await server.topic('perf-file');
    const file = join(directory, 'payloads.txt');
    writeFileSync(file, 'one;two;three');
    const drawn = `--topic ${topic} --num-records 50 --throughput 10000 --payload-file ${file} --payload-delimiter ;`;
    const { code, out } = await tool('producer-perf-test', at(drawn));
    expect([code, out.split('\n').slice(0, 2)]).toEqual([
      0,
      [`Reading payloads from: ${file}`, 'Number of records read: 3'],
    ]);
    await tool(
      'producer-perf-test',
      at(`--topic ${topic} --num-records 3 --throughput -1 --payload-monotonic`),
    );
    const all = await ours('console-consumer', at(`--topic ${topic} --from-beginning --max-messages 53`));
    const values = all.out.trim().split('\n');
    expect(new Set(values)).toEqual(new Set(['one', 'two', 'three', '0', '1', '2']));
  });

  test('console-consumer says at its end what scripts wait for', async () => {
    const topic = await server.topic('ended');
    const one = '--num-records 1 --throughput -1 --payload-monotonic';
    await ours('producer-perf-test', at(`--topic ${topic} ${one}`));
    const { code, out, err } = await tool(
      'console-consumer',
      at(`--topic ${topic} --partition 0 --offset earliest --timeout-ms 3000 --enable-systest-events`),
    );
    expect([code, out.replace(/^0\n/, ''), err]).toEqual([
      ...[0, 'shutdown_complete\n', expect.stringMatching(/Processed a total of [01] messages\n$/)],
    ]);
  });

  test('verifiable-producer tells what became of each record', async () => {
    const topic = await server.topic('verifiable');
    const line = `--topic ${topic} --max-messages 7 --repeating-keys 3 --value-prefix 9 --acks 1 --message-create-time 1000`;
    const { code, out, err } = await tool('verifiable-producer', at(line));
    expect([code, err]).toEqual([0, '']);
    const events = out
      .trim()
      .split('\n')
      .map((text) => JSON.parse(text) as Record<string, unknown>);
    expect(events.map(({ name }) => name)).toEqual([
      'startup_complete',
      ...Array.from({ length: 7 }, () => 'producer_send_success'),
      'shutdown_complete',
      'tool_data',
    ]);
    const sent = events
      .filter(({ name }) => name === 'producer_send_success')
      .sort((a, b) => (String(a['value']) < String(b['value']) ? -1 : 1));
    expect(sent.map(({ key, value }) => [key, value])).toEqual(
      [0, 1, 2, 3, 4, 5, 6].map((number) => [String(number % 3), `9.${number}`]),
    );
    expect(Object.keys(sent[0] ?? {}).sort()).toEqual(
      ['timestamp', 'name', 'key', 'value', 'topic', 'partition', 'offset'].sort(),
    );
    expect(events.at(-1)).toMatchObject({ sent: 7, acked: 7, target_throughput: -1 });
  });

  test('configs shows and changes what a topic and the brokers have', async () => {
    const topic = await server.topic('configs');
    const asked = [
      `--describe --topic ${topic}`,
      `--describe --all --topic ${topic}`,
      '--describe --all --broker 1',
      '--describe --entity-type brokers',
      '--describe --topic nope',
      '--describe --topic t --alter',
    ];
    const complaint = ({ err }: Printed): string => err.split('\n')[0] ?? '';
    const compare = async (line: string): Promise<string> => {
      const printed = await tool('configs', at(line));
      const expected = await ours('configs', at(line));
      expect([printed.code, printed.out, complaint(printed)]).toEqual([
        ...[expected.code, expected.out, complaint(expected)],
      ]);
      return printed.out;
    };
    for (const line of asked) await compare(line);
    const alter = `--alter --entity-type topics --entity-name ${topic} --add-config`;
    const changed = await tool(
      'configs',
      at(`${alter} max.message.bytes=2000,cleanup.policy=[compact,delete]`),
    );
    expect(changed).toEqual({ code: 0, out: `Completed updating config for topic ${topic}.\n`, err: '' });
    expect(await compare(`--describe --topic ${topic}`)).toContain(
      '  cleanup.policy=compact,delete sensitive=false synonyms={DYNAMIC_TOPIC_CONFIG:cleanup.policy=compact,delete, ',
    );
    await tool('configs', at(`--alter --topic ${topic} --delete-config cleanup.policy,max.message.bytes`));
    expect(await compare(`--describe --topic ${topic}`)).not.toContain('compact');
    await compare(`${alter} nonsense=1`);
    await compare(`${alter} retention.ms=often`);
    await compare('--alter --topic nope --add-config retention.ms=1');
  });

  test('delete-records moves the start of a partition, and log-dirs shows what is left', async () => {
    const topic = await server.topic('deleted');
    const records = '--num-records 20 --record-size 10 --throughput -1 --command-property batch.size=1';
    await ours('producer-perf-test', at(`--topic ${topic} ${records}`));
    const ends = new Map(
      (await ours('get-offsets', at(`--topic ${topic}`))).out
        .trim()
        .split('\n')
        .map((line) => [Number(line.split(':')[1]), Number(line.split(':')[2])]),
    );
    const [[partition, end] = [0, 0]] = [...ends].filter(([, offset]) => offset > 0);
    const file = join(directory, 'offsets.json');
    const say = (offset: number): void =>
      writeFileSync(file, JSON.stringify({ partitions: [{ topic, partition, offset }], version: 1 }));
    say(end);
    expect(await tool('delete-records', at(`--offset-json-file ${file}`))).toEqual({
      code: 0,
      out: `Executing records delete operation\nRecords delete operation completed:\npartition: ${topic}-${partition}\tlow_watermark: ${end}\n`,
      err: '',
    });
    expect((await ours('get-offsets', at(`--topic ${topic} --time earliest`))).out).toContain(
      `${topic}:${partition}:${end}\n`,
    );
    say(end + 1);
    const beyond = await tool('delete-records', at(`--offset-json-file ${file}`));
    // Java's client names its exception there, ours the error's code.
    expect(beyond.code).toBe(0);
    expect(beyond.out.split('\n')[2]).toMatch(
      /^partition: \S+\terror: \S*(OffsetOutOfRange|OFFSET_OUT_OF_RANGE)/,
    );
    const shown = await tool('log-dirs', at(`--describe --topic-list ${topic}`));
    expect([shown.code, shown.err]).toEqual([0, '']);
    const [first, second, json = ''] = shown.out.split('\n');
    expect([first, second]).toEqual([
      'Querying brokers for log directories information',
      'Received log directory information from brokers 1',
    ]);
    expect(JSON.parse(json)).toEqual({
      brokers: [
        {
          broker: 1,
          logDirs: [
            {
              partitions: expect.arrayContaining([
                { partition: `${topic}-0`, size: expect.any(Number), offsetLag: 0, isFuture: false },
              ]),
              error: null,
              logDir: expect.any(String),
            },
          ],
        },
      ],
      version: 1,
    });
    const missing = await tool('log-dirs', at('--describe --broker-list 7'));
    expect(missing).toEqual(await ours('log-dirs', at('--describe --broker-list 7')));
  });

  test.each([
    ['producer-perf-test', '--topic t --throughput 1 --num-records x --record-size 1'],
    ['producer-perf-test', '--topic t --throughput 1 --num-records 1'],
    ['producer-perf-test', '--topic t --throughput 1 --num-records 1 --record-size 1 --payload-monotonic'],
    ['producer-perf-test', '--topic t --throughput 1 --num-records 0 --record-size 1'],
    ['producer-perf-test', '--topic t --throughput 1 --num-records 1 --record-size 0'],
    ['producer-perf-test', '--topic t --throughput 1 --num-records 1 --record-size 1 --warmup-records 1'],
    ['producer-perf-test', '--topic t --throughput 1 --num-records 1 --record-size 1 --reporting-interval 0'],
    ['producer-perf-test', '--bogus'],
    ['verifiable-producer', ''],
    ['verifiable-producer', '--topic t --acks 5'],
    ['verifiable-producer', '--topic t --max-messages x'],
    ['verifiable-producer', '--bogus'],
  ])('%s %s is refused in the same words', async (name, line) => {
    const complaint = async (ask: typeof ours): Promise<[number | null, string]> => {
      const { code, err } = await ask(name, at(line));
      const [complained = err] = /^\S+: +error:[^]*/m.exec(err.split("\nRun '")[0] ?? '') ?? [];
      return [code, words(complained)];
    };
    const [code, text] = await complaint(tool);
    expect([code, text]).toEqual(await complaint(ours));
    expect([code, text]).toEqual([1, expect.stringMatching(/^[\w-]+: error: \S/)]);
  });
});

test('e2e-latency sends and reads one record after the other, and makes the topic first', async () => {
  const topic = server.name('latency');
  const headers = '--num-headers 2 --record-header-key-size 3 --record-header-size -1';
  const { code, out, err } = await ours(
    'e2e-latency',
    at(
      `--topic ${topic} --num-records 20 --producer-acks all --record-size 50 --record-key-size 5 ${headers}`,
    ),
  );
  expect([code, err]).toEqual([0, '']);
  expect(masked(out.replace(topic, 'TOPIC'))).toBe(
    'Topic "TOPIC" does not exist. Will create topic with # partition(s) and replication factor = #\n' +
      '#\t#\nAvg latency: # ms\nPercentiles: #th = #, #th = #, #.#th = #\n'.replace('#.#th', '#th'),
  );
  const records = await ours('get-offsets', at(`--topic ${topic}`));
  expect(records.out).toBe(`${topic}:0:20\n`);
});

test('what scripts read comes as JSON where it is asked for', async () => {
  const topic = await server.topic('json');
  const json = async (tool: string, args: readonly string[]): Promise<unknown> => {
    const { code, out, err } = await ours(tool, [...args, '--json']);
    expect([code, err]).toEqual([0, '']);
    return JSON.parse(out);
  };
  expect(await json('topics', at(`--list --topic ${topic}`))).toMatchObject({
    topics: [{ name: topic, internal: false }],
  });
  expect(await json('topics', at(`--describe --topic ${topic}`))).toMatchObject({
    topics: [
      { name: topic, replicationFactor: 1, configs: { 'retention.ms': '-1' }, partitions: [{}, {}, {}] },
    ],
  });
  expect(await json('get-offsets', at(`--topic ${topic} --partitions 1`))).toEqual({
    offsets: [{ topic, partition: 1, offset: 0, timestampMs: null }],
  });
  expect(await json('configs', at(`--describe --topic ${topic}`))).toMatchObject({
    entities: [{ type: 'topic', name: topic, configs: [{ name: 'retention.ms', value: '-1' }] }],
  });
  expect(await json('log-dirs', at(`--describe --topic-list ${topic}`))).toMatchObject({
    brokers: [{ broker: 1, logDirs: [{ error: null }] }],
  });
  const file = join(directory, 'json-offsets.json');
  const beyond = { topic, partition: 2, offset: 1 };
  writeFileSync(file, JSON.stringify({ partitions: [{ topic, partition: 0, offset: 0 }, beyond] }));
  expect(await json('delete-records', at(`--offset-json-file ${file}`))).toEqual({
    partitions: [
      { topic, partition: 0, lowWatermark: 0 },
      { topic, partition: 2, error: 'OFFSET_OUT_OF_RANGE', message: expect.any(String) },
    ],
  });
  expect(await json('cluster', ['cluster-id', ...at('')])).toEqual({ clusterId: expect.any(String) });
  expect(await json('cluster', ['list-endpoints', ...at('')])).toMatchObject({ endpoints: [{ id: 1 }] });
  expect(await json('broker-api-versions', at(''))).toMatchObject({
    brokers: [{ id: 1, apis: expect.arrayContaining([expect.objectContaining({ name: 'Fetch', key: 1 })]) }],
  });
  const size = '--num-records 10 --record-size 10 --throughput -1';
  expect(await json('producer-perf-test', at(`--topic ${topic} ${size}`))).toMatchObject({
    records: 10,
    failed: 0,
  });
  expect(await json('consumer-perf-test', at(`--topic ${topic} --num-records 10`))).toMatchObject({
    records: 10,
    bytes: 100,
  });
});

test('every tool has both of Kafka’s names', () => {
  const manifest = JSON.parse(readFileSync(join(__dirname, '../../packages/cli/package.json'), 'utf8')) as {
    readonly bin: Readonly<Record<string, string>>;
  };
  const names = [
    'configs',
    'delete-records',
    'log-dirs',
    'cluster',
    'broker-api-versions',
    'producer-perf-test',
    'consumer-perf-test',
    'e2e-latency',
    'consumer-groups',
    'groups',
    'verifiable-consumer',
  ];
  for (const name of [...names, 'verifiable-producer', 'topics', 'console-producer', 'console-consumer']) {
    expect(manifest.bin[`kafka-${name}`]).toBe('./bin/kafkaesque.js');
    expect(manifest.bin[`kafka-${name}.sh`]).toBe('./bin/kafkaesque.js');
  }
});
