import type { BrokerId } from '@kafkaesque/kernel';
import { brokerById } from '../image/lookups';
import type { PartitionImage } from '../image/metadata-image';
import { registrationChange } from './brokers';
import type { BrokerChange, Step } from './elections';
import { electionsThen } from './elections';
import type { ElectionContext } from './replication-rules';

/**
 * Directories of a broker failed (KIP-858): the replicas in them lead nothing and leave the in-sync sets. Nothing when they are known to have failed.
 */
export const losingDirectories = (
  context: ElectionContext,
  brokerId: BrokerId,
  offline: readonly string[],
): Step => {
  const broker = brokerById(context.image, brokerId);
  const failed = new Set(broker?.directories.filter((directory) => offline.includes(directory)));
  if (broker === undefined || failed.size === 0) return { records: [], isPartial: false };
  const logDirs = broker.directories.filter((directory) => !failed.has(directory));
  // No directories would mean that they stay as they are; a broker without any ends by itself.
  const conclusion = logDirs.length === 0 ? [] : [registrationChange(broker, { logDirs })];
  const leavingThese = ({ directories, replicas }: PartitionImage): BrokerChange | undefined =>
    failed.has(directories[replicas.indexOf(brokerId)] ?? '') ? { kind: 'leaving', brokerId } : undefined;
  return electionsThen(context, brokerId, leavingThese, conclusion);
};
