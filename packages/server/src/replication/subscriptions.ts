import type { PartitionIndex, TopicId } from '@kafkaesque/kernel';
import type { Subscription } from './subscription';

const NONE: readonly Subscription[] = [];

/** The subscriptions of all channels, by partition. */
export class Subscriptions {
  readonly #byTopic = new Map<TopicId, (Subscription[] | undefined)[]>();

  of(topicId: TopicId, partition: PartitionIndex): readonly Subscription[] {
    return this.#byTopic.get(topicId)?.[partition] ?? NONE;
  }

  *all(): IterableIterator<Subscription> {
    for (const partitions of this.#byTopic.values())
      for (const subscriptions of partitions) if (subscriptions !== undefined) yield* subscriptions;
  }

  /** Gives the one that the same follower had there, on this channel or an earlier one. */
  add(subscription: Subscription): Subscription | undefined {
    const { topicId, partition } = subscription.wish;
    const earlier = this.of(topicId, partition).find(
      ({ follower }) => follower.brokerId === subscription.follower.brokerId,
    );
    const partitions = this.#byTopic.get(topicId) ?? [];
    const others = (partitions[partition] ?? NONE).filter((one) => one !== earlier);
    partitions[partition] = [...others, subscription];
    this.#byTopic.set(topicId, partitions);
    return earlier;
  }

  remove(subscription: Subscription): void {
    const { topicId, partition } = subscription.wish;
    const partitions = this.#byTopic.get(topicId);
    const present = partitions?.[partition];
    if (partitions === undefined || present === undefined) return;
    const left = present.filter((one) => one !== subscription);
    partitions[partition] = left.length > 0 ? left : undefined;
    if (!partitions.some(Boolean)) this.#byTopic.delete(topicId);
  }
}
