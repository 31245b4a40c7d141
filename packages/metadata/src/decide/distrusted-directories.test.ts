import { BrokerEpoch, BrokerId } from '@kafkaesque/kernel';
import { ExampleCluster } from '../example-cluster';
import { LOST_DIRECTORY } from '../image/directory-id';
import { topicByName } from '../image/lookups';
import type { RegisterBrokerCommand } from './commands';

const [A, B, C] = ['a', 'b', 'c'].map((name) => name.repeat(21) + 'A') as [string, string, string];

/** Broker 1 with a topic in each of its directories, and in none; broker 2 has the same. */
const two = (configs: Readonly<Record<string, string>> = { 'min.insync.replicas': '2' }): ExampleCluster => {
  const cluster = new ExampleCluster([{ id: 2 }]);
  cluster.start(1, { logDirs: [A, B] });
  for (const name of ['in-a', 'in-b', 'nowhere', 'lost']) cluster.assign(name, [[1, 2]], configs);
  place(cluster, 'in-a', A);
  place(cluster, 'in-b', B);
  place(cluster, 'lost', LOST_DIRECTORY);
  return cluster;
};

const place = (cluster: ExampleCluster, name: string, id: string): void => {
  const { topicId } = topicByName(cluster.controller.speculative, name)!;
  cluster.run({
    ...{ kind: 'assign-replicas-to-dirs', brokerId: BrokerId(1), brokerEpoch: cluster.epochOf(1) },
    directories: [{ id, topics: [{ topicId, partitions: [{ partitionIndex: 0 }] }] }],
  });
};

/** The topics for which broker 1 is eligible once it has registered, whoever is in sync. */
const eligibleAfter = (changes: Partial<RegisterBrokerCommand>): readonly string[] => {
  const cluster = two();
  cluster.run(cluster.registration(1, changes));
  return ['in-a', 'in-b', 'nowhere'].filter((name) => {
    const { isr, eligibleLeaderReplicas } = cluster.partition(name);
    expect(isr).toEqual([2]);
    return eligibleLeaderReplicas.includes(BrokerId(1));
  });
};

describe('a broker that registers again', () => {
  test.each<{
    readonly name: string;
    readonly changes: Partial<RegisterBrokerCommand>;
    readonly eligible: readonly string[];
  }>([
    { name: 'as it was', changes: { logDirs: [A, B] }, eligible: ['in-a', 'in-b', 'nowhere'] },
    { name: 'with one more', changes: { logDirs: [A, B, C] }, eligible: ['in-a', 'in-b', 'nowhere'] },
    { name: 'with one replaced', changes: { logDirs: [A, C] }, eligible: ['in-a'] },
    { name: 'with one less', changes: { logDirs: [B] }, eligible: ['in-b'] },
    {
      name: 'with an old copy of one',
      changes: { logDirs: [A, B], distrustedDirs: [B] },
      eligible: ['in-a'],
    },
    {
      name: 'without one that it could not open',
      changes: { logDirs: [A], hasDirsAway: true },
      eligible: ['in-a', 'in-b', 'nowhere'],
    },
    {
      name: 'without one that it could not open, and with an old copy of the other',
      changes: { logDirs: [A], distrustedDirs: [A], hasDirsAway: true },
      eligible: ['in-b'],
    },
    {
      name: 'without the epoch of the one before',
      changes: { logDirs: [A, B], previousBrokerEpoch: BrokerEpoch(-1) },
      eligible: [],
    },
  ])('$name is eligible in $eligible', ({ changes, eligible }) => {
    expect(eligibleAfter(changes)).toEqual(eligible);
  });

  test('leads nothing that is away, and all of it again when the directory is back', () => {
    const cluster = two({ 'min.insync.replicas': '1' });
    cluster.fence(2);
    expect(cluster.partition('in-b')).toMatchObject({ leader: 1, isr: [1] });
    cluster.start(1, { logDirs: [A], hasDirsAway: true });
    expect(cluster.partition('in-a')).toMatchObject({ leader: 1, isr: [1] });
    expect(cluster.partition('in-b')).toMatchObject({ leader: -1, isr: [], eligibleLeaderReplicas: [1] });
    cluster.start(1, { logDirs: [A, B] });
    expect(cluster.partition('in-b')).toMatchObject({ leader: 1, isr: [1], leaderRecoveryState: 0 });
  });

  test('is the last in sync of what is away where nobody is remembered otherwise', () => {
    const cluster = two();
    cluster.run({
      kind: 'update-features',
      updates: [{ feature: 'eligible.leader.replicas.version', maxVersionLevel: 0, upgradeType: 2 }],
      validateOnly: false,
    });
    cluster.fence(2);
    cluster.start(1, { logDirs: [A], hasDirsAway: true });
    expect(cluster.partition('in-b')).toMatchObject({ leader: -1, isr: [1] });
    cluster.start(1, { logDirs: [A, B] });
    expect(cluster.partition('in-b')).toMatchObject({ leader: 1, isr: [1], leaderRecoveryState: 0 });
  });

  test('may have what it said is in a directory that is away, and has it when it says where', () => {
    const cluster = two({ 'min.insync.replicas': '1' });
    cluster.fence(2);
    cluster.start(1, { logDirs: [A], hasDirsAway: true });
    place(cluster, 'nowhere', LOST_DIRECTORY);
    expect(cluster.partition('nowhere')).toMatchObject({ leader: -1, eligibleLeaderReplicas: [1] });
    cluster.start(1, { logDirs: [A, B] });
    expect(cluster.partition('nowhere').leader).toBe(-1);
    place(cluster, 'nowhere', B);
    expect(cluster.partition('nowhere')).toMatchObject({ leader: 1, leaderRecoveryState: 0 });
  });
});
