import type { BrokerId, TopicId } from '@kafkaesque/kernel';
import type { PartitionImage } from '../image/metadata-image';
import { currentBroker } from './brokers';
import type { CommandResponses, RenewLeadershipCommand } from './commands';
import type { Decision, DecisionContext } from './decision';
import { unchanged } from './next-partition';
import { PartitionDrafts } from './partition-drafts';

/**
 * Appoints a leader again, in a new epoch: after a failed append nothing of the old epoch may be appended behind
 * what the log holds now. One whose log is damaged hands over to another that has everything; where there is none it leads
 * on, because what it can still read nobody else has. A follower whose log is damaged is in sync no more. A partition that
 * has moved on since stays as it is.
 */
export const decideRenewLeadership = (
  command: RenewLeadershipCommand,
  context: DecisionContext,
): Decision<CommandResponses['renew-leadership']> => {
  const { brokerId } = command;
  const found = currentBroker(context.image, brokerId, command.brokerEpoch);
  if (found.kind === 'refused') return found;
  const drafts = new PartitionDrafts(context);
  for (const { topicId, partition: index, leaderEpoch, isDamaged } of command.partitions) {
    const partition = drafts.partition(topicId, index);
    if (partition?.leaderEpoch !== leaderEpoch) continue;
    if (partition.leader !== brokerId) {
      if (isDamaged) leaveInSync(drafts, topicId, partition, brokerId);
    } else if (isDamaged) handOver(drafts, topicId, partition, brokerId);
    // A change that names the leader begins an epoch, also when the leader stays.
    else drafts.record(partition, { ...unchanged(topicId, partition), leader: brokerId });
  }
  return { kind: 'decided', records: drafts.records, response: {} };
};

const leaveInSync = (
  drafts: PartitionDrafts,
  topicId: TopicId,
  partition: PartitionImage,
  damaged: BrokerId,
): void => {
  if (partition.leader < 0) return;
  const isr = partition.isr.filter((replica) => replica !== damaged);
  drafts.change(topicId, partition, { isr, distrusted: damaged });
};

const handOver = (
  drafts: PartitionDrafts,
  topicId: TopicId,
  partition: PartitionImage,
  damaged: BrokerId,
): void => {
  const isr = partition.isr.filter((replica) => replica !== damaged);
  const value = drafts.next(topicId, partition, { isr, distrusted: damaged });
  if (value !== undefined && value.leader >= 0 && value.leader !== damaged) drafts.record(partition, value);
};
