import type { Draft, OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse } from '@kafkaesque/protocol';
import { ErrorCode } from '@kafkaesque/protocol';
import { LeaderEpoch, Offset } from '@kafkaesque/kernel';
import type { Broker } from '../broker/broker';
import type { Reply, RequestContext } from './handler';

type TopicQuestion = OffsetForLeaderEpochRequest['topics'][number];
type EpochAnswer = Draft<typeof OffsetForLeaderEpochResponse>['topics'][number]['partitions'][number];

/** OffsetForLeaderEpoch (23). v2 current leader epoch · v3 replica id · v4 flexible (KIP-101, KIP-320) */
export const offsetForLeaderEpoch =
  (broker: Broker) =>
  (
    context: RequestContext,
    request: OffsetForLeaderEpochRequest,
  ): Reply<Draft<typeof OffsetForLeaderEpochResponse>> => ({
    kind: 'answer',
    response: {
      topics: request.topics.map((topic) => ({
        topic: topic.topic,
        partitions: topic.partitions.map((question) => answer(broker, context, topic.topic, question)),
      })),
    },
  });

const answer = (
  broker: Broker,
  context: RequestContext,
  topic: string,
  question: TopicQuestion['partitions'][number],
): EpochAnswer => {
  const refused = (errorCode: number): EpochAnswer => ({
    errorCode,
    partition: question.partition,
    leaderEpoch: LeaderEpoch(-1),
    endOffset: Offset(-1),
  });
  // Brokers ask without a permission for each topic; consumers have none for the cluster (KIP-320).
  if (
    !broker.isAllowed(context, 'CLUSTER_ACTION', 'CLUSTER', 'kafka-cluster') &&
    !broker.isAllowed(context, 'DESCRIBE', 'TOPIC', topic)
  )
    return refused(ErrorCode.TOPIC_AUTHORIZATION_FAILED);
  const found = broker.topicByName(topic);
  if (found === undefined) return refused(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
  const replica = broker.replicas.find(found.topicId, question.partition);
  if (replica === undefined) return refused(broker.missingReplicaError(found.topicId, question.partition));
  const end = replica.machine.endOffsetForEpoch(question.leaderEpoch, question.currentLeaderEpoch);
  if (end.kind === 'error') return refused(end.error);
  return {
    errorCode: ErrorCode.NONE,
    partition: question.partition,
    leaderEpoch: end.leaderEpoch,
    endOffset: end.endOffset,
  };
};
