import type { ResponseOf } from '@kafkaesque/protocol';
import type { ConfigChange, ConfigEntry, ConfigResource, ConfigResourceType } from './admin';

/** Kafka's numbers of config resources. */
export const configResourceType = {
  topic: 2,
  broker: 4,
  'broker-logger': 8,
  'client-metrics': 16,
  group: 32,
} as const satisfies Record<ConfigResourceType, number>;

/** Kafka's numbers of what IncrementalAlterConfigs does. */
export const configOperation = { set: 0, delete: 1, append: 2, subtract: 3 } as const satisfies Record<
  ConfigChange['operation'],
  number
>;

/** The resources of an answer whose type is known here, sorted by type and name. */
export const configResourcesOf = (
  resources: ResponseOf<'ListConfigResources'>['configResources'],
): readonly ConfigResource[] => {
  const types = Object.entries(configResourceType) as readonly (readonly [ConfigResourceType, number])[];
  return types.flatMap(([type, code]) =>
    resources
      .filter(({ resourceType }) => resourceType === code)
      .map(({ resourceName }) => ({ type, name: resourceName }))
      .sort((a, b) => (a.name < b.name ? -1 : 1)),
  );
};

type Configs = ResponseOf<'DescribeConfigs'>['results'][number]['configs'];

export const entriesOf = (configs: Configs): readonly ConfigEntry[] =>
  configs.map((one) => ({
    name: one.name,
    value: one.value,
    source: one.configSource,
    readOnly: one.readOnly,
    sensitive: one.isSensitive,
    synonyms: one.synonyms,
    type: one.configType,
    documentation: one.documentation,
  }));
