import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BrokerId, SeededRandom } from '@kafkaesque/kernel';
import { ClientError } from '@kafkaesque/client';
import type { LogDirectoryDescription, Reassignment } from '@kafkaesque/client';
import { fakeAdmin } from '../testing/fake-admin';
import type { FakeAdmin, FakeCluster } from '../testing/fake-admin';
import { recordedTerminal } from '../testing/recorded-terminal';
import { parseNewAssignments, parseTopics } from './assignment-file';
import { proposedAssignments } from './generate-assignments';
import type { ReassignAction, ReassignFlags } from './reassign-flags';
import { runAction, tool } from './reassign-partitions-tool';

const directory = mkdtempSync(join(tmpdir(), 'reassign-'));
afterAll(() => rmSync(directory, { recursive: true }));

const file = (content: unknown): string => {
  const path = join(directory, 'file.json');
  writeFileSync(path, JSON.stringify(content));
  return path;
};
const moves = (...partitions: readonly object[]): string => file({ version: 1, partitions });

const holding = (path: string, topic: string, future = false): LogDirectoryDescription => ({
  ...{ path, error: undefined, totalBytes: undefined, usableBytes: undefined, cordoned: false },
  replicas: [{ topic, partition: 0, sizeBytes: 1, offsetLag: 0, future }],
});

const cluster: FakeCluster = {
  brokers: [1, 2, 3],
  topics: {
    mv: { partitions: [{ replicas: [1, 2] }, { replicas: [2, 3] }] },
    zz: { partitions: [{ replicas: [3, 1] }] },
  },
  reassignments: [],
  directories: { 1: [holding('/d/1', 'mv')], 2: [holding('/d/2', 'mv')], 3: [] },
};

const ids = (...of: readonly number[]): readonly BrokerId[] => of.map((id) => BrokerId(id));
const moving: Reassignment = {
  ...{ topic: 'mv', partition: 0, replicas: ids(3, 1, 2) },
  ...{ addingReplicas: ids(3), removingReplicas: ids(2) },
};

const run = async (
  action: ReassignAction,
  flags: ReassignFlags,
  changed: Partial<FakeCluster> = {},
): Promise<{ readonly out: string; readonly admin: FakeAdmin }> => {
  const terminal = recordedTerminal();
  const admin = fakeAdmin({ ...cluster, ...changed });
  await runAction(action, flags, admin, terminal);
  return { out: terminal.written.out, admin };
};
const namesOf = ({ calls }: FakeAdmin): readonly string[] => calls.map(({ name }) => name);

const CURRENT =
  'Current partition replica assignment\n\n' +
  '{"version":1,"partitions":[{"topic":"mv","partition":0,"replicas":[1,2],"log_dirs":["/d/1","/d/2"]}]}\n\n' +
  'Save this to use as the --reassignment-json-file option during rollback\n';
const STARTED = 'Successfully started partition reassignment for mv-0\n';

describe('kafka-reassign-partitions --execute', () => {
  const toThree = (): string => moves({ topic: 'mv', partition: 0, replicas: [3, 1] });

  test('shows where the partitions are before it begins', async () => {
    const { out, admin } = await run('execute', { reassignmentJsonFile: toThree() });
    expect(out).toBe(`${CURRENT}${STARTED}`);
    expect(admin.calls).toEqual([
      {
        name: 'alterPartitionReassignments',
        argument: {
          changes: [{ topic: 'mv', partition: 0, replicas: [3, 1] }],
          allowReplicationFactorChange: true,
        },
      },
    ]);
  });

  test('sets throttles first: who has a replica sends, who gets one receives', async () => {
    const { out, admin } = await run('execute', {
      reassignmentJsonFile: toThree(),
      throttle: 1000,
      replicaAlterLogDirsThrottle: 2000,
    });
    expect(out).toBe(
      `${CURRENT}Warning: You must run --verify periodically, until the reassignment completes, to ensure the throttle is removed.\n` +
        'The inter-broker throttle limit was set to 1000 B/s\n' +
        `The replica-alter-dir throttle limit was set to 2000 B/s\n${STARTED}`,
    );
    const [topics, brokers] = admin.calls.map(({ argument }) => argument as readonly object[]);
    expect(topics).toEqual([
      {
        resource: { type: 'topic', name: 'mv' },
        changes: [
          { name: 'leader.replication.throttled.replicas', operation: 'set', value: '0:1,0:2' },
          { name: 'follower.replication.throttled.replicas', operation: 'set', value: '0:3' },
        ],
      },
    ]);
    expect(brokers?.map((one) => (one as { resource: { name: string } }).resource.name)).toEqual([
      ...['1', '2', '3'],
    ]);
    expect(brokers?.[0]).toMatchObject({
      changes: [
        { name: 'leader.replication.throttled.rate', operation: 'set', value: '1000' },
        { name: 'follower.replication.throttled.rate', operation: 'set', value: '1000' },
      ],
    });
    expect(namesOf(admin).at(-1)).toBe('alterPartitionReassignments');
  });

  test('a move under way keeps its sources when its throttle is changed', async () => {
    const { admin } = await run(
      'execute',
      { reassignmentJsonFile: toThree(), throttle: 1, additional: true },
      { reassignments: [moving], topics: { mv: { partitions: [{ replicas: [3, 1, 2] }] } } },
    );
    expect(admin.calls[0]?.argument).toMatchObject([{ changes: [{ value: '0:1,0:2' }, { value: '0:3' }] }]);
  });

  test('begins nothing beside what is under way unless asked to', async () => {
    await expect(
      run('execute', { reassignmentJsonFile: toThree() }, { reassignments: [moving] }),
    ).rejects.toThrow('Cannot execute because there is an existing partition assignment.  Use --additional');
  });

  test('tells of all partitions that failed', async () => {
    const path = moves(
      { topic: 'zz', partition: 0, replicas: [1] },
      { topic: 'mv', partition: 1, replicas: [1] },
      { topic: 'mv', partition: 0, replicas: [1, 3] },
    );
    const error = new ClientError('broker', 'INVALID_REPLICATION_FACTOR', 'changed from 2 to 1');
    await expect(
      run(
        'execute',
        { reassignmentJsonFile: path, disallowReplicationFactorChange: true },
        { failures: { 'mv-1': error, 'zz-0': error } },
      ),
    ).rejects.toThrow(
      'Error reassigning partition(s):\nmv-1: changed from 2 to 1\nzz-0: changed from 2 to 1',
    );
  });

  test.each([
    ['an unknown broker', { topic: 'mv', partition: 0, replicas: [9] }, 'Unknown broker id 9'],
    ['an unknown topic', { topic: 'no', partition: 0, replicas: [1] }, 'Topic no not found.'],
    ['an unknown partition', { topic: 'mv', partition: 7, replicas: [1] }, 'Unable to find partition: mv-7'],
  ])('refuses %s', async (_, partition, message) => {
    await expect(run('execute', { reassignmentJsonFile: moves(partition) })).rejects.toThrow(message);
  });

  const intoDirectory = (): string =>
    moves({ topic: 'mv', partition: 0, replicas: [1, 2], log_dirs: ['/d/9', 'any'] });

  test('moves replicas into the directories that are named', async () => {
    const { out, admin } = await run('execute', { reassignmentJsonFile: intoDirectory() });
    expect(out).toBe(
      `${CURRENT}${STARTED}Successfully started moving log directory to /d/9 for replica mv-0 with broker 1 \n`,
    );
    expect(admin.calls.at(-1)).toEqual({
      name: 'alterReplicaLogDirs',
      argument: [{ topic: 'mv', partition: 0, broker: 1, path: '/d/9' }],
    });
  });

  test.each([
    ['REPLICA_NOT_AVAILABLE', 'Timed out before log directory move could be started for: mv-0-1'],
    ['LOG_DIR_NOT_FOUND', 'Failed to alter dir for mv-0-1'],
  ])('a directory that fails with %s ends it', async (code, message) => {
    const terminal = recordedTerminal();
    const admin = {
      ...fakeAdmin(cluster),
      alterReplicaLogDirs: () =>
        Promise.resolve([
          {
            kind: 'failed' as const,
            key: { topic: 'mv', partition: 0, broker: BrokerId(1) },
            error: new ClientError('broker', code, 'no'),
          },
        ]),
    };
    const flags = { reassignmentJsonFile: intoDirectory(), timeout: 0 };
    await expect(runAction('execute', flags, admin, terminal)).rejects.toThrow(message);
  });
});

describe('kafka-reassign-partitions --verify', () => {
  test('tells of each partition, and takes the throttles away when nothing moves', async () => {
    const path = moves(
      { topic: 'mv', partition: 1, replicas: [3, 2] },
      { topic: 'mv', partition: 0, replicas: [1, 2] },
      { topic: 'no', partition: 4, replicas: [1] },
    );
    const { out, admin } = await run('verify', { reassignmentJsonFile: path });
    expect(out).toBe(
      'Status of partition reassignment:\n' +
        'Reassignment of partition mv-0 is completed.\n' +
        'There is no active reassignment of partition mv-1, but replica set is 2,3 rather than 3,2.\n' +
        'There is no active reassignment of partition no-4, but replica set is  rather than 1.\n\n' +
        'Clearing broker-level throttles on brokers 1,2,3\n' +
        'Clearing topic-level throttles on topics mv,no\n',
    );
    expect(namesOf(admin)).toEqual(['incrementalAlterConfigs', 'incrementalAlterConfigs']);
    expect(admin.calls[0]?.argument).toMatchObject([
      { resource: { type: 'broker', name: '1' }, changes: [{ operation: 'delete', value: null }, {}, {}] },
      { resource: { name: '2' } },
      { resource: { name: '3' } },
    ]);
  });

  test('leaves the throttles alone while anything moves, also what is not in the file', async () => {
    const path = moves({ topic: 'zz', partition: 0, replicas: [3, 1] });
    const { out, admin } = await run('verify', { reassignmentJsonFile: path }, { reassignments: [moving] });
    expect([out, admin.calls]).toEqual([
      'Status of partition reassignment:\nReassignment of partition zz-0 is completed.\n\n',
      [],
    ]);
  });

  test('tells of directories', async () => {
    const path = moves({
      ...{ topic: 'mv', partition: 0, replicas: [1, 2, 3, 4, 5] },
      log_dirs: ['/d/1', '/d/9', '/d/9', '/d/9', '/d/9'],
    });
    const both = [holding('/d/4', 'mv'), holding('/d/9', 'mv', true)];
    const other = [holding('/d/5', 'mv'), holding('/d/8', 'mv', true)];
    const { out, admin } = await run(
      'verify',
      { reassignmentJsonFile: path },
      { reassignments: [moving], directories: { ...cluster.directories, 4: both, 5: other } },
    );
    expect(out).toBe(
      'Status of partition reassignment:\nReassignment of partition mv-0 is still in progress.\n' +
        'Reassignment of replica mv-0-1 completed successfully.\n' +
        'Partition mv-0 on broker 2 is not being moved from log dir /d/2 to /d/9.\n' +
        'Partition mv-0 is not found in any live log dir on broker 3. There is likely an offline log directory on the broker.\n' +
        'Reassignment of replica mv-0-4 is still in progress.\n' +
        'Partition mv-0 on broker 5 is being moved to log dir /d/8 instead of /d/9.\n',
    );
    expect(admin.calls).toEqual([]);
  });

  test('says the same as JSON for scripts', async () => {
    const path = moves({ topic: 'mv', partition: 0, replicas: [1, 3], log_dirs: ['/d/1', 'any'] });
    const { out } = await run('verify', { reassignmentJsonFile: path, json: true });
    expect(JSON.parse(out)).toEqual({
      partitions: [{ topic: 'mv', partition: 0, replicas: [1, 2], target: [1, 3], state: 'inactive' }],
      replicas: [{ topic: 'mv', partition: 0, broker: 1, logDir: '/d/1', state: 'completed' }],
      active: false,
    });
  });
});

describe('kafka-reassign-partitions --cancel', () => {
  const path = (): string => moves({ topic: 'mv', partition: 0, replicas: [3, 1] });

  test('goes back, and takes the throttles away', async () => {
    const { out, admin } = await run('cancel', { reassignmentJsonFile: path() }, { reassignments: [moving] });
    expect(out).toBe(
      'Successfully cancelled partition reassignment for: mv-0\n' +
        'None of the specified partition moves are active.\n' +
        'Clearing broker-level throttles on brokers 1,2,3\nClearing topic-level throttles on topic mv\n',
    );
    expect(admin.calls[0]?.argument).toMatchObject({
      changes: [{ topic: 'mv', partition: 0, replicas: undefined }],
    });
  });

  test('ends a reassignment that only adds replicas as well', async () => {
    const adding = { ...moving, removingReplicas: [] };
    const { admin } = await run(
      'cancel',
      { reassignmentJsonFile: path(), preserveThrottles: true },
      { reassignments: [adding] },
    );
    expect(namesOf(admin)).toEqual(['alterPartitionReassignments']);
  });

  test('moves replicas back into the directories that they are in', async () => {
    const file = moves({ topic: 'mv', partition: 0, replicas: [1, 2], log_dirs: ['/d/9', 'any'] });
    const { out, admin } = await run(
      'cancel',
      { reassignmentJsonFile: file, preserveThrottles: true },
      { directories: { 1: [holding('/d/1', 'mv'), holding('/d/9', 'mv', true)] } },
    );
    expect(out).toBe(
      'None of the specified partition reassignments are active.\n' +
        'Successfully started moving log directory to /d/1 for replica mv-0 with broker 1 \n',
    );
    expect(namesOf(admin)).toEqual(['alterReplicaLogDirs']);
  });
});

describe('kafka-reassign-partitions --list', () => {
  test('shows what moves', async () => {
    const { out } = await run('list', {}, { reassignments: [moving] });
    expect(out).toBe('Current partition reassignments:\nmv-0: replicas: 3,1,2. adding: 3. removing: 2.\n');
  });

  test('says that nothing moves', async () => {
    expect((await run('list', {})).out).toBe('No partition reassignments found.\n');
    expect((await run('list', { json: true })).out).toBe('{"reassignments":[]}\n');
  });
});

describe('kafka-reassign-partitions --generate', () => {
  test('shows where partitions are, and where they might be', async () => {
    const { out } = await run('generate', {
      topicsToMoveJsonFile: file({ topics: [{ topic: 'zz' }] }),
      brokerList: '2,3',
    });
    expect(out).toMatch(
      /^Current partition replica assignment\n\{"version":1,"partitions":\[\{"topic":"zz","partition":0,"replicas":\[3,1\],"log_dirs":\["any","any"\]\}\]\}\n\nProposed partition reassignment configuration\n\{"version":1,"partitions":\[\{"topic":"zz","partition":0,"replicas":\[(2,3|3,2)\],"log_dirs":\["any","any"\]\}\]\}\n$/,
    );
  });

  test('spreads each topic over racks, with as many replicas as its first partition has', () => {
    const brokers = [1, 2, 3, 4].map((id) => ({
      ...{ brokerId: BrokerId(id), active: true },
      rack: id % 2 === 0 ? 'even' : 'odd',
    }));
    const current = [0, 1, 2, 3].map((partition) => ({ topic: 't', partition, replicas: [1, 3] }));
    const proposed = proposedAssignments(current, brokers, new SeededRandom(1));
    expect(proposed.map(({ replicas }) => replicas.map((id) => id % 2).sort())).toEqual(
      current.map(() => [0, 1]),
    );
    expect(new Set(proposed.map(({ replicas }) => replicas[0])).size).toBe(4);
  });

  test.each([
    ['1,1', 'Broker list contains duplicate entries: [1]'],
    ['1,x', 'For input string: "x"'],
    ['1', 'The target replication factor of 2 cannot be reached because only 1 broker(s) are registered'],
    ['9', 'The target replication factor of 2 cannot be reached because only 0 broker(s) are registered'],
  ])('refuses the brokers %s', async (brokerList, message) => {
    const topicsToMoveJsonFile = file({ topics: [{ topic: 'zz' }] });
    await expect(run('generate', { topicsToMoveJsonFile, brokerList })).rejects.toThrow(message);
  });

  test('refuses a topic that is named twice', () => {
    expect(() => parseTopics('{"topics":[{"topic":"t"},{"topic":"t"}]}')).toThrow(
      'List of topics to reassign contains duplicate entries: [t]',
    );
  });
});

describe('a reassignment file', () => {
  test.each([
    ['{', 'The input string is not a valid JSON'],
    ['[]', 'Expected JSON object, received []'],
    ['{"version":2}', 'Not supported version field value 2'],
    ['{"x":1}', 'Partition reassignment list cannot be empty'],
    ['{"partitions":5}', 'Expected JSON array, received 5'],
    ['{"partitions":[{"topic":"t","partition":0}]}', 'No such field exists: `replicas`'],
    ['{"partitions":[{"topic":3,"partition":0,"replicas":[1]}]}', 'Expected `String` value, received 3'],
    ['{"partitions":[{"topic":"t","partition":0,"replicas":[]}]}', 'Partition replica list cannot be empty'],
    [
      '{"partitions":[{"topic":"t","partition":0,"replicas":[1]},{"topic":"t","partition":0,"replicas":[2]}]}',
      'Partition reassignment contains duplicate topic partitions: t-0',
    ],
    [
      '{"partitions":[{"topic":"t","partition":0,"replicas":[1,1]}]}',
      'Partition replica lists may not contain duplicate entries: t-0 contains multiple entries for 1',
    ],
    [
      '{"partitions":[{"topic":"t","partition":0,"replicas":[1,2],"log_dirs":["any"]}]}',
      'Size of replicas list [1, 2] is different from size of log dirs list [any] for partition t-0',
    ],
  ])('%s is refused', (text, message) => {
    expect(() => parseNewAssignments(text)).toThrow(message);
  });
});

describe('the command line', () => {
  const at = '--bootstrap-server h:1';
  test.each([
    ['', 'This tool helps to move topic partitions between replicas.'],
    ['--list', 'Please specify either --bootstrap-server or --bootstrap-controller'],
    [
      `--list --verify ${at}`,
      'Command must include exactly one action: --generate, --execute, --verify, --cancel, --list',
    ],
    [
      `--list ${at} --bootstrap-controller h:2`,
      "Please don't specify both --bootstrap-server and --bootstrap-controller",
    ],
    [
      '--generate --bootstrap-controller h:1 --topics-to-move-json-file f --broker-list 1',
      'Option "[bootstrap-controller]" can\'t be used with action "[generate]"',
    ],
    [`--list ${at} --throttle 5`, 'Option "[throttle]" can\'t be used with action "[list]"'],
    [`--generate ${at}`, 'Missing required argument "[topics-to-move-json-file]"'],
    [`--generate ${at} --topics-to-move-json-file f`, 'Missing required argument "[broker-list]"'],
    [`--execute ${at}`, 'Missing required argument "[reassignment-json-file]"'],
    [`--execute ${at} --throttle x`, "Cannot parse argument 'x' of option throttle"],
  ])('"%s" is refused', async (line, message) => {
    const terminal = recordedTerminal();
    const code = await tool.run(line === '' ? [] : line.split(' '), terminal, 'kafka-reassign-partitions');
    expect([code, terminal.written.out]).toEqual([1, '']);
    expect(terminal.written.err.startsWith(message)).toBe(true);
  });

  test('a file that is not there is told as the cluster’s own errors are', async () => {
    const terminal = recordedTerminal();
    const line = `--execute ${at} --reassignment-json-file /nowhere`;
    expect(await tool.run(line.split(' '), terminal, 'kafka-reassign-partitions')).toBe(1);
    expect(terminal.written).toEqual({ out: 'Error: Unable to read file /nowhere\n', err: '' });
  });
});
