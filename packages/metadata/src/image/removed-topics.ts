import type { TopicId } from '@kafkaesque/kernel';
import { TopicId as topicIdOf } from '@kafkaesque/kernel';
import type { PersistentMap } from './persistent-map';
import { emptyMap } from './persistent-map';

/** Topics in one half; so many of the last that were removed are remembered at least. */
const HALF = 5_000;

/**
 * The topics that were removed last, by id: at least the last 5,000, at most 10,000. A broker that was away while a topic
 * was removed learns it from here, also when all that it is given is a snapshot: that a topic is missing would not tell
 * whether it was removed or the metadata are lost, and absence is not deletion.
 */
export interface RemovedTopics {
  readonly recent: PersistentMap<true>;
  /** What was recent when it became full, or nothing. */
  readonly older: PersistentMap<true>;
}

export const noRemovedTopics: RemovedTopics = { recent: emptyMap(), older: emptyMap() };

export const withRemoved = ({ recent, older }: RemovedTopics, topicId: TopicId): RemovedTopics =>
  recent.size < HALF
    ? { recent: recent.set(topicId, true), older }
    : { recent: emptyMap<true>().set(topicId, true), older: recent };

export const wasRemoved = ({ recent, older }: RemovedTopics, topicId: TopicId): boolean =>
  recent.has(topicId) || older.has(topicId);

/** In an order in which `withRemoved` makes the same again. */
export function* removedTopicIds({ recent, older }: RemovedTopics): IterableIterator<TopicId> {
  for (const half of [older, recent]) for (const topicId of half.keys()) yield topicIdOf(topicId);
}
