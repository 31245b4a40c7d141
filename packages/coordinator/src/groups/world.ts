import type { TopicId } from '@kafkaesque/kernel';

/** A topic as the assignors see it. */
export interface TopicView {
  readonly topicId: TopicId;
  readonly name: string;
  readonly partitionCount: number;
  /** Racks of a partition's replicas, without duplicates, in no order; empty where none is known. */
  racksOf(partition: number): readonly string[];
}

/** What may be set for one group, else for the broker; read anew at each decision. */
export interface GroupSettings {
  readonly consumerSessionTimeoutMs: number;
  readonly consumerHeartbeatIntervalMs: number;
  readonly consumerAssignmentIntervalMs: number;
  /** Whether somebody has set it: the default is the longest that a group waits, by its size. */
  readonly isAssignmentIntervalSet: boolean;
}

/** What holds for all groups of a broker; names are Kafka's. */
export interface CoordinatorSettings {
  /** `group.initial.rebalance.delay.ms` */
  readonly initialRebalanceDelayMs: number;
  /** `group.min.session.timeout.ms`, `group.max.session.timeout.ms` */
  readonly minSessionTimeoutMs: number;
  readonly maxSessionTimeoutMs: number;
  /** `group.max.size` */
  readonly maxSize: number;
  /** `group.consumer.max.size` */
  readonly consumerMaxSize: number;
  /** `group.coordinator.rebalance.protocols` */
  readonly protocols: readonly ('classic' | 'consumer')[];
  /** `group.consumer.assignors`, the default first. */
  readonly assignors: readonly string[];
  /** `group.consumer.migration.policy` */
  readonly migrationPolicy: 'disabled' | 'upgrade' | 'downgrade' | 'bidirectional';
  /** `group.consumer.regex.refresh.interval.ms` */
  readonly regexRefreshIntervalMs: number;
  /** `offset.metadata.max.bytes` */
  readonly offsetMetadataMaxBytes: number;
  /** `offsets.retention.minutes`, in milliseconds. */
  readonly offsetsRetentionMs: number;
  /** `offsets.retention.check.interval.ms` */
  readonly offsetsRetentionCheckIntervalMs: number;
}

/** All that the group rules see of the world. Injected; everything is as of now. */
export interface GroupWorld {
  topicByName(name: string): TopicView | undefined;
  topicById(topicId: TopicId): TopicView | undefined;
  /** Names of all topics, internal ones included. */
  topicNames(): Iterable<string>;
  /** Offset of the newest applied metadata: topics can only have changed when it has. */
  readonly metadataOffset: number;
  readonly settings: CoordinatorSettings;
  settingsOf(groupId: string): GroupSettings;
  /** A random UUID in Kafka's base64url spelling, for member ids. */
  uuid(): string;
  /** The same in the spelling of Java’s own class, with hyphens: ids of classic members end with one. */
  javaUuid(): string;
  /**
   * May this principal describe this topic? Asked for what a regular expression matches (KIP-848). `principal` is what
   * the request carried.
   */
  mayDescribeTopic(principal: Asker, topic: string): boolean;
  log(level: 'info' | 'warn', message: string, fields: Readonly<Record<string, unknown>>): void;
}

/** Who asks. */
export interface Asker {
  readonly clientId: string;
  /** As Kafka shows it: `/127.0.0.1`. */
  readonly clientHost: string;
  /** Opaque to the rules: goes back into `mayDescribeTopic`. */
  readonly principal: unknown;
}
