import type { TopicId } from '@kafkaesque/kernel';

/** Partitions by topic; ascending, without duplicates, never an empty list. */
export type Assignment = ReadonlyMap<TopicId, readonly number[]>;

/** Partitions of one topic with the member epoch in which each was assigned (KIP-1251): two lists of one length. */
export interface OwnedOfTopic {
  /** Ascending, without duplicates, never empty. */
  readonly partitions: readonly number[];
  readonly epochs: readonly number[];
}

/** What a member has, and since which epoch. */
export type Owned = ReadonlyMap<TopicId, OwnedOfTopic>;

/** Partitions as they travel. */
export interface TopicPartitions {
  readonly topicId: TopicId;
  readonly partitions: readonly number[];
}

export const NO_PARTITIONS: Assignment = new Map();
export const NOTHING_OWNED: Owned = new Map();

const ascending = (a: number, b: number): number => a - b;

/** Sorted and without duplicates; the list itself where it is so already. */
export const inOrder = (partitions: readonly number[]): readonly number[] => {
  for (let at = 1; at < partitions.length; at++) {
    if ((partitions[at] as number) <= (partitions[at - 1] as number))
      return [...new Set(partitions)].sort(ascending);
  }
  return partitions;
};

/** Whether an ascending list has that partition. */
export const hasPartition = (partitions: readonly number[], partition: number): boolean => {
  let low = 0;
  let high = partitions.length - 1;
  while (low <= high) {
    const middle = (low + high) >>> 1;
    const found = partitions[middle] as number;
    if (found === partition) return true;
    if (found < partition) low = middle + 1;
    else high = middle - 1;
  }
  return false;
};

const sameNumbers = (one: readonly number[], other: readonly number[]): boolean => {
  if (one === other) return true;
  if (one.length !== other.length) return false;
  for (let at = 0; at < one.length; at++) if (one[at] !== other[at]) return false;
  return true;
};

export const sameAssignment = (one: Assignment, other: Assignment): boolean => {
  if (one === other) return true;
  if (one.size !== other.size) return false;
  for (const [topicId, partitions] of one) {
    const others = other.get(topicId);
    if (others === undefined || !sameNumbers(partitions, others)) return false;
  }
  return true;
};

/** The same partitions, whatever their epochs. */
export const samePartitions = (one: Owned, other: Owned): boolean => {
  if (one === other) return true;
  if (one.size !== other.size) return false;
  for (const [topicId, { partitions }] of one) {
    const others = other.get(topicId);
    if (others === undefined || !sameNumbers(partitions, others.partitions)) return false;
  }
  return true;
};

/** The same partitions since the same epochs. */
export const sameOwned = (one: Owned, other: Owned): boolean => {
  if (!samePartitions(one, other)) return false;
  for (const [topicId, { epochs }] of one) {
    if (!sameNumbers(epochs, other.get(topicId)?.epochs ?? [])) return false;
  }
  return true;
};

export const countPartitions = (assignment: Assignment): number => {
  let count = 0;
  for (const partitions of assignment.values()) count += partitions.length;
  return count;
};

/** An assignment from what travelled or was stored: lists of one topic are joined, empty ones left out. */
export const assignmentOf = (topics: readonly TopicPartitions[]): Assignment => {
  const assignment = new Map<TopicId, readonly number[]>();
  for (const { topicId, partitions } of topics) {
    const known = assignment.get(topicId);
    const all = inOrder(known === undefined ? partitions : [...known, ...partitions]);
    if (all.length > 0) assignment.set(topicId, all);
  }
  return assignment;
};

/** Every partition of an assignment as owned since `epoch`. */
export const ownedSince = (assignment: Assignment, epoch: number): Owned => {
  const owned = new Map<TopicId, OwnedOfTopic>();
  for (const [topicId, partitions] of assignment)
    owned.set(topicId, { partitions, epochs: new Array<number>(partitions.length).fill(epoch) });
  return owned;
};

export const partitionsOf = (owned: Owned): Assignment => {
  const assignment = new Map<TopicId, readonly number[]>();
  for (const [topicId, { partitions }] of owned) assignment.set(topicId, partitions);
  return assignment;
};

/** The epoch since which a partition is owned; undefined: it is not. */
export const ownedSinceEpoch = (owned: Owned, topicId: TopicId, partition: number): number | undefined => {
  const ofTopic = owned.get(topicId);
  if (ofTopic === undefined) return undefined;
  const at = ofTopic.partitions.indexOf(partition);
  return at < 0 ? undefined : ofTopic.epochs[at];
};

/** Whether everything that travelled is within what is owned. */
export const isWithin = (topics: readonly TopicPartitions[], owned: Owned): boolean =>
  topics.every(({ topicId, partitions }) => {
    const ofTopic = owned.get(topicId);
    if (ofTopic === undefined) return partitions.length === 0;
    return partitions.every((partition) => hasPartition(ofTopic.partitions, partition));
  });

/** Whether anything that travelled is among what is owned. */
export const touches = (topics: readonly TopicPartitions[], owned: Owned): boolean =>
  topics.some(({ topicId, partitions }) => {
    const ofTopic = owned.get(topicId);
    return (
      ofTopic !== undefined && partitions.some((partition) => hasPartition(ofTopic.partitions, partition))
    );
  });
