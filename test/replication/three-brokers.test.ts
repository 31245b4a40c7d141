import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Client } from '@kafkaesque/client';
import { openClient } from '@kafkaesque/client';
import type { Cluster, ClusterNode } from '@kafkaesque/testkit';
import { createCluster } from '@kafkaesque/testkit';
import { valuesOf } from './partition-values';

/** Short enough for tests that wait for a session to end. */
const QUICK = {
  'broker.session.timeout.ms': 1500,
  'broker.heartbeat.interval.ms': 300,
  'replica.lag.time.max.ms': 3000,
};

const TOPIC = 'replicated';

const createTopic = async (client: Client, partitions: readonly (readonly number[])[]): Promise<void> => {
  const [outcome] = await client
    .admin()
    .createTopics([{ name: TOPIC, assignments: partitions, configs: { 'min.insync.replicas': '2' } }]);
  if (outcome?.kind !== 'done') throw new Error('no topic', { cause: outcome?.error });
};

const inSync = (by: ClusterNode, partition = 0): readonly number[] =>
  [...(by.running?.partition(TOPIC, partition)?.inSyncReplicas ?? [])].sort();

/** The bytes of a partition on the disk of a node that was stopped. */
const segmentsOf = ({ directory }: ClusterNode, partition = 0): string => {
  const topics = join(directory, 'topics');
  const [topic = ''] = readdirSync(topics);
  const home = join(topics, topic, String(partition));
  const files = readdirSync(home).filter((name) => name.endsWith('.log'));
  return Buffer.concat(files.sort().map((name) => readFileSync(join(home, name)))).toString('latin1');
};

describe('three brokers', () => {
  let cluster: Cluster;
  let client: Client;
  beforeEach(async () => {
    cluster = await createCluster({ brokers: 3, controllers: 3, properties: QUICK });
    client = openClient({ bootstrapServers: cluster.bootstrapServers });
  });
  afterEach(async () => {
    await client[Symbol.asyncDispose]();
    await cluster.close();
  });

  const nodesById = (): readonly [ClusterNode, ClusterNode, ClusterNode] => {
    const [one, two, three] = cluster.nodes;
    return [one!, two!, three!];
  };

  const send = async (from: number, to: number, acks: -1 | 1 = -1): Promise<void> => {
    await using producer = client.producer({ acks, ...(acks === 1 ? { idempotence: false } : {}) });
    for (let i = from; i < to; i++) await producer.send({ topic: TOPIC, partition: 0, value: `value ${i}` });
  };

  const numbered = (to: number): readonly string[] => Array.from({ length: to }, (_, i) => `value ${i}`);

  test('what all acknowledged outlives its leader, and the leader that comes back has it too', async () => {
    const [one, two, three] = nodesById();
    await createTopic(client, [[1, 2, 3]]);
    await send(0, 100);
    await cluster.kill(one);
    await cluster.waitFor(() => inSync(two).join() === '2,3');
    const successor = await cluster.leaderOf(TOPIC, 0);
    expect(successor).not.toBe(one);
    expect(await valuesOf(client, TOPIC, 0, 100)).toEqual(numbered(100));
    await send(100, 150);
    await cluster.restart(one);
    await cluster.waitFor(() => inSync(two).join() === '1,2,3');
    await send(150, 200);
    expect(await valuesOf(client, TOPIC, 0, 200)).toEqual(numbered(200));
    for (const node of [one, two, three]) await cluster.stop(node);
    expect(segmentsOf(one)).toBe(segmentsOf(two));
    expect(segmentsOf(three)).toBe(segmentsOf(two));
  });

  test('a leader that was cut off cuts away what nobody else has, by epoch', async () => {
    const [one, two, three] = nodesById();
    await createTopic(client, [[1, 2, 3]]);
    await send(0, 20);
    const controllers = cluster.nodes.slice(3);
    cluster.partition([one], [two, three, ...controllers]);
    {
      // A client that knows only the old leader, which does not know yet that others lead.
      await using alone = openClient({ bootstrapServers: one.address ?? '' });
      await using producer = alone.producer({ acks: 1, idempotence: false });
      for (let i = 0; i < 10; i++) await producer.send({ topic: TOPIC, partition: 0, value: `lost ${i}` });
    }
    await cluster.waitFor(() => two.running?.partition(TOPIC, 0)?.leader !== 1);
    {
      await using others = openClient({ bootstrapServers: `${two.address},${three.address}` });
      await using producer = others.producer();
      for (let i = 20; i < 25; i++) await producer.send({ topic: TOPIC, partition: 0, value: `value ${i}` });
    }
    cluster.heal();
    await cluster.waitFor(() => inSync(two).join() === '1,2,3');
    await send(25, 30);
    expect(await valuesOf(client, TOPIC, 0, 30)).toEqual(numbered(30));
    for (const node of [one, two, three]) await cluster.stop(node);
    expect(segmentsOf(one)).toBe(segmentsOf(two));
    expect(segmentsOf(three)).toBe(segmentsOf(two));
  });

  test('a follower that is away does not keep the others waiting for longer than it may lag', async () => {
    const [one, two, three] = nodesById();
    await createTopic(client, [[1, 2, 3]]);
    await send(0, 5);
    cluster.pause(three);
    await send(5, 10);
    expect(inSync(two)).toEqual([1, 2]);
    cluster.resume(three);
    await cluster.waitFor(() => inSync(one).join() === '1,2,3');
    expect(await valuesOf(client, TOPIC, 0, 10)).toEqual(numbered(10));
  });

  test('a replica that goes elsewhere is deleted where it was, and comes back when it is told to', async () => {
    const [one, two, three] = nodesById();
    await createTopic(client, [[1, 2]]);
    await send(0, 30);
    const move = async (replicas: readonly number[]): Promise<void> => {
      await client.admin().alterPartitionReassignments([{ topic: TOPIC, partition: 0, replicas }]);
      await cluster.waitFor(() => inSync(two).join() === [...replicas].sort().join());
    };
    await move([3, 2]);
    await send(30, 40);
    await cluster.waitFor(() => readdirSync(join(one.directory, 'topics')).length === 0);
    await move([1, 2]);
    await send(40, 50);
    expect(await valuesOf(client, TOPIC, 0, 50)).toEqual(numbered(50));
    await cluster.waitFor(() => readdirSync(join(three.directory, 'topics')).length === 0);
  });
});
