import type { BrokerId, LeaderEpoch, Offset, TopicId } from '@kafkaesque/kernel';
import type { ListedOffset, OffsetSpec } from '../cluster/offset-lookup';
import type { ClientError } from '../errors';
import type { TopicPartition } from '../records';
import type { Capabilities, NodeAddress } from '../wire/wire';
import type { GroupAdmin } from './group-admin';
import type { PartitionAdmin } from './partition-admin';
import type { QuorumAdmin } from './quorum-admin';

/** Bounds of one call of the admin. */
export interface CallOptions {
  /** Milliseconds for the whole call, retries included. Default: the admin's `apiTimeoutMs`. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A topic to be created. Either counts or `assignments`; what is absent is the broker's default (KIP-464). */
export interface NewTopic {
  readonly name: string;
  /** The cluster's default when absent. Not together with `assignments`. */
  readonly partitions?: number | undefined;
  readonly replicationFactor?: number | undefined;
  /** Replicas of each partition, the preferred leader first. */
  readonly assignments?: readonly (readonly number[])[] | undefined;
  readonly configs?: Readonly<Record<string, string | null>> | undefined;
}

/** One thing of many that were asked for together: each succeeds or fails on its own. */
export type Outcome<Key, Value> =
  | { readonly kind: 'done'; readonly key: Key; readonly value: Value }
  | { readonly kind: 'failed'; readonly key: Key; readonly error: ClientError };

/** What a new topic got, defaults included. */
export interface CreatedTopic {
  readonly topicId: TopicId;
  readonly partitions: number;
  readonly replicationFactor: number;
}

/** A topic as a listing shows it. */
export interface TopicListing {
  readonly name: string;
  readonly topicId: TopicId;
  readonly internal: boolean;
}

/** One partition as its cluster sees it now. */
export interface PartitionDescription {
  readonly partition: number;
  /** -1 when there is none. */
  readonly leader: BrokerId;
  readonly leaderEpoch: LeaderEpoch;
  readonly replicas: readonly BrokerId[];
  readonly isr: readonly BrokerId[];
  readonly offlineReplicas: readonly BrokerId[];
  /** Undefined when the broker cannot tell (it does not offer DescribeTopicPartitions). */
  readonly eligibleLeaders: readonly BrokerId[] | undefined;
  readonly lastKnownEligibleLeaders: readonly BrokerId[] | undefined;
}

/** A topic with its partitions, by ascending number. */
export interface TopicDescription {
  readonly name: string;
  readonly topicId: TopicId;
  readonly internal: boolean;
  readonly partitions: readonly PartitionDescription[];
}

/** What can have a configuration, in the words of `kafka-configs`. */
export type ConfigResourceType = 'topic' | 'broker' | 'broker-logger' | 'client-metrics' | 'group';

/** What a configuration belongs to. A broker is named by its id; the empty name means all brokers. */
export interface ConfigResource {
  readonly type: ConfigResourceType;
  readonly name: string;
}

/** One configuration key as the broker describes it (KIP-226). */
export interface ConfigEntry {
  readonly name: string;
  /** Null when unset or sensitive. */
  readonly value: string | null;
  /** Kafka's number: 1 topic, 2 dynamic broker, 3 dynamic cluster default, 4 static broker, 5 default … */
  readonly source: number;
  readonly readOnly: boolean;
  readonly sensitive: boolean;
  readonly synonyms: readonly {
    readonly name: string;
    readonly value: string | null;
    readonly source: number;
  }[];
  readonly type: number;
  readonly documentation: string | null;
}

/**
 * One step of IncrementalAlterConfigs (KIP-339). `append` and `subtract` are for lists; `delete` goes back to the
 * default.
 */
export interface ConfigChange {
  readonly name: string;
  readonly operation: 'set' | 'delete' | 'append' | 'subtract';
  readonly value: string | null;
}

/** All overrides a resource shall have: what is not named goes back to its default. */
export interface ConfigReplacement {
  readonly resource: ConfigResource;
  readonly configs: Readonly<Record<string, string>>;
}

/** Up to where one partition's records shall go. */
export interface RecordsToDelete extends TopicPartition {
  /** Everything below goes; -1: everything below the high watermark. */
  readonly beforeOffset: number;
}

/** The room that one replica takes in a log directory. */
export interface ReplicaSize extends TopicPartition {
  readonly sizeBytes: number;
  /** How far the replica is behind: of a future replica behind the current one, otherwise behind the high watermark. */
  readonly offsetLag: number;
  /** It is being moved here from another directory. */
  readonly future: boolean;
}

/** One entry of a broker's `log.dirs`, with its space and what lies in it (KIP-113). */
export interface LogDirectoryDescription {
  /** Absolute, on the broker. */
  readonly path: string;
  /** Why nothing more can be said, such as KAFKA_STORAGE_ERROR for a directory that is offline. */
  readonly error: ClientError | undefined;
  /** Of its file system; undefined when the broker does not tell (KIP-827). */
  readonly totalBytes: number | undefined;
  readonly usableBytes: number | undefined;
  /** No new partition is placed here (KIP-1066). */
  readonly cordoned: boolean;
  readonly replicas: readonly ReplicaSize[];
}

/** A producer that a partition remembers (KIP-664). */
export interface ActiveProducer {
  readonly producerId: number;
  readonly producerEpoch: number;
  /** -1 before any. */
  readonly lastSequence: number;
  /** Milliseconds; -1 when unknown. */
  readonly lastTimestampMs: number;
  /** Undefined: it has written no transaction here. */
  readonly coordinatorEpoch: number | undefined;
  readonly currentTransactionStartOffset: Offset | undefined;
}

/** A broker or a controller; a fenced broker is registered but does not serve. */
export interface DescribedNode extends NodeAddress {
  readonly fenced: boolean;
}

/** Who is in the cluster: DescribeCluster's answer. */
export interface ClusterDescription {
  readonly clusterId: string;
  readonly controllerId: BrokerId;
  readonly nodes: readonly DescribedNode[];
}

/** Administration of a cluster. Calls fail as a whole with ClientError; single things fail as outcomes. */
export interface Admin extends QuorumAdmin, PartitionAdmin, GroupAdmin, AsyncDisposable {
  /** Creates topics. With `validateOnly` nothing is created, and the answer says what would be. */
  createTopics(
    topics: readonly NewTopic[],
    options?: CallOptions & { readonly validateOnly?: boolean },
  ): Promise<readonly Outcome<string, CreatedTopic>[]>;
  /** Deletes topics with all their records. */
  deleteTopics(
    names: readonly string[],
    options?: CallOptions,
  ): Promise<readonly Outcome<string, undefined>[]>;
  /** All topics that may be described, by name; internal ones only when asked for. */
  listTopics(
    options?: CallOptions & { readonly includeInternal?: boolean },
  ): Promise<readonly TopicListing[]>;
  /** Partitions of topics by name. `partitionLimit` bounds one answer of the broker, not the result (KIP-966). */
  describeTopics(
    names: readonly string[],
    options?: CallOptions & { readonly partitionLimit?: number },
  ): Promise<readonly Outcome<string, TopicDescription>[]>;
  /** Partitions of topics by id (KIP-516). */
  describeTopicsById(
    ids: readonly TopicId[],
    options?: CallOptions,
  ): Promise<readonly Outcome<TopicId, TopicDescription>[]>;
  /** Raises the number of partitions to `total`, by topic name (KIP-195). */
  createPartitions(
    counts: Readonly<
      Record<
        string,
        { readonly total: number; readonly assignments?: readonly (readonly number[])[] | undefined }
      >
    >,
    options?: CallOptions & { readonly validateOnly?: boolean },
  ): Promise<readonly Outcome<string, undefined>[]>;
  /** All keys of each resource with their values and where these come from (KIP-133, 226). */
  describeConfigs(
    resources: readonly ConfigResource[],
    options?: CallOptions & { readonly synonyms?: boolean; readonly documentation?: boolean },
  ): Promise<readonly Outcome<ConfigResource, readonly ConfigEntry[]>[]>;
  /** Changes single keys and leaves the others as they are (KIP-339). */
  incrementalAlterConfigs(
    changes: readonly { readonly resource: ConfigResource; readonly changes: readonly ConfigChange[] }[],
    options?: CallOptions & { readonly validateOnly?: boolean },
  ): Promise<readonly Outcome<ConfigResource, undefined>[]>;
  /** AlterConfigs, the older form: replaces all overrides. Prefer `incrementalAlterConfigs`, which names what changes. */
  alterConfigs(
    replacements: readonly ConfigReplacement[],
    options?: CallOptions & { readonly validateOnly?: boolean },
  ): Promise<readonly Outcome<ConfigResource, undefined>[]>;
  /**
   * Resources that have configs of their own, of these types or of all (KIP-1142). Brokers before 4.1 know only client
   * metrics: asking them for anything else fails with kind `unsupported`.
   */
  listConfigResources(
    types?: readonly ConfigResourceType[],
    options?: CallOptions,
  ): Promise<readonly ConfigResource[]>;
  /** Raises log starts; each is answered with the partition's new first offset. */
  deleteRecords(
    targets: readonly RecordsToDelete[],
    options?: CallOptions,
  ): Promise<readonly Outcome<TopicPartition, { readonly lowWatermark: Offset }>[]>;
  /** Directories, space and replica sizes of each broker. */
  describeLogDirs(
    brokers: readonly BrokerId[],
    options?: CallOptions,
  ): Promise<readonly Outcome<BrokerId, readonly LogDirectoryDescription[]>[]>;
  /** Producers each partition remembers, asked of its leader, or of `broker` for all of them. */
  describeProducers(
    partitions: readonly TopicPartition[],
    options?: CallOptions & { readonly broker?: BrokerId },
  ): Promise<readonly Outcome<TopicPartition, readonly ActiveProducer[]>[]>;
  /**
   * Brokers, controller and id of the cluster (KIP-700); controllers instead of brokers, and the active one as the
   * controller, when the client was opened with `bootstrapControllers` (KIP-919). Fenced brokers are left out unless asked for; brokers before
   * Kafka 4.1 cannot be asked (KIP-1073).
   */
  describeCluster(options?: CallOptions & { readonly includeFenced?: boolean }): Promise<ClusterDescription>;
  /** Forgets a broker that will not come back (KIP-746). */
  unregisterBroker(id: number, options?: CallOptions): Promise<void>;
  /** First, last or other offsets of partitions, each asked of its leader (KIP-396). */
  listOffsets(
    specs: readonly (TopicPartition & { readonly spec: OffsetSpec })[],
    options?: CallOptions & { readonly isolation?: 'read_uncommitted' | 'read_committed' },
  ): Promise<readonly Outcome<TopicPartition, ListedOffset>[]>;
  /** Which APIs a broker answers, in which versions, and its features (KIP-35, 584). */
  apiVersions(node: BrokerId, options?: CallOptions): Promise<Capabilities>;
  /** Takes no further calls; those under way go on, and the client behind it stays open. */
  close(): Promise<void>;
}
