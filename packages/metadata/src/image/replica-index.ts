import type { BrokerId, TopicId } from '@kafkaesque/kernel';
import { NO_BROKER } from '@kafkaesque/kernel';
import type { PartitionImage, TopicImage } from './metadata-image';
import type { Membership, PartitionSet } from './partition-set';
import { changedPartitionSet, emptyPartitionSet } from './partition-set';
import type { MapDraft, PersistentMap } from './persistent-map';
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

/** What one broker holds, under change. */
class HeldDraft {
  replicas: number;
  leaderships: number;
  readonly topics: MapDraft<PartitionSet>;

  constructor(held: HeldReplicas) {
    this.replicas = held.replicas;
    this.leaderships = held.leaderships;
    this.topics = held.topics.draft();
  }

  change(topicId: TopicId, change: (before: PartitionSet) => PartitionSet): void {
    const before = this.topics.get(topicId) ?? emptyPartitionSet;
    const after = change(before);
    this.replicas += after.size - before.size;
    if (after.size === 0) this.topics.delete(topicId);
    else this.topics.set(topicId, after);
  }
}

/** An index under change. */
export class ReplicaIndexDraft {
  readonly #index: ReplicaIndex;
  /** The brokers that something has changed for. */
  readonly #held = new Map<BrokerId, HeldDraft>();

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
      this.#heldBy(brokerId).change(topicId, (set) => changedPartitionSet(set, changes));
  }

  /** A topic is gone. */
  remove(topic: TopicImage): void {
    const holders = new Set<BrokerId>();
    for (const { replicas, leader } of topic.partitions) {
      this.#lead(leader, NO_BROKER);
      for (const replica of replicas) holders.add(replica);
    }
    for (const brokerId of holders) this.#heldBy(brokerId).change(topic.topicId, () => emptyPartitionSet);
  }

  finish(): ReplicaIndex {
    const index = this.#index.draft();
    for (const [brokerId, { replicas, leaderships, topics }] of this.#held) {
      const key = String(brokerId);
      if (replicas === 0 && leaderships === 0) index.delete(key);
      else index.set(key, { replicas, leaderships, topics: topics.finish() });
    }
    return index.finish();
  }

  #lead(before: BrokerId, after: BrokerId): void {
    if (before === after) return;
    if (before !== NO_BROKER) this.#heldBy(before).leaderships -= 1;
    if (after !== NO_BROKER) this.#heldBy(after).leaderships += 1;
  }

  #heldBy(brokerId: BrokerId): HeldDraft {
    const known = this.#held.get(brokerId);
    if (known !== undefined) return known;
    const draft = new HeldDraft(this.#index.get(String(brokerId)) ?? holdsNothing);
    this.#held.set(brokerId, draft);
    return draft;
  }
}
