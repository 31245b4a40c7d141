import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fakeAdmin } from '../testing/fake-admin';
import type { FakeAdmin, FakeCluster } from '../testing/fake-admin';
import { refused } from '../testing/fake-groups';
import { recordedTerminal, standingClock } from '../testing/recorded-terminal';
import { runGroupsAction, tool } from './consumer-groups-tool';
import type { ConsumerGroupsFlags, GroupsAction } from './group-flags';

const topics = { t: { partitions: [{}, {}] }, other: { partitions: [{}] } };
const offsets = { 't-0': 100, 't-1': 50, 'other-0': 7 };

const run = async (
  action: Exclude<GroupsAction, 'validateRegex'>,
  flags: Partial<ConsumerGroupsFlags>,
  cluster: Partial<FakeCluster>,
): Promise<{ readonly out: string; readonly err: string; readonly calls: FakeAdmin['calls'] }> => {
  const admin = fakeAdmin({ topics, offsets, ...cluster });
  const terminal = recordedTerminal();
  const clock = standingClock();
  expect(await runGroupsAction(action, { flags: { timeout: 1000, ...flags }, admin, terminal, clock })).toBe(
    0,
  );
  return { ...terminal.written, calls: admin.calls };
};

const refusalOf = async (line: string): Promise<string> => {
  const terminal = recordedTerminal();
  expect(await tool.run(line === '' ? [] : line.split(' '), terminal, 'kafka-consumer-groups')).toBe(1);
  return terminal.written.err;
};

const at = '--bootstrap-server h:1';

describe('kafka-consumer-groups', () => {
  test.each([
    ['', 'This tool helps to list all consumer groups, describe a consumer group'],
    ['--list', 'Missing required argument "[bootstrap-server]"'],
    [
      at,
      'Command must include exactly one action: --list, --describe, --delete, --reset-offsets, --delete-offsets, --validate-regex',
    ],
    [`${at} --list --delete --group g`, `Option "[group]" can't be used with option "[list]"`],
    [`${at} --describe`, 'Option [describe] takes one of these options: [all-groups], [group]'],
    [`${at} --describe --group g --members --state`, 'Option [describe] takes at most one of these options'],
    [`${at} --describe --group g --state x`, 'Option [describe] does not take a value for [state]'],
    [`${at} --describe --group g --all-groups`, `Option "[group]" can't be used with option "[all-groups]"`],
    [`${at} --describe --group g --topic t`, `Option "[topic]" can't be used with option "[describe]"`],
    [`${at} --members`, 'Option(s) [members] are unavailable given other options on the command line'],
    [`${at} --describe --group g --type x`, 'Option(s) [type] are unavailable'],
    [`${at} --delete`, 'Option [delete] takes one of these options'],
    [`${at} --delete --group g --topic t`, 'The consumer does not support topic-specific offset deletion'],
    [
      `${at} --delete-offsets --group g`,
      'Option [delete-offsets] takes the following options: [topic], [group]',
    ],
    [`${at} --reset-offsets --dry-run`, 'Option [reset-offsets] takes one of these options'],
    [
      `${at} --reset-offsets --group g --dry-run --execute`,
      'Option [reset-offsets] only accepts one of [execute] and [dry-run]',
    ],
    [
      `${at} --reset-offsets --group g --dry-run --to-earliest --to-latest`,
      `Option "[to-earliest]" can't be used with option "[to-latest]"`,
    ],
    [`${at} --reset-offsets --group g --shift-by x`, "Cannot parse argument 'x' of option shift-by"],
    [`${at} --list --new-consumer`, 'new-consumer is not a recognized option'],
  ])('%s is refused', async (line, message) => {
    expect(await refusalOf(line)).toContain(message);
  });

  test('warns that a reset without --execute does nothing', async () => {
    expect(await refusalOf(`${at} --reset-offsets`)).toMatch(
      /^WARN: No action will be performed as the --execute/,
    );
  });

  test.each([
    ['a.*', 'The regular expression `a.*` is valid.\n'],
    ['a(', 'The regular expression `a(` is invalid: missing closing ).\n'],
  ])('judges the regular expression %s as RE2 does', async (regex, expected) => {
    const terminal = recordedTerminal();
    expect(await tool.run(['--validate-regex', regex], terminal, 'kafka-consumer-groups')).toBe(0);
    expect(terminal.written.out).toBe(expected);
  });

  test('lists groups of consumers, and their types and states when that is asked', async () => {
    const groups = { a: {}, b: { type: 'Consumer', members: [{}] }, c: { protocolType: 'connect' } } as const;
    expect((await run('list', {}, { groups })).out).toBe('a\nb\n');
    expect((await run('list', { state: true, type: 'consumer' }, { groups })).out).toBe(
      `${'GROUP'.padEnd(25)} ${'TYPE'.padEnd(20)} ${'STATE'.padEnd(20)}\n` +
        `${'b'.padEnd(25)} ${'Consumer'.padEnd(20)} ${'Stable'.padEnd(20)}\n`,
    );
    await expect(run('list', { state: 'empty,bogus' }, { groups })).rejects.toThrow(
      "Invalid state list 'empty,bogus'. Valid states are: ",
    );
    await expect(run('list', { type: 'share' }, { groups })).rejects.toThrow("Invalid types list 'share'.");
  });

  test('describes offsets: members with most partitions first, then what nobody reads, with lag where it is known', async () => {
    const groups = {
      g: {
        committed: { 't-0': 40, 'other-0': 7 },
        members: [
          { memberId: 'one', assignment: [] },
          {
            memberId: 'two',
            clientId: 'mine',
            assignment: [
              { topic: 't', partition: 1 },
              { topic: 't', partition: 0 },
            ],
          },
        ],
      },
    };
    const { out, err } = await run('describe', { group: ['g'] }, { groups });
    expect(out).toBe(`
GROUP           TOPIC           PARTITION  CURRENT-OFFSET  LOG-END-OFFSET  LAG             CONSUMER-ID     HOST            CLIENT-ID
g               t               0          40              100             60              two             /127.0.0.1      mine
g               t               1          -               50              -               two             /127.0.0.1      mine
g               other           0          7               7               0               -               -               -
`);
    expect(err).toBe('');
  });

  test('describes what it can where a topic is gone', async () => {
    const { out } = await run(
      'describe',
      { group: ['g'], verbose: true },
      { groups: { g: { committed: { 'gone-0': 3 } } } },
    );
    expect(out.split('\n').at(2)?.split(/ +/)).toEqual(['g', 'gone', '0', '-', '3', '-', '-', '-', '-', '-']);
  });

  test('describes members, with what they have and shall have when asked for more', async () => {
    const assignment = [
      { topic: 't', partition: 1 },
      { topic: 't', partition: 0 },
    ];
    const groups = {
      g: {
        ...({ type: 'Consumer', targetAssignmentEpoch: 4 } as const),
        members: [
          {
            memberId: 'one',
            instanceId: 'i',
            assignment,
            memberEpoch: 3,
            upgraded: true,
            targetAssignment: [{ topic: 'u', partition: 0 }, ...assignment],
          },
          { memberId: 'two', upgraded: false },
        ],
      },
    };
    const plain = await run('describe', { group: ['g'], members: true }, { groups });
    expect(plain.out).toBe(`
GROUP           CONSUMER-ID     GROUP-INSTANCE-ID HOST            CLIENT-ID       #PARTITIONS     
g               one             i                 /127.0.0.1      c               2               
g               two                               /127.0.0.1      c               0               
`);
    const verbose = await run('describe', { group: ['g'], members: true, verbose: true }, { groups });
    expect(verbose.out.split('\n').slice(1, 4)).toEqual([
      expect.stringMatching(
        /#PARTITIONS {5}CURRENT-EPOCH {3}CURRENT-ASSIGNMENT {3}TARGET-EPOCH {4}TARGET-ASSIGNMENT {4}UPGRADED$/,
      ),
      expect.stringMatching(/ 2 {15}3 {15}t:0,1 {16}4 {15}t:0,1;u:0 {12}true$/),
      expect.stringMatching(/ 0 {15}- {15}- {20}4 {15}- {20}false$/),
    ]);
  });

  test('describes states, and says what is unusual on standard error', async () => {
    const groups = { busy: { state: 'PreparingRebalance' }, dead: { state: 'Dead' }, idle: {} } as const;
    const { out, err } = await run('describe', { allGroups: true, state: true }, { groups });
    expect(out).toContain("\nError: Consumer group 'dead' does not exist.\n");
    expect(out).toContain(
      `\n${'busy'.padEnd(15)} ${'h:9092  (1)'.padEnd(25)} ${'-'.padEnd(20)} ${'PreparingRebalance'.padEnd(20)} 0\n`,
    );
    expect(err).toBe(
      "\nWarning: Consumer group 'busy' is rebalancing.\n\nConsumer group 'idle' has no active members.\n",
    );
  });

  test('says of a group that does not exist what the broker said, and ends with 0 as Kafka does', async () => {
    const { out } = await run('describe', { group: ['nope'] }, {});
    expect(out).toBe(
      '\nError: Executing consumer group command failed due to org.apache.kafka.common.errors.GroupIdNotFoundException: Group nope not found.\n',
    );
  });

  test('deletes groups, and tells of each that could not be', async () => {
    const groups = { a: {}, b: { failure: refused('NON_EMPTY_GROUP', 68, 'has members') } };
    expect((await run('delete', { group: ['a'] }, { groups })).out).toBe(
      "Deletion of requested consumer groups ('a') was successful.\n",
    );
    expect((await run('delete', { group: ['a', 'b'] }, { groups })).out).toBe(`
Error: Deletion of some consumer groups failed:
* Group 'b' could not be deleted due to: org.apache.kafka.common.errors.GroupNotEmptyException: has members

These consumer groups were deleted successfully: 'a'
`);
  });

  test('deletes offsets of topics and partitions', async () => {
    const { out, calls } = await run(
      'deleteOffsets',
      { group: ['g'], topic: ['t', 'other:0', 'nope'] },
      { groups: { g: {} } },
    );
    expect(calls).toEqual([
      {
        name: 'deleteGroupOffsets',
        argument: {
          groupId: 'g',
          partitions: [
            { topic: 'other', partition: 0 },
            { topic: 't', partition: 0 },
            { topic: 't', partition: 1 },
          ],
        },
      },
    ]);
    expect(out.split('\n')).toEqual([
      'Request succeeded for deleting offsets from group g.',
      '',
      'TOPIC           PARTITION  STATUS         ',
      expect.stringMatching(/^nope {12}- {10}Error: org.apache.kafka.common.errors.UnknownTopicOrPartition/),
      'other           0          Successful     ',
      't               0          Successful     ',
      't               1          Successful     ',
      '',
    ]);
    const failure = refused('GROUP_SUBSCRIBED_TO_TOPIC', 86, 'reads it');
    const subscribed = await run(
      'deleteOffsets',
      { group: ['g'], topic: ['other'] },
      { groups: { g: { failure } } },
    );
    expect(subscribed.out).toMatch(
      /^\nError: Encountered some partition-level error, see the follow-up details.\n/,
    );
    const several = await run('deleteOffsets', { group: ['g', 'h'], topic: ['other'] }, {});
    expect([several.out, several.calls]).toEqual([
      '\nError: Executing consumer group command failed due to Found multiple arguments for option group, but you asked for only one\n',
      [],
    ]);
    const missing = await run('deleteOffsets', { group: ['g'], topic: ['other'] }, {});
    expect(missing.out).toMatch(/^\nError: The group id does not exist.\n\nTOPIC/);
  });
});

describe('a reset of offsets', () => {
  const groups = { g: { committed: { 't-0': 40 } }, busy: { members: [{}] } };
  const reset = (flags: Partial<ConsumerGroupsFlags>) =>
    run('resetOffsets', { group: ['g'], ...flags }, { groups });
  const rows = (out: string): readonly string[] =>
    out
      .split('\n')
      .slice(2, -1)
      .map((line) => line.replaceAll(/ +/g, ' '));

  test.each<{ readonly flags: Partial<ConsumerGroupsFlags>; readonly expected: readonly string[] }>([
    { flags: { topic: ['t'], toLatest: true }, expected: ['g t 0 100', 'g t 1 50'] },
    { flags: { topic: ['t:1'], toOffset: 0 }, expected: ['g t 1 50'] },
    { flags: { topic: ['t', 't:0,1,', 't'], toLatest: true }, expected: ['g t 0 100', 'g t 1 50'] },
    { flags: { topic: ['t:0'], toOffset: 999 }, expected: ['g t 0 100'] },
    { flags: { allTopics: true, toCurrent: true }, expected: ['g t 0 40'] },
    { flags: { topic: ['t'], toCurrent: true }, expected: ['g t 0 40', 'g t 1 50'] },
    { flags: { allTopics: true, shiftBy: 70 }, expected: ['g t 0 100'] },
    { flags: { allTopics: true, byDuration: 'PT1H' }, expected: ['g t 0 100'] },
    { flags: { allTopics: true, toDatetime: '2026-01-01T00:00:00.000' }, expected: ['g t 0 100'] },
  ])('of $flags is to $expected', async ({ flags, expected }) => {
    // The fake cluster's logs begin where they end.
    const { out, calls } = await reset(flags);
    expect(rows(out)).toEqual(expected);
    expect(calls).toEqual([]);
  });

  test('is committed with --execute only', async () => {
    const { calls } = await reset({ topic: ['t:0'], toLatest: true, execute: true });
    expect(calls).toEqual([
      {
        name: 'alterGroupOffsets',
        argument: { groupId: 'g', offsets: [{ topic: 't', partition: 0, offset: 100 }] },
      },
    ]);
  });

  test('of a group with members is refused, and of the others done', async () => {
    const { out } = await run(
      'resetOffsets',
      { allGroups: true, topic: ['t:0'], toLatest: true },
      { groups },
    );
    expect(out).toBe(`
Error: Assignments can only be reset if the group 'busy' is inactive, but the current state is Stable.

GROUP           TOPIC           PARTITION  NEW-OFFSET
g               t               0          100
`);
  });

  test('of a group that does not exist makes it', async () => {
    const { calls } = await reset({ group: ['new'], topic: ['other'], toLatest: true, execute: true });
    expect(calls).toMatchObject([{ name: 'alterGroupOffsets', argument: { groupId: 'new' } }]);
  });

  test.each<{ readonly flags: Partial<ConsumerGroupsFlags>; readonly message: string }>([
    {
      flags: { toLatest: true },
      message: 'One of the reset scopes should be defined: --all-topics, --topic.',
    },
    { flags: { topic: ['t'] }, message: "Option '[reset-offsets]' requires one of the following scenarios" },
    {
      flags: { topic: ['t:x'], toLatest: true },
      message: "Invalid partition 'x' specified in topic arg 't:x''",
    },
    {
      flags: { topic: ['t:1:2'], toLatest: true },
      message: "Invalid topic arg 't:1:2', expected topic name and partitions",
    },
    {
      flags: { topic: ['t:1'], shiftBy: 1 },
      message: 'Cannot shift offset for partition t-1 since there is no current committed offset',
    },
  ])('with $flags is a wrong command line', async ({ flags, message }) => {
    await expect(reset(flags)).rejects.toThrow(message);
  });

  test.each<{ readonly flags: Partial<ConsumerGroupsFlags>; readonly message: string }>([
    { flags: { topic: ['t:7'], toLatest: true }, message: 'The partitions "t-7" do not exist' },
    {
      flags: { topic: ['t'], toDatetime: 'soon' },
      message:
        "java.text.ParseException: Error parsing timestamp. It does not contain a 'T' according to ISO8601 format",
    },
    { flags: { topic: ['t'], byDuration: 'soon' }, message: 'Text cannot be parsed to a Duration' },
    { flags: { fromFile: '/nowhere' }, message: 'java.io.IOException: Unable to read file /nowhere' },
  ])('with $flags fails, and says why', async ({ flags, message }) => {
    expect((await reset(flags)).out).toBe(
      `\nError: Executing consumer group command failed due to ${message}\n`,
    );
  });

  describe('by a file', () => {
    let directory: string;
    beforeAll(() => {
      directory = mkdtempSync(join(tmpdir(), 'plan-'));
    });
    afterAll(() => rmSync(directory, { recursive: true, force: true }));
    const plan = (text: string): string => {
      const path = join(directory, 'plan.csv');
      writeFileSync(path, text);
      return path;
    };

    test('takes what an export wrote, of one group and of several', async () => {
      const one = await reset({ allTopics: true, toCurrent: true, export: true });
      expect(one.out).toBe('t,0,40\n\n');
      expect(rows((await reset({ fromFile: plan('t,0,100\n"t",1,50\n') })).out)).toEqual([
        'g t 0 100',
        'g t 1 50',
      ]);
      const both = { group: ['g', 'new'], topic: ['other'], toLatest: true, export: true } as const;
      expect((await reset(both)).out).toBe('g,other,0,7\nnew,other,0,7\n\n');
      const fromFile = plan('g,other,0,7\nnew,other,0,7\n');
      expect(rows((await reset({ group: ['g', 'new'], fromFile })).out)).toEqual([
        'g other 0 7',
        'new other 0 7',
      ]);
    });

    test('says which line it cannot read, and which group the file does not name', async () => {
      expect((await reset({ fromFile: plan('t,0,1\nt,zero,1\n') })).out).toContain(
        'has a line that is not topic,partition,offset: t,zero,1',
      );
      expect((await reset({ fromFile: plan('h,t,0,1\n') })).out).toContain(
        'Error: No reset plan for group g found\n',
      );
    });

    test('names no partitions that are not there, and no offsets below zero', async () => {
      expect((await reset({ fromFile: plan('t,7,0\n') })).out).toContain('The partitions "t-7" do not exist');
      expect((await reset({ fromFile: plan('nope,0,0\n') })).out).toContain(
        'UnknownTopicOrPartitionException',
      );
      await expect(reset({ fromFile: plan('t,0,-1\n') })).rejects.toThrow('Invalid negative offset');
    });

    test.each([
      ['a-name-of-24-characters-', 'a-name-of-24-characters-'],
      ['a-name-of-25-characters--', '"a-name-of-25-characters--"'],
      ['of two', '"of two"'],
      ['a"b', '"a""b"'],
    ])('shows the group %s as %s where Kafka does', async (group, shown) => {
      const flags = { group: ['g', group], topic: ['other'], toLatest: true, export: true } as const;
      const { out } = await reset(flags);
      expect(out.split('\n')).toContain(`${shown},other,0,7`);
      expect(rows((await reset({ group: ['g', group], fromFile: plan(out) })).out)).toContain(
        `${group} other 0 7`,
      );
    });
  });
});
