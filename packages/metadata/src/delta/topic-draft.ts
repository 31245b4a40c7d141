import type { TopicId } from '@kafkaesque/kernel';
import { assert } from '@kafkaesque/kernel';
import type { PartitionImage, TopicImage } from '../image/metadata-image';
import type { PersistentVector } from '../image/persistent-vector';
import { emptyVector } from '../image/persistent-vector';
import type { PartitionChange } from './metadata-delta';

/** A topic while a batch is applied: what it was, and the partitions that the batch touches. */
export class TopicDraft {
  readonly topicId: TopicId;
  readonly name: string;
  readonly #before: PersistentVector<PartitionImage>;
  readonly #touched = new Map<number, PartitionImage>();
  #size: number;

  constructor(topic: { readonly topicId: TopicId; readonly name: string }, before?: TopicImage) {
    this.topicId = topic.topicId;
    this.name = topic.name;
    this.#before = before?.partitions ?? emptyVector();
    this.#size = this.#before.size;
  }

  /** How many partitions it has so far. */
  get size(): number {
    return this.#size;
  }

  partition(index: number): PartitionImage | undefined {
    return this.#touched.get(index) ?? this.#before.get(index);
  }

  setPartition(image: PartitionImage): void {
    assert(
      image.partition <= this.#size,
      () => `partitions of ${this.name} are numbered without gaps: ${image.partition} after ${this.#size}`,
    );
    this.#size = Math.max(this.#size, image.partition + 1);
    this.#touched.set(image.partition, image);
  }

  /** The topic after the batch, and its partitions that differ, in ascending order. */
  finish(): { readonly after: TopicImage; readonly partitions: readonly PartitionChange[] } {
    const touched = [...this.#touched.values()];
    if (!isAscending(touched)) touched.sort((a, b) => a.partition - b.partition);
    const partitions = this.#before.withAll(touched.map((image) => [image.partition, image] as const));
    return {
      after: { topicId: this.topicId, name: this.name, partitions },
      partitions: touched.map((after) => ({
        partition: after.partition,
        before: this.#before.get(after.partition),
        after,
      })),
    };
  }
}

const isAscending = (partitions: readonly PartitionImage[]): boolean =>
  partitions.every((image, i) => i === 0 || image.partition > (partitions[i - 1]?.partition ?? -1));
