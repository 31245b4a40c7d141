import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from '@kafkaesque/client';
import { openClient } from '@kafkaesque/client';
import { BrokerId } from '@kafkaesque/kernel';
import { MetricsRegistry } from '@kafkaesque/telemetry';
import type { Cluster } from '@kafkaesque/testkit';
import { createCluster } from '@kafkaesque/testkit';
import { valuesOf } from '../replication/partition-values';

const TOPIC = 'spread';
const PARTITIONS = [0, 1, 2, 3];
const UNCLEAN = 'kafka_controller_controllerstats_uncleanleaderelections_total';
/** Of KAFKA_STORAGE_ERROR. */
const STORAGE_ERROR = 'The disk failed';

/** A node alone, whose directories are other ones at each start. */
class Scene implements AsyncDisposable {
  readonly #directory: string;
  readonly #properties: Record<string, string> = {};
  readonly #metrics = new MetricsRegistry();
  #cluster: Cluster | undefined;

  constructor(directory: string) {
    this.#directory = directory;
  }

  path(name: string): string {
    return join(this.#directory, name);
  }

  async start(...names: readonly string[]): Promise<void> {
    this.#properties['log.dirs'] = names.map((name) => this.path(name)).join(',');
    if (this.#cluster === undefined)
      this.#cluster = await createCluster({
        ...{ directory: this.path('node'), properties: this.#properties },
        world: { metrics: this.#metrics },
      });
    else await this.#cluster.restart();
  }

  get cluster(): Cluster {
    if (this.#cluster === undefined) throw new Error('not started yet');
    return this.#cluster;
  }

  async client<Result>(work: (client: Client) => Promise<Result>): Promise<Result> {
    const client = openClient({ bootstrapServers: this.cluster.bootstrapServers });
    try {
      return await work(client);
    } finally {
      await client[Symbol.asyncDispose]();
    }
  }

  create(): Promise<void> {
    return this.client(async (client) => {
      await client.admin().createTopics([{ name: TOPIC, partitions: PARTITIONS.length }]);
    });
  }

  send(value: string, partitions: readonly number[] = PARTITIONS): Promise<void> {
    return this.client(async (client) => {
      await using producer = client.producer();
      for (const partition of partitions) await producer.send({ topic: TOPIC, partition, value });
    });
  }

  values(partition: number, count: number): Promise<readonly string[]> {
    return this.client((client) => valuesOf(client, TOPIC, partition, count));
  }

  /** What the node says of its directories, by name. */
  described(): Promise<
    ReadonlyMap<string, { readonly partitions: readonly number[]; readonly error?: string }>
  > {
    return this.client(async (client) => {
      const [described] = await client.admin().describeLogDirs([BrokerId(1)]);
      if (described?.kind !== 'done') throw new Error('nothing was described', { cause: described?.error });
      return new Map(
        described.value.map(({ path, replicas, error }) => [
          path.slice(this.#directory.length + 1),
          {
            partitions: replicas.map(({ partition }) => partition).sort(),
            ...(error === undefined ? {} : { error: String(error) }),
          },
        ]),
      );
    });
  }

  /** Of this start. */
  async metric(name: string): Promise<number> {
    const { text } = await this.#metrics.collect();
    return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1]);
  }

  leaderOf(partition: number): number {
    return Number(this.cluster.node.partition(TOPIC, partition)?.leader ?? -1);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#cluster?.close();
    await rm(this.#directory, { recursive: true, force: true });
  }
}

const newScene = async (): Promise<Scene> =>
  new Scene(await mkdtemp(join(tmpdir(), 'kafkaesque-directories-')));

describe('a node whose log directories change between two starts', () => {
  test('has everything when one is added', async () => {
    await using scene = await newScene();
    await scene.start('a');
    await scene.create();
    await scene.send('before');
    await scene.start('a', 'b');
    await scene.send('after');
    for (const partition of PARTITIONS) expect(await scene.values(partition, 2)).toEqual(['before', 'after']);
    expect(await scene.metric(UNCLEAN)).toBe(0);
  });

  test('has lost only what lay in one that was replaced by an empty one', async () => {
    await using scene = await newScene();
    await scene.start('a', 'b');
    await scene.create();
    await scene.send('before');
    const kept = (await scene.described()).get('a')?.partitions ?? [];
    expect(kept).toHaveLength(2);
    await scene.cluster.stop(scene.cluster.nodes[0]!);
    await rm(scene.path('b'), { recursive: true });
    await scene.start('a', 'b');
    await scene.send('after');
    for (const partition of PARTITIONS)
      expect(await scene.values(partition, 1)).toEqual([kept.includes(partition) ? 'before' : 'after']);
    // Only of those may records be missing.
    expect(await scene.metric(UNCLEAN)).toBe(2);
  });

  test('goes on with the others while one cannot be opened, and has everything when it is back', async () => {
    await using scene = await newScene();
    await scene.start('a', 'b');
    await scene.create();
    await scene.send('before');
    const kept = (await scene.described()).get('a')?.partitions ?? [];
    await scene.cluster.stop(scene.cluster.nodes[0]!);
    await rename(scene.path('b'), scene.path('aside'));
    // No directory: whatever is asked of it is ENOTDIR.
    await writeFile(scene.path('b'), '');
    await scene.start('a', 'b');
    await scene.send('meanwhile', kept);
    for (const partition of PARTITIONS)
      expect(scene.leaderOf(partition)).toBe(kept.includes(partition) ? 1 : -1);
    expect(await scene.described()).toMatchObject(
      new Map([
        ['a', { partitions: kept }],
        ['b', { partitions: [], error: expect.stringContaining(STORAGE_ERROR) as string }],
      ]),
    );
    expect(await scene.metric('kafka_log_logmanager_offlinelogdirectorycount')).toBe(1);
    expect(await scene.metric('kafka_server_replicamanager_offlinereplicacount')).toBe(2);
    expect(scene.cluster.node.unreadyReasons()).toEqual([`log directory ${scene.path('b')} is offline`]);
    await scene.cluster.stop(scene.cluster.nodes[0]!);
    await rm(scene.path('b'));
    await rename(scene.path('aside'), scene.path('b'));
    await scene.start('a', 'b');
    await scene.send('after');
    for (const partition of PARTITIONS) {
      const expected = kept.includes(partition) ? ['before', 'meanwhile', 'after'] : ['before', 'after'];
      expect(await scene.values(partition, expected.length)).toEqual(expected);
    }
    expect(scene.cluster.node.unreadyReasons()).toEqual([]);
    expect(await scene.metric(UNCLEAN)).toBe(0);
  });

  test('does not start without its metadata, nor without any', async () => {
    await using scene = await newScene();
    await scene.start('a', 'b');
    await scene.cluster.stop(scene.cluster.nodes[0]!);
    await rename(scene.path('a'), scene.path('aside'));
    await writeFile(scene.path('a'), '');
    await expect(scene.start('a', 'b')).rejects.toMatchObject({
      code: expect.stringMatching(/^(ENOTDIR|CANNOT_LOCK)$/) as string,
    });
    await rm(scene.path('a'));
    await rename(scene.path('aside'), scene.path('a'));
  });
});
