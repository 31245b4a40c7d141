import type { ProducerId } from '@kafkaesque/kernel';
import { TopicId, assert } from '@kafkaesque/kernel';
import { configKey } from '../image/lookups';
import type {
  BrokerImage,
  ConfigResource,
  ControllerImage,
  MetadataImage,
  PartitionImage,
  TopicImage,
} from '../image/metadata-image';
import type { MapDraft, PersistentMap } from '../image/persistent-map';
import { emptyMap } from '../image/persistent-map';
import type { RemovedTopics } from '../image/removed-topics';
import { withRemoved } from '../image/removed-topics';
import { ReplicaIndexDraft } from '../image/replica-index';
import { StateHashDraft, hashText } from '../image/state-hash';
import { metricName } from '../image/topic-name';
import type { ConfigChange, MetadataDelta, TopicChange } from './metadata-delta';
import { withoutEligible } from './partition-change';
import { TopicDraft } from './topic-draft';

/**
 * An image under change. The image it began with stays as it was; `finish` gives the next one and what differs. The
 * work is proportional to what the batch changes.
 */
export class ImageDraft {
  readonly #before: MetadataImage;
  #features: PersistentMap<number>;
  readonly #topicsById: MapDraft<TopicImage>;
  readonly #topicIdsByName: MapDraft<TopicId>;
  readonly #topicNamesByMetricName: MapDraft<string>;
  #brokers: PersistentMap<BrokerImage>;
  #controllers: PersistentMap<ControllerImage>;
  #configs: MetadataImage['configs'];
  #nextProducerId: ProducerId;
  #removedTopics: RemovedTopics;
  readonly #topics = new Map<TopicId, TopicDraft>();
  readonly #removed = new Set<TopicId>();
  readonly #touchedBrokers = new Set<string>();
  readonly #touchedControllers = new Set<string>();
  readonly #touchedConfigs = new Map<
    string,
    { resource: ConfigResource; changed: Map<string, string | null> }
  >();
  readonly #touchedFeatures = new Map<string, number>();

  constructor(before: MetadataImage) {
    this.#before = before;
    this.#features = before.features;
    this.#topicsById = before.topicsById.draft();
    this.#topicIdsByName = before.topicIdsByName.draft();
    this.#topicNamesByMetricName = before.topicNamesByMetricName.draft();
    this.#brokers = before.brokers;
    this.#controllers = before.controllers;
    this.#configs = before.configs;
    this.#nextProducerId = before.nextProducerId;
    this.#removedTopics = before.removedTopics;
  }

  /** What every node must have had before this batch, or what it says is not what the leader says. */
  checkStateHash(expected: string): void {
    const { stateSum, offset } = this.#before;
    const own = hashText(stateSum);
    assert(own === expected, () => `the state as of offset ${offset} has hash ${expected}, not ${own}`);
  }

  createTopic(topicId: TopicId, name: string): void {
    assert(!this.#topics.has(topicId) && !this.#topicsById.has(topicId), () => `topic id ${topicId} is new`);
    assert(!this.#topicIdsByName.has(name), () => `topic name ${name} is free`);
    assert(!this.#removed.has(topicId), () => `topic id ${topicId} is not used again`);
    this.#topics.set(topicId, new TopicDraft({ topicId, name }));
    this.#topicIdsByName.set(name, topicId);
    const metric = metricName(name);
    if (metric !== undefined) this.#topicNamesByMetricName.set(metric, name);
  }

  /** Removes a topic with its partitions and its configuration. */
  removeTopic(topicId: TopicId): void {
    const name = (this.#topics.get(topicId) ?? this.#topicsById.get(topicId))?.name;
    assert(name !== undefined, () => `topic ${topicId} is there to be removed`);
    this.#topics.delete(topicId);
    this.#topicsById.delete(topicId);
    this.#topicIdsByName.delete(name);
    const metric = metricName(name);
    if (metric !== undefined) this.#topicNamesByMetricName.delete(metric);
    this.#removed.add(topicId);
    this.rememberRemoved(topicId);
    const resource: ConfigResource = { type: 2, name };
    const overrides = this.#configs.get(configKey(resource));
    if (overrides === undefined) return;
    for (const key of overrides.values.keys()) this.setConfig(resource, key, null);
  }

  /** A topic that was removed before the snapshot was made that is being read. */
  rememberRemoved(topicId: TopicId): void {
    this.#removedTopics = withRemoved(this.#removedTopics, topicId);
  }

  partition(topicId: TopicId, partition: number): PartitionImage | undefined {
    return (
      this.#topics.get(topicId)?.partition(partition) ??
      this.#topicsById.get(topicId)?.partitions.get(partition)
    );
  }

  setPartition(topicId: TopicId, image: PartitionImage): void {
    (this.#topics.get(topicId) ?? this.#draftOf(topicId)).setPartition(image);
  }

  /** Forgets the eligible replicas of one topic, or of all where no name is given. */
  clearEligible(name: string): void {
    const named = name === '' ? undefined : this.#topicIdsByName.get(name);
    assert(name === '' || named !== undefined, () => `topic ${name} is there to lose its eligible replicas`);
    const all = [...this.#before.topicsById.keys()].map(TopicId).filter((id) => !this.#removed.has(id));
    for (const topicId of named === undefined ? new Set([...all, ...this.#topics.keys()]) : [named])
      this.#clearTopic(topicId);
  }

  #clearTopic(topicId: TopicId): void {
    const size = Math.max(
      this.#topics.get(topicId)?.size ?? 0,
      this.#topicsById.get(topicId)?.partitions.size ?? 0,
    );
    for (let index = 0; index < size; index++) {
      const before = this.partition(topicId, index);
      const after = before === undefined ? undefined : withoutEligible(before);
      if (after !== undefined && after !== before) this.setPartition(topicId, after);
    }
  }

  #draftOf(topicId: TopicId): TopicDraft {
    const topic = this.#topicsById.get(topicId);
    assert(topic !== undefined, () => `topic ${topicId} is known`);
    const draft = new TopicDraft(topic, topic);
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

  setController(key: string, controller: ControllerImage): void {
    this.#touchedControllers.add(key);
    this.#controllers = this.#controllers.set(key, controller);
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
    const before = this.#before;
    const hash = new StateHashDraft(before.stateSum);
    const topics = this.#finishTopics(hash);
    const brokersChanged = changes(this.#touchedBrokers, before.brokers, this.#brokers);
    for (const change of brokersChanged) hash.broker(change.before, change.after);
    const controllersChanged = changes(this.#touchedControllers, before.controllers, this.#controllers);
    for (const change of controllersChanged) hash.controller(change.before, change.after);
    for (const [key, { resource, changed }] of this.#touchedConfigs) {
      const [old, values] = [before.configs.get(key)?.values, this.#configs.get(key)?.values];
      for (const name of changed.keys()) hash.config(resource, name, old?.get(name), values?.get(name));
    }
    for (const [name, level] of this.#touchedFeatures)
      hash.feature(name, before.features.get(name) ?? 0, level);
    hash.nextProducerId(before.nextProducerId, this.#nextProducerId);
    return {
      before,
      after: {
        offset,
        epoch,
        features: this.#features,
        topicsById: this.#topicsById.finish(),
        topicIdsByName: this.#topicIdsByName.finish(),
        topicNamesByMetricName: this.#topicNamesByMetricName.finish(),
        brokers: this.#brokers,
        controllers: this.#controllers,
        configs: this.#configs,
        nextProducerId: this.#nextProducerId,
        topicRemovedAt: this.#removed.size > 0 ? offset : before.topicRemovedAt,
        removedTopics: this.#removedTopics,
        replicas: topics.replicas,
        stateSum: hash.finish(),
      },
      topicsCreated: topics.created,
      topicsRemoved: topics.removed,
      topicsChanged: topics.changed,
      brokersChanged,
      controllersChanged,
      configsChanged: [...this.#touchedConfigs.values()].map(({ resource, changed }): ConfigChange => ({
        resource,
        changed,
      })),
      featuresChanged: this.#touchedFeatures,
    };
  }

  #finishTopics(hash: StateHashDraft): FinishedTopics {
    const index = new ReplicaIndexDraft(this.#before.replicas);
    const created: TopicImage[] = [];
    const changed: TopicChange[] = [];
    for (const draft of this.#topics.values()) {
      const { topicId, name } = draft;
      const before = this.#before.topicsById.get(topicId);
      const { after, partitions } = draft.finish();
      this.#topicsById.set(topicId, after);
      index.change(topicId, partitions);
      for (const change of partitions) hash.partition(topicId, change.before, change.after);
      if (before === undefined) {
        hash.topic(topicId, name, 1);
        created.push(after);
      } else changed.push({ before, after, partitions });
    }
    const removed = [...this.#removed].flatMap((topicId) => this.#before.topicsById.get(topicId) ?? []);
    for (const topic of removed) {
      index.remove(topic);
      hash.topic(topic.topicId, topic.name, -1);
      for (const partition of topic.partitions) hash.partition(topic.topicId, partition, undefined);
    }
    return { created, removed, changed, replicas: index.finish() };
  }
}

interface FinishedTopics {
  readonly created: readonly TopicImage[];
  readonly removed: readonly TopicImage[];
  readonly changed: readonly TopicChange[];
  readonly replicas: MetadataImage['replicas'];
}

const changes = <Of>(
  touched: ReadonlySet<string>,
  before: PersistentMap<Of>,
  after: PersistentMap<Of>,
): readonly { readonly before: Of | undefined; readonly after: Of | undefined }[] =>
  [...touched].flatMap((key) => {
    const change = { before: before.get(key), after: after.get(key) };
    return change.before === change.after ? [] : [change];
  });
