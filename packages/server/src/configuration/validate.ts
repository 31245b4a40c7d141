import type { DynamicConfiguration } from './layers';
import { NODE_KEYS, TOPIC_KEYS } from './table';
import { parseValue, shown } from './value';

/** Kafka's message when `value` may not be set on a topic; undefined when it may. */
export const validateTopicConfig = (name: string, value: string): string | undefined => {
  const key = TOPIC_KEYS.get(name);
  if (key === undefined) return `Unknown topic config name: ${shown(name)}`;
  const parsed = parseValue(name, key, value);
  return parsed.kind === 'wrong' ? parsed.message : undefined;
};

/** Kafka's message when a topic may not have these overrides together; each by itself is looked at as well. */
export const validateTopicConfigs = (overrides: DynamicConfiguration): string | undefined => {
  for (const [name, value] of overrides) {
    const message = validateTopicConfig(name, value);
    if (message !== undefined) return message;
  }
  const numberOf = (name: string): number => Number(overrides.get(name) ?? TOPIC_KEYS.get(name)?.default);
  const minMs = numberOf('min.compaction.lag.ms');
  const maxMs = numberOf('max.compaction.lag.ms');
  if (minMs > maxMs) {
    return `conflict topic config setting min.compaction.lag.ms (${minMs}) > max.compaction.lag.ms (${maxMs})`;
  }
  if (overrides.get('remote.storage.enable')?.trim().toLowerCase() === 'true') {
    return 'Tiered Storage functionality is disabled in the broker. Topic cannot be configured with remote log storage.';
  }
  return undefined;
};

/** Whether IncrementalAlterConfigs may APPEND to or SUBTRACT from the key. */
export const isListKey = (resource: 'topic' | 'broker', name: string): boolean =>
  (resource === 'topic' ? TOPIC_KEYS : NODE_KEYS).get(name)?.type === 'list';
