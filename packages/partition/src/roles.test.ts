import { BrokerId, LeaderEpoch, Offset } from '@kafkaesque/kernel';
import type { Effect } from './effects';
import type { Partition } from './partition';
import { mayBecome, transitions } from './roles';
import type { Role } from './roles';
import { SELF, batchOf, emptyLog, lead, leaderOf, openPartition, produce, settle } from './scenario';

const kinds = (effects: readonly Effect[]): readonly string[] => effects.map((effect) => effect.kind);
const follow = (partition: Partition, epoch: number): readonly Effect[] =>
  partition.becomeFollower({ leaderEpoch: LeaderEpoch(epoch), leader: BrokerId(2) });

describe('the table of roles', () => {
  const made: Record<Role['kind'], () => Partition> = {
    recovering: openPartition,
    leader: leaderOf,
    follower: () => {
      const partition = openPartition();
      follow(partition, 1);
      return partition;
    },
    cutting: () => {
      const partition = openPartition();
      follow(partition, 1);
      partition.divergedAt(LeaderEpoch(0), Offset(0));
      return partition;
    },
    resigned: () => {
      const partition = leaderOf();
      partition.failed();
      return partition;
    },
    offline: () => {
      const partition = leaderOf();
      partition.goOffline('EIO');
      return partition;
    },
  };
  const inputs: Record<Role['kind'], (partition: Partition) => unknown> = {
    recovering: (partition) => partition.recover(emptyLog),
    leader: (partition) => lead(partition, 9),
    follower: (partition) => follow(partition, 9),
    cutting: (partition) => partition.divergedAt(LeaderEpoch(0), Offset(0)),
    resigned: (partition) => partition.failed(),
    offline: (partition) => partition.goOffline('EIO'),
  };
  const every = Object.keys(transitions) as Role['kind'][];

  test.each(every.flatMap((from) => every.map((to) => ({ from, to }))))(
    'says truly whether $from becomes $to',
    ({ from, to }) => {
      const partition = made[from]();
      expect(partition.role.kind).toBe(from);
      try {
        inputs[to](partition);
      } catch {
        // A mistake of the host: the role stays what it was, which is what is looked at.
      }
      expect(partition.role.kind).toBe(mayBecome(from, to) ? to : from);
    },
  );
});

describe('an appointment', () => {
  test('tells the log where the new epoch begins, before anything else', () => {
    const log = {
      logStartOffset: Offset(0),
      endOffset: Offset(12),
      epochs: [{ leaderEpoch: LeaderEpoch(3), startOffset: Offset(0) }],
    };
    expect(lead(openPartition({}, log), 4)).toEqual([
      { kind: 'assign-epoch', leaderEpoch: 4, startOffset: 12 },
      expect.objectContaining({ kind: 'advanced', highWatermark: 12, durableEndOffset: 12 }),
    ]);
  });

  test('from the past changes nothing', () => {
    const partition = leaderOf();
    lead(partition, 5);
    expect(lead(partition, 4)).toEqual([]);
    expect(follow(partition, 4)).toEqual([]);
    expect([partition.role.kind, partition.leaderEpoch]).toEqual(['leader', 5]);
  });

  test('to an epoch that the log has lived through is refused, and another one asked for', () => {
    const log = {
      logStartOffset: Offset(0),
      endOffset: Offset(2),
      epochs: [{ leaderEpoch: LeaderEpoch(3), startOffset: Offset(0) }],
    };
    const partition = openPartition({}, log);
    expect(lead(partition, 3)).toEqual([{ kind: 'ask-for-leader', leaderEpoch: 3 }]);
    expect(partition.role.kind).toBe('recovering');
    expect(kinds(lead(partition, 4))).toEqual(['assign-epoch', 'advanced']);
  });

  test('to an epoch in which this replica followed is refused the same way', () => {
    const partition = openPartition();
    follow(partition, 3);
    expect(kinds(lead(partition, 3))).toEqual(['ask-for-leader']);
  });

  test('in the leader’s own epoch is news of the in-sync set', () => {
    const partition = openPartition();
    const [second] = [BrokerId(2)];
    lead(partition, 1, [SELF, second]);
    produce(partition, batchOf(1));
    settle(partition);
    expect(partition.highWatermark).toBe(0);
    expect(lead(partition, 1, [SELF], [SELF, second], 2)).toEqual([
      expect.objectContaining({ kind: 'advanced', highWatermark: 1 }),
    ]);
  });
});

describe('losing the partition', () => {
  test('ends whatever waits there', () => {
    expect(kinds(follow(leaderOf(), 2))).toEqual(['resigned']);
    expect(kinds(leaderOf().goOffline('EIO'))).toEqual(['resigned']);
  });

  test('to a failed append also asks for a new leader epoch', () => {
    const partition = leaderOf();
    produce(partition, batchOf(1));
    expect(partition.failed()).toEqual([
      { kind: 'resigned', topicId: partition.topicId, partition: 0 },
      { kind: 'ask-for-leader', leaderEpoch: 1 },
    ]);
    expect(partition.failed()).toEqual([]);
  });

  test('to a failed append is mended by recovering what the log kept, and leading in a later epoch', () => {
    const partition = leaderOf();
    produce(partition, batchOf(2, [9, 0, 0]));
    settle(partition);
    produce(partition, batchOf(3, [9, 0, 2]));
    partition.failed();
    partition.recover({ logStartOffset: Offset(0), endOffset: Offset(2), epochs: partition.epochs });
    expect(partition.highWatermark).toBe(2);
    expect(kinds(lead(partition, 1))).toEqual(['ask-for-leader']);
    lead(partition, 2);
    expect(produce(partition, batchOf(1))).toMatchObject({ kind: 'accepted', baseOffset: 2 });
  });

  test('does not let late words about durability move anything', () => {
    const partition = leaderOf();
    produce(partition, batchOf(2));
    follow(partition, 2);
    partition.recover({ logStartOffset: Offset(0), endOffset: Offset(0), epochs: [] });
    lead(partition, 3);
    produce(partition, batchOf(2));
    expect(partition.durable(Offset(2), LeaderEpoch(1))).toEqual([]);
    expect(partition.highWatermark).toBe(0);
    expect(kinds(partition.durable(Offset(2), LeaderEpoch(3)))).toEqual(['advanced']);
  });

  test('does not let it believe that more is durable than its log holds', () => {
    const partition = leaderOf();
    produce(partition, batchOf(5));
    follow(partition, 2);
    const epochs = [{ leaderEpoch: LeaderEpoch(1), startOffset: Offset(0) }];
    partition.recover({ logStartOffset: Offset(0), endOffset: Offset(2), epochs });
    follow(partition, 2);
    expect(partition.durable(Offset(5), LeaderEpoch(1))).toEqual([]);
    expect(partition.durableEndOffset).toBe(2);
  });
});
