import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { LeaderEpoch, PartitionIndex, ProducerEpoch, silentLogger } from '@kafkaesque/kernel';
import { ErrorCode } from '@kafkaesque/protocol';
import type { Cluster } from '@kafkaesque/testkit';
import { createCluster } from '@kafkaesque/testkit';
import type { BadClient } from '../bad-input/client';
import {
  altered,
  batchOf,
  connectTo,
  createdTopic,
  deletedTopic,
  fetched,
  listed,
  produced,
  valuesFrom,
} from './node-client';

/** Runs `work` with a connection of its own. */
const withClient = async <Result>(
  cluster: Cluster,
  work: (client: BadClient) => Promise<Result>,
): Promise<Result> => {
  await using client = await connectTo(cluster);
  return await work(client);
};

const scannedBytes = ({ node }: Cluster): readonly number[] =>
  node.recoveries.map((report) => report.scannedBytes);

describe('a node that starts again', () => {
  test.each(['clean', 'crash'] as const)(
    'after a %s end has records, topics, configuration and producers',
    async (how) => {
      await using cluster = await createCluster();
      const idempotent = await withClient(cluster, async (client) => {
        await createdTopic(client, 'orders', { 'retention.ms': '123456789' }, 3);
        const { producerId } = await client.ask('InitProducerId', 4, {
          transactionalId: null,
          transactionTimeoutMs: 1,
        });
        const first = batchOf(['a', 'b'], { producerId, producerEpoch: ProducerEpoch(0), baseSequence: 0 });
        const second = batchOf(['c'], { producerId, producerEpoch: ProducerEpoch(0), baseSequence: 2 });
        expect(await produced(client, 'orders', Buffer.from(first))).toMatchObject({
          errorCode: 0,
          baseOffset: 0,
        });
        expect(await produced(client, 'orders', Buffer.from(second))).toMatchObject({
          errorCode: 0,
          baseOffset: 2,
        });
        expect(await altered(client, 'orders', 'max.message.bytes', '5000')).toBe(0);
        return { producerId, first, second };
      });
      const { clusterId } = cluster;
      await cluster.restart(how);
      if (how === 'clean') expect(scannedBytes(cluster)).toEqual([0]);
      expect(cluster.node.clusterId).toBe(clusterId);
      await withClient(cluster, async (client) => {
        expect(await valuesFrom(client, 'orders', 0)).toEqual(['a', 'b', 'c']);
        // A retry of what was answered before the end is answered with its first offset, and appends nothing.
        const { producerId, first, second } = idempotent;
        expect(await produced(client, 'orders', Buffer.from(second))).toMatchObject({
          errorCode: 0,
          baseOffset: 2,
        });
        expect(await produced(client, 'orders', Buffer.from(first))).toMatchObject({
          errorCode: 0,
          baseOffset: 0,
        });
        const gap = batchOf(['x'], { producerId, producerEpoch: ProducerEpoch(0), baseSequence: 9 });
        expect(await produced(client, 'orders', gap)).toMatchObject({
          errorCode: ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER,
        });
        const next = batchOf(['d'], { producerId, producerEpoch: ProducerEpoch(0), baseSequence: 3 });
        expect(await produced(client, 'orders', next)).toMatchObject({ errorCode: 0, baseOffset: 3 });
        expect(await valuesFrom(client, 'orders', 0)).toEqual(['a', 'b', 'c', 'd']);
        const { producerId: another } = await client.ask('InitProducerId', 4, {
          transactionalId: null,
          transactionTimeoutMs: 1,
        });
        expect(another).toBeGreaterThan(producerId);
        const { results } = await client.ask('DescribeConfigs', 4, {
          resources: [
            {
              resourceType: 2,
              resourceName: 'orders',
              configurationKeys: ['retention.ms', 'max.message.bytes'],
            },
          ],
        });
        expect(results[0]?.configs.map(({ name, value }) => [name, value]).sort()).toEqual([
          ['max.message.bytes', '5000'],
          ['retention.ms', '123456789'],
        ]);
      });
    },
  );

  test('leads in a new epoch, and says where the old one ended', async () => {
    await using cluster = await createCluster();
    await withClient(cluster, async (client) => {
      await createdTopic(client, 'epochs');
      await produced(client, 'epochs', batchOf(['a', 'b']));
    });
    await cluster.restart();
    await withClient(cluster, async (client) => {
      await produced(client, 'epochs', batchOf(['c']));
      const endOf = async (leaderEpoch: number, currentLeaderEpoch: number): Promise<unknown> => {
        const { topics } = await client.ask('OffsetForLeaderEpoch', 4, {
          topics: [
            {
              topic: 'epochs',
              partitions: [
                {
                  partition: PartitionIndex(0),
                  currentLeaderEpoch: LeaderEpoch(currentLeaderEpoch),
                  leaderEpoch: LeaderEpoch(leaderEpoch),
                },
              ],
            },
          ],
        });
        return topics[0]?.partitions[0];
      };
      const { topics } = await client.ask('Metadata', 12, { topics: [{ name: 'epochs' }] });
      const epoch = topics[0]?.partitions[0]?.leaderEpoch ?? -1;
      expect(epoch).toBeGreaterThan(0);
      expect(await endOf(0, epoch)).toMatchObject({ errorCode: 0, leaderEpoch: 0, endOffset: 2 });
      expect(await endOf(epoch, epoch)).toMatchObject({ errorCode: 0, leaderEpoch: epoch, endOffset: 3 });
      expect(await endOf(epoch + 1, epoch)).toMatchObject({ errorCode: 0, leaderEpoch: -1, endOffset: -1 });
      expect(await endOf(0, 0)).toMatchObject({ errorCode: ErrorCode.FENCED_LEADER_EPOCH });
      expect(await endOf(0, epoch + 1)).toMatchObject({ errorCode: ErrorCode.UNKNOWN_LEADER_EPOCH });
    });
  });

  test('has nothing of a topic that was deleted, even when one of its name came after it', async () => {
    await using cluster = await createCluster();
    const [before, after] = await withClient(cluster, async (client) => {
      const first = await createdTopic(client, 'again');
      await produced(client, 'again', batchOf(['old', 'older']));
      expect(await deletedTopic(client, 'again')).toBe(0);
      expect(await produced(client, 'again', batchOf(['x']))).toMatchObject({
        errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
      });
      const second = await createdTopic(client, 'again');
      expect(await produced(client, 'again', batchOf(['new']))).toMatchObject({
        errorCode: 0,
        baseOffset: 0,
      });
      return [first, second];
    });
    expect(before).not.toBe(after);
    await cluster.restart('crash');
    await withClient(cluster, async (client) => {
      expect(await valuesFrom(client, 'again', 0)).toEqual(['new']);
      const { topics } = await client.ask('Metadata', 12, { topics: null });
      expect(topics.map(({ name, topicId }) => [name, topicId])).toEqual([['again', after]]);
      const { responses } = await client.ask('Fetch', 13, {
        maxWaitMs: 0,
        minBytes: 0,
        topics: [
          {
            topicId: before,
            partitions: [{ partition: PartitionIndex(0), fetchOffset: 0 as never, partitionMaxBytes: 1 }],
          },
        ],
      });
      expect(responses[0]?.partitions[0]?.errorCode).toBe(ErrorCode.UNKNOWN_TOPIC_ID);
    });
  });

  test('knows producers whose records retention has deleted, also after a crash', async () => {
    await using cluster = await createCluster({
      properties: { 'log.retention.check.interval.ms': 20, 'log.initial.task.delay.ms': 20 },
    });
    const large = 'x'.repeat(700_000);
    const batch = await withClient(cluster, async (client) => {
      await createdTopic(client, 'rolled', { 'segment.bytes': '1048576', 'retention.ms': '-1' });
      const { producerId } = await client.ask('InitProducerId', 4, {
        transactionalId: null,
        transactionTimeoutMs: 1,
      });
      const first = batchOf(['a'], { producerId, producerEpoch: ProducerEpoch(0), baseSequence: 0 });
      expect(await produced(client, 'rolled', Buffer.from(first))).toMatchObject({ errorCode: 0 });
      for (let i = 0; i < 3; i++) await produced(client, 'rolled', batchOf([large]));
      expect(await altered(client, 'rolled', 'retention.bytes', '1000000')).toBe(0);
      let start = 0;
      while (start === 0) start = (await listed(client, 'rolled', -2)).offset;
      return first;
    });
    await cluster.restart('crash');
    await withClient(cluster, async (client) => {
      expect((await listed(client, 'rolled', -2)).offset).toBeGreaterThan(0);
      expect(await produced(client, 'rolled', batch)).toMatchObject({
        errorCode: 0,
        baseOffset: 0,
      });
      expect(await listed(client, 'rolled', -1)).toMatchObject({ offset: 4 });
    });
  });

  test('leads again what a disk held that was replaced, with nothing in it', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'replaced-disk-'));
    const properties = {
      'metadata.log.dir': join(directory, 'metadata'),
      'cluster.id': 'MkU3OEVBNTcwNTJENDM2Qg',
    };
    await using cluster = await createCluster({ directory, properties });
    await withClient(cluster, async (client) => {
      await createdTopic(client, 'orders');
      expect(await produced(client, 'orders', Buffer.from(batchOf(['a'])))).toMatchObject({ errorCode: 0 });
    });
    await cluster.node.close();
    await rm(join(directory, 'data'), { recursive: true });
    await cluster.restart();
    await withClient(cluster, async (client) => {
      // The broker says where its replicas are now, and is given the lead for it.
      const again = (): Promise<{ readonly errorCode: number }> =>
        produced(client, 'orders', Buffer.from(batchOf(['b'])));
      for (let left = 250; (await again()).errorCode !== ErrorCode.NONE; left--) {
        expect(left).toBeGreaterThan(0);
        await setTimeout(20);
      }
      expect(await valuesFrom(client, 'orders', 0)).toEqual(['b']);
    });
    await cluster.close();
    await rm(directory, { recursive: true, force: true });
  });

  test('ends also while requests wait, and answers them no more', async () => {
    await using cluster = await createCluster();
    await using client = await connectTo(cluster);
    await createdTopic(client, 'waiting');
    const poll = fetched(client, 'waiting', 0, { maxWaitMs: 600_000 }).then(
      () => 'answered',
      () => 'ended',
    );
    // Sent after the poll: when this is answered, the poll has arrived too.
    await withClient(cluster, (other) => listed(other, 'waiting', -1));
    await cluster.restart();
    expect(await poll).toBe('ended');
    expect(scannedBytes(cluster)).toEqual([0]);
  });
});

describe('a node that may not start', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'kafkaesque-node-'));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  test('refuses a directory that another node has open, and leaves that one alone', async () => {
    await using cluster = await createCluster({ directory });
    await expect(createCluster({ directory })).rejects.toMatchObject({ code: 'LOCKED' });
    await withClient(cluster, async (client) => {
      await createdTopic(client, 'alive');
      expect(await produced(client, 'alive', batchOf(['a']))).toMatchObject({ errorCode: 0 });
    });
  });

  test('refuses a metadata directory that another node has open', async () => {
    const properties = { 'metadata.log.dir': join(directory, 'metadata-of-one') };
    await using cluster = await createCluster({ properties });
    await expect(createCluster({ properties })).rejects.toMatchObject({ code: 'LOCKED' });
    expect(cluster.node.unreadyReasons()).toEqual([]);
  });

  test('refuses a directory of another cluster, and says which', async () => {
    const first = await createCluster({ directory });
    await first.close();
    const properties = { 'cluster.id': 'AAAAAAAAAAAAAAAAAAAAAA' };
    await expect(createCluster({ directory, properties })).rejects.toMatchObject({
      code: 'WRONG_CLUSTER_ID',
      message: expect.stringContaining(`belongs to cluster ${first.clusterId}`) as string,
    });
  });

  test('gives everything back when its port is taken', async () => {
    await using other = await createCluster();
    const port = Number(other.bootstrapServers.split(':')[1]);
    const properties = { listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:0` };
    await expect(createCluster({ directory, properties })).rejects.toMatchObject({
      code: 'CANNOT_LISTEN',
      message: expect.stringContaining(String(port)) as string,
    });
    await using cluster = await createCluster({ directory });
    expect(cluster.node.unreadyReasons()).toEqual([]);
  });
});

describe('data in a place that does not outlive a restart', () => {
  const world = { ephemeralStorage: () => Promise.resolve('in memory (tmpfs)') };

  test('get a warning', async () => {
    const warnings: string[] = [];
    const logger = { ...silentLogger, warn: (message: string) => warnings.push(message) };
    await using cluster = await createCluster({ world: { ...world, logger } });
    expect(cluster.node.unreadyReasons()).toEqual([]);
    expect(warnings).toEqual(['data are kept where they may not outlive a restart']);
  });

  test('end the start where storage.require.persistent says so', async () => {
    const properties = { 'storage.require.persistent': true };
    await expect(createCluster({ properties, world })).rejects.toMatchObject({ code: 'EPHEMERAL_STORAGE' });
  });
});
