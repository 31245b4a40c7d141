import { BrokerEpoch, BrokerId, LeaderEpoch, Offset, PartitionIndex, TopicId } from '@kafkaesque/kernel';
import type { Subscription } from './subscription';
import { Subscriptions } from './subscriptions';

const topicId = TopicId('AAAAAAAAAAAAAAAAAAAAAQ');
const nothing = (): void => undefined;
const feed = {
  ...{ ready: nothing, resume: nothing, moved: nothing, begin: nothing, refuse: nothing, drop: nothing },
};

const subscription = (partition: number, brokerId: number): Subscription => ({
  wish: {
    ...{ handle: 1, topicId, partition: PartitionIndex(partition), leaderEpoch: LeaderEpoch(0) },
    ...{
      fetchOffset: Offset(0),
      lastFetchedEpoch: LeaderEpoch(0),
      logStartOffset: Offset(0),
      creditBytes: 0,
    },
  },
  follower: { brokerId: BrokerId(brokerId), brokerEpoch: BrokerEpoch(1) },
  feed,
  replica: undefined,
  ...{ nextOffset: Offset(0), durableEnd: Offset(-1), logStartOffset: Offset(0) },
  ...{ toldHighWatermark: Offset(-1), toldLogStart: Offset(-1), toldFullyReplicated: Offset(-1) },
  outstandingBytes: 0,
  ...{ isBehind: true, isReading: false, isHeldBack: false, isOver: false },
});

let subscriptions: Subscriptions;
beforeEach(() => {
  subscriptions = new Subscriptions();
});
const at = (partition: number): readonly Subscription[] =>
  subscriptions.of(topicId, PartitionIndex(partition));

test('a follower that subscribes again takes the place of its earlier subscription', () => {
  const earlier = subscription(0, 2);
  const later = subscription(0, 2);
  const other = subscription(0, 3);
  expect([earlier, other, later].map((one) => subscriptions.add(one))).toEqual([
    undefined,
    undefined,
    earlier,
  ]);
  expect(at(0)).toEqual([other, later]);
  // Its channel is told that it is over, and takes it away, when it is not there any more.
  subscriptions.remove(earlier);
  expect(at(0)).toEqual([other, later]);
});

test('what is left of a topic stays until its last subscription goes', () => {
  const all = [subscription(0, 2), subscription(0, 3), subscription(7, 2)];
  for (const one of all) subscriptions.add(one);
  for (const [index, one] of all.entries()) {
    subscriptions.remove(one);
    subscriptions.remove(one);
    expect([...subscriptions.all()]).toEqual(all.slice(index + 1));
  }
  subscriptions.add(all[0] as Subscription);
  expect([...subscriptions.all()]).toEqual([all[0]]);
});
