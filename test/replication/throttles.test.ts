import type { Client } from '@kafkaesque/client';
import { openClient } from '@kafkaesque/client';
import type { Cluster } from '@kafkaesque/testkit';
import { createCluster } from '@kafkaesque/testkit';

const BYTES = 1_000_000;
const RATE = 250_000;

describe('a reassignment with a throttle', () => {
  let cluster: Cluster;
  let client: Client;
  beforeEach(async () => {
    cluster = await createCluster({ brokers: 3, controllers: 3 });
    client = openClient({ bootstrapServers: cluster.bootstrapServers });
  });
  afterEach(async () => {
    await client[Symbol.asyncDispose]();
    await cluster.close();
  });

  const createTopic = async (name: string, replicas: readonly number[]): Promise<void> => {
    const [outcome] = await client.admin().createTopics([{ name, assignments: [replicas] }]);
    if (outcome?.kind !== 'done') throw new Error('no topic', { cause: outcome?.error });
  };

  const throttle = async (rate: number): Promise<void> => {
    const set = (
      configs: Readonly<Record<string, string>>,
    ): { name: string; operation: 'set'; value: string }[] =>
      Object.entries(configs).map(([name, value]) => ({ name, operation: 'set', value }));
    await client.admin().incrementalAlterConfigs([
      {
        resource: { type: 'topic', name: 'moved' },
        changes: set({
          'leader.replication.throttled.replicas': '0:1,0:2',
          'follower.replication.throttled.replicas': '0:3',
        }),
      },
      ...[1, 2, 3].map((id) => ({
        resource: { type: 'broker', name: String(id) } as const,
        changes: set({
          'leader.replication.throttled.rate': String(rate),
          'follower.replication.throttled.rate': String(rate),
        }),
      })),
    ]);
  };

  test('copies no faster than it may, and what is not throttled goes on', async () => {
    await createTopic('moved', [1, 2]);
    await createTopic('steady', [1, 2, 3]);
    await using producer = client.producer();
    const value = Buffer.alloc(50_000, 'x');
    await Promise.all(
      Array.from({ length: BYTES / value.length }, () =>
        producer.send({ topic: 'moved', partition: 0, value }),
      ),
    );
    await throttle(RATE);
    const inSync = (): readonly number[] =>
      cluster.nodes[0]?.running?.partition('moved', 0)?.inSyncReplicas ?? [];
    const beganMs = performance.now();
    await client.admin().alterPartitionReassignments([{ topic: 'moved', partition: 0, replicas: [1, 3] }]);
    let slowestMs = 0;
    while (!inSync().includes(3)) {
      const sentMs = performance.now();
      await producer.send({ topic: 'steady', partition: 0, value: 'steady' });
      slowestMs = Math.max(slowestMs, performance.now() - sentMs);
    }
    const tookSeconds = (performance.now() - beganMs) / 1000;
    expect(tookSeconds).toBeGreaterThan((BYTES / RATE) * 0.85);
    expect(tookSeconds).toBeLessThan((BYTES / RATE) * 2 + 2);
    expect(slowestMs).toBeLessThan(1500);
    // In sync now, it is not held back any more.
    await throttle(0);
    await producer.send({ topic: 'moved', partition: 0, value });
  });
});
