import type { BackoffRange } from '../timing/waiting';
import type { FetchOptions } from '../wire/wire';
import type { ConsumerOptions } from './consumer-options';

/** The options with their defaults. */
export interface ConsumerSettings {
  readonly autoOffsetReset: 'earliest' | 'latest' | 'none';
  readonly fetch: FetchOptions;
  readonly maxPollRecords: number;
  readonly requestTimeoutMs: number;
  readonly apiTimeoutMs: number;
  readonly backoff: BackoffRange;
}

export const consumerSettings = (options: ConsumerOptions): ConsumerSettings => {
  const maxBytes = options.fetchMaxBytes ?? 50 * 1024 * 1024;
  return {
    autoOffsetReset: options.autoOffsetReset ?? 'latest',
    fetch: {
      isolation: options.isolation ?? 'read_uncommitted',
      minBytes: options.fetchMinBytes ?? 1,
      maxWaitMs: options.fetchMaxWaitMs ?? 500,
      maxBytes,
      maxPartitionBytes: options.maxPartitionFetchBytes ?? 1024 * 1024,
      rackId: options.rackId ?? '',
      initialCreditBytes: maxBytes,
    },
    maxPollRecords: options.maxPollRecords ?? 500,
    requestTimeoutMs: options.requestTimeoutMs ?? 30_000,
    apiTimeoutMs: options.apiTimeoutMs ?? 60_000,
    backoff: { firstMs: options.retryBackoffMs ?? 100, maxMs: options.retryBackoffMaxMs ?? 1000 },
  };
};
