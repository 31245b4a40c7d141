import type { PartitionAssignor } from '../groups/assignors/assignor';

/** What a member of a consumer group says about itself. Kafka's names in camel case, Kafka 4.3's defaults. */
export interface GroupOptions {
  /** `group.id`. Without one there is nothing to subscribe with and nowhere to commit. */
  readonly groupId?: string | undefined;
  /** `group.instance.id`: a static member, which keeps its partitions over a restart (KIP-345). Default none. */
  readonly groupInstanceId?: string | undefined;
  /** `group.protocol`: who assigns, a member (`classic`) or the broker (`consumer`, KIP-848). Default classic. */
  readonly groupProtocol?: 'classic' | 'consumer' | undefined;
  /** `group.remote.assignor` of the consumer protocol. Default: the broker's first. */
  readonly groupRemoteAssignor?: string | undefined;
  /** `partition.assignment.strategy` of the classic protocol. Default range, cooperative-sticky. */
  readonly partitionAssignmentStrategy?: readonly (AssignorName | PartitionAssignor)[] | undefined;
  /** `session.timeout.ms` of the classic protocol: silent for longer, a member is out. Default 45000. */
  readonly sessionTimeoutMs?: number | undefined;
  /** `heartbeat.interval.ms` of the classic protocol. Default 3000. */
  readonly heartbeatIntervalMs?: number | undefined;
  /** `max.poll.interval.ms`: who holds records for longer leaves the group. Default 300000. */
  readonly maxPollIntervalMs?: number | undefined;
  /** `enable.auto.commit`. Default true with a `groupId`. */
  readonly enableAutoCommit?: boolean | undefined;
  /** `auto.commit.interval.ms`. Default 5000. */
  readonly autoCommitIntervalMs?: number | undefined;
  /** `metadata.max.age.ms`: how often new topics and partitions are looked for. Default 300000. */
  readonly metadataMaxAgeMs?: number | undefined;
  /** `allow.auto.create.topics`: subscribing to a topic, or asking for it, may create it. Default true. */
  readonly allowAutoCreateTopics?: boolean | undefined;
  /** `exclude.internal.topics`: patterns do not match Kafka's own topics. Default true. */
  readonly excludeInternalTopics?: boolean | undefined;
}

/** The assignors that are built in. */
export type AssignorName = 'range' | 'roundrobin' | 'sticky' | 'cooperative-sticky';

/** Options under camel-cased Kafka names, with Kafka 4.3's defaults. */
export interface ConsumerOptions extends GroupOptions {
  /**
   * `auto.offset.reset`: where to go when there is no position, or it is out of range. `by_duration:PnDTnHnMnS` goes
   * back by that long. Default latest.
   */
  readonly autoOffsetReset?: 'earliest' | 'latest' | 'none' | `by_duration:${string}` | undefined;
  /** `isolation.level`. Default read_uncommitted. */
  readonly isolation?: 'read_uncommitted' | 'read_committed' | undefined;
  /** `fetch.min.bytes`. Default 1. */
  readonly fetchMinBytes?: number | undefined;
  /** `fetch.max.wait.ms`. Default 500. */
  readonly fetchMaxWaitMs?: number | undefined;
  /** `fetch.max.bytes`. Default 50 MiB; also bounds what is buffered ahead of the caller. */
  readonly fetchMaxBytes?: number | undefined;
  /** `max.partition.fetch.bytes`. Default 1 MiB. */
  readonly maxPartitionFetchBytes?: number | undefined;
  /** `max.poll.records`. Default 500. */
  readonly maxPollRecords?: number | undefined;
  /** `request.timeout.ms`. Default 30000. */
  readonly requestTimeoutMs?: number | undefined;
  /** `default.api.timeout.ms`: the bound of calls that ask the cluster. Default 60000. */
  readonly apiTimeoutMs?: number | undefined;
  /** `retry.backoff.ms` and `retry.backoff.max.ms`. Defaults 100 and 1000. */
  readonly retryBackoffMs?: number | undefined;
  readonly retryBackoffMaxMs?: number | undefined;
  /** `client.rack`. Default none. */
  readonly rackId?: string | undefined;
}
