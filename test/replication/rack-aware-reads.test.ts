import type { Client } from '@kafkaesque/client';
import { openClient } from '@kafkaesque/client';
import type { Metrics } from '@kafkaesque/kernel';
import { silentMetrics } from '@kafkaesque/kernel';
import type { Cluster } from '@kafkaesque/testkit';
import { createCluster } from '@kafkaesque/testkit';

const TOPIC = 'near';

const BYTES_OUT = 'kafka_server_brokertopicmetrics_bytesout_total';

/** Takes down how to ask what a node has sent to consumers. */
const watched = (keep: (bytesOut: () => number) => void): Metrics => ({
  ...silentMetrics,
  observe: (_, name, __, read) => {
    if (name !== BYTES_OUT) return;
    keep(() => {
      let all: number | undefined;
      read((value) => (all ??= value));
      return all ?? 0;
    });
  },
});

describe('consumers in three racks', () => {
  const counted = new Map<number, () => number>();
  let cluster: Cluster;
  let client: Client;
  beforeEach(async () => {
    cluster = await createCluster({
      brokers: 3,
      controllers: 3,
      properties: { 'replica.selector.class': 'org.apache.kafka.common.replica.RackAwareReplicaSelector' },
      perNode: ({ nodeId }) => ({
        properties: { 'broker.rack': `rack-${nodeId}` },
        world: { metrics: watched((bytesOut) => counted.set(nodeId, bytesOut)) },
      }),
    });
    client = openClient({ bootstrapServers: cluster.bootstrapServers });
  });
  afterEach(async () => {
    await client[Symbol.asyncDispose]();
    await cluster.close();
  });

  /** Values from the beginning on, as a consumer reads them that stands in this rack. */
  const read = async (
    rackId: string,
    count: number,
    began?: () => Promise<void>,
  ): Promise<readonly string[]> => {
    await using consumer = client.consumer({ autoOffsetReset: 'earliest', rackId });
    consumer.assign([{ topic: TOPIC, partition: 0 }]);
    const values: string[] = [];
    for await (const record of consumer) {
      values.push(record.value?.toString() ?? '');
      if (values.length === 1) await began?.();
      if (values.length === count) break;
    }
    return values;
  };

  /** Bytes that consumers were sent by each broker. */
  const sent = (): readonly number[] => [1, 2, 3].map((nodeId) => counted.get(nodeId)?.() ?? 0);

  test('read from the follower of their rack, old records and new ones, and go elsewhere when it dies', async () => {
    await client.admin().createTopics([{ name: TOPIC, assignments: [[1, 2, 3]] }]);
    await using producer = client.producer();
    const send = async (from: number, to: number): Promise<void> => {
      for (let i = from; i < to; i++)
        await producer.send({ topic: TOPIC, partition: 0, value: `value ${i}` });
    };
    const numbered = (to: number): readonly string[] => Array.from({ length: to }, (_, i) => `value ${i}`);
    await send(0, 10);
    expect(await read('rack-2', 20, () => send(10, 20))).toEqual(numbered(20));
    const [leader, second, third] = sent();
    expect([leader, third]).toEqual([0, 0]);
    expect(second).toBeGreaterThan(0);
    expect(await read('rack-1', 20)).toEqual(numbered(20));
    expect(sent()[0]).toBeGreaterThan(0);
    const near = cluster.nodes[2]!;
    expect(
      await read('rack-3', 25, async () => {
        await cluster.kill(near);
        await send(20, 25);
      }),
    ).toEqual(numbered(25));
  });
});
