import { ZERO_TOPIC_ID } from '@kafkaesque/kernel';
import type { PartitionImage, TopicImage } from '@kafkaesque/metadata';
import { brokerById, invalidTopicName, topicNames } from '@kafkaesque/metadata';
import type {
  DescribeTopicPartitionsRequest,
  DescribeTopicPartitionsResponse,
  Draft,
} from '@kafkaesque/protocol';
import { ErrorCode } from '@kafkaesque/protocol';
import type { Broker } from '../broker/broker';
import { isInternalTopic } from '../broker/topic-names';
import { authorizedTopicOperations } from './authorized-operations';
import type { Reply, RequestContext } from './handler';

type TopicAnswer = Draft<typeof DescribeTopicPartitionsResponse>['topics'][number];
type Cursor = DescribeTopicPartitionsRequest['cursor'];

/** DescribeTopicPartitions (75, KIP-966): topics by name, page by page. */
export const describeTopicPartitions =
  (broker: Broker) =>
  (
    context: RequestContext,
    request: DescribeTopicPartitionsRequest,
  ): Reply<Draft<typeof DescribeTopicPartitionsResponse>> => {
    const { cursor } = request;
    const asksForAll = request.topics.length === 0;
    const asked = asksForAll
      ? topicNames(broker.image())
      : [...new Set(request.topics.map(({ name }) => name))].sort();
    const names = cursor === null ? asked : asked.filter((name) => name >= cursor.topicName);
    const limit = Number(broker.configuration.get('max.request.partition.size.limit'));
    let left = Math.max(1, Math.min(request.responsePartitionLimit, limit));
    const topics: TopicAnswer[] = [];
    for (const name of names) {
      const found = broker.topicByName(name);
      if (!broker.isAllowed(context, 'DESCRIBE', 'TOPIC', name)) {
        if (!asksForAll) topics.push(failed(name, ErrorCode.TOPIC_AUTHORIZATION_FAILED));
        continue;
      }
      if (found === undefined) {
        topics.push(
          failed(
            name,
            invalidTopicName(name) === undefined
              ? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
              : ErrorCode.INVALID_TOPIC_EXCEPTION,
          ),
        );
        continue;
      }
      const first = cursor?.topicName === name ? Math.max(0, cursor.partitionIndex) : 0;
      if (left === 0) return page(topics, { topicName: name, partitionIndex: first });
      const end = Math.min(found.partitions.size, first + left);
      topics.push(describe(broker, context, found, first, end));
      left -= Math.max(0, end - first);
      if (end < found.partitions.size) return page(topics, { topicName: name, partitionIndex: end });
    }
    return page(topics, null);
  };

const page = (
  topics: readonly TopicAnswer[],
  nextCursor: Cursor,
): Reply<Draft<typeof DescribeTopicPartitionsResponse>> => ({
  kind: 'answer',
  response: { throttleTimeMs: 0, topics, nextCursor },
});

const failed = (name: string, errorCode: number): TopicAnswer => ({
  errorCode,
  name,
  topicId: ZERO_TOPIC_ID,
  isInternal: isInternalTopic(name),
  partitions: [],
});

const describe = (
  broker: Broker,
  context: RequestContext,
  topic: TopicImage,
  first: number,
  end: number,
): TopicAnswer => ({
  errorCode: ErrorCode.NONE,
  name: topic.name,
  topicId: topic.topicId,
  isInternal: isInternalTopic(topic.name),
  partitions: topic.partitions
    .slice(first, end)
    .map((partition) => partitionAnswer(broker, context, partition)),
  topicAuthorizedOperations: authorizedTopicOperations(broker, context, topic.name),
});

const partitionAnswer = (
  broker: Broker,
  context: RequestContext,
  partition: PartitionImage,
): TopicAnswer['partitions'][number] => {
  const isReachable = (id: number): boolean => {
    const known = brokerById(broker.image(), id as typeof partition.leader);
    return known !== undefined && !known.fenced && known.endpoints.has(context.listenerName);
  };
  return {
    errorCode: partition.leader < 0 ? ErrorCode.LEADER_NOT_AVAILABLE : ErrorCode.NONE,
    partitionIndex: partition.partition,
    leaderId: partition.leader,
    leaderEpoch: partition.leaderEpoch,
    replicaNodes: partition.replicas,
    isrNodes: partition.isr,
    eligibleLeaderReplicas: partition.eligibleLeaderReplicas,
    lastKnownElr: partition.lastKnownElr,
    offlineReplicas: partition.replicas.filter((id) => !isReachable(id)),
  };
};
