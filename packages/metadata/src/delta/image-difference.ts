import { brokerKey } from '../image/lookups';
import type {
  BrokerImage,
  ConfigOverrides,
  MetadataImage,
  PartitionImage,
  TopicImage,
} from '../image/metadata-image';
import type { PersistentMap } from '../image/persistent-map';
import type {
  BrokerChange,
  ConfigChange,
  MetadataDelta,
  PartitionChange,
  TopicChange,
} from './metadata-delta';

const sameList = (a: readonly unknown[], b: readonly unknown[]): boolean =>
  a.length === b.length && a.every((item, i) => item === b[i]);

const samePartition = (a: PartitionImage, b: PartitionImage): boolean =>
  a === b ||
  (a.partitionEpoch === b.partitionEpoch &&
    a.leader === b.leader &&
    a.leaderEpoch === b.leaderEpoch &&
    a.leaderRecoveryState === b.leaderRecoveryState &&
    sameList(a.replicas, b.replicas) &&
    sameList(a.isr, b.isr) &&
    sameList(a.directories, b.directories) &&
    sameList(a.addingReplicas, b.addingReplicas) &&
    sameList(a.removingReplicas, b.removingReplicas) &&
    sameList(a.eligibleLeaderReplicas, b.eligibleLeaderReplicas) &&
    sameList(a.lastKnownElr, b.lastKnownElr));

const topicChange = (before: TopicImage, after: TopicImage): TopicChange | undefined => {
  const partitions: PartitionChange[] = [];
  for (const partition of after.partitions) {
    const old = before.partitions[partition.partition];
    if (old === undefined || !samePartition(old, partition))
      partitions.push({ partition: partition.partition, before: old, after: partition });
  }
  return partitions.length === 0 ? undefined : { before, after, partitions };
};

/** Compared as text: registrations are small, few, and made of plain values. */
const sameBroker = (a: BrokerImage, b: BrokerImage): boolean => a === b || brokerText(a) === brokerText(b);

const brokerText = (broker: BrokerImage): string =>
  JSON.stringify({ ...broker, endpoints: [...broker.endpoints.values()] });

const brokerChanges = (before: MetadataImage, after: MetadataImage): BrokerChange[] => {
  const changes: BrokerChange[] = [];
  for (const broker of after.brokers.values()) {
    const old = before.brokers.get(brokerKey(broker.brokerId));
    if (old === undefined || !sameBroker(old, broker)) changes.push({ before: old, after: broker });
  }
  for (const broker of before.brokers.values())
    if (!after.brokers.has(brokerKey(broker.brokerId))) changes.push({ before: broker, after: undefined });
  return changes;
};

const changedValues = <Value>(
  before: PersistentMap<Value> | undefined,
  after: PersistentMap<Value> | undefined,
): Map<string, Value | undefined> => {
  const changed = new Map<string, Value | undefined>();
  for (const [name, value] of after?.entries() ?? [])
    if (before?.get(name) !== value) changed.set(name, value);
  for (const name of before?.keys() ?? []) if (after?.has(name) !== true) changed.set(name, undefined);
  return changed;
};

const configChanges = (before: MetadataImage, after: MetadataImage): ConfigChange[] => {
  const changes: ConfigChange[] = [];
  const compare = (key: string, { resource }: ConfigOverrides): void => {
    const values = changedValues(before.configs.get(key)?.values, after.configs.get(key)?.values);
    const changed = new Map([...values].map(([name, value]) => [name, value ?? null]));
    if (changed.size > 0) changes.push({ resource, changed });
  };
  for (const [key, overrides] of after.configs.entries()) compare(key, overrides);
  for (const [key, overrides] of before.configs.entries())
    if (!after.configs.has(key)) compare(key, overrides);
  return changes;
};

/** What differs between two images that share nothing, as after a snapshot was loaded. */
export const imageDifference = (before: MetadataImage, after: MetadataImage): MetadataDelta => {
  const topicsCreated: TopicImage[] = [];
  const topicsChanged: TopicChange[] = [];
  for (const topic of after.topicsById.values()) {
    const old = before.topicsById.get(topic.topicId);
    const change = old === undefined ? undefined : topicChange(old, topic);
    if (old === undefined) topicsCreated.push(topic);
    else if (change !== undefined) topicsChanged.push(change);
  }
  const features = changedValues(before.features, after.features);
  return {
    before,
    after,
    topicsCreated,
    topicsRemoved: [...before.topicsById.values()].filter((topic) => !after.topicsById.has(topic.topicId)),
    topicsChanged,
    brokersChanged: brokerChanges(before, after),
    configsChanged: configChanges(before, after),
    featuresChanged: new Map([...features].map(([name, level]) => [name, level ?? 0])),
  };
};
