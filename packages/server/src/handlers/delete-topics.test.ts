import type { TopicId } from '@kafkaesque/kernel';
import { ZERO_TOPIC_ID } from '@kafkaesque/kernel';
import type { Command, DeleteTopicResult, DeleteTopicsCommand, TopicImage } from '@kafkaesque/metadata';
import { ErrorCode } from '@kafkaesque/protocol';
import type { Administrator } from '../broker/broker';
import { isRepeatable } from '../controller/command-codec';
import { deleteTopics } from './delete-topics';
import type { RequestContext } from './handler';

const [OLD, NEW] = ['old-topic-id-00000000A' as TopicId, 'new-topic-id-00000000A' as TopicId];
const byId = (topicId: TopicId): DeleteTopicsCommand['topics'][number] => ({ name: null, topicId });
const byName = { name: 'orders', topicId: ZERO_TOPIC_ID };

/** A node that knows `orders` under these ids, one after the other, and a controller that answers from a list. */
const stage = (knownIds: readonly (TopicId | undefined)[], answers: readonly DeleteTopicResult[]) => {
  const asked: DeleteTopicsCommand['topics'][] = [];
  const [ids, left] = [[...knownIds], [...answers]];
  const administrator = {
    configuration: { deleteTopicEnable: true },
    isAllowed: () => true,
    topicById: () => undefined,
    topicByName: (name: string): TopicImage | undefined => {
      const topicId = ids.length > 1 ? ids.shift() : ids[0];
      return topicId === undefined ? undefined : ({ name, topicId } as TopicImage);
    },
    controller: {
      submit: (command: Command) => {
        if (command.kind !== 'delete-topics') throw new Error(`a ${command.kind} was submitted`);
        asked.push(command.topics);
        return Promise.resolve({ kind: 'done', response: { responses: [left.shift()] }, offset: 7 });
      },
    },
  } as unknown as Administrator;
  const answer = async () => {
    const reply = await deleteTopics(administrator)({ apiVersion: 6 } as RequestContext, {
      topics: [byName],
      topicNames: [],
      timeoutMs: 1000,
    });
    if (reply.kind !== 'answer') throw new Error(`the reply is a ${reply.kind}`);
    return reply.response.responses.map(({ name, topicId, errorCode }) => ({ name, topicId, errorCode }));
  };
  return { asked, answer };
};

const result = (name: string | null, topicId: TopicId, errorCode: number): DeleteTopicResult => ({
  ...{ name, topicId, errorCode },
  errorMessage: null,
});

test('a name is looked up, and the topic deleted by its id', async () => {
  const { asked, answer } = stage([OLD], [result('orders', OLD, ErrorCode.NONE)]);
  expect(await answer()).toEqual([{ name: 'orders', topicId: OLD, errorCode: ErrorCode.NONE }]);
  expect(asked).toEqual([[byId(OLD)]]);
});

test('a name that this node does not know, or knows with an id that is gone, is asked for by name', async () => {
  const unknown = stage([undefined], [result('orders', NEW, ErrorCode.NONE)]);
  expect(await unknown.answer()).toEqual([{ name: 'orders', topicId: NEW, errorCode: ErrorCode.NONE }]);
  expect(unknown.asked).toEqual([[byName]]);
  const old = stage(
    [OLD],
    [result(null, OLD, ErrorCode.UNKNOWN_TOPIC_ID), result('orders', NEW, ErrorCode.NONE)],
  );
  expect(await old.answer()).toEqual([{ name: 'orders', topicId: NEW, errorCode: ErrorCode.NONE }]);
  expect(old.asked).toEqual([[byId(OLD)], [byName]]);
});

test('a topic that is gone when its deletion is sent again is deleted, unless another has its name now', async () => {
  const gone = result(null, OLD, ErrorCode.NONE);
  const { answer } = stage([OLD, undefined], [gone]);
  expect(await answer()).toEqual([{ name: 'orders', topicId: OLD, errorCode: ErrorCode.NONE }]);
  const another = stage([OLD, NEW], [gone]);
  expect(await another.answer()).toEqual([
    { name: 'orders', topicId: ZERO_TOPIC_ID, errorCode: ErrorCode.REQUEST_TIMED_OUT },
  ]);
});

test('a deletion may be sent again only when it names ids', () => {
  const command = { kind: 'delete-topics', retried: false } as const;
  expect(isRepeatable({ ...command, topics: [byId(OLD), byId(NEW)] })).toBe(true);
  expect(isRepeatable({ ...command, topics: [byId(OLD), byName] })).toBe(false);
});
