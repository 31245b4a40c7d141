import { BrokerId } from '@kafkaesque/kernel';
import { fakeAdmin, fakeTopicId } from '../testing/fake-admin';
import type { FakeAdmin, FakeCluster } from '../testing/fake-admin';
import { recordedTerminal } from '../testing/recorded-terminal';
import { parseFlags } from '../command-line/tool-command';
import { checkedAction, parseReplicaAssignment, topicsCommand } from './topics-flags';
import type { TopicsFlags } from './topics-flags';
import { runTopicsAction, tool } from './topics-tool';

const cluster: FakeCluster = {
  topics: {
    'my-topic': { partitions: [{}], configs: { 'cleanup.policy': 'compact', 'retention.ms': '5' } },
    other: {
      partitions: [
        { leader: 1, replicas: [1, 2], isr: [1], elr: [2] },
        { leader: -1, replicas: [2, 1], isr: [] },
        { leader: 2, replicas: [2, 1], isr: [2, 1] },
      ],
      configs: { 'min.insync.replicas': '2' },
    },
    __consumer_offsets: { internal: true, partitions: [{}] },
  },
};

/** Runs one command line against a fake cluster; gives exit code and output. */
const run = async (
  line: string,
  facts: FakeCluster = cluster,
): Promise<{
  readonly code: number;
  readonly out: string;
  readonly err: string;
  readonly admin: FakeAdmin;
}> => {
  const terminal = recordedTerminal();
  const admin = fakeAdmin(facts);
  const argv = ['--bootstrap-server', 'h:1', ...line.split(' ')];
  const parsed = parseFlags<TopicsFlags>(topicsCommand('kafka-topics'), argv, terminal);
  if (parsed.kind === 'done') throw new Error('the test asks for work');
  const code = await runTopicsAction(checkedAction(parsed.flags, argv.length), parsed.flags, admin, terminal);
  return { code, ...terminal.written, admin };
};

const id = (name: string): string => `TopicId: ${fakeTopicId(name)}`;

describe('kafka-topics', () => {
  test('lists names in order, internal ones included unless told otherwise', async () => {
    expect((await run('--list')).out).toBe('__consumer_offsets\nmy-topic\nother\n');
    expect((await run('--list --exclude-internal')).out).toBe('my-topic\nother\n');
    expect((await run('--list --topic my.*,oth.*')).out).toBe('my-topic\nother\n');
    expect((await run('--list', { topics: {} })).out).toBe('\n');
  });

  test('describes a topic byte for byte as Kafka does', async () => {
    expect((await run('--describe --topic my-topic')).out).toBe(
      `Topic: my-topic\t${id('my-topic')}\tPartitionCount: 1\tReplicationFactor: 1\tConfigs: cleanup.policy=compact,retention.ms=5\n` +
        '\tTopic: my-topic\tPartition: 0\tLeader: 1\tReplicas: 1\tIsr: 1\tElr: \tLastKnownElr: \n',
    );
  });

  test('shows missing leaders, eligible leaders, and that it cannot know them', async () => {
    const { out } = await run('--describe --topic other');
    expect(out.split('\n').slice(1, 3)).toEqual([
      '\tTopic: other\tPartition: 0\tLeader: 1\tReplicas: 1,2\tIsr: 1\tElr: 2\tLastKnownElr: ',
      '\tTopic: other\tPartition: 1\tLeader: none\tReplicas: 2,1\tIsr: \tElr: \tLastKnownElr: ',
    ]);
    const unknown = await run('--describe', { topics: { t: { partitions: [{ elr: undefined }] } } });
    expect(unknown.out).toContain('\tElr: N/A\tLastKnownElr: N/A\n');
  });

  test('shows what is being moved, and does not count what is being added', async () => {
    const ids = (...all: readonly number[]) => all.map((one) => BrokerId(one));
    const { out } = await run('--describe', {
      topics: { t: { partitions: [{ replicas: [3, 1, 2], isr: [1, 2] }] } },
      reassignments: [
        {
          topic: 't',
          partition: 0,
          replicas: ids(3, 1, 2),
          addingReplicas: ids(3),
          removingReplicas: ids(1),
        },
      ],
    });
    expect(out).toContain('ReplicationFactor: 2\t');
    expect(out).toContain('\tIsr: 1,2\tAdding Replicas: 3\tRemoving Replicas: 1\tElr: ');
  });

  test.each([
    { flag: '--under-replicated-partitions', partitions: [0, 1] },
    { flag: '--unavailable-partitions', partitions: [1] },
    { flag: '--under-min-isr-partitions', partitions: [0, 1] },
    { flag: '--at-min-isr-partitions', partitions: [2] },
  ])('$flag shows only these', async ({ flag, partitions }) => {
    const { out } = await run(`--describe --topic other ${flag}`);
    const shown = [...out.matchAll(/Partition: (\d+)/g)].map(([, number]) => Number(number));
    expect([shown, out.includes('PartitionCount')]).toEqual([partitions, false]);
  });

  test('--topics-with-overrides shows topics without their partitions', async () => {
    const { out } = await run('--describe --topics-with-overrides');
    expect([...out.matchAll(/^Topic: (\S+)/gm)].map(([, name]) => name)).toEqual(['my-topic', 'other']);
    expect(out).not.toContain('Partition: ');
  });

  test('lists and describes as JSON for scripts', async () => {
    const json = async (line: string): Promise<unknown> => JSON.parse((await run(`${line} --json`)).out);
    expect(await json('--list --exclude-internal')).toEqual({
      topics: ['my-topic', 'other'].map((name) => ({ name, topicId: fakeTopicId(name), internal: false })),
    });
    expect(await json('--describe --topic my-topic')).toEqual({
      topics: [
        {
          ...{ name: 'my-topic', topicId: fakeTopicId('my-topic'), internal: false },
          ...{ partitionCount: 1, replicationFactor: 1 },
          configs: { 'cleanup.policy': 'compact', 'retention.ms': '5' },
          partitions: [
            {
              ...{
                partition: 0,
                leader: 1,
                replicas: [1],
                isr: [1],
                addingReplicas: [],
                removingReplicas: [],
              },
              ...{ eligibleLeaders: [], lastKnownEligibleLeaders: [] },
            },
          ],
        },
      ],
    });
    expect(await json('--describe --unavailable-partitions')).toMatchObject({
      topics: [{ name: 'other', partitionCount: 3, partitions: [{ partition: 1, leader: null }] }],
    });
    expect(await json('--describe --topics-with-overrides')).toMatchObject({
      topics: [
        { name: 'my-topic', partitions: [] },
        { name: 'other', partitions: [] },
      ],
    });
  });

  test('with --json an error stands where nobody parses', async () => {
    expect(await run('--describe --topic nope --json')).toMatchObject({
      ...{ code: 1, out: '' },
      err: "Error while executing topic command : Topic 'nope' does not exist as expected\n",
    });
  });

  test('describes by id, and says when there is no such id', async () => {
    expect((await run(`--describe --topic-id ${fakeTopicId('my-topic')}`)).out).toMatch(/^Topic: my-topic\t/);
    const { code, out } = await run(`--describe --topic-id ${fakeTopicId('nope')}`);
    expect([code, out]).toEqual([
      1,
      `Error while executing topic command : TopicId '${fakeTopicId('nope')}' does not exist as expected\n`,
    ]);
    expect((await run('--describe --topic-id notanid')).out).toContain('`notanid` decoded as 5 bytes');
  });

  test('creates with what was said, and says so', async () => {
    const { code, out, admin } = await run(
      '--create --topic new --partitions 3 --replication-factor 2 --config a=b --config c=d',
    );
    expect([code, out]).toEqual([0, 'Created topic new.\n']);
    expect(admin.calls).toMatchObject([
      { argument: [{ name: 'new', partitions: 3, replicationFactor: 2, configs: { a: 'b', c: 'd' } }] },
    ]);
  });

  test('warns of names that collide in metrics', async () => {
    const { out } = await run('--create --topic a.b');
    expect(out).toBe(
      "WARNING: Due to limitations in metric names, topics with a period ('.') or underscore ('_') could collide. " +
        'To avoid issues it is best to use either, but not both.\nCreated topic a.b.\n',
    );
  });

  test('fails on a topic that is there, unless that is fine', async () => {
    const failed = await run('--create --topic other');
    expect([failed.code, failed.out]).toEqual([
      1,
      "Error while executing topic command : Topic 'other' already exists.\n",
    ]);
    const fine = await run('--create --topic other --if-not-exists');
    expect([fine.code, fine.out]).toEqual([0, '']);
  });

  test('deletes every topic that the expression matches', async () => {
    const { code, out, admin } = await run('--delete --topic .*t.*');
    expect([code, out]).toEqual([0, '']);
    expect(admin.calls).toEqual([
      { name: 'deleteTopics', argument: ['__consumer_offsets', 'my-topic', 'other'] },
    ]);
  });

  test.each(['--delete --topic nope', '--describe --topic nope', '--alter --topic nope --partitions 2'])(
    '%s fails, and with --if-exists does nothing',
    async (line) => {
      const failed = await run(line);
      expect([failed.code, failed.out]).toEqual([
        1,
        "Error while executing topic command : Topic 'nope' does not exist as expected\n",
      ]);
      const fine = await run(`${line} --if-exists`);
      expect([fine.code, fine.out, fine.admin.calls]).toEqual([0, '', []]);
    },
  );

  test('raises the number of partitions, and assigns only the new ones', async () => {
    const { code, admin } = await run(
      '--alter --topic my-topic --partitions 3 --replica-assignment 1:2,2:1,1:2',
    );
    expect(code).toBe(0);
    expect(admin.calls).toEqual([
      {
        name: 'createPartitions',
        argument: {
          'my-topic': {
            total: 3,
            assignments: [
              [2, 1],
              [1, 2],
            ],
          },
        },
      },
    ]);
  });

  test.each([
    ['--create --topic x --partitions 0', 'The partitions must be greater than 0'],
    [
      '--create --topic x --replication-factor 0',
      'The replication factor must be between 1 and 32767 inclusive',
    ],
    ['--create --topic x --config a=b=c', 'all configs to be added must be in the format "key=val"'],
    ['--create --topic x --config a=', 'all configs to be added must be in the format "key=val"'],
    ['--delete --topic [', '[ is an invalid regex.'],
    ['--create --topic x --config a', 'all configs to be added must be in the format "key=val"'],
    ['--create --topic x --replica-assignment 1:1', 'may not contain duplicate entries: 1'],
    ['--create --topic x --replica-assignment 1:2,3', 'Partition 1 has different replication factor: [3]'],
  ])('%s is told as an error of the command', async (line, message) => {
    const { code, out } = await run(line);
    expect([code, out]).toEqual([1, expect.stringContaining(message)]);
  });
});

describe('the command line of kafka-topics', () => {
  test.each([
    ['', 'Create, delete, describe, or change a topic.'],
    [
      '--bootstrap-server h:1',
      'Command must include exactly one action: --list, --describe, --create, --alter or --delete',
    ],
    ['--bootstrap-server h:1 --list --create', 'Command must include exactly one action'],
    ['--list', 'Missing required argument "[bootstrap-server]"'],
    ['--bootstrap-server h:1 --create', 'Missing required argument "[topic]"'],
    ['--bootstrap-server h:1 --alter --topic t', 'Missing required argument "[partitions]"'],
    ['--bootstrap-server h:1 --bogus', 'bogus is not a recognized option'],
    ['--bootstrap-server h:1 --list --topic', 'Option topic requires an argument'],
    [
      '--bootstrap-server h:1 --list --partitions 3',
      'Option "[partitions]" can\'t be used with option "[list]"',
    ],
    [
      '--bootstrap-server h:1 --create --topic t --replica-assignment 1 --partitions 3',
      'Option "[replica-assignment]" can\'t be used with option "[partitions]"',
    ],
    [
      '--bootstrap-server h:1 --list --under-replicated-partitions',
      'Option "[under-replicated-partitions]" can\'t be used with option "[list]"',
    ],
    ['--bootstrap-server h:1 --alter --topic t --config a=b', 'the kafka-configs tool can be used'],
    [
      '--bootstrap-server h:1 --create --topic t --partitions many',
      "Cannot parse argument 'many' of option partitions",
    ],
    [
      '--bootstrap-server h:1 --describe --if-exists',
      '--topic or --topic-id is required to describe a topic',
    ],
    [
      '--bootstrap-server h:1 --describe --topics-with-overrides --unavailable-partitions',
      'Option "[unavailable-partitions]" can\'t be used with option "[topics-with-overrides]"',
    ],
    [
      '--bootstrap-server h:1 --alter --topic t --delete-config a',
      'delete-config option is no longer supported and deprecated since version 4.0. The config will be fully removed in future releases.\nMissing required argument "[partitions]"',
    ],
    [
      '--bootstrap-server h:1 --create --topic t --json',
      'Option "[json]" can\'t be used with option "[create]"',
    ],
    ['--zookeeper h:2181 --list', 'Use --bootstrap-server host:port instead'],
    ['--bootstrap-server nonsense --list', 'is not host:port; write for example localhost:9092'],
  ])('%s is refused with the sentence of Kafka', async (line, message) => {
    const terminal = recordedTerminal();
    const code = await tool.run(line === '' ? [] : line.split(' '), terminal, 'kafka-topics');
    expect([code, terminal.written.err, terminal.written.out]).toEqual([
      1,
      expect.stringContaining(message),
      '',
    ]);
  });

  test('shows options and examples when asked', async () => {
    const terminal = recordedTerminal();
    expect(await tool.run(['--help'], terminal, 'kafka-topics')).toBe(0);
    expect(terminal.written.out).toContain('--under-replicated-partitions');
    expect(terminal.written.out).toContain(
      'kafka-topics --bootstrap-server localhost:9092 --create --topic my-topic',
    );
  });

  test('reads replica assignments', () => {
    expect(parseReplicaAssignment('0:1,1:2 , 2:0')).toEqual([
      [0, 1],
      [1, 2],
      [2, 0],
    ]);
    expect(() => parseReplicaAssignment('a')).toThrow('For input string: "a"');
  });
});
