import { Ring } from '@kafkaesque/kernel';
import type { CommittedOffset } from './committed-offset';
import type { OffsetsByTopic } from './offset-store';

/** One partition got another offset, or lost it, by a record that may still go with the leadership. */
interface Change {
  readonly recordOffset: number;
  readonly groupId: string;
  readonly topic: string;
  readonly partition: number;
  /** What counted until then. */
  readonly before: CommittedOffset | undefined;
  /** Of the same partition. */
  next: Change | undefined;
}

interface Changes {
  oldest: Change;
  newest: Change;
}

/**
 * Changes of offsets beyond the high watermark, with what was there before each: who asks for what is committed is told that,
 * and waits for nothing. As many as the log has such records, which are few: where they cannot be committed, nothing more
 * is appended.
 */
export class UncommittedOffsets {
  readonly #inLogOrder = new Ring<Change>();
  /** No level of it is ever empty. */
  readonly #byGroup = new Map<string, Map<string, Map<number, Changes>>>();
  #committedUpTo = 0;

  /** How many changes there are. */
  get size(): number {
    return this.#inLogOrder.size;
  }

  /** The record at that offset, beyond all before it, is about to change what counts for a partition. */
  changes(
    recordOffset: number,
    groupId: string,
    topic: string,
    partition: number,
    before: CommittedOffset | undefined,
  ): void {
    if (recordOffset < this.#committedUpTo) return;
    const change: Change = { recordOffset, groupId, topic, partition, before, next: undefined };
    this.#inLogOrder.push(change);
    const topics = this.#byGroup.get(groupId) ?? new Map<string, Map<number, Changes>>();
    this.#byGroup.set(groupId, topics);
    const partitions = topics.get(topic) ?? new Map<number, Changes>();
    topics.set(topic, partitions);
    const known = partitions.get(partition);
    if (known === undefined) partitions.set(partition, { oldest: change, newest: change });
    else {
      known.newest.next = change;
      known.newest = change;
    }
  }

  /** Everything below that offset is committed. */
  committedUpTo(offset: number): void {
    if (offset > this.#committedUpTo) this.#committedUpTo = offset;
    for (let { first } = this.#inLogOrder; first !== undefined; first = this.#inLogOrder.first) {
      if (first.recordOffset >= offset) return;
      this.#inLogOrder.shift();
      this.#forget(first);
    }
  }

  /** What is committed for one partition, of which `newest` is the newest offset. */
  committed(
    groupId: string,
    topic: string,
    partition: number,
    newest: CommittedOffset | undefined,
  ): CommittedOffset | undefined {
    const changes = this.#byGroup.get(groupId)?.get(topic)?.get(partition);
    return changes === undefined ? newest : changes.oldest.before;
  }

  /** What the group has committed, of which `newest` are the newest offsets. */
  committedOf(groupId: string, newest: OffsetsByTopic | undefined): OffsetsByTopic | undefined {
    const changed = this.#byGroup.get(groupId);
    if (changed === undefined) return newest;
    const committed = new Map(newest);
    for (const [topic, changes] of changed) {
      const partitions = new Map(committed.get(topic));
      for (const [partition, { oldest }] of changes)
        if (oldest.before === undefined) partitions.delete(partition);
        else partitions.set(partition, oldest.before);
      committed.set(topic, partitions);
    }
    return committed;
  }

  #forget({ groupId, topic, partition, next }: Change): void {
    const topics = this.#byGroup.get(groupId);
    const partitions = topics?.get(topic);
    const changes = partitions?.get(partition);
    if (topics === undefined || partitions === undefined || changes === undefined) return;
    if (next !== undefined) {
      changes.oldest = next;
      return;
    }
    partitions.delete(partition);
    if (partitions.size > 0) return;
    topics.delete(topic);
    if (topics.size === 0) this.#byGroup.delete(groupId);
  }
}
