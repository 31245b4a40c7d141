import type { BrokerId, TopicId } from '@kafkaesque/kernel';
import { NO_BROKER } from '@kafkaesque/kernel';
import type { PartitionImage, TopicImage } from './metadata-image';
import type { Membership, PartitionSet } from './partition-set';
import { changedPartitionSet, emptyPartitionSet } from './partition-set';
import type { PersistentMap } from './persistent-map';
import { emptyMap } from './persistent-map';

/** What one broker has to do with: its coming and going costs this, and not what the cluster holds. */
export interface HeldReplicas {
  /** Partitions that it is a replica of. */
  readonly replicas: number;
  /** Partitions that it leads. */
  readonly leaderships: number;
  /** The partitions that it is a replica of, by topic id. */
  readonly topics: PersistentMap<PartitionSet>;
}

/** Keyed as `image.brokers`, though a broker that holds replicas need not be registered. */
export type ReplicaIndex = PersistentMap<HeldReplicas>;

export const holdsNothing: HeldReplicas = { replicas: 0, leaderships: 0, topics: emptyMap() };

/** One partition's membership before and after; undefined where it is new, or gone. */
interface Step {
  readonly before: PartitionImage | undefined;
  readonly after: PartitionImage;
}

const noReplicas: readonly BrokerId[] = [];

/** An index under change. */
export class ReplicaIndexDraft {
  #index: ReplicaIndex;
  /** Leaderships won less leaderships lost. */
  readonly #leaderships = new Map<BrokerId, number>();

  constructor(index: ReplicaIndex) {
    this.#index = index;
  }

  /** Partitions of one topic changed; they ascend. */
  change(topicId: TopicId, steps: readonly Step[]): void {
    const memberships = new Map<BrokerId, Membership[]>();
    const note = (brokerId: BrokerId, membership: Membership): void => {
      const of = memberships.get(brokerId);
      if (of === undefined) memberships.set(brokerId, [membership]);
      else of.push(membership);
    };
    for (const { before, after } of steps) {
      this.#lead(before?.leader ?? NO_BROKER, after.leader);
      const old = before?.replicas ?? noReplicas;
      if (old === after.replicas) continue;
      const { partition } = after;
      for (const id of old) if (!after.replicas.includes(id)) note(id, { partition, isMember: false });
      for (const id of after.replicas) if (!old.includes(id)) note(id, { partition, isMember: true });
    }
    for (const [brokerId, changes] of memberships)
      this.#hold(brokerId, topicId, (set) => changedPartitionSet(set, changes));
  }

  /** A topic is gone. */
  remove(topic: TopicImage): void {
    const holders = new Set<BrokerId>();
    for (const { replicas, leader } of topic.partitions) {
      this.#lead(leader, NO_BROKER);
      for (const replica of replicas) holders.add(replica);
    }
    for (const brokerId of holders) this.#hold(brokerId, topic.topicId, () => emptyPartitionSet);
  }

  finish(): ReplicaIndex {
    for (const [brokerId, change] of this.#leaderships) {
      if (change === 0) continue;
      const held = this.#held(brokerId);
      this.#set(brokerId, { ...held, leaderships: held.leaderships + change });
    }
    this.#leaderships.clear();
    return this.#index;
  }

  #lead(before: BrokerId, after: BrokerId): void {
    if (before === after) return;
    if (before !== NO_BROKER) this.#leaderships.set(before, (this.#leaderships.get(before) ?? 0) - 1);
    if (after !== NO_BROKER) this.#leaderships.set(after, (this.#leaderships.get(after) ?? 0) + 1);
  }

  #hold(brokerId: BrokerId, topicId: TopicId, change: (before: PartitionSet) => PartitionSet): void {
    const held = this.#held(brokerId);
    const before = held.topics.get(topicId) ?? emptyPartitionSet;
    const after = change(before);
    this.#set(brokerId, {
      replicas: held.replicas + after.size - before.size,
      leaderships: held.leaderships,
      topics: after.size === 0 ? held.topics.delete(topicId) : held.topics.set(topicId, after),
    });
  }

  #held(brokerId: BrokerId): HeldReplicas {
    return this.#index.get(String(brokerId)) ?? holdsNothing;
  }

  #set(brokerId: BrokerId, held: HeldReplicas): void {
    const key = String(brokerId);
    const isNothing = held.replicas === 0 && held.leaderships === 0;
    this.#index = isNothing ? this.#index.delete(key) : this.#index.set(key, held);
  }
}
