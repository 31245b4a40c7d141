import { cp, rename, rm, writeFile } from 'node:fs/promises';
import type { Client } from '@kafkaesque/client';
import { openClient } from '@kafkaesque/client';
import { BrokerId } from '@kafkaesque/kernel';
import type { Cluster, ClusterNode } from '@kafkaesque/testkit';
import { createCluster } from '@kafkaesque/testkit';
import { valuesOf } from './partition-values';

const TOPIC = 'spread';
const PARTITIONS = [0, 1, 2, 3];
const EVERYBODY = '1,2,3';

const secondOf = ({ directory }: { readonly directory: string }): string => `${directory}-second`;
const asideOf = ({ directory }: { readonly directory: string }): string => `${directory}-aside`;

describe('a broker of three, one of whose two log directories changes between two starts', () => {
  let cluster: Cluster;
  let client: Client;
  const properties = new Map<number, Record<string, string>>();
  beforeEach(async () => {
    cluster = await createCluster({
      brokers: 3,
      controllers: 3,
      perNode: (node) => {
        const own = { 'log.dirs': `${node.directory},${secondOf(node)}` };
        properties.set(node.nodeId, own);
        return { properties: own };
      },
    });
    client = openClient({ bootstrapServers: cluster.bootstrapServers });
    await client.admin().createTopics([
      {
        name: TOPIC,
        assignments: PARTITIONS.map(() => [1, 2, 3]),
        configs: { 'min.insync.replicas': '2' },
      },
    ]);
  });
  afterEach(async () => {
    await client[Symbol.asyncDispose]();
    await cluster.close();
  });

  const inSync = (partition: number): string =>
    [...(cluster.nodes[1]?.running?.partition(TOPIC, partition)?.inSyncReplicas ?? [])].sort().join();

  const send = async (value: string): Promise<void> => {
    await using producer = client.producer();
    await Promise.all(PARTITIONS.map((partition) => producer.send({ topic: TOPIC, partition, value })));
  };

  /** Partitions of which the first broker has a log in its second directory. */
  const inSecond = async (): Promise<readonly number[]> => {
    const [described] = await client.admin().describeLogDirs([BrokerId(1)]);
    if (described?.kind !== 'done') throw new Error('nothing was described', { cause: described?.error });
    return described.value
      .filter(({ path }) => path === secondOf(cluster.nodes[0]!))
      .flatMap(({ replicas }) => replicas.map(({ partition }) => partition));
  };

  const expectWhole = async (values: readonly string[]): Promise<void> => {
    for (const partition of PARTITIONS) {
      await cluster.waitFor(() => inSync(partition) === EVERYBODY);
      expect(await valuesOf(client, TOPIC, partition, values.length)).toEqual(values);
    }
  };

  const unreadable = async (one: ClusterNode): Promise<void> => {
    await rename(secondOf(one), asideOf(one));
    await writeFile(secondOf(one), '');
  };

  test('is in sync in the other one while it is away, and in both once it is back', async () => {
    const [one] = cluster.nodes as [ClusterNode];
    await send('before');
    const away = await inSecond();
    await cluster.stop(one);
    await unreadable(one);
    await cluster.restart(one);
    for (const partition of PARTITIONS)
      await cluster.waitFor(() => inSync(partition) === (away.includes(partition) ? '2,3' : EVERYBODY));
    await send('meanwhile');
    await cluster.stop(one);
    await rm(secondOf(one));
    await rename(asideOf(one), secondOf(one));
    await cluster.restart(one);
    await expectWhole(['before', 'meanwhile']);
    expect(await inSecond()).toEqual(away);
  });

  test('begins anew with what was in it when it is replaced, and has one more when it is added', async () => {
    const [one] = cluster.nodes as [ClusterNode];
    await send('before');
    await cluster.stop(one);
    await rm(secondOf(one), { recursive: true });
    await cluster.restart(one);
    await send('after');
    await expectWhole(['before', 'after']);
    await cluster.stop(one);
    Object.assign(properties.get(1)!, { 'log.dirs': `${one.directory},${secondOf(one)},${asideOf(one)}` });
    await cluster.restart(one);
    await send('at last');
    await expectWhole(['before', 'after', 'at last']);
  });

  test('is not believed in what an old copy has', async () => {
    const [one, two, three] = cluster.nodes as [ClusterNode, ClusterNode, ClusterNode];
    await send('before');
    const copied = await inSecond();
    await cluster.stop(one);
    await cp(secondOf(one), asideOf(one), { recursive: true });
    await cluster.restart(one);
    await expectWhole(['before']);
    await send('after');
    // Without a majority of the controllers nobody leaves the in-sync sets: in the end all three may lead.
    await cluster.kill(two);
    await cluster.kill(three);
    await cluster.kill(one);
    await rm(secondOf(one), { recursive: true });
    await rename(asideOf(one), secondOf(one));
    const started = cluster.restart(one);
    await cluster.restart(two);
    await started;
    await cluster.restart(three);
    await expectWhole(['before', 'after']);
    expect(copied).toHaveLength(2);
  });
});
