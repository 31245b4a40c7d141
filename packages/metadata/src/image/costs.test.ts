import type { TopicId } from '@kafkaesque/kernel';
import { BrokerId } from '@kafkaesque/kernel';
import { applyRecords } from '../delta/apply-records';
import { ExampleCluster } from '../example-cluster';
import { unchanged } from '../decide/next-partition';
import { topicByName } from './lookups';
import type { MetadataImage } from './metadata-image';
import { emptyVector } from './persistent-vector';

/** 30 brokers, 200 topics of 100 partitions of which broker 30 holds few, and one topic of 10,000. */
const bigCluster = (): ExampleCluster => {
  const ids = Array.from({ length: 30 }, (_, i) => i + 1);
  const cluster = new ExampleCluster(ids.map((id) => ({ id })));
  const without30 = ids.slice(0, -1);
  const assigned = (name: string, count: number, of: (i: number) => readonly number[]): void => {
    const assignments = Array.from({ length: count }, (_, partitionIndex) => ({
      partitionIndex,
      brokerIds: of(partitionIndex).map(BrokerId),
    }));
    const topic = { name, numPartitions: -1, replicationFactor: -1, assignments, configs: [] };
    cluster.run({ kind: 'create-topics', topics: [topic], validateOnly: false, topicIds: new Map() });
  };
  for (let t = 0; t < 200; t++)
    assigned(`topic-${t}`, 100, (i) =>
      t === 7 && i < 12 ? [30, 1] : [without30[i % 29]!, without30[(i + 1) % 29]!],
    );
  assigned('large', 10_000, (i) => (i % 1000 === 5 ? [30, 2] : [1 + (i % 29), 1 + ((i + 1) % 29)]));
  return cluster;
};

/** Everything that an image is made of, down to single partitions. */
const partsOf = (image: MetadataImage): Set<object> => {
  const parts = new Set<object>();
  for (const map of [
    image.features,
    image.topicsById,
    image.topicIdsByName,
    image.topicNamesByMetricName,
    image.brokers,
    image.configs,
    image.replicas,
  ])
    for (const node of map.nodes()) parts.add(node);
  for (const { partitions } of image.topicsById.values()) {
    for (const node of partitions.nodes()) parts.add(node);
    for (const partition of partitions) parts.add(partition);
  }
  for (const { topics } of image.replicas.values()) {
    for (const node of topics.nodes()) parts.add(node);
    for (const { words } of topics.values()) for (const node of words.nodes()) parts.add(node);
  }
  return parts;
};

const cluster = bigCluster();

describe('what a change costs in a cluster of 30,000 partitions', () => {
  const before = cluster.controller.committed;
  const parts = partsOf(before);

  const newParts = (after: MetadataImage): number =>
    [...partsOf(after)].filter((part) => !parts.has(part)).length;

  test('one partition of ten thousand: a few nodes', () => {
    const { topicId, partitions } = topicByName(before, 'large')!;
    const change = { ...unchanged(topicId, partitions.get(5_000)!), isr: [BrokerId(1)] };
    const records = [{ kind: 'PartitionChangeRecord', value: change } as const];
    const { after } = applyRecords(before, records, { offset: before.offset + 1, epoch: 1 });
    expect(parts.size).toBeGreaterThan(30_000);
    expect(newParts(after)).toBeLessThan(12);
  });

  test('a new topic: itself', () => {
    const topicId = 'newTopicIdOf22Letters_' as TopicId;
    const records = [{ kind: 'TopicRecord', value: { name: 'new', topicId } } as const];
    const { after } = applyRecords(before, records, { offset: before.offset + 1, epoch: 1 });
    expect(newParts(after)).toBeLessThan(12);
  });

  test('a broker that is fenced: what it holds, whatever the others hold', () => {
    const vector = Object.getPrototypeOf(emptyVector()) as Record<string | symbol, () => unknown>;
    const get = jest.spyOn(vector, 'get');
    const walk = jest.spyOn(vector as Record<symbol, () => unknown>, Symbol.iterator as never);
    const decision = cluster.decide({
      kind: 'fence-broker',
      brokerId: BrokerId(30),
      brokerEpoch: cluster.epochOf(30),
    });
    const visited = get.mock.calls.length;
    const walked = walk.mock.calls.length;
    get.mockRestore();
    walk.mockRestore();
    expect(decision).toMatchObject({ kind: 'decided' });
    // 12 partitions of one topic and 10 of another, and the registration.
    expect(decision.kind === 'decided' && decision.records).toHaveLength(23);
    expect(visited).toBe(22);
    // The words of two sets of partitions.
    expect(walked).toBe(2);
    const delta = cluster.commit(decision.kind === 'decided' ? decision.records : []);
    expect(newParts(delta!.after)).toBeLessThan(120);
  });
});
