import type { TopicId } from '@kafkaesque/kernel';
import type { MetadataImage, PartitionImage } from '../image/metadata-image';
import type { ElectionsAnswer } from './commands';
import type { Decision } from './decision';
import type { PartitionDrafts } from './partition-drafts';

/** Elections in one batch: clients learn of a thousand new leaders at a time. */
export const MAX_PERIODIC_ELECTIONS = 1_000;

export function* allPartitions(
  image: MetadataImage,
): IterableIterator<{ readonly topicId: TopicId; readonly partition: PartitionImage }> {
  for (const { topicId, partitions } of image.topicsById.values())
    for (const partition of partitions) yield { topicId, partition };
}

/** The elections of one batch; `isPartial`: there are more. */
export const electionsOf = (
  { records }: Pick<PartitionDrafts, 'records'>,
  isPartial: boolean,
): Decision<ElectionsAnswer> => ({
  kind: 'decided',
  records,
  response: { elections: records.length },
  ...(isPartial ? { again: true } : {}),
});
