import type { BrokerId, TopicId } from '@kafkaesque/kernel';
import { LeaderEpoch, PartitionIndex, assert } from '@kafkaesque/kernel';
import { ErrorCode } from '@kafkaesque/protocol';
import { UNASSIGNED_DIRECTORY } from '../image/directory-id';
import { brokerById, isActive, registeredBrokers } from '../image/lookups';
import type { BrokerImage, MetadataImage } from '../image/metadata-image';
import { placeStriped } from '../placement/striped';
import type { MetadataRecord } from '../records';
import type { CommandError } from './commands';
import type { DecisionContext } from './decision';

/** Replica lists of new partitions, or why there are none. */
export type Assignment =
  | { readonly kind: 'assigned'; readonly replicas: readonly (readonly BrokerId[])[] }
  | ({ readonly kind: 'refused' } & CommandError);

export const refused = (
  errorCode: number,
  errorMessage: string | null,
): { kind: 'refused' } & CommandError => ({
  kind: 'refused',
  errorCode,
  errorMessage,
});

/** Places partitions automatically: not on brokers that are about to leave, and on fenced ones last. */
export const placePartitions = (
  { image, random }: DecisionContext,
  partitionCount: number,
  replicationFactor: number,
): Assignment => {
  const brokers = registeredBrokers(image)
    .filter((broker) => broker.fenced || !broker.inControlledShutdown)
    .map((broker) => ({ brokerId: broker.brokerId, rack: broker.rack, active: isActive(broker) }));
  const placement = placeStriped(brokers, partitionCount, replicationFactor, random);
  return placement.kind === 'placed'
    ? { kind: 'assigned', replicas: placement.replicas }
    : refused(
        ErrorCode.INVALID_REPLICATION_FACTOR,
        `Unable to replicate the partition ${replicationFactor} time(s): ${placement.reason}`,
      );
};

/** Why one manually given replica list cannot be, in Kafka's words. */
export const invalidReplicas = (
  image: MetadataImage,
  replicas: readonly BrokerId[],
  replicationFactor: number | undefined,
): string | undefined => {
  if (replicas.length === 0) return 'The manual partition assignment includes an empty replica list.';
  const sorted = [...replicas].sort((a, b) => a - b);
  for (const [i, brokerId] of sorted.entries()) {
    if (brokerById(image, brokerId) === undefined)
      return `The manual partition assignment includes broker ${brokerId}, but no such broker is registered.`;
    if (brokerId === sorted[i - 1])
      return `The manual partition assignment includes the broker ${brokerId} more than once.`;
  }
  if (replicationFactor !== undefined && replicas.length !== replicationFactor)
    return (
      `The manual partition assignment includes a partition with ${replicas.length} replica(s), but this is not ` +
      `consistent with previous partitions, which have ${replicationFactor} replica(s).`
    );
  return undefined;
};

/** Checks manually given replica lists one after the other; `firstPartition` numbers them in messages. */
export const checkReplicaLists = (
  image: MetadataImage,
  lists: readonly (readonly BrokerId[])[],
  firstPartition: number,
  replicationFactor: number | undefined,
): Assignment => {
  let expected = replicationFactor;
  for (const [i, replicas] of lists.entries()) {
    const reason = invalidReplicas(image, replicas, expected);
    if (reason !== undefined) return refused(ErrorCode.INVALID_REPLICA_ASSIGNMENT, reason);
    expected = replicas.length;
    if (!replicas.some((replica) => isActive(brokerById(image, replica))))
      return refused(
        ErrorCode.INVALID_REPLICA_ASSIGNMENT,
        `All brokers specified in the manual partition assignment for partition ${firstPartition + i} are fenced or in ` +
          'controlled shutdown.',
      );
  }
  return { kind: 'assigned', replicas: lists };
};

/** A broker with one directory will use it; with several it chooses and says so later (KIP-858). */
export const defaultDirectory = ({ directories }: BrokerImage): string =>
  directories.length === 1 ? (directories[0] ?? UNASSIGNED_DIRECTORY) : UNASSIGNED_DIRECTORY;

/** Records of new partitions: the serving replicas are in sync, the first of them leads. */
export const partitionRecords = (
  image: MetadataImage,
  topicId: TopicId,
  replicaLists: readonly (readonly BrokerId[])[],
  firstPartition: number,
): MetadataRecord[] => {
  const brokers = registeredBrokers(image);
  const active = new Set(brokers.filter(isActive).map(({ brokerId }) => brokerId));
  const directories = new Map(brokers.map((broker) => [broker.brokerId, defaultDirectory(broker)]));
  return replicaLists.map((replicas, i): MetadataRecord => {
    const isr = replicas.filter((replica) => active.has(replica));
    const leader = isr[0];
    assert(leader !== undefined, 'a new partition has a serving replica');
    return {
      kind: 'PartitionRecord',
      value: {
        partitionId: PartitionIndex(firstPartition + i),
        topicId,
        replicas,
        isr,
        removingReplicas: [],
        addingReplicas: [],
        leader,
        leaderRecoveryState: 0,
        leaderEpoch: LeaderEpoch(0),
        partitionEpoch: 0,
        directories: replicas.map((replica) => directories.get(replica) ?? UNASSIGNED_DIRECTORY),
        eligibleLeaderReplicas: null,
        lastKnownElr: null,
      },
    };
  });
};
