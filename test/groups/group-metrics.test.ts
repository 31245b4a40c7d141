import type { Client } from '@kafkaesque/client';
import { openClient } from '@kafkaesque/client';
import { MetricsRegistry } from '@kafkaesque/telemetry';
import type { Cluster } from '@kafkaesque/testkit';
import { createCluster } from '@kafkaesque/testkit';
import { rendered } from './rendered-metrics';

const GROUP = 'kafka_server_groupcoordinatormetrics';
const OLD = 'kafka_coordinator_group_groupmetadatamanager';
const LABELS = '{consumergroup="behind",topic="read",partition="0"}';

const registry = new MetricsRegistry();
let cluster: Cluster;
let client: Client;
beforeAll(async () => {
  cluster = await createCluster({ world: { metrics: registry } });
  client = openClient({ bootstrapServers: cluster.bootstrapServers });
});
afterAll(async () => {
  await client[Symbol.asyncDispose]();
  await cluster.close();
});

test('groups, their offsets and how far they are behind are told', async () => {
  const admin = client.admin();
  await admin.createTopics([{ name: 'read', partitions: 2 }]);
  await using producer = client.producer();
  for (let i = 0; i < 10; i += 1) await producer.send({ topic: 'read', partition: 0, value: `value ${i}` });
  await admin.alterGroupOffsets('behind', [
    { topic: 'read', partition: 0, offset: 4 },
    { topic: 'read', partition: 1, offset: 0 },
  ]);
  const now = await rendered(registry);
  expect(now.get(`kafka_consumergroup_lag${LABELS}`)).toBe(6);
  expect(now.get(`kafka_consumergroup_current_offset${LABELS}`)).toBe(4);
  expect(now.get(`${OLD}_numoffsets`)).toBe(2);
  expect(now.get(`${OLD}_numgroups`)).toBe(1);
  expect(now.get(`${OLD}_numgroupsempty`)).toBe(1);
  expect(now.get(`${GROUP}_group_count{protocol="classic"}`)).toBe(1);
  expect(now.get(`${GROUP}_group_count{protocol="consumer"}`)).toBe(0);
  expect(now.get(`${GROUP}_num_partitions{state="active"}`)).toBe(50);
  expect(now.get(`${GROUP}_offset_commit_count`)).toBe(2);
  expect(now.get(`${GROUP}_offset_commit_rate`)).toBeGreaterThan(0);
  expect(now.get(`${GROUP}_partition_load_time_max`)).toBeGreaterThanOrEqual(0);
});

test('a deleted group is told no more, and its offsets count as deleted', async () => {
  const admin = client.admin();
  await admin.alterGroupOffsets('leaving', [{ topic: 'read', partition: 0, offset: 4 }]);
  const before = await rendered(registry);
  await admin.deleteGroups(['leaving']);
  const after = await rendered(registry);
  const deleted = `${GROUP}_offset_deletion_count`;
  expect((after.get(deleted) ?? NaN) - (before.get(deleted) ?? NaN)).toBe(1);
  expect([...before.keys()].filter((name) => name.includes('"leaving"'))).toHaveLength(2);
  expect([...after.keys()].filter((name) => name.includes('"leaving"'))).toEqual([]);
});
