export type { Check, ConfigurationKey, ConfigurationValue, KeyType, UpdateMode } from './key';
export type {
  BrokerConfiguration,
  Endpoint,
  ProcessRole,
  QuorumAddress,
  SecurityProtocol,
} from './configuration';
export { readConfiguration } from './read';
export type { ConfigurationError, ConfigurationOutcome, ConfigurationSources } from './read';
export {
  CONFIG_SOURCE_CODE,
  CONFIG_TYPE_CODE,
  describeBrokerConfiguration,
  describeTopicConfiguration,
  isListKey,
  topicConfiguration,
  validateBrokerConfig,
  validateTopicConfig,
  validateTopicConfigs,
} from './topic-configuration';
export type {
  BrokerLayers,
  ConfigurationSource,
  ConfigurationSynonym,
  DescribedConfiguration,
  DynamicConfiguration,
  TopicConfiguration,
} from './topic-configuration';
