import { mkdir, mkdtemp, open, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  BrokerEpoch,
  BrokerId,
  BufferPool,
  LeaderEpoch,
  Offset,
  PartitionIndex,
  SeededRandom,
  TopicId,
  silentLogger,
  silentMetrics,
} from '@kafkaesque/kernel';
import { machineClock } from '@kafkaesque/client';
import { encodeRecords } from '@kafkaesque/metadata';
import { encodeBatch, lastOffsetOf, maxTimestampOf } from '@kafkaesque/protocol';
import { defaultLogConfig, openLogDirectory, openNodeDisk, openWriteAheadLog } from '@kafkaesque/storage';
import type { LogDirectory } from '@kafkaesque/storage';
import { recordedTerminal } from '../testing/recorded-terminal';
import { tool } from './fsck-tool';

const TOPIC = TopicId('dGhpcyBpcyBhIHRvcGljIA');
const CLUSTER = 'RaRr4cKcAr4OOgGQEWhcLQ';
let root: string;
beforeEach(async () => (root = await mkdtemp(join(tmpdir(), 'fsck-'))));
afterEach(() => rm(root, { recursive: true }));

const directoryOf = (node: number): string => join(root, `node${node}`);

/** What a node left that was given these values, one batch each; the directory is left open where it is asked for. */
const written = async (
  node: number,
  values: readonly string[],
  clusterId = CLUSTER,
): Promise<LogDirectory> => {
  const directory = await openLogDirectory({
    ...{ disk: openNodeDisk(), path: directoryOf(node), clock: machineClock, clusterId },
    ...{ random: new SeededRandom(node), logger: silentLogger, metrics: silentMetrics },
    ...{ pool: new BufferPool({ keptBytes: 1 << 20 }), nodeId: BrokerId(node), limits: { reserveBytes: 0 } },
  });
  const log = directory.createLog(TOPIC, PartitionIndex(0), defaultLogConfig);
  const durable = new Promise<void>((resolve) =>
    log.listen({
      durable: (offset) => (Number(offset) === values.length ? resolve() : undefined),
      failed: () => undefined,
    }),
  );
  for (const value of values) {
    const bytes = encodeBatch({
      ...{ baseOffset: Offset(log.endOffset), leaderEpoch: LeaderEpoch(0), timestampMs: 5 },
      records: [{ key: null, value: Buffer.from(value) }],
    });
    const [lastOffset, maxTimestampMs] = [lastOffsetOf(bytes), maxTimestampOf(bytes)];
    log.append([
      { bytes, baseOffset: log.endOffset, lastOffset, leaderEpoch: LeaderEpoch(0), maxTimestampMs },
    ]);
  }
  await durable;
  return directory;
};
const left = async (...parameters: Parameters<typeof written>): Promise<void> =>
  (await written(...parameters)).close({ brokerEpoch: BrokerEpoch(1) });

/** Gives a node's directory a metadata log that names the topic. */
const named = async (node: number, name: string): Promise<void> => {
  const directory = join(directoryOf(node), 'metadata');
  await mkdir(directory);
  const log = await openWriteAheadLog({
    ...{ disk: openNodeDisk(), directory, clusterId: CLUSTER, clock: machineClock, logger: silentLogger },
    random: new SeededRandom(1),
  });
  const bytes = encodeRecords([{ kind: 'TopicRecord', value: { name, topicId: TOPIC } }]);
  await log.append({ entries: [{ index: 1, term: 1, type: 0, bytes }] });
  await log.close();
};

const run = async (...argv: readonly string[]) => {
  const terminal = recordedTerminal();
  const code = await tool.run(argv, terminal, 'kafkaesque fsck');
  return { code, ...terminal.written };
};
const damage = async (node: number, position: number): Promise<string> => {
  const directory = join(directoryOf(node), 'topics', TOPIC, '0');
  const name = (await readdir(directory)).find((one) => one.endsWith('.log')) ?? '';
  const file = await open(join(directory, name), 'r+');
  await file.write(Buffer.from('?'), 0, 1, position);
  await file.close();
  return join(directory, name);
};

describe('kafkaesque fsck', () => {
  test('finds nothing wrong with what nodes left, and the same in their replicas', async () => {
    await left(1, ['a', 'b', 'c']);
    await left(2, ['a', 'b']);
    const { code, out, err } = await run(directoryOf(1), directoryOf(2));
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out.split('\n')).toEqual([
      expect.stringMatching(
        `^${directoryOf(1)}: node 1 of cluster ${CLUSTER}, stopped cleanly: 1 partition, 1 segment, 3 batches, \\d+ bytes$`,
      ),
      expect.stringMatching(/node 2 of cluster .*: 1 partition, 1 segment, 2 batches, \d+ bytes$/),
      'compared the replicas of 1 partition: no differences',
      '',
    ]);
  });

  test('says the same as JSON for scripts', async () => {
    await left(1, ['a', 'b', 'c']);
    await left(2, ['a', 'b']);
    const { code, out } = await run('--json', directoryOf(1), directoryOf(2));
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      fine: true,
      directories: [
        {
          ...{ path: directoryOf(1), refusal: null, clusterId: CLUSTER, nodeId: 1, cleanShutdown: true },
          ...{ corruption: [], metadata: [] },
          logs: [{ topicId: TOPIC, partition: 0, logStart: 0, endOffset: 3, batches: 3, findings: [] }],
        },
        { nodeId: 2 },
      ],
      partitions: [{ topicId: TOPIC, partition: 0, nodes: [1, 2], from: 0, to: 2, differences: [] }],
    });
  });

  test('says where a batch is damaged', async () => {
    await left(1, ['a', 'b', 'c']);
    const path = await damage(1, 66);
    const { code, out } = await run(directoryOf(1));
    expect(code).toBe(1);
    expect(out).toContain(`corrupt: ${path}: the checksum of the batch at 0 does not match\n`);
  });

  test('says where replicas differ', async () => {
    await left(1, ['a', 'b', 'c']);
    await left(2, ['a', 'x', 'c']);
    const { code, out } = await run(directoryOf(1), directoryOf(2));
    expect(code).toBe(1);
    expect(out).toContain(`${TOPIC}-0: different from offset 1 on: node 1 has a batch of `);
    expect(out).toContain('compared the replicas of 1 partition: differences in 1\n');
  });

  test('calls topics by the names that the metadata of a directory give them', async () => {
    await left(1, ['a', 'b', 'c']);
    await left(2, ['a', 'x', 'c']);
    await named(2, 'orders');
    const path = await damage(1, 66);
    const { out } = await run(directoryOf(1), directoryOf(2));
    expect(out).toContain(`corrupt: orders-0: ${path}: the checksum of the batch at 0 does not match\n`);
    expect(out).toMatch(/^orders-0: different from offset \d on: node 1 has /m);
    const { out: json } = await run('--json', directoryOf(1), directoryOf(2));
    expect(JSON.parse(json)).toMatchObject({
      directories: [{ logs: [{ topic: 'orders', topicId: TOPIC }] }, { logs: [{ topic: 'orders' }] }],
      partitions: [{ topic: 'orders', topicId: TOPIC, partition: 0 }],
    });
  });

  test('tells of a directory that a start would refuse, and goes on with the others', async () => {
    await left(1, ['a']);
    await left(2, ['a']);
    await writeFile(join(directoryOf(1), 'meta.properties'), 'version=1\n');
    const { code, out } = await run(directoryOf(1), directoryOf(2));
    expect(code).toBe(1);
    expect(out).toMatch(/^corrupt: .*meta.properties says no cluster.id;/);
    expect(out).toContain('node 2 of cluster');
  });

  test('waits for no node: one that runs is named', async () => {
    const directory = await written(1, ['a']);
    const { code, out, err } = await run(directoryOf(1));
    await directory.close({ brokerEpoch: BrokerEpoch(1) });
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toMatch(/is in use by another process: stop it/);
  });

  test('refuses directories of two clusters', async () => {
    await left(1, ['a']);
    await left(2, ['a'], 'AAAAAAAAAAAAAAAAAAAAAA');
    const { code, err } = await run(directoryOf(1), directoryOf(2));
    expect(code).toBe(1);
    expect(err).toMatch(/belongs to cluster .*: check them one cluster at a time/);
  });

  test.each([
    [[], 'Name a log directory'],
    [['/nowhere'], 'ENOENT'],
    [[tmpdir()], 'has no meta.properties: is it one of log.dirs?'],
    [['--repair'], "unrecognized arguments: '--repair'"],
  ])('%p is refused', async (argv, message) => {
    const { code, out, err } = await run(...argv);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toContain(message);
  });
});
