import type { ConfigResource, ConfigView } from '@kafkaesque/metadata';
import type { BrokerLayers } from '../configuration';
import {
  CONFIG_SOURCE_CODE,
  describeBrokerConfiguration,
  describeTopicConfiguration,
  isListKey,
  validateBrokerConfigs,
  validateTopicConfig,
  validateTopicConfigs,
} from '../configuration';
import { BROKER_RESOURCE, TOPIC_RESOURCE } from '../handlers/resource-types';

const isTopic = (resource: ConfigResource): boolean => resource.type === TOPIC_RESOURCE;

const validate = (resource: ConfigResource, overrides: ReadonlyMap<string, string>): string | undefined => {
  if (resource.type === BROKER_RESOURCE)
    return validateBrokerConfigs(overrides, resource.name === '' ? 'cluster' : 'broker');
  if (!isTopic(resource))
    return overrides.size === 0
      ? undefined
      : `Resources of type ${resource.type} have no configuration here.`;
  for (const [name, value] of overrides) {
    const why = validateTopicConfig(name, value);
    if (why !== undefined) return why;
  }
  return validateTopicConfigs(overrides);
};

/** What the controller may ask about configuration keys, answered from the one table of keys. */
export const configView = (layers: () => BrokerLayers): ConfigView => ({
  validate,
  isList: (resource, name) => isListKey(isTopic(resource) ? 'topic' : 'broker', name),
  defaultValue(resource, name) {
    const described = isTopic(resource)
      ? describeTopicConfiguration(new Map(), layers())
      : describeBrokerConfiguration(layers());
    return described.find((config) => config.name === name)?.value ?? undefined;
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
