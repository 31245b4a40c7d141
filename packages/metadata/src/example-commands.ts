import type { Random } from '@kafkaesque/kernel';
import { BrokerEpoch, BrokerId, ZERO_TOPIC_ID } from '@kafkaesque/kernel';
import type { Command } from './decide/commands';
import { epochIn, exampleRegistration } from './example-cluster';
import { NO_BROKER_EPOCH, brokerById, topicByName } from './image/lookups';
import type { MetadataImage, PartitionImage, TopicImage } from './image/metadata-image';

const names = ['a', 'b.c', 'b_c', 'd', 'e-f', 'g.h', 'g_h', 'i'];

const drawName = (random: Random, of: readonly string[] = names): string => of[random.below(of.length)] ?? '';

const drawTopicCommand = (random: Random): Command => {
  const name = drawName(random);
  switch (random.below(4)) {
    case 0:
      return { kind: 'delete-topics', topics: [{ name, topicId: ZERO_TOPIC_ID }], retried: false };
    case 1:
      return {
        kind: 'create-partitions',
        topics: [{ name, count: 1 + random.below(8), assignments: null }],
        validateOnly: random.below(5) === 0,
      };
    default: {
      const replicationFactor = 1 + random.below(3);
      const topic = {
        name,
        numPartitions: 1 + random.below(5),
        replicationFactor,
        assignments: [],
        configs: [],
      };
      return {
        kind: 'create-topics',
        topics: [topic],
        validateOnly: random.below(5) === 0,
        topicIds: new Map(),
      };
    }
  }
};

/** None, as that of a wiped disk, or the one that a broker has that died before it had recorded the last one. */
const drawOldEpoch = (image: MetadataImage, random: Random, id: number): BrokerEpoch =>
  (random.below(2) === 0 ? brokerById(image, BrokerId(id))?.provedEpoch : undefined) ?? NO_BROKER_EPOCH;

const drawBrokerCommand = (image: MetadataImage, random: Random): Command => {
  const id = 1 + random.below(4);
  const brokerId = BrokerId(id);
  const brokerEpoch = random.below(10) === 0 ? BrokerEpoch(1) : epochIn(image, id);
  switch (random.below(8)) {
    case 0:
      return { kind: 'unregister-broker', brokerId };
    case 1:
      return { kind: 'begin-controlled-shutdown', brokerId, brokerEpoch };
    case 2:
      return { kind: 'fence-broker', brokerId, brokerEpoch };
    case 3:
      return exampleRegistration(image, random, id, {
        ...(random.below(4) === 0 ? { previousBrokerEpoch: drawOldEpoch(image, random, id) } : {}),
        isUnclean: random.below(2) === 0,
      });
    case 4:
      return { kind: 'allocate-producer-ids', brokerId, brokerEpoch };
    default:
      return { kind: 'unfence-broker', brokerId, brokerEpoch };
  }
};

const drawPartition = (
  image: MetadataImage,
  random: Random,
  of: readonly string[],
): { readonly topic: TopicImage; readonly partition: PartitionImage } | undefined => {
  const topic = topicByName(image, drawName(random, of));
  const partition = topic?.partitions.get(random.below(topic.partitions.size));
  return topic === undefined || partition === undefined ? undefined : { topic, partition };
};

/** Ids out of 1 to 4, in any order. */
const drawIds = (random: Random): readonly BrokerId[] => {
  const ids = [1, 2, 3, 4].map(BrokerId);
  for (let i = ids.length - 1; i > 0; i--) {
    const at = random.below(i + 1);
    const [one, other] = [ids[i], ids[at]];
    if (one !== undefined && other !== undefined) [ids[i], ids[at]] = [other, one];
  }
  return ids.slice(0, 1 + random.below(3));
};

/** What a leader may ask for, mostly what is possible. */
const drawAlteration = (image: MetadataImage, random: Random, of: readonly string[]): Command | undefined => {
  const { topic, partition } = drawPartition(image, random, of) ?? {};
  if (topic === undefined || partition === undefined || partition.leader < 0) return undefined;
  const { leader, leaderEpoch, partitionEpoch, replicas } = partition;
  const isr = replicas.filter((id) => id === leader || random.below(2) === 0);
  const asked = {
    partitionIndex: partition.partition,
    leaderEpoch,
    partitionEpoch: partitionEpoch - (random.below(10) === 0 ? 1 : 0),
    newIsrWithEpochs: isr.map((id) => ({ brokerId: id, brokerEpoch: epochIn(image, id) })),
    leaderRecoveryState: 0,
  };
  const topics = [{ topicId: topic.topicId, partitions: [asked] }];
  return { kind: 'alter-partition', brokerId: leader, brokerEpoch: epochIn(image, leader), topics };
};

const drawPartitionCommand = (
  image: MetadataImage,
  random: Random,
  of: readonly string[] = names,
): Command => {
  const name = drawName(random, of);
  const partitions = [random.below(4)];
  switch (random.below(5)) {
    case 0: {
      const topicPartitions = random.below(2) === 0 ? null : [{ topic: name, partitions }];
      return { kind: 'elect-leaders', electionType: random.below(2), topicPartitions };
    }
    case 1: {
      const replicas = random.below(4) === 0 ? null : drawIds(random);
      const topics = [
        { name, partitions: partitions.map((partitionIndex) => ({ partitionIndex, replicas })) },
      ];
      const allowReplicationFactorChange = random.below(4) > 0;
      return { kind: 'alter-partition-reassignments', allowReplicationFactorChange, topics };
    }
    case 2:
      return random.below(4) === 0
        ? { kind: 'elect-unclean-leaders' }
        : { kind: 'balance-leaders', imbalancePercentage: random.below(50) };
    default:
      return drawAlteration(image, random, of) ?? drawBrokerCommand(image, random);
  }
};

const drawMinimumCommand = (random: Random, of: readonly string[] = names): Command => {
  const [resourceType, resourceName] = random.below(4) === 0 ? [4, ''] : [2, drawName(random, of)];
  const value = String(1 + random.below(3));
  const configs = [{ name: 'min.insync.replicas', configOperation: 0, value }];
  const resources = [{ resourceType, resourceName, configs }];
  return { kind: 'incremental-alter-configs', resources, validateOnly: false };
};

const drawConfigCommand = (random: Random): Command => {
  const [resourceType, resourceName] = random.below(2) === 0 ? [2, drawName(random)] : [4, '1'];
  const change = {
    name: `key.${random.below(3)}`,
    configOperation: random.below(2),
    value: String(random.below(3)),
  };
  const resources = [{ resourceType, resourceName, configs: [change] }];
  return random.below(3) === 0
    ? { kind: 'alter-configs', resources, validateOnly: false }
    : { kind: 'incremental-alter-configs', resources, validateOnly: false };
};

/** What can happen to the replicas of these topics: brokers that come and go, leaders, reassignments, the minimum. */
export const drawTrouble = (image: MetadataImage, random: Random, of: readonly string[]): Command => {
  const choice = random.below(10);
  if (choice < 5) return drawBrokerCommand(image, random);
  return choice < 9 ? drawPartitionCommand(image, random, of) : drawMinimumCommand(random, of);
};

/** Any command, about few topics and brokers so that commands meet. */
export const drawCommand = (image: MetadataImage, random: Random): Command => {
  const choice = random.below(16);
  if (choice < 4) return drawTopicCommand(random);
  if (choice < 8) return drawBrokerCommand(image, random);
  if (choice < 13) return drawPartitionCommand(image, random);
  return choice < 14 ? drawMinimumCommand(random) : drawConfigCommand(random);
};
