import type { Offset, PartitionIndex, TopicId } from '@kafkaesque/kernel';
import type { Partition, PartitionConfig } from '@kafkaesque/partition';
import type { Log, LogConfig } from '@kafkaesque/storage';
import type { TopicConfiguration } from '../configuration';
import type { TopicTraffic } from './traffic';

/** One partition that this broker holds: its rules, its log, and the topic they belong to. */
export interface Replica {
  readonly topicId: TopicId;
  readonly topic: string;
  readonly partition: PartitionIndex;
  readonly machine: Partition;
  /** Another one once the replica has moved to another log directory: to be asked for each time. */
  log: Log;
  readonly traffic: TopicTraffic;
  config: TopicConfiguration;
  /** Its log is being cut, or producer state read back: the rules may not be told a role meanwhile. */
  isLoading: boolean;
  /** The start found damage: what the log still holds can be read, and nothing is appended behind it. */
  isDamaged: boolean;
  /** Damage was found amid what it holds: everything else can be read, and appended behind it. */
  hasFlaw: boolean;
  /** It is suspect, and has been out of the in-sync set since: once it is in again, it has caught up with a leader. */
  hasLeftInSync: boolean;
  /** Where the log is to start, while that is being seen to. */
  raisingTo: Offset | undefined;
  /** Who looks after what this log says, where it is led and someone does: a coordinator. */
  watcher: ReplicaWatcher | undefined;
  /** Segments the log had when its producers were last kept in a snapshot. */
  snapshotSegments: number;
}

/** Told what the rules of one replica have come to. */
export interface ReplicaWatcher {
  /** The high watermark, or what is durable, has moved. */
  advanced(): void;
}

/** What the rules of a partition read of its broker's configuration. */
export type BrokerTimes = Pick<PartitionConfig, 'producerIdExpirationMs' | 'replicaLagTimeMaxMs'>;

/** What the rules of a partition read of its topic's configuration, and of its broker's. */
export const partitionConfig = (config: TopicConfiguration, times: BrokerTimes): PartitionConfig => ({
  maxMessageBytes: config.maxMessageBytes,
  messageTimestampType: config.messageTimestampType,
  messageTimestampBeforeMaxMs: config.messageTimestampBeforeMaxMs,
  messageTimestampAfterMaxMs: config.messageTimestampAfterMaxMs,
  compacted: config.cleanupPolicy.includes('compact'),
  deletes: config.cleanupPolicy.includes('delete'),
  minInsyncReplicas: config.minInsyncReplicas,
  compressionType: codecOf(config.compressionType),
  recordValidation: config.recordValidation === 'full' ? 'full' : 'headers',
  ...times,
  maxProducerIds: MAX_PRODUCER_IDS,
});

/** Most producers that one partition remembers; Kafka has no such bound, and its memory none either. */
const MAX_PRODUCER_IDS = 100_000;

const codecOf = (name: string): PartitionConfig['compressionType'] => {
  switch (name) {
    case 'uncompressed':
    case 'gzip':
    case 'snappy':
    case 'lz4':
    case 'zstd':
      return name;
    default:
      return 'producer';
  }
};

/** What a log reads of its topic's configuration. */
export const logConfig = (config: TopicConfiguration): LogConfig => ({
  flushPolicy: config.flushPolicy,
  cleanupPolicy: {
    delete: config.cleanupPolicy.includes('delete'),
    compact: config.cleanupPolicy.includes('compact'),
  },
  segmentBytes: config.segmentBytes,
  segmentMs: config.segmentMs,
  segmentJitterMs: config.segmentJitterMs,
  segmentIndexBytes: config.segmentIndexBytes,
  indexIntervalBytes: config.indexIntervalBytes,
  retentionMs: config.retentionMs,
  retentionBytes: config.retentionBytes,
  fileDeleteDelayMs: config.fileDeleteDelayMs,
  deleteRetentionMs: config.deleteRetentionMs,
  minCompactionLagMs: config.minCompactionLagMs,
});
