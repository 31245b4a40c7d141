import { effectiveDuration, violationsOf } from './cross-checks';
import type { KeyValues } from './cross-checks';
import type { BrokerLayers, DynamicConfiguration } from './layers';
import { nodeValue, setText } from './layers';
import { invalidListenerLimit } from './listener-limits';
import { keyOfListener, NODE_KEYS } from './table';
import { parseValue, shown } from './value';

/** Whom a change is for: one broker, or all. */
export type ChangeScope = 'broker' | 'cluster';

/**
 * Kafka's message when a broker's keys may not be changed so while it runs, by themselves or beside everything that is set
 * already; undefined when they may. A null deletes. Names that are not known may be set: they can belong to a class of the
 * user's own.
 */
export const validateReconfiguration = (
  changes: ReadonlyMap<string, string | null>,
  scope: ChangeScope,
  layers: BrokerLayers,
): string | undefined => {
  const set = new Map<string, string>();
  for (const [name, value] of changes) if (value !== null) set.set(name, value);
  const problem = validateBrokerConfigs(set, scope);
  if (problem !== undefined) return problem;
  const before = valuesOf(layers);
  const after = valuesOf(changedLayers(changes, scope, layers));
  const [violation] = violationsOf(after);
  if (violation !== undefined)
    return violation.isRequirement ? `requirement failed: ${violation.sentence}` : violation.sentence;
  const refusal = refusalOf(before, after) ?? refusalOfListeners(set);
  return refusal === undefined
    ? undefined
    : `Invalid value org.apache.kafka.common.config.ConfigException: ${refusal} for configuration Invalid dynamic configuration`;
};

/** Kafka's message when one of the values may not be set while a broker runs; each is looked at by itself. */
export const validateBrokerConfigs = (
  configs: DynamicConfiguration,
  scope: ChangeScope,
): string | undefined => {
  const those = (holds: (name: string, update: string | undefined) => boolean): readonly string[] =>
    [...configs.keys()].filter((name) => holds(name, NODE_KEYS.get(keyOfListener(name) ?? name)?.update));
  const listOf = (names: readonly string[]): string => `[${names.map(shown).join(', ')}]`;
  const fixed = those((_, update) => update === 'read-only');
  if (fixed.length > 0) return `Cannot update these configs dynamically: ${listOf(fixed)}`;
  const withoutListener = those((name, update) => update === 'per-broker' && name.startsWith('ssl.'));
  if (withoutListener.length > 0)
    return `These security configs can be dynamically updated only per-listener using the listener prefix: ${listOf(withoutListener)}`;
  for (const [name, value] of configs) {
    const keyName = keyOfListener(name) ?? name;
    const key = NODE_KEYS.get(keyName);
    const parsed = key === undefined ? undefined : parseValue(keyName, key, value);
    if (parsed?.kind === 'wrong') return parsed.message;
  }
  const ofOneBroker = scope === 'cluster' ? those((_, update) => update === 'per-broker') : [];
  return ofOneBroker.length === 0
    ? undefined
    : `Cannot update these configs at default cluster level, broker id must be specified: ${listOf(ofOneBroker)}`;
};

const changedLayers = (
  changes: ReadonlyMap<string, string | null>,
  scope: ChangeScope,
  layers: BrokerLayers,
): BrokerLayers => {
  const changed = new Map(scope === 'broker' ? layers.dynamicBroker : layers.dynamicDefault);
  for (const [name, value] of changes) {
    if (value === null) changed.delete(name);
    else changed.set(name, value);
  }
  return scope === 'broker' ? { ...layers, dynamicBroker: changed } : { ...layers, dynamicDefault: changed };
};

const valuesOf = (layers: BrokerLayers): KeyValues => ({
  get: (name) => nodeValue(name, layers),
  isGiven: (name) => setText(name, layers) !== undefined,
});

const refusalOfListeners = (set: DynamicConfiguration): string | undefined => {
  for (const [name, value] of set) {
    const refusal = invalidListenerLimit(name, value);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
};

/** Kafka changes the size of a pool of threads by steps; files and scripts for it keep to them. */
const POOLS = [
  'background.threads',
  'num.io.threads',
  'num.network.threads',
  'num.recovery.threads.per.data.dir',
  'num.replica.fetchers',
  'remote.log.manager.copier.thread.pool.size',
  'remote.log.manager.expiration.thread.pool.size',
  'remote.log.manager.follower.thread.pool.size',
  'remote.log.reader.threads',
] as const;

/** Why the parts of a running broker would not take the change. */
const refusalOf = (before: KeyValues, after: KeyValues): string | undefined => {
  const number = (name: string, values = after): number => Number(values.get(name));
  for (const name of POOLS) {
    const [now, then] = [number(name, before), number(name)];
    const failed = `Dynamic thread count update validation failed for ${name}=${then}, value should`;
    if (then < Math.trunc(now / 2)) return `${failed} be at least half the current value ${now}`;
    if (then > now * 2) return `${failed} not be greater than double the current value ${now}`;
  }
  for (const name of ['max.connections', 'max.connection.creation.rate'])
    if (number(name) <= 0 && number(name) !== number(name, before)) return `Invalid ${name} ${number(name)}`;
  return (
    refusalOfCleaners(number('log.cleaner.threads', before), number('log.cleaner.threads')) ??
    refusalOfLocalRetention(after)
  );
};

const refusalOfCleaners = (now: number, then: number): string | undefined => {
  if (then === now) return undefined;
  if (then < 1) return 'Log cleaner threads should be at least 1';
  if (then < Math.trunc(now / 2))
    return `Log cleaner threads cannot be reduced to less than half the current value ${now}`;
  return then > now * 2
    ? `Log cleaner threads cannot be increased to more than double the current value ${now}`
    : undefined;
};

/** -2: as long as the whole log. */
const refusalOfLocalRetention = (values: KeyValues): string | undefined => {
  const pairs = [
    ['log.retention.ms', effectiveDuration(values, 'retention.ms')],
    ['log.retention.bytes', Number(values.get('log.retention.bytes'))],
  ] as const;
  for (const [whole, limit] of pairs) {
    const local = whole.replace('log.', 'log.local.');
    const value = Number(values.get(local));
    if (limit <= -1 || value === -2) continue;
    const wrong = `Invalid value ${value} for configuration ${local}: Value must not be`;
    if (value === -1) return `${wrong} -1 as ${whole} value is set as ${limit}.`;
    if (value > limit) return `${wrong} more than ${whole} property value: ${limit}`;
  }
  return undefined;
};
