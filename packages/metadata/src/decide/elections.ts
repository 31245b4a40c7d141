import type { BrokerId, TopicId } from '@kafkaesque/kernel';
import { NO_BROKER } from '@kafkaesque/kernel';
import { NO_LEADER_CHANGE, NO_RECOVERY_CHANGE } from '../delta/partition-change';
import { isOnlineDirectory } from '../image/directory-id';
import { isActive, partitionsHeldBy } from '../image/lookups';
import type { BrokerImage, MetadataImage, PartitionImage } from '../image/metadata-image';
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
export type BrokerChange =
  /** Goes out of service: leads nothing, and stays in no in-sync set that has other members. */
  | { readonly kind: 'leaving'; readonly brokerId: BrokerId }
  /** Goes out of service, and what it holds may be older than what it acknowledged: leaves every in-sync set. */
  | { readonly kind: 'distrusted'; readonly brokerId: BrokerId }
  /** Comes into service. */
  | { readonly kind: 'arriving'; readonly brokerId: BrokerId };

/** The registered brokers by id: asked for once for each replica of each partition. */
export type Brokers = ReadonlyMap<BrokerId, BrokerImage>;

export const brokersOf = (image: MetadataImage): Brokers =>
  new Map([...image.brokers.values()].map((broker) => [broker.brokerId, broker]));

/** Whether a replica may lead its partition once the change has happened: its broker serves, and so does its directory. */
const mayLead = (
  brokers: Brokers,
  partition: PartitionImage,
  replica: BrokerId,
  change: BrokerChange | undefined,
): boolean => {
  const broker = brokers.get(replica);
  if (broker === undefined) return false;
  const directory = partition.directories[partition.replicas.indexOf(replica)];
  if (directory === undefined || !isOnlineDirectory(directory, broker.directories)) return false;
  if (change?.brokerId !== replica) return isActive(broker);
  return change.kind === 'arriving' && !broker.inControlledShutdown;
};

const withoutLeaving = (isr: readonly BrokerId[], change: BrokerChange | undefined): readonly BrokerId[] => {
  if (change === undefined || change.kind === 'arriving' || !isr.includes(change.brokerId)) return isr;
  const staying = isr.filter((replica) => replica !== change.brokerId);
  // The last member stays, out of service, when it is trusted: only it is known to have everything.
  return staying.length === 0 && change.kind === 'leaving' ? isr : staying;
};

const sameIds = (a: readonly BrokerId[], b: readonly BrokerId[]): boolean =>
  a === b || (a.length === b.length && a.every((id, i) => id === b[i]));

/**
 * What happens to one partition when a broker comes or goes: the in-sync set loses who may not stay, and a leader is
 * chosen among its members that may lead, in the order of preference. An empty in-sync set waits for its last known
 * member (KIP-966), whose election is unclean. Undefined: nothing happens.
 */
export const partitionElection = (
  brokers: Brokers,
  topicId: TopicId,
  partition: PartitionImage,
  change: BrokerChange | undefined,
): PartitionChangeRecord | undefined => {
  const isr = withoutLeaving(partition.isr, change);
  const serves = (replica: BrokerId): boolean => mayLead(brokers, partition, replica, change);
  const leaderStays =
    partition.leader !== NO_BROKER && isr.includes(partition.leader) && serves(partition.leader);
  const elected = leaderStays
    ? partition.leader
    : partition.replicas.find((replica) => isr.includes(replica) && serves(replica));
  const lastKnown = isr.length === 0 && partition.isr.length > 0 ? partition.isr : partition.lastKnownElr;
  const unclean =
    elected === undefined && isr.length === 0
      ? lastKnown.find((replica) => lastKnown.length === 1 && serves(replica))
      : undefined;
  const leader = elected ?? unclean ?? NO_BROKER;
  const isrAfter = unclean === undefined ? isr : [unclean];
  const isrChanges = !sameIds(isrAfter, partition.isr);
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

/** What a command does at once: all of it, or as much as goes into one batch. */
export interface Step {
  readonly records: readonly MetadataRecord[];
  /** More is left: the command is to be decided again when these records are appended. */
  readonly isPartial: boolean;
}

/** Elections in one batch, which keeps it below its limit, and the turns short in which it is decided and applied. */
const MAX_ELECTIONS = 5_000;

/** Told apart fast, for a broker may hold a hundred thousand partitions of which nothing becomes. */
const isUntouched = (brokers: Brokers, { isr, leader }: PartitionImage, change: BrokerChange): boolean =>
  change.kind === 'arriving' ? isActive(brokers.get(leader)) : !isr.includes(change.brokerId);

/**
 * The changes of all partitions that a broker's coming or going touches, and behind the last of them `conclusion`. Only
 * partitions that the broker holds can be touched; `isConcerned` may leave some of them out.
 */
export const electionsThen = (
  image: MetadataImage,
  change: BrokerChange,
  conclusion: readonly MetadataRecord[],
  isConcerned?: (partition: PartitionImage) => boolean,
): Step => {
  const brokers = brokersOf(image);
  const records: MetadataRecord[] = [];
  for (const { topicId, partition } of partitionsHeldBy(image, change.brokerId)) {
    if (isUntouched(brokers, partition, change) || isConcerned?.(partition) === false) continue;
    const value = partitionElection(brokers, topicId, partition, change);
    if (value === undefined) continue;
    if (records.length === MAX_ELECTIONS) return { records, isPartial: true };
    records.push({ kind: 'PartitionChangeRecord', value });
  }
  return { records: [...records, ...conclusion], isPartial: false };
};
