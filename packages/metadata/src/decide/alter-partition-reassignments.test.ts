import { BrokerId } from '@kafkaesque/kernel';
import { ErrorCode } from '@kafkaesque/protocol';
import { ExampleCluster } from '../example-cluster';
import { listPartitionReassignments } from '../image/reassignments';

const five = (
  replicas: readonly number[],
  configs: Readonly<Record<string, string>> = {},
): ExampleCluster => {
  const cluster = new ExampleCluster([1, 2, 3, 4, 5].map((id) => ({ id })));
  cluster.assign('a', [replicas, replicas], configs);
  return cluster;
};

const reassign = (
  cluster: ExampleCluster,
  replicas: readonly number[] | null,
  { name = 'a', partitionIndex = 0, allowReplicationFactorChange = true } = {},
) =>
  cluster.run({
    kind: 'alter-partition-reassignments',
    allowReplicationFactorChange,
    topics: [{ name, partitions: [{ partitionIndex, replicas: replicas?.map(BrokerId) ?? null }] }],
  }).responses[0]!.partitions[0]!;

const ok = { partitionIndex: 0, errorCode: 0, errorMessage: null };
const done = { addingReplicas: [], removingReplicas: [] };

describe('a reassignment', () => {
  test('adds replicas, and removes the old ones when the new ones are in sync', () => {
    const cluster = five([1, 2]);
    expect(reassign(cluster, [3, 4])).toEqual(ok);
    const { leaderEpoch } = cluster.partition('a');
    expect(cluster.partition('a')).toMatchObject({
      ...{ replicas: [3, 4, 1, 2], addingReplicas: [3, 4], removingReplicas: [1, 2] },
      ...{ isr: [1, 2], leader: 1, leaderEpoch: 0 },
    });
    expect(listPartitionReassignments(cluster.controller.committed)).toEqual([
      {
        name: 'a',
        partitions: [
          { partitionIndex: 0, replicas: [3, 4, 1, 2], addingReplicas: [3, 4], removingReplicas: [1, 2] },
        ],
      },
    ]);
    cluster.inSync('a', 1, 2, 3);
    expect(cluster.partition('a').replicas).toHaveLength(4);
    // The leader's own request ends its lead: it is told so, and learns the rest from the metadata.
    const answer = cluster.run(cluster.alteration('a', [1, 2, 3, 4])).topics[0]!.partitions[0]!;
    expect(answer).toMatchObject({ errorCode: ErrorCode.NEW_LEADER_ELECTED, leaderEpoch: 0, isr: [] });
    expect(cluster.partition('a')).toMatchObject({
      ...{ replicas: [3, 4], isr: [3, 4], leader: 3, leaderEpoch: leaderEpoch + 1, ...done },
    });
    expect(cluster.partition('a').directories).toHaveLength(2);
    expect(listPartitionReassignments(cluster.controller.committed)).toEqual([]);
  });

  test('begins a leader epoch when it drops a replica, also where the leader stays', () => {
    const cluster = five([1, 2]);
    reassign(cluster, [1, 3]);
    cluster.inSync('a', 1, 2, 3);
    expect(cluster.partition('a')).toMatchObject({
      ...{ replicas: [1, 3], isr: [1, 3], leader: 1, leaderEpoch: 1, ...done },
    });
  });

  test('of the order alone is done at once, and the leader stays', () => {
    const cluster = five([1, 2, 3]);
    expect(reassign(cluster, [3, 2, 1])).toEqual(ok);
    expect(cluster.partition('a')).toMatchObject({ replicas: [3, 2, 1], leader: 1, leaderEpoch: 0, ...done });
  });

  test('to what is there already changes nothing', () => {
    const cluster = five([1, 2]);
    const before = cluster.partition('a');
    expect(reassign(cluster, [1, 2])).toEqual(ok);
    expect(cluster.partition('a')).toBe(before);
  });

  test('to fewer replicas is done at once if they are in sync, and otherwise when they are', () => {
    const cluster = five([1, 2, 3]);
    reassign(cluster, [2]);
    expect(cluster.partition('a')).toMatchObject({ replicas: [2], isr: [2], leader: 2, ...done });
    const lagging = five([1, 2, 3]);
    lagging.inSync('a', 1, 3);
    reassign(lagging, [1, 2]);
    expect(lagging.partition('a')).toMatchObject({ replicas: [1, 2, 3], isr: [1, 3], removingReplicas: [3] });
    lagging.inSync('a', 1, 3, 2);
    expect(lagging.partition('a')).toMatchObject({ replicas: [1, 2], isr: [1, 2], ...done });
  });

  test('never drops the last in-sync replica', () => {
    const cluster = five([1, 2]);
    cluster.inSync('a', 1);
    reassign(cluster, [2]);
    expect(cluster.partition('a')).toMatchObject({
      replicas: [2, 1],
      isr: [1],
      removingReplicas: [1],
      leader: 1,
    });
    cluster.fence(1);
    cluster.unfence(1);
    expect(cluster.partition('a')).toMatchObject({ replicas: [2, 1], isr: [1], leader: 1 });
  });

  test('waits while it would take the in-sync set below the minimum', () => {
    const cluster = five([1, 2], { 'min.insync.replicas': '2' });
    cluster.fence(2);
    reassign(cluster, [3, 2]);
    cluster.inSync('a', 1, 3);
    expect(cluster.partition('a')).toMatchObject({ isr: [1, 3], removingReplicas: [1] });
    cluster.unfence(2);
    cluster.run(cluster.alteration('a', [1, 3, 2]));
    expect(cluster.partition('a')).toMatchObject({ replicas: [3, 2], isr: [3, 2], leader: 3, ...done });
  });

  test('may be replaced by another, whose replicas are still to be added', () => {
    const cluster = five([1, 2]);
    reassign(cluster, [1, 3]);
    reassign(cluster, [1, 3, 4]);
    expect(cluster.partition('a')).toMatchObject({
      ...{ replicas: [1, 3, 4, 2], addingReplicas: [3, 4], removingReplicas: [2] },
    });
    reassign(cluster, [1]);
    expect(cluster.partition('a')).toMatchObject({ replicas: [1], isr: [1], leader: 1, ...done });
  });

  test('ends by the fencing of the last one that is to be removed and was in nobody’s way', () => {
    const cluster = five([1, 2]);
    cluster.inSync('a', 1);
    reassign(cluster, [1, 3, 4]);
    cluster.inSync('a', 1, 3, 4);
    expect(cluster.partition('a')).toMatchObject({ replicas: [1, 3, 4], ...done });
  });

  test.each([
    [[], {}, 39, 'The manual partition assignment includes an empty replica list.'],
    [[1, 9], {}, 39, 'The manual partition assignment includes broker 9, but no such broker is registered.'],
    [[1, 1], {}, 39, 'The manual partition assignment includes the broker 1 more than once.'],
    [[1], { allowReplicationFactorChange: false }, 38, 'The replication factor is changed from 2 to 1'],
    [[1], { name: 'b' }, 3, 'Unable to find a topic named b.'],
    [[1], { partitionIndex: 5 }, 3, 'Unable to find partition a:5.'],
    [null, {}, 85, 'No partition reassignment is in progress.'],
  ])('to %p with %p is refused', (replicas, options, errorCode, errorMessage) => {
    expect(reassign(five([1, 2]), replicas, options)).toMatchObject({ errorCode, errorMessage });
  });

  test('counts the replicas it is on the way to when their number may not change', () => {
    const cluster = five([1, 2]);
    reassign(cluster, [3, 4]);
    const fixed = { allowReplicationFactorChange: false };
    expect(reassign(cluster, [4, 5], fixed)).toEqual(ok);
    expect(reassign(cluster, [3, 4, 5], fixed)).toMatchObject({
      errorCode: ErrorCode.INVALID_REPLICATION_FACTOR,
      errorMessage: 'The replication factor is changed from 2 to 3',
    });
  });
});

describe('cancelling a reassignment', () => {
  test('takes what it was adding away', () => {
    const cluster = five([1, 2]);
    reassign(cluster, [3, 4]);
    cluster.inSync('a', 1, 2, 3);
    expect(reassign(cluster, null)).toEqual(ok);
    expect(cluster.partition('a')).toMatchObject({
      ...{ replicas: [1, 2], isr: [1, 2], leader: 1, leaderEpoch: 1, ...done },
    });
  });

  test.each(['false', 'true'])('that would lose records needs leave: %s', (leave) => {
    const cluster = five([1, 2], { 'unclean.leader.election.enable': leave });
    reassign(cluster, [3, 4]);
    cluster.inSync('a', 1, 3);
    cluster.fence(1);
    expect(cluster.partition('a')).toMatchObject({ leader: 3, isr: [3] });
    const answer = reassign(cluster, null);
    if (leave === 'true') {
      expect(answer).toEqual(ok);
      expect(cluster.partition('a')).toMatchObject({
        ...{ replicas: [1, 2], leader: 2, isr: [2], leaderRecoveryState: 1, ...done },
      });
      return;
    }
    expect(answer).toEqual({
      ...{ partitionIndex: 0, errorCode: ErrorCode.INVALID_REPLICA_ASSIGNMENT },
      errorMessage:
        'Unable to revert partition assignment for a:0 because it would require an unclean leader election.',
    });
  });

  test('keeps who is eligible where nobody is in sync', () => {
    const cluster = five([1, 2], { 'min.insync.replicas': '2' });
    reassign(cluster, [3, 4]);
    cluster.fence(2, 1);
    expect(cluster.partition('a')).toMatchObject({ isr: [], eligibleLeaderReplicas: [1, 2] });
    expect(reassign(cluster, null)).toEqual(ok);
    expect(cluster.partition('a')).toMatchObject({
      replicas: [1, 2],
      isr: [],
      eligibleLeaderReplicas: [1, 2],
    });
    cluster.unfence(2);
    expect(cluster.partition('a')).toMatchObject({ leader: 2, isr: [2], leaderRecoveryState: 0 });
  });
});

describe('the list of reassignments', () => {
  test('names those that are asked for, as far as they are under way', () => {
    const cluster = five([1, 2]);
    reassign(cluster, [3, 4]);
    const list = (name: string, ...partitionIndexes: readonly number[]) =>
      listPartitionReassignments(cluster.controller.committed, [{ name, partitionIndexes }]);
    expect(list('a', 0, 1, 7, -1)).toMatchObject([{ name: 'a', partitions: [{ partitionIndex: 0 }] }]);
    expect(list('a', 1)).toEqual([]);
    expect(list('b', 0)).toEqual([]);
  });
});
