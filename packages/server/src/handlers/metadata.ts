import type { BrokerId, TopicId } from '@kafkaesque/kernel';
import { ZERO_TOPIC_ID } from '@kafkaesque/kernel';
import type { BrokerAddress, PartitionImage, TopicImage } from '@kafkaesque/metadata';
import { aliveBrokers, invalidTopicName, topicNames } from '@kafkaesque/metadata';
import type { Draft, MetadataRequest, MetadataResponse } from '@kafkaesque/protocol';
import { ErrorCode } from '@kafkaesque/protocol';
import type { Broker } from '../broker/broker';
import { createTopicAutomatically } from '../broker/topic-creation';
import { isInternalTopic } from '../broker/topic-names';
import {
  OPERATIONS_NOT_ASKED,
  authorizedClusterOperations,
  authorizedTopicOperations,
} from './authorized-operations';
import type { Reply, RequestContext } from './handler';

type TopicAnswer = Draft<typeof MetadataResponse>['topics'][number];
type PartitionAnswer = TopicAnswer['partitions'][number];
type TopicQuestion = NonNullable<MetadataRequest['topics']>[number];

/** Versions 10 and 11 have topic ids in the request, but asking by them begins here. */
const FIRST_VERSION_BY_ID = 12;
/** Before, clients do not know LISTENER_NOT_FOUND. */
const FIRST_VERSION_WITH_LISTENER_NOT_FOUND = 6;

/** Metadata (3). v0 empty means all · v4 auto-creation flag · v7 leader epochs · v8 operations · v10 topic ids · v12 ask by id */
export const metadata =
  (broker: Broker) =>
  async (
    context: RequestContext,
    request: MetadataRequest,
  ): Promise<Reply<Draft<typeof MetadataResponse>>> => {
    const asksForAll = request.topics === null || (context.apiVersion === 0 && request.topics.length === 0);
    const answers = asksForAll
      ? topicNames(broker.image())
          .filter((name) => broker.isAllowed(context, 'DESCRIBE', 'TOPIC', name))
          .map((name) => topicAnswer(broker, context, request, broker.topicByName(name)))
      : await Promise.all(
          withoutRepetition(request.topics).map((topic) => namedTopic(broker, context, request, topic)),
        );
    return {
      kind: 'answer',
      response: {
        brokers: aliveBrokers(broker.image(), context.listenerName).map(({ brokerId, host, port, rack }) => ({
          nodeId: brokerId,
          host,
          port,
          rack,
        })),
        clusterId: broker.clusterId,
        controllerId: broker.nodeId,
        topics: answers.filter((answer) => answer !== undefined),
        clusterAuthorizedOperations: request.includeClusterAuthorizedOperations
          ? authorizedClusterOperations(broker, context)
          : OPERATIONS_NOT_ASKED,
        errorCode: ErrorCode.NONE,
      },
    };
  };

/** Who asks twice is answered once. */
const withoutRepetition = (topics: readonly TopicQuestion[]): readonly TopicQuestion[] => [
  ...new Map(topics.map((topic) => [`${topic.topicId}/${topic.name ?? ''}`, topic])).values(),
];

const failed = (errorCode: number, name: string | null, topicId: TopicId = ZERO_TOPIC_ID): TopicAnswer => ({
  errorCode,
  name,
  topicId,
  isInternal: name !== null && isInternalTopic(name),
  partitions: [],
});

const namedTopic = async (
  broker: Broker,
  context: RequestContext,
  request: MetadataRequest,
  { name, topicId }: TopicQuestion,
): Promise<TopicAnswer | undefined> => {
  const byId = name === null || topicId !== ZERO_TOPIC_ID;
  if (byId && context.apiVersion < FIRST_VERSION_BY_ID)
    return failed(ErrorCode.INVALID_REQUEST, name ?? '', topicId);
  if (byId) {
    const found = broker.topicById(topicId);
    const isVisible = found !== undefined && broker.isAllowed(context, 'DESCRIBE', 'TOPIC', found.name);
    return isVisible
      ? topicAnswer(broker, context, request, found)
      : failed(ErrorCode.UNKNOWN_TOPIC_ID, null, topicId);
  }
  if (!broker.isAllowed(context, 'DESCRIBE', 'TOPIC', name))
    return failed(ErrorCode.TOPIC_AUTHORIZATION_FAILED, name);
  const found = broker.topicByName(name);
  if (found !== undefined) return topicAnswer(broker, context, request, found);
  if (invalidTopicName(name) !== undefined) return failed(ErrorCode.INVALID_TOPIC_EXCEPTION, name);
  const mayCreate =
    broker.configuration.autoCreateTopicsEnable && (context.apiVersion < 4 || request.allowAutoTopicCreation);
  // Topics of the cluster itself are not created by a question: their shape is the coordinators' business.
  if (!mayCreate || isInternalTopic(name)) return failed(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, name);
  if (
    !broker.isAllowed(context, 'CREATE', 'CLUSTER', 'kafka-cluster') &&
    !broker.isAllowed(context, 'CREATE', 'TOPIC', name)
  ) {
    return failed(ErrorCode.TOPIC_AUTHORIZATION_FAILED, name);
  }
  const created = await createTopicAutomatically(broker, name);
  return created.kind === 'created'
    ? topicAnswer(broker, context, request, created.topic)
    : failed(created.errorCode, name);
};

const topicAnswer = (
  broker: Broker,
  context: RequestContext,
  request: MetadataRequest,
  topic: TopicImage | undefined,
): TopicAnswer | undefined => {
  if (topic === undefined) return undefined;
  const alive = aliveBrokers(broker.image(), context.listenerName);
  return {
    errorCode: ErrorCode.NONE,
    name: topic.name,
    topicId: topic.topicId,
    isInternal: isInternalTopic(topic.name),
    partitions: topic.partitions.map((partition) => partitionAnswer(partition, alive, context.apiVersion)),
    topicAuthorizedOperations: request.includeTopicAuthorizedOperations
      ? authorizedTopicOperations(broker, context, topic.name)
      : OPERATIONS_NOT_ASKED,
  };
};

const partitionAnswer = (
  partition: PartitionImage,
  alive: readonly BrokerAddress[],
  apiVersion: number,
): PartitionAnswer => {
  const isAlive = (id: BrokerId): boolean => alive.some(({ brokerId }) => brokerId === id);
  return {
    errorCode: errorOf(partition, isAlive, apiVersion),
    partitionIndex: partition.partition,
    leaderId: isAlive(partition.leader) ? partition.leader : (-1 as BrokerId),
    leaderEpoch: partition.leaderEpoch,
    replicaNodes: partition.replicas,
    isrNodes: partition.isr,
    offlineReplicas: partition.replicas.filter((id) => !isAlive(id)),
  };
};

const errorOf = (
  { leader }: PartitionImage,
  isAlive: (id: BrokerId) => boolean,
  apiVersion: number,
): number => {
  if (leader >= 0 && isAlive(leader)) return ErrorCode.NONE;
  return leader < 0 || apiVersion < FIRST_VERSION_WITH_LISTENER_NOT_FOUND
    ? ErrorCode.LEADER_NOT_AVAILABLE
    : ErrorCode.LISTENER_NOT_FOUND;
};
