import type {
  BrokerEpoch,
  BrokerId,
  LeaderEpoch,
  PartitionIndex,
  ProducerId,
  TopicId,
} from '@kafkaesque/kernel';

/** Where a broker can be reached under one listener name. */
export interface Endpoint {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /** Kafka's id: 0 PLAINTEXT, 1 SSL, 2 SASL_PLAINTEXT, 3 SASL_SSL. */
  readonly securityProtocol: number;
}

/** The levels of one feature that a broker can work with. */
export interface SupportedFeature {
  readonly name: string;
  readonly minSupportedVersion: number;
  readonly maxSupportedVersion: number;
}

export interface RegisterBrokerRecord {
  readonly brokerId: BrokerId;
  readonly incarnationId: string;
  readonly brokerEpoch: BrokerEpoch;
  readonly endPoints: readonly Endpoint[];
  readonly features: readonly SupportedFeature[];
  readonly rack: string | null;
  readonly fenced: boolean;
  readonly inControlledShutdown: boolean;
  /** Directory ids as base64url UUIDs. */
  readonly logDirs: readonly string[];
}

export interface UnregisterBrokerRecord {
  readonly brokerId: BrokerId;
  readonly brokerEpoch: BrokerEpoch;
}

export interface BrokerRegistrationChangeRecord {
  readonly brokerId: BrokerId;
  readonly brokerEpoch: BrokerEpoch;
  /** -1 unfenced, 0 no change, 1 fenced. */
  readonly fenced: number;
  /** 0 no change, 1 in controlled shutdown. */
  readonly inControlledShutdown: number;
  /** Empty: no change. */
  readonly logDirs: readonly string[];
}

export interface TopicRecord {
  readonly name: string;
  readonly topicId: TopicId;
}

export interface RemoveTopicRecord {
  readonly topicId: TopicId;
}

export interface PartitionRecord {
  readonly partitionId: PartitionIndex;
  readonly topicId: TopicId;
  readonly replicas: readonly BrokerId[];
  readonly isr: readonly BrokerId[];
  readonly removingReplicas: readonly BrokerId[];
  readonly addingReplicas: readonly BrokerId[];
  readonly leader: BrokerId;
  readonly leaderRecoveryState: number;
  readonly leaderEpoch: LeaderEpoch;
  readonly partitionEpoch: number;
  readonly directories: readonly string[];
  readonly eligibleLeaderReplicas: readonly BrokerId[] | null;
  readonly lastKnownElr: readonly BrokerId[] | null;
}

/** What changed in one partition; null, -2 (leader) and -1 (recovery state) mean "as before". */
export interface PartitionChangeRecord {
  readonly partitionId: PartitionIndex;
  readonly topicId: TopicId;
  readonly isr: readonly BrokerId[] | null;
  readonly leader: BrokerId;
  readonly replicas: readonly BrokerId[] | null;
  readonly removingReplicas: readonly BrokerId[] | null;
  readonly addingReplicas: readonly BrokerId[] | null;
  readonly leaderRecoveryState: number;
  readonly directories: readonly string[] | null;
  readonly eligibleLeaderReplicas: readonly BrokerId[] | null;
  readonly lastKnownElr: readonly BrokerId[] | null;
}

export interface ConfigRecord {
  readonly resourceType: number;
  readonly resourceName: string;
  readonly name: string;
  /** Null deletes the override. */
  readonly value: string | null;
}

export interface FeatureLevelRecord {
  readonly name: string;
  readonly featureLevel: number;
}

export interface ProducerIdsRecord {
  readonly brokerId: BrokerId;
  readonly brokerEpoch: BrokerEpoch;
  /** The first id that has not been handed out. */
  readonly nextProducerId: ProducerId;
}

/** One fact of the cluster, under Kafka's record name. A batch of them is decided, stored and applied as one. */
export type MetadataRecord =
  | { readonly kind: 'RegisterBrokerRecord'; readonly value: RegisterBrokerRecord }
  | { readonly kind: 'UnregisterBrokerRecord'; readonly value: UnregisterBrokerRecord }
  | { readonly kind: 'BrokerRegistrationChangeRecord'; readonly value: BrokerRegistrationChangeRecord }
  | { readonly kind: 'TopicRecord'; readonly value: TopicRecord }
  | { readonly kind: 'RemoveTopicRecord'; readonly value: RemoveTopicRecord }
  | { readonly kind: 'PartitionRecord'; readonly value: PartitionRecord }
  | { readonly kind: 'PartitionChangeRecord'; readonly value: PartitionChangeRecord }
  | { readonly kind: 'ConfigRecord'; readonly value: ConfigRecord }
  | { readonly kind: 'FeatureLevelRecord'; readonly value: FeatureLevelRecord }
  | { readonly kind: 'ProducerIdsRecord'; readonly value: ProducerIdsRecord }
  | { readonly kind: 'NoOpRecord'; readonly value: Readonly<Record<string, never>> };
