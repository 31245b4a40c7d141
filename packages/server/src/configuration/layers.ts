import type { BrokerConfiguration } from './configuration';
import type { ConfigurationValue } from './key';
import { NODE_KEYS, TOPIC_KEYS, brokerSynonymsOf } from './table';
import { parseValue } from './value';

/** Dynamic configs as metadata keeps them: name to value. */
export type DynamicConfiguration = ReadonlyMap<string, string>;

/** The layers under a topic's own overrides. */
export interface BrokerLayers {
  readonly configuration: BrokerConfiguration;
  /** Of this broker. */
  readonly dynamicBroker: DynamicConfiguration;
  /** Of all brokers. */
  readonly dynamicDefault: DynamicConfiguration;
  /** Registered in the cluster, fenced ones included. */
  readonly brokerCount: number;
}

/** Where an effective value comes from, strongest first. */
export type ConfigurationSource =
  | 'dynamic-topic'
  | 'dynamic-client-metrics'
  | 'dynamic-group'
  | 'dynamic-broker'
  | 'dynamic-default-broker'
  | 'static-broker'
  | 'default';

/** What is set for a node's key, in the strongest layer that sets it. */
export const setText = (name: string, layers: BrokerLayers): string | undefined =>
  layers.dynamicBroker.get(name) ?? layers.dynamicDefault.get(name) ?? layers.configuration.given.get(name);

/**
 * The text of a node key's default in this cluster; null: none. Replication factors of internal topics and the like are
 * no larger than the number of brokers, so that one node needs no settings.
 */
export const defaultText = (name: string, { brokerCount }: BrokerLayers): string | null => {
  const key = NODE_KEYS.get(name);
  if (key === undefined || key.default === null || !key.isBoundedByBrokers) return key?.default ?? null;
  return String(Math.max(1, Math.min(Number(key.default), brokerCount)));
};

/** A node's key as it is now: what was set while running, what was given at the start, or the default. */
export const nodeValue = (name: string, layers: BrokerLayers): ConfigurationValue => {
  const key = NODE_KEYS.get(name);
  if (key === undefined) return layers.configuration.get(name);
  for (const text of [layers.dynamicBroker.get(name), layers.dynamicDefault.get(name)]) {
    const parsed = text === undefined ? undefined : parseValue(name, key, text);
    if (parsed?.kind === 'value') return parsed.value;
  }
  return key.isBoundedByBrokers && !layers.configuration.given.has(name)
    ? Number(defaultText(name, layers))
    : layers.configuration.get(name);
};

/** The layers in order, with the names that `DescribeConfigs` gives them. */
export const layersOf = (
  layers: BrokerLayers,
): readonly { readonly source: ConfigurationSource; readonly values: DynamicConfiguration }[] => [
  { source: 'dynamic-broker', values: layers.dynamicBroker },
  { source: 'dynamic-default-broker', values: layers.dynamicDefault },
  { source: 'static-broker', values: layers.configuration.given },
];

/** The text of a topic key's effective value; null: none. */
export const topicText = (
  name: string,
  overrides: DynamicConfiguration,
  layers: BrokerLayers,
): string | null => {
  const override = overrides.get(name);
  if (override !== undefined) return canonicalText(name, override, TOPIC_KEYS);
  const synonyms = brokerSynonymsOf(name);
  const textsOf = (textOf: (broker: string) => string | null | undefined): string | undefined => {
    for (const synonym of synonyms) {
      const text = textOf(synonym.name);
      if (text !== undefined && text !== null)
        return scaled(canonicalText(synonym.name, text, NODE_KEYS), synonym.factor);
    }
    return undefined;
  };
  return (
    textsOf((broker) => setText(broker, layers)) ??
    textsOf((broker) => defaultText(broker, layers)) ??
    TOPIC_KEYS.get(name)?.default ??
    null
  );
};

/** The one way in which Kafka writes a value; a value that is not understood stays as it is. */
export const canonicalText = (name: string, text: string, keys: typeof NODE_KEYS): string => {
  const key = keys.get(name);
  if (key === undefined) return text;
  const parsed = parseValue(name, key, text);
  return parsed.kind === 'value' ? parsed.text : text;
};

/** Hours and minutes as milliseconds; -1 stays what it means. */
const scaled = (text: string, factor: number): string => {
  if (factor === 1) return text;
  const value = Number(text);
  return value < 0 ? '-1' : String(value * factor);
};
