import type { BrokerId, Logger, PartitionIndex, TopicId } from '@kafkaesque/kernel';
import type { MetadataImage } from '@kafkaesque/metadata';
import { topicById } from '@kafkaesque/metadata';
import type { LogDirectories } from './log-directories';

export interface StrayLogsOptions {
  readonly nodeId: BrokerId;
  readonly directories: LogDirectories;
  readonly logger: Logger;
}

/** Of several logs of one partition those that the metadata do not know are left aside, and said to be there. */
export const leaveStrays = (
  { nodeId, directories, logger }: StrayLogsOptions,
  image: MetadataImage,
): void => {
  const assignedTo = (topicId: TopicId, partition: PartitionIndex): string | undefined => {
    const known = topicById(image, topicId)?.partitions.get(partition);
    return known?.directories[known.replicas.indexOf(nodeId)];
  };
  for (const { log, path } of directories.leaveStrays(assignedTo)) {
    const { topicId, partition, endOffset } = log;
    logger.error('another log directory has the log of a replica: this one is left as it is', {
      topicId,
      partition,
      endOffset,
      path,
    });
  }
};
