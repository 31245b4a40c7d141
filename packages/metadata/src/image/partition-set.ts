import type { PersistentVector } from './persistent-vector';
import { emptyVector } from './persistent-vector';

/** A set of partitions of one topic, as bits: a change copies a few small arrays, whatever the set's size. */
export interface PartitionSet {
  readonly size: number;
  readonly words: PersistentVector<number>;
}

/** One partition that comes into a set, or leaves it. */
export interface Membership {
  readonly partition: number;
  readonly isMember: boolean;
}

const BITS = 5;
const MASK = 31;

export const emptyPartitionSet: PartitionSet = { size: 0, words: emptyVector() };

export const hasPartition = ({ words }: PartitionSet, partition: number): boolean =>
  ((words.get(partition >>> BITS) ?? 0) & (1 << (partition & MASK))) !== 0;

/** The set after these changes, whose partitions ascend. */
export const changedPartitionSet = (before: PartitionSet, changes: readonly Membership[]): PartitionSet => {
  const words: [number, number][] = [];
  let { size } = before;
  // Words that a set has never reached are zero, not absent: a vector has no gaps.
  let end = before.words.size;
  for (const { partition, isMember } of changes) {
    const index = partition >>> BITS;
    for (; end < index; end++) words.push([end, 0]);
    end = Math.max(end, index + 1);
    const last = words.at(-1);
    const word = last?.[0] === index ? last[1] : (before.words.get(index) ?? 0);
    const bit = 1 << (partition & MASK);
    const after = isMember ? word | bit : word & ~bit;
    if (after !== word) size += isMember ? 1 : -1;
    if (last?.[0] === index) last[1] = after;
    else words.push([index, after]);
  }
  return { size, words: before.words.withAll(words) };
};

/** The members in ascending order. */
export function* partitionsIn({ words }: PartitionSet): IterableIterator<number> {
  let first = 0;
  for (const word of words) {
    for (let rest = word; rest !== 0; rest &= rest - 1) yield first + 31 - Math.clz32(rest & -rest);
    first += MASK + 1;
  }
}
