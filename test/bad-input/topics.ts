import { randomBytes } from 'node:crypto';
import { BrokerId, LeaderEpoch, Offset } from '@kafkaesque/kernel';
import type { TopicId } from '@kafkaesque/kernel';
import { encodeBatch, errorName } from '@kafkaesque/protocol';
import type { ResponseOf } from '@kafkaesque/protocol';
import type { BadClient } from './client';
import { isKafka } from './target';

export interface CreatedTopic {
  readonly name: string;
  readonly topicId: TopicId;
}

/** A name that no other test has, also on a server that lives longer than the test. */
export const freshName = (prefix: string): string => `${prefix}-${randomBytes(6).toString('hex')}`;

/** Creates a topic with one partition. Where its creation is answered, it can be produced to. */
export const createTopic = async (
  client: BadClient,
  configs: Readonly<Record<string, string>> = {},
  name = freshName('bad-input'),
): Promise<CreatedTopic> => {
  const { topics } = await client.ask('CreateTopics', 7, {
    topics: [
      {
        name,
        numPartitions: 1,
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
  const topic = { name, topicId: created.topicId };
  // Kafka's brokers learn later of it.
  while (isKafka && (await latestOffset(client, topic)).errorCode !== 0);
  return topic;
};

/** What a good client sends. */
export const goodBatch = (value = 'value'): Buffer =>
  encodeBatch({ records: [{ key: Buffer.from('key'), value: Buffer.from(value) }], timestampMs: Date.now() });

export type ProduceAnswer = ResponseOf<'Produce'>['responses'][number]['partitionResponses'][number];

/** Produces these bytes to partition 0 and gives its answer. */
export const produce = async (
  client: BadClient,
  topic: CreatedTopic,
  records: Buffer | null,
  { version = 9, acks = -1 }: { readonly version?: number; readonly acks?: number } = {},
): Promise<ProduceAnswer> => {
  const { responses } = await client.ask('Produce', version, {
    transactionalId: null,
    acks,
    timeoutMs: 30_000,
    topicData: [
      {
        ...(version >= 13 ? { topicId: topic.topicId } : { name: topic.name }),
        partitionData: [{ index: 0, records }],
      },
    ],
  });
  const answer = responses[0]?.partitionResponses[0];
  if (answer === undefined) throw new Error('the answer names no partition');
  return answer;
};

const latestOffset = async (
  client: BadClient,
  topic: CreatedTopic,
): Promise<{ readonly errorCode: number; readonly offset: number }> => {
  const { topics } = await client.ask('ListOffsets', 7, {
    replicaId: BrokerId(-1),
    isolationLevel: 0,
    topics: [
      {
        name: topic.name,
        partitions: [{ partitionIndex: 0, currentLeaderEpoch: LeaderEpoch(-1), timestamp: -1 }],
      },
    ],
  });
  const answer = topics[0]?.partitions[0];
  if (answer === undefined) throw new Error('the answer names no partition');
  return answer;
};

/** Where the next record will go. */
export const endOffset = async (client: BadClient, topic: CreatedTopic): Promise<number> => {
  const { errorCode, offset } = await latestOffset(client, topic);
  if (errorCode !== 0) throw new Error(`ListOffsets: ${errorName(errorCode)}`);
  return offset;
};

/** The records that a fetch from this offset gives. */
export const fetchBatch = async (
  client: BadClient,
  topic: CreatedTopic,
  fetchOffset: number,
): Promise<Buffer> => {
  const { responses } = await client.ask('Fetch', 12, {
    maxWaitMs: 30_000,
    minBytes: 1,
    maxBytes: 1,
    topics: [
      {
        topic: topic.name,
        partitions: [{ partition: 0, fetchOffset: Offset(fetchOffset), partitionMaxBytes: 1 }],
      },
    ],
  });
  const answer = responses[0]?.partitions[0];
  if (answer?.errorCode !== 0) throw new Error(`Fetch: ${errorName(answer?.errorCode ?? -1)}`);
  return answer.records ?? Buffer.alloc(0);
};
