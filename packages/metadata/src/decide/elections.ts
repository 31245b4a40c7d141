import type { BrokerId, TopicId } from '@kafkaesque/kernel';
import { NO_BROKER } from '@kafkaesque/kernel';
import { NO_LEADER_CHANGE, NO_RECOVERY_CHANGE } from '../delta/partition-change';
import { isActive } from '../image/lookups';
import type { MetadataImage, PartitionImage } from '../image/metadata-image';
import type { MetadataRecord, PartitionChangeRecord } from '../records';

/** A change that changes nothing yet: the fields to name are spread over it. */
export const unchanged = (topicId: TopicId, partition: PartitionImage): PartitionChangeRecord => ({
  partitionId: partition.partition,
  topicId,
  isr: null,
  leader: NO_LEADER_CHANGE as BrokerId,
  replicas: null,
  removingReplicas: null,
  addingReplicas: null,
  leaderRecoveryState: NO_RECOVERY_CHANGE,
  directories: null,
  eligibleLeaderReplicas: null,
  lastKnownElr: null,
});

/** Who may lead, and whose copies count, once a command is carried out. */
export interface BrokerChanges {
  /** Goes out of service: leads nothing, and stays in no in-sync set that has other members. */
  readonly leaving?: BrokerId;
  /** Goes out of service, and what it holds may be older than what it acknowledged: leaves every in-sync set. */
  readonly distrusted?: BrokerId;
  /** Comes into service. */
  readonly arriving?: BrokerId;
}

/** The brokers that may lead once the changes have happened. */
const servingAfter = (image: MetadataImage, changes: BrokerChanges): ReadonlySet<BrokerId> => {
  const serving = new Set<BrokerId>();
  for (const broker of image.brokers.values()) {
    const { brokerId } = broker;
    if (brokerId === changes.leaving || brokerId === changes.distrusted) continue;
    if (brokerId === changes.arriving ? !broker.inControlledShutdown : isActive(broker))
      serving.add(brokerId);
  }
  return serving;
};

const withoutLeaving = (isr: readonly BrokerId[], changes: BrokerChanges): readonly BrokerId[] => {
  const trusted = isr.filter((replica) => replica !== changes.distrusted);
  const staying = trusted.filter((replica) => replica !== changes.leaving);
  // The last member stays, out of service: only it is known to have everything.
  return staying.length === 0 ? trusted : staying;
};

/**
 * What happens to one partition when brokers come and go: the in-sync set loses who may not stay, and a leader is
 * chosen among its serving members in the order of preference. An empty in-sync set waits for its last known member
 * (KIP-966), whose election is unclean. Undefined: nothing happens.
 */
const partitionAfter = (
  serving: ReadonlySet<BrokerId>,
  topicId: TopicId,
  partition: PartitionImage,
  changes: BrokerChanges,
): PartitionChangeRecord | undefined => {
  const isr = withoutLeaving(partition.isr, changes);
  const leaderStays =
    partition.leader !== NO_BROKER && isr.includes(partition.leader) && serving.has(partition.leader);
  const elected = leaderStays
    ? partition.leader
    : partition.replicas.find((replica) => isr.includes(replica) && serving.has(replica));
  const lastKnown =
    isr.length === 0 && partition.isr.length > 0 ? [...partition.isr] : partition.lastKnownElr;
  const unclean =
    elected === undefined && isr.length === 0
      ? lastKnown.find((replica) => lastKnown.length === 1 && serving.has(replica))
      : undefined;
  const leader = elected ?? unclean ?? NO_BROKER;
  const isrAfter = unclean === undefined ? isr : [unclean];
  const isrChanges =
    isrAfter.length !== partition.isr.length || isrAfter.some((replica, i) => replica !== partition.isr[i]);
  if (leader === partition.leader && !isrChanges) return undefined;
  const lastKnownAfter = isrAfter.length === 0 ? lastKnown : [];
  return {
    ...unchanged(topicId, partition),
    isr: isrChanges ? isrAfter : null,
    leader: leader === partition.leader ? (NO_LEADER_CHANGE as BrokerId) : leader,
    leaderRecoveryState: unclean === undefined ? NO_RECOVERY_CHANGE : 1,
    lastKnownElr: lastKnownAfter.length === partition.lastKnownElr.length ? null : lastKnownAfter,
  };
};

/** The changes of all partitions that brokers' coming and going touches. */
export const electionRecords = (image: MetadataImage, changes: BrokerChanges): MetadataRecord[] => {
  const serving = servingAfter(image, changes);
  const records: MetadataRecord[] = [];
  for (const topic of image.topicsById.values()) {
    for (const partition of topic.partitions) {
      const value = partitionAfter(serving, topic.topicId, partition, changes);
      if (value !== undefined) records.push({ kind: 'PartitionChangeRecord', value });
    }
  }
  return records;
};
