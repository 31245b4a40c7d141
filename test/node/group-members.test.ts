import type { Client, Consumer } from '@kafkaesque/client';
import { openClient } from '@kafkaesque/client';
import type { Cluster } from '@kafkaesque/testkit';
import { createCluster } from '@kafkaesque/testkit';

const TOPIC = 'shared';

let cluster: Cluster;
let client: Client;
beforeAll(async () => {
  cluster = await createCluster({ properties: { 'group.initial.rebalance.delay.ms': 0 } });
  client = openClient({ bootstrapServers: cluster.bootstrapServers });
  await client.admin().createTopics([{ name: TOPIC, partitions: 4, replicationFactor: 1 }]);
});
afterAll(async () => {
  await client.close();
  await cluster.close();
});

/** Polls until it is told to stop. */
const reading = (consumer: Consumer): { readonly stop: () => Promise<void> } => {
  const done = new AbortController();
  const loop = (async () => {
    while (!done.signal.aborted) await consumer.poll({ timeoutMs: 50 });
  })();
  return {
    stop: async () => {
      done.abort();
      await loop;
    },
  };
};

const until = async (holds: () => boolean | Promise<boolean>): Promise<void> => {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 20));
};

describe.each(['classic', 'consumer'] as const)('members by the %s protocol', (groupProtocol) => {
  const opened = (groupId: string): Consumer =>
    client.consumer({ groupId, groupProtocol, autoOffsetReset: 'earliest' });

  test('share a client and nothing else: a join that waits holds up no heartbeat, commit or produce of others', async () => {
    const [first, second] = [opened(`${groupProtocol}-together`), opened(`${groupProtocol}-together`)];
    first.subscribe([TOPIC]);
    const one = reading(first);
    await until(() => first.assignment.length === 4);
    second.subscribe([TOPIC]);
    const two = reading(second);
    const producer = client.producer({ lingerMs: 0 });
    await producer.send({ topic: TOPIC, partition: 0, value: 'x' });
    await until(() => first.assignment.length === 2 && second.assignment.length === 2);
    await Promise.all([one.stop(), two.stop()]);
    await Promise.all([first.close(), second.close(), producer.close()]);
  });

  test('leave while others still hold up the rebalance that they joined for', async () => {
    const groupId = `${groupProtocol}-impatient`;
    const first = opened(groupId);
    first.subscribe([TOPIC]);
    await client.producer({ lingerMs: 0 }).send({ topic: TOPIC, partition: 0, value: 'x' });
    // Its caller works on what this gave, and gives nothing up meanwhile.
    while ((await first.poll()).length === 0);
    const members = async (): Promise<number> => {
      const [group] = await client.admin().describeConsumerGroups([groupId]);
      return group?.kind === 'done' ? group.value.members.length : 0;
    };
    const second = opened(groupId);
    second.subscribe([TOPIC]);
    await until(async () => (await members()) === 2);
    await second.close();
    await until(async () => (await members()) === 1);
    await first.close();
  });
});
