import type {
  Draft,
  IncrementalAlterConfigsRequest,
  IncrementalAlterConfigsResponse,
} from '@kafkaesque/protocol';
import { ErrorCode } from '@kafkaesque/protocol';
import type { Broker } from '../broker/broker';
import { validateBrokerConfig } from '../configuration';
import { errorOfOutcome, repeatedOf } from './command-errors';
import type { Reply, RequestContext } from './handler';
import { BROKER_RESOURCE, TOPIC_RESOURCE } from './resource-types';

type Resource = IncrementalAlterConfigsRequest['resources'][number];
type ResourceAnswer = Draft<typeof IncrementalAlterConfigsResponse>['responses'][number];

const SET = 0;

/** IncrementalAlterConfigs (44): SET 0, DELETE 1, APPEND 2, SUBTRACT 3 (KIP-339). */
export const incrementalAlterConfigs =
  (broker: Broker) =>
  async (
    context: RequestContext,
    request: IncrementalAlterConfigsRequest,
  ): Promise<Reply<Draft<typeof IncrementalAlterConfigsResponse>>> => {
    const keyOf = ({ resourceType, resourceName }: Resource): string => `${resourceType}:${resourceName}`;
    const repeated = repeatedOf(request.resources.map(keyOf));
    const judged = request.resources.map((resource) => ({
      resource,
      refusal: repeated.has(keyOf(resource))
        ? answer(resource, ErrorCode.INVALID_REQUEST, 'Each resource must appear at most once.')
        : refusalOf(broker, context, resource),
    }));
    const allowed = judged.filter(({ refusal }) => refusal === undefined).map(({ resource }) => resource);
    const refusals = judged.flatMap(({ refusal }) => (refusal === undefined ? [] : [refusal]));
    return {
      kind: 'answer',
      response: {
        throttleTimeMs: 0,
        responses: [
          ...refusals,
          ...(allowed.length === 0 ? [] : await alter(broker, allowed, request.validateOnly)),
        ],
      },
    };
  };

const answer = (
  { resourceType, resourceName }: Resource,
  errorCode: number,
  errorMessage: string | null,
): ResourceAnswer => ({ errorCode, errorMessage, resourceType, resourceName });

const refusalOf = (
  broker: Broker,
  context: RequestContext,
  resource: Resource,
): ResourceAnswer | undefined => {
  const { resourceType, resourceName } = resource;
  switch (resourceType) {
    case TOPIC_RESOURCE:
      return broker.isAllowed(context, 'ALTER_CONFIGS', 'TOPIC', resourceName)
        ? undefined
        : answer(resource, ErrorCode.TOPIC_AUTHORIZATION_FAILED, null);
    case BROKER_RESOURCE:
      return broker.isAllowed(context, 'ALTER_CONFIGS', 'CLUSTER', 'kafka-cluster')
        ? brokerRefusalOf(broker, resource)
        : answer(resource, ErrorCode.CLUSTER_AUTHORIZATION_FAILED, null);
    default:
      return answer(resource, ErrorCode.INVALID_REQUEST, `Unknown resource type ${resourceType}`);
  }
};

/** A broker's own configs are judged by that broker before the controller hears of them. */
const brokerRefusalOf = (broker: Broker, resource: Resource): ResourceAnswer | undefined => {
  const { resourceName, configs } = resource;
  const refused = (message: string): ResourceAnswer => answer(resource, ErrorCode.INVALID_REQUEST, message);
  if (resourceName !== '' && !/^[+-]?\d{1,10}$/.test(resourceName)) {
    return refused(`Node id must be an integer, but it is: ${resourceName}`);
  }
  if (resourceName !== '' && Number(resourceName) !== broker.nodeId) {
    return refused(`Unexpected broker id, expected ${broker.nodeId}, but received ${resourceName}`);
  }
  const scope = resourceName === '' ? 'cluster' : 'broker';
  for (const { name, configOperation, value } of configs) {
    const problem =
      configOperation === SET && value !== null ? validateBrokerConfig(name, value, scope) : undefined;
    if (problem !== undefined) return refused(problem);
  }
  return undefined;
};

const alter = async (
  broker: Broker,
  resources: readonly Resource[],
  validateOnly: boolean,
): Promise<readonly ResourceAnswer[]> => {
  const outcome = await broker.controller.submit({
    kind: 'incremental-alter-configs',
    resources,
    validateOnly,
  });
  if (outcome.kind === 'done') return outcome.response.responses;
  const { errorCode, errorMessage } = errorOfOutcome(outcome);
  return resources.map((resource) => answer(resource, errorCode, errorMessage));
};
