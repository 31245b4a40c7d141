import type { BrokerEpoch, Clock, Logger } from '@kafkaesque/kernel';
import type { MemberMessage } from '@kafkaesque/protocol';
import { ErrorCode } from '@kafkaesque/protocol';
import type { MemberIdentity, MemberLink } from '../members/member-link';
import { STREAM_CREDIT_BYTES } from './limits';
import { ReplicaFeed } from './replica-feed';
import type { Replicated } from './replicated';
import type { LeaderHost, Wish } from './subscription';
import { Subscriptions } from './subscriptions';
import { Throttle } from './throttle';

export interface ReplicaFeedsOptions<R extends Replicated> {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly host: LeaderHost<R>;
  /** Default: nothing is throttled. */
  readonly throttle?: Throttle;
}

/** What a feed sees of a channel to a follower. */
export type FollowerLink = Pick<MemberLink, 'send'>;

/** Everything that this broker sends to its followers: one feed for each channel. */
export class ReplicaFeeds<R extends Replicated> {
  readonly #options: ReplicaFeedsOptions<R>;
  readonly #subscriptions = new Subscriptions();
  readonly #feeds = new Map<FollowerLink, ReplicaFeed>();

  readonly #throttle: Throttle;

  constructor(options: ReplicaFeedsOptions<R>) {
    this.#options = options;
    this.#throttle = options.throttle ?? new Throttle(options.clock);
  }

  message(peer: Pick<MemberIdentity, 'nodeId'>, message: MemberMessage, link: FollowerLink): void {
    if (message.kind === 'ReplicationOpen') {
      const { brokerEpoch, creditBytes } = message.value;
      this.down(link);
      this.#feeds.set(link, this.#feedOf(peer, link, brokerEpoch, creditBytes));
    } else this.#feeds.get(link)?.take(message);
  }

  down(link: FollowerLink): void {
    this.#feeds.get(link)?.ended();
    this.#feeds.delete(link);
  }

  /** Records were appended to a log that this broker leads. */
  appended({ topicId, partition }: Replicated): void {
    for (const subscription of this.#subscriptions.of(topicId, partition))
      subscription.feed.ready(subscription);
  }

  /** High watermark or log start have moved. */
  moved({ topicId, partition }: Pick<Replicated, 'topicId' | 'partition'>): void {
    this.#subscriptions.moved(topicId, partition);
  }

  /** The partition has another role here, or another epoch, or is gone. */
  roleChanged(wish: Pick<Wish, 'topicId' | 'partition'>): void {
    for (const subscription of [...this.#subscriptions.of(wish.topicId, wish.partition)]) {
      const { replica, feed } = subscription;
      if (replica === undefined) {
        feed.begin(subscription);
        continue;
      }
      const { machine } = replica;
      const isGone = this.#options.host.find(wish) !== replica;
      if (
        !isGone &&
        machine.role.kind === 'leader' &&
        machine.leaderEpoch === subscription.wish.leaderEpoch
      ) {
        // It may be in sync now.
        feed.resume(subscription);
        continue;
      }
      const errorCode =
        isGone || machine.role.kind !== 'leader'
          ? ErrorCode.NOT_LEADER_OR_FOLLOWER
          : ErrorCode.FENCED_LEADER_EPOCH;
      feed.refuse(subscription, errorCode, machine.logStartOffset);
    }
  }

  /** Other replicas may be throttled now. */
  throttlesChanged(): void {
    for (const subscription of this.#subscriptions.all()) subscription.feed.resume(subscription);
  }

  close(): void {
    this.#throttle.close();
    for (const feed of this.#feeds.values()) feed.ended();
    this.#feeds.clear();
  }

  #feedOf(
    { nodeId }: Pick<MemberIdentity, 'nodeId'>,
    link: FollowerLink,
    brokerEpoch: BrokerEpoch,
    creditBytes: number,
  ): ReplicaFeed {
    const { clock, logger, host } = this.#options;
    return new ReplicaFeed({
      clock,
      logger,
      host,
      follower: { brokerId: nodeId, brokerEpoch },
      // A follower that asks for more than is good for this leader's memory does not get it.
      creditBytes: Math.min(creditBytes, STREAM_CREDIT_BYTES),
      subscriptions: this.#subscriptions,
      throttle: this.#throttle,
      send: (message) => link.send(message),
    });
  }
}
