import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Client } from '@kafkaesque/client';
import { openClient } from '@kafkaesque/client';
import type { Cluster, ClusterNode } from '@kafkaesque/testkit';
import { createCluster } from '@kafkaesque/testkit';
import { valuesOf } from './partition-values';

const TOPIC = 'flipped';
const COUNT = 20;
const VALUES = Array.from({ length: COUNT }, (_, i) => `value ${i} `.padEnd(100, '.'));

describe('of three replicas one in which a bit was flipped', () => {
  let cluster: Cluster;
  let client: Client;
  beforeEach(async () => {
    cluster = await createCluster({
      brokers: 3,
      controllers: 1,
      properties: { 'replica.selector.class': 'org.apache.kafka.common.replica.RackAwareReplicaSelector' },
      perNode: ({ nodeId }) => ({ properties: { 'broker.rack': `rack-${nodeId}` } }),
    });
    client = openClient({ bootstrapServers: cluster.bootstrapServers });
    await client.admin().createTopics([{ name: TOPIC, assignments: [[1, 2, 3]] }]);
    await using producer = client.producer({ lingerMs: 0 });
    for (const value of VALUES) await producer.send({ topic: TOPIC, partition: 0, value });
  });
  afterEach(async () => {
    await client[Symbol.asyncDispose]();
    await cluster.close();
  });

  const inSync = (): string => {
    // The controller knows best.
    const known = cluster.nodes[3]?.running?.partition(TOPIC, 0)?.inSyncReplicas ?? [];
    return [...known].sort().join();
  };

  const leader = (): number | undefined => cluster.nodes[3]?.running?.partition(TOPIC, 0)?.leader;

  const segmentOf = ({ directory }: ClusterNode): string => {
    const names = readdirSync(join(directory, 'topics'), { recursive: true, encoding: 'utf8' });
    const [segment] = names.filter((name) => name.endsWith('.log'));
    return join(directory, 'topics', segment ?? '');
  };

  /** Ends a node in good order, changes one bit of the records that it has, and starts it again. */
  const flipBitOf = async (node: ClusterNode): Promise<void> => {
    await cluster.stop(node);
    const bytes = readFileSync(segmentOf(node));
    const at = bytes.indexOf('value 10 ') + 50;
    bytes[at] = (bytes[at] ?? 0) ^ 4;
    writeFileSync(segmentOf(node), bytes);
    await cluster.restart(node);
    await cluster.waitFor(() => inSync() === '1,2,3');
  };

  /** What a consumer of this rack reads from the beginning on. */
  const read = (rackId: string): Promise<readonly string[]> => valuesOf(client, TOPIC, 0, COUNT, { rackId });

  /** They begin anew, and have what the others have. */
  const areWholeAgain = async (...nodes: readonly ClusterNode[]): Promise<void> => {
    await cluster.waitFor(() => inSync() === '1,2,3', { what: 'not all are in sync again' });
    for (const node of nodes) {
      await cluster.stop(node);
      const text = readFileSync(segmentOf(node)).toString('latin1');
      for (const value of VALUES) expect(text).toContain(value);
    }
  };

  test('does not serve that as a follower, leaves the in-sync set, and begins anew', async () => {
    const node = cluster.nodes[1]!;
    await flipBitOf(node);
    expect(leader()).not.toBe(2);
    expect(await read('rack-2')).toEqual(VALUES);
    await areWholeAgain(node);
  });

  test('does not serve that as a leader, hands over, and begins anew', async () => {
    const node = cluster.nodes[0]!;
    await flipBitOf(node);
    await client.admin().electLeaders('preferred', [{ topic: TOPIC, partition: 0 }]);
    await cluster.waitFor(() => leader() === 1);
    expect(await read('rack-1')).toEqual(VALUES);
    await cluster.waitFor(() => leader() !== 1);
    await areWholeAgain(node);
  });

  test('does not give that to a follower that needs it either', async () => {
    const [node, empty] = cluster.nodes;
    await flipBitOf(node!);
    await client.admin().electLeaders('preferred', [{ topic: TOPIC, partition: 0 }]);
    await cluster.waitFor(() => leader() === 1);
    await client.admin().alterPartitionReassignments([{ topic: TOPIC, partition: 0, replicas: [1, 3] }]);
    await cluster.waitFor(() => inSync() === '1,3');
    await client.admin().alterPartitionReassignments([{ topic: TOPIC, partition: 0, replicas: [1, 3, 2] }]);
    await cluster.waitFor(() => inSync() === '1,2,3');
    await cluster.waitFor(() => leader() !== 1);
    await areWholeAgain(node!, empty!);
  });
});
