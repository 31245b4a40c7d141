import type { BrokerId, PartitionIndex, TopicId } from '@kafkaesque/kernel';
import { changedPartition } from '../delta/partition-change';
import { partitionOf } from '../image/lookups';
import type { PartitionImage } from '../image/metadata-image';
import type { MetadataRecord, PartitionChangeRecord } from '../records';
import type { Brokers } from './elections';
import { brokersOf, surroundings } from './elections';
import type { PartitionTarget } from './next-partition';
import { nextPartition } from './next-partition';
import type { ElectionContext, ReplicationRules } from './replication-rules';
import { replicationRules } from './replication-rules';

/** The partitions that one command changes, each as it is after what the command says of it, and the records of that. */
export class PartitionDrafts {
  readonly records: MetadataRecord[] = [];
  readonly rulesOf: (topicId: TopicId) => ReplicationRules;
  readonly #context: ElectionContext;
  readonly #brokers: Brokers;
  readonly #after = new Map<string, PartitionImage>();

  constructor(context: ElectionContext) {
    this.#context = context;
    this.#brokers = brokersOf(context.image);
    this.rulesOf = replicationRules(context);
  }

  partition(topicId: TopicId, index: PartitionIndex): PartitionImage | undefined {
    return this.#after.get(`${topicId}-${index}`) ?? partitionOf(this.#context.image, topicId, index);
  }

  /** Whether a replica may lead, or be in sync: its broker serves, and so does its directory. */
  serves(topicId: TopicId, partition: PartitionImage, replica: BrokerId): boolean {
    return surroundings(this.#brokers, partition, this.rulesOf(topicId)).serves(replica);
  }

  /** What `change` would record. */
  next(
    topicId: TopicId,
    partition: PartitionImage,
    target: PartitionTarget,
  ): PartitionChangeRecord | undefined {
    const rules = this.rulesOf(topicId);
    return nextPartition(topicId, partition, target, surroundings(this.#brokers, partition, rules));
  }

  /** Records a change; the partition as it is then. */
  record(partition: PartitionImage, value: PartitionChangeRecord): PartitionImage {
    const after = changedPartition(partition, value);
    this.records.push({ kind: 'PartitionChangeRecord', value });
    this.#after.set(`${value.topicId}-${value.partitionId}`, after);
    return after;
  }

  /** Takes a partition to what it is to become; the partition as it is then. */
  change(topicId: TopicId, partition: PartitionImage, target: PartitionTarget): PartitionImage {
    const value = this.next(topicId, partition, target);
    return value === undefined ? partition : this.record(partition, value);
  }
}
