import { BrokerEpoch, BrokerId, LeaderEpoch, PartitionIndex } from '@kafkaesque/kernel';
import { ExampleCluster } from '../example-cluster';
import type { RenewLeadershipCommand } from './commands';

/** Broker 1 leads `a`. */
const cluster = (...replicas: readonly number[]): ExampleCluster => {
  const three = new ExampleCluster([{ id: 1 }, { id: 2 }, { id: 3 }]);
  three.assign('a', [replicas]);
  return three;
};

const renewal = (
  on: ExampleCluster,
  changes: { epoch?: number; isDamaged?: boolean; of?: number } = {},
): RenewLeadershipCommand => {
  const { leaderEpoch } = on.partition('a');
  const { topicId } = on.alteration('a', []).topics[0]!;
  const { epoch = leaderEpoch, isDamaged = false, of = 1 } = changes;
  return {
    kind: 'renew-leadership',
    brokerId: BrokerId(of),
    brokerEpoch: on.epochOf(of),
    partitions: [{ topicId, partition: PartitionIndex(0), leaderEpoch: LeaderEpoch(epoch), isDamaged }],
  };
};

describe('renewing leadership after a failed append', () => {
  test('the same leader leads again, in a new epoch', () => {
    const one = cluster(1);
    const { leaderEpoch } = one.partition('a');
    one.run(renewal(one));
    expect(one.partition('a')).toMatchObject({ leader: 1, leaderEpoch: leaderEpoch + 1, isr: [1] });
  });

  test('a partition that has moved on since stays as it is', () => {
    const one = cluster(1);
    expect(one.decide(renewal(one, { epoch: -1 }))).toMatchObject({ kind: 'decided', records: [] });
  });

  test('an earlier incarnation is refused', () => {
    const one = cluster(1);
    expect(one.decide({ ...renewal(one), brokerEpoch: BrokerEpoch(77_777) }).kind).toBe('refused');
  });
});

describe('a leader whose log is damaged', () => {
  test('hands over to another that is in sync, and leaves the in-sync set', () => {
    const three = cluster(1, 2, 3);
    const { leaderEpoch } = three.partition('a');
    three.run(renewal(three, { isDamaged: true }));
    expect(three.partition('a')).toMatchObject({ leader: 2, leaderEpoch: leaderEpoch + 1, isr: [2, 3] });
  });

  test('is not remembered as one that has everything', () => {
    const two = cluster(1, 2);
    two.run(renewal(two, { isDamaged: true }));
    expect(two.partition('a')).toMatchObject({ leader: 2, isr: [2], eligibleLeaderReplicas: [] });
  });

  test('leads on where nobody else has everything', () => {
    const two = cluster(1, 2);
    two.fence(2);
    expect(two.decide(renewal(two, { isDamaged: true }))).toMatchObject({ kind: 'decided', records: [] });
  });
});

describe('a follower whose log is damaged', () => {
  test('is in sync no more, and nobody else leads because of it', () => {
    const three = cluster(1, 2, 3);
    const { leaderEpoch } = three.partition('a');
    three.run(renewal(three, { isDamaged: true, of: 3 }));
    expect(three.partition('a')).toMatchObject({ leader: 1, leaderEpoch, isr: [1, 2] });
  });

  test('is not remembered as one that has everything', () => {
    const two = cluster(1, 2);
    two.run(renewal(two, { isDamaged: true, of: 2 }));
    expect(two.partition('a')).toMatchObject({ leader: 1, isr: [1], eligibleLeaderReplicas: [] });
  });

  test('that is not in sync, or says it of another epoch, changes nothing', () => {
    const two = cluster(1, 2);
    expect(two.decide(renewal(two, { isDamaged: true, of: 2, epoch: -1 }))).toMatchObject({ records: [] });
    two.run(renewal(two, { isDamaged: true, of: 2 }));
    expect(two.decide(renewal(two, { isDamaged: true, of: 2 }))).toMatchObject({ records: [] });
    expect(two.decide(renewal(two, { of: 2 }))).toMatchObject({ records: [] });
  });
});
