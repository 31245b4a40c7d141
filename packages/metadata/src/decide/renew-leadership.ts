import { partitionOf } from '../image/lookups';
import type { MetadataRecord } from '../records';
import { currentBroker } from './brokers';
import type { CommandResponses, RenewLeadershipCommand } from './commands';
import type { Decision, DecisionContext } from './decision';
import { unchanged } from './next-partition';

/**
 * Appoints a leader again, in a new epoch: after a failed append nothing of the old epoch may be appended behind
 * what the log holds now. A partition that has moved on since stays as it is.
 */
export const decideRenewLeadership = (
  command: RenewLeadershipCommand,
  { image }: DecisionContext,
): Decision<CommandResponses['renew-leadership']> => {
  const found = currentBroker(image, command.brokerId, command.brokerEpoch);
  if (found.kind === 'refused') return found;
  const records: MetadataRecord[] = [];
  for (const { topicId, partition: index, leaderEpoch } of command.partitions) {
    const partition = partitionOf(image, topicId, index);
    if (partition?.leader !== command.brokerId || partition.leaderEpoch !== leaderEpoch) continue;
    // A change that names the leader begins an epoch, also when the leader stays.
    records.push({
      kind: 'PartitionChangeRecord',
      value: { ...unchanged(topicId, partition), leader: command.brokerId },
    });
  }
  return { kind: 'decided', records, response: {} };
};
