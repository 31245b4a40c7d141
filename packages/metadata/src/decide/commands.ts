import type {
  BrokerEpoch,
  BrokerId,
  LeaderEpoch,
  PartitionIndex,
  ProducerId,
  TopicId,
} from '@kafkaesque/kernel';
import type { ConfigResource } from '../image/metadata-image';
import type { Endpoint, SupportedFeature } from '../records';

/** An error of Kafka's table with the sentence that the client shows. */
export interface CommandError {
  readonly errorCode: number;
  readonly errorMessage: string | null;
}

/** One topic of CreateTopics, in the words of the request. */
export interface CreatableTopic {
  readonly name: string;
  /** -1: the default, or given by `assignments`. */
  readonly numPartitions: number;
  /** -1: the default, or given by `assignments`. */
  readonly replicationFactor: number;
  readonly assignments: readonly {
    readonly partitionIndex: number;
    readonly brokerIds: readonly BrokerId[];
  }[];
  readonly configs: readonly { readonly name: string; readonly value: string | null }[];
}

/** As CreateTopicsRequest, with the ids that the forwarding broker chose: the same id again is success. */
export interface CreateTopicsCommand {
  readonly kind: 'create-topics';
  readonly topics: readonly CreatableTopic[];
  readonly validateOnly: boolean;
  /** By topic name. A topic without one gets an id from the decision's random source. */
  readonly topicIds: ReadonlyMap<string, TopicId>;
  /** Set where it may have been carried out before: the metadata offset that its sender showed when it was first sent. */
  readonly repeatedSince?: number;
}

/** As one topic of CreateTopicsResponse. */
export interface CreateTopicResult extends CommandError {
  readonly name: string;
  readonly topicId: TopicId;
  readonly numPartitions: number;
  readonly replicationFactor: number;
  readonly configs: readonly EffectiveConfig[];
}

/** As one config of CreateTopicsResponse. */
export interface EffectiveConfig {
  readonly name: string;
  readonly value: string | null;
  readonly readOnly: boolean;
  /** Kafka's ConfigSource id. */
  readonly configSource: number;
  readonly isSensitive: boolean;
}

/** Names one topic by id or by name; when both are given the door has resolved the name to the id. */
export interface TopicToDelete {
  readonly name: string | null;
  /** ZERO_TOPIC_ID: by name. */
  readonly topicId: TopicId;
}

/** Deletes topics by name or id. */
export interface DeleteTopicsCommand {
  readonly kind: 'delete-topics';
  readonly topics: readonly TopicToDelete[];
  /** Whether this command may have been sent before: then an id that is gone counts as deleted. */
  readonly retried: boolean;
}

/** How one topic of DeleteTopics fared. The name is null when it was asked for by an id that is unknown. */
export interface DeleteTopicResult extends CommandError {
  readonly name: string | null;
  readonly topicId: TopicId;
}

/** As CreatePartitionsRequest: `count` is the new total. */
export interface CreatePartitionsCommand {
  readonly kind: 'create-partitions';
  readonly topics: readonly {
    readonly name: string;
    readonly count: number;
    /** One list per new partition; null: placed automatically. */
    readonly assignments: readonly { readonly brokerIds: readonly BrokerId[] }[] | null;
  }[];
  readonly validateOnly: boolean;
}

/** How one topic of CreatePartitions fared. */
export interface CreatePartitionsResult extends CommandError {
  readonly name: string;
}

/** Kafka's ids: SET 0, DELETE 1, APPEND 2, SUBTRACT 3. */
export interface ConfigOperation {
  readonly name: string;
  readonly configOperation: number;
  readonly value: string | null;
}

/** As IncrementalAlterConfigsRequest. */
export interface IncrementalAlterConfigsCommand {
  readonly kind: 'incremental-alter-configs';
  readonly resources: readonly {
    readonly resourceType: number;
    readonly resourceName: string;
    readonly configs: readonly ConfigOperation[];
  }[];
  readonly validateOnly: boolean;
}

/** As AlterConfigsRequest: the given values replace all overrides of the resource. */
export interface AlterConfigsCommand {
  readonly kind: 'alter-configs';
  readonly resources: readonly {
    readonly resourceType: number;
    readonly resourceName: string;
    readonly configs: readonly { readonly name: string; readonly value: string | null }[];
  }[];
  readonly validateOnly: boolean;
}

/** How one resource of AlterConfigs or IncrementalAlterConfigs fared. */
export interface AlterConfigsResult extends CommandError {
  readonly resourceType: number;
  readonly resourceName: string;
}

/** A broker has started and wants an epoch (KIP-631). It is fenced until it has caught up. */
export interface RegisterBrokerCommand {
  readonly kind: 'register-broker';
  readonly brokerId: BrokerId;
  readonly clusterId: string;
  /** UUID of this start of the process. */
  readonly incarnationId: string;
  readonly listeners: readonly Endpoint[];
  readonly features: readonly SupportedFeature[];
  readonly rack: string | null;
  readonly logDirs: readonly string[];
  /** The greatest epoch found in the log directories; -1: none found. */
  readonly previousBrokerEpoch: BrokerEpoch;
  /**
   * Whether the directories were left without a clean shutdown: what was only in the operating system's memory may be
   * gone, which concerns partitions whose `flush.policy` is `replication`.
   */
  readonly isUnclean?: boolean;
  /** Directories whose logs may be older than what they acknowledged, or are gone. */
  readonly distrustedDirs?: readonly string[];
  /** Whether the broker has directories that it could not open: nobody knows what is in them. */
  readonly hasDirsAway?: boolean;
  /** Whether another incarnation of this broker still holds its session, as the failure detector sees it. */
  readonly otherIncarnationAlive?: boolean;
}

/** A broker's session is over: it leads nothing and is in no in-sync set until it is unfenced. */
export interface FenceBrokerCommand {
  readonly kind: 'fence-broker';
  readonly brokerId: BrokerId;
  readonly brokerEpoch: BrokerEpoch;
}

/** A broker has caught up and may lead. */
export interface UnfenceBrokerCommand {
  readonly kind: 'unfence-broker';
  readonly brokerId: BrokerId;
  readonly brokerEpoch: BrokerEpoch;
}

/** A broker is about to leave: its leaderships go elsewhere first. */
export interface BeginControlledShutdownCommand {
  readonly kind: 'begin-controlled-shutdown';
  readonly brokerId: BrokerId;
  readonly brokerEpoch: BrokerEpoch;
}

/** What the active controller's sessions know of a broker that sends a heartbeat (`BrokerSessions.standing`). */
export interface HeartbeatStanding {
  /** Metadata offset at which its controlled shutdown was noted; undefined when this controller has not noted one. */
  readonly controlledShutdownOffset: number | undefined;
  /** Lowest metadata offset that a broker in service has reported; Infinity when there is none. */
  readonly lowestActiveOffset: number;
}

/** As BrokerHeartbeatRequest. */
export interface BrokerHeartbeatCommand {
  readonly kind: 'broker-heartbeat';
  readonly brokerId: BrokerId;
  readonly brokerEpoch: BrokerEpoch;
  /** The highest metadata offset that the broker has applied. */
  readonly currentMetadataOffset: number;
  readonly wantFence: boolean;
  readonly wantShutDown: boolean;
  /** Ids of log directories that failed. */
  readonly offlineLogDirs: readonly string[];
  readonly standing: HeartbeatStanding;
}

/** As BrokerHeartbeatResponse. */
export interface BrokerHeartbeatAnswer {
  /** Whether the broker has applied its own registration. */
  readonly isCaughtUp: boolean;
  readonly isFenced: boolean;
  /** Its leaderships go elsewhere; the sessions are told of the offset (`BrokerSessions.controlledShutdown`). */
  readonly inControlledShutdown: boolean;
  readonly shouldShutDown: boolean;
}

/** As AssignReplicasToDirsRequest (KIP-858): a broker says in which of its directories replicas are. */
export interface AssignReplicasToDirsCommand {
  readonly kind: 'assign-replicas-to-dirs';
  readonly brokerId: BrokerId;
  readonly brokerEpoch: BrokerEpoch;
  readonly directories: readonly {
    readonly id: string;
    readonly topics: readonly {
      readonly topicId: TopicId;
      readonly partitions: readonly { readonly partitionIndex: number }[];
    }[];
  }[];
}

/** As AssignReplicasToDirsResponse, without what concerns the request as a whole. */
export interface AssignReplicasToDirsAnswer {
  readonly directories: readonly {
    readonly id: string;
    readonly topics: readonly {
      readonly topicId: TopicId;
      readonly partitions: readonly { readonly partitionIndex: number; readonly errorCode: number }[];
    }[];
  }[];
}

/** As ControllerRegistrationRequest (KIP-919). */
export interface RegisterControllerCommand {
  readonly kind: 'register-controller';
  readonly controllerId: BrokerId;
  /** UUID of this start of the process. */
  readonly incarnationId: string;
  readonly listeners: readonly Endpoint[];
  readonly features: readonly SupportedFeature[];
}

/** A broker asks to lead these partitions again, in a new epoch, after a failed append; or says that its log is damaged. */
export interface RenewLeadershipCommand {
  readonly kind: 'renew-leadership';
  readonly brokerId: BrokerId;
  readonly brokerEpoch: BrokerEpoch;
  readonly partitions: readonly {
    readonly topicId: TopicId;
    readonly partition: PartitionIndex;
    /** The epoch in which it failed, or was found to be damaged. */
    readonly leaderEpoch: LeaderEpoch;
    /** What it has is damaged: another one is to lead, and this one is to be in sync only once it has begun anew. */
    readonly isDamaged: boolean;
  }[];
}

/** As AlterPartitionRequest (KIP-497, 903): a leader says whom it found in sync. */
export interface AlterPartitionCommand {
  readonly kind: 'alter-partition';
  /** The leader. */
  readonly brokerId: BrokerId;
  readonly brokerEpoch: BrokerEpoch;
  readonly topics: readonly {
    readonly topicId: TopicId;
    readonly partitions: readonly PartitionToAlter[];
  }[];
}

/** One partition of AlterPartition. */
export interface PartitionToAlter {
  readonly partitionIndex: number;
  readonly leaderEpoch: LeaderEpoch;
  /** Epoch -1: the leader does not know it, and it is not compared. */
  readonly newIsrWithEpochs: readonly { readonly brokerId: BrokerId; readonly brokerEpoch: BrokerEpoch }[];
  /** 0 recovered, 1 recovering from an unclean election. */
  readonly leaderRecoveryState: number;
  /** The epoch of the state that the leader would change. */
  readonly partitionEpoch: number;
}

/** As one partition of AlterPartitionResponse: its state after the change, or an error with zeros. */
export interface AlteredPartition {
  readonly partitionIndex: number;
  readonly errorCode: number;
  readonly leaderId: BrokerId;
  readonly leaderEpoch: LeaderEpoch;
  readonly isr: readonly BrokerId[];
  readonly leaderRecoveryState: number;
  readonly partitionEpoch: number;
}

/** As AlterPartitionResponse, without what concerns the request as a whole. */
export interface AlterPartitionAnswer {
  readonly topics: readonly {
    readonly topicId: TopicId;
    readonly partitions: readonly AlteredPartition[];
  }[];
}

/** As ElectLeadersRequest (KIP-460). */
export interface ElectLeadersCommand {
  readonly kind: 'elect-leaders';
  /** Kafka's ids: preferred 0, unclean 1. */
  readonly electionType: number;
  /** Null: all partitions, of which only those are answered that got another leader. */
  readonly topicPartitions:
    readonly { readonly topic: string; readonly partitions: readonly number[] }[] | null;
}

/** As ElectLeadersResponse, without what concerns the request as a whole. */
export interface ElectLeadersAnswer {
  readonly replicaElectionResults: readonly {
    readonly topic: string;
    readonly partitionResult: readonly (CommandError & { readonly partitionId: number })[];
  }[];
}

/** As AlterPartitionReassignmentsRequest (KIP-455). */
export interface AlterPartitionReassignmentsCommand {
  readonly kind: 'alter-partition-reassignments';
  readonly allowReplicationFactorChange: boolean;
  readonly topics: readonly {
    readonly name: string;
    readonly partitions: readonly {
      readonly partitionIndex: number;
      /** Where the partition is to be, in preferred order; null cancels what is under way. */
      readonly replicas: readonly BrokerId[] | null;
    }[];
  }[];
}

/** As AlterPartitionReassignmentsResponse, without what concerns the request as a whole. */
export interface AlterPartitionReassignmentsAnswer {
  readonly responses: readonly {
    readonly name: string;
    readonly partitions: readonly (CommandError & { readonly partitionIndex: number })[];
  }[];
}

/** Gives leaderships back to the first replicas of brokers that have too few of theirs. Given by the controller itself. */
export interface BalanceLeadersCommand {
  readonly kind: 'balance-leaders';
  /** `leader.imbalance.per.broker.percentage`. */
  readonly imbalancePercentage: number;
}

/** Elects leaders where nobody leads, and the topic allows an unclean election. Given by the controller itself. */
export interface ElectUncleanLeadersCommand {
  readonly kind: 'elect-unclean-leaders';
}

/** How many leaders the controller has elected of its own accord, in the last batch. */
export interface ElectionsAnswer {
  readonly elections: number;
}

/** A broker is gone for good, and its registration with it. */
export interface UnregisterBrokerCommand {
  readonly kind: 'unregister-broker';
  readonly brokerId: BrokerId;
}

/** Asks for the next block of producer ids (KIP-730). A stale broker epoch is refused. */
export interface AllocateProducerIdsCommand {
  readonly kind: 'allocate-producer-ids';
  readonly brokerId: BrokerId;
  readonly brokerEpoch: BrokerEpoch;
}

/** As UpdateFeaturesRequest. */
export interface UpdateFeaturesCommand {
  readonly kind: 'update-features';
  readonly updates: readonly {
    readonly feature: string;
    readonly maxVersionLevel: number;
    /** Kafka's ids: UPGRADE 1, SAFE_DOWNGRADE 2, UNSAFE_DOWNGRADE 3. */
    readonly upgradeType: number;
  }[];
  readonly validateOnly: boolean;
}

/** Writes the facts a new cluster begins with; decides nothing when they are there. */
export interface BootstrapCommand {
  readonly kind: 'bootstrap';
  /** Levels that differ from the defaults of this release. */
  readonly features: ReadonlyMap<string, number>;
}

/** Writes down the hash of the state, for every node to compare with its own (R14). */
export interface CheckStateCommand {
  readonly kind: 'check-state';
}

/** Everything that can be asked of the controller. */
export type Command =
  | CreateTopicsCommand
  | DeleteTopicsCommand
  | CreatePartitionsCommand
  | IncrementalAlterConfigsCommand
  | AlterConfigsCommand
  | RegisterBrokerCommand
  | RegisterControllerCommand
  | BrokerHeartbeatCommand
  | AssignReplicasToDirsCommand
  | FenceBrokerCommand
  | UnfenceBrokerCommand
  | BeginControlledShutdownCommand
  | RenewLeadershipCommand
  | AlterPartitionCommand
  | ElectLeadersCommand
  | AlterPartitionReassignmentsCommand
  | BalanceLeadersCommand
  | ElectUncleanLeadersCommand
  | UnregisterBrokerCommand
  | AllocateProducerIdsCommand
  | UpdateFeaturesCommand
  | CheckStateCommand
  | BootstrapCommand;

/** What each command answers once its records are committed. */
export interface CommandResponses {
  readonly 'create-topics': { readonly topics: readonly CreateTopicResult[] };
  readonly 'delete-topics': { readonly responses: readonly DeleteTopicResult[] };
  readonly 'create-partitions': { readonly results: readonly CreatePartitionsResult[] };
  readonly 'incremental-alter-configs': { readonly responses: readonly AlterConfigsResult[] };
  readonly 'alter-configs': { readonly responses: readonly AlterConfigsResult[] };
  readonly 'register-broker': { readonly brokerEpoch: BrokerEpoch };
  readonly 'register-controller': Readonly<Record<string, never>>;
  readonly 'broker-heartbeat': BrokerHeartbeatAnswer;
  readonly 'assign-replicas-to-dirs': AssignReplicasToDirsAnswer;
  readonly 'fence-broker': Readonly<Record<string, never>>;
  readonly 'unfence-broker': Readonly<Record<string, never>>;
  readonly 'begin-controlled-shutdown': Readonly<Record<string, never>>;
  readonly 'renew-leadership': Readonly<Record<string, never>>;
  readonly 'alter-partition': AlterPartitionAnswer;
  readonly 'elect-leaders': ElectLeadersAnswer;
  readonly 'alter-partition-reassignments': AlterPartitionReassignmentsAnswer;
  readonly 'balance-leaders': ElectionsAnswer;
  readonly 'elect-unclean-leaders': ElectionsAnswer;
  readonly 'unregister-broker': Readonly<Record<string, never>>;
  readonly 'allocate-producer-ids': { readonly producerIdStart: ProducerId; readonly producerIdLen: number };
  readonly 'update-features': { readonly results: readonly (CommandError & { readonly feature: string })[] };
  readonly 'check-state': Readonly<Record<string, never>>;
  readonly bootstrap: Readonly<Record<string, never>>;
}

/** The settings of a topic that decide about its replicas. */
export interface ReplicationConfigs {
  /** `min.insync.replicas`. */
  readonly minInsyncReplicas: number;
  /** `unclean.leader.election.enable`. */
  readonly allowsUncleanElection: boolean;
  /** `flush.policy`: `ack` flushes records before they are acknowledged, `replication` later. */
  readonly flushPolicy: 'ack' | 'replication';
}

/** What the controller asks about configuration keys; the server supplies it from its one table of keys. */
export interface ConfigView {
  /**
   * Why these overrides are not allowed on that resource, in Kafka's words, INVALID_CONFIG unless another code comes with
   * them; undefined when they are.
   */
  validate(
    resource: ConfigResource,
    overrides: ReadonlyMap<string, string>,
  ): string | (CommandError & { readonly errorMessage: string }) | undefined;
  /** Whether APPEND and SUBTRACT apply. */
  isList(resource: ConfigResource, name: string): boolean;
  /** The value in force when nothing is set on the resource: what APPEND and SUBTRACT start from. */
  defaultValue(resource: ConfigResource, name: string): string | undefined;
  /** All configs of a topic with these overrides, for the answer to its creation. */
  effectiveTopicConfigs(overrides: ReadonlyMap<string, string>): readonly EffectiveConfig[];
  /** What is in force for a topic with these overrides, where those of all brokers are `cluster`. */
  replication(
    overrides: ReadonlyMap<string, string>,
    cluster: ReadonlyMap<string, string>,
  ): ReplicationConfigs;
}
