import type { CompressionName, ProducerOptions } from '@kafkaesque/client';
import { numberProperty } from '../command-line/client-flags';
import type { Properties } from '../command-line/client-flags';
import { UsageError } from '../command-line/usage-error';

const CODECS: readonly CompressionName[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd'];

const invalid = (value: string, key: string, why: string): UsageError =>
  new UsageError(`Invalid value ${value} for configuration ${key}: ${why}`);

/** Kafka's producer properties as the SDK's options. Unknown keys are left alone, as Kafka's clients do. */
export const producerOptions = (properties: Properties): ProducerOptions => {
  const compression = parseCodec(properties['compression.type']);
  return {
    acks: parseAcks(properties['acks']),
    idempotence: parseBoolean(properties, 'enable.idempotence'),
    lingerMs: numberProperty(properties, 'linger.ms'),
    batchSizeBytes: numberProperty(properties, 'batch.size'),
    maxInFlight: numberProperty(properties, 'max.in.flight.requests.per.connection'),
    bufferBytes: numberProperty(properties, 'buffer.memory'),
    maxRequestSizeBytes: numberProperty(properties, 'max.request.size'),
    deliveryTimeoutMs: numberProperty(properties, 'delivery.timeout.ms'),
    requestTimeoutMs: numberProperty(properties, 'request.timeout.ms'),
    maxBlockMs: numberProperty(properties, 'max.block.ms'),
    retries: numberProperty(properties, 'retries'),
    retryBackoffMs: numberProperty(properties, 'retry.backoff.ms'),
    retryBackoffMaxMs: numberProperty(properties, 'retry.backoff.max.ms'),
    compression,
    compressionLevel:
      compression === undefined ? undefined : numberProperty(properties, `compression.${compression}.level`),
  };
};

const parseCodec = (value: string | undefined): CompressionName | undefined => {
  const codec = CODECS.find((one) => one === value);
  if (value === undefined || codec !== undefined) return codec;
  throw invalid(value, 'compression.type', `String must be one of: ${CODECS.join(', ')}`);
};

const parseAcks = (value: string | undefined): -1 | 0 | 1 | undefined => {
  if (value === undefined) return undefined;
  if (value === 'all' || value === '-1') return -1;
  if (value === '0') return 0;
  if (value === '1') return 1;
  throw invalid(value, 'acks', 'String must be one of: all, -1, 0, 1');
};

const parseBoolean = (properties: Properties, key: string): boolean | undefined => {
  const value = properties[key];
  if (value === undefined) return undefined;
  const lower = value.trim().toLowerCase();
  if (lower === 'true' || lower === 'false') return lower === 'true';
  throw invalid(value, key, 'Expected value to be either true or false');
};
