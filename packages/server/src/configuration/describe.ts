import type { ConfigurationKey, KeyType } from './key';
import type { BrokerLayers, ConfigurationSource, DynamicConfiguration } from './layers';
import { canonicalText, layersOf, setText, topicText } from './layers';
import { NODE_KEYS, TOPIC_KEYS, alternativesOf, brokerSynonymsOf } from './table';

/** `DescribeConfigs` source numbers. */
export const CONFIG_SOURCE_CODE = {
  'dynamic-topic': 1,
  'dynamic-broker': 2,
  'dynamic-default-broker': 3,
  'static-broker': 4,
  default: 5,
} as const satisfies Record<ConfigurationSource, number>;

/** `DescribeConfigs` type numbers. */
export const CONFIG_TYPE_CODE = {
  boolean: 1,
  string: 2,
  int: 3,
  short: 4,
  long: 5,
  double: 6,
  list: 7,
  class: 8,
  password: 9,
} as const satisfies Record<KeyType, number>;

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
  readonly type: KeyType;
  readonly documentation: string;
  /** Strongest first; empty where the value is a default that no key of this unit names. */
  readonly synonyms: readonly ConfigurationSynonym[];
}

/** Every topic key with source and synonyms, sorted by name. */
export const describeTopicConfiguration = (
  overrides: DynamicConfiguration,
  layers: BrokerLayers,
): readonly DescribedConfiguration[] =>
  listed(TOPIC_KEYS).map(([name, key]) => {
    const override = overrides.get(name);
    const own: ConfigurationSynonym[] =
      override === undefined
        ? []
        : [{ name, value: canonicalText(name, override, TOPIC_KEYS), source: 'dynamic-topic' }];
    const below = brokerSynonyms(
      brokerSynonymsOf(name).map((synonym) => synonym.name),
      layers,
    );
    return described(name, key, topicText(name, overrides, layers), {
      isReadOnly: false,
      synonyms: [...own, ...below],
    });
  });

/** Every key of a broker with source and synonyms, sorted by name. */
export const describeBrokerConfiguration = (layers: BrokerLayers): readonly DescribedConfiguration[] =>
  listed(NODE_KEYS).map(([name, key]) => {
    const text = setText(name, layers);
    const value = text === undefined ? key.default : canonicalText(name, text, NODE_KEYS);
    const synonyms = brokerSynonyms(alternativesOf(name), layers);
    return described(name, key, value, { isReadOnly: key.update === 'read-only', synonyms });
  });

/** What is set for all brokers together, sorted by name, whatever this one has of its own. */
export const describeDefaultBrokerConfiguration = (layers: BrokerLayers): readonly DescribedConfiguration[] =>
  listed(NODE_KEYS).flatMap(([name, key]) => {
    const text = layers.dynamicDefault.get(name);
    if (text === undefined) return [];
    const value = canonicalText(name, text, NODE_KEYS);
    const synonyms = [{ name, value, source: 'dynamic-default-broker' } as const];
    return [described(name, key, value, { isReadOnly: key.update === 'read-only', synonyms })];
  });

const listed = (keys: typeof NODE_KEYS): readonly (readonly [string, ConfigurationKey])[] =>
  [...keys].filter(([, key]) => !key.isInternal);

const described = (
  name: string,
  key: ConfigurationKey,
  value: string | null,
  about: { readonly isReadOnly: boolean; readonly synonyms: readonly ConfigurationSynonym[] },
): DescribedConfiguration => {
  const isSensitive = key.type === 'password';
  return {
    name,
    value: isSensitive ? null : value,
    source: about.synonyms[0]?.source ?? 'default',
    isReadOnly: about.isReadOnly,
    isSensitive,
    type: key.type,
    documentation: key.sentence,
    synonyms: isSensitive ? about.synonyms.map((synonym) => ({ ...synonym, value: null })) : about.synonyms,
  };
};

/** What each layer says under the given names; of the defaults only the first name's, as Kafka answers. */
const brokerSynonyms = (names: readonly string[], layers: BrokerLayers): readonly ConfigurationSynonym[] => {
  const synonyms: ConfigurationSynonym[] = [];
  for (const { source, values } of layersOf(layers)) {
    for (const name of names) {
      const text = values.get(name);
      if (text !== undefined) synonyms.push({ name, value: canonicalText(name, text, NODE_KEYS), source });
    }
  }
  const [first] = names;
  const value = first === undefined ? undefined : NODE_KEYS.get(first)?.default;
  if (first !== undefined && value !== undefined && value !== null) {
    synonyms.push({ name: first, value, source: 'default' });
  }
  return synonyms;
};
