import { LeaderEpoch, Offset, PartitionIndex, TopicId } from '@kafkaesque/kernel';
import type { FetchContext, FetchSession, FetchSessionRequest, FetchWish } from './fetch-sessions';
import { FetchSessions } from './fetch-sessions';

const wish = (partition: number, fetchOffset = 0): FetchWish => ({
  topicId: TopicId('B'.repeat(22)),
  topic: 'orders',
  partition: PartitionIndex(partition),
  fetchOffset: Offset(fetchOffset),
  currentLeaderEpoch: LeaderEpoch(-1),
  lastFetchedEpoch: -1,
  logStartOffset: Offset(-1),
  maxBytes: 1_048_576,
});
const ask = (sessionId: number, sessionEpoch: number, wishes: readonly FetchWish[]): FetchSessionRequest => ({
  sessionId,
  sessionEpoch,
  usesTopicIds: false,
  wishes,
  forgotten: [],
});
const sessionOf = (context: FetchContext): FetchSession => {
  if (context.kind !== 'full' && context.kind !== 'incremental')
    throw new Error(`no session in ${context.kind}`);
  return context.session;
};
const partitionsOf = (context: FetchContext): readonly number[] =>
  context.kind === 'error' ? [] : context.wishes.map((one) => one.partition);
const sessions = (slots = 10): FetchSessions => {
  let id = 0;
  return new FetchSessions(slots, () => ++id);
};
const quiet = { highWatermark: 5, logStartOffset: 0, errorCode: 0, sizeBytes: 0, isElsewhere: false };

describe('fetch sessions', () => {
  test('a first request opens a session, later ones name only what changed', () => {
    const cache = sessions();
    const session = sessionOf(cache.open(ask(0, 0, [wish(0), wish(1)]), 0));
    const second = cache.open(ask(session.id, 1, [wish(1, 7)]), 1);
    expect(second.kind).toBe('incremental');
    expect(second.kind !== 'error' && second.wishes.map((one) => one.fetchOffset)).toEqual([0, 7]);
    const third = cache.open(
      {
        ...ask(session.id, 2, []),
        forgotten: [{ topicId: wish(0).topicId, topic: 'orders', partition: PartitionIndex(0) }],
      },
      2,
    );
    expect(partitionsOf(third)).toEqual([1]);
  });

  test('an incremental answer names a partition only for bytes, an error or a moved mark', () => {
    const cache = sessions();
    const session = sessionOf(cache.open(ask(0, 0, [wish(0)]), 0));
    expect(cache.mustTell(session, wish(0), quiet)).toBe(true);
    cache.told(session, wish(0), { highWatermark: 5, logStartOffset: 0 }, false);
    expect(cache.mustTell(session, wish(0), quiet)).toBe(false);
    expect(cache.mustTell(session, wish(0), { ...quiet, highWatermark: 6 })).toBe(true);
    expect(cache.mustTell(session, wish(0), { ...quiet, sizeBytes: 61 })).toBe(true);
    expect(cache.mustTell(session, wish(0), { ...quiet, errorCode: 3 })).toBe(true);
  });

  test('a partition that got bytes is served last the next time', () => {
    const cache = sessions();
    const session = sessionOf(cache.open(ask(0, 0, [wish(0), wish(1)]), 0));
    cache.told(session, wish(0), { highWatermark: 5, logStartOffset: 0 }, true);
    expect(partitionsOf(cache.open(ask(session.id, 1, []), 1))).toEqual([1, 0]);
  });

  test('a wrong epoch or an unknown id is refused with the error clients know', () => {
    const cache = sessions();
    const session = sessionOf(cache.open(ask(0, 0, [wish(0)]), 0));
    expect(cache.open(ask(session.id, 2, []), 1)).toEqual({
      kind: 'error',
      error: 'INVALID_FETCH_SESSION_EPOCH',
    });
    expect(cache.open(ask(999, 1, []), 1)).toEqual({ kind: 'error', error: 'FETCH_SESSION_ID_NOT_FOUND' });
    expect(cache.open({ ...ask(session.id, 1, [wish(0)]), usesTopicIds: true }, 1)).toEqual({
      kind: 'error',
      error: 'FETCH_SESSION_TOPIC_ID_ERROR',
    });
  });

  test('a final epoch closes the session and answers without one', () => {
    const cache = sessions();
    const session = sessionOf(cache.open(ask(0, 0, [wish(0)]), 0));
    expect(cache.open(ask(session.id, -1, [wish(0)]), 1).kind).toBe('sessionless');
    expect(cache.size).toBe(0);
  });

  test('a full cache gives up only sessions that have long been idle', () => {
    const cache = sessions(1);
    const first = sessionOf(cache.open(ask(0, 0, [wish(0)]), 0));
    expect(cache.open(ask(0, 0, [wish(0)]), 119_999).kind).toBe('sessionless');
    expect(cache.open(ask(0, 0, [wish(0)]), 120_000).kind).toBe('full');
    expect(cache.open(ask(first.id, 1, []), 120_001)).toEqual({
      kind: 'error',
      error: 'FETCH_SESSION_ID_NOT_FOUND',
    });
  });

  test('all sessions together remember so many partitions, whatever their number', () => {
    let id = 0;
    const cache = new FetchSessions(10, () => ++id, 5);
    const wishes = (count: number): readonly FetchWish[] =>
      Array.from({ length: count }, (_, at) => wish(at));
    expect(cache.open(ask(0, 0, wishes(6)), 0).kind).toBe('sessionless');
    const first = sessionOf(cache.open(ask(0, 0, wishes(3)), 0));
    const second = sessionOf(cache.open(ask(0, 0, wishes(2)), 60_000));
    expect(cache.open(ask(0, 0, wishes(1)), 60_000).kind).toBe('sessionless');
    // What grows beyond it has to begin anew.
    expect(cache.open(ask(second.id, 1, wishes(3)), 60_000)).toMatchObject({
      error: 'FETCH_SESSION_ID_NOT_FOUND',
    });
    expect([cache.size, cache.partitionCount]).toEqual([1, 3]);
    // A session that nobody has used for two minutes makes room.
    expect(cache.open(ask(0, 0, wishes(4)), 120_000).kind).toBe('full');
    expect(cache.open(ask(first.id, 1, []), 120_000).kind).toBe('error');
    expect([cache.size, cache.partitionCount]).toEqual([1, 4]);
  });

  test('forgotten partitions and closed sessions make room', () => {
    let id = 0;
    const cache = new FetchSessions(10, () => ++id, 2);
    const session = sessionOf(cache.open(ask(0, 0, [wish(0), wish(1)]), 0));
    const { topicId } = wish(0);
    const forgotten = [{ topicId, topic: 'orders', partition: PartitionIndex(0) }];
    expect(partitionsOf(cache.open({ ...ask(session.id, 1, [wish(2)]), forgotten }, 1))).toEqual([1, 2]);
    expect(cache.partitionCount).toBe(2);
    cache.open(ask(session.id, -1, []), 2);
    expect([cache.size, cache.partitionCount]).toEqual([0, 0]);
  });
});
