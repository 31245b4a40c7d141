import type { Admin, Client } from '@kafkaesque/client';
import { openClient } from '@kafkaesque/client';
import type { Cluster, ClusterNode } from '@kafkaesque/testkit';
import { createCluster } from '@kafkaesque/testkit';

/** Short enough for tests that wait for a session to end; few partitions, so that each has groups. */
const QUICK = {
  'broker.session.timeout.ms': 1500,
  'broker.heartbeat.interval.ms': 300,
  'replica.lag.time.max.ms': 3000,
  'min.insync.replicas': 2,
  'offsets.topic.num.partitions': 3,
};
const OFFSETS = '__consumer_offsets';
const TOPIC = 'read';
const GROUPS = Array.from({ length: 12 }, (_, index) => `group-${index}`);

/** A step that fails while leaders change is done again, as every consumer does. */
const untilDone = async <Result>(cluster: Cluster, step: () => Promise<Result>): Promise<Result> => {
  let result: { readonly value: Result } | undefined;
  await cluster.waitFor(async () => {
    try {
      result = { value: await step() };
    } catch {
      return false;
    }
    return true;
  });
  return result!.value;
};

const commit = async (admin: Admin, groupId: string, offset: number, timeoutMs = 60_000): Promise<void> => {
  const to = [{ topic: TOPIC, partition: 0, offset }];
  const [outcome] = await admin.alterGroupOffsets(groupId, to, { timeoutMs });
  if (outcome?.kind !== 'done') throw new Error('not committed', { cause: outcome?.error });
};

const committed = async (admin: Admin, groupId: string): Promise<number | undefined> => {
  const [outcome] = await admin.listGroupOffsets([{ groupId }]);
  if (outcome?.kind !== 'done') throw new Error('no offsets', { cause: outcome?.error });
  const [partition] = outcome.value;
  return partition?.kind === 'done' ? partition.value?.offset : undefined;
};

describe('group coordinators on three brokers', () => {
  let cluster: Cluster;
  let client: Client;
  beforeEach(async () => {
    cluster = await createCluster({ brokers: 3, controllers: 3, properties: QUICK });
    client = openClient({ bootstrapServers: cluster.bootstrapServers });
    const [topic] = await client.admin().createTopics([{ name: TOPIC, assignments: [[1, 2, 3]] }]);
    if (topic?.kind !== 'done') throw new Error('no topic', { cause: topic?.error });
  });
  afterEach(async () => {
    await client[Symbol.asyncDispose]();
    await cluster.close();
  });

  const partitionsLedBy = (node: ClusterNode, by: ClusterNode): number =>
    [0, 1, 2].filter((partition) => by.running?.partition(OFFSETS, partition)?.leader === node.nodeId).length;

  test('what was committed outlives each coordinator in turn, and never goes back', async () => {
    const admin = client.admin();
    const expected = new Map<string, number>();
    let offset = 0;
    for (const node of cluster.nodes.slice(0, 3)) {
      for (const groupId of GROUPS) {
        offset += 1;
        const at = offset;
        await untilDone(cluster, () => commit(admin, groupId, at));
        expected.set(groupId, at);
      }
      await cluster.kill(node);
      for (const groupId of GROUPS)
        expect(await untilDone(cluster, () => committed(admin, groupId))).toBe(expected.get(groupId));
      await cluster.restart(node);
      await cluster.waitFor(() => node.running?.partition(OFFSETS, 0)?.inSyncReplicas.length === 3);
    }
    expect(cluster.faults).toEqual([]);
  });

  test('a coordinator that is stopped in good order hands its groups over', async () => {
    const admin = client.admin();
    for (const [index, groupId] of GROUPS.entries())
      await untilDone(cluster, () => commit(admin, groupId, index + 1));
    const [one, two] = cluster.nodes;
    await cluster.stop(one!);
    await cluster.waitFor(() => partitionsLedBy(one!, two!) === 0);
    for (const [index, groupId] of GROUPS.entries())
      expect(await untilDone(cluster, () => committed(admin, groupId))).toBe(index + 1);
    const listed = await untilDone(cluster, () => admin.listGroups());
    expect(listed.map(({ groupId }) => groupId).sort()).toEqual([...GROUPS].sort());
  });

  test('without enough replicas in sync nothing is committed, and what was can still be read', async () => {
    const admin = client.admin();
    const [groupId = ''] = GROUPS;
    await untilDone(cluster, () => commit(admin, groupId, 1));
    const [one, two, three] = cluster.nodes;
    await cluster.kill(two!);
    await cluster.kill(three!);
    await cluster.waitFor(() => one!.running?.partition(OFFSETS, 0)?.inSyncReplicas.length === 1);
    await expect(commit(admin, groupId, 2, 2000)).rejects.toThrow();
    expect(await untilDone(cluster, () => committed(admin, groupId))).toBe(1);
    await cluster.restart(two!);
    await cluster.restart(three!);
    expect(await untilDone(cluster, () => committed(admin, groupId))).toBe(1);
    await untilDone(cluster, () => commit(admin, groupId, 3));
    expect(await untilDone(cluster, () => committed(admin, groupId))).toBe(3);
  });
});
