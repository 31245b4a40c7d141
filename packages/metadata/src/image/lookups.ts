import type { BrokerId, PartitionIndex } from '@kafkaesque/kernel';
import { BrokerEpoch, ProducerId, TopicId, assert } from '@kafkaesque/kernel';
import type {
  BrokerImage,
  ConfigResource,
  ConfigResourceType,
  ControllerImage,
  MetadataImage,
  PartitionImage,
  TopicImage,
} from './metadata-image';
import type { PersistentMap } from './persistent-map';
import { emptyMap } from './persistent-map';
import { partitionsIn } from './partition-set';
import type { HeldReplicas } from './replica-index';
import { noRemovedTopics, wasRemoved } from './removed-topics';
import { holdsNothing } from './replica-index';
import { emptySum, hashText } from './state-hash';

/** The state of a cluster that has not begun. */
export const emptyImage: MetadataImage = {
  offset: -1,
  epoch: 0,
  features: emptyMap(),
  topicsById: emptyMap(),
  topicIdsByName: emptyMap(),
  topicNamesByMetricName: emptyMap(),
  brokers: emptyMap(),
  controllers: emptyMap(),
  configs: emptyMap(),
  nextProducerId: ProducerId(0),
  topicRemovedAt: -1,
  removedTopics: noRemovedTopics,
  replicas: emptyMap(),
  stateSum: emptySum,
};

/** No registration. */
export const NO_BROKER_EPOCH = BrokerEpoch(-1);

/** A topic; undefined when there is none of that id. */
export const topicById = (image: MetadataImage, topicId: TopicId): TopicImage | undefined =>
  image.topicsById.get(topicId);

/** Whether a committed record is remembered that removed it. */
export const isRemovedTopic = (image: MetadataImage, topicId: TopicId): boolean =>
  wasRemoved(image.removedTopics, topicId);

/** A topic; undefined when there is none of that name now. */
export const topicByName = (image: MetadataImage, name: string): TopicImage | undefined => {
  const topicId = image.topicIdsByName.get(name);
  return topicId === undefined ? undefined : image.topicsById.get(topicId);
};

/** A partition; undefined when its topic is gone or has fewer. */
export const partitionOf = (
  image: MetadataImage,
  topicId: TopicId,
  partition: PartitionIndex,
): PartitionImage | undefined => image.topicsById.get(topicId)?.partitions.get(partition);

const sortedNames = new WeakMap<PersistentMap<TopicId>, readonly string[]>();

/** All topic names in ascending order; sorted once for each set of topics. */
export const topicNames = (image: MetadataImage): readonly string[] => {
  const known = sortedNames.get(image.topicIdsByName);
  if (known !== undefined) return known;
  const names = [...image.topicIdsByName.keys()].sort();
  sortedNames.set(image.topicIdsByName, names);
  return names;
};

export const brokerKey = (brokerId: BrokerId): string => String(brokerId);

/** A registered broker; undefined when there is none of that id. */
export const brokerById = (image: MetadataImage, brokerId: BrokerId): BrokerImage | undefined =>
  image.brokers.get(brokerKey(brokerId));

/** All registered brokers, by ascending id. */
export const registeredBrokers = (image: MetadataImage): readonly BrokerImage[] =>
  [...image.brokers.values()].sort((a, b) => a.brokerId - b.brokerId);

/** All registered controllers, by ascending id. */
export const registeredControllers = (image: MetadataImage): readonly ControllerImage[] =>
  [...image.controllers.values()].sort((a, b) => a.controllerId - b.controllerId);

/** What a broker holds and leads, registered or not. */
export const heldReplicas = (image: MetadataImage, brokerId: BrokerId): HeldReplicas =>
  image.replicas.get(brokerKey(brokerId)) ?? holdsNothing;

/** The partitions that a broker is a replica of, topic by topic; costs what it holds. */
export function* partitionsHeldBy(
  image: MetadataImage,
  brokerId: BrokerId,
): IterableIterator<{ readonly topicId: TopicId; readonly partition: PartitionImage }> {
  for (const [key, partitions] of heldReplicas(image, brokerId).topics.entries()) {
    const topicId = TopicId(key);
    const topic = image.topicsById.get(topicId);
    for (const index of partitionsIn(partitions)) {
      const partition = topic?.partitions.get(index);
      assert(
        partition !== undefined,
        () => `partition ${key}-${index}, which broker ${brokerId} holds, is there`,
      );
      yield { topicId, partition };
    }
  }
}

/**
 * 16 hexadecimal digits that are the same for the same facts, on any node and however they came to be (offset and epoch
 * are no facts): nodes that have applied the same metadata offset must agree on it. Costs nothing to ask.
 */
export const stateHash = (image: MetadataImage): string => hashText(image.stateSum);

/** Whether a broker may hold leaders and join in-sync sets. */
export const isActive = (broker: BrokerImage | undefined): broker is BrokerImage =>
  broker !== undefined && !broker.fenced && !broker.inControlledShutdown;

/** A broker as clients see it through one listener. */
export interface BrokerAddress {
  readonly brokerId: BrokerId;
  readonly host: string;
  readonly port: number;
  readonly rack: string | null;
}

/** The brokers that are not fenced and have an endpoint for that listener, by ascending id. */
export const aliveBrokers = (image: MetadataImage, listenerName: string): readonly BrokerAddress[] => {
  const alive: BrokerAddress[] = [];
  for (const { brokerId, endpoints, fenced, rack } of registeredBrokers(image)) {
    const endpoint = endpoints.get(listenerName);
    if (!fenced && endpoint !== undefined)
      alive.push({ brokerId, host: endpoint.host, port: endpoint.port, rack });
  }
  return alive;
};

const resourceTypes: ReadonlySet<number> = new Set<ConfigResourceType>([2, 4, 8, 16, 32]);

/** Whether a number from the wire is a type of resource that may have a configuration. */
export const isConfigResourceType = (type: number): type is ConfigResourceType => resourceTypes.has(type);

/** The key of a resource in `image.configs`. */
export const configKey = (resource: ConfigResource): string => `${resource.type}:${resource.name}`;

/** The values set on a resource; empty when there are none. */
export const configOverrides = (image: MetadataImage, resource: ConfigResource): PersistentMap<string> =>
  image.configs.get(configKey(resource))?.values ?? emptyMap();

/** The finalized level of a feature; 0 when it is not finalized. */
export const featureLevel = (image: MetadataImage, name: string): number => image.features.get(name) ?? 0;
