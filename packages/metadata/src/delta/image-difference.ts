import type { MetadataImage, PartitionImage, TopicImage } from '../image/metadata-image';
import type { PersistentMap } from '../image/persistent-map';
import type { ConfigChange, MetadataDelta, PartitionChange, TopicChange } from './metadata-delta';

/** Partitions, topics or resources in one step. */
const STEP = 1000;

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

function* topicChange(before: TopicImage, after: TopicImage): Generator<void, TopicChange | undefined, void> {
  const partitions: PartitionChange[] = [];
  for (const partition of after.partitions) {
    const old = before.partitions.get(partition.partition);
    if (old === undefined || !samePartition(old, partition))
      partitions.push({ partition: partition.partition, before: old, after: partition });
    if (partition.partition % STEP === STEP - 1) yield;
  }
  return partitions.length === 0 ? undefined : { before, after, partitions };
}

interface Registration {
  readonly endpoints: ReadonlyMap<string, unknown>;
}
interface RegistrationChange<Of> {
  readonly before: Of | undefined;
  readonly after: Of | undefined;
}

/** Compared as text: registrations are small, few, and made of plain values. */
const sameRegistration = (a: Registration, b: Registration): boolean =>
  a === b || registrationText(a) === registrationText(b);

const registrationText = (registration: Registration): string =>
  JSON.stringify({ ...registration, endpoints: [...registration.endpoints.values()] });

const registrationChanges = <Of extends Registration>(
  before: PersistentMap<Of>,
  after: PersistentMap<Of>,
): RegistrationChange<Of>[] => {
  const changes: RegistrationChange<Of>[] = [];
  for (const [key, registration] of after.entries()) {
    const old = before.get(key);
    if (old === undefined || !sameRegistration(old, registration))
      changes.push({ before: old, after: registration });
  }
  for (const [key, registration] of before.entries())
    if (!after.has(key)) changes.push({ before: registration, after: undefined });
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

function* configChanges(before: MetadataImage, after: MetadataImage): Generator<void, ConfigChange[], void> {
  const changes: ConfigChange[] = [];
  let resources = 0;
  for (const configs of [after.configs, before.configs]) {
    for (const [key, { resource }] of configs.entries()) {
      resources += 1;
      if (resources % STEP === 0) yield;
      // What both have was compared when the first of them was walked.
      if (configs === before.configs && after.configs.has(key)) continue;
      const values = changedValues(before.configs.get(key)?.values, after.configs.get(key)?.values);
      const changed = new Map([...values].map(([name, value]) => [name, value ?? null]));
      if (changed.size > 0) changes.push({ resource, changed });
    }
  }
  return changes;
}

interface TopicChanges {
  readonly created: readonly TopicImage[];
  readonly removed: readonly TopicImage[];
  readonly changed: readonly TopicChange[];
}

function* topicChanges(before: MetadataImage, after: MetadataImage): Generator<void, TopicChanges, void> {
  const created: TopicImage[] = [];
  const removed: TopicImage[] = [];
  const changed: TopicChange[] = [];
  let partitions = 0;
  for (const topic of after.topicsById.values()) {
    const old = before.topicsById.get(topic.topicId);
    const change = old === undefined ? undefined : yield* topicChange(old, topic);
    if (old === undefined) created.push(topic);
    else if (change !== undefined) changed.push(change);
    partitions += 1 + topic.partitions.size;
    if (partitions < STEP) continue;
    partitions = 0;
    yield;
  }
  let topics = 0;
  for (const topic of before.topicsById.values()) {
    if (!after.topicsById.has(topic.topicId)) removed.push(topic);
    topics += 1;
    if (topics % STEP === 0) yield;
  }
  return { created, removed, changed };
}

/**
 * What differs between two images that share nothing, as after a snapshot was loaded. It looks at everything, so it
 * comes in steps of at most about a thousand partitions.
 */
export function* differenceInSteps(
  before: MetadataImage,
  after: MetadataImage,
): Generator<void, MetadataDelta, void> {
  const topics = yield* topicChanges(before, after);
  const configs = yield* configChanges(before, after);
  const features = changedValues(before.features, after.features);
  return {
    before,
    after,
    topicsCreated: topics.created,
    topicsRemoved: topics.removed,
    topicsChanged: topics.changed,
    brokersChanged: registrationChanges(before.brokers, after.brokers),
    controllersChanged: registrationChanges(before.controllers, after.controllers),
    configsChanged: configs,
    featuresChanged: new Map([...features].map(([name, level]) => [name, level ?? 0])),
  };
}
