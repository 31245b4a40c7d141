import { LeaderEpoch, Offset, TopicId, ZERO_TOPIC_ID } from '@kafkaesque/kernel';
import { FetchSession } from './fetch-session';
import type { SessionPartition } from './fetch-session';

const at = (topic: string, partition: number, offset: number, topicId = ZERO_TOPIC_ID): SessionPartition => ({
  topic,
  topicId,
  partition,
  fetchOffset: Offset(offset),
  currentLeaderEpoch: LeaderEpoch(0),
  lastFetchedEpoch: LeaderEpoch(-1),
  maxBytes: 100,
});

const named = (
  topics: readonly { readonly topic?: string | undefined; readonly partitions: readonly unknown[] }[],
) =>
  topics.map(({ topic, partitions }) => [
    topic,
    partitions.map((one) => (typeof one === 'number' ? one : (one as { partition: number }).partition)),
  ]);

describe('a fetch session', () => {
  test('first asks for a new one, naming every partition', () => {
    const request = new FetchSession().next([at('a', 0, 1), at('b', 2, 3), at('a', 1, 5)]);
    expect([request.sessionId, request.sessionEpoch]).toEqual([0, 0]);
    expect(named(request.topics)).toEqual([
      ['a', [0, 1]],
      ['b', [2]],
    ]);
    expect(request.forgottenTopicsData).toEqual([]);
  });

  test('then sends only what changed, and forgets what is not wanted any more', () => {
    const session = new FetchSession();
    session.next([at('a', 0, 1), at('a', 1, 1), at('b', 0, 1)]);
    session.answered(77);
    const request = session.next([at('a', 0, 1), at('a', 1, 9), at('c', 4, 0)]);
    expect([request.sessionId, request.sessionEpoch]).toEqual([77, 1]);
    expect(named(request.topics)).toEqual([
      ['a', [1]],
      ['c', [4]],
    ]);
    expect(named(request.forgottenTopicsData)).toEqual([['b', [0]]]);
    session.answered(77);
    expect(session.next([at('a', 0, 1), at('a', 1, 9), at('c', 4, 0)])).toMatchObject({
      sessionEpoch: 2,
      topics: [],
      forgottenTopicsData: [],
    });
  });

  test('forgets the old topic and names the new one when a topic was created anew', () => {
    const session = new FetchSession();
    session.next([at('a', 0, 5, TopicId('B'.repeat(22)))]);
    session.answered(77);
    const request = session.next([at('a', 0, 0, TopicId('C'.repeat(22)))]);
    expect(request.topics.map(({ topicId }) => topicId)).toEqual(['C'.repeat(22)]);
    expect(request.forgottenTopicsData.map(({ topicId }) => topicId)).toEqual(['B'.repeat(22)]);
  });

  test('starts anew after a reset', () => {
    const session = new FetchSession();
    session.next([at('a', 0, 1)]);
    session.answered(77);
    session.reset();
    expect(session.next([at('a', 0, 1)])).toMatchObject({
      sessionId: 0,
      sessionEpoch: 0,
      forgottenTopicsData: [],
    });
  });

  test('sends full requests to a broker that has no room for a session', () => {
    const session = new FetchSession();
    session.next([at('a', 0, 1)]);
    session.answered(0);
    const request = session.next([at('a', 0, 1)]);
    expect([request.sessionId, request.sessionEpoch, request.topics.length]).toEqual([0, 0, 1]);
  });
});
