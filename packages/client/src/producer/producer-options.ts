/** `compression.type` of a producer. */
export type CompressionName = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd';

/** Options under camel-cased Kafka names, with Kafka 4.3's defaults. */
export interface ProducerOptions {
  /** `acks`: -1 (all in-sync replicas, the default), 1 (the leader) or 0 (nobody answers). */
  readonly acks?: -1 | 0 | 1 | undefined;
  /** `enable.idempotence`: default true when acks is -1, retries are on and at most 5 requests are in flight. */
  readonly idempotence?: boolean | undefined;
  /** `linger.ms`: how long a batch waits for company. Default 5. */
  readonly lingerMs?: number | undefined;
  /** `batch.size`: bytes of one partition's batch. Default 16384. */
  readonly batchSizeBytes?: number | undefined;
  /** `max.in.flight.requests.per.connection`. Default 5. */
  readonly maxInFlight?: number | undefined;
  /** `buffer.memory`: bytes of records not yet acknowledged. Default 32 MiB. */
  readonly bufferBytes?: number | undefined;
  /** `max.request.size`. Default 1048576. */
  readonly maxRequestSizeBytes?: number | undefined;
  /** `delivery.timeout.ms`. Default 120000. */
  readonly deliveryTimeoutMs?: number | undefined;
  /** `request.timeout.ms`. Default 30000. */
  readonly requestTimeoutMs?: number | undefined;
  /** `max.block.ms`: how long `send` may wait for metadata and memory. Default 60000. */
  readonly maxBlockMs?: number | undefined;
  /** `retries`. Default 2147483647. */
  readonly retries?: number | undefined;
  /** `retry.backoff.ms` and `retry.backoff.max.ms`. Defaults 100 and 1000. */
  readonly retryBackoffMs?: number | undefined;
  readonly retryBackoffMaxMs?: number | undefined;
  /** `compression.type`. Default none. */
  readonly compression?: CompressionName | undefined;
  /** `compression.*.level`, for the codecs that have one. */
  readonly compressionLevel?: number | undefined;
}
