import type { Admin, Client } from '@kafkaesque/client';
import { openClient } from '@kafkaesque/client';
import type { Cluster, ClusterNode } from '@kafkaesque/testkit';
import { createCluster } from '@kafkaesque/testkit';

/** Short enough for tests that wait for a session to end. */
const QUICK = {
  'broker.session.timeout.ms': 1500,
  'broker.heartbeat.interval.ms': 300,
  'replica.lag.time.max.ms': 3000,
  'min.insync.replicas': 2,
};
const OFFSETS = '__consumer_offsets';
const TOPIC = 'read';
const GROUP = 'group-0';
/** Enough for each of three partitions to have some. */
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
  const open = async (offsetsPartitions: number): Promise<void> => {
    const properties = { ...QUICK, 'offsets.topic.num.partitions': offsetsPartitions };
    cluster = await createCluster({ brokers: 3, controllers: 1, properties });
    client = openClient({ bootstrapServers: cluster.bootstrapServers });
    const [topic] = await client.admin().createTopics([{ name: TOPIC, assignments: [[1, 2, 3]] }]);
    if (topic?.kind !== 'done') throw new Error('no topic', { cause: topic?.error });
  };
  afterEach(async () => {
    await client[Symbol.asyncDispose]();
    await cluster.close();
  });

  const partitionsLedBy = (node: ClusterNode, by: ClusterNode): number =>
    [0, 1, 2].filter((partition) => by.running?.partition(OFFSETS, partition)?.leader === node.nodeId).length;

  test('what was committed outlives each coordinator in turn, and never goes back', async () => {
    await open(3);
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
    await open(3);
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

  /** One group whose offset is 1, its coordinator, and the other brokers. */
  const committedOnce = async (): Promise<{
    readonly admin: Admin;
    readonly leader: ClusterNode;
    readonly others: readonly ClusterNode[];
  }> => {
    await open(1);
    const admin = client.admin();
    await untilDone(cluster, () => commit(admin, GROUP, 1));
    const leader = await cluster.leaderOf(OFFSETS, 0);
    await cluster.waitFor(() => leader.running?.partition(OFFSETS, 0)?.inSyncReplicas.length === 3);
    return { admin, leader, others: cluster.nodes.slice(0, 3).filter((node) => node !== leader) };
  };

  const isAlone = (leader: ClusterNode): boolean =>
    leader.running?.partition(OFFSETS, 0)?.inSyncReplicas.length === 1;

  test('without enough replicas in sync nothing is committed, and what was can still be read', async () => {
    const { admin, leader, others } = await committedOnce();
    for (const node of others) await cluster.kill(node);
    await cluster.waitFor(() => isAlone(leader));
    await expect(commit(admin, GROUP, 2, 2000)).rejects.toThrow();
    expect(await committed(admin, GROUP)).toBe(1);
    for (const node of others) await cluster.restart(node);
    expect(await untilDone(cluster, () => committed(admin, GROUP))).toBe(1);
    await untilDone(cluster, () => commit(admin, GROUP, 3));
    expect(await untilDone(cluster, () => committed(admin, GROUP))).toBe(3);
    expect(cluster.faults).toEqual([]);
  });

  test('a commit that cannot be finished hides none before it, and counts once it can', async () => {
    const { admin, leader, others } = await committedOnce();
    cluster.partition(others);
    // It is in the log by now, and nobody else has it.
    await expect(commit(admin, GROUP, 2, 2000)).rejects.toThrow();
    expect(await committed(admin, GROUP)).toBe(1);
    await cluster.waitFor(() => isAlone(leader));
    expect(await committed(admin, GROUP)).toBe(1);
    cluster.heal();
    await cluster.waitFor(async () => (await untilDone(cluster, () => committed(admin, GROUP))) === 2);
    expect(cluster.faults).toEqual([]);
  });
});
