import type { Offset } from '@kafkaesque/kernel';
import type { ListedOffset, OffsetError } from '@kafkaesque/partition';
import type { Draft, ListOffsetsRequest, ListOffsetsResponse } from '@kafkaesque/protocol';
import { ErrorCode } from '@kafkaesque/protocol';
import type { Broker } from '../broker/broker';
import type { Reply, RequestContext } from './handler';

type TopicQuestion = ListOffsetsRequest['topics'][number];
type PartitionQuestion = TopicQuestion['partitions'][number];
type PartitionAnswer = Draft<typeof ListOffsetsResponse>['topics'][number]['partitions'][number];

/** ListOffsets (2). v2 isolation · v4 leader epoch · v7 max timestamp · v8 earliest local · v9 latest tiered · v10 timeout */
export const listOffsets =
  (broker: Broker) =>
  async (
    context: RequestContext,
    request: ListOffsetsRequest,
  ): Promise<Reply<Draft<typeof ListOffsetsResponse>>> => {
    const seen = new Set<string>();
    const repeated = new Set<string>();
    for (const { name, partitions } of request.topics) {
      for (const { partitionIndex } of partitions) {
        const key = `${name}/${partitionIndex}`;
        (seen.has(key) ? repeated : seen).add(key);
      }
    }
    const topics = await Promise.all(
      request.topics.map(async (topic) => ({
        name: topic.name,
        partitions: await Promise.all(
          topic.partitions.map(async (partition) =>
            repeated.has(`${topic.name}/${partition.partitionIndex}`)
              ? refused(partition, ErrorCode.INVALID_REQUEST)
              : list(broker, context, request, topic, partition),
          ),
        ),
      })),
    );
    return { kind: 'answer', response: { topics } };
  };

const refused = ({ partitionIndex }: PartitionQuestion, errorCode: number): PartitionAnswer => ({
  partitionIndex,
  errorCode,
  timestamp: -1,
  offset: -1 as Offset,
});

const list = async (
  broker: Broker,
  context: RequestContext,
  request: ListOffsetsRequest,
  topic: TopicQuestion,
  question: PartitionQuestion,
): Promise<PartitionAnswer> => {
  if (!broker.isAllowed(context, 'DESCRIBE', 'TOPIC', topic.name)) {
    return refused(question, ErrorCode.TOPIC_AUTHORIZATION_FAILED);
  }
  const found = broker.topicByName(topic.name);
  if (found === undefined) return refused(question, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
  const replica = broker.replicas.find(found.topicId, question.partitionIndex);
  if (replica === undefined) {
    return refused(question, broker.missingReplicaError(found.topicId, question.partitionIndex));
  }
  const { machine, log } = replica;
  const plan = machine.listOffset({
    timestamp: question.timestamp,
    isolation: request.isolationLevel === 1 ? 'read-committed' : 'read-uncommitted',
    currentLeaderEpoch: question.currentLeaderEpoch,
    apiVersion: context.apiVersion,
  });
  const listed: ListedOffset | OffsetError =
    plan.kind === 'lookup'
      ? machine.resolveOffset(
          plan,
          plan.by === 'max-timestamp'
            ? await log.maxTimestamp()
            : await log.offsetForTimestamp(plan.timestampMs),
        )
      : plan;
  if (listed.kind === 'error') return refused(question, listed.error);
  return {
    partitionIndex: question.partitionIndex,
    errorCode: ErrorCode.NONE,
    timestamp: listed.timestampMs,
    offset: listed.offset,
    ...(context.apiVersion >= 4 ? { leaderEpoch: listed.leaderEpoch } : {}),
  };
};
