import type {
  Draft,
  IncrementalAlterConfigsRequest,
  IncrementalAlterConfigsResponse,
} from '@kafkaesque/protocol';
import { ErrorCode } from '@kafkaesque/protocol';
import type { Broker } from '../broker/broker';
import { validateBrokerConfig } from '../configuration';
import { alterLoggers } from './broker-loggers';
import type { ChangeAnswer } from './config-changes';
import { alterEach, forbiddenChange, foreignBroker, malformedChange, refusedChange } from './config-changes';
import type { Reply, RequestContext } from './handler';
import { BROKER_LOGGER_RESOURCE, BROKER_RESOURCE } from './resource-types';

type Resource = IncrementalAlterConfigsRequest['resources'][number];

const SET = 0;
const DELETE = 1;

/** IncrementalAlterConfigs (44): SET 0, DELETE 1, APPEND 2, SUBTRACT 3 (KIP-339). */
export const incrementalAlterConfigs =
  (broker: Broker) =>
  async (
    context: RequestContext,
    request: IncrementalAlterConfigsRequest,
  ): Promise<Reply<Draft<typeof IncrementalAlterConfigsResponse>>> => {
    const { validateOnly } = request;
    const responses = await alterEach(
      request.resources,
      (resource) => answerHere(broker, context, resource, validateOnly),
      (resources) => broker.controller.submit({ kind: 'incremental-alter-configs', resources, validateOnly }),
    );
    return { kind: 'answer', response: { throttleTimeMs: 0, responses } };
  };

const answerHere = (
  broker: Broker,
  context: RequestContext,
  resource: Resource,
  validateOnly: boolean,
): ChangeAnswer | undefined => {
  const { resourceType, configs } = resource;
  return (
    (resourceType === BROKER_LOGGER_RESOURCE
      ? forbiddenLevels(broker, context)
      : forbiddenChange(broker, context, resource)) ??
    malformedChange(
      configs.map(({ name, value, configOperation }) => ({
        name,
        value,
        needsValue: configOperation !== DELETE,
      })),
    ) ??
    (resourceType === BROKER_RESOURCE ? brokerRefusal(broker, resource) : undefined) ??
    (resourceType === BROKER_LOGGER_RESOURCE ? alterLoggers(broker, resource, validateOnly) : undefined)
  );
};

const forbiddenLevels = (broker: Broker, context: RequestContext): ChangeAnswer | undefined =>
  broker.isAllowed(context, 'ALTER_CONFIGS', 'CLUSTER', 'kafka-cluster')
    ? undefined
    : refusedChange(ErrorCode.CLUSTER_AUTHORIZATION_FAILED);

/** A broker's own configs are judged by that broker before the controller hears of them. */
const brokerRefusal = (broker: Broker, { resourceName, configs }: Resource): ChangeAnswer | undefined => {
  const foreign = resourceName === '' ? undefined : foreignBroker(broker, resourceName);
  if (foreign !== undefined) return foreign;
  const scope = resourceName === '' ? 'cluster' : 'broker';
  for (const { name, configOperation, value } of configs) {
    const problem =
      configOperation === SET && value !== null ? validateBrokerConfig(name, value, scope) : undefined;
    if (problem !== undefined) return refusedChange(ErrorCode.INVALID_REQUEST, problem);
  }
  return undefined;
};
