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

/**
 * Names are looked up here, and topics deleted by id: then a deletion whose answer gets lost can be sent again, and never
 * takes a topic that somebody created under the name meanwhile. What this node does not know may still be there.
 */
const remove = async (broker: Administrator, wishes: readonly Wish[]): Promise<readonly TopicAnswer[]> => {
  // One request that says both has rules of its own about what is named twice.
  if (wishes.some(({ name }) => name === null)) return submitted(broker, wishes);
  const known = wishes.flatMap(({ name }) => (name === null ? [] : (broker.topicByName(name) ?? [])));
  const knownNames = new Set(known.map(({ name }) => name));
  const unknown = wishes.filter(({ name }) => name === null || !knownNames.has(name));
  const deleted = await submitted(
    broker,
    known.map(({ topicId }) => ({ name: null, topicId })),
  );
  const byId = new Map(deleted.map((answer) => [answer.topicId, answer]));
  const answers: TopicAnswer[] = [];
  for (const { name, topicId } of known) {
    const wish = { name, topicId: ZERO_TOPIC_ID };
    const answer = byId.get(topicId);
    // This node's metadata were old. Nothing was done, so that it can be asked for by name.
    if (answer?.errorCode === ErrorCode.UNKNOWN_TOPIC_ID) unknown.push(wish);
    else answers.push(namedAnswer(broker, wish, answer));
  }
  return [...answers, ...(await submitted(broker, unknown))];
};

const namedAnswer = (broker: Administrator, wish: Wish, answer: TopicAnswer | undefined): TopicAnswer => {
  if (answer === undefined) return failed(wish, ErrorCode.UNKNOWN_SERVER_ERROR, null);
  if (answer.errorCode !== ErrorCode.NONE) return { ...answer, ...wish };
  // Gone when it was sent again: by this request, or before it and under the name is another one now. Nobody can tell.
  const isGone = answer.name === null;
  return isGone && wish.name !== null && broker.topicByName(wish.name) !== undefined
    ? failed(wish, ErrorCode.REQUEST_TIMED_OUT, 'The request timed out.')
    : { ...answer, name: wish.name };
};

const submitted = async (broker: Administrator, wishes: readonly Wish[]): Promise<readonly TopicAnswer[]> => {
  if (wishes.length === 0) return [];
  const outcome = await broker.controller.submit({ kind: 'delete-topics', topics: wishes, retried: false });
  if (outcome.kind === 'done') return outcome.response.responses;
  const { errorCode, errorMessage } = errorOfOutcome(outcome);
  return wishes.map((wish) => failed(wish, errorCode, errorMessage));
};
