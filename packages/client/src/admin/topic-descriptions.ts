import type { ResponseOf } from '@kafkaesque/protocol';
import { ErrorCode } from '@kafkaesque/protocol';
import { brokerError } from '../broker-error';
import type { DraftFor } from '../wire/wire';
import type { Outcome, PartitionDescription, TopicDescription } from './admin';

type Paged = ResponseOf<'DescribeTopicPartitions'>;
type Metadata = ResponseOf<'Metadata'>;

/** KIP-966: asks page after page, each from where the last one ended, and puts topics together that two pages share. */
export const describeInPages = async (
  ask: (draft: DraftFor<'DescribeTopicPartitions'>) => Promise<Paged>,
  names: readonly string[],
  partitionLimit: number,
): Promise<readonly Outcome<string, TopicDescription>[]> => {
  const found = new Map<string, { topic: Paged['topics'][number]; partitions: PartitionDescription[] }>();
  // The broker goes through topics by name, and the cursor says how far it came.
  const sorted = [...new Set(names)].sort();
  let cursor: Paged['nextCursor'] = null;
  do {
    const from: string = cursor?.topicName ?? '';
    const left = sorted.filter((name) => name >= from).map((name) => ({ name }));
    const page: Paged = await ask({ topics: left, responsePartitionLimit: partitionLimit, cursor });
    for (const topic of page.topics) {
      const name = topic.name ?? '';
      const known = found.get(name);
      const partitions = topic.partitions.map(pagedPartition);
      if (known === undefined) found.set(name, { topic, partitions });
      else known.partitions.push(...partitions);
    }
    cursor = page.nextCursor;
  } while (cursor !== null);
  return names.map((name) => {
    const one = found.get(name);
    const errorCode = one?.topic.errorCode ?? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
    if (one === undefined || errorCode !== 0)
      return { kind: 'failed', key: name, error: brokerError(errorCode) };
    const { topicId, isInternal } = one.topic;
    const partitions = one.partitions.sort((a, b) => a.partition - b.partition);
    return { kind: 'done', key: name, value: { name, topicId, internal: isInternal, partitions } };
  });
};

const pagedPartition = (one: Paged['topics'][number]['partitions'][number]): PartitionDescription => ({
  partition: one.partitionIndex,
  leader: one.leaderId,
  leaderEpoch: one.leaderEpoch,
  replicas: one.replicaNodes,
  isr: one.isrNodes,
  offlineReplicas: one.offlineReplicas,
  eligibleLeaders: one.eligibleLeaderReplicas ?? undefined,
  lastKnownEligibleLeaders: one.lastKnownElr ?? undefined,
});

/** The same from Metadata, which knows nothing of eligible leaders. */
export const describeFromMetadata = <Key>(
  metadata: Metadata,
  keyOf: (topic: Metadata['topics'][number]) => Key,
): readonly Outcome<Key, TopicDescription>[] =>
  metadata.topics.map((topic) => {
    const key = keyOf(topic);
    if (topic.errorCode !== 0) return { kind: 'failed', key, error: brokerError(topic.errorCode) };
    const partitions = topic.partitions
      .map((one) => ({
        partition: one.partitionIndex,
        leader: one.leaderId,
        leaderEpoch: one.leaderEpoch,
        replicas: one.replicaNodes,
        isr: one.isrNodes,
        offlineReplicas: one.offlineReplicas,
        eligibleLeaders: undefined,
        lastKnownEligibleLeaders: undefined,
      }))
      .sort((a, b) => a.partition - b.partition);
    const { topicId, isInternal } = topic;
    return {
      kind: 'done',
      key,
      value: { name: topic.name ?? '', topicId, internal: isInternal, partitions },
    };
  });
