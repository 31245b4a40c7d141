import type { Random } from '@kafkaesque/kernel';
import { BrokerEpoch, BrokerId, ZERO_TOPIC_ID } from '@kafkaesque/kernel';
import type { Command } from './decide/commands';
import { epochIn, exampleRegistration } from './example-cluster';
import type { MetadataImage } from './image/metadata-image';

const names = ['a', 'b.c', 'b_c', 'd', 'e-f', 'g.h', 'g_h', 'i'];

const drawName = (random: Random): string => names[random.below(names.length)] ?? '';

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
      return exampleRegistration(
        image,
        random,
        id,
        random.below(4) === 0 ? { previousBrokerEpoch: BrokerEpoch(-1) } : {},
      );
    case 4:
      return { kind: 'allocate-producer-ids', brokerId, brokerEpoch };
    default:
      return { kind: 'unfence-broker', brokerId, brokerEpoch };
  }
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

/** Any command, about few topics and brokers so that commands meet. */
export const drawCommand = (image: MetadataImage, random: Random): Command => {
  const choice = random.below(10);
  if (choice < 5) return drawTopicCommand(random);
  return choice < 8 ? drawBrokerCommand(image, random) : drawConfigCommand(random);
};
