/** Options under camel-cased Kafka names, with Kafka 4.3's defaults. */
export interface ConsumerOptions {
  /** `auto.offset.reset`: where to go when there is no position, or it is out of range. Default latest. */
  readonly autoOffsetReset?: 'earliest' | 'latest' | 'none' | undefined;
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
