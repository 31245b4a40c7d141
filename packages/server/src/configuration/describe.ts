import type { ConfigurationKey, KeyType } from './key';
import type { BrokerLayers, ConfigurationSource, DynamicConfiguration } from './layers';
import { canonicalText, defaultText, layersOf, setText, topicText } from './layers';
import { groupText } from './group-configuration';
import {
  brokerSynonymsOf,
  CLIENT_METRICS_KEYS,
  GROUP_KEYS,
  keyOfListener,
  NODE_KEYS,
  synonymsOf,
  TOPIC_KEYS,
} from './table';

/** `DescribeConfigs` source numbers. */
export const CONFIG_SOURCE_CODE = {
  'dynamic-topic': 1,
  'dynamic-broker': 2,
  'dynamic-default-broker': 3,
  'static-broker': 4,
  default: 5,
  'dynamic-client-metrics': 7,
  'dynamic-group': 8,
} as const satisfies Record<ConfigurationSource, number>;

/** `DescribeConfigs` type numbers. */
export const CONFIG_TYPE_CODE = {
  unknown: 0,
  boolean: 1,
  string: 2,
  int: 3,
  short: 4,
  long: 5,
  double: 6,
  list: 7,
  class: 8,
  password: 9,
} as const satisfies Record<KeyType | 'unknown', number>;

export interface ConfigurationSynonym {
  readonly name: string;
  /** Null for sensitive values. */
  readonly value: string | null;
  readonly source: ConfigurationSource;
}

/** One line of a `DescribeConfigs` answer. */
export interface DescribedConfiguration {
  readonly name: string;
  /** Null for sensitive values and for none. */
  readonly value: string | null;
  readonly source: ConfigurationSource;
  readonly isReadOnly: boolean;
  readonly isSensitive: boolean;
  readonly type: KeyType | 'unknown';
  /** Null for keys that nobody here knows. */
  readonly documentation: string | null;
  /** Strongest first; what stands in for the key comes behind what is set under its own name. */
  readonly synonyms: readonly ConfigurationSynonym[];
}

/** Every topic key with source and synonyms, sorted by name. */
export const describeTopicConfiguration = (
  overrides: DynamicConfiguration,
  layers: BrokerLayers,
): readonly DescribedConfiguration[] =>
  [...TOPIC_KEYS]
    .filter(([name, { isInternal }]) => !isInternal || overrides.has(name))
    .map(([name, key]) => {
      const set = own(name, overrides.get(name), TOPIC_KEYS, 'dynamic-topic');
      const [broker] = brokerSynonymsOf(name);
      const below = broker === undefined ? [] : brokerSynonyms(broker.name, layers);
      return described(name, key, topicText(name, overrides, layers), {
        isReadOnly: false,
        synonyms: [...set, ...below],
      });
    });

/** Every key of a broker, and whatever else is set on it, with source and synonyms, sorted by name. */
export const describeBrokerConfiguration = (layers: BrokerLayers): readonly DescribedConfiguration[] => {
  const set = new Set(layersOf(layers).flatMap(({ values }) => [...values.keys()]));
  const listed = [...NODE_KEYS].filter(([, { isInternal }]) => !isInternal).map(([name]) => name);
  return [...new Set([...listed, ...set])].sort(byName).map((name) => {
    const synonyms = brokerSynonyms(name, layers);
    const key = NODE_KEYS.get(name);
    if (key === undefined) return describedWithoutKey(name, setText(name, layers) ?? null, synonyms);
    const text = setText(name, layers);
    const value = text === undefined ? defaultText(name, layers) : canonicalText(name, text, NODE_KEYS);
    return described(name, key, value, { isReadOnly: key.update === 'read-only', synonyms });
  });
};

/** What is set for all brokers together, sorted by name, whatever this one has of its own. */
export const describeDefaultBrokerConfiguration = (layers: BrokerLayers): readonly DescribedConfiguration[] =>
  [...layers.dynamicDefault]
    .sort(([left], [right]) => byName(left, right))
    .map(([name, text]) => {
      const key = NODE_KEYS.get(name);
      const value = canonicalText(name, text, NODE_KEYS);
      const synonyms = [{ name, value, source: 'dynamic-default-broker' } as const];
      return key === undefined
        ? describedWithoutKey(name, value, synonyms)
        : described(name, key, value, { isReadOnly: key.update === 'read-only', synonyms });
    });

/** Every key of a group, sorted by name; most defaults are keys of the broker. */
export const describeGroupConfiguration = (
  overrides: DynamicConfiguration,
  layers: BrokerLayers,
): readonly DescribedConfiguration[] =>
  [...GROUP_KEYS].map(([name, key]) => {
    const broker = `group.${name}`;
    const override = overrides.get(name);
    const below: readonly ConfigurationSynonym[] = NODE_KEYS.has(broker)
      ? brokerSynonyms(broker, layers)
      : [{ name, value: key.default, source: 'default' }];
    return described(name, key, groupText(name, overrides, layers), {
      isReadOnly: false,
      synonyms: [...own(name, override, GROUP_KEYS, 'dynamic-group'), ...below],
    });
  });

/** Every key of a subscription to the metrics of clients, sorted by name. */
export const describeClientMetricsConfiguration = (
  overrides: DynamicConfiguration,
): readonly DescribedConfiguration[] =>
  [...CLIENT_METRICS_KEYS].map(([name, key]) => {
    const synonyms = own(name, overrides.get(name), CLIENT_METRICS_KEYS, 'dynamic-client-metrics');
    return described(name, key, synonyms[0]?.value ?? key.default, { isReadOnly: false, synonyms });
  });

const own = (
  name: string,
  override: string | undefined,
  keys: typeof NODE_KEYS,
  source: ConfigurationSource,
): readonly ConfigurationSynonym[] =>
  override === undefined ? [] : [{ name, value: canonicalText(name, override, keys), source }];

const byName = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0);

const described = (
  name: string,
  key: ConfigurationKey,
  value: string | null,
  about: { readonly isReadOnly: boolean; readonly synonyms: readonly ConfigurationSynonym[] },
): DescribedConfiguration =>
  withoutSecrets({
    name,
    value,
    source: about.synonyms[0]?.source ?? 'default',
    isReadOnly: about.isReadOnly,
    isSensitive: key.type === 'password',
    type: key.type,
    documentation: key.sentence,
    synonyms: about.synonyms,
  });

/** A key of one listener, or of a class of the operator's own: what is not known may be a secret. */
const describedWithoutKey = (
  name: string,
  value: string | null,
  synonyms: readonly ConfigurationSynonym[],
): DescribedConfiguration => {
  const type = NODE_KEYS.get(keyOfListener(name) ?? '')?.type ?? 'unknown';
  return withoutSecrets({
    name,
    value,
    source: synonyms[0]?.source ?? 'default',
    isReadOnly: true,
    isSensitive: type === 'password' || type === 'unknown',
    type,
    documentation: null,
    synonyms,
  });
};

const withoutSecrets = (config: DescribedConfiguration): DescribedConfiguration =>
  config.isSensitive
    ? {
        ...config,
        value: null,
        synonyms: config.synonyms.map((synonym) => ({ ...synonym, value: null })),
      }
    : config;

/**
 * What each layer says under the names of a key, defaults included. As in Kafka, whatever comes before the first entry
 * under the key's own name is not told: with `log.retention.hours` alone, `log.retention.ms` has no synonyms.
 */
const brokerSynonyms = (key: string, layers: BrokerLayers): readonly ConfigurationSynonym[] => {
  const names = synonymsOf(key);
  const synonyms: ConfigurationSynonym[] = [];
  for (const { source, values } of layersOf(layers)) {
    for (const name of names) {
      const text = values.get(name);
      if (text !== undefined) synonyms.push({ name, value: canonicalText(name, text, NODE_KEYS), source });
    }
  }
  for (const name of names) {
    const value = defaultText(name, layers);
    if (value !== null) synonyms.push({ name, value, source: 'default' });
  }
  const first = synonyms.findIndex(({ name }) => name === key);
  return first < 0 ? [] : synonyms.slice(first);
};
