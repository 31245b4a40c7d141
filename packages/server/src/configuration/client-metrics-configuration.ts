import { ErrorCode } from '@kafkaesque/protocol';
import type { DynamicConfiguration } from './layers';
import { CLIENT_METRICS_KEYS } from './table';
import { itemsOf, parseValue, shown } from './value';

const LEAST_INTERVAL_MS = 100;
const LONGEST_INTERVAL_MS = 3_600_000;

/** What a subscription can tell clients apart by (KIP-714). */
const CLIENT_NAMES = new Set([
  'client_instance_id',
  'client_id',
  'client_software_name',
  'client_software_version',
  'client_source_address',
  'client_source_port',
]);

/** A refusal, with Kafka's code and sentence. */
export interface ConfigurationRefusal {
  readonly errorCode: number;
  readonly errorMessage: string;
}

/** Why a subscription to the metrics of clients may not have these configs; undefined when it may. */
export const validateClientMetricsConfigs = (
  name: string,
  overrides: DynamicConfiguration,
): ConfigurationRefusal | undefined => {
  const invalid = (errorMessage: string): ConfigurationRefusal => ({
    errorCode: ErrorCode.INVALID_REQUEST,
    errorMessage,
  });
  if (name === '') return invalid("Subscription name can't be empty");
  for (const [key, text] of overrides) {
    const known = CLIENT_METRICS_KEYS.get(key);
    if (known === undefined) return invalid(`Unknown client metrics configuration: ${shown(key)}`);
    const parsed = parseValue(key, known, text);
    if (parsed.kind === 'wrong') return { errorCode: ErrorCode.INVALID_CONFIG, errorMessage: parsed.message };
    const { value } = parsed;
    if (
      key === 'interval.ms' &&
      !(Number(value) >= LEAST_INTERVAL_MS && Number(value) <= LONGEST_INTERVAL_MS)
    )
      return invalid(
        `Invalid value ${parsed.text} for ${key}, interval must be between ${LEAST_INTERVAL_MS} and ${LONGEST_INTERVAL_MS} (1 hour)`,
      );
    const wrong = key === 'match' ? itemsOf(value).find((item) => !isPattern(item)) : undefined;
    if (wrong !== undefined)
      return {
        errorCode: ErrorCode.INVALID_CONFIG,
        errorMessage: `Illegal client matching pattern: ${shown(wrong)}`,
      };
  }
  return undefined;
};

/** `client_id=pattern`. */
const isPattern = (item: string): boolean => {
  const parts = item.split('=').map((part) => part.trim());
  const [name = '', pattern = ''] = parts;
  if (parts.length !== 2 || !CLIENT_NAMES.has(name)) return false;
  try {
    return new RegExp(pattern) instanceof RegExp;
  } catch {
    return false;
  }
};
