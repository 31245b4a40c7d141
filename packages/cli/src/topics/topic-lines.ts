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

/** The lines of `kafka-topics --describe` for one topic, byte for byte. */
export const describeLines = (topic: DescribedTopic, selection: DescribeSelection): readonly string[] => {
  const { underReplicated, unavailable, underMinIsr, atMinIsr, overridesOnly } = selection;
  const showsTopic = !underReplicated && !unavailable && !underMinIsr && !atMinIsr;
  const lines: string[] = [];
  const set = topic.configs.filter(({ source }) => source !== DEFAULT_CONFIG);
  if (showsTopic && (!overridesOnly || set.length > 0)) lines.push(topicLine(topic, set));
  if (overridesOnly) return lines;
  for (const partition of topic.description.partitions) {
    const isShown =
      showsTopic ||
      (underReplicated && isUnderReplicated(topic, partition)) ||
      (unavailable && isUnavailable(topic, partition)) ||
      (underMinIsr && isUnderMinIsr(topic, partition)) ||
      (atMinIsr && partition.isr.length === minIsrOf(topic));
    if (isShown) lines.push(partitionLine(topic, partition));
  }
  return lines;
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
