import type { ConfigurationError } from './sources';
import { keyOfListener, NODE_KEYS } from './table';
import { parseValue } from './value';

/** The keys that limit the connections of one listener when `listener.name.<name>.` stands before them. */
const LIMITS = new Set(['max.connections', 'max.connection.creation.rate']);

/** Kafka's name for a key of one listener. */
export const listenerKey = (listenerName: string, key: string): string =>
  `listener.name.${listenerName.toLowerCase()}.${key}`;

/** Kafka's sentence when a listener may not have this limit; undefined when it may, or when it is none. */
export const invalidListenerLimit = (name: string, text: string): string | undefined => {
  const keyName = keyOfListener(name) ?? '';
  const key = NODE_KEYS.get(keyName);
  if (key === undefined || !LIMITS.has(keyName)) return undefined;
  const parsed = parseValue(keyName, key, text);
  if (parsed.kind === 'wrong') return parsed.message;
  // 0 closes a whole broker, but no single listener.
  return Number(parsed.value) <= 0 ? `Invalid ${keyName} ${String(parsed.value)}` : undefined;
};

/** All that is wrong with the limits of single listeners. */
export const listenerLimitErrors = (given: ReadonlyMap<string, string>): readonly ConfigurationError[] =>
  [...given].flatMap(([key, text]) => {
    const message = invalidListenerLimit(key, text);
    return message === undefined ? [] : [{ key, message }];
  });
