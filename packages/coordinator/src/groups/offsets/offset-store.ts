import type { CommittedOffset } from './committed-offset';

/** Committed offsets by partition. */
export type OffsetsByPartition = ReadonlyMap<number, CommittedOffset>;
/** Committed offsets of one group, by topic name. */
export type OffsetsByTopic = ReadonlyMap<string, OffsetsByPartition>;

type Partitions = Map<number, CommittedOffset>;

/**
 * Offsets by group, topic name and partition, as the records are keyed. No level of it is ever empty. The names of
 * groups and topics are kept once each, however many records tell them.
 */
export class OffsetStore {
  readonly #byGroup = new Map<string, Map<string, Partitions>>();
  /** Each topic name once, with how many groups have offsets for it. */
  readonly #topics = new Map<string, { readonly name: string; groups: number }>();
  #size = 0;

  /** How many offsets there are. */
  get size(): number {
    return this.#size;
  }

  get groupIds(): IterableIterator<string> {
    return this.#byGroup.keys();
  }

  /** Names of all topics that some group has offsets for. */
  get topicNames(): IterableIterator<string> {
    return this.#topics.keys();
  }

  ofGroup(groupId: string): OffsetsByTopic | undefined {
    return this.#byGroup.get(groupId);
  }

  get(groupId: string, topic: string, partition: number): CommittedOffset | undefined {
    return this.#byGroup.get(groupId)?.get(topic)?.get(partition);
  }

  set(groupId: string, topic: string, partition: number, committed: CommittedOffset): void {
    let topics = this.#byGroup.get(groupId);
    if (topics === undefined) {
      topics = new Map();
      this.#byGroup.set(groupId, topics);
    }
    let partitions = topics.get(topic);
    if (partitions === undefined) {
      partitions = new Map();
      topics.set(this.#used(topic), partitions);
    }
    if (!partitions.has(partition)) this.#size += 1;
    partitions.set(partition, committed);
  }

  /** Whether there was one. */
  delete(groupId: string, topic: string, partition: number): boolean {
    const topics = this.#byGroup.get(groupId);
    const partitions = topics?.get(topic);
    if (topics === undefined || partitions?.delete(partition) !== true) return false;
    this.#size -= 1;
    if (partitions.size > 0) return true;
    topics.delete(topic);
    this.#unused(topic);
    if (topics.size === 0) this.#byGroup.delete(groupId);
    return true;
  }

  #used(topic: string): string {
    let known = this.#topics.get(topic);
    if (known === undefined) {
      known = { name: topic, groups: 0 };
      this.#topics.set(topic, known);
    }
    known.groups += 1;
    return known.name;
  }

  #unused(topic: string): void {
    const known = this.#topics.get(topic);
    if (known === undefined) return;
    known.groups -= 1;
    if (known.groups === 0) this.#topics.delete(topic);
  }
}
