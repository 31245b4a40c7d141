import type { BrokerId } from '@kafkaesque/kernel';
import { topicByName, topicNames } from './lookups';
import type { MetadataImage } from './metadata-image';

/** As one topic of ListPartitionReassignmentsResponse. */
export interface TopicReassignments {
  readonly name: string;
  readonly partitions: readonly {
    readonly partitionIndex: number;
    readonly replicas: readonly BrokerId[];
    readonly addingReplicas: readonly BrokerId[];
    readonly removingReplicas: readonly BrokerId[];
  }[];
}

/** What is being reassigned, as ListPartitionReassignments answers: of these partitions, or (null) of all. */
export const listPartitionReassignments = (
  image: MetadataImage,
  topics: readonly { readonly name: string; readonly partitionIndexes: readonly number[] }[] | null = null,
): readonly TopicReassignments[] => {
  const asked = topics ?? topicNames(image).map((name) => ({ name, partitionIndexes: undefined }));
  return asked.flatMap(({ name, partitionIndexes }) => {
    const all = topicByName(image, name)?.partitions;
    if (all === undefined) return [];
    const found = partitionIndexes?.flatMap((index) => all.get(index) ?? []) ?? all;
    const partitions = [];
    for (const { partition: partitionIndex, replicas, addingReplicas, removingReplicas } of found)
      if (addingReplicas.length > 0 || removingReplicas.length > 0)
        partitions.push({ partitionIndex, replicas, addingReplicas, removingReplicas });
    return partitions.length === 0 ? [] : [{ name, partitions }];
  });
};
