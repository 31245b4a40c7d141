import { randomBytes } from 'node:crypto';
import type { TopicId } from '@kafkaesque/kernel';
import { encodeBatch } from '@kafkaesque/protocol';
import type { ResponseOf } from '@kafkaesque/protocol';
import type { BadClient } from './client';

export interface CreatedTopic {
  readonly name: string;
  readonly topicId: TopicId;
}

/** A name that no other test has, also on a server that lives longer than the test. */
export const freshName = (prefix: string): string => `${prefix}-${randomBytes(6).toString('hex')}`;

/** Creates a topic with one partition and waits until it can be produced to. */
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
  for (;;) {
    const metadata = await client.ask('Metadata', 12, { topics: [{ name }], allowAutoTopicCreation: false });
    if (metadata.topics[0]?.errorCode === 0 && (metadata.topics[0].partitions[0]?.leaderId ?? -1) >= 0) break;
  }
  return { name, topicId: created.topicId };
};

/** What a good client sends. */
export const goodBatch = (value = 'value'): Buffer =>
  encodeBatch({ records: [{ key: Buffer.from('key'), value: Buffer.from(value) }], timestampMs: 1_000 });

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

/** Where the next record will go. */
export const endOffset = async (client: BadClient, topic: CreatedTopic): Promise<number> => {
  const { topics } = await client.ask('ListOffsets', 7, {
    replicaId: -1,
    isolationLevel: 0,
    topics: [
      { name: topic.name, partitions: [{ partitionIndex: 0, currentLeaderEpoch: -1, timestamp: -1 }] },
    ],
  });
  const answer = topics[0]?.partitions[0];
  if (answer?.errorCode !== 0) throw new Error(`ListOffsets: ${answer?.errorCode}`);
  return answer.offset;
};
