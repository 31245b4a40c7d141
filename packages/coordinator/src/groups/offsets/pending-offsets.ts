import type { CommittedOffset } from './committed-offset';
import { OffsetStore } from './offset-store';

/**
 * Offsets that open transactions have committed, by producer; they count once the transaction's marker says so. Beside
 * them, which partitions of which group have any: those are not stable.
 */
export class PendingOffsets {
  readonly #byProducer = new Map<number, OffsetStore>();
  /** Group, topic, partition: who has an offset pending. No level is ever empty. */
  readonly #open = new Map<string, Map<string, Map<number, Set<number>>>>();

  set(
    producerId: number,
    groupId: string,
    topic: string,
    partition: number,
    committed: CommittedOffset,
  ): void {
    let offsets = this.#byProducer.get(producerId);
    if (offsets === undefined) {
      offsets = new OffsetStore();
      this.#byProducer.set(producerId, offsets);
    }
    offsets.set(groupId, topic, partition, committed);
    const topics = this.#open.get(groupId) ?? new Map<string, Map<number, Set<number>>>();
    this.#open.set(groupId, topics);
    const partitions = topics.get(topic) ?? new Map<number, Set<number>>();
    topics.set(topic, partitions);
    const producers = partitions.get(partition) ?? new Set<number>();
    partitions.set(partition, producers);
    producers.add(producerId);
  }

  /** A tombstone: nothing that is pending there shall ever count. */
  delete(groupId: string, topic: string, partition: number): void {
    const producers = this.#open.get(groupId)?.get(topic)?.get(partition);
    if (producers === undefined) return;
    for (const producerId of producers) {
      const offsets = this.#byProducer.get(producerId);
      offsets?.delete(groupId, topic, partition);
      if (offsets?.size === 0) this.#byProducer.delete(producerId);
    }
    this.#close(groupId, topic, partition);
  }

  /** The producer's transaction has ended: what was pending for it, now no more. */
  take(producerId: number): OffsetStore | undefined {
    const offsets = this.#byProducer.get(producerId);
    if (offsets === undefined) return undefined;
    this.#byProducer.delete(producerId);
    for (const groupId of offsets.groupIds)
      for (const [topic, partitions] of offsets.ofGroup(groupId) ?? [])
        for (const partition of partitions.keys()) {
          const producers = this.#open.get(groupId)?.get(topic)?.get(partition);
          producers?.delete(producerId);
          if (producers?.size === 0) this.#close(groupId, topic, partition);
        }
    return offsets;
  }

  has(groupId: string, topic: string, partition: number): boolean {
    return this.#open.get(groupId)?.get(topic)?.has(partition) ?? false;
  }

  hasGroup(groupId: string): boolean {
    return this.#open.has(groupId);
  }

  /** Every partition of the group with something pending. */
  *ofGroup(groupId: string): Iterable<readonly [topic: string, partition: number]> {
    for (const [topic, partitions] of this.#open.get(groupId) ?? [])
      for (const partition of partitions.keys()) yield [topic, partition];
  }

  /** Every offset that is pending, with its group. */
  *ofTopic(
    topic: string,
  ): Iterable<readonly [groupId: string, partition: number, committed: CommittedOffset]> {
    for (const offsets of this.#byProducer.values())
      for (const groupId of offsets.groupIds)
        for (const [partition, committed] of offsets.ofGroup(groupId)?.get(topic) ?? [])
          yield [groupId, partition, committed];
  }

  #close(groupId: string, topic: string, partition: number): void {
    const topics = this.#open.get(groupId);
    const partitions = topics?.get(topic);
    if (topics === undefined || partitions === undefined) return;
    partitions.delete(partition);
    if (partitions.size > 0) return;
    topics.delete(topic);
    if (topics.size === 0) this.#open.delete(groupId);
  }
}
