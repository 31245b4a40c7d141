import type { BrokerConfiguration } from './configuration';
import type { ConfigurationValue, KeyType } from './key';

/** Where an effective value comes from (`DescribeConfigs` source numbers in `CONFIG_SOURCE_CODE`). */
export type ConfigurationSource =
  | 'dynamic-topic'
  | 'dynamic-broker'
  | 'dynamic-default-broker'
  | 'static-broker'
  | 'default';

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
  /** Null for sensitive values and for none. */
  readonly value: string | null;
  readonly source: ConfigurationSource;
}

/** One line of a `DescribeConfigs` answer. */
export interface DescribedConfiguration {
  readonly name: string;
  readonly value: string | null;
  readonly source: ConfigurationSource;
  readonly isReadOnly: boolean;
  readonly isSensitive: boolean;
  readonly type: KeyType;
  readonly documentation: string;
  /** Strongest first; the first one is the effective value. */
  readonly synonyms: readonly ConfigurationSynonym[];
}

/** Dynamic configs as metadata keeps them: name to value. */
export type DynamicConfiguration = ReadonlyMap<string, string>;

/** The layers under a topic's own overrides. */
export interface BrokerLayers {
  readonly configuration: BrokerConfiguration;
  /** Of this broker. */
  readonly dynamicBroker: DynamicConfiguration;
  /** Of all brokers. */
  readonly dynamicDefault: DynamicConfiguration;
}

/** What the log, partition and handlers read of a topic, typed. */
export interface TopicConfiguration {
  readonly cleanupPolicy: readonly ('delete' | 'compact')[];
  readonly compressionType: string;
  readonly fileDeleteDelayMs: number;
  readonly flushPolicy: 'ack' | 'replication';
  readonly indexIntervalBytes: number;
  readonly maxMessageBytes: number;
  readonly messageTimestampAfterMaxMs: number;
  readonly messageTimestampBeforeMaxMs: number;
  readonly messageTimestampType: 'CreateTime' | 'LogAppendTime';
  readonly minInsyncReplicas: number;
  readonly preallocate: boolean;
  readonly recordValidation: 'header' | 'full';
  readonly retentionBytes: number;
  readonly retentionMs: number;
  readonly segmentBytes: number;
  readonly segmentIndexBytes: number;
  readonly segmentJitterMs: number;
  readonly segmentMs: number;
  readonly uncleanLeaderElectionEnable: boolean;
  get(name: string): ConfigurationValue;
}

/** Effective values of a topic: its overrides, then the broker's synonyms, then the defaults. */
export const topicConfiguration = (overrides: DynamicConfiguration, layers: BrokerLayers): TopicConfiguration => {
  throw new Error(`not written yet: ${overrides.size} ${layers.dynamicBroker.size}`);
};

/** Every topic key with source and synonyms, sorted by name. */
export const describeTopicConfiguration = (
  overrides: DynamicConfiguration,
  layers: BrokerLayers,
): readonly DescribedConfiguration[] => {
  throw new Error(`not written yet: ${overrides.size} ${layers.dynamicBroker.size}`);
};

/** Every broker key with source and synonyms, sorted by name. */
export const describeBrokerConfiguration = (layers: BrokerLayers): readonly DescribedConfiguration[] => {
  throw new Error(`not written yet: ${layers.dynamicBroker.size}`);
};

/** Kafka's message when `value` may not be set on a topic; undefined when it may. */
export const validateTopicConfig = (name: string, value: string): string | undefined => {
  throw new Error(`not written yet: ${name} ${value}`);
};

/** What only shows with all overrides of a topic together. */
export const validateTopicConfigs = (overrides: DynamicConfiguration): string | undefined => {
  throw new Error(`not written yet: ${overrides.size}`);
};

/** Kafka's message when `value` may not be set dynamically on one broker, or on all (`scope`). */
export const validateBrokerConfig = (
  name: string,
  value: string,
  scope: 'broker' | 'cluster',
): string | undefined => {
  throw new Error(`not written yet: ${name} ${value} ${scope}`);
};

/** Whether IncrementalAlterConfigs may APPEND to or SUBTRACT from the key. */
export const isListKey = (resource: 'topic' | 'broker', name: string): boolean => {
  throw new Error(`not written yet: ${resource} ${name}`);
};
