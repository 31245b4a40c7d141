import type { TopicId } from '@kafkaesque/kernel';
import { ZERO_TOPIC_ID } from '@kafkaesque/kernel';
import type { DeleteTopicsRequest, DeleteTopicsResponse, Draft } from '@kafkaesque/protocol';
import { ErrorCode } from '@kafkaesque/protocol';
import type { Administrator } from '../broker/broker';
import { errorOfOutcome, repeatedOf } from './command-errors';
import type { Reply, RequestContext } from './handler';

type TopicAnswer = Draft<typeof DeleteTopicsResponse>['responses'][number];
interface Wish {
  readonly name: string | null;
  readonly topicId: TopicId;
}

/** DeleteTopics (20). v1 throttle time · v3 TOPIC_DELETION_DISABLED · v5 messages · v6 by id or name */
export const deleteTopics =
  (broker: Administrator) =>
  async (
    context: RequestContext,
    request: DeleteTopicsRequest,
  ): Promise<Reply<Draft<typeof DeleteTopicsResponse>>> => {
    const wishes: readonly Wish[] =
      context.apiVersion >= 6
        ? request.topics
        : request.topicNames.map((name) => ({ name, topicId: ZERO_TOPIC_ID }));
    const repeatedNames = repeatedOf(wishes.flatMap(({ name }) => (name === null ? [] : [name])));
    const repeatedIds = repeatedOf(
      wishes.flatMap(({ topicId }) => (topicId === ZERO_TOPIC_ID ? [] : [topicId])),
    );
    const judged = wishes.map((wish) => ({
      wish,
      refusal: refusalOf(broker, context, wish, repeatedNames, repeatedIds),
    }));
    const allowed = judged.filter(({ refusal }) => refusal === undefined).map(({ wish }) => wish);
    const deleted = allowed.length === 0 ? [] : await remove(broker, allowed);
    return {
      kind: 'answer',
      response: {
        responses: [...judged.flatMap(({ refusal }) => (refusal === undefined ? [] : [refusal])), ...deleted],
      },
    };
  };

const failed = ({ name, topicId }: Wish, errorCode: number, errorMessage: string | null): TopicAnswer => ({
  name,
  topicId,
  errorCode,
  errorMessage,
});

const refusalOf = (
  broker: Administrator,
  context: RequestContext,
  wish: Wish,
  repeatedNames: ReadonlySet<string>,
  repeatedIds: ReadonlySet<string>,
): TopicAnswer | undefined => {
  const { name, topicId } = wish;
  const byId = topicId !== ZERO_TOPIC_ID;
  if (!broker.configuration.deleteTopicEnable) {
    const errorCode = context.apiVersion < 3 ? ErrorCode.INVALID_REQUEST : ErrorCode.TOPIC_DELETION_DISABLED;
    return failed(wish, errorCode, 'Topic deletion is disabled.');
  }
  if (name === null && !byId)
    return failed(wish, ErrorCode.INVALID_REQUEST, 'Neither topic name nor id were specified.');
  if (name !== null && byId) {
    return failed(wish, ErrorCode.INVALID_REQUEST, 'You may not specify both topic name and topic id.');
  }
  if (name !== null && repeatedNames.has(name))
    return failed(wish, ErrorCode.INVALID_REQUEST, 'Duplicate topic name.');
  if (byId && repeatedIds.has(topicId)) return failed(wish, ErrorCode.INVALID_REQUEST, 'Duplicate topic id.');
  const known = name ?? broker.topicById(topicId)?.name;
  if (known === undefined || broker.isAllowed(context, 'DELETE', 'TOPIC', known)) return undefined;
  // Whoever may not describe a topic learns by its id no more than that there is none.
  const mayDescribe = broker.isAllowed(context, 'DESCRIBE', 'TOPIC', known);
  return byId && !mayDescribe
    ? failed(wish, ErrorCode.UNKNOWN_TOPIC_ID, 'This server does not host this topic ID.')
    : failed(wish, ErrorCode.TOPIC_AUTHORIZATION_FAILED, 'Topic authorization failed.');
};

const remove = async (broker: Administrator, wishes: readonly Wish[]): Promise<readonly TopicAnswer[]> => {
  const outcome = await broker.controller.submit({ kind: 'delete-topics', topics: wishes, retried: false });
  if (outcome.kind === 'done') return outcome.response.responses;
  const { errorCode, errorMessage } = errorOfOutcome(outcome);
  return wishes.map((wish) => failed(wish, errorCode, errorMessage));
};
