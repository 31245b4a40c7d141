import { BrokerId, Offset, PartitionIndex, ZERO_TOPIC_ID } from '@kafkaesque/kernel';
import type { TopicId } from '@kafkaesque/kernel';
import { batchSizeBytes, decodeBatch, encodeBatch, errorName, lastOffsetOf } from '@kafkaesque/protocol';
import type { BatchDraft, ResponseOf } from '@kafkaesque/protocol';
import type { Cluster } from '@kafkaesque/testkit';
import { BadClient } from '../bad-input/client';

/** A bare connection to the node: whatever a test wants to say, in whatever version. */
export const connectTo = ({ bootstrapServers }: Pick<Cluster, 'bootstrapServers'>): Promise<BadClient> => {
  const at = bootstrapServers.lastIndexOf(':');
  return BadClient.open(bootstrapServers.slice(0, at), Number(bootstrapServers.slice(at + 1)));
};

/** Creates a topic and gives its id. */
export const createdTopic = async (
  client: BadClient,
  name: string,
  configs: Readonly<Record<string, string>> = {},
  partitions = 1,
): Promise<TopicId> => {
  const { topics } = await client.ask('CreateTopics', 7, {
    topics: [
      {
        name,
        numPartitions: partitions,
        replicationFactor: 1,
        assignments: [],
        configs: Object.entries(configs).map(([key, value]) => ({ name: key, value })),
      },
    ],
    timeoutMs: 30_000,
    validateOnly: false,
  });
  const [created] = topics;
  if (created?.errorCode !== 0) throw new Error(`${name}: ${created?.errorCode} ${created?.errorMessage}`);
  return created.topicId;
};

export type ProduceAnswer = ResponseOf<'Produce'>['responses'][number]['partitionResponses'][number];

/** Produces one partition's records; with its answer. */
export const produced = async (
  client: BadClient,
  topic: string,
  records: Buffer,
  { partition = 0, acks = -1 }: { readonly partition?: number; readonly acks?: number } = {},
): Promise<ProduceAnswer> => {
  const { responses } = await client.ask('Produce', 9, {
    transactionalId: null,
    acks,
    timeoutMs: 30_000,
    topicData: [{ name: topic, partitionData: [{ index: PartitionIndex(partition), records }] }],
  });
  const answer = responses[0]?.partitionResponses[0];
  if (answer === undefined) throw new Error('the answer names no partition');
  return answer;
};

export type FetchAnswer = ResponseOf<'Fetch'>['responses'][number]['partitions'][number];

/** Fetches partition 0 from an offset, without a session. */
export const fetched = async (
  client: BadClient,
  topic: string,
  fetchOffset: number,
  { maxWaitMs = 0, maxBytes = 10_000_000 }: { readonly maxWaitMs?: number; readonly maxBytes?: number } = {},
): Promise<FetchAnswer> => {
  const { responses } = await client.ask('Fetch', 12, {
    maxWaitMs,
    minBytes: 1,
    maxBytes,
    topics: [
      {
        topic,
        partitions: [
          { partition: PartitionIndex(0), fetchOffset: Offset(fetchOffset), partitionMaxBytes: maxBytes },
        ],
      },
    ],
  });
  const answer = responses[0]?.partitions[0];
  if (answer === undefined) throw new Error('the answer names no partition');
  return answer;
};

/** Every value from `offset` to the end of partition 0. */
export const valuesFrom = async (
  client: BadClient,
  topic: string,
  offset: number,
): Promise<readonly string[]> => {
  const values: string[] = [];
  for (let next = offset; ;) {
    const { records, errorCode } = await fetched(client, topic, next);
    if (errorCode !== 0) throw new Error(`fetching from ${next}: ${errorName(errorCode)}`);
    const bytes = records ?? Buffer.alloc(0);
    if (bytes.length === 0) return values;
    for (let at = 0; at < bytes.length; at += batchSizeBytes(bytes, at)) {
      for (const record of decodeBatch(bytes, at).records) {
        if (record.offset < next) continue;
        values.push(record.value?.toString() ?? 'null');
      }
      next = lastOffsetOf(bytes, at) + 1;
    }
  }
};

/** ListOffsets of partition 0. */
export const listed = async (
  client: BadClient,
  topic: string,
  timestamp: number,
): Promise<{ readonly errorCode: number; readonly offset: number; readonly timestamp: number }> => {
  const { topics } = await client.ask('ListOffsets', 11, {
    replicaId: BrokerId(-1),
    isolationLevel: 0,
    timeoutMs: 30_000,
    topics: [{ name: topic, partitions: [{ partitionIndex: PartitionIndex(0), timestamp }] }],
  });
  const answer = topics[0]?.partitions[0];
  if (answer === undefined) throw new Error('the answer names no partition');
  return { errorCode: answer.errorCode, offset: answer.offset, timestamp: answer.timestamp };
};

/** Changes one key of one topic's configuration. */
export const altered = async (
  client: BadClient,
  topic: string,
  name: string,
  value: string,
): Promise<number | undefined> => {
  const { responses } = await client.ask('IncrementalAlterConfigs', 1, {
    resources: [{ resourceType: 2, resourceName: topic, configs: [{ name, configOperation: 0, value }] }],
    validateOnly: false,
  });
  return responses[0]?.errorCode;
};

export const deletedTopic = async (client: BadClient, name: string): Promise<number | undefined> => {
  const { responses } = await client.ask('DeleteTopics', 6, {
    topics: [{ name, topicId: ZERO_TOPIC_ID }],
    timeoutMs: 30_000,
  });
  return responses[0]?.errorCode;
};

/** A batch of text values, all with one timestamp unless told. */
export const batchOf = (
  values: readonly string[],
  draft: Omit<BatchDraft, 'records' | 'timestampMs'> & { readonly timestampMs?: number } = {},
): Buffer =>
  encodeBatch({
    timestampMs: 1_000,
    ...draft,
    records: values.map((value) => ({ key: null, value: Buffer.from(value) })),
  });
