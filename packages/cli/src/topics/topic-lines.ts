import { ZERO_TOPIC_ID } from '@kafkaesque/kernel';
import type { BrokerId } from '@kafkaesque/kernel';
import type { ConfigEntry, PartitionDescription, Reassignment, TopicDescription } from '@kafkaesque/client';

/** Everything a described topic's lines are made of. */
export interface DescribedTopic {
  readonly description: TopicDescription;
  readonly configs: readonly ConfigEntry[];
  /** Reassignments under way, by partition. */
  readonly reassignments: ReadonlyMap<number, Reassignment>;
  readonly liveBrokers: ReadonlySet<BrokerId>;
}

/** Which partitions are shown; none of them set means all, with their topic's line. */
export interface DescribeSelection {
  readonly underReplicated: boolean;
  readonly unavailable: boolean;
  readonly underMinIsr: boolean;
  readonly atMinIsr: boolean;
  readonly overridesOnly: boolean;
}

/** Kafka's number for a default that nobody set. */
const DEFAULT_CONFIG = 5;
const MIN_INSYNC_REPLICAS = 'min.insync.replicas';

interface Shown {
  readonly hasTopic: boolean;
  readonly partitions: readonly PartitionDescription[];
  /** What somebody set for the topic. */
  readonly configs: readonly ConfigEntry[];
}

const shownOf = (topic: DescribedTopic, selection: DescribeSelection): Shown => {
  const { underReplicated, unavailable, underMinIsr, atMinIsr, overridesOnly } = selection;
  const showsAll = !underReplicated && !unavailable && !underMinIsr && !atMinIsr;
  const configs = topic.configs.filter(({ source }) => source !== DEFAULT_CONFIG);
  const isShown = (partition: PartitionDescription): boolean =>
    showsAll ||
    (underReplicated && isUnderReplicated(topic, partition)) ||
    (unavailable && isUnavailable(topic, partition)) ||
    (underMinIsr && isUnderMinIsr(topic, partition)) ||
    (atMinIsr && partition.isr.length === minIsrOf(topic));
  return {
    hasTopic: showsAll && (!overridesOnly || configs.length > 0),
    partitions: overridesOnly ? [] : topic.description.partitions.filter(isShown),
    configs,
  };
};

/** The lines of `kafka-topics --describe` for one topic, byte for byte. */
export const describeLines = (topic: DescribedTopic, selection: DescribeSelection): readonly string[] => {
  const { hasTopic, partitions, configs } = shownOf(topic, selection);
  return [
    ...(hasTopic ? [topicLine(topic, configs)] : []),
    ...partitions.map((partition) => partitionLine(topic, partition)),
  ];
};

/** The same for scripts: undefined where `--describe` shows nothing of the topic. */
export const describedForScripts = (
  topic: DescribedTopic,
  selection: DescribeSelection,
): object | undefined => {
  const { hasTopic, partitions, configs } = shownOf(topic, selection);
  if (!hasTopic && partitions.length === 0) return undefined;
  const { name, topicId, internal, partitions: all } = topic.description;
  const [first] = all;
  return {
    ...{ name, topicId, internal, partitionCount: all.length },
    replicationFactor: first === undefined ? 0 : replicationFactor(topic, first),
    configs: Object.fromEntries(configs.map((entry) => [entry.name, entry.value])),
    partitions: partitions.map((one) => ({
      partition: one.partition,
      leader: one.leader < 0 ? null : one.leader,
      ...{ replicas: one.replicas, isr: one.isr },
      addingReplicas: topic.reassignments.get(one.partition)?.addingReplicas ?? [],
      removingReplicas: topic.reassignments.get(one.partition)?.removingReplicas ?? [],
      eligibleLeaders: one.eligibleLeaders ?? null,
      lastKnownEligibleLeaders: one.lastKnownEligibleLeaders ?? null,
    })),
  };
};

const topicLine = (topic: DescribedTopic, set: readonly ConfigEntry[]): string => {
  const { name, topicId, partitions } = topic.description;
  const [first] = partitions;
  const factor = first === undefined ? 0 : replicationFactor(topic, first);
  const id = topicId === ZERO_TOPIC_ID ? '' : `\tTopicId: ${topicId}`;
  const configs = set.map((entry) => `${entry.name}=${entry.value ?? 'null'}`).join(',');
  return `Topic: ${name}${id}\tPartitionCount: ${partitions.length}\tReplicationFactor: ${factor}\tConfigs: ${configs}`;
};

const partitionLine = (topic: DescribedTopic, one: PartitionDescription): string => {
  const reassignment = topic.reassignments.get(one.partition);
  const moving =
    reassignment === undefined
      ? ''
      : `\tAdding Replicas: ${reassignment.addingReplicas.join(',')}` +
        `\tRemoving Replicas: ${reassignment.removingReplicas.join(',')}`;
  const elr = one.eligibleLeaders === undefined ? 'N/A' : one.eligibleLeaders.join(',');
  const lastKnown =
    one.lastKnownEligibleLeaders === undefined ? 'N/A' : one.lastKnownEligibleLeaders.join(',');
  return (
    `\tTopic: ${topic.description.name}\tPartition: ${one.partition}\tLeader: ${one.leader < 0 ? 'none' : one.leader}` +
    `\tReplicas: ${one.replicas.join(',')}\tIsr: ${one.isr.join(',')}${moving}\tElr: ${elr}\tLastKnownElr: ${lastKnown}`
  );
};

/** While replicas are being added, those do not count yet. */
const replicationFactor = (topic: DescribedTopic, partition: PartitionDescription): number => {
  const adding = topic.reassignments.get(partition.partition)?.addingReplicas ?? [];
  const isMoving = adding.some((id) => partition.replicas.includes(id));
  return isMoving ? partition.replicas.length - adding.length : partition.replicas.length;
};

const isUnderReplicated = (topic: DescribedTopic, partition: PartitionDescription): boolean =>
  replicationFactor(topic, partition) - partition.isr.length > 0;

const isUnavailable = (topic: DescribedTopic, { leader }: PartitionDescription): boolean =>
  leader < 0 || !topic.liveBrokers.has(leader);

const isUnderMinIsr = (topic: DescribedTopic, { leader, isr }: PartitionDescription): boolean =>
  leader < 0 || isr.length < minIsrOf(topic);

const minIsrOf = ({ configs }: DescribedTopic): number =>
  Number(configs.find(({ name }) => name === MIN_INSYNC_REPLICAS)?.value ?? 1);
