import { BrokerId, LeaderEpoch, NO_BROKER, Offset, ProducerEpoch, ProducerId } from '@kafkaesque/kernel';
import { baseOffsetOf, encodeTransactionMarker, setBaseOffset, setLeaderEpoch } from '@kafkaesque/protocol';
import type { Partition, RecoveredLog } from './partition';
import { batchOf, emptyLog, lead, openPartition, produce, subscribe } from './scenario';

const LEADER = BrokerId(2);
const followerOf = (epoch: number, log: RecoveredLog = emptyLog, compacted = false): Partition => {
  const partition = openPartition({ compacted }, log);
  partition.becomeFollower({ leaderEpoch: LeaderEpoch(epoch), leader: LEADER });
  return partition;
};
/** A batch as a leader sends it. */
const sent = (epoch: number, baseOffset: number, records: Buffer = batchOf(2)): Buffer => {
  setBaseOffset(records, 0, Offset(baseOffset));
  setLeaderEpoch(records, 0, LeaderEpoch(epoch));
  return records;
};
const take = (partition: Partition, records: Buffer, epoch = 1): string => {
  const outcome = partition.appendAsFollower(records, LeaderEpoch(epoch), 0);
  return outcome.kind === 'corrupt' ? outcome.message : outcome.kind;
};
const durable = (partition: Partition, end: number, epoch = 1): unknown =>
  partition.durable(Offset(end), LeaderEpoch(epoch));
const of = (epoch: number, start: number): { leaderEpoch: LeaderEpoch; startOffset: Offset } => ({
  leaderEpoch: LeaderEpoch(epoch),
  startOffset: Offset(start),
});

describe('a follower', () => {
  test('takes several batches in one buffer, unchanged, with their epochs and producers', () => {
    const partition = followerOf(4);
    const records = Buffer.concat([
      sent(1, 0, batchOf(2, [9, 0, 0])),
      sent(3, 2, batchOf(1, [9, 0, 2])),
      sent(4, 3),
    ]);
    const before = Buffer.from(records);
    const outcome = partition.appendAsFollower(records, LeaderEpoch(4), 0);
    expect(outcome.kind === 'accepted' && outcome.batches.map((batch) => [batch.baseOffset, batch.lastOffset]))
      .toEqual([[0, 1], [2, 2], [3, 4]]); // prettier-ignore
    expect(records.equals(before)).toBe(true);
    expect([partition.endOffset, partition.durableEndOffset, partition.highWatermark]).toEqual([5, 0, 0]);
    expect(partition.epochs).toEqual([of(1, 0), of(3, 2), of(4, 3)]);
    expect([...partition.producers()].map(({ batches }) => batches.length)).toEqual([2]);
  });

  test('knows a retry as a duplicate once it leads', () => {
    const partition = followerOf(1);
    take(partition, sent(1, 0, batchOf(2, [9, 0, 0])));
    lead(partition, 2);
    expect(produce(partition, batchOf(2, [9, 0, 0]))).toMatchObject({ kind: 'duplicate', baseOffset: 0 });
    expect(produce(partition, batchOf(2, [9, 0, 2]))).toMatchObject({ kind: 'accepted', baseOffset: 2 });
  });

  test('takes control batches as they are', () => {
    const marker = encodeTransactionMarker({
      ...{ type: 'commit', producerId: ProducerId(9), producerEpoch: ProducerEpoch(0) },
      ...{ coordinatorEpoch: 0, timestampMs: 0 },
    });
    const partition = followerOf(1);
    expect(take(partition, sent(1, 0, marker))).toBe('accepted');
    expect(partition.producerCount).toBe(0);
  });

  test.each([
    { what: 'a gap', records: () => sent(1, 3), says: 'begins at 3' },
    { what: 'an offset it has', records: () => sent(1, 1), says: 'begins at 1' },
    { what: 'an epoch that goes back', records: () => sent(0, 2), says: 'epoch 0 follows epoch 1' },
    { what: 'no epoch', records: () => sent(-1, 2), says: 'epoch -1' },
    {
      what: 'an epoch beyond its leader’s',
      records: () => sent(2, 2),
      says: 'later than that of its leader',
    },
    {
      what: 'a flipped bit',
      records: () => {
        const records = sent(1, 2);
        records.writeUInt8(records.readUInt8(70) ^ 4, 70);
        return records;
      },
      says: 'CRC',
    },
    { what: 'a cut batch', records: () => sent(1, 2).subarray(0, 80), says: '80 arrived' },
    { what: 'less than a header', records: () => sent(1, 2).subarray(0, 8), says: 'batch' },
    {
      what: 'something wrong behind something right',
      records: () => Buffer.concat([sent(1, 2), sent(1, 9)]),
      says: 'begins at 9',
    },
  ])('takes nothing of a frame with $what', ({ records, says }) => {
    const partition = followerOf(1);
    take(partition, sent(1, 0));
    expect(take(partition, records())).toContain(says);
    expect([partition.endOffset, partition.epochs, partition.producerCount]).toEqual([2, [of(1, 0)], 0]);
  });

  test('allows gaps where a cleaner may have been', () => {
    expect(take(followerOf(1, emptyLog, true), sent(1, 7))).toBe('accepted');
  });

  test('drops what is not of the leader and epoch it follows', () => {
    const partition = followerOf(2);
    expect(take(partition, sent(1, 0), 1)).toBe('stale');
    expect(take(partition, sent(2, 0), 3)).toBe('stale');
    partition.becomeFollower({ leaderEpoch: LeaderEpoch(3), leader: NO_BROKER });
    expect(take(partition, sent(2, 0), 3)).toBe('stale');
    lead(partition, 4);
    expect(take(partition, sent(2, 0), 4)).toBe('stale');
    expect(partition.endOffset).toBe(0);
  });

  test('forgets an epoch of its own in which it wrote nothing', () => {
    const partition = openPartition(
      {},
      { logStartOffset: Offset(0), endOffset: Offset(10), epochs: [of(3, 0)] },
    );
    lead(partition, 5);
    expect(partition.epochs).toEqual([of(3, 0), of(5, 10)]);
    partition.becomeFollower({ leaderEpoch: LeaderEpoch(6), leader: LEADER });
    expect(partition.fetchPosition()).toMatchObject({ fetchOffset: 10, lastFetchedEpoch: 3 });
    take(partition, sent(3, 10), 6);
    take(partition, sent(6, 12), 6);
    expect(partition.epochs).toEqual([of(3, 0), of(6, 12)]);
  });

  test('says where its log ends; an empty one has no last epoch', () => {
    const partition = followerOf(4);
    expect(partition.fetchPosition()).toEqual({
      ...{ leaderEpoch: 4, fetchOffset: 0, lastFetchedEpoch: -1, logStartOffset: 0 },
    });
    take(partition, sent(2, 0), 4);
    expect(partition.fetchPosition()).toMatchObject({ fetchOffset: 2, lastFetchedEpoch: 2 });
  });
});

describe('a follower’s high watermark', () => {
  test('is the leader’s, as far as its own disk has come', () => {
    const partition = followerOf(1);
    take(partition, sent(1, 0));
    expect(partition.leaderSays(Offset(5), Offset(0)).effects).toEqual([]);
    expect(durable(partition, 2)).toEqual([expect.objectContaining({ highWatermark: 2 })]);
    take(partition, sent(1, 2));
    durable(partition, 4);
    expect(partition.leaderSays(Offset(3), Offset(0)).effects).toEqual([]);
    expect(partition.highWatermark).toBe(4);
  });

  test('is not moved by what another leader said', () => {
    const partition = followerOf(1);
    take(partition, sent(1, 0));
    partition.leaderSays(Offset(2), Offset(0));
    partition.becomeFollower({ leaderEpoch: LeaderEpoch(2), leader: BrokerId(3) });
    durable(partition, 2);
    expect(partition.highWatermark).toBe(0);
  });

  test('comes with how far all replicas are, which the next epoch knows nothing of', () => {
    const partition = followerOf(1, undefined, true);
    expect(partition.fullyReplicatedOffset).toBe(0);
    for (const offset of [7, 5]) {
      partition.leaderSays(Offset(9), Offset(0), Offset(offset));
      expect(partition.fullyReplicatedOffset).toBe(offset);
    }
    partition.becomeFollower({ leaderEpoch: LeaderEpoch(2), leader: BrokerId(3) });
    expect(partition.fullyReplicatedOffset).toBe(0);
  });

  test('says how many bytes came within reach of those who read here', () => {
    const partition = followerOf(1);
    take(partition, sent(1, 0));
    durable(partition, 2);
    expect(partition.leaderSays(Offset(2), Offset(0)).effects).toMatchObject([
      { kind: 'advanced', highWatermark: 2, exposedBytes: sent(1, 0).length },
    ]);
  });

  test('makes a new leader’s end unknown until its followers have caught up with it (KIP-207)', () => {
    const partition = followerOf(1);
    take(partition, sent(1, 0));
    durable(partition, 2);
    partition.leaderSays(Offset(1), Offset(0));
    lead(partition, 2, [BrokerId(1), LEADER]);
    const latest = (): unknown =>
      partition.listOffset({
        timestamp: -1,
        isolation: 'read-uncommitted',
        currentLeaderEpoch: 2,
        apiVersion: 9,
      });
    expect(latest()).toMatchObject({ kind: 'error', error: 78 });
    subscribe(partition, LEADER, 2, 1);
    partition.replicaDurable(LEADER, Offset(2), 0);
    expect(latest()).toMatchObject({ kind: 'listed', offset: 2 });
  });
});

describe('a follower’s log start', () => {
  test('follows the leader’s, once', () => {
    const partition = followerOf(1);
    take(partition, sent(1, 0));
    expect(partition.leaderSays(Offset(2), Offset(1)).raiseLogStartTo).toBe(1);
    expect(partition.leaderSays(Offset(2), Offset(1)).raiseLogStartTo).toBeUndefined();
    partition.logStartRaised(Offset(1));
    expect([partition.logStartOffset, partition.highWatermark, partition.durableEndOffset]).toEqual([
      1, 1, 1,
    ]);
    expect(partition.leaderSays(Offset(2), Offset(9)).raiseLogStartTo).toBe(2);
  });

  test('is begun anew where the leader’s log begins, and never for what the leader may still have', () => {
    const partition = followerOf(1);
    take(partition, sent(1, 0));
    expect(partition.outOfRange(Offset(2))).toBeUndefined();
    expect(partition.outOfRange(Offset(40))).toEqual({ resetTo: 40 });
    expect(take(partition, sent(1, 2))).toBe('stale');
    partition.recover({ logStartOffset: Offset(40), endOffset: Offset(40), epochs: [] });
    partition.becomeFollower({ leaderEpoch: LeaderEpoch(1), leader: LEADER });
    expect(partition.fetchPosition()).toMatchObject({ fetchOffset: 40, lastFetchedEpoch: -1 });
    expect(take(partition, sent(1, 40))).toBe('accepted');
  });

  test('within the leader’s first batch lets the log begin where that batch does', () => {
    const partition = followerOf(1, { logStartOffset: Offset(41), endOffset: Offset(41), epochs: [] });
    const records = sent(1, 40, batchOf(3));
    expect(partition.appendAsFollower(records, LeaderEpoch(1), 0)).toEqual({ kind: 'restart', at: 40 });
    partition.recover({ logStartOffset: Offset(40), endOffset: Offset(40), epochs: [] });
    partition.becomeFollower({ leaderEpoch: LeaderEpoch(1), leader: LEADER });
    expect(take(partition, records)).toBe('accepted');
    expect(baseOffsetOf(records)).toBe(40);
    expect(partition.leaderSays(Offset(43), Offset(41)).raiseLogStartTo).toBe(41);
  });
});

describe('a follower whose log', () => {
  test('refused an append repairs it and needs no new epoch', () => {
    const partition = followerOf(1);
    take(partition, sent(1, 0));
    expect(partition.failed()).toEqual([{ kind: 'repair' }]);
    partition.recover(emptyLog);
    partition.becomeFollower({ leaderEpoch: LeaderEpoch(1), leader: LEADER });
    expect(take(partition, sent(1, 0))).toBe('accepted');
  });

  test('is being cut hears nothing until it has recovered', () => {
    const partition = followerOf(2);
    take(partition, sent(1, 0), 2);
    expect(partition.divergedAt(LeaderEpoch(0), Offset(0))).toEqual({
      truncateTo: 0,
      isBelowHighWatermark: false,
    });
    expect(lead(partition, 3)).toEqual([]);
    expect(durable(partition, 2)).toEqual([]);
    expect(partition.divergedAt(LeaderEpoch(0), Offset(0))).toBeUndefined();
    expect(partition.role).toEqual({ kind: 'cutting', to: 0 });
    partition.recover(emptyLog);
    expect(lead(partition, 3)).toHaveLength(2);
  });
});
