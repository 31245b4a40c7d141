import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { openClient } from '@kafkaesque/client';
import type { Cluster, ClusterNode } from '@kafkaesque/testkit';
import { createCluster } from '@kafkaesque/testkit';
import { javaTools } from './found-clients';
import { runOwnTool } from './own-tool';
import type { ToolOutput } from './own-tool';
import { run } from './program';
import type { StallingDisk } from './stalling-disk';
import { openStallingDisk } from './stalling-disk';
import { makers } from './tool-makers';

// Each of Apache's tools is a Java process of its own.
jest.setTimeout(240_000);

test('Apache Kafka’s tools judge three nodes of ours when KAFKAESQUE_PEERS=1 asks for them', () => {
  const isAsked = process.env['KAFKAESQUE_PEERS'] === '1';
  if (!isAsked)
    process.stderr.write(
      'interop: three nodes were not administered with Apache’s tools (npm run test:peers)\n',
    );
  expect(makers).toHaveLength(isAsked ? 2 : 1);
});

describe.each(makers)('three brokers and %s:', (_, maker) => {
  let cluster: Cluster;
  let directory: string;
  /** Of the fourth broker. */
  let slow: StallingDisk;
  beforeAll(async () => {
    slow = openStallingDisk();
    directory = mkdtempSync(join(tmpdir(), 'kafkaesque-tools-'));
    cluster = await createCluster({
      ...{ brokers: 4, controllers: 1, combined: false },
      properties: { 'auto.leader.rebalance.enable': false },
      perNode: ({ nodeId }) => (nodeId === 4 ? { world: { disk: slow.disk } } : {}),
    });
  });
  afterAll(async () => {
    slow.goOn();
    await cluster.close();
    rmSync(directory, { recursive: true });
  });

  const node = (id: number): ClusterNode => cluster.nodes[id - 1]!;
  /** Tools ask the first broker first, which no test ends for long. */
  const asked = (tool: string, args: string): Promise<ToolOutput> =>
    maker(tool, [
      '--bootstrap-server',
      node(1).address ?? '',
      ...args.split(' ').filter((one) => one !== ''),
    ]);
  /** What the tool printed; it must have succeeded, and complained of nothing. */
  const printed = async (tool: string, args: string): Promise<string> => {
    const { code, out, err } = await asked(tool, args);
    expect({ code, err, output: code === 0 ? '' : out }).toEqual({ code: 0, err: '', output: '' });
    return out;
  };
  const file = (name: string, content: object): string => {
    const path = join(directory, name);
    writeFileSync(path, JSON.stringify(content));
    return path;
  };
  const assignment = (topic: string, ...replicas: readonly (readonly number[])[]): object => ({
    version: 1,
    partitions: replicas.map((ids, partition) => ({ topic, partition, replicas: ids })),
  });
  const inSync = (topic: string, partition: number, ids: string, by = node(1)): Promise<unknown> =>
    cluster.waitFor(
      () => [...(by.running?.partition(topic, partition)?.inSyncReplicas ?? [])].sort().join() === ids,
    );
  const rows = async (filter: string): Promise<readonly string[]> =>
    (await printed('topics', `--describe ${filter}`)).split('\n').filter((line) => line !== '');
  /** Topics come in no order from Apache's. */
  const found = async (filter: string): Promise<readonly string[]> => [...(await rows(filter))].sort();
  const row = (
    topic: string,
    partition: number,
    leader: number | 'none',
    replicas: string,
    isr: string,
    elr = '',
    last = '',
  ) =>
    `\tTopic: ${topic}\tPartition: ${partition}\tLeader: ${leader}\tReplicas: ${replicas}\tIsr: ${isr}\tElr: ${elr}\tLastKnownElr: ${last}`;

  test('topics creates with three replicas, and its four filters find what a stopped broker leaves behind', async () => {
    const create = '--create --replica-assignment';
    expect(
      await printed('topics', `${create} 1:2:3,2:3:1,3:1:2 --topic three --config min.insync.replicas=2`),
    ).toBe('Created topic three.\n');
    await printed('topics', `${create} 1:3 --topic both --config min.insync.replicas=2`);
    await printed('topics', `${create} 3 --topic alone`);
    await printed('topics', '--create --topic drawn --partitions 4 --replication-factor 3');
    const [head, ...drawn] = await rows('--topic drawn');
    expect(head).toMatch(
      /^Topic: drawn\tTopicId: [\w-]{22}\tPartitionCount: 4\tReplicationFactor: 3\tConfigs: /,
    );
    for (const line of drawn)
      expect(line).toMatch(/Leader: (\d)\tReplicas: \1,\d,\d\tIsr: \1,\d,\d\tElr: \tLastKnownElr: $/);
    expect(await found('--under-replicated-partitions')).toEqual([]);
    await printed('topics', '--delete --topic drawn');
    await cluster.stop(node(3));
    await inSync('both', 0, '1');
    const both = row('both', 0, 1, '1,3', '1', '3');
    const three = [
      row('three', 0, 1, '1,2,3', '1,2'),
      row('three', 1, 2, '2,3,1', '2,1'),
      row('three', 2, 1, '3,1,2', '1,2'),
    ];
    const alone = row('alone', 0, 'none', '3', '', '3', '3');
    expect(await found('--under-replicated-partitions')).toEqual([alone, both, ...three]);
    expect(await found('--unavailable-partitions')).toEqual([alone]);
    expect(await found('--under-min-isr-partitions')).toEqual([alone, both]);
    expect(await found('--at-min-isr-partitions')).toEqual(three);
    await cluster.restart(node(3));
    await inSync('both', 0, '1,3');
    for (const partition of [0, 1, 2]) await inSync('three', partition, '1,2,3');
    expect(await found('--under-min-isr-partitions')).toEqual([]);
  });

  test('leader-election gives leaderships back to first replicas', async () => {
    const elect = '--election-type preferred --topic three --partition 2';
    expect(await printed('leader-election', elect)).toBe(
      'Successfully completed leader election (PREFERRED) for partitions three-2\n',
    );
    expect(await printed('leader-election', elect)).toBe(
      'Valid replica already elected for partitions three-2\n',
    );
    expect((await cluster.leaderOf('three', 2)).nodeId).toBe(3);
    await cluster.restart(node(2));
    await inSync('three', 1, '1,2,3');
    const partitions = [
      { topic: 'three', partition: 0 },
      { topic: 'three', partition: 1 },
    ];
    const path = file('elect.json', { partitions });
    expect(await printed('leader-election', `--election-type preferred --path-to-json-file ${path}`)).toBe(
      'Successfully completed leader election (PREFERRED) for partitions three-1\n' +
        'Valid replica already elected for partitions three-0\n',
    );
    const missing = await asked('leader-election', '--election-type preferred --topic nowhere --partition 0');
    expect([missing.code, missing.out.split(':', 2).join(':')]).toEqual([
      1,
      'Error completing leader election (PREFERRED) for partition: nowhere-0',
    ]);
  });

  test('leader-election elects uncleanly where nobody in sync is left', async () => {
    await printed('topics', '--create --topic rest --replica-assignment 2:3');
    await cluster.stop(node(2));
    await inSync('rest', 0, '3');
    await cluster.stop(node(3));
    await inSync('rest', 0, '');
    await cluster.restart(node(2));
    expect(await rows('--unavailable-partitions --topic rest')).toEqual([
      row('rest', 0, 'none', '2,3', '', '3', '3'),
    ]);
    const elect = (type: string): Promise<ToolOutput> =>
      asked('leader-election', `--election-type ${type} --topic rest --partition 0`);
    const preferred = await elect('preferred');
    expect([preferred.code, preferred.out.split(':', 2).join(':')]).toEqual([
      1,
      'Error completing leader election (PREFERRED) for partition: rest-0',
    ]);
    expect(await elect('unclean')).toEqual({
      ...{ code: 0, err: '' },
      out: 'Successfully completed leader election (UNCLEAN) for partitions rest-0\n',
    });
    expect((await cluster.leaderOf('rest', 0)).nodeId).toBe(2);
    await cluster.restart(node(3));
    await inSync('rest', 0, '2,3');
  });

  test('log-dirs shows every replica where it is', async () => {
    const out = await printed('log-dirs', '--describe --topic-list three --broker-list 1,2,3');
    const [first, second, json = ''] = out.split('\n');
    expect([first, second]).toEqual([
      'Querying brokers for log directories information',
      'Received log directory information from brokers 1,2,3',
    ]);
    const { brokers } = JSON.parse(json) as { readonly brokers: readonly BrokerDirectories[] };
    const shown = brokers.map(({ broker, logDirs }) => ({
      broker,
      logDirs: logDirs.map(({ logDir, error, partitions }) => ({
        ...{ logDir, error },
        partitions: [...partitions].sort((a, b) => (a.partition < b.partition ? -1 : 1)),
      })),
    }));
    const partitions = [0, 1, 2].map((partition) => ({
      ...{ partition: `three-${partition}`, size: 0, offsetLag: 0, isFuture: false },
    }));
    expect(shown).toEqual(
      [1, 2, 3].map((id) => ({
        broker: id,
        logDirs: [{ logDir: node(id).directory, error: null, partitions }],
      })),
    );
  });

  test('verifiable-producer has records of every replica acknowledged', async () => {
    const out = await printed('verifiable-producer', '--topic three --max-messages 600 --acks -1');
    const last = out.trim().split('\n').at(-1) ?? '';
    expect(JSON.parse(last)).toMatchObject({ name: 'tool_data', sent: 600, acked: 600 });
  });

  test('reassign-partitions generates, executes under a throttle, and verifies', async () => {
    const topics = file('topics.json', { version: 1, topics: [{ topic: 'three' }] });
    const generated = await printed(
      'reassign-partitions',
      `--generate --topics-to-move-json-file ${topics} --broker-list 1,2,3`,
    );
    const [, current = '', , proposal, proposed = ''] = generated.split('\n');
    expect(proposal).toBe('Proposed partition reassignment configuration');
    const directories = (ids: readonly number[]): readonly string[] => ids.map((id) => node(id).directory);
    expect(JSON.parse(current)).toEqual({
      version: 1,
      partitions: [
        [1, 2, 3],
        [2, 3, 1],
        [3, 1, 2],
      ].map((replicas, partition) => ({
        topic: 'three',
        partition,
        replicas,
        log_dirs: directories(replicas),
      })),
    });
    expect(JSON.parse(proposed)).toMatchObject({ version: 1, partitions: [{}, {}, {}] });
    const target = file('target.json', assignment('three', [4, 2], [2, 4, 1], [3, 1, 2]));
    const execute = `--execute --reassignment-json-file ${target}`;
    const started = await printed('reassign-partitions', `${execute} --throttle 50000000`);
    expect(started).toMatch(/^Current partition replica assignment\n\n\{.*\}\n\nSave this to use/);
    expect(started.split('\n').slice(5)).toEqual([
      'Warning: You must run --verify periodically, until the reassignment completes, to ensure the throttle is removed.',
      'The inter-broker throttle limit was set to 50000000 B/s',
      'Successfully started partition reassignments for three-0,three-1,three-2',
      '',
    ]);
    await inSync('three', 0, '2,4');
    await inSync('three', 1, '1,2,4');
    expect(await printed('reassign-partitions', `--verify --reassignment-json-file ${target}`)).toBe(
      'Status of partition reassignment:\n' +
        [0, 1, 2]
          .map((partition) => `Reassignment of partition three-${partition} is completed.\n`)
          .join('') +
        '\nClearing broker-level throttles on brokers 1,2,3,4\nClearing topic-level throttles on topic three\n',
    );
    expect(await printed('reassign-partitions', '--list')).toBe('No partition reassignments found.\n');
    expect((await printed('configs', '--describe --topic three')).includes('throttled')).toBe(false);
    expect((await printed('configs', '--describe --broker 1')).includes('throttled')).toBe(false);
    const back = file('back.json', assignment('three', [1, 2, 3], [2, 3, 1], [3, 1, 2]));
    await printed('reassign-partitions', `--execute --reassignment-json-file ${back}`);
    await inSync('three', 0, '1,2,3');
    await inSync('three', 1, '1,2,3');
  });

  test('reassign-partitions lists, describes and cancels what cannot go on', async () => {
    await using client = openClient({ bootstrapServers: node(1).address ?? '' });
    await using producer = client.producer();
    await producer.send({ topic: 'three', partition: 0, value: 'never durable on the fourth' });
    slow.stall();
    const target = file('away.json', assignment('three', [4, 2, 3]));
    const started = await printed('reassign-partitions', `--execute --reassignment-json-file ${target}`);
    expect(started).toContain('Successfully started partition reassignment for three-0\n');
    expect(await printed('reassign-partitions', '--list')).toBe(
      'Current partition reassignments:\nthree-0: replicas: 4,2,3,1. adding: 4. removing: 1.\n',
    );
    expect(await printed('reassign-partitions', `--verify --reassignment-json-file ${target}`)).toBe(
      'Status of partition reassignment:\nReassignment of partition three-0 is still in progress.\n\n',
    );
    const [head, first] = await rows('--topic three');
    expect(head).toContain('\tReplicationFactor: 3\t');
    expect(first).toMatch(
      /^\tTopic: three\tPartition: 0\tLeader: 1\tReplicas: 4,2,3,1\tIsr: [123],[123],[123]\tAdding Replicas: 4\tRemoving Replicas: 1\tElr: /,
    );
    const again = await asked('reassign-partitions', `--execute --reassignment-json-file ${target}`);
    expect([again.code, again.out.split('.')[0]]).toEqual([
      1,
      'Cannot execute because there is an existing partition assignment',
    ]);
    const cancel = `--cancel --preserve-throttles --reassignment-json-file ${target}`;
    // Apache's does not end its last line (docs/decisions/0012).
    expect((await printed('reassign-partitions', cancel)).trim()).toBe(
      'Successfully cancelled partition reassignment for: three-0\nNone of the specified partition moves are active.',
    );
    expect((await printed('reassign-partitions', cancel)).trim()).toBe(
      'None of the specified partition reassignments are active.\nNone of the specified partition moves are active.',
    );
    expect((await rows('--topic three'))[1]).toMatch(
      /^\tTopic: three\tPartition: 0\tLeader: 1\tReplicas: [123],[123],[123]\t/,
    );
    slow.goOn();
  });
});

describe('replica-verification', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await createCluster({ brokers: 3 });
  });
  afterAll(() => cluster.close());

  test('reads every replica, and reports how far behind the verification is', async () => {
    await using client = openClient({ bootstrapServers: cluster.bootstrapServers });
    await client.admin().createTopics([{ name: 'compared', partitions: 2, replicationFactor: 3 }]);
    await using producer = client.producer();
    for (let i = 0; i < 50; i++)
      await producer.send({ topic: 'compared', partition: i % 2, value: `value ${i}` });
    const options = '--time -2 --max-wait-ms 50 --report-interval-ms 200 --topics-include compared';
    const { code, out, err } = await runOwnTool(
      'replica-verification',
      ['--broker-list', cluster.bootstrapServers, ...options.split(' ')],
      AbortSignal.timeout(2000),
    );
    expect({ code, err }).toEqual({
      code: 130,
      err: 'WARN This tool is deprecated and may be removed in a future major release.\n',
    });
    const [started, ...reports] = out.trim().split('\n');
    expect(started).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}: verification process is started$/);
    expect(reports.at(-1)).toMatch(
      /^[\d\- :,]{23}: max lag is 0 for partition compared-0 at offset 25 among 2 partitions$/,
    );
  });

  if (javaTools !== undefined) {
    test('as Apache’s has it reads every replica too', async () => {
      const jars = join(homedir(), '.cache/kafkaesque-peers/kafka-4.3.0/*');
      const java = ['-cp', jars, 'org.apache.kafka.tools.ReplicaVerificationTool'];
      const options = '--time -2 --max-wait-ms 50 --report-interval-ms 200 --topics-include compared';
      const { stdout } = await run('timeout', [
        ...['20', 'java', ...java, '--broker-list', cluster.bootstrapServers, ...options.split(' ')],
      ]);
      const reports = stdout.toString().trim().split('\n');
      expect(reports[0]).toMatch(/: verification process is started$/);
      expect(reports.at(-1)).toMatch(
        /: max lag is 0 for partition compared-\d at offset 25 among 2 partitions$/,
      );
    });
  }

  test.each([
    ['--topics-include nowhere', 'ERROR No topics found. [topics-include] if specified'],
    ['--topics-include [', '[ is an invalid regex'],
    ['--fetch-size many', "Cannot parse argument 'many' of option fetch-size"],
  ])('%s is refused', async (options, sentence) => {
    const args = ['--broker-list', cluster.bootstrapServers, ...options.split(' ')];
    const { code, err } = await runOwnTool('replica-verification', args);
    expect([code, err.includes(sentence)]).toEqual([1, true]);
  });
});

interface BrokerDirectories {
  readonly broker: number;
  readonly logDirs: readonly {
    readonly logDir: string;
    readonly error: string | null;
    readonly partitions: readonly { readonly partition: string }[];
  }[];
}
