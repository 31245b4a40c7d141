import type { Codec } from '@kafkaesque/protocol';
import { ClientError } from '../errors';
import type { BackoffRange } from '../timing/waiting';
import type { ProducerOptions } from './producer-options';

/** The options with their defaults, checked against each other. */
export interface ProducerSettings {
  readonly acks: -1 | 0 | 1;
  readonly isIdempotent: boolean;
  readonly lingerMs: number;
  readonly batchSizeBytes: number;
  readonly maxInFlight: number;
  readonly bufferBytes: number;
  readonly maxRequestSizeBytes: number;
  readonly deliveryTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly maxBlockMs: number;
  readonly retries: number;
  readonly backoff: BackoffRange;
  readonly codec: Codec;
  readonly compressionLevel: number | undefined;
}

const refuse = (message: string): ClientError => new ClientError('usage', 'INVALID_CONFIG', message);
/** The broker remembers this many batches of each producer, so no more may be on their way (KIP-98). */
const MAX_IN_FLIGHT_IDEMPOTENT = 5;
const MAX_INT = 2_147_483_647;

/** Fails with kind `usage` where options contradict each other, with Kafka's sentences. */
export const producerSettings = (options: ProducerOptions): ProducerSettings => {
  const acks = options.acks ?? -1;
  const retries = options.retries ?? MAX_INT;
  const maxInFlight = options.maxInFlight ?? 5;
  const canBeIdempotent = acks === -1 && retries > 0 && maxInFlight <= MAX_IN_FLIGHT_IDEMPOTENT;
  if (options.idempotence === true && !canBeIdempotent) {
    if (acks !== -1)
      throw refuse(
        'Must set acks to all in order to use the idempotent producer. Otherwise we cannot guarantee idempotence.',
      );
    if (retries <= 0) throw refuse('Must set retries to non-zero when using the idempotent producer.');
    throw refuse(
      'Must set max.in.flight.requests.per.connection to at most 5 to use the idempotent producer.',
    );
  }
  const lingerMs = options.lingerMs ?? 5;
  const requestTimeoutMs = options.requestTimeoutMs ?? 30_000;
  const leastDeliveryMs = Math.min(MAX_INT, lingerMs + requestTimeoutMs);
  if (options.deliveryTimeoutMs !== undefined && options.deliveryTimeoutMs < leastDeliveryMs) {
    throw refuse('delivery.timeout.ms should be equal to or larger than linger.ms + request.timeout.ms');
  }
  return {
    acks,
    retries,
    maxInFlight,
    lingerMs,
    requestTimeoutMs,
    isIdempotent: options.idempotence ?? canBeIdempotent,
    batchSizeBytes: options.batchSizeBytes ?? 16_384,
    bufferBytes: options.bufferBytes ?? 32 * 1024 * 1024,
    maxRequestSizeBytes: options.maxRequestSizeBytes ?? 1_048_576,
    deliveryTimeoutMs: Math.max(leastDeliveryMs, options.deliveryTimeoutMs ?? 120_000),
    maxBlockMs: options.maxBlockMs ?? 60_000,
    backoff: { firstMs: options.retryBackoffMs ?? 100, maxMs: options.retryBackoffMaxMs ?? 1000 },
    codec: options.compression ?? 'none',
    compressionLevel: options.compressionLevel,
  };
};
