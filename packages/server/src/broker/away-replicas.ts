import type { BrokerId, TopicId } from '@kafkaesque/kernel';
import type { MetadataDelta, MetadataImage, PartitionImage, TopicImage } from '@kafkaesque/metadata';
import { isRemovedTopic, isReservedDirectory } from '@kafkaesque/metadata';
import type { LogDirectories } from './log-directories';

/**
 * Replicas of this broker that may be in a log directory that could not be opened. Absence is not deletion: they are not
 * made anew elsewhere, and take no part until a start finds all directories.
 */
export class AwayReplicas {
  readonly #directories: LogDirectories;
  readonly #nodeId: BrokerId;
  readonly #keys = new Set<string>();

  constructor(directories: LogDirectories, nodeId: BrokerId) {
    this.#directories = directories;
    this.#nodeId = nodeId;
  }

  get count(): number {
    return this.#keys.size;
  }

  has(topicId: TopicId, partition: number): boolean {
    return this.#keys.has(`${topicId}-${partition}`);
  }

  /**
   * Looks for those that were here before this start and have no log now. The metadata need not know which directory one
   * was put into (KIP-858).
   */
  find(image: MetadataImage): void {
    if (!this.#directories.areSomeAway) return;
    for (const { topicId, partitions } of image.topicsById.values()) {
      for (const partition of partitions) {
        const assigned = this.#assigned(partition);
        const { partition: index } = partition;
        if (assigned === undefined || this.#directories.holderOf(topicId, index) !== undefined) continue;
        if (isReservedDirectory(assigned) || this.#directories.mayBeAway(topicId, index, assigned))
          this.#keys.add(`${topicId}-${index}`);
      }
    }
  }

  /** Whether what the metadata give to this broker now may be away. */
  includes({ topicId }: TopicImage, partition: PartitionImage): boolean {
    const { partition: index } = partition;
    if (this.has(topicId, index)) return true;
    if (!this.#directories.mayBeAway(topicId, index, this.#assigned(partition))) return false;
    this.#keys.add(`${topicId}-${index}`);
    return true;
  }

  /** What the metadata give up is not waited for. */
  changed({ topicsRemoved, topicsChanged, after: image }: MetadataDelta): void {
    if (this.#keys.size === 0) return;
    for (const { topicId, partitions } of topicsRemoved)
      if (isRemovedTopic(image, topicId))
        for (const { partition } of partitions) this.#keys.delete(`${topicId}-${partition}`);
    for (const { after, partitions } of topicsChanged)
      for (const { after: partition } of partitions)
        if (this.#assigned(partition) === undefined)
          this.#keys.delete(`${after.topicId}-${partition.partition}`);
  }

  #assigned({ replicas, directories }: PartitionImage): string | undefined {
    const at = replicas.indexOf(this.#nodeId);
    return at < 0 ? undefined : directories[at];
  }
}
