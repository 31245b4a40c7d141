import type { PartitionIndex, TopicId } from '@kafkaesque/kernel';
import type { Subscription } from './subscription';

const NONE: readonly Subscription[] = [];

/** Who follows the partitions of one topic. */
interface Followed {
  readonly byPartition: (Subscription[] | undefined)[];
  /** Of all its partitions: a follower that goes takes thousands away, and none of them is to look at all others. */
  count: number;
}

/** The subscriptions of all channels, by partition. */
export class Subscriptions {
  readonly #byTopic = new Map<TopicId, Followed>();

  of(topicId: TopicId, partition: PartitionIndex): readonly Subscription[] {
    return this.#byTopic.get(topicId)?.byPartition[partition] ?? NONE;
  }

  *all(): IterableIterator<Subscription> {
    for (const { byPartition } of this.#byTopic.values())
      for (const subscriptions of byPartition) if (subscriptions !== undefined) yield* subscriptions;
  }

  /** High watermark, log start, or how far all replicas are, have moved. */
  moved(topicId: TopicId, partition: PartitionIndex): void {
    for (const subscription of this.of(topicId, partition)) subscription.feed.moved(subscription);
  }

  /** Gives the one that the same follower had there, on this channel or an earlier one. */
  add(subscription: Subscription): Subscription | undefined {
    const { topicId, partition } = subscription.wish;
    const followed = this.#byTopic.get(topicId) ?? { byPartition: [], count: 0 };
    const present = followed.byPartition[partition] ?? NONE;
    const earlier = present.find(({ follower }) => follower.brokerId === subscription.follower.brokerId);
    followed.byPartition[partition] = [...present.filter((one) => one !== earlier), subscription];
    if (earlier === undefined) followed.count += 1;
    this.#byTopic.set(topicId, followed);
    return earlier;
  }

  remove(subscription: Subscription): void {
    const { topicId, partition } = subscription.wish;
    const followed = this.#byTopic.get(topicId);
    const present = followed?.byPartition[partition];
    if (followed === undefined || present?.includes(subscription) !== true) return;
    const left = present.filter((one) => one !== subscription);
    followed.byPartition[partition] = left.length > 0 ? left : undefined;
    followed.count -= 1;
    if (followed.count === 0) this.#byTopic.delete(topicId);
  }
}
