import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Terminal } from '@kafkaesque/cli';
import { runTool } from '@kafkaesque/cli';
import { apachePorts } from './apache-kafka';
import { javaTools } from './found-clients';
import { run, runToSuccess } from './program';

// Each of Apache's tools is a Java process of its own.
jest.setTimeout(300_000);

const PORT = String(apachePorts.cli);
const bootstrap = `127.0.0.1:${PORT}`;
const dataDirectory = join(homedir(), `.cache/kafkaesque-peers/run-${PORT}/1/data`);

interface Printed {
  readonly code: number | null;
  readonly out: string;
  /** Kafka's tools say what is wrong in their first line, and go on with their options or a stack. */
  readonly complaint: string;
}

const complaintOf = (err: string): string =>
  err
    .split('\n')
    .filter((line) => line !== '' && !line.includes('KIP-848'))
    .map((line) => line.replace(/^org\.apache\.kafka\.[\w.]+: /, ''))
    // A set of options, which Java prints in another order each time.
    .map((line) =>
      line.replace(
        /\[(\[[\w-]+\](?:, \[[\w-]+\])*)\]/g,
        (_, set: string) => `[${set.split(', ').sort().join(', ')}]`,
      ),
    )[0] ?? '';

/** Our own tool, in this process. */
const ours = async (tool: string, args: readonly string[], input = ''): Promise<Printed> => {
  let out = '';
  let err = '';
  const terminal: Terminal = {
    out: (text) => void (out += text.toString()),
    err: (text) => void (err += text),
    drained: () => Promise.resolve(),
    input: (async function* () {
      yield await Promise.resolve(Buffer.from(input));
    })(),
    isInteractive: false,
    interrupted: new AbortController().signal,
  };
  const code = await runTool(args, `kafka-${tool}`, terminal);
  return { code, out, complaint: complaintOf(err) };
};

if (javaTools === undefined) {
  test('our tools are not compared with Apache’s, which were not asked for or are not here', () => {
    process.stderr.write('interop: skipped the comparison of the tools (npm run test:peers asks for it)\n');
    expect(javaTools).toBeUndefined();
  });
} else {
  const script = javaTools;
  const apaches = async (tool: string, args: readonly string[], input = ''): Promise<Printed> => {
    const { code, stdout, stderr } = await run(script, ['tool', tool, ...args], { input });
    return { code, out: stdout.toString(), complaint: complaintOf(stderr) };
  };
  const at = (args: string): readonly string[] => ['--bootstrap-server', bootstrap, ...args.split(' ')];
  /** Both tools, one after the other, asked the same of the same cluster. */
  const both = async (tool: string, args: readonly string[], input = ''): Promise<void> => {
    const expected = await apaches(tool, args, input);
    expect(await ours(tool, args, input)).toEqual(expected);
  };
  /** A change is made twice, on topics whose names differ in one letter. */
  const change = async (tool: string, args: string, input = ''): Promise<void> => {
    const expected = await apaches(tool, at(args.replaceAll('NAME', 'twin-a')), input);
    const printed = await ours(tool, at(args.replaceAll('NAME', 'twin-b')), input);
    const masked = ({ out, complaint, code }: Printed): Printed => ({
      code,
      out: out.replaceAll(/twin-[ab]/g, 'twin'),
      complaint: complaint.replaceAll(/twin-[ab]/g, 'twin'),
    });
    expect(masked(printed)).toEqual(masked(expected));
  };

  describe('against Apache Kafka, our tools print what its own print:', () => {
    beforeAll(() => runToSuccess(script, ['up', '1', PORT]));
    afterAll(() => runToSuccess(script, ['down', PORT]));

    test('topics: nothing, creation, and every refusal', async () => {
      await both('topics', at('--list'));
      await change('topics', '--create --topic NAME --partitions 1 --replication-factor 1');
      await change('topics', '--create --topic NAME');
      await change('topics', '--create --topic NAME --if-not-exists');
      await change('topics', '--create --topic NAME.dotted --partitions 3 --config retention.ms=100000');
      await both('topics', [...at('--create --topic'), 'bad name']);
      await both('topics', at('--create --topic far --replication-factor 3'));
      await both('topics', at('--create --topic none --partitions 0'));
      await both('topics', at('--create --topic wrong --config nonsense=1'));
      await both('topics', at('--create --topic wrong --config retention.ms=abc'));
    });

    test('topics: lists, descriptions, changes', async () => {
      await both('topics', at('--list'));
      for (const topic of ['twin-a', 'twin-b', 'twin-a.dotted', 'nope']) {
        await both('topics', at(`--describe --topic ${topic}`));
      }
      await both('topics', at('--describe --topic twin-a.* --topics-with-overrides'));
      await both('topics', at('--describe --topic twin-a --at-min-isr-partitions'));
      await both('topics', at('--describe --under-replicated-partitions'));
      await both('topics', at('--describe --topic nope --if-exists'));
      await both('topics', at('--describe --topic-id notanid'));
      await change('topics', '--alter --topic NAME.dotted --partitions 4');
      await change('topics', '--alter --topic NAME.dotted --partitions 4');
      await change('topics', '--alter --topic NAME.dotted --partitions 2');
      await both('topics', at('--alter --topic nope --partitions 2'));
      await both('topics', at('--delete --topic nope'));
      await change('topics', '--delete --topic NAME.dotted');
      await both('topics', at('--list --exclude-internal'));
    });

    test.each([
      ['topics', at('--list --describe')],
      ['topics', at('--create')],
      ['topics', at('--alter --topic t')],
      ['topics', at('--alter --topic t --config a=b')],
      ['topics', at('--bogus')],
      ['console-producer', ['--bootstrap-server', bootstrap]],
      ['topics', at('--describe --topics-with-overrides --unavailable-partitions')],
      ['topics', at('--alter --topic t --delete-config a')],
      ['topics', at('--create --topic t --replica-assignment 1:2,3')],
      ['topics', at('--create --topic t --config retention.ms=1=2')],
      ['topics', at('--list --topic [')],
      ['console-producer', at('--topic t --compression-codec bogus')],
      ['console-producer', at('--topic t --batch-size x')],
      ['console-producer', at('--topic t --property a=1 --reader-property a=1')],
      ['console-producer', at('--topic t --producer-property a=1 --command-property a=1')],
      ['console-producer', at('--topic t --producer.config f --command-config f')],
      ['console-producer', at('--topic t --reader-property headers.delimiter=,')],
      ['console-consumer', at('--topic t --property a=1 --formatter-property a=1')],
      ['console-consumer', at('--topic t --consumer-property a=1 --command-property a=1')],
      ['console-consumer', at('--topic t --consumer.config f --command-config f')],
      ['console-consumer', at('--topic t --group g --command-property group.id=h')],
      ['console-consumer', ['--bootstrap-server', bootstrap]],
      ['console-consumer', at('--topic t --include i')],
      ['console-consumer', at('--topic t --offset 1')],
      ['console-consumer', at('--topic t --partition 0 --offset soon')],
      ['console-consumer', at('--topic t --partition 0 --offset 1 --from-beginning')],
      ['get-offsets', at('--topic nope')],
      ['get-offsets', at('--topic twin-a --time soon')],
      ['get-offsets', at('--topic twin-a --partitions x')],
      ['get-offsets', at('--topic twin-a --topic-partitions a:1')],
    ] as const)('%s %p is refused alike', (tool, args) => both(tool, args));

    test('records that each produced are printed alike by both', async () => {
      const lines = 'h1:a,h2:b\tk1\tv1\nNULL\tk2\tv2\nh:NULL\tk3\tNULL\nü:ß\tκ\t日本\n';
      const reader =
        '--reader-property parse.key=true --reader-property parse.headers=true --reader-property null.marker=NULL';
      for (const codec of ['none', 'gzip', 'snappy', 'lz4', 'zstd']) {
        await change('console-producer', `--topic NAME ${reader} --compression-codec ${codec}`, lines);
      }
      await change('console-producer', '--topic NAME --sync --request-required-acks 1', 'one\ntwo\r\n\nlast');
      const shown = ['key', 'headers', 'offset', 'partition', 'epoch', 'delivery', 'timestamp']
        .map((name) => `--formatter-property print.${name}=true`)
        .join(' ');
      for (const topic of ['twin-a', 'twin-b']) {
        const from = `--topic ${topic} --partition 0 --timeout-ms 4000`;
        await both('console-consumer', at(`${from} --offset earliest ${shown}`));
        await both(
          'console-consumer',
          at(`${from} --offset 3 --max-messages 5 --isolation-level read_committed`),
        );
        await both('console-consumer', at(`--topic ${topic} --from-beginning --max-messages 24`));
        await both('console-consumer', at(`${from} --offset 0 --max-messages 1 --enable-systest-events`));
        await both(
          'console-consumer',
          at(`${from} --offset 20 --formatter-property null.literal=- ${shown.replaceAll('timestamp', 'x')}`),
        );
      }
      await both('console-producer', at(`--topic twin-a ${reader}`), 'broken\n');
    });

    test('offsets of every kind', async () => {
      for (const time of [
        'latest',
        'earliest',
        '-3',
        'max-timestamp',
        'earliest-local',
        '-5',
        '0',
        '99999999999999',
      ]) {
        await both('get-offsets', at(`--topic twin-.* --time ${time}`));
      }
      await both('get-offsets', at('--exclude-internal-topics'));
      await both('get-offsets', at('--topic-partitions twin-a:0-1,twin-b:0'));
    });

    test('measurements in their form, the state of brokers to the letter', async () => {
      const figures = (text: string): string => text.replaceAll(/\d+([.:-]\d+)*/g, '#');
      const inForm = async (tool: string, args: readonly string[]): Promise<void> => {
        const [expected, printed] = [await apaches(tool, args), await ours(tool, args)];
        expect({ ...printed, out: figures(printed.out) }).toEqual({
          ...expected,
          out: figures(expected.out),
        });
      };
      await ours('topics', at('--create --topic measured'));
      await inForm(
        'e2e-latency',
        at('--topic measured --num-records 20 --producer-acks all --record-size 50'),
      );
      await inForm('e2e-latency', at('--topic measured --num-records 20 --producer-acks 0 --record-size 50'));
      for (const shown of ['', ' --show-detailed-stats', ' --hide-header']) {
        await inForm('consumer-perf-test', at(`--topic measured --num-records 20${shown}`));
      }
      await both('consumer-perf-test', at('--topic measured'));
      await both('log-dirs', at('--describe --topic-list measured'));
      await both('log-dirs', at('--describe --topic-list measured --broker-list 1'));
      await both('log-dirs', at('--describe --broker-list 7'));
      await both('cluster', ['cluster-id', '--bootstrap-server', bootstrap]);
      await both('cluster', ['list-endpoints', '--bootstrap-server', bootstrap]);
    });

    test('segment files and their indexes', async () => {
      const perf = [
        '--topic',
        'dumped',
        '--num-records',
        '3000',
        '--record-size',
        '100',
        '--throughput',
        '-1',
      ];
      const codecs = ['none', 'lz4', 'zstd', 'gzip', 'snappy'];
      for (const codec of codecs) {
        const property = ['--command-property', `compression.type=${codec}`];
        await runToSuccess(script, [
          'tool',
          'producer-perf-test',
          '--bootstrap-server',
          bootstrap,
          ...perf,
          ...property,
        ]);
      }
      const transactional = ['--transactional-id', 'tx', '--transaction-duration-ms', '50'];
      await runToSuccess(script, [
        'tool',
        'producer-perf-test',
        '--bootstrap-server',
        bootstrap,
        ...perf,
        ...transactional,
      ]);
      const copy = mkdtempSync(join(tmpdir(), 'kafkaesque-segments-'));
      try {
        await runToSuccess('cp', [
          '-r',
          join(dataDirectory, 'dumped-0'),
          join(dataDirectory, 'twin-b-0'),
          copy,
        ]);
        for (const partition of readdirSync(copy)) {
          const path = join(copy, partition, '0'.repeat(20));
          await both('dump-log', ['--files', `${path}.log`]);
          await both('dump-log', ['--files', `${path}.log`, '--print-data-log']);
          await both('dump-log', ['--files', `${path}.log`, '--deep-iteration', '--skip-record-metadata']);
          await both('dump-log', ['--files', `${path}.log`, '--max-bytes', '20000']);
          await both('dump-log', ['--files', `${path}.index`, '--verify-index-only']);
        }
        const path = join(copy, 'dumped-0', '0'.repeat(20));
        await both('dump-log', ['--files', `${path}.index,${path}.timeindex`]);
        await both('dump-log', ['--files', `${path}.index`, '--index-sanity-check']);
        await both('dump-log', ['--files', join(copy, 'dumped-0', 'leader-epoch-checkpoint')]);
      } finally {
        rmSync(copy, { recursive: true });
      }
    });
  });
}
