import { ZERO_TOPIC_ID } from '@kafkaesque/kernel';
import type { CreateTopicsRequest, CreateTopicsResponse, Draft } from '@kafkaesque/protocol';
import { ErrorCode } from '@kafkaesque/protocol';
import type { Administrator } from '../broker/broker';
import { drawTopicId } from '../broker/topic-creation';
import { errorOfOutcome, repeatedOf } from './command-errors';
import type { Reply, RequestContext } from './handler';

type Wish = CreateTopicsRequest['topics'][number];
type TopicAnswer = Draft<typeof CreateTopicsResponse>['topics'][number];
/** Kafka's own log of metadata; no topic may take its name. */
const METADATA_TOPIC = '__cluster_metadata';

/** CreateTopics (19). v4 counts of -1 mean the broker's defaults · v5 answers configs · v7 answers topic ids */
export const createTopics =
  (broker: Administrator) =>
  async (
    context: RequestContext,
    request: CreateTopicsRequest,
  ): Promise<Reply<Draft<typeof CreateTopicsResponse>>> => {
    const repeated = repeatedOf(request.topics.map(({ name }) => name));
    const mayCreateAny = broker.isAllowed(context, 'CREATE', 'CLUSTER', 'kafka-cluster');
    const answers = new Map<string, TopicAnswer>();
    const wishes: Wish[] = [];
    for (const wish of request.topics) {
      const refusal = refusalOf(broker, context, wish, repeated, mayCreateAny);
      if (refusal === undefined) wishes.push(wish);
      else answers.set(wish.name, refusal);
    }
    for (const answer of wishes.length === 0 ? [] : await create(broker, context, request, wishes)) {
      answers.set(answer.name, answer);
    }
    return { kind: 'answer', response: { topics: [...answers.values()] } };
  };

const failed = (name: string, errorCode: number, errorMessage: string | null): TopicAnswer => ({
  name,
  topicId: ZERO_TOPIC_ID,
  errorCode,
  errorMessage,
  numPartitions: -1,
  replicationFactor: -1,
  configs: [],
});

const refusalOf = (
  broker: Administrator,
  context: RequestContext,
  { name }: Wish,
  repeated: ReadonlySet<string>,
  mayCreateAny: boolean,
): TopicAnswer | undefined => {
  if (repeated.has(name)) return failed(name, ErrorCode.INVALID_REQUEST, 'Duplicate topic name.');
  if (name === METADATA_TOPIC) {
    return failed(
      name,
      ErrorCode.INVALID_REQUEST,
      `Creation of internal topic ${METADATA_TOPIC} is prohibited.`,
    );
  }
  if (!mayCreateAny && !broker.isAllowed(context, 'CREATE', 'TOPIC', name)) {
    return failed(name, ErrorCode.TOPIC_AUTHORIZATION_FAILED, 'Authorization failed.');
  }
  return undefined;
};

const create = async (
  broker: Administrator,
  context: RequestContext,
  request: CreateTopicsRequest,
  wishes: readonly Wish[],
): Promise<readonly TopicAnswer[]> => {
  const outcome = await broker.controller.submit({
    kind: 'create-topics',
    topics: wishes,
    validateOnly: request.validateOnly,
    topicIds: new Map(wishes.map(({ name }) => [name, drawTopicId(broker)])),
  });
  if (outcome.kind !== 'done') {
    const { errorCode, errorMessage } = errorOfOutcome(outcome);
    return wishes.map(({ name }) => failed(name, errorCode, errorMessage));
  }
  return outcome.response.topics.map((topic): TopicAnswer => {
    if (topic.errorCode !== ErrorCode.NONE) return failed(topic.name, topic.errorCode, topic.errorMessage);
    if (broker.isAllowed(context, 'DESCRIBE_CONFIGS', 'TOPIC', topic.name)) return topic;
    const { name, topicId, errorCode, errorMessage } = topic;
    return {
      ...failed(name, errorCode, errorMessage),
      topicId,
      topicConfigErrorCode: ErrorCode.TOPIC_AUTHORIZATION_FAILED,
    };
  });
};
