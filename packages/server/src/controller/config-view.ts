import type { ConfigResource, ConfigView } from '@kafkaesque/metadata';
import { assertNever } from '@kafkaesque/kernel';
import type { BrokerLayers, ConfigurationRefusal } from '../configuration';
import {
  CONFIG_SOURCE_CODE,
  describeBrokerConfiguration,
  describeTopicConfiguration,
  isListKey,
  topicConfiguration,
  validateBrokerConfigs,
  validateClientMetricsConfigs,
  validateGroupConfigs,
  validateTopicConfig,
  validateTopicConfigs,
} from '../configuration';
import {
  BROKER_LOGGER_RESOURCE,
  BROKER_RESOURCE,
  CLIENT_METRICS_RESOURCE,
  GROUP_RESOURCE,
  TOPIC_RESOURCE,
} from '../handlers/resource-types';

const isTopic = (resource: ConfigResource): boolean => resource.type === TOPIC_RESOURCE;

const validate = (
  { type, name }: ConfigResource,
  overrides: ReadonlyMap<string, string>,
  layers: BrokerLayers,
): string | ConfigurationRefusal | undefined => {
  switch (type) {
    case TOPIC_RESOURCE:
      for (const [key, value] of overrides) {
        const why = validateTopicConfig(key, value);
        if (why !== undefined) return why;
      }
      return validateTopicConfigs(overrides);
    case BROKER_RESOURCE:
      return validateBrokerConfigs(overrides, name === '' ? 'cluster' : 'broker');
    case CLIENT_METRICS_RESOURCE:
      return validateClientMetricsConfigs(name, overrides);
    case GROUP_RESOURCE:
      return validateGroupConfigs(overrides, layers);
    case BROKER_LOGGER_RESOURCE:
      return 'Levels of loggers are not kept in the metadata.';
    default:
      return assertNever(type);
  }
};

/** What the controller may ask about configuration keys, answered from the one table of keys. */
export const configView = (layers: () => BrokerLayers): ConfigView => ({
  validate: (resource, overrides) => validate(resource, overrides, layers()),
  isList: (resource, name) =>
    (isTopic(resource) || resource.type === BROKER_RESOURCE) &&
    isListKey(isTopic(resource) ? 'topic' : 'broker', name),
  defaultValue(resource, name) {
    const described = isTopic(resource)
      ? describeTopicConfiguration(new Map(), layers())
      : describeBrokerConfiguration(layers());
    return described.find((config) => config.name === name)?.value ?? undefined;
  },
  replication: (overrides, cluster) => {
    const { minInsyncReplicas, uncleanLeaderElectionEnable, flushPolicy } = topicConfiguration(overrides, {
      ...layers(),
      // The same wherever the active controller is.
      dynamicBroker: new Map(),
      dynamicDefault: cluster,
    });
    return { minInsyncReplicas, flushPolicy, allowsUncleanElection: uncleanLeaderElectionEnable };
  },
  effectiveTopicConfigs: (overrides) =>
    describeTopicConfiguration(overrides, layers()).map(
      ({ name, value, isReadOnly, source, isSensitive }) => ({
        name,
        value,
        readOnly: isReadOnly,
        configSource: CONFIG_SOURCE_CODE[source],
        isSensitive,
      }),
    ),
});
