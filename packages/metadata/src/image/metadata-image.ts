import type {
  BrokerEpoch,
  BrokerId,
  LeaderEpoch,
  PartitionIndex,
  ProducerId,
  TopicId,
} from '@kafkaesque/kernel';
import type { Endpoint, SupportedFeature } from '../records';
import type { PersistentMap } from './persistent-map';
import type { PersistentVector } from './persistent-vector';
import type { ReplicaIndex } from './replica-index';
import type { RemovedTopics } from './removed-topics';
import type { StateSum } from './state-hash';

/** One partition as the committed metadata has it. Never changed: a change makes a new object. */
export interface PartitionImage {
  readonly partition: PartitionIndex;
  /** In preferred order. */
  readonly replicas: readonly BrokerId[];
  /** Directory of each replica, in the order of `replicas`. */
  readonly directories: readonly string[];
  readonly isr: readonly BrokerId[];
  /** -1: none. */
  readonly leader: BrokerId;
  readonly leaderEpoch: LeaderEpoch;
  readonly partitionEpoch: number;
  /** 0 recovered, 1 recovering from an unclean election. */
  readonly leaderRecoveryState: number;
  readonly addingReplicas: readonly BrokerId[];
  readonly removingReplicas: readonly BrokerId[];
  readonly eligibleLeaderReplicas: readonly BrokerId[];
  readonly lastKnownElr: readonly BrokerId[];
}

/** A topic and its partitions. */
export interface TopicImage {
  readonly topicId: TopicId;
  readonly name: string;
  /** Indexed by partition: partition numbers are 0 to count − 1. */
  readonly partitions: PersistentVector<PartitionImage>;
}

/** A registered broker. */
export interface BrokerImage {
  readonly brokerId: BrokerId;
  readonly epoch: BrokerEpoch;
  /**
   * The epoch that was shown and believed at this registration, until it is unfenced for the first time: the broker may
   * have died before it recorded its new one. -1 when there is none.
   */
  readonly provedEpoch: BrokerEpoch;
  readonly incarnationId: string;
  /** Keyed by listener name. */
  readonly endpoints: ReadonlyMap<string, Endpoint>;
  readonly features: readonly SupportedFeature[];
  readonly rack: string | null;
  readonly fenced: boolean;
  readonly inControlledShutdown: boolean;
  readonly directories: readonly string[];
}

/** A registered controller (KIP-919). */
export interface ControllerImage {
  readonly controllerId: BrokerId;
  readonly incarnationId: string;
  /** Keyed by listener name. */
  readonly endpoints: ReadonlyMap<string, Endpoint>;
  readonly features: readonly SupportedFeature[];
}

/** Kafka's resource types: TOPIC 2, BROKER 4, BROKER_LOGGER 8, CLIENT_METRICS 16, GROUP 32. */
export type ConfigResourceType = 2 | 4 | 8 | 16 | 32;

/** What a configuration belongs to. Of type BROKER, the empty name is the default for all brokers. */
export interface ConfigResource {
  readonly type: ConfigResourceType;
  readonly name: string;
}

/**
 * All that is known about the cluster as of one metadata offset. Immutable; successive images share everything that
 * did not change, so "unchanged" can be asked with `===`.
 */
export interface MetadataImage {
  /** Index of the last applied batch; -1 before the first. */
  readonly offset: number;
  /** Term in which that batch was written. */
  readonly epoch: number;
  /** Finalized levels by feature name; an absent feature is at level 0. */
  readonly features: PersistentMap<number>;
  readonly topicsById: PersistentMap<TopicImage>;
  readonly topicIdsByName: PersistentMap<TopicId>;
  /** Names that contain `.` or `_`, by the name with `_` for `.`: what metric names cannot tell apart. */
  readonly topicNamesByMetricName: PersistentMap<string>;
  /** Keyed by the broker id in decimal digits. */
  readonly brokers: PersistentMap<BrokerImage>;
  /** Keyed by the controller's node id in decimal digits. */
  readonly controllers: PersistentMap<ControllerImage>;
  /** Overrides keyed by `configKey(resource)`. */
  readonly configs: PersistentMap<ConfigOverrides>;
  /** The first producer id that no block has covered yet. */
  readonly nextProducerId: ProducerId;
  /**
   * Offset of the last batch that removed a topic, or of the snapshot that this came from, which does not tell. No fact,
   * and not the same on all nodes: whoever finds a topic missing asks whether it may have been there.
   */
  readonly topicRemovedAt: number;
  /** The topics that were removed last; a memory, and no part of `stateSum`. */
  readonly removedTopics: RemovedTopics;
  /** What each broker holds and leads; follows from the topics. */
  readonly replicas: ReplicaIndex;
  /** Sum over all facts; see `stateHash`. */
  readonly stateSum: StateSum;
}

/** The values set on one resource, by name. */
export interface ConfigOverrides {
  readonly resource: ConfigResource;
  readonly values: PersistentMap<string>;
}
