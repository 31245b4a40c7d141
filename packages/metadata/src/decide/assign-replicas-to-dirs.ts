import type { BrokerId, TopicId } from '@kafkaesque/kernel';
import { ErrorCode } from '@kafkaesque/protocol';
import { changedPartition } from '../delta/partition-change';
import { isOnlineDirectory } from '../image/directory-id';
import { topicById } from '../image/lookups';
import type { PartitionImage } from '../image/metadata-image';
import type { MetadataRecord, PartitionChangeRecord } from '../records';
import { currentBroker } from './brokers';
import type { AssignReplicasToDirsAnswer, AssignReplicasToDirsCommand } from './commands';
import type { Decision, DecisionContext } from './decision';
import type { Brokers } from './elections';
import { brokersOf, partitionElection } from './elections';
import { unchanged } from './next-partition';
import type { ElectionContext, ReplicationRules } from './replication-rules';
import { replicationRules } from './replication-rules';

/** The partitions that one command assigns, each as it is after what the command says of it. */
class Assignments {
  readonly records: MetadataRecord[] = [];
  readonly #context: ElectionContext;
  readonly #rulesOf: (topicId: TopicId) => ReplicationRules;
  readonly #brokers: Brokers;
  readonly #brokerId: BrokerId;
  readonly #online: readonly string[];
  readonly #after = new Map<string, PartitionImage>();

  constructor(context: ElectionContext, brokerId: BrokerId, online: readonly string[]) {
    this.#context = context;
    this.#rulesOf = replicationRules(context);
    this.#brokers = brokersOf(context.image);
    this.#brokerId = brokerId;
    this.#online = online;
  }

  /** Puts the broker's replica into a directory; an error of Kafka's table. */
  assign(topicId: TopicId, partitionIndex: number, directory: string): number {
    const topic = topicById(this.#context.image, topicId);
    if (topic === undefined) return ErrorCode.UNKNOWN_TOPIC_ID;
    const key = `${topicId}-${partitionIndex}`;
    const before = this.#after.get(key) ?? topic.partitions.get(partitionIndex);
    if (before === undefined) return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
    const at = before.replicas.indexOf(this.#brokerId);
    if (at < 0) return ErrorCode.NOT_LEADER_OR_FOLLOWER;
    const value = this.#changed(topicId, before, before.directories.with(at, directory), directory);
    if (value === undefined) return ErrorCode.NONE;
    this.records.push({ kind: 'PartitionChangeRecord', value });
    this.#after.set(key, changedPartition(before, value));
    return ErrorCode.NONE;
  }

  /** Where the replica is may decide who leads: a directory that failed takes it out, one that serves brings it back. */
  #changed(
    topicId: TopicId,
    before: PartitionImage,
    directories: readonly string[],
    directory: string,
  ): PartitionChangeRecord | undefined {
    const isOnline = isOnlineDirectory(directory, this.#online);
    const election = partitionElection(
      this.#brokers,
      topicId,
      { ...before, directories },
      this.#rulesOf(topicId),
      isOnline ? undefined : { kind: 'leaving', brokerId: this.#brokerId },
    );
    const isMoved = directories.some((one, i) => one !== before.directories[i]);
    if (election === undefined && !isMoved) return undefined;
    return { ...(election ?? unchanged(topicId, before)), directories: isMoved ? directories : null };
  }
}

/** AssignReplicasToDirs (KIP-858): each partition succeeds or fails by itself. */
export const decideAssignReplicasToDirs = (
  command: AssignReplicasToDirsCommand,
  context: DecisionContext,
): Decision<AssignReplicasToDirsAnswer> => {
  const found = currentBroker(context.image, command.brokerId, command.brokerEpoch);
  if (found.kind === 'refused') return found;
  const assignments = new Assignments(context, command.brokerId, found.broker.directories);
  const directories = command.directories.map(({ id, topics }) => ({
    id,
    topics: topics.map(({ topicId, partitions }) => ({
      topicId,
      partitions: partitions.map(({ partitionIndex }) => ({
        partitionIndex,
        errorCode: assignments.assign(topicId, partitionIndex, id),
      })),
    })),
  }));
  return { kind: 'decided', records: assignments.records, response: { directories } };
};
