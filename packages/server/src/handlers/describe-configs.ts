import type { DescribeConfigsRequest, DescribeConfigsResponse, Draft } from '@kafkaesque/protocol';
import { ErrorCode } from '@kafkaesque/protocol';
import { configOverrides, invalidTopicName } from '@kafkaesque/metadata';
import type { ConfigResourceType } from '@kafkaesque/metadata';
import type { Administrator } from '../broker/broker';
import type { DescribedConfiguration } from '../configuration';
import {
  CONFIG_SOURCE_CODE,
  CONFIG_TYPE_CODE,
  describeBrokerConfiguration,
  describeClientMetricsConfiguration,
  describeDefaultBrokerConfiguration,
  describeGroupConfiguration,
  describeTopicConfiguration,
} from '../configuration';
import type { Reply, RequestContext } from './handler';
import { loggerLevels } from './broker-loggers';
import {
  BROKER_LOGGER_RESOURCE,
  BROKER_RESOURCE,
  CLIENT_METRICS_RESOURCE,
  GROUP_RESOURCE,
  TOPIC_RESOURCE,
} from './resource-types';

type Resource = DescribeConfigsRequest['resources'][number];
type ResourceAnswer = Draft<typeof DescribeConfigsResponse>['results'][number];
type ConfigAnswer = ResourceAnswer['configs'][number];
type Description =
  | { readonly kind: 'described'; readonly configs: readonly DescribedConfiguration[] }
  | { readonly kind: 'loggers'; readonly levels: ReadonlyMap<string, string> }
  | { readonly kind: 'refused'; readonly errorCode: number; readonly errorMessage: string };

/** DescribeConfigs (32). v1 sources and synonyms · v3 types and documentation */
export const describeConfigs =
  (broker: Administrator) =>
  (
    context: RequestContext,
    request: DescribeConfigsRequest,
  ): Reply<Draft<typeof DescribeConfigsResponse>> => ({
    kind: 'answer',
    response: {
      throttleTimeMs: 0,
      results: withoutRepetition(request.resources).map((resource): ResourceAnswer => {
        const { resourceType, resourceName } = resource;
        const description = describe(broker, context, resource);
        if (description.kind === 'refused') {
          const { errorCode, errorMessage } = description;
          return { resourceType, resourceName, errorCode, errorMessage, configs: [] };
        }
        return {
          resourceType,
          resourceName,
          errorCode: ErrorCode.NONE,
          errorMessage: null,
          configs: answersOf(description, request).filter(({ name }) => isAskedFor(resource, name)),
        };
      }),
    },
  });

/**
 * Each resource once, with all the keys that are asked of it. Kafka describes repetitions again; a request of a few
 * kilobytes would be answered with megabytes, one of a hundred megabytes with more than a process has.
 */
const withoutRepetition = (resources: readonly Resource[]): readonly Resource[] => {
  const once = new Map<string, { readonly resource: Resource; keys: Set<string> | undefined }>();
  for (const resource of resources) {
    const name = `${resource.resourceType}:${resource.resourceName}`;
    const { configurationKeys } = resource;
    const keys = configurationKeys ?? [];
    const known = once.get(name);
    if (known === undefined)
      once.set(name, { resource, keys: keys.length === 0 ? undefined : new Set(keys) });
    else if (keys.length === 0) known.keys = undefined;
    else for (const key of keys) known.keys?.add(key);
  }
  return [...once.values()].map(({ resource, keys }) => ({
    ...resource,
    configurationKeys: keys === undefined ? null : [...keys],
  }));
};

const answersOf = (
  description: Exclude<Description, { kind: 'refused' }>,
  request: DescribeConfigsRequest,
): readonly ConfigAnswer[] =>
  description.kind === 'described'
    ? description.configs.map((config) => configAnswer(config, request))
    : [...description.levels].map(([name, value]) => ({
        name,
        value,
        readOnly: false,
        configSource: DYNAMIC_BROKER_LOGGER_CONFIG,
        isSensitive: false,
        synonyms: [],
        documentation: null,
      }));

const DYNAMIC_BROKER_LOGGER_CONFIG = 6;

const isAskedFor = ({ configurationKeys }: Resource, name: string): boolean =>
  configurationKeys === null || configurationKeys.length === 0 || configurationKeys.includes(name);

const refused = (errorCode: number, errorMessage: string): Description => ({
  kind: 'refused',
  errorCode,
  errorMessage,
});

const describe = (
  broker: Administrator,
  context: RequestContext,
  { resourceType, resourceName }: Resource,
): Description => {
  switch (resourceType) {
    case TOPIC_RESOURCE:
      if (!broker.isAllowed(context, 'DESCRIBE_CONFIGS', 'TOPIC', resourceName)) {
        return refused(ErrorCode.TOPIC_AUTHORIZATION_FAILED, 'Topic authorization failed.');
      }
      return describeTopic(broker, resourceName);
    case BROKER_RESOURCE:
      if (!broker.isAllowed(context, 'DESCRIBE_CONFIGS', 'CLUSTER', 'kafka-cluster')) {
        return refused(ErrorCode.CLUSTER_AUTHORIZATION_FAILED, 'Cluster authorization failed.');
      }
      return describeBroker(broker, resourceName);
    case BROKER_LOGGER_RESOURCE:
      if (!broker.isAllowed(context, 'DESCRIBE_CONFIGS', 'CLUSTER', 'kafka-cluster')) {
        return refused(ErrorCode.CLUSTER_AUTHORIZATION_FAILED, 'Cluster authorization failed.');
      }
      return describeLoggers(broker, resourceName);
    case CLIENT_METRICS_RESOURCE:
      if (!broker.isAllowed(context, 'DESCRIBE_CONFIGS', 'CLUSTER', 'kafka-cluster')) {
        return refused(ErrorCode.CLUSTER_AUTHORIZATION_FAILED, 'Cluster authorization failed.');
      }
      if (resourceName === '')
        return refused(ErrorCode.INVALID_REQUEST, 'Client metrics subscription name must not be empty');
      return {
        kind: 'described',
        configs: describeClientMetricsConfiguration(overridesOf(broker, resourceType, resourceName)),
      };
    case GROUP_RESOURCE:
      if (!broker.isAllowed(context, 'DESCRIBE_CONFIGS', 'GROUP', resourceName)) {
        return refused(ErrorCode.GROUP_AUTHORIZATION_FAILED, 'Group authorization failed.');
      }
      if (resourceName === '') return refused(ErrorCode.INVALID_REQUEST, 'Group name must not be empty');
      return {
        kind: 'described',
        configs: describeGroupConfiguration(overridesOf(broker, resourceType, resourceName), broker.layers()),
      };
    default:
      return refused(ErrorCode.INVALID_REQUEST, `Unsupported resource type: ${resourceType}`);
  }
};

const describeTopic = (broker: Administrator, name: string): Description => {
  const problem = invalidTopicName(name);
  if (problem !== undefined) return refused(ErrorCode.INVALID_TOPIC_EXCEPTION, problem);
  // Kafka has no sentence for this one.
  if (broker.topicByName(name) === undefined) return refused(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, '');
  return {
    kind: 'described',
    configs: describeTopicConfiguration(overridesOf(broker, TOPIC_RESOURCE, name), broker.layers()),
  };
};

const overridesOf = (
  broker: Administrator,
  type: ConfigResourceType,
  name: string,
): ReadonlyMap<string, string> => new Map(configOverrides(broker.image(), { type, name }).entries());

const describeBroker = (broker: Administrator, name: string): Description => {
  if (name === '') return { kind: 'described', configs: describeDefaultBrokerConfiguration(broker.layers()) };
  return (
    otherBroker(broker, name, `${broker.nodeId} or empty string,`) ?? {
      kind: 'described',
      configs: describeBrokerConfiguration(broker.layers()),
    }
  );
};

const describeLoggers = (broker: Administrator, name: string): Description => {
  if (name === '') return refused(ErrorCode.INVALID_REQUEST, 'Broker id must not be empty');
  return (
    otherBroker(broker, name, String(broker.nodeId)) ?? { kind: 'loggers', levels: loggerLevels(broker) }
  );
};

const otherBroker = (broker: Administrator, name: string, expected: string): Description | undefined => {
  if (!/^-?\d+$/.test(name))
    return refused(ErrorCode.INVALID_REQUEST, `Broker id must be an integer, but it is: ${name}`);
  return Number(name) === broker.nodeId
    ? undefined
    : refused(ErrorCode.INVALID_REQUEST, `Unexpected broker id, expected ${expected} but received ${name}`);
};

const configAnswer = (
  { name, value, isReadOnly, isSensitive, source, synonyms, type, documentation }: DescribedConfiguration,
  request: DescribeConfigsRequest,
): ConfigAnswer => ({
  name,
  value: isSensitive ? null : value,
  readOnly: isReadOnly,
  configSource: CONFIG_SOURCE_CODE[source],
  isSensitive,
  synonyms: request.includeSynonyms
    ? synonyms.map((synonym) => ({
        name: synonym.name,
        value: isSensitive ? null : synonym.value,
        source: CONFIG_SOURCE_CODE[synonym.source],
      }))
    : [],
  configType: CONFIG_TYPE_CODE[type],
  documentation: request.includeDocumentation ? documentation : null,
});
