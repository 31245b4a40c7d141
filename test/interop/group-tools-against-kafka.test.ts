import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openClient } from '@kafkaesque/client';
import { Offset } from '@kafkaesque/kernel';
import { createCluster } from '@kafkaesque/testkit';
import { connectTo } from '../node/node-client';
import { apacheDirectory, apachePorts, startApacheKafka, stopApacheKafka } from './apache-kafka';
import { ApacheTools } from './apache-tools';
import type { ApacheTool } from './apache-tools';
import { javaTools } from './found-clients';
import { complaintIn, runOwnTool } from './own-tool';
import type { ToolOutput } from './own-tool';
import { run } from './program';

// Apache's tools run in a process of Java, some of them in one each.
jest.setTimeout(600_000);

const PORT = String(apachePorts.groupTools);

/** With what they carry, half a segment. */
const COMMITS = 50;
/** Longer than the cleaner rests. */
const SETTLED_MS = 500;

/** Wider than the columns. */
const LONG = 'a-name-of-a-topic-and-a-group-that-is-wider-than-its-column';

interface Printed {
  readonly code: number | null;
  /** Sorted: Kafka's order is that of hash tables. */
  readonly lines: readonly string[];
  /** The words of what is wrong, sorted for the same reason. */
  readonly complaint: readonly string[];
}

const printed = ({ code, out, err }: ToolOutput): Printed => ({
  code,
  lines: out.split('\n').sort(),
  // Where Kafka's ends well it prints stacks besides, which nobody is to read.
  complaint:
    code === 0
      ? []
      : (
          complaintIn(err.replaceAll(/^.*(joptsimple\.\w+Exception: )/gm, '')).match(/[\w'"-]+/g) ?? []
        ).toSorted(),
});

/** Notes on standard error that do not depend on the run. */
const notesIn = (err: string): readonly string[] =>
  err.split('\n').filter((line) => /^(Consumer group|Warning: Consumer group|Processed)/.test(line));

/** A server whose groups both tools are asked about. */
interface Judged extends AsyncDisposable {
  readonly bootstrap: string;
  /** Where its segments of `__consumer_offsets` are, as far as there is something in them. */
  segments(): readonly string[] | Promise<readonly string[]>;
}

const inside = (directory: string): readonly string[] =>
  readdirSync(directory).map((name) => join(directory, name));
const segmentsIn = (partitions: readonly string[]): readonly string[] =>
  partitions
    .flatMap(inside)
    .filter((path) => path.endsWith('.log') && statSync(path).size > 0)
    .toSorted();

const apacheKafka = async (script: string): Promise<Judged> => {
  await startApacheKafka(script, PORT);
  const data = join(apacheDirectory(PORT), 'data');
  return {
    bootstrap: `127.0.0.1:${PORT}`,
    segments: () => segmentsIn(inside(data).filter((path) => path.includes('/__consumer_offsets-'))),
    [Symbol.asyncDispose]: async () => {
      await stopApacheKafka(script, PORT);
    },
  };
};

/** The smallest segments there are, and a cleaner that hardly rests: what the tools read has been compacted. */
const compacting = {
  'group.initial.rebalance.delay.ms': '0',
  'offsets.topic.num.partitions': '1',
  'offsets.topic.segment.bytes': String(1024 * 1024),
  'log.cleaner.backoff.ms': '100',
  'log.cleaner.min.cleanable.ratio': '0.01',
};

const nodeOfOurs = async (): Promise<Judged> => {
  const cluster = await createCluster({ properties: compacting });
  const topics = join(cluster.nodes[0]?.directory ?? '', 'topics');
  const client = openClient({ bootstrapServers: cluster.bootstrapServers });
  const admin = client.admin();
  return {
    bootstrap: cluster.bootstrapServers,
    segments: async () => {
      const [described] = await admin.describeTopics(['__consumer_offsets']);
      if (described?.kind !== 'done') throw new Error('nobody has committed anything');
      return segmentsIn(inside(join(topics, described.value.topicId)));
    },
    [Symbol.asyncDispose]: async () => {
      await client.close();
      await cluster.close();
    },
  };
};

/** Groups of other types, which only Apache's broker has: what it stores of them is there to be printed. */
const joinOtherGroups = async (bootstrapServers: string): Promise<void> => {
  await using client = await connectTo({ bootstrapServers });
  const topic = 'movies';
  const share = { groupId: 'sharing', memberId: 'sharer', memberEpoch: 0, subscribedTopicNames: [topic] };
  expect(await client.ask('ShareGroupHeartbeat', 1, share)).toMatchObject({ errorCode: 0 });
  const streams = {
    ...{ groupId: 'streaming', memberId: 'streamer', memberEpoch: 0, endpointInformationEpoch: 0 },
    ...{ rebalanceTimeoutMs: 60_000, processId: 'one', userEndpoint: { host: 'localhost', port: 40_000 } },
    topology: {
      epoch: 0,
      subtopologies: [
        {
          ...{ subtopologyId: '0', sourceTopics: [topic], sourceTopicRegex: [], stateChangelogTopics: [] },
          ...{ repartitionSinkTopics: [], repartitionSourceTopics: [], copartitionGroups: [] },
        },
      ],
    },
    ...{ activeTasks: [], standbyTasks: [], warmupTasks: [], clientTags: [{ key: 'zone', value: 'a' }] },
  };
  expect(await client.ask('StreamsGroupHeartbeat', 0, streams)).toMatchObject({ errorCode: 0 });
};

if (javaTools === undefined) {
  test('our tools of groups are not compared with Apache’s, which were not asked for or are not here', () => {
    process.stderr.write(
      'interop: skipped the comparison of the tools of groups (npm run test:peers asks for it)\n',
    );
    expect(javaTools).toBeUndefined();
  });
} else {
  const script = javaTools;
  const servers = [
    { where: 'Apache Kafka', isOurs: false, open: () => apacheKafka(script) },
    { where: 'a node of ours', isOurs: true, open: nodeOfOurs },
  ] as const;

  describe.each(servers)(
    'against $where, our tools of groups print what Apache’s print:',
    ({ isOurs, open }) => {
      let server: Judged;
      let tools: ApacheTools;
      let directory: string;
      const at = (args: string): readonly string[] => [
        '--bootstrap-server',
        server.bootstrap,
        ...args.split(' ').map((word) => (word === "''" ? '' : word)),
      ];
      /** Both tools asked the same of the same cluster, Apache's first. */
      const both = async (tool: ApacheTool, args: readonly string[]): Promise<void> => {
        const theirs = await tools.run(tool, args);
        const ours = await runOwnTool(tool, args);
        expect([args, printed(ours), notesIn(ours.err)]).toEqual([
          args,
          printed(theirs),
          notesIn(theirs.err),
        ]);
      };
      const groups = async (...lines: readonly string[]): Promise<void> => {
        for (const line of lines) await both('consumer-groups', at(line));
      };
      /** A change is made twice, for groups whose names differ in one letter. */
      const change = async (line: string): Promise<void> => {
        const masked = ({ code, out, err }: ToolOutput) =>
          printed({
            code,
            out: out.replaceAll(/twin-[ab]/g, 'twin'),
            err: err.replaceAll(/twin-[ab]/g, 'twin'),
          });
        const theirs = await tools.run('consumer-groups', at(line.replaceAll('NAME', 'twin-a')));
        const ours = await runOwnTool('consumer-groups', at(line.replaceAll('NAME', 'twin-b')));
        expect([line, masked(ours)]).toEqual([line, masked(theirs)]);
      };
      /** Apache's tool in a process of its own: it runs on for a while. */
      const apaches = async (tool: string, args: readonly string[]): Promise<ToolOutput> => {
        const { code, stdout, stderr } = await run(script, ['tool', tool, ...args]);
        return { code, out: stdout.toString(), err: stderr };
      };
      const file = (name: string, text: string): string => {
        const path = join(directory, name);
        writeFileSync(path, text);
        return path;
      };

      beforeAll(async () => {
        directory = mkdtempSync(join(tmpdir(), 'group-tools-'));
        server = await open();
        tools = new ApacheTools();
        for (const topic of ['movies', 'series', LONG, 'gone']) {
          await runOwnTool('topics', at(`--create --topic ${topic} --partitions 3`));
          await runOwnTool(
            'producer-perf-test',
            at(`--topic ${topic} --num-records 100 --throughput -1 --payload-monotonic`),
          );
        }
        const read = (topic: string, group: string, more = ''): Promise<ToolOutput> =>
          runOwnTool(
            'console-consumer',
            at(`--topic ${topic} --from-beginning --max-messages 30 --group ${group}${more}`),
          );
        for (const group of ['twin-a', 'twin-b', 'classic']) await read('movies', group);
        await read('movies', 'new', ' --command-property group.protocol=consumer');
        await read(
          'movies',
          'silent',
          ' --command-property group.protocol=consumer --command-property enable.auto.commit=false',
        );
        await read(LONG, LONG);
        await read('gone', 'bereft');
        await runOwnTool(
          'consumer-groups',
          at('--reset-offsets --group simple --topic series --to-latest --execute'),
        );
        await runOwnTool('topics', at('--delete --topic gone'));
      });
      afterAll(async () => {
        await tools[Symbol.asyncDispose]();
        await server[Symbol.asyncDispose]();
        rmSync(directory, { recursive: true, force: true });
      });

      test('lists, with states and types, and of every type of group', async () => {
        await groups('--list', '--list --state --type', '--list --state empty,stable --type classic');
        await groups(
          '--list --state',
          '--list --type',
          '--list --state PreparingRebalance',
          "--list --state ''",
        );
        await groups(
          '--list --state bogus',
          '--list --state NotReady',
          '--list --state ,',
          '--list --state empty,',
        );
        await groups('--list --type share', '--list --type bogus', '--list --type consumer,classic');
        for (const line of [
          ...[
            '--list',
            '--list --consumer',
            '--list --share',
            '--list --streams',
            '--list --group-type CLASSIC',
          ],
          ...['--list --group-type consumer --protocol consumer', '--list --protocol consumer'],
          "--list --protocol ''",
        ])
          await both('groups', at(line));
      });

      test('descriptions of groups without members, without offsets, with long names, and of none', async () => {
        for (const group of ['classic', 'new', 'silent', 'simple', 'bereft', LONG, 'nope', "''"])
          for (const what of ['', ' --verbose', ' --members --verbose', ' --state --verbose'])
            await groups(`--describe --group ${group}${what}`);
        await groups('--describe --group classic --offsets', '--describe --group classic --members');
        await groups(
          '--describe --group new --group classic --group new',
          '--describe --group nope --group new',
        );
        for (const what of ['', ' --verbose', ' --members', ' --state', ' --state --verbose'])
          await groups(`--describe --all-groups${what}`);
      });

      test('resets by all of its ways', async () => {
        for (const way of [
          ...['--to-earliest', '--to-latest', '--to-current', '--to-offset 5', '--to-offset 9999'],
          ...['--to-offset -1', '--shift-by -3', '--shift-by 3', '--shift-by -300', '--shift-by 300'],
          ...['--by-duration P1D', '--by-duration PT0S', '--by-duration -PT1H', '--by-duration PT1.5S'],
          ...['--to-datetime 2020-01-01T00:00:00.000', '--to-datetime 2035-01-01T00:00:00.000'],
          ...['--to-datetime 2020-01-01T00:00:00.000Z', '--to-datetime 2035-01-01T00:00:00.000+02:00'],
        ])
          await groups(`--reset-offsets --group classic --all-topics ${way} --dry-run`);
        const reset = (line: string): Promise<void> => groups(`--reset-offsets ${line}`);
        await reset('--group classic --all-topics --to-earliest');
        await reset('--group classic --topic movies:0,1 --topic series --to-latest --dry-run');
        await reset('--group classic --topic movies:0,1, --to-latest --dry-run');
        await reset('--group classic --topic movies --topic movies --to-latest --dry-run');
        await reset('--group nobody --topic series --to-earliest --dry-run');
        await reset('--group nobody --topic series --to-current --dry-run');
        await reset('--group nobody --all-topics --to-earliest --dry-run');
        await reset('--group nobody --all-topics --to-earliest --export --dry-run');
        await reset('--group classic --all-topics --to-current --export --dry-run');
        await reset('--group classic --group new --all-topics --to-current --export --dry-run');
        await reset('--all-groups --all-topics --to-current --export --dry-run');
        await reset('--all-groups --topic movies:0 --to-earliest --dry-run');
        const one = file('one.csv', 'movies,0,0\nmovies,2,1\n');
        await reset(`--group classic --from-file ${one} --dry-run`);
        await reset(
          `--group classic --from-file ${file('crlf.csv', 'movies, 0, 3\r\nmovies,1,4\r\n')} --dry-run`,
        );
        await reset(`--group classic --from-file ${file('far.csv', '"movies",0,99999\n')} --dry-run`);
        const two = file('two.csv', 'classic,movies,0,0\nnew,movies,1,0\n');
        await reset(`--group classic --group new --from-file ${two} --dry-run`);
        await reset(`--group classic --from-file ${file('other.csv', 'other,movies,0,0\n')} --dry-run`);
        await change('--reset-offsets --group NAME --topic movies:2 --to-offset 5 --execute');
        await change('--reset-offsets --group NAME --all-topics --shift-by 2 --execute --export');
        await change(`--reset-offsets --group NAME --from-file ${one} --execute`);
        await change('--reset-offsets --group fresh-NAME --topic movies --to-earliest --execute');
        await groups('--describe --group twin-a --group twin-b', '--describe --group fresh-twin-b --verbose');
      });

      test('resets that cannot be', async () => {
        for (const args of [
          ...['--topic movies:7 --to-earliest', '--topic nope --to-earliest', '--topic nope:0 --to-earliest'],
          ...[
            '--topic movies:x --to-earliest',
            '--topic movies: --to-earliest',
            '--topic movies:0,,1 --to-earliest',
          ],
          ...[
            '--topic movies:1:2 --to-earliest',
            '--topic movies:-1 --to-earliest',
            '--topic a/b --to-earliest',
          ],
          ...['--to-earliest', '--topic series --shift-by 1'],
          ...['--all-topics --to-datetime bogus', '--all-topics --to-datetime 2020-13-41T00:00:00.000'],
          ...['--all-topics --to-datetime 2020-01-01T00:00:00', '--all-topics --by-duration bogus'],
          ...[
            '--all-topics --by-duration P1Y',
            '--from-file /nowhere',
            '--topic movies --to-earliest --to-latest',
          ],
          `--from-file ${file('negative.csv', 'movies,0,-5\n')}`,
        ])
          await groups(`--reset-offsets --group classic ${args} --dry-run`);
        await groups("--reset-offsets --group '' --topic movies --to-offset 1 --execute");
      });

      test('wrong command lines', async () => {
        await groups('--describe --group g --all-groups', '--describe --group g --members --state');
        await groups(
          '--describe --group g --state x',
          '--describe --group g --topic t',
          '--describe --group g --type',
        );
        await groups('--describe --group', '--describe --group g --delete', '--delete --group g --topic t');
        await groups('--list --group g', '--list --members', '--list --new-consumer', '--members', '--type');
        await groups('--reset-offsets --group g --execute --dry-run', '--reset-offsets --group g --state');
        await groups('--delete-offsets --group g --group h --topic t', '--delete --group g --verbose');
        await both('consumer-groups', ['--list']);
        for (const regex of [
          'a(',
          '[z-a]',
          'a**',
          'a{2,1}',
          '[[:bogus:]]',
          '(?=a)',
          '*',
          'a.*|(?:b)+',
          'a\\',
        ])
          await both('consumer-groups', ['--validate-regex', regex]);
        await both('groups', at('--list --group-type bogus'));
        await both('groups', at('--list --share --consumer'));
        await both('groups', at('--list --consumer --protocol x'));
        await both('groups', ['--list']);
      });

      // From here on there are groups whose static members have not left.
      test.each(['classic', 'consumer'])(
        'descriptions of a group of the %s protocol with members',
        async (protocol) => {
          const end = new AbortController();
          const group = `busy-${protocol}`;
          const line = `--topic movies --group-id ${group} --group-protocol ${protocol}`;
          const members = ['', ' --group-instance-id fixed'].map((one) =>
            runOwnTool('verifiable-consumer', at(`${line}${one}`), end.signal),
          );
          const isShared = async (): Promise<boolean> => {
            const { out } = await runOwnTool(
              'consumer-groups',
              at(`--describe --group ${group} --members --json`),
            );
            const described = JSON.parse(out === '' ? '{"groups":[]}' : out) as {
              readonly groups: readonly {
                readonly state: string;
                readonly members: readonly { readonly assignment: readonly unknown[] }[];
              }[];
            };
            const [one] = described.groups;
            return (
              one?.state === 'Stable' &&
              one.members.length === 2 &&
              one.members.every(({ assignment }) => assignment.length > 0)
            );
          };
          while (!(await isShared())) await new Promise((resolve) => void setTimeout(resolve, 200));
          for (const what of ['', ' --verbose', ' --members', ' --members --verbose', ' --state --verbose'])
            await groups(`--describe --group ${group}${what}`);
          await groups(`--reset-offsets --group ${group} --topic movies --to-earliest --dry-run`);
          await groups(`--delete --group ${group}`, `--delete-offsets --group ${group} --topic movies`);
          await groups(`--delete-offsets --group ${group} --topic movies:0 --topic series`);
          end.abort();
          for (const { code, out } of await Promise.all(members)) {
            expect([code, out.trim().split('\n').at(-1)]).toEqual([
              0,
              expect.stringContaining('shutdown_complete'),
            ]);
          }
        },
      );

      test('positions that go on where the other tool stopped', async () => {
        const read = '--topic series --group relay --max-messages 10';
        const theirs = await apaches('console-consumer', at(`${read} --from-beginning`));
        const ours = await runOwnTool('console-consumer', at(read));
        const last = await apaches('console-consumer', at(read));
        const values = [theirs, ours, last].flatMap(({ out }) => out.trim().split('\n'));
        expect([values.length, new Set(values).size]).toEqual([30, 30]);
      });

      test('events of verifiable-consumer', async () => {
        const masked = (out: string): readonly unknown[] =>
          out
            .trim()
            .split('\n')
            .map((line) =>
              line.replace(/"timestamp":\d+/, '"timestamp":0').replaceAll(/"partition":\d/g, '"partition":0'),
            );
        const line = '--topic movies --max-messages 5 --verbose --group-id';
        const theirs = await apaches('verifiable-consumer', at(`${line} verified-a`));
        const ours = await runOwnTool('verifiable-consumer', at(`${line} verified-b`));
        expect(masked(ours.out)).toEqual(masked(theirs.out));
      });

      test('records of __consumer_offsets by the formatters', async () => {
        // Whoever commits what it has read finds another record to read.
        const quiet = '--command-property enable.auto.commit=false';
        const reading = `--topic __consumer_offsets --from-beginning --timeout-ms 20000 ${quiet} --group`;
        for (const name of ['OffsetsMessageFormatter', 'GroupMetadataMessageFormatter']) {
          const formatter = `--formatter org.apache.kafka.tools.consumer.${name}`;
          const [theirs, ours] = await Promise.all([
            apaches('console-consumer', at(`${reading} reads-a-${name} ${formatter}`)),
            runOwnTool('console-consumer', at(`${reading} reads-b-${name} ${formatter}`)),
          ]);
          // What the readings themselves wrote differs.
          const records = (out: string): readonly string[] =>
            out
              .split('{"key"')
              .filter((record) => !record.includes('"reads-'))
              .sort();
          expect(records(ours.out)).toEqual(records(theirs.out));
          expect(records(ours.out).length).toBeGreaterThan(4);
        }
      });

      test('deletions of offsets and groups', async () => {
        await groups(
          '--delete-offsets --group nope --topic movies',
          "--delete-offsets --group '' --topic movies",
        );
        await groups(
          '--delete-offsets --group classic --topic movies:9',
          '--delete-offsets --group classic --topic nope',
        );
        await groups('--delete-offsets --group classic --topic movies:x');
        await change('--delete-offsets --group NAME --topic movies:0,1 --topic nope');
        await change('--delete-offsets --group NAME --topic movies --topic series');
        await groups('--delete --group nope', "--delete --group ''");
        await change('--delete --group NAME --group nope');
        await change('--delete --group fresh-NAME --group fresh-NAME');
        await groups('--list');
      });

      // The last test: whoever commits while files are read may see them differ.
      test('segments of __consumer_offsets by the decoder, with every type of record and with what compaction left', async () => {
        if (isOurs) await untilCompacted(server);
        else await joinOtherGroups(server.bootstrap);
        const files = (await server.segments()).join(',');
        await both('dump-log', ['--files', files, '--offsets-decoder']);
        await both('dump-log', ['--files', files, '--offsets-decoder', '--skip-record-metadata']);
        const { out } = await runOwnTool('dump-log', ['--files', files, '--offsets-decoder']);
        const types = new Set([...out.matchAll(/ key: \{"type":"(\d+)"/g)].map(([, type]) => Number(type)));
        expect([...types].sort((a, b) => a - b)).toEqual(
          expect.arrayContaining(
            isOurs ? [1, 2, 3, 5, 6, 7, 8] : [1, 2, 3, 5, 6, 7, 8, 10, 11, 12, 13, 17, 19, 23],
          ),
        );
        expect(out).not.toMatch(/Unknown record type|Error at offset/);
      });
    },
  );

  /**
   * Commits positions until newer records have taken the place of older ones. Files are written behind the journal, and compacted
   * a little later: they count once the last commit is in them and nothing changes any more.
   */
  const untilCompacted = async ({ bootstrap, segments }: Judged): Promise<void> => {
    await using client = await connectTo({ bootstrapServers: bootstrap });
    const committedMetadata = 'x'.repeat(4000);
    const dumped = async (): Promise<string> => {
      const files = (await segments()).join(',');
      return (await runOwnTool('dump-log', ['--files', files, '--offsets-decoder'])).out;
    };
    for (let commits = COMMITS; ; commits += COMMITS) {
      for (let offset = commits - COMMITS; offset < commits; offset += 1) {
        const partitions = [0, 1, 2].map((partitionIndex) => ({
          ...{ partitionIndex, committedOffset: Offset(offset), committedMetadata },
        }));
        const topics = [{ name: 'movies', partitions }];
        const answer = await client.ask('OffsetCommit', 8, { groupId: 'compacted', topics });
        expect(answer.topics[0]?.partitions[0]?.errorCode).toBe(0);
      }
      let out = '';
      let before: string;
      do {
        before = out;
        await sleep(SETTLED_MS);
        out = await dumped();
      } while (out !== before || !out.includes(`"offset":${commits - 1},`));
      const kept = out.split('\n').filter((one) => one.includes('"group":"compacted"')).length;
      if (kept < commits * 3) return;
    }
  };
}
