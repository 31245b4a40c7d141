import { BrokerId, LeaderEpoch, Offset, TimestampMs } from '@kafkaesque/kernel';
import { errorName } from '@kafkaesque/protocol';
import type { FetchQuestion } from './fetch-plan';
import type { OffsetQuestion } from './offsets';
import type { Partition } from './partition';
import {
  SELF,
  batchOf,
  everyBroker,
  lead,
  leaderOf,
  openPartition,
  produce,
  settle,
  subscribe,
} from './scenario';

const epochs = [
  { leaderEpoch: LeaderEpoch(2), startOffset: Offset(10) },
  { leaderEpoch: LeaderEpoch(4), startOffset: Offset(20) },
];
/** Offsets 10 to 29 are readable, 30 to 34 appended but not durable; leads in epoch 7 since offset 30. */
const standing = (): Partition => {
  const partition = openPartition({}, { logStartOffset: Offset(10), endOffset: Offset(30), epochs });
  lead(partition, 7);
  produce(partition, batchOf(5));
  return partition;
};
/** A new leader that does not know yet how far its follower is. */
const lagging = (): Partition => {
  const partition = openPartition(
    {},
    { logStartOffset: Offset(10), endOffset: Offset(30), epochs, highWatermark: Offset(25) },
  );
  lead(partition, 7, [SELF, BrokerId(2)]);
  return partition;
};
const following = (): Partition => {
  const partition = standing();
  partition.becomeFollower({ leaderEpoch: LeaderEpoch(7), leader: BrokerId(2) });
  return partition;
};
const offline = (): Partition => {
  const partition = standing();
  partition.goOffline('EIO');
  return partition;
};

describe('a fetch', () => {
  const plan = (partition: Partition, question: Partial<FetchQuestion>): string => {
    const planned = partition.planFetch({
      fetchOffset: 15,
      currentLeaderEpoch: -1,
      lastFetchedEpoch: -1,
      isolation: 'read-uncommitted',
      ...question,
    });
    switch (planned.kind) {
      case 'read':
        return `read ${planned.from} to ${planned.upTo}`;
      case 'diverging':
        return `diverging ${planned.epoch} ends ${planned.endOffset}`;
      case 'error':
        return errorName(planned.error);
    }
  };

  test.each([
    { name: 'reads up to the high watermark, never beyond', question: {}, says: 'read 15 to 30' },
    { name: 'at the high watermark waits', question: { fetchOffset: 30 }, says: 'read 30 to 30' },
    {
      name: 'between high watermark and end waits too',
      question: { fetchOffset: 33 },
      says: 'read 33 to 30',
    },
    { name: 'at the very end waits', question: { fetchOffset: 35 }, says: 'read 35 to 30' },
    { name: 'beyond the end is out of range', question: { fetchOffset: 36 }, says: 'OFFSET_OUT_OF_RANGE' },
    { name: 'at the log start reads', question: { fetchOffset: 10 }, says: 'read 10 to 30' },
    {
      name: 'before the log start is out of range',
      question: { fetchOffset: 9 },
      says: 'OFFSET_OUT_OF_RANGE',
    },
    { name: 'below zero is out of range', question: { fetchOffset: -5 }, says: 'OFFSET_OUT_OF_RANGE' },
    { name: 'with the current epoch reads', question: { currentLeaderEpoch: 7 }, says: 'read 15 to 30' },
    { name: 'with an old epoch is fenced', question: { currentLeaderEpoch: 6 }, says: 'FENCED_LEADER_EPOCH' },
    {
      name: 'with a later epoch comes too early',
      question: { currentLeaderEpoch: 8 },
      says: 'UNKNOWN_LEADER_EPOCH',
    },
    {
      name: 'that last read an epoch which goes on here reads',
      question: { fetchOffset: 15, lastFetchedEpoch: 2 },
      says: 'read 15 to 30',
    },
    {
      name: 'right at the end of its last epoch reads',
      question: { fetchOffset: 20, lastFetchedEpoch: 2 },
      says: 'read 20 to 30',
    },
    {
      name: 'beyond the end of its last epoch diverges',
      question: { fetchOffset: 25, lastFetchedEpoch: 2 },
      says: 'diverging 2 ends 20',
    },
    {
      name: 'from an epoch that never wrote here diverges',
      question: { fetchOffset: 25, lastFetchedEpoch: 3 },
      says: 'diverging 2 ends 20',
    },
    {
      name: 'from an epoch of the future is out of range',
      question: { lastFetchedEpoch: 9 },
      says: 'OFFSET_OUT_OF_RANGE',
    },
    {
      name: 'before the log start is out of range, diverging or not',
      question: { fetchOffset: 5, lastFetchedEpoch: 3 },
      says: 'OFFSET_OUT_OF_RANGE',
    },
  ])('$name', ({ question, says }) => {
    expect(plan(standing(), question)).toBe(says);
  });

  describe('that a follower may answer (KIP-392)', () => {
    const acceptsFollower = true;
    const followed = (): Partition => {
      const partition = openPartition({}, { logStartOffset: Offset(10), endOffset: Offset(30), epochs });
      partition.becomeFollower({ leaderEpoch: LeaderEpoch(7), leader: BrokerId(2) });
      partition.leaderSays(Offset(25), Offset(10));
      return partition;
    };

    test.each([
      { name: 'reads up to the high watermark that it knows', question: {}, says: 'read 15 to 25' },
      { name: 'waits between that and the end', question: { fetchOffset: 28 }, says: 'read 28 to 25' },
      {
        name: 'goes back to the leader for what lies beyond the end',
        question: { fetchOffset: 31 },
        says: 'OFFSET_NOT_AVAILABLE',
      },
      {
        name: 'and for an epoch that ends elsewhere here',
        question: { fetchOffset: 25, lastFetchedEpoch: 2 },
        says: 'OFFSET_NOT_AVAILABLE',
      },
      {
        name: 'and for what is not here any more',
        question: { fetchOffset: 9 },
        says: 'OFFSET_NOT_AVAILABLE',
      },
      {
        name: 'is fenced with an old epoch',
        question: { currentLeaderEpoch: 6 },
        says: 'FENCED_LEADER_EPOCH',
      },
      {
        name: 'comes too early with a later one',
        question: { currentLeaderEpoch: 8 },
        says: 'UNKNOWN_LEADER_EPOCH',
      },
    ])('$name', ({ question, says }) => {
      expect(plan(followed(), { ...question, acceptsFollower })).toBe(says);
    });

    test('is refused while the log is being cut', () => {
      const partition = followed();
      partition.divergedAt(LeaderEpoch(4), Offset(28));
      expect(plan(partition, { acceptsFollower })).toBe('NOT_LEADER_OR_FOLLOWER');
    });
  });

  describe('that a leader sends to a follower', () => {
    const [NEAR, FAR] = [BrokerId(2), BrokerId(3)];
    const led = (): Partition => {
      const partition = openPartition(
        {},
        { logStartOffset: Offset(0), endOffset: Offset(30), epochs },
        everyBroker,
      );
      lead(partition, 7, [SELF, NEAR], [SELF, NEAR, FAR]);
      for (const replica of [NEAR, FAR]) subscribe(partition, replica, 30, 4);
      return partition;
    };
    const ids = (partition: Partition, fetchOffset: number): readonly number[] =>
      partition.readableReplicas(fetchOffset, 100).map(({ brokerId }) => brokerId);

    test('needs one in sync that has said how far it is', () => {
      const partition = led();
      expect(ids(partition, 20)).toEqual([]);
      partition.replicaDurable(FAR, Offset(28), 0, Offset(5));
      partition.replicaDurable(NEAR, Offset(28), 0, Offset(5));
      expect(partition.readableReplicas(20, 100)).toEqual([
        { brokerId: NEAR, endOffset: 28, laggingMs: 100 },
      ]);
      expect(ids(partition, 28)).toEqual([NEAR]);
      expect(ids(partition, 29)).toEqual([]);
      expect(ids(partition, 5)).toEqual([NEAR]);
      expect(ids(partition, 4)).toEqual([]);
      partition.unsubscribe(NEAR, 0);
      expect(ids(partition, 20)).toEqual([]);
    });

    test('is answered by who leads', () => {
      expect(ids(following(), 20)).toEqual([]);
    });
  });

  test('is refused where the partition is not led', () => {
    expect(plan(following(), {})).toBe('NOT_LEADER_OR_FOLLOWER');
    expect(plan(following(), { currentLeaderEpoch: 6 })).toBe('FENCED_LEADER_EPOCH');
    expect(plan(offline(), { currentLeaderEpoch: 6 })).toBe('KAFKA_STORAGE_ERROR');
  });

  test('says what else the answer carries', () => {
    const question = { fetchOffset: 15, currentLeaderEpoch: -1, lastFetchedEpoch: -1 };
    const partition = standing();
    const carried = { highWatermark: 30, lastStableOffset: 30, logStartOffset: 10, leaderEpoch: 7 };
    expect(partition.planFetch({ ...question, isolation: 'read-uncommitted' })).toMatchObject({
      ...carried,
      abortedTransactions: null,
    });
    expect(partition.planFetch({ ...question, isolation: 'read-committed' })).toMatchObject({
      ...carried,
      abortedTransactions: [],
    });
  });
});

describe('ListOffsets', () => {
  const list = (partition: Partition, question: Partial<OffsetQuestion>): string => {
    const listed = partition.listOffset({
      timestamp: -1,
      isolation: 'read-uncommitted',
      currentLeaderEpoch: -1,
      apiVersion: 11,
      ...question,
    });
    switch (listed.kind) {
      case 'listed':
        return `${listed.offset} at ${listed.timestampMs} in ${listed.leaderEpoch}`;
      case 'lookup':
        return `look up by ${listed.by}`;
      case 'error':
        return errorName(listed.error);
    }
  };

  test.each([
    { name: 'latest is the high watermark', question: { timestamp: -1 }, says: '30 at -1 in 7' },
    {
      name: 'latest of read_committed is the last stable offset',
      question: { isolation: 'read-committed' },
      says: '30 at -1 in 7',
    },
    { name: 'earliest is the log start', question: { timestamp: -2 }, says: '10 at -1 in 2' },
    { name: 'earliest local is the log start', question: { timestamp: -4 }, says: '10 at -1 in 2' },
    { name: 'nothing is tiered', question: { timestamp: -5 }, says: '-1 at -1 in -1' },
    { name: 'nothing waits to be tiered', question: { timestamp: -6 }, says: '-1 at -1 in -1' },
    {
      name: 'the greatest timestamp is the log’s to find',
      question: { timestamp: -3 },
      says: 'look up by max-timestamp',
    },
    { name: 'so is a time', question: { timestamp: 1000 }, says: 'look up by timestamp' },
    {
      name: 'version 6 does not know max-timestamp',
      question: { timestamp: -3, apiVersion: 6 },
      says: 'UNSUPPORTED_VERSION',
    },
    {
      name: 'version 7 does not know earliest-local',
      question: { timestamp: -4, apiVersion: 7 },
      says: 'UNSUPPORTED_VERSION',
    },
    {
      name: 'version 8 does not know latest-tiered',
      question: { timestamp: -5, apiVersion: 8 },
      says: 'UNSUPPORTED_VERSION',
    },
    { name: 'nobody knows -7', question: { timestamp: -7 }, says: 'UNSUPPORTED_VERSION' },
    { name: 'an old epoch is fenced', question: { currentLeaderEpoch: 4 }, says: 'FENCED_LEADER_EPOCH' },
    {
      name: 'a later epoch comes too early',
      question: { currentLeaderEpoch: 8 },
      says: 'UNKNOWN_LEADER_EPOCH',
    },
  ] as const)('$name', ({ question, says }) => {
    expect(list(standing(), question)).toBe(says);
  });

  test('a new leader with a stale high watermark names no end (KIP-207)', () => {
    expect(list(lagging(), {})).toBe('OFFSET_NOT_AVAILABLE');
    expect(list(lagging(), { apiVersion: 4 })).toBe('LEADER_NOT_AVAILABLE');
    expect(list(lagging(), { timestamp: -2 })).toBe('10 at -1 in 2');
    const caughtUp = lagging();
    subscribe(caughtUp, BrokerId(2), 30, caughtUp.epochs.at(-2)?.leaderEpoch);
    caughtUp.replicaDurable(BrokerId(2), Offset(30), 0);
    expect(list(caughtUp, {})).toBe('30 at -1 in 7');
  });

  describe('what the log found', () => {
    const resolve = (partition: Partition, offset: number | undefined): unknown => {
      const lookup = partition.listOffset({
        timestamp: 1000,
        isolation: 'read-uncommitted',
        currentLeaderEpoch: 7,
        apiVersion: 11,
      });
      if (lookup.kind !== 'lookup') throw new Error(lookup.kind);
      const found =
        offset === undefined ? undefined : { offset: Offset(offset), timestampMs: TimestampMs(1234) };
      const resolved = partition.resolveOffset(lookup, found);
      return resolved.kind === 'error'
        ? errorName(resolved.error)
        : [resolved.offset, resolved.timestampMs, resolved.leaderEpoch];
    };

    test('is told with its timestamp and the epoch that wrote it', () => {
      expect(resolve(standing(), 22)).toEqual([22, 1234, 4]);
      expect(resolve(standing(), 19)).toEqual([19, 1234, 2]);
    });
    test('at or above the high watermark is not told', () => {
      expect(resolve(standing(), 30)).toEqual([-1, -1, -1]);
      expect(resolve(standing(), undefined)).toEqual([-1, -1, -1]);
    });
    test('is not available while the high watermark is stale', () => {
      expect(resolve(lagging(), 25)).toBe('OFFSET_NOT_AVAILABLE');
      expect(resolve(lagging(), 24)).toEqual([24, 1234, 4]);
    });
    test('is worth nothing when the partition has moved meanwhile', () => {
      const partition = standing();
      const lookup = partition.listOffset({
        timestamp: 1000,
        isolation: 'read-uncommitted',
        currentLeaderEpoch: -1,
        apiVersion: 11,
      });
      partition.becomeFollower({ leaderEpoch: LeaderEpoch(8), leader: BrokerId(2) });
      const resolved = lookup.kind === 'lookup' ? partition.resolveOffset(lookup, undefined) : lookup;
      expect(resolved.kind === 'error' && errorName(resolved.error)).toBe('NOT_LEADER_OR_FOLLOWER');
    });
  });
});

describe('OffsetForLeaderEpoch', () => {
  const ask = (partition: Partition, epoch: number, current = -1): unknown => {
    const end = partition.endOffsetForEpoch(epoch, current);
    return end.kind === 'error' ? errorName(end.error) : [end.leaderEpoch, end.endOffset];
  };
  test.each([
    { name: 'the current epoch ends at the log end, durable or not', epoch: 7, current: 7, says: [7, 35] },
    { name: 'an older epoch ends where the next begins', epoch: 4, current: 7, says: [4, 30] },
    { name: 'an epoch between two gives the lower', epoch: 3, current: -1, says: [2, 20] },
    { name: 'an unknown epoch is undefined', epoch: 8, current: -1, says: [-1, -1] },
    { name: 'who is behind is fenced', epoch: 4, current: 6, says: 'FENCED_LEADER_EPOCH' },
    { name: 'who is ahead comes too early', epoch: 4, current: 9, says: 'UNKNOWN_LEADER_EPOCH' },
  ])('$name', ({ epoch, current, says }) => {
    expect(ask(standing(), epoch, current)).toEqual(says);
  });
  test('only a leader answers', () => {
    expect(ask(following(), 4)).toBe('NOT_LEADER_OR_FOLLOWER');
  });
});

describe('DeleteRecords', () => {
  const plan = (partition: Partition, offset: number): unknown => {
    const planned = partition.deleteRecords(offset);
    return planned.kind === 'error'
      ? errorName(planned.error)
      : planned.kind === 'raise'
        ? planned.offset
        : planned.kind;
  };
  test.each([
    { name: 'raises the log start', offset: 20, says: 20 },
    { name: 'with -1 goes up to the high watermark', offset: -1, says: 30 },
    { name: 'below the log start is done already', offset: 5, says: 'done' },
    { name: 'beyond the high watermark is out of range', offset: 31, says: 'OFFSET_OUT_OF_RANGE' },
    { name: 'below -1 is out of range', offset: -2, says: 'OFFSET_OUT_OF_RANGE' },
  ])('$name', ({ offset, says }) => {
    expect(plan(standing(), offset)).toBe(says);
  });
  test('is refused by a topic that is only compacted', () => {
    expect(plan(leaderOf({ compacted: true, deletes: false }), 0)).toBe('POLICY_VIOLATION');
    expect(plan(leaderOf({ compacted: true, deletes: true }), 0)).toBe('done');
  });
  test('shows nothing before the log has made it durable', () => {
    const partition = standing();
    partition.deleteRecords(22);
    expect(partition.logStartOffset).toBe(10);
    partition.logStartRaised(Offset(22));
    expect([partition.logStartOffset, partition.lowWatermark]).toEqual([22, 22]);
    expect(partition.epochs).toEqual([
      { leaderEpoch: 4, startOffset: 22 },
      { leaderEpoch: 7, startOffset: 30 },
    ]);
    expect(plan(partition, 15)).toBe('done');
  });
  test('leaves producers their sequences', () => {
    const partition = leaderOf();
    produce(partition, batchOf(2, [9, 0, 0]));
    settle(partition);
    partition.logStartRaised(Offset(2));
    expect(produce(partition, batchOf(2, [9, 0, 0]))).toMatchObject({ kind: 'duplicate', baseOffset: 0 });
  });
});
