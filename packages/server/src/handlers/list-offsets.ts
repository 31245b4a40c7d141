import type { Offset } from '@kafkaesque/kernel';
import type { ListedOffset, OffsetError, OffsetLookup } from '@kafkaesque/partition';
import type { Draft, ListOffsetsRequest, ListOffsetsResponse } from '@kafkaesque/protocol';
import { ErrorCode } from '@kafkaesque/protocol';
import type { Broker } from '../broker/broker';
import { errorOfRead } from '../broker/read-failures';
import type { Replica } from '../broker/replica';
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
  if (request.isolationLevel !== 0 && request.isolationLevel !== 1) {
    return refused(question, ErrorCode.INVALID_REQUEST);
  }
  const found = broker.topicByName(topic.name);
  if (found === undefined) return refused(question, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
  const replica = broker.replicas.find(found.topicId, question.partitionIndex);
  if (replica === undefined) {
    return refused(question, broker.missingReplicaError(found.topicId, question.partitionIndex));
  }
  const plan = replica.machine.listOffset({
    timestamp: question.timestamp,
    isolation: request.isolationLevel === 1 ? 'read-committed' : 'read-uncommitted',
    currentLeaderEpoch: question.currentLeaderEpoch,
    apiVersion: context.apiVersion,
  });
  const listed = plan.kind === 'lookup' ? await lookUp(broker, replica, plan) : plan;
  if (listed.kind === 'error') return refused(question, listed.error);
  // Behind the damage there is more, and nobody knows what.
  if (replica.isDamaged && (listed.offset < 0 || listed.offset >= replica.log.endOffset)) {
    return refused(question, ErrorCode.KAFKA_STORAGE_ERROR);
  }
  return {
    partitionIndex: question.partitionIndex,
    errorCode: ErrorCode.NONE,
    timestamp: listed.timestampMs,
    offset: listed.offset,
    ...(context.apiVersion >= 4 ? { leaderEpoch: listed.leaderEpoch } : {}),
  };
};

/** Asks the log. A lookup that fails is its partition's error, not the whole answer's. */
const lookUp = async (
  broker: Broker,
  replica: Replica,
  lookup: OffsetLookup,
): Promise<ListedOffset | OffsetError> => {
  const { machine, log } = replica;
  try {
    const found =
      lookup.by === 'max-timestamp'
        ? await log.maxTimestamp()
        : await log.offsetForTimestamp(lookup.timestampMs);
    return machine.resolveOffset(lookup, found);
  } catch (error) {
    return { kind: 'error', error: errorOfRead(broker, replica, error) };
  }
};
