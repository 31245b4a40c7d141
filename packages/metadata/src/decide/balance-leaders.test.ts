import { BrokerId } from '@kafkaesque/kernel';
import { ExampleCluster } from '../example-cluster';
import { heldReplicas } from '../image/lookups';

/** Broker 1 is first everywhere, and was away: broker 2 leads. Broker 1 is in sync again in the first `inSync`. */
const away = (partitions: number, inSync: number): ExampleCluster => {
  const cluster = new ExampleCluster([{ id: 1 }, { id: 2 }]);
  cluster.assign(
    'a',
    Array.from({ length: partitions }, () => [1, 2]),
  );
  cluster.fence(1);
  cluster.unfence(1);
  const { topics, ...rest } = cluster.alteration('a', [2, 1]);
  const first = topics[0]!.partitions[0]!;
  const asked = Array.from({ length: inSync }, (_, partitionIndex) => ({ ...first, partitionIndex }));
  cluster.run({ ...rest, topics: [{ ...topics[0]!, partitions: asked }] });
  return cluster;
};

const balance = (cluster: ExampleCluster, imbalancePercentage = 10) => {
  const sizes: number[] = [];
  for (;;) {
    const decision = cluster.decide({ kind: 'balance-leaders', imbalancePercentage });
    if (decision.kind === 'refused') throw new Error(decision.errorMessage ?? 'refused');
    cluster.commit(decision.records);
    sizes.push(decision.response.elections);
    if (decision.again !== true) return sizes;
  }
};

const leaderships = (cluster: ExampleCluster): readonly number[] =>
  [1, 2].map((id) => heldReplicas(cluster.controller.committed, BrokerId(id)).leaderships);

describe('balancing leaders', () => {
  test('gives a broker back what it is the first replica of, where it is in sync', () => {
    const cluster = away(4, 3);
    expect(leaderships(cluster)).toEqual([0, 4]);
    expect(balance(cluster)).toEqual([3]);
    expect(leaderships(cluster)).toEqual([3, 1]);
    expect(cluster.partition('a')).toMatchObject({ leader: 1, isr: [2, 1], leaderEpoch: 2 });
    expect(balance(cluster)).toEqual([0]);
  });

  test('leaves a broker alone that lacks no more than the percentage', () => {
    const cluster = away(10, 9);
    balance(cluster);
    cluster.inSync('a', 1, 2);
    expect(leaderships(cluster)).toEqual([9, 1]);
    expect(cluster.partition('a', 9).leader).toBe(2);
    expect(balance(cluster, 10)).toEqual([0]);
    expect(balance(cluster, 9)).toEqual([0]);
  });

  test('gives nothing to a broker that is about to leave', () => {
    const cluster = away(2, 2);
    const ids = { brokerId: BrokerId(1), brokerEpoch: cluster.epochOf(1) };
    cluster.run({ kind: 'begin-controlled-shutdown', ...ids });
    expect(balance(cluster)).toEqual([0]);
  });

  test('goes on in batches of a thousand', () => {
    const cluster = away(2_500, 2_500);
    expect(balance(cluster, 0)).toEqual([1_000, 1_000, 500]);
    expect(leaderships(cluster)).toEqual([2_500, 0]);
  });
});
