import type { BrokerId } from '@kafkaesque/kernel';
import { brokerById, partitionsHeldBy } from '../image/lookups';
import type { MetadataImage } from '../image/metadata-image';
import type { MetadataRecord } from '../records';
import { registrationChange } from './brokers';
import { partitionElection } from './elections';

/**
 * Directories of a broker failed (KIP-858): the replicas in them lead nothing and leave the in-sync sets that have other
 * members. Nothing when they are known to have failed.
 */
export const offlineDirectoryRecords = (
  image: MetadataImage,
  brokerId: BrokerId,
  offline: readonly string[],
): readonly MetadataRecord[] => {
  const broker = brokerById(image, brokerId);
  if (broker === undefined) return [];
  const failed = new Set(broker.directories.filter((directory) => offline.includes(directory)));
  if (failed.size === 0) return [];
  const records: MetadataRecord[] = [];
  for (const { topicId, partition } of partitionsHeldBy(image, brokerId)) {
    const directory = partition.directories[partition.replicas.indexOf(brokerId)];
    if (directory === undefined || !failed.has(directory)) continue;
    const value = partitionElection(image, topicId, partition, { kind: 'leaving', brokerId });
    if (value !== undefined) records.push({ kind: 'PartitionChangeRecord', value });
  }
  const logDirs = broker.directories.filter((directory) => !failed.has(directory));
  // No directories would mean that they stay as they are; a broker without any ends by itself.
  if (logDirs.length > 0) records.push(registrationChange(broker, { logDirs }));
  return records;
};
