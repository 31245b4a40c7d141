import { BrokerId, NO_BROKER, SeededRandom } from '@kafkaesque/kernel';
import { casesOf } from '@kafkaesque/kernel/conformance';
import { decodeRecords, encodeRecords } from './batch-codec';
import { applyRecords } from './delta/apply-records';
import type { MetadataDelta } from './delta/metadata-delta';
import { ExampleCluster } from './example-cluster';
import { drawCommand } from './example-commands';
import {
  emptyImage,
  heldReplicas,
  isActive,
  partitionsHeldBy,
  registeredBrokers,
  stateHash,
  topicNames,
} from './image/lookups';
import type { MetadataImage, PartitionImage, TopicImage } from './image/metadata-image';
import { recordsOfImage } from './image/snapshot-records';

const checkPartition = (image: MetadataImage, partition: PartitionImage): void => {
  const { replicas, isr, leader, directories, eligibleLeaderReplicas, lastKnownElr } = partition;
  const { addingReplicas, removingReplicas } = partition;
  expect(new Set(replicas).size).toBe(replicas.length);
  expect(directories).toHaveLength(replicas.length);
  for (const replica of [...isr, ...eligibleLeaderReplicas, ...lastKnownElr])
    expect(replicas).toContain(replica);
  expect(new Set([...isr, ...eligibleLeaderReplicas]).size).toBe(isr.length + eligibleLeaderReplicas.length);
  expect(lastKnownElr.length).toBeLessThanOrEqual(leader === NO_BROKER ? 1 : 0);
  for (const id of addingReplicas) expect(replicas).toContain(id);
  for (const id of removingReplicas) expect(replicas).toContain(id);
  if (leader !== NO_BROKER) {
    expect(isr).toContain(leader);
    expect(isActive(image.brokers.get(String(leader)))).toBe(true);
  } else {
    // A serving in-sync replica is never left without the lead.
    for (const replica of isr.length > 0 ? isr : eligibleLeaderReplicas)
      expect(isActive(image.brokers.get(String(replica)))).toBe(false);
  }
};

const checkTopic = (image: MetadataImage, topic: TopicImage): void => {
  expect(image.topicIdsByName.get(topic.name)).toBe(topic.topicId);
  expect(topic.partitions.map(({ partition }) => partition)).toEqual(
    Array.from({ length: topic.partitions.size }, (_, i) => i),
  );
  for (const partition of topic.partitions) checkPartition(image, partition);
};

/** What the index says about each broker is what a walk over all partitions finds. */
const checkIndex = (image: MetadataImage): void => {
  const held = new Map<number, string[]>();
  const led = new Map<number, number>();
  for (const topic of image.topicsById.values()) {
    for (const { partition, replicas, leader } of topic.partitions) {
      for (const id of replicas) held.set(id, [...(held.get(id) ?? []), `${topic.topicId}-${partition}`]);
      led.set(leader, (led.get(leader) ?? 0) + 1);
    }
  }
  expect([...image.replicas.keys()].map(Number).sort()).toEqual([...held.keys()].sort());
  for (const [id, expected] of held) {
    const of = heldReplicas(image, BrokerId(id));
    expect(of.replicas).toBe(expected.length);
    expect(of.leaderships).toBe(led.get(id) ?? 0);
    const walked = [...partitionsHeldBy(image, BrokerId(id))];
    expect(walked.map(({ topicId, partition }) => `${topicId}-${partition.partition}`)).toEqual(expected);
  }
};

const checkImage = (image: MetadataImage): void => {
  checkIndex(image);
  expect(image.topicIdsByName.size).toBe(image.topicsById.size);
  for (const topic of image.topicsById.values()) checkTopic(image, topic);
  const metricNames = topicNames(image).map((name) => name.replaceAll('.', '_'));
  expect(new Set(metricNames).size).toBe(metricNames.length);
  for (const { resource } of image.configs.values())
    if (resource.type === 2) expect(image.topicIdsByName.has(resource.name)).toBe(true);
};

/**
 * Of those who had everything acknowledged one is left, or it is said that records may be lost: an unclean election, or
 * nobody at all to elect cleanly.
 */
const checkNothingLost = (before: PartitionImage, after: PartitionImage): void => {
  const hadAll =
    before.isr.length > 0 ? [...before.isr, ...before.eligibleLeaderReplicas] : before.eligibleLeaderReplicas;
  const haveAll = after.isr.length > 0 ? after.isr : after.eligibleLeaderReplicas;
  if (haveAll.length === 0 || hadAll.length === 0) {
    if (after.leader !== NO_BROKER) expect(after.leaderRecoveryState).toBe(1);
    return;
  }
  if (!haveAll.some((id) => hadAll.includes(id))) expect(after.leaderRecoveryState).toBe(1);
};

/** Epochs grow with every change, and what a delta does not name is the very same object. */
const checkDelta = ({ before, after, topicsChanged, topicsCreated, brokersChanged }: MetadataDelta): void => {
  const changed = new Map(topicsChanged.map((change) => [change.after.topicId, change]));
  const created = new Set(topicsCreated.map(({ topicId }) => topicId));
  for (const topic of after.topicsById.values()) {
    if (created.has(topic.topicId)) continue;
    const old = before.topicsById.get(topic.topicId)!;
    const change = changed.get(topic.topicId);
    if (change === undefined) expect(topic).toBe(old);
    const touched = new Set<number>(change?.partitions.map(({ partition }) => partition) ?? []);
    for (const partition of topic.partitions)
      if (!touched.has(partition.partition)) expect(partition).toBe(old.partitions.get(partition.partition));
    for (const { before: from, after: to } of change?.partitions ?? []) {
      if (from === undefined) continue;
      checkNothingLost(from, to);
      expect(to.partitionEpoch).toBeGreaterThan(from.partitionEpoch);
      if (to.leader === from.leader) expect(to.leaderEpoch).toBeGreaterThanOrEqual(from.leaderEpoch);
      else expect(to.leaderEpoch).toBeGreaterThan(from.leaderEpoch);
    }
  }
  const touchedBrokers = new Set(brokersChanged.map((change) => (change.after ?? change.before)!.brokerId));
  for (const broker of registeredBrokers(after)) {
    const old = before.brokers.get(String(broker.brokerId));
    if (!touchedBrokers.has(broker.brokerId)) expect(broker).toBe(old);
    else if (old !== undefined) expect(broker.epoch).toBeGreaterThanOrEqual(old.epoch);
  }
};

const textOf = (image: MetadataImage): string => JSON.stringify([...recordsOfImage(image), stateHash(image)]);

const seeds = casesOf(6, 25);

describe('any sequence of commands', () => {
  test(`keeps the invariants, and every way of replaying its records makes the same state (${seeds} seeds)`, () => {
    let topicsCreated = 0;
    for (let seed = 1; seed <= seeds; seed++) {
      const random = new SeededRandom(seed, 'commands');
      const cluster = new ExampleCluster([{ id: 1 }, { id: 2, rack: 'r' }, { id: 3 }]);
      const usedIds = new Set<string>();
      let producerIds = 0;
      try {
        for (let i = 0; i < 120; i++) {
          const command = drawCommand(cluster.controller.speculative, random);
          const decision = cluster.decide(command);
          if (decision.kind === 'refused') continue;
          const delta = cluster.commit(decision.records);
          if (delta === undefined) continue;
          checkImage(delta.after);
          checkDelta(delta);
          for (const { topicId } of delta.topicsCreated) {
            expect(usedIds.has(topicId)).toBe(false);
            usedIds.add(topicId);
          }
          expect(delta.after.nextProducerId).toBeGreaterThanOrEqual(producerIds);
          producerIds = delta.after.nextProducerId;
        }
        topicsCreated += usedIds.size;
        checkReplays(cluster);
      } catch (cause) {
        throw new Error(`SEED=${seed}`, { cause });
      }
    }
    expect(topicsCreated).toBeGreaterThan(seeds * 2);
  }, 60_000);
});

const checkReplays = (cluster: ExampleCluster): void => {
  const expected = textOf(cluster.controller.committed);
  const all = cluster.log.flatMap(({ records }) => records);
  const position = { offset: cluster.log.at(-1)!.offset, epoch: 1 };
  expect(textOf(applyRecords(emptyImage, all, position).after)).toBe(expected);
  let stepwise = emptyImage;
  for (const { offset, records } of cluster.log)
    stepwise = applyRecords(stepwise, decodeRecords(encodeRecords(records)), { offset, epoch: 1 }).after;
  expect(textOf(stepwise)).toBe(expected);
  const state = [...recordsOfImage(cluster.controller.committed)];
  const loaded = applyRecords(emptyImage, decodeRecords(encodeRecords(state)), position).after;
  expect(textOf(loaded)).toBe(expected);
};
