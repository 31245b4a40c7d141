import { setTimeout } from 'node:timers/promises';
import { Offset } from '@kafkaesque/kernel';
import { ErrorCode } from '@kafkaesque/protocol';
import type { Cluster } from '@kafkaesque/testkit';
import { createCluster } from '@kafkaesque/testkit';
import type { BadClient } from '../bad-input/client';
import { connectTo, createdTopic, deletedTopic } from '../node/node-client';

const GROUP = 'readers';
/** As clients do: asks again while a coordinator is found, made or loaded. */
const LATER = new Set<number | undefined>([
  ErrorCode.COORDINATOR_NOT_AVAILABLE,
  ErrorCode.COORDINATOR_LOAD_IN_PROGRESS,
  ErrorCode.NOT_COORDINATOR,
]);
const settled = async (ask: () => Promise<number | undefined>): Promise<number | undefined> => {
  for (;;) {
    const errorCode = await ask();
    if (!LATER.has(errorCode)) return errorCode;
    await setTimeout(20);
  }
};

const found = (client: BadClient): Promise<number | undefined> =>
  settled(async () => {
    const asked = { keyType: 0, coordinatorKeys: [GROUP] };
    return (await client.ask('FindCoordinator', 4, asked)).coordinators[0]?.errorCode;
  });

const committed = (client: BadClient, topic: string, offset: number): Promise<number | undefined> =>
  settled(async () => {
    const partition = {
      partitionIndex: 0,
      committedOffset: Offset(offset),
      committedMetadata: `at ${offset}`,
    };
    const { topics } = await client.ask('OffsetCommit', 9, {
      ...{ groupId: GROUP, generationIdOrMemberEpoch: -1, memberId: '' },
      topics: [{ name: topic, partitions: [partition] }],
    });
    return topics[0]?.partitions[0]?.errorCode;
  });

/** What the group has committed, by topic. */
const fetched = async (client: BadClient): Promise<Readonly<Record<string, string>>> => {
  const offsets: Record<string, string> = {};
  const errorCode = await settled(async () => {
    const { groups } = await client.ask('OffsetFetch', 8, { groups: [{ groupId: GROUP, topics: null }] });
    for (const { name, partitions } of groups[0]?.topics ?? [])
      for (const { committedOffset, metadata } of partitions)
        offsets[name] = `${committedOffset} ${metadata}`;
    return groups[0]?.errorCode;
  });
  expect(errorCode).toBe(0);
  return offsets;
};

const opened = async (cluster: Cluster): Promise<BadClient> => {
  const client = await connectTo(cluster);
  expect(await found(client)).toBe(0);
  return client;
};

describe('what a group has committed', () => {
  test.each(['clean', 'crash'] as const)('is there after a %s end of the node', async (how) => {
    await using cluster = await createCluster();
    {
      await using client = await opened(cluster);
      await createdTopic(client, 'orders');
      for (const offset of [1, 2, 3]) expect(await committed(client, 'orders', offset)).toBe(0);
    }
    await cluster.restart(how);
    await using client = await opened(cluster);
    expect(await fetched(client)).toEqual({ orders: '3 at 3' });
  });

  test('goes with its topic, and a new one of the same name begins without', async () => {
    await using cluster = await createCluster();
    await using client = await opened(cluster);
    await createdTopic(client, 'orders');
    await createdTopic(client, 'bills');
    expect(await committed(client, 'orders', 7)).toBe(0);
    expect(await committed(client, 'bills', 8)).toBe(0);
    expect(await deletedTopic(client, 'orders')).toBe(0);
    while (Object.keys(await fetched(client)).length > 1) await setTimeout(20);
    await createdTopic(client, 'orders');
    expect(await fetched(client)).toEqual({ bills: '8 at 8' });
    expect(await committed(client, 'orders', 1)).toBe(0);
    expect(await fetched(client)).toEqual({ orders: '1 at 1', bills: '8 at 8' });
  });

  test('goes with the group', async () => {
    await using cluster = await createCluster();
    await using client = await opened(cluster);
    await createdTopic(client, 'orders');
    expect(await committed(client, 'orders', 7)).toBe(0);
    const { results } = await client.ask('DeleteGroups', 2, { groupsNames: [GROUP] });
    expect(results).toEqual([{ groupId: GROUP, errorCode: 0 }]);
    expect(await fetched(client)).toEqual({});
    expect((await client.ask('ListGroups', 5, {})).groups).toEqual([]);
  });
});
