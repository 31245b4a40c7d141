import { ClientError } from '../errors';
import type { BackoffRange } from '../timing/waiting';
import type { FetchOptions } from '../wire/wire';
import type { ConsumerOptions } from './consumer-options';

/** `auto.offset.reset`, read. */
export type OffsetResetPolicy = 'earliest' | 'latest' | 'none' | { readonly durationMs: number };

/** The options with their defaults. */
export interface ConsumerSettings {
  readonly autoOffsetReset: OffsetResetPolicy;
  readonly fetch: FetchOptions;
  readonly maxPollRecords: number;
  /** Whether asking for a topic may make it. */
  readonly mayCreate: boolean;
  readonly requestTimeoutMs: number;
  readonly apiTimeoutMs: number;
  readonly backoff: BackoffRange;
}

export const consumerSettings = (options: ConsumerOptions): ConsumerSettings => {
  const maxBytes = options.fetchMaxBytes ?? 50 * 1024 * 1024;
  return {
    autoOffsetReset: resetPolicy(options.autoOffsetReset ?? 'latest'),
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
    mayCreate: options.allowAutoCreateTopics ?? true,
    requestTimeoutMs: options.requestTimeoutMs ?? 30_000,
    apiTimeoutMs: options.apiTimeoutMs ?? 60_000,
    backoff: { firstMs: options.retryBackoffMs ?? 100, maxMs: options.retryBackoffMaxMs ?? 1000 },
  };
};

const BY_DURATION = 'by_duration:';
const ISO_DURATION = /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d{1,9})?)S)?)?$/i;

/** Reads `auto.offset.reset`. Fails with INVALID_CONFIG. */
const resetPolicy = (text: string): OffsetResetPolicy => {
  if (text === 'earliest' || text === 'latest' || text === 'none') return text;
  const parts = text.startsWith(BY_DURATION) ? ISO_DURATION.exec(text.slice(BY_DURATION.length)) : null;
  const [days, hours, minutes, seconds] = (parts ?? []).slice(1);
  if (parts === null || [days, hours, minutes, seconds].every((one) => one === undefined)) {
    throw new ClientError(
      'usage',
      'INVALID_CONFIG',
      `auto.offset.reset is earliest, latest, none or by_duration:PnDTnHnMn.nS, not ${text}`,
    );
  }
  const wholeMinutes = (Number(days ?? 0) * 24 + Number(hours ?? 0)) * 60 + Number(minutes ?? 0);
  return { durationMs: wholeMinutes * 60_000 + Math.round(Number(seconds ?? 0) * 1000) };
};
