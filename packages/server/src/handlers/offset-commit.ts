import type { TopicId } from '@kafkaesque/kernel';
import { PartitionIndex, ZERO_TOPIC_ID } from '@kafkaesque/kernel';
import type { OffsetToCommit } from '@kafkaesque/coordinator';
import type { TopicImage } from '@kafkaesque/metadata';
import type { Draft, OffsetCommitRequest, OffsetCommitResponse } from '@kafkaesque/protocol';
import { ErrorCode } from '@kafkaesque/protocol';
import type { Broker } from '../broker/broker';
import type { Reply, RequestContext } from './handler';

type Answer = Draft<typeof OffsetCommitResponse>;
type TopicAsked = OffsetCommitRequest['topics'][number];
/** The answer's part, filled in as errors become known. */
interface PartitionAnswer {
  readonly partitionIndex: number;
  errorCode: number;
}

/** From here on topics are named by id. */
const FIRST_BY_ID = 10;
/** A commit is one batch, and a batch of ten times the default `max.message.bytes` has fewer records. */
const MAX_OFFSETS = 100_000;

/** OffsetCommit (8). Kafka commits only for partitions that are there. */
export const offsetCommit =
  (broker: Broker) =>
  async (context: RequestContext, request: OffsetCommitRequest): Promise<Reply<Answer>> => {
    const { groupId } = request;
    const refusal = refusalOfAll(broker, context, request);
    const offsets: OffsetToCommit[] = [];
    const asked: PartitionAnswer[] = [];
    const topics = request.topics.map((topic) => {
      const found = refusal === ErrorCode.NONE ? resolved(broker, context, topic) : { errorCode: refusal };
      const partitions = topic.partitions.map((partition): PartitionAnswer => {
        const answer = { partitionIndex: partition.partitionIndex, errorCode: found.errorCode };
        const { topic: image } = found;
        if (image === undefined) return answer;
        if (image.partitions.get(PartitionIndex(partition.partitionIndex)) === undefined)
          return { ...answer, errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION };
        offsets.push({
          topicId: image.topicId,
          topic: image.name,
          partition: partition.partitionIndex,
          offset: partition.committedOffset,
          leaderEpoch: partition.committedLeaderEpoch,
          metadata: partition.committedMetadata,
        });
        asked.push(answer);
        return answer;
      });
      return { name: topic.name, topicId: topic.topicId, partitions };
    });
    if (offsets.length > 0) {
      const { errorCodes } = await broker.groups.ask(groupId, {
        kind: 'commit-offsets',
        apiVersion: context.apiVersion,
        groupId,
        memberId: request.memberId,
        groupInstanceId: request.groupInstanceId,
        generationIdOrMemberEpoch: request.generationIdOrMemberEpoch,
        retentionTimeMs: request.retentionTimeMs,
        offsets,
      });
      for (const [index, answer] of asked.entries())
        answer.errorCode = errorCodes[index] ?? ErrorCode.UNKNOWN_SERVER_ERROR;
    }
    return { kind: 'answer', response: { topics } };
  };

const refusalOfAll = (broker: Broker, context: RequestContext, request: OffsetCommitRequest): number => {
  if (!broker.isAllowed(context, 'READ', 'GROUP', request.groupId))
    return ErrorCode.GROUP_AUTHORIZATION_FAILED;
  const count = request.topics.reduce((sum, { partitions }) => sum + partitions.length, 0);
  return count > MAX_OFFSETS ? ErrorCode.INVALID_COMMIT_OFFSET_SIZE : ErrorCode.NONE;
};

const resolved = (
  broker: Broker,
  context: RequestContext,
  { name, topicId }: TopicAsked,
): { readonly errorCode: number; readonly topic?: TopicImage } => {
  const isById = context.apiVersion >= FIRST_BY_ID;
  const topic = isById ? byId(broker, topicId) : broker.topicByName(name);
  // Whoever may not read a topic learns of its name only what it knew; an id that is not known has no name to ask about.
  if (isById && topic === undefined) return { errorCode: ErrorCode.UNKNOWN_TOPIC_ID };
  if (!broker.isAllowed(context, 'READ', 'TOPIC', topic?.name ?? name))
    return { errorCode: ErrorCode.TOPIC_AUTHORIZATION_FAILED };
  if (topic === undefined) return { errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION };
  return { errorCode: ErrorCode.NONE, topic };
};

const byId = (broker: Broker, topicId: TopicId): TopicImage | undefined =>
  topicId === ZERO_TOPIC_ID ? undefined : broker.topicById(topicId);
