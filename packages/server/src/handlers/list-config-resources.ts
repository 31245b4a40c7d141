import { aliveBrokers, topicNames } from '@kafkaesque/metadata';
import type { Draft, ListConfigResourcesRequest, ListConfigResourcesResponse } from '@kafkaesque/protocol';
import { ErrorCode } from '@kafkaesque/protocol';
import type { Administrator } from '../broker/broker';
import type { Reply, RequestContext } from './handler';
import {
  BROKER_LOGGER_RESOURCE,
  BROKER_RESOURCE,
  CLIENT_METRICS_RESOURCE,
  GROUP_RESOURCE,
  TOPIC_RESOURCE,
} from './resource-types';

const ALL_TYPES = [
  GROUP_RESOURCE,
  CLIENT_METRICS_RESOURCE,
  BROKER_LOGGER_RESOURCE,
  BROKER_RESOURCE,
  TOPIC_RESOURCE,
] as const;
type ResourceType = (typeof ALL_TYPES)[number];

/** ListConfigResources (74). v0 was ListClientMetricsResources (KIP-714) · v1 names types (KIP-1142) */
export const listConfigResources =
  (broker: Administrator) =>
  (
    context: RequestContext,
    request: ListConfigResourcesRequest,
  ): Reply<Draft<typeof ListConfigResourcesResponse>> => {
    const answer = (
      errorCode: number,
      configResources: Draft<typeof ListConfigResourcesResponse>['configResources'] = [],
    ): Reply<Draft<typeof ListConfigResourcesResponse>> => ({
      kind: 'answer',
      response: { throttleTimeMs: 0, errorCode, configResources },
    });
    if (!broker.isAllowed(context, 'DESCRIBE_CONFIGS', 'CLUSTER', 'kafka-cluster'))
      return answer(ErrorCode.CLUSTER_AUTHORIZATION_FAILED);
    const supported: readonly number[] = context.apiVersion === 0 ? [CLIENT_METRICS_RESOURCE] : ALL_TYPES;
    if (request.resourceTypes.some((type) => !supported.includes(type)))
      return answer(ErrorCode.UNSUPPORTED_VERSION);
    const asked = request.resourceTypes.length === 0 ? supported : request.resourceTypes;
    return answer(
      ErrorCode.NONE,
      ALL_TYPES.filter((type) => asked.includes(type)).flatMap((resourceType) =>
        namesOf(broker, context, resourceType).map((resourceName) => ({ resourceName, resourceType })),
      ),
    );
  };

const namesOf = (broker: Administrator, context: RequestContext, type: ResourceType): readonly string[] => {
  const image = broker.image();
  switch (type) {
    case TOPIC_RESOURCE:
      return topicNames(image);
    case BROKER_RESOURCE:
    case BROKER_LOGGER_RESOURCE:
      return aliveBrokers(image, context.listenerName).map(({ brokerId }) => String(brokerId));
    default:
      // Groups and client metrics are there once something is set on them.
      return [...image.configs.values()]
        .filter(({ resource, values }) => resource.type === type && values.size > 0)
        .map(({ resource }) => resource.name)
        .sort();
  }
};
