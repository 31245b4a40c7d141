import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openClient } from '@kafkaesque/client';
import type { Cluster } from '@kafkaesque/testkit';
import { createCluster } from '@kafkaesque/testkit';
import { makers } from './tool-makers';

// Each of Apache's tools is a Java process of its own.
jest.setTimeout(240_000);

test('Apache Kafka’s tools move replicas of ours when KAFKAESQUE_PEERS=1 asks for them', () => {
  const isAsked = process.env['KAFKAESQUE_PEERS'] === '1';
  if (!isAsked)
    process.stderr.write('interop: no replica was moved with Apache’s tools (npm run test:peers)\n');
  expect(makers).toHaveLength(isAsked ? 2 : 1);
});

interface Place {
  readonly path: string;
  readonly isFuture: boolean;
  readonly offsetLag: number;
}

describe.each(makers)('a broker with two log directories and %s:', (_, maker) => {
  let cluster: Cluster;
  let directory: string;
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'kafkaesque-directories-'));
    cluster = await createCluster({
      brokers: 1,
      perNode: (node) => ({ properties: { 'log.dirs': `${node.directory},${node.directory}-second` } }),
    });
  });
  afterAll(async () => {
    await cluster.close();
    rmSync(directory, { recursive: true });
  });

  /** What the tool printed; it must have succeeded, and complained of nothing. */
  const printed = async (tool: string, args: string): Promise<string> => {
    const { code, out, err } = await maker(tool, [
      ...['--bootstrap-server', cluster.bootstrapServers],
      ...args.split(' '),
    ]);
    expect({ code, err, output: code === 0 ? '' : out }).toEqual({ code: 0, err: '', output: '' });
    return out;
  };
  const places = async (): Promise<readonly Place[]> => {
    const out = await printed('log-dirs', '--describe --topic-list lying');
    const { brokers } = JSON.parse(out.split('\n')[2] ?? '') as Described;
    return brokers.flatMap(({ logDirs }) =>
      logDirs.flatMap(({ logDir, partitions }) =>
        partitions.map(({ isFuture, offsetLag }) => ({ path: logDir, isFuture, offsetLag })),
      ),
    );
  };

  test('reassign-partitions moves a replica under a throttle, tells how far it has come, and takes the throttle away', async () => {
    await using client = openClient({ bootstrapServers: cluster.bootstrapServers });
    await client.admin().createTopics([{ name: 'lying', partitions: 1 }]);
    await using producer = client.producer();
    const value = Buffer.alloc(1000, 'x');
    for (let i = 0; i < 40; i++) await producer.send({ topic: 'lying', partition: 0, value });
    const [first] = await places();
    const home = cluster.nodes[0]!.directory;
    const target = first?.path === home ? `${home}-second` : home;
    const path = join(directory, 'moves.json');
    const partitions = [{ topic: 'lying', partition: 0, replicas: [1], log_dirs: [target] }];
    writeFileSync(path, JSON.stringify({ version: 1, partitions }));

    const execute = `--execute --reassignment-json-file ${path}`;
    const started = await printed('reassign-partitions', `${execute} --replica-alter-log-dirs-throttle 1`);
    expect(started.split('\n').slice(5)).toEqual([
      'Warning: You must run --verify periodically, until the reassignment completes, to ensure the throttle is removed.',
      'The replica-alter-dir throttle limit was set to 1 B/s',
      'Successfully started partition reassignment for lying-0',
      `Successfully started moving log directory to ${target} for replica lying-0 with broker 1 `,
      '',
    ]);
    const verify = `--verify --reassignment-json-file ${path}`;
    const status = 'Status of partition reassignment:\nReassignment of partition lying-0 is completed.\n';
    expect(await printed('reassign-partitions', verify)).toBe(
      `${status}Reassignment of replica lying-0-1 is still in progress.\n`,
    );
    const moving = await places();
    expect(moving.find(({ isFuture }) => !isFuture)).toEqual({ ...first, offsetLag: 0 });
    expect(moving.find(({ isFuture }) => isFuture)?.path).toBe(target);
    expect(moving.find(({ isFuture }) => isFuture)?.offsetLag).toBeGreaterThan(0);

    await printed(
      'reassign-partitions',
      `${execute} --additional --replica-alter-log-dirs-throttle 100000000`,
    );
    await cluster.waitFor(async () => {
      const now = await places();
      return now.length === 1 && now[0]?.path === target && !now[0].isFuture;
    });
    expect(await printed('reassign-partitions', verify)).toBe(
      `${status}Reassignment of replica lying-0-1 completed successfully.\n` +
        'Clearing broker-level throttles on broker 1\nClearing topic-level throttles on topic lying\n',
    );
    expect((await printed('configs', '--describe --broker 1')).includes('io.max.bytes')).toBe(false);
    const back = await printed('reassign-partitions', `--cancel --reassignment-json-file ${path}`);
    expect(back).toContain('None of the specified partition moves are active.');
  });
});

interface Described {
  readonly brokers: readonly {
    readonly logDirs: readonly {
      readonly logDir: string;
      readonly partitions: readonly { readonly isFuture: boolean; readonly offsetLag: number }[];
    }[];
  }[];
}
