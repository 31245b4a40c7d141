import type { ProducerId, TopicId } from '@kafkaesque/kernel';
import { assert } from '@kafkaesque/kernel';
import { configKey } from '../image/lookups';
import type {
  BrokerImage,
  ConfigResource,
  MetadataImage,
  PartitionImage,
  TopicImage,
} from '../image/metadata-image';
import type { PersistentMap } from '../image/persistent-map';
import { emptyMap } from '../image/persistent-map';
import { metricName } from '../image/topic-name';
import type {
  BrokerChange,
  ConfigChange,
  MetadataDelta,
  PartitionChange,
  TopicChange,
} from './metadata-delta';

/** Partitions of a topic while a batch is applied: copied once, at the first change. */
interface TopicDraft {
  readonly topicId: TopicId;
  readonly name: string;
  readonly partitions: PartitionImage[];
  readonly touched: Set<number>;
}

/**
 * An image under change. The image it began with stays as it was; `finish` gives the next one and what differs. The
 * work is proportional to what the batch changes.
 */
export class ImageDraft {
  readonly #before: MetadataImage;
  #features: PersistentMap<number>;
  #topicsById: PersistentMap<TopicImage>;
  #topicIdsByName: PersistentMap<TopicId>;
  #topicNamesByMetricName: PersistentMap<string>;
  #brokers: PersistentMap<BrokerImage>;
  #configs: MetadataImage['configs'];
  #nextProducerId: ProducerId;
  readonly #topics = new Map<TopicId, TopicDraft>();
  readonly #removed = new Set<TopicId>();
  readonly #touchedBrokers = new Set<string>();
  readonly #touchedConfigs = new Map<
    string,
    { resource: ConfigResource; changed: Map<string, string | null> }
  >();
  readonly #touchedFeatures = new Map<string, number>();

  constructor(before: MetadataImage) {
    this.#before = before;
    this.#features = before.features;
    this.#topicsById = before.topicsById;
    this.#topicIdsByName = before.topicIdsByName;
    this.#topicNamesByMetricName = before.topicNamesByMetricName;
    this.#brokers = before.brokers;
    this.#configs = before.configs;
    this.#nextProducerId = before.nextProducerId;
  }

  createTopic(topicId: TopicId, name: string): void {
    assert(!this.#topics.has(topicId) && !this.#topicsById.has(topicId), () => `topic id ${topicId} is new`);
    assert(!this.#topicIdsByName.has(name), () => `topic name ${name} is free`);
    assert(!this.#removed.has(topicId), () => `topic id ${topicId} is not used again`);
    this.#topics.set(topicId, { topicId, name, partitions: [], touched: new Set() });
    this.#topicIdsByName = this.#topicIdsByName.set(name, topicId);
    const metric = metricName(name);
    if (metric !== undefined) this.#topicNamesByMetricName = this.#topicNamesByMetricName.set(metric, name);
  }

  /** Removes a topic with its partitions and its configuration. */
  removeTopic(topicId: TopicId): void {
    const name = (this.#topics.get(topicId) ?? this.#topicsById.get(topicId))?.name;
    assert(name !== undefined, () => `topic ${topicId} is there to be removed`);
    this.#topics.delete(topicId);
    this.#topicsById = this.#topicsById.delete(topicId);
    this.#topicIdsByName = this.#topicIdsByName.delete(name);
    const metric = metricName(name);
    if (metric !== undefined) this.#topicNamesByMetricName = this.#topicNamesByMetricName.delete(metric);
    this.#removed.add(topicId);
    const resource: ConfigResource = { type: 2, name };
    const overrides = this.#configs.get(configKey(resource));
    if (overrides === undefined) return;
    for (const key of overrides.values.keys()) this.setConfig(resource, key, null);
  }

  partition(topicId: TopicId, partition: number): PartitionImage | undefined {
    return (this.#topics.get(topicId) ?? this.#topicsById.get(topicId))?.partitions[partition];
  }

  setPartition(topicId: TopicId, image: PartitionImage): void {
    const draft = this.#topics.get(topicId) ?? this.#draftOf(topicId);
    assert(
      image.partition <= draft.partitions.length,
      () =>
        `partitions of ${draft.name} are numbered without gaps: ${image.partition} after ${draft.partitions.length}`,
    );
    draft.partitions[image.partition] = image;
    draft.touched.add(image.partition);
  }

  #draftOf(topicId: TopicId): TopicDraft {
    const topic = this.#topicsById.get(topicId);
    assert(topic !== undefined, () => `topic ${topicId} is known`);
    const draft = {
      topicId,
      name: topic.name,
      partitions: topic.partitions.slice(),
      touched: new Set<number>(),
    };
    this.#topics.set(topicId, draft);
    return draft;
  }

  broker(key: string): BrokerImage | undefined {
    return this.#brokers.get(key);
  }

  setBroker(key: string, broker: BrokerImage | undefined): void {
    this.#touchedBrokers.add(key);
    this.#brokers = broker === undefined ? this.#brokers.delete(key) : this.#brokers.set(key, broker);
  }

  /** Null removes the override. */
  setConfig(resource: ConfigResource, name: string, value: string | null): void {
    const key = configKey(resource);
    const values = this.#configs.get(key)?.values ?? emptyMap<string>();
    const next = value === null ? values.delete(name) : values.set(name, value);
    this.#configs =
      next.size === 0 ? this.#configs.delete(key) : this.#configs.set(key, { resource, values: next });
    const touched = this.#touchedConfigs.get(key) ?? { resource, changed: new Map<string, string | null>() };
    this.#touchedConfigs.set(key, touched);
    touched.changed.set(name, value);
  }

  /** Level 0 removes the feature. */
  setFeature(name: string, level: number): void {
    this.#touchedFeatures.set(name, level);
    this.#features = level === 0 ? this.#features.delete(name) : this.#features.set(name, level);
  }

  setNextProducerId(next: ProducerId): void {
    assert(next > this.#nextProducerId, () => `producer ids grow: ${next} after ${this.#nextProducerId}`);
    this.#nextProducerId = next;
  }

  finish(offset: number, epoch: number): MetadataDelta {
    const created: TopicImage[] = [];
    const changed: TopicChange[] = [];
    for (const { topicId, name, partitions, touched } of this.#topics.values()) {
      const before = this.#before.topicsById.get(topicId);
      const after: TopicImage = { topicId, name, partitions };
      this.#topicsById = this.#topicsById.set(topicId, after);
      if (before === undefined) created.push(after);
      else changed.push({ before, after, partitions: partitionChanges(before, after, touched) });
    }
    return {
      before: this.#before,
      after: {
        offset,
        epoch,
        features: this.#features,
        topicsById: this.#topicsById,
        topicIdsByName: this.#topicIdsByName,
        topicNamesByMetricName: this.#topicNamesByMetricName,
        brokers: this.#brokers,
        configs: this.#configs,
        nextProducerId: this.#nextProducerId,
      },
      topicsCreated: created,
      topicsRemoved: [...this.#removed].flatMap((topicId) => this.#before.topicsById.get(topicId) ?? []),
      topicsChanged: changed,
      brokersChanged: this.#brokerChanges(),
      configsChanged: [...this.#touchedConfigs.values()].map(({ resource, changed }): ConfigChange => ({
        resource,
        changed,
      })),
      featuresChanged: this.#touchedFeatures,
    };
  }

  #brokerChanges(): readonly BrokerChange[] {
    return [...this.#touchedBrokers].flatMap((key) => {
      const change = { before: this.#before.brokers.get(key), after: this.#brokers.get(key) };
      return change.before === change.after ? [] : [change];
    });
  }
}

const partitionChanges = (
  before: TopicImage,
  after: TopicImage,
  touched: ReadonlySet<number>,
): readonly PartitionChange[] =>
  [...touched]
    .sort((a, b) => a - b)
    .map((index) => {
      const image = after.partitions[index];
      assert(image !== undefined, 'a touched partition is there');
      return { partition: image.partition, before: before.partitions[index], after: image };
    });
