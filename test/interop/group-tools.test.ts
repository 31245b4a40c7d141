import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { groupProperties } from './group-scene';
import { runOwnTool } from './own-tool';
import type { ToolOutput } from './own-tool';
import { openServer } from './server-under-test';
import type { ServerUnderTest } from './server-under-test';

jest.setTimeout(180_000);

let server: ServerUnderTest;
let directory: string;
beforeAll(async () => {
  server = await openServer({ properties: groupProperties });
  directory = mkdtempSync(join(tmpdir(), 'group-tools-'));
});
afterAll(async () => {
  await server.close();
  rmSync(directory, { recursive: true });
});

const tool = (name: string, args: string, end?: AbortSignal): Promise<ToolOutput> =>
  runOwnTool(name, ['--bootstrap-server', server.bootstrap, ...args.split(' ')], end);
const groups = (args: string): Promise<ToolOutput> => tool('consumer-groups', args);

/** Columns of the rows below the titles, without those that differ from run to run. */
const rows = (out: string): readonly string[] =>
  out
    .split('\n')
    .slice(2)
    .filter((line) => line !== '')
    .map((line) => line.replaceAll(/ +/g, ' ').trim());

/** A topic of one partition with a hundred numbers. */
const filled = async (purpose: string): Promise<string> => {
  const topic = await server.topic(purpose, {}, 1);
  await tool('producer-perf-test', `--topic ${topic} --num-records 100 --throughput -1 --payload-monotonic`);
  return topic;
};

describe.each(['classic', 'consumer'])('with groups of the %s protocol, our tools', (protocol) => {
  const property = `--command-property group.protocol=${protocol}`;

  test('read on where they stopped, and show how far they are', async () => {
    const topic = await filled(`positions-${protocol}`);
    const group = server.name(`reads-${protocol}`);
    const read = `--topic ${topic} --group ${group} ${property} --max-messages`;
    const first = await tool('console-consumer', `${read} 30 --from-beginning`);
    const second = await tool('console-consumer', `${read} 10`);
    const values = `${first.out}${second.out}`.trim().split('\n');
    expect(values).toEqual(Array.from({ length: 40 }, (_, index) => String(index)));
    const { out, err } = await groups(`--describe --group ${group}`);
    expect(rows(out)).toEqual([`${group} ${topic} 0 40 100 60 - - -`]);
    expect(err).toBe(`\nConsumer group '${group}' has no active members.\n`);
    const listed = await groups('--list --state --type');
    const type = protocol === 'classic' ? 'Classic' : 'Consumer';
    expect(listed.out.replaceAll(/ +/g, ' ')).toContain(`\n${group} ${type} Empty \n`);
    expect((await tool('groups', '--list --json')).out).toContain(
      JSON.stringify({ group, type, protocol: 'consumer' }),
    );
  });

  test('move, export, delete offsets, and delete the group', async () => {
    const topic = await filled(`resets-of-groups-${protocol}`);
    const group = server.name(`resets-${protocol}`);
    await tool(
      'console-consumer',
      `--topic ${topic} --group ${group} ${property} --max-messages 30 --from-beginning`,
    );
    const reset = async (args: string): Promise<readonly string[]> =>
      rows((await groups(`--reset-offsets --group ${group} ${args}`)).out);
    expect(await reset(`--topic ${topic} --to-earliest --dry-run`)).toEqual([`${group} ${topic} 0 0`]);
    expect(await reset('--all-topics --shift-by 5 --execute')).toEqual([`${group} ${topic} 0 35`]);
    expect(await reset('--all-topics --to-datetime 2020-01-01T00:00:00.000 --dry-run')).toEqual([
      `${group} ${topic} 0 0`,
    ]);
    const exported = await groups(
      `--reset-offsets --group ${group} --all-topics --to-current --export --dry-run`,
    );
    // Names beyond 24 characters are quoted, as by Kafka.
    expect(exported.out).toBe(`"${topic}",0,35\n\n`);
    expect(topic.length).toBeGreaterThan(24);
    const plan = join(directory, `${protocol}.csv`);
    writeFileSync(plan, exported.out.replace(',35', ',12'));
    expect(await reset(`--from-file ${plan} --execute`)).toEqual([`${group} ${topic} 0 12`]);
    expect(rows((await groups(`--describe --group ${group}`)).out)).toEqual([
      `${group} ${topic} 0 12 100 88 - - -`,
    ]);
    expect((await groups(`--delete-offsets --group ${group} --topic ${topic}`)).out).toContain('Successful');
    const deleted = await groups(`--delete --group ${group}`);
    // Without members and offsets it may have gone by itself.
    expect(deleted.out).toMatch(/was successful|The group id does not exist/);
    expect((await groups(`--describe --group ${group}`)).out).toBe(
      `\nError: Executing consumer group command failed due to org.apache.kafka.common.errors.GroupIdNotFoundException: Group ${group} not found.\n`,
    );
  });

  test('show members that share, and touch nothing under them', async () => {
    const topic = await server.topic(`members-${protocol}`, {}, 4);
    const group = server.name(`members-${protocol}`);
    const end = new AbortController();
    const line = `--topic ${topic} --group-id ${group} --group-protocol ${protocol}`;
    const running = ['', ' --group-instance-id fixed'].map((one) =>
      tool('verifiable-consumer', `${line}${one}`, end.signal),
    );
    const members = async (): Promise<readonly string[]> =>
      rows((await groups(`--describe --group ${group} --members --verbose`)).out);
    const state = async (): Promise<string> =>
      rows((await groups(`--describe --group ${group} --state`)).out)[0] ?? '';
    const isShared = async (): Promise<boolean> => {
      const shown = await members();
      const isEven = shown.length === 2 && shown.every((row) => row.includes(' 2 '));
      return isEven && (await state()).endsWith(' Stable 2');
    };
    while (!(await isShared())) await new Promise((resolve) => void setTimeout(resolve, 100));
    expect((await members()).map((row) => row.includes(' fixed ')).sort()).toEqual([false, true]);
    const assignor = protocol === 'classic' ? 'range' : 'uniform';
    expect(await state()).toMatch(new RegExp(`^${group} \\S+ \\(\\d+\\) ${assignor} Stable 2$`));
    expect(
      (await groups(`--reset-offsets --group ${group} --topic ${topic} --to-earliest --execute`)).out,
    ).toContain(
      `Assignments can only be reset if the group '${group}' is inactive, but the current state is Stable.`,
    );
    expect((await groups(`--delete --group ${group}`)).out).toContain(
      'GroupNotEmptyException: The group is not empty.',
    );
    expect((await groups(`--delete-offsets --group ${group} --topic ${topic}`)).out).toContain(
      'Error: Encountered some partition-level error, see the follow-up details.',
    );
    end.abort();
    for (const { code, out } of await Promise.all(running)) {
      expect([code, out]).toEqual([0, expect.stringContaining('"name":"partitions_assigned"')]);
    }
  });
});

test('console-consumer reads topics by an expression, and prints what groups have committed', async () => {
  const topic = await filled('included');
  const group = server.name('included');
  const read = await tool(
    'console-consumer',
    `--include ${topic.slice(0, -1)}. --group ${group} --from-beginning --max-messages 5 --formatter-property print.partition=true`,
  );
  expect(read.out).toBe([0, 1, 2, 3, 4].map((value) => `Partition:0\t${value}\n`).join(''));
  const committed = await tool(
    'console-consumer',
    '--topic __consumer_offsets --from-beginning --timeout-ms 4000 --formatter OffsetsMessageFormatter',
  );
  expect(committed.out).toContain(
    `{"key":{"type":1,"data":{"group":"${group}","topic":"${topic}","partition":0}},"value":{"version":`,
  );
});

test('consumer-perf-test tells how long it took to join, as a member of its group', async () => {
  const topic = await filled('measured');
  const group = server.name('measured');
  const { out } = await tool(
    'consumer-perf-test',
    `--topic ${topic} --num-records 100 --group ${group} --print-metrics`,
  );
  const [header = '', line = ''] = out.split('\n');
  const row = Object.fromEntries(header.split(', ').map((name, index) => [name, line.split(', ')[index]]));
  expect(row).toMatchObject({
    'data.consumed.in.nMsg': '100',
    'rebalance.time.ms': expect.stringMatching(/^\d+$/) as unknown,
  });
  expect(out).toContain(
    'consumer-coordinator-metrics:rebalance-total:{client-id=perf-consumer-client}          : 1.000',
  );
  expect(rows((await groups(`--describe --group ${group}`)).out)).toEqual([
    `${group} ${topic} 0 100 100 0 - - -`,
  ]);
});
