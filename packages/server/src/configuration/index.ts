export type { Check, ConfigurationKey, ConfigurationValue, KeyType, UpdateMode } from './key';
export type {
  BrokerConfiguration,
  Endpoint,
  ProcessRole,
  QuorumAddress,
  SecurityProtocol,
} from './configuration';
export { readConfiguration } from './read';
export type { ConfigurationOutcome } from './read';
export type { ConfigurationError, ConfigurationSources } from './sources';
export { NODE_KEYS, TOPIC_KEYS } from './table';
export type { NodeKeyName, TopicKeyName } from './table';
export { layersOf, nodeValue, setText } from './layers';
export { listenerKey } from './listener-limits';
export type { BrokerLayers, ConfigurationSource, DynamicConfiguration } from './layers';
export { isThrottled, topicConfiguration } from './topic-configuration';
export type { TopicConfiguration } from './topic-configuration';
export {
  CONFIG_SOURCE_CODE,
  CONFIG_TYPE_CODE,
  describeBrokerConfiguration,
  describeClientMetricsConfiguration,
  describeDefaultBrokerConfiguration,
  describeGroupConfiguration,
  describeTopicConfiguration,
} from './describe';
export type { ConfigurationSynonym, DescribedConfiguration } from './describe';
export { isListKey, validateTopicConfig, validateTopicConfigs } from './validate';
export { groupText, validateGroupConfigs } from './group-configuration';
export { itemsOf } from './value';
export { validateClientMetricsConfigs } from './client-metrics-configuration';
export type { ConfigurationRefusal } from './client-metrics-configuration';
export { validateBrokerConfigs, validateReconfiguration } from './reconfiguration';
export { parseConnectionOverrides } from './connection-overrides';
export { configurationReference } from './reference';
