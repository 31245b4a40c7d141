import type { LeaderEpoch, Offset, TopicId } from '@kafkaesque/kernel';
import type { RequestDraftOf } from '@kafkaesque/protocol';

/** A partition as the session wants it fetched now. */
export interface SessionPartition {
  readonly topic: string;
  readonly topicId: TopicId;
  readonly partition: number;
  readonly fetchOffset: Offset;
  readonly currentLeaderEpoch: LeaderEpoch;
  readonly lastFetchedEpoch: LeaderEpoch;
  readonly maxBytes: number;
}

type FetchTopics = RequestDraftOf<'Fetch'>['topics'];
type ForgottenTopics = NonNullable<RequestDraftOf<'Fetch'>['forgottenTopicsData']>;

/** The part of a Fetch request that the session decides. */
export interface SessionRequest {
  readonly sessionId: number;
  readonly sessionEpoch: number;
  readonly topics: FetchTopics;
  readonly forgottenTopicsData: ForgottenTopics;
}

const NO_SESSION = 0;
/** Epoch 0 asks for a new session, and names every partition. */
const INITIAL_EPOCH = 0;
const LAST_EPOCH = 0x7fffffff;

const keyOf = (partition: SessionPartition): string =>
  `${partition.topicId}/${partition.topic}/${partition.partition}`;

const isSame = (a: SessionPartition, b: SessionPartition): boolean =>
  a.fetchOffset === b.fetchOffset &&
  a.currentLeaderEpoch === b.currentLeaderEpoch &&
  a.lastFetchedEpoch === b.lastFetchedEpoch &&
  a.maxBytes === b.maxBytes;

/** Groups partitions by topic, in the order in which they come. */
const byTopic = <Item>(
  partitions: Iterable<SessionPartition>,
  itemOf: (partition: SessionPartition) => Item,
): { topic: string; topicId: TopicId; partitions: Item[] }[] => {
  const topics = new Map<string, { topic: string; topicId: TopicId; partitions: Item[] }>();
  for (const one of partitions) {
    const key = `${one.topicId}/${one.topic}`;
    let topic = topics.get(key);
    if (topic === undefined) {
      topic = { topic: one.topic, topicId: one.topicId, partitions: [] };
      topics.set(key, topic);
    }
    topic.partitions.push(itemOf(one));
  }
  return [...topics.values()];
};

/**
 * The client's half of an incremental fetch session (KIP-227): remembers what the broker was told, and sends only what
 * changed since. Pure: the driver sends `next` and reports what came back.
 */
export class FetchSession {
  #sessionId = NO_SESSION;
  #epoch = INITIAL_EPOCH;
  /** What the broker knows once the request under way has been accepted. */
  #told = new Map<string, SessionPartition>();

  next(wanted: readonly SessionPartition[]): SessionRequest {
    const before = this.#told;
    const isFull = this.#epoch === INITIAL_EPOCH;
    const now = new Map(wanted.map((one) => [keyOf(one), one]));
    const changed = wanted.filter((one) => {
      const told = before.get(keyOf(one));
      return isFull || told === undefined || !isSame(told, one);
    });
    const forgotten = isFull ? [] : [...before].filter(([key]) => !now.has(key)).map(([, one]) => one);
    this.#told = now;
    return {
      sessionId: this.#sessionId,
      sessionEpoch: this.#epoch,
      topics: byTopic(changed, (one) => ({
        partition: one.partition,
        currentLeaderEpoch: one.currentLeaderEpoch,
        fetchOffset: one.fetchOffset,
        lastFetchedEpoch: one.lastFetchedEpoch,
        partitionMaxBytes: one.maxBytes,
      })),
      forgottenTopicsData: byTopic(forgotten, (one) => one.partition),
    };
  }

  /** The request was answered. A broker without room for a session gives id 0: every request is a full one then. */
  answered(sessionId: number): void {
    if (sessionId === NO_SESSION) {
      this.reset();
      return;
    }
    this.#epoch = this.#sessionId === sessionId ? (this.#epoch === LAST_EPOCH ? 1 : this.#epoch + 1) : 1;
    this.#sessionId = sessionId;
  }

  /** Starts anew: the next request is a full one. */
  reset(): void {
    this.#sessionId = NO_SESSION;
    this.#epoch = INITIAL_EPOCH;
    this.#told = new Map();
  }
}
