import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApacheTools } from './apache-tools';
import { javaTools } from './found-clients';
import { groupProperties } from './group-scene';
import type { Ran } from './program';
import { linesOf, run } from './program';
import type { ServerUnderTest } from './server-under-test';
import { openServer } from './server-under-test';
import { startProgram } from './terminal-program';

// Each consumer is a Java process of its own.
jest.setTimeout(900_000);

const RECORDS = 300;
const PARTITIONS = 3;

if (javaTools === undefined) {
  test('Apache Kafka’s own consumers did not join groups of ours, for they were not asked', () => {
    process.stderr.write('interop: Apache’s consumers joined no groups (npm run test:peers asks them)\n');
    expect(javaTools).toBeUndefined();
  });
} else {
  const script = javaTools;
  const scratch = mkdtempSync(join(tmpdir(), 'kafkaesque-java-groups-'));
  let server: ServerUnderTest;
  let tools: ApacheTools;
  beforeAll(async () => {
    server = await openServer({ properties: groupProperties });
    tools = new ApacheTools();
  });
  afterAll(async () => {
    await tools[Symbol.asyncDispose]();
    await server.close();
    rmSync(scratch, { recursive: true });
  });

  const at = (): readonly string[] => ['--bootstrap-server', server.bootstrap];
  const tool = (name: string, args: readonly string[], input = ''): Promise<Ran> =>
    run(script, ['tool', name, ...at(), ...args], { input });
  const groups = async (...args: readonly string[]): Promise<string> => {
    const { code, out, err } = await tools.run('consumer-groups', [...at(), ...args]);
    expect({ code, err: code === 0 ? '' : err }).toEqual({ code: 0, err: '' });
    return out;
  };
  const filled = async (purpose: string): Promise<string> => {
    const topic = await server.topic(purpose);
    // With keys, so that every partition gets some.
    const lines = Array.from({ length: RECORDS }, (_, line) => `${line}:${line}\n`).join('');
    const keyed = ['parse.key=true', 'key.separator=:'].flatMap((one) => ['--reader-property', one]);
    const { code } = await tool('console-producer', ['--topic', topic, ...keyed], lines);
    expect(code).toBe(0);
    return topic;
  };
  const offsetsIn = (described: string): readonly number[] =>
    linesOf(Buffer.from(described))
      .filter((line) => /^\S+ +\S+ +\d+ +\d+/.test(line))
      .map((line) => Number(line.trim().split(/ +/)[3]));
  const sum = (values: readonly number[]): number => values.reduce((one, other) => one + other, 0);

  test.each(['classic', 'consumer'] as const)(
    'console-consumer reads as a member of a group by the %s protocol, and goes on where it was',
    async (protocol) => {
      const topic = await filled(`java-console-${protocol}`);
      const group = server.name(`java-console-${protocol}`);
      const consume = (most: number): Promise<Ran> =>
        tool('console-consumer', [
          ...['--topic', topic, '--group', group, '--max-messages', String(most)],
          ...['--command-property', `group.protocol=${protocol}`],
          ...['--command-property', 'auto.offset.reset=earliest', '--timeout-ms', '60000'],
        ]);
      const first = linesOf((await consume(RECORDS / 3)).stdout);
      const rest = linesOf((await consume((RECORDS * 2) / 3)).stdout);
      expect([...first, ...rest].map(Number).sort((a, b) => a - b)).toEqual(
        Array.from({ length: RECORDS }, (_, line) => line),
      );
      expect(sum(offsetsIn(await groups('--describe', '--group', group)))).toBe(RECORDS);
    },
  );

  test.each(['classic', 'consumer'] as const)(
    'verifiable-consumer tells of its assignment, its records and its commits by the %s protocol',
    async (protocol) => {
      const topic = await filled(`java-verifiable-${protocol}`);
      const group = server.name(`java-verifiable-${protocol}`);
      const { code, stdout } = await tool('verifiable-consumer', [
        ...['--topic', topic, '--group-id', group, '--max-messages', String(RECORDS)],
        ...['--group-protocol', protocol, '--reset-policy', 'earliest'],
      ]);
      expect(code).toBe(0);
      const events = linesOf(stdout).map((line) => JSON.parse(line) as VerifiableEvent);
      const read = events.filter(({ name }) => name === 'records_consumed');
      expect(sum(read.map(({ count }) => count))).toBe(RECORDS);
      const assigned = events.find(({ name }) => name === 'partitions_assigned');
      expect(assigned?.partitions).toHaveLength(PARTITIONS);
      expect(events.some(({ name, success }) => name === 'offsets_committed' && success)).toBe(true);
      expect(sum(offsetsIn(await groups('--describe', '--group', group)))).toBe(RECORDS);
    },
  );

  test('consumer-perf-test reads everything in a group', async () => {
    const topic = await filled('java-perf');
    const group = server.name('java-perf');
    const { code, stdout } = await tool('consumer-perf-test', [
      ...['--topic', topic, '--group', group, '--num-records', String(RECORDS), '--timeout', '60000'],
    ]);
    expect(code).toBe(0);
    const [, figures = ''] = linesOf(stdout).slice(-2);
    expect(Number(figures.split(', ')[4])).toBe(RECORDS);
  });

  test('consumer-groups lists, describes, resets in all ways, deletes offsets and groups', async () => {
    const topic = await filled('java-groups');
    const group = server.name('java-groups');
    const member = startProgram(
      script,
      [
        ...['tool', 'console-consumer', ...at(), '--topic', topic, '--group', group],
        ...['--command-property', 'auto.offset.reset=earliest'],
      ],
      { isGroup: true },
    );
    await member.until((output) => output.split('\n').length > RECORDS);
    expect(linesOf(Buffer.from(await groups('--list')))).toContain(group);
    expect(await groups('--list', '--state')).toMatch(new RegExp(`^${group} +Stable`, 'm'));
    expect(await groups('--list', '--type')).toMatch(new RegExp(`^${group} +Classic`, 'm'));
    const members = await groups('--describe', '--group', group, '--members', '--verbose');
    expect(members).toMatch(
      new RegExp(`^${group} +console-consumer-\\S+ +/127.0.0.1 +console-consumer +3 `, 'm'),
    );
    expect(await groups('--describe', '--group', group, '--state')).toMatch(
      new RegExp(`^${group} +127.0.0.1:\\d+ +\\(1\\) +range +Stable +\\S* *1`, 'm'),
    );
    // What has members is not changed.
    expect(await groups('--delete', '--group', group)).toContain('The group is not empty');
    member.interrupt();
    await member.ended;
    expect(await groups('--describe', '--all-groups', '--offsets')).toContain(topic);

    const reset = async (...args: readonly string[]): Promise<readonly number[]> => {
      const plan = await groups('--reset-offsets', '--group', group, '--topic', topic, ...args);
      return offsetsIn(plan);
    };
    expect(await reset('--to-earliest', '--dry-run')).toEqual([0, 0, 0]);
    expect(sum(offsetsIn(await groups('--describe', '--group', group)))).toBe(RECORDS);
    expect(await reset('--to-earliest', '--execute')).toEqual([0, 0, 0]);
    expect(await reset('--shift-by', '2', '--execute')).toEqual([2, 2, 2]);
    expect(await reset('--to-offset', '1', '--execute')).toEqual([1, 1, 1]);
    expect(await reset('--to-current', '--execute')).toEqual([1, 1, 1]);
    expect(sum(await reset('--to-latest', '--execute'))).toBe(RECORDS);
    expect(await reset('--by-duration', 'P1D', '--execute')).toEqual([0, 0, 0]);
    expect(sum(await reset('--to-datetime', '2100-01-01T00:00:00.000', '--execute'))).toBe(RECORDS);
    const file = join(scratch, 'plan.csv');
    writeFileSync(file, [0, 1, 2].map((partition) => `"${topic}",${partition},${partition}\n`).join(''));
    const fromFile = await groups('--reset-offsets', '--group', group, '--from-file', file, '--execute');
    expect([...offsetsIn(fromFile)].sort((a, b) => a - b)).toEqual([0, 1, 2]);
    const exported = ['--topic', topic, '--to-current', '--export', '--dry-run'];
    expect(await groups('--reset-offsets', '--group', group, ...exported)).toContain(`"${topic}",1,1`);

    expect(await groups('--delete-offsets', '--group', group, '--topic', `${topic}:0`)).toContain(
      'Successful',
    );
    expect(offsetsIn(await groups('--describe', '--group', group))).toHaveLength(PARTITIONS - 1);
    expect(await groups('--delete', '--group', group)).toBe(
      `Deletion of requested consumer groups ('${group}') was successful.\n`,
    );
    expect(linesOf(Buffer.from(await groups('--list')))).not.toContain(group);
  });
}

interface VerifiableEvent {
  readonly name: string;
  readonly count: number;
  readonly partitions: readonly unknown[];
  readonly success?: boolean;
}
