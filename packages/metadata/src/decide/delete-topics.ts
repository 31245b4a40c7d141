import { ZERO_TOPIC_ID } from '@kafkaesque/kernel';
import { ErrorCode } from '@kafkaesque/protocol';
import { topicById, topicByName } from '../image/lookups';
import type { TopicImage } from '../image/metadata-image';
import type { MetadataRecord } from '../records';
import type { DeleteTopicResult, DeleteTopicsCommand, TopicToDelete } from './commands';
import type { Decision, DecisionContext } from './decision';
import { repeatedOf } from './repeated';

const answer = (
  { name, topicId }: TopicToDelete,
  errorCode: number,
  errorMessage: string | null,
): DeleteTopicResult => ({ name, topicId, errorCode, errorMessage });

const invalid = (topic: TopicToDelete): string | undefined => {
  if (topic.name === null)
    return topic.topicId === ZERO_TOPIC_ID ? 'Neither topic name nor id were specified.' : undefined;
  return topic.topicId === ZERO_TOPIC_ID ? undefined : 'You may not specify both topic name and topic id.';
};

const absent = (topic: TopicToDelete, retried: boolean): DeleteTopicResult => {
  if (topic.name !== null)
    return answer(
      topic,
      ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
      'This server does not host this topic-partition.',
    );
  if (retried) return answer(topic, ErrorCode.NONE, null);
  return answer(topic, ErrorCode.UNKNOWN_TOPIC_ID, 'This server does not host this topic ID.');
};

/** What is asked for twice is answered once, with an error. */
const onceEach = (topics: readonly TopicToDelete[]): readonly TopicToDelete[] => [
  ...new Map(topics.map((topic) => [`${topic.topicId}/${topic.name ?? ''}`, topic])).values(),
];

/** DeleteTopics by name or id. An id that is gone counts as deleted when the command may have been sent before. */
export const decideDeleteTopics = (
  command: DeleteTopicsCommand,
  { image }: DecisionContext,
): Decision<{ readonly responses: readonly DeleteTopicResult[] }> => {
  const records: MetadataRecord[] = [];
  const removed = new Set<TopicImage>();
  const repeatedNames = repeatedOf(command.topics.flatMap(({ name }) => name ?? []));
  const repeatedIds = repeatedOf(
    command.topics.flatMap(({ name, topicId }) => (name === null ? topicId : [])),
  );
  const decide = (topic: TopicToDelete): DeleteTopicResult => {
    const reason = invalid(topic);
    if (reason !== undefined) return answer(topic, ErrorCode.INVALID_REQUEST, reason);
    if (topic.name !== null && repeatedNames.has(topic.name))
      return answer(topic, ErrorCode.INVALID_REQUEST, 'Duplicate topic name.');
    if (topic.name === null && repeatedIds.has(topic.topicId))
      return answer(topic, ErrorCode.INVALID_REQUEST, 'Duplicate topic id.');
    const found = topic.name === null ? topicById(image, topic.topicId) : topicByName(image, topic.name);
    if (found === undefined) return absent(topic, command.retried);
    if (removed.has(found))
      return answer(
        topic,
        ErrorCode.INVALID_REQUEST,
        'The provided topic name maps to an ID that was already supplied.',
      );
    removed.add(found);
    records.push({ kind: 'RemoveTopicRecord', value: { topicId: found.topicId } });
    return { name: found.name, topicId: found.topicId, errorCode: ErrorCode.NONE, errorMessage: null };
  };
  const responses = onceEach(command.topics).map(decide);
  return { kind: 'decided', records, response: { responses } };
};
