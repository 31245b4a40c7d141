import type { BrokerId, TopicId } from '@kafkaesque/kernel';
import { UNASSIGNED_DIRECTORY, isOnlineDirectory } from '../image/directory-id';
import { isActive, partitionsHeldBy } from '../image/lookups';
import type { BrokerImage, MetadataImage, PartitionImage } from '../image/metadata-image';
import type { MetadataRecord, PartitionChangeRecord } from '../records';
import { defaultDirectory } from './new-partitions';
import type { PartitionSurroundings, PartitionTarget } from './next-partition';
import { nextPartition } from './next-partition';
import type { ElectionContext, ReplicationRules } from './replication-rules';
import { replicationRules } from './replication-rules';

/** Who may lead, and whose copies count, once a command is carried out. */
export type BrokerChange =
  /** Goes out of service: leads nothing, and leaves the in-sync sets; it stays eligible where these are too small. */
  | { readonly kind: 'leaving'; readonly brokerId: BrokerId }
  /** As `leaving`, and what was not flushed is lost: distrusted where it is acknowledged before it is flushed. */
  | { readonly kind: 'unclean'; readonly brokerId: BrokerId }
  /** Goes out of service, and what it holds may be older than what it acknowledged: leaves the eligible replicas too. */
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

/** What the election of one partition goes by. */
export const surroundings = (
  brokers: Brokers,
  partition: PartitionImage,
  rules: ReplicationRules,
  change?: BrokerChange,
): PartitionSurroundings => ({
  rules,
  serves: (replica) => mayLead(brokers, partition, replica, change),
  newDirectory: (replica) => {
    const broker = brokers.get(replica);
    return broker === undefined ? UNASSIGNED_DIRECTORY : defaultDirectory(broker);
  },
});

const isDistrusted = ({ kind }: BrokerChange, { flushPolicy }: ReplicationRules): boolean =>
  kind === 'distrusted' || (kind === 'unclean' && flushPolicy === 'replication');

const targetAfter = (
  { isr }: PartitionImage,
  change: BrokerChange | undefined,
  rules: ReplicationRules,
): PartitionTarget => {
  const target = { allowsUncleanElection: rules.allowsUncleanElection };
  if (change === undefined || change.kind === 'arriving') return target;
  const { brokerId } = change;
  const staying = isr.filter((replica) => replica !== brokerId);
  if (isDistrusted(change, rules)) return { ...target, isr: staying, distrusted: brokerId };
  // Where nobody is remembered otherwise, the last member stays, out of service: only it is known to have everything.
  return staying.length === 0 && !rules.isElrEnabled ? target : { ...target, isr: staying };
};

/**
 * What happens to one partition when a broker comes or goes: the in-sync set loses who may not stay, and a leader is
 * chosen if there is none. Undefined: nothing happens.
 */
export const partitionElection = (
  brokers: Brokers,
  topicId: TopicId,
  partition: PartitionImage,
  rules: ReplicationRules,
  change: BrokerChange | undefined,
): PartitionChangeRecord | undefined =>
  nextPartition(
    topicId,
    partition,
    targetAfter(partition, change, rules),
    surroundings(brokers, partition, rules, change),
  );

/** What a command does at once: all of it, or as much as goes into one batch. */
export interface Step {
  readonly records: readonly MetadataRecord[];
  /** More is left: the command is to be decided again when these records are appended. */
  readonly isPartial: boolean;
}

/** Elections in one batch, which keeps it below its limit, and the turns short in which it is decided and applied. */
const MAX_ELECTIONS = 5_000;

/** Told apart fast, for a broker may hold a hundred thousand partitions of which nothing becomes. */
const isUntouched = (
  brokers: Brokers,
  { isr, leader, eligibleLeaderReplicas: eligible }: PartitionImage,
  { kind, brokerId }: BrokerChange,
): boolean =>
  kind === 'arriving'
    ? isActive(brokers.get(leader))
    : !isr.includes(brokerId) && (kind === 'leaving' || !eligible.includes(brokerId));

/**
 * The changes of all partitions that a broker's coming or going touches, and behind the last of them `conclusion`. Only
 * partitions that the broker holds can be touched; what happens may be another thing for each, or nothing (undefined).
 */
export const electionsThen = (
  context: ElectionContext,
  brokerId: BrokerId,
  changeOf: (partition: PartitionImage) => BrokerChange | undefined,
  conclusion: readonly MetadataRecord[],
): Step => {
  const { image } = context;
  const brokers = brokersOf(image);
  const rulesOf = replicationRules(context);
  const records: MetadataRecord[] = [];
  for (const { topicId, partition } of partitionsHeldBy(image, brokerId)) {
    const change = changeOf(partition);
    if (change === undefined || isUntouched(brokers, partition, change)) continue;
    const value = partitionElection(brokers, topicId, partition, rulesOf(topicId), change);
    if (value === undefined) continue;
    if (records.length === MAX_ELECTIONS) return { records, isPartial: true };
    records.push({ kind: 'PartitionChangeRecord', value });
  }
  return { records: [...records, ...conclusion], isPartial: false };
};
