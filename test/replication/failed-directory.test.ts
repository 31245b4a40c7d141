import { rm, writeFile } from 'node:fs/promises';
import type { Client } from '@kafkaesque/client';
import { openClient } from '@kafkaesque/client';
import { BrokerId } from '@kafkaesque/kernel';
import { openNodeDisk, openToldDisk, toldFileOf } from '@kafkaesque/storage';
import type { Cluster } from '@kafkaesque/testkit';
import { createCluster } from '@kafkaesque/testkit';
import { valuesOf } from './partition-values';

const TOPIC = 'spread';
const PARTITIONS = [0, 1, 2, 3];
const FIRST = BrokerId(1);

const secondOf = (directory: string): string => `${directory}-second`;

describe('a broker of three with two log directories', () => {
  let cluster: Cluster;
  let client: Client;
  beforeEach(async () => {
    cluster = await createCluster({
      brokers: 3,
      controllers: 3,
      perNode: ({ directory }) => ({
        properties: { 'log.dirs': `${directory},${secondOf(directory)}` },
        world: { disk: openToldDisk(openNodeDisk(), secondOf(directory)) },
      }),
    });
    client = openClient({ bootstrapServers: cluster.bootstrapServers });
  });
  afterEach(async () => {
    await client[Symbol.asyncDispose]();
    await cluster.close();
  });

  /** Where the metadata are as broker 2 knows them. */
  const standing = (partition: number): { readonly leader: number; readonly inSync: readonly number[] } => {
    const known = cluster.nodes[1]?.running?.partition(TOPIC, partition);
    return { leader: known?.leader ?? -1, inSync: [...(known?.inSyncReplicas ?? [])].sort() };
  };

  test('loses only the replicas of the one that fails: others lead those, and it leads the rest', async () => {
    const [one] = cluster.nodes;
    const second = secondOf(one!.directory);
    await client.admin().createTopics([{ name: TOPIC, assignments: PARTITIONS.map(() => [1, 2, 3]) }]);
    await using producer = client.producer();
    const send = async (value: string): Promise<void> => {
      await Promise.all(PARTITIONS.map((partition) => producer.send({ topic: TOPIC, partition, value })));
    };
    await send('before');
    const [described] = await client.admin().describeLogDirs([FIRST]);
    if (described?.kind !== 'done') throw new Error('nothing was described', { cause: described?.error });
    const failing = described.value
      .filter(({ path }) => path === second)
      .flatMap(({ replicas }) => replicas.map(({ partition }) => partition));
    expect(failing).toHaveLength(2);
    await writeFile(toldFileOf(second), 'fail-once');
    await send('during');
    for (const partition of PARTITIONS) {
      const isFailing = failing.includes(partition);
      await cluster.waitFor(() => standing(partition).inSync.join() === (isFailing ? '2,3' : '1,2,3'));
      expect(standing(partition).leader === 1).toBe(!isFailing);
    }
    await send('after');
    await rm(toldFileOf(second), { force: true });
    await cluster.restart(one!);
    for (const partition of PARTITIONS) {
      await cluster.waitFor(() => standing(partition).inSync.join() === '1,2,3');
      expect(await valuesOf(client, TOPIC, partition, 3)).toEqual(['before', 'during', 'after']);
    }
  });
});
