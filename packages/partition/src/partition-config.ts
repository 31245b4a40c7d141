import type { Codec } from '@kafkaesque/protocol';

/** What a partition machine needs of its topic's configuration. Kafka's keys, resolved by the server. */
export interface PartitionConfig {
  /** `max.message.bytes`: the largest batch, in bytes as stored. */
  readonly maxMessageBytes: number;
  /** `message.timestamp.type`. */
  readonly messageTimestampType: 'CreateTime' | 'LogAppendTime';
  /** `message.timestamp.before.max.ms`: how far behind the wall clock a CreateTime may lie. */
  readonly messageTimestampBeforeMaxMs: number;
  /** `message.timestamp.after.max.ms`: how far ahead of the wall clock a CreateTime may lie. */
  readonly messageTimestampAfterMaxMs: number;
  /** `cleanup.policy` contains `compact`: every record needs a key. */
  readonly compacted: boolean;
  /** `cleanup.policy` contains `delete`; a topic that is only compacted refuses DeleteRecords. */
  readonly deletes: boolean;
  /** `min.insync.replicas`; never more than there are replicas is asked for. */
  readonly minInsyncReplicas: number;
  /** `replica.lag.time.max.ms`: how long a follower may not have been caught up and still be in sync. */
  readonly replicaLagTimeMaxMs: number;
  /** `compression.type`; `producer` keeps each batch as it came. */
  readonly compressionType: 'producer' | 'uncompressed' | Exclude<Codec, 'none'>;
  /** `record.validation`: `full` opens compressed batches too. */
  readonly recordValidation: 'headers' | 'full';
  /** `producer.id.expiration.ms`: idle time after which a producer's sequence is forgotten. */
  readonly producerIdExpirationMs: number;
  /** Most producer ids remembered for one partition; beyond it the one idle for longest is forgotten. */
  readonly maxProducerIds: number;
}

/** Kafka 4.3's defaults. */
export const defaultPartitionConfig: PartitionConfig = {
  maxMessageBytes: 1_048_588,
  messageTimestampType: 'CreateTime',
  messageTimestampBeforeMaxMs: Number.MAX_SAFE_INTEGER,
  messageTimestampAfterMaxMs: 3_600_000,
  compacted: false,
  deletes: true,
  minInsyncReplicas: 1,
  replicaLagTimeMaxMs: 10_000,
  compressionType: 'producer',
  recordValidation: 'headers',
  producerIdExpirationMs: 86_400_000,
  maxProducerIds: 100_000,
};
