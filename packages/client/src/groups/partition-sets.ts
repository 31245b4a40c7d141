import type { TopicPartition } from '../records';

/** A partition's name as a key of maps and in texts. */
export const keyOf = ({ topic, partition }: TopicPartition): string => `${topic}-${partition}`;

/** The first list's partitions that the second does not hold. */
export const partitionsWithout = (
  partitions: readonly TopicPartition[],
  without: readonly TopicPartition[],
): readonly TopicPartition[] => {
  const gone = new Set(without.map(keyOf));
  return partitions.filter((one) => !gone.has(keyOf(one)));
};

/** The topics of partitions, each once. */
export const topicsOf = (partitions: readonly TopicPartition[]): readonly string[] => [
  ...new Set(partitions.map(({ topic }) => topic)),
];
