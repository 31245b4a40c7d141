import { BrokerId, Offset } from '@kafkaesque/kernel';
import type { ReadableReplica } from '@kafkaesque/partition';
import { nearestReplica } from './replica-selection';

const LEADER = BrokerId(1);
const racks = new Map(
  (
    [
      [1, 'a'],
      [2, 'b'],
      [3, 'b'],
      [4, 'c'],
    ] as const
  ).map(([id, rack]) => [BrokerId(id), rack]),
);

const follower = (id: number, end = 10, laggingMs = 0): ReadableReplica => ({
  brokerId: BrokerId(id),
  endOffset: Offset(end),
  laggingMs,
});

test.each([
  { name: 'who has no rack reads from the leader', rack: '', followers: [follower(2)], nearest: undefined },
  {
    name: 'who stands in the rack of the leader too',
    rack: 'a',
    followers: [follower(2)],
    nearest: undefined,
  },
  { name: 'and who has no replica near', rack: 'd', followers: [follower(2)], nearest: undefined },
  { name: 'and whose near replica is not in sync', rack: 'c', followers: [follower(2)], nearest: undefined },
  {
    name: 'otherwise from the replica of the rack',
    rack: 'c',
    followers: [follower(2), follower(4)],
    nearest: 4,
  },
  {
    name: 'of two, from the one that has more',
    rack: 'b',
    followers: [follower(2, 11), follower(3, 10)],
    nearest: 2,
  },
  {
    name: 'then from the one that was caught up last',
    rack: 'b',
    followers: [follower(2, 10, 5), follower(3, 10, 20)],
    nearest: 2,
  },
  {
    name: 'then from the one of the greatest id',
    rack: 'b',
    followers: [follower(2), follower(3)],
    nearest: 3,
  },
])('$name', ({ rack, followers, nearest }) => {
  expect(nearestReplica(rack, LEADER, followers, racks)).toBe(nearest);
});
