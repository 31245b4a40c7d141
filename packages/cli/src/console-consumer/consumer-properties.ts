import type { ConsumerOptions } from '@kafkaesque/client';
import { numberProperty } from '../command-line/client-flags';
import type { Properties } from '../command-line/client-flags';

/** Kafka's consumer properties as the SDK's options. Unknown keys are left alone, as Kafka's clients do. */
export const consumerOptions = (properties: Properties): ConsumerOptions => ({
  fetchMinBytes: numberProperty(properties, 'fetch.min.bytes'),
  fetchMaxWaitMs: numberProperty(properties, 'fetch.max.wait.ms'),
  fetchMaxBytes: numberProperty(properties, 'fetch.max.bytes'),
  maxPartitionFetchBytes: numberProperty(properties, 'max.partition.fetch.bytes'),
  maxPollRecords: numberProperty(properties, 'max.poll.records'),
  requestTimeoutMs: numberProperty(properties, 'request.timeout.ms'),
  apiTimeoutMs: numberProperty(properties, 'default.api.timeout.ms'),
  retryBackoffMs: numberProperty(properties, 'retry.backoff.ms'),
  retryBackoffMaxMs: numberProperty(properties, 'retry.backoff.max.ms'),
  rackId: properties['client.rack'],
});
