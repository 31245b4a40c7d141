import { writeFile } from 'node:fs/promises';
import type { Client } from '@kafkaesque/client';
import { openClient } from '@kafkaesque/client';
import { BrokerId } from '@kafkaesque/kernel';
import { openNodeDisk, openToldDisk, toldFileOf } from '@kafkaesque/storage';
import type { Cluster } from '@kafkaesque/testkit';
import { createCluster } from '@kafkaesque/testkit';
import { valuesOf } from './partition-values';

const TOPIC = 'moved';
const BROKERS = [1, 2, 3].map(BrokerId);

describe('brokers with two log directories', () => {
  let cluster: Cluster;
  let client: Client;
  beforeEach(async () => {
    cluster = await createCluster({
      brokers: 3,
      controllers: 3,
      perNode: ({ directory }) => ({
        properties: { 'log.dirs': `${directory},${directory}-second` },
        world: { disk: openToldDisk(openNodeDisk(), `${directory}-second`) },
      }),
    });
    client = openClient({ bootstrapServers: cluster.bootstrapServers });
  });
  afterEach(async () => {
    await client[Symbol.asyncDispose]();
    await cluster.close();
  });

  /** Where a broker has the replica, and where a copy of it, with what the copy lacks. */
  const placesOn = async (
    broker: BrokerId,
  ): Promise<readonly { readonly path: string; readonly future: boolean; readonly offsetLag: number }[]> => {
    const [described] = await client.admin().describeLogDirs([broker]);
    if (described?.kind !== 'done') throw new Error('nothing was described', { cause: described?.error });
    return described.value.flatMap(({ path, replicas }) =>
      replicas
        .filter(({ topic }) => topic === TOPIC)
        .map(({ future, offsetLag }) => ({ path, future, offsetLag })),
    );
  };
  const otherPath = (broker: BrokerId, path: string): string => {
    const { directory } = cluster.nodes[broker - 1]!;
    return path === directory ? `${directory}-second` : directory;
  };
  /** Each broker learns of it from the metadata, one after the other. */
  const throttle = async (rate: string | null): Promise<void> => {
    const name = 'replica.alter.log.dirs.io.max.bytes.per.second';
    const operation = rate === null ? ('delete' as const) : ('set' as const);
    const resources = BROKERS.map((id) => ({ type: 'broker' as const, name: String(id) }));
    const outcomes = await client
      .admin()
      .incrementalAlterConfigs(
        resources.map((resource) => ({ resource, changes: [{ name, value: rate, operation }] })),
      );
    for (const outcome of outcomes) expect(outcome.kind).toBe('done');
    if (rate === null) return;
    await cluster.waitFor(async () => {
      const described = await client.admin().describeConfigs(resources);
      return described.every(
        (outcome) =>
          outcome.kind === 'done' &&
          outcome.value.some((entry) => entry.name === name && entry.value === rate),
      );
    });
  };

  test('move a replica under load, on its leader and on its followers, and no record is missing', async () => {
    await client.admin().createTopics([{ name: TOPIC, assignments: [[1, 2, 3]] }]);
    await using producer = client.producer();
    const sent: string[] = [];
    let isSending = true;
    const sendOn = async (): Promise<void> => {
      while (isSending) {
        const values = Array.from({ length: 20 }, (_, i) => `${sent.length + i}`);
        await Promise.all(values.map((value) => producer.send({ topic: TOPIC, partition: 0, value })));
        sent.push(...values);
      }
    };
    const sending = sendOn();
    await throttle('0');
    const targets = new Map<BrokerId, string>();
    for (const broker of BROKERS) {
      const [place] = await placesOn(broker);
      targets.set(broker, otherPath(broker, place!.path));
    }
    const moves = [...targets].map(([broker, path]) => ({ topic: TOPIC, partition: 0, broker, path }));
    for (const { kind } of await client.admin().alterReplicaLogDirs(moves)) expect(kind).toBe('done');
    for (const [broker, path] of targets) {
      const future = (await placesOn(broker)).find((place) => place.future);
      expect(future?.path).toBe(path);
      expect(future?.offsetLag).toBeGreaterThan(0);
    }
    await throttle(null);
    for (const [broker, path] of targets) {
      await cluster.waitFor(async () => {
        const places = await placesOn(broker);
        return places.length === 1 && places[0]?.path === path && !places[0].future;
      });
    }
    const sentBefore = sent.length;
    await cluster.waitFor(() => sent.length > sentBefore);
    isSending = false;
    await sending;
    expect(await valuesOf(client, TOPIC, 0, sent.length)).toEqual(sent);
    // Whoever leads next has it all as well, where it lies now.
    await cluster.restart(cluster.nodes[0]!);
    expect(await valuesOf(client, TOPIC, 0, sent.length)).toEqual(sent);
    for (const [broker, path] of targets) {
      await cluster.waitFor(async () => (await placesOn(broker))[0]?.path === path);
    }
  });

  test('a replica that has moved away has nothing to do any more with the directory that it came from', async () => {
    const [first] = cluster.nodes;
    const { directory } = first!;
    const second = `${directory}-second`;
    const move = async (partition: number, path: string): Promise<void> => {
      const moves = [{ topic: TOPIC, partition, broker: BROKERS[0]!, path }];
      for (const { kind } of await client.admin().alterReplicaLogDirs(moves)) expect(kind).toBe('done');
      await cluster.waitFor(async () => (await pathsOf(partition)).join() === path);
    };
    const pathsOf = async (asked: number): Promise<readonly string[]> => {
      const [described] = await client.admin().describeLogDirs([BROKERS[0]!]);
      if (described?.kind !== 'done') return [];
      return described.value.flatMap(({ path, replicas }) =>
        replicas.flatMap(({ topic, partition }) => (topic === TOPIC && partition === asked ? [path] : [])),
      );
    };
    const inSync = (partition: number): string =>
      [...(cluster.nodes[1]?.running?.partition(TOPIC, partition)?.inSyncReplicas ?? [])].sort().join();
    await client.admin().createTopics([
      {
        name: TOPIC,
        assignments: [
          [1, 2, 3],
          [1, 2, 3],
        ],
      },
    ]);
    await using producer = client.producer();
    const send = async (value: string): Promise<void> => {
      await Promise.all([0, 1].map((partition) => producer.send({ topic: TOPIC, partition, value })));
    };
    await send('before');
    for (const partition of [0, 1]) await move(partition, second);
    await move(0, directory);
    await writeFile(toldFileOf(second), 'fail-once');
    await send('during');
    await cluster.waitFor(() => inSync(1) === '2,3');
    await send('after');
    expect(inSync(0)).toBe('1,2,3');
    expect(cluster.nodes[1]?.running?.partition(TOPIC, 0)?.leader).toBe(1);
    expect(await valuesOf(client, TOPIC, 0, 3)).toEqual(['before', 'during', 'after']);
  });
});
