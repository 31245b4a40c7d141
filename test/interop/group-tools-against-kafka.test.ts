import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { javaTools } from './found-clients';
import { complaintIn, runOwnTool } from './own-tool';
import { run, runToSuccess } from './program';

// Each of Apache's tools is a Java process of its own.
jest.setTimeout(600_000);

const PORT = '39492';
const bootstrap = `127.0.0.1:${PORT}`;
const dataDirectory = join(homedir(), `.cache/kafkaesque-peers/run-${PORT}/1/data`);

interface Printed {
  readonly code: number | null;
  /** Sorted: Kafka's order is that of hash tables. */
  readonly lines: readonly string[];
  /** The words of what is wrong, sorted for the same reason. */
  readonly complaint: readonly string[];
}

const printed = (code: number | null, out: string, err: string): Printed => ({
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

if (javaTools === undefined) {
  test('our tools of groups are not compared with Apache’s, which were not asked for or are not here', () => {
    process.stderr.write(
      'interop: skipped the comparison of the tools of groups (npm run test:peers asks for it)\n',
    );
    expect(javaTools).toBeUndefined();
  });
} else {
  const script = javaTools;
  const apaches = async (tool: string, args: readonly string[]) => {
    const { code, stdout, stderr } = await run(script, ['tool', tool, ...args]);
    return { code, out: stdout.toString(), err: stderr };
  };
  const at = (args: string): readonly string[] => ['--bootstrap-server', bootstrap, ...args.split(' ')];
  /** Both tools asked the same of the same cluster, Apache's first. */
  const both = async (tool: string, args: readonly string[]): Promise<void> => {
    const theirs = await apaches(tool, args);
    const ours = await runOwnTool(tool, args);
    expect([args, printed(ours.code, ours.out, ours.err), notesIn(ours.err)]).toEqual([
      args,
      printed(theirs.code, theirs.out, theirs.err),
      notesIn(theirs.err),
    ]);
  };
  /** A change is made twice, for groups whose names differ in one letter. */
  const change = async (tool: string, args: string): Promise<void> => {
    const masked = ({ code, out, err }: { code: number | null; out: string; err: string }) =>
      printed(code, out.replaceAll(/twin-[ab]/g, 'twin'), err.replaceAll(/twin-[ab]/g, 'twin'));
    const theirs = await apaches(tool, at(args.replaceAll('NAME', 'twin-a')));
    const ours = await runOwnTool(tool, at(args.replaceAll('NAME', 'twin-b')));
    expect([args, masked(ours)]).toEqual([args, masked(theirs)]);
  };

  describe('against Apache Kafka, our tools of groups print what its own print:', () => {
    let directory: string;
    beforeAll(async () => {
      directory = mkdtempSync(join(tmpdir(), 'group-tools-'));
      await runToSuccess(script, ['up', '1', PORT]);
      for (const topic of ['movies', 'series']) {
        await runOwnTool('topics', at(`--create --topic ${topic} --partitions 3`));
        await runOwnTool(
          'producer-perf-test',
          at(`--topic ${topic} --num-records 100 --throughput -1 --payload-monotonic`),
        );
      }
      const reading = '--topic movies --from-beginning --max-messages 30 --group';
      for (const name of ['twin-a', 'twin-b', 'classic']) {
        await runOwnTool('console-consumer', at(`${reading} ${name}`));
      }
      await runOwnTool('console-consumer', at(`${reading} new --command-property group.protocol=consumer`));
    });
    afterAll(async () => {
      rmSync(directory, { recursive: true, force: true });
      await runToSuccess(script, ['down', PORT]);
    });

    test('lists, with states and types, and of every type of group', async () => {
      await both('consumer-groups', at('--list'));
      await both('consumer-groups', at('--list --state --type'));
      await both('consumer-groups', at('--list --state empty,stable --type classic'));
      await both('consumer-groups', at('--list --state bogus'));
      await both('consumer-groups', at('--list --type share'));
      await both('groups', at('--list'));
      await both('groups', at('--list --consumer'));
      await both('groups', at('--list --group-type consumer --protocol consumer'));
      await both('groups', at('--list --share'));
    });

    test('descriptions of groups without members, and of none', async () => {
      for (const group of ['--group classic', '--group new --verbose', '--group classic --group new']) {
        await both('consumer-groups', at(`--describe ${group}`));
      }
      await both('consumer-groups', at('--describe --all-groups --state --verbose'));
      await both('consumer-groups', at('--describe --group new --members --verbose'));
      await both('consumer-groups', at('--describe --group nope'));
      await both('consumer-groups', at('--describe --group nope --members'));
    });

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
        await both('consumer-groups', at(`--describe --group ${group}`));
        await both('consumer-groups', at(`--describe --group ${group} --members`));
        await both('consumer-groups', at(`--describe --group ${group} --members --verbose`));
        await both('consumer-groups', at(`--describe --group ${group} --state --verbose`));
        await both(
          'consumer-groups',
          at(`--reset-offsets --group ${group} --topic movies --to-earliest --dry-run`),
        );
        await both('consumer-groups', at(`--delete --group ${group}`));
        await both('consumer-groups', at(`--delete-offsets --group ${group} --topic movies`));
        end.abort();
        for (const { code, out } of await Promise.all(members)) {
          expect([code, out.trim().split('\n').at(-1)]).toEqual([
            0,
            expect.stringContaining('shutdown_complete'),
          ]);
        }
      },
    );

    test('resets by all of its ways', async () => {
      for (const way of [
        ...[
          '--to-earliest',
          '--to-latest',
          '--to-current',
          '--to-offset 5',
          '--to-offset 9999',
          '--shift-by -3',
        ],
        ...[
          '--by-duration P1D',
          '--to-datetime 2020-01-01T00:00:00.000',
          '--to-datetime 2035-01-01T00:00:00.000',
        ],
      ]) {
        await both('consumer-groups', at(`--reset-offsets --group classic --all-topics ${way} --dry-run`));
      }
      await both(
        'consumer-groups',
        at('--reset-offsets --group classic --topic movies:0,1 --topic series --to-latest --dry-run'),
      );
      await both(
        'consumer-groups',
        at('--reset-offsets --group nobody --topic series --to-earliest --dry-run'),
      );
      await both(
        'consumer-groups',
        at('--reset-offsets --group classic --all-topics --to-current --export --dry-run'),
      );
      await both(
        'consumer-groups',
        at('--reset-offsets --group classic --group new --all-topics --to-current --export --dry-run'),
      );
      const one = join(directory, 'one.csv');
      writeFileSync(one, 'movies,0,0\nmovies,2,1\n');
      await both('consumer-groups', at(`--reset-offsets --group classic --from-file ${one} --dry-run`));
      const two = join(directory, 'two.csv');
      writeFileSync(two, 'classic,movies,0,0\nnew,movies,1,0\n');
      await both(
        'consumer-groups',
        at(`--reset-offsets --group classic --group new --from-file ${two} --dry-run`),
      );
      await change(
        'consumer-groups',
        '--reset-offsets --group NAME --topic movies:2 --to-offset 5 --execute',
      );
      await both('consumer-groups', at('--describe --group twin-a --group twin-b'));
    });

    test('resets that cannot be', async () => {
      for (const args of [
        ...['--topic movies:7 --to-earliest', '--topic nope --to-earliest', '--topic movies:x --to-earliest'],
        ...[
          '--topic movies:1:2 --to-earliest',
          '--to-earliest',
          '--topic movies',
          '--topic series --shift-by 1',
        ],
        ...['--all-topics --to-datetime bogus', '--all-topics --by-duration bogus', '--from-file /nowhere'],
        '--topic movies --to-earliest --to-latest',
      ]) {
        await both('consumer-groups', at(`--reset-offsets --group classic ${args} --dry-run`));
      }
    });

    test.each([
      ['consumer-groups', at('--describe')],
      ['consumer-groups', at('--describe --group g --all-groups')],
      ['consumer-groups', at('--describe --group g --members --state')],
      ['consumer-groups', at('--describe --group g --state x')],
      ['consumer-groups', at('--describe --group g --topic t')],
      ['consumer-groups', at('--delete')],
      ['consumer-groups', at('--delete --group g --topic t')],
      ['consumer-groups', at('--delete-offsets --group g')],
      ['consumer-groups', at('--list --group g')],
      ['consumer-groups', at('--list --members')],
      ['consumer-groups', at('--list --new-consumer')],
      ['consumer-groups', at('--reset-offsets --group g --execute --dry-run')],
      ['consumer-groups', ['--list']],
      ['consumer-groups', ['--validate-regex', 'a(']],
      ['consumer-groups', ['--validate-regex', '[z-a]']],
      ['consumer-groups', ['--validate-regex', 'a.*|(?:b)+']],
      ['groups', at('--list --group-type bogus')],
      ['groups', at('--list --share --consumer')],
      ['groups', ['--list']],
      ['console-consumer', at('--topic movies --group g --partition 0')],
    ])('%s %j', (tool, args) => both(tool, args));

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

    test('records of __consumer_offsets: formatters and decoder', async () => {
      const reading = '--topic __consumer_offsets --from-beginning --timeout-ms 5000 --group';
      for (const name of ['OffsetsMessageFormatter', 'GroupMetadataMessageFormatter']) {
        const formatter = `--formatter org.apache.kafka.tools.consumer.${name}`;
        const theirs = await apaches('console-consumer', at(`${reading} reads-a-${name} ${formatter}`));
        const ours = await runOwnTool('console-consumer', at(`${reading} reads-b-${name} ${formatter}`));
        // What the readings themselves wrote differs.
        const records = (out: string): readonly string[] =>
          out
            .split('{"key"')
            .filter((record) => !record.includes('"reads-'))
            .sort();
        expect(records(ours.out)).toEqual(records(theirs.out));
        expect(records(ours.out).length).toBeGreaterThan(4);
      }
      const segments = readdirSync(dataDirectory)
        .filter((name) => name.startsWith('__consumer_offsets-'))
        .map((name) => join(dataDirectory, name, '00000000000000000000.log'))
        .filter((path) => statSync(path).size > 0)
        .join(',');
      await both('dump-log', ['--files', segments, '--offsets-decoder']);
    });

    test('deletions of offsets and groups', async () => {
      await both('consumer-groups', at('--delete-offsets --group nope --topic movies'));
      await both('consumer-groups', at('--delete-offsets --group classic --topic movies:9'));
      await change('consumer-groups', '--delete-offsets --group NAME --topic movies:0,1 --topic nope');
      await both('consumer-groups', at('--delete --group nope'));
      await change('consumer-groups', '--delete --group NAME --group nope');
      await both('consumer-groups', at('--list'));
    });
  });
}
