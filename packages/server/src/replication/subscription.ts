import type { BrokerEpoch, BrokerId, LeaderEpoch, Offset, PartitionIndex, TopicId } from '@kafkaesque/kernel';
import type { Effect } from '@kafkaesque/partition';
import type { Replicated } from './replicated';

/** What a follower asked for. */
export interface Wish {
  readonly handle: number;
  readonly topicId: TopicId;
  readonly partition: PartitionIndex;
  readonly leaderEpoch: LeaderEpoch;
  readonly fetchOffset: Offset;
  readonly lastFetchedEpoch: LeaderEpoch;
  readonly logStartOffset: Offset;
  /** Less than a partition's usual credit: the follower measures out what it takes. */
  readonly creditBytes: number;
}

/** Who follows, by the channel on which it asked. */
export interface Follower {
  readonly brokerId: BrokerId;
  readonly brokerEpoch: BrokerEpoch;
}

/** One partition that a follower has, or will have, from this leader. */
export interface Subscription {
  readonly wish: Wish;
  readonly follower: Follower;
  /** Whose the channel is. */
  readonly feed: SubscriptionFeed;
  /** Where it is served from; undefined while it waits for this leader's image. */
  replica: Replicated | undefined;
  /** The next record to be sent. */
  nextOffset: Offset;
  /** Sent, or being read, and not given back yet; and what the follower has not given at all. */
  outstandingBytes: number;
  /** The last that was acknowledged; -1: nothing yet. */
  durableEnd: Offset;
  /** The follower's. */
  logStartOffset: Offset;
  toldHighWatermark: Offset;
  toldLogStart: Offset;
  toldFullyReplicated: Offset;
  /** It has not caught up with the end since it began, or reads from the disk: others go first. */
  isBehind: boolean;
  isReading: boolean;
  /** Waits until the throttle lets something go. */
  isHeldBack: boolean;
  isOver: boolean;
}

/** Where a feed finds what it is asked for, and who carries out what comes of it. */
export interface LeaderHost<R extends Replicated = Replicated> {
  find(wish: Pick<Wish, 'topicId' | 'partition'>): R | undefined;
  carryOut(replica: R, effects: readonly Effect[]): void;
  /** Whether the configuration holds it back here, as long as its follower is not in sync. */
  isThrottled(replica: R): boolean;
  /** What it holds is damaged. */
  damaged(replica: R): unknown;
}

/** The side of a channel that sends. */
export interface SubscriptionFeed {
  /** There may be something to send. */
  ready(subscription: Subscription): void;
  /** It may not be held back any more. */
  resume(subscription: Subscription): void;
  /** High watermark, log start, or how far all replicas are, have moved. */
  moved(subscription: Subscription): void;
  /** Serves it, if it can be served now; until then it waits. */
  begin(subscription: Subscription): void;
  /** It is over: the leader's role, or its epoch, has changed. */
  refuse(subscription: Subscription, errorCode: number, logStartOffset: Offset): void;
  /** It is over, and nobody is told. */
  drop(subscription: Subscription): void;
}
