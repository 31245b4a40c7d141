import type {
  Draft,
  IncrementalAlterConfigsRequest,
  IncrementalAlterConfigsResponse,
} from '@kafkaesque/protocol';
import { ErrorCode } from '@kafkaesque/protocol';
import { alteredList } from '@kafkaesque/metadata';
import type { Administrator } from '../broker/broker';
import { isListKey, NODE_KEYS, validateReconfiguration } from '../configuration';
import { alterLoggers } from './broker-loggers';
import type { ChangeAnswer } from './config-changes';
import { alterEach, forbiddenChange, foreignBroker, malformedChange, refusedChange } from './config-changes';
import type { Reply, RequestContext } from './handler';
import { BROKER_LOGGER_RESOURCE, BROKER_RESOURCE } from './resource-types';

type Resource = IncrementalAlterConfigsRequest['resources'][number];

const OPERATIONS = ['SET', 'DELETE', 'APPEND', 'SUBTRACT'] as const;
const DELETE = 1;

/** IncrementalAlterConfigs (44): SET 0, DELETE 1, APPEND 2, SUBTRACT 3 (KIP-339). */
export const incrementalAlterConfigs =
  (broker: Administrator) =>
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
  broker: Administrator,
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

const forbiddenLevels = (broker: Administrator, context: RequestContext): ChangeAnswer | undefined =>
  broker.isAllowed(context, 'ALTER_CONFIGS', 'CLUSTER', 'kafka-cluster')
    ? undefined
    : refusedChange(ErrorCode.CLUSTER_AUTHORIZATION_FAILED);

/** A broker's own configs are judged by that broker before the controller hears of them. */
const brokerRefusal = (
  broker: Administrator,
  { resourceName, configs }: Resource,
): ChangeAnswer | undefined => {
  const foreign = resourceName === '' ? undefined : foreignBroker(broker, resourceName);
  if (foreign !== undefined) return foreign;
  const layers = broker.layers();
  const before = resourceName === '' ? layers.dynamicDefault : layers.dynamicBroker;
  const changes = new Map<string, string | null>();
  for (const { name, configOperation, value } of configs) {
    const operation = OPERATIONS[configOperation];
    if (operation === undefined)
      return refusedChange(ErrorCode.INVALID_REQUEST, `Unknown operations type ${configOperation}`);
    if (operation === 'SET' || operation === 'DELETE') changes.set(name, operation === 'SET' ? value : null);
    else if (isListKey('broker', name))
      changes.set(
        name,
        alteredList(operation, before.get(name) ?? NODE_KEYS.get(name)?.default ?? '', value ?? ''),
      );
    else
      return refusedChange(
        ErrorCode.INVALID_CONFIG,
        NODE_KEYS.has(name)
          ? `Config value ${operation.toLowerCase()} is not allowed for config key: ${name}`
          : `Unknown config name: ${name}`,
      );
  }
  const scope = resourceName === '' ? 'cluster' : 'broker';
  const problem = validateReconfiguration(changes, scope, layers);
  return problem === undefined ? undefined : refusedChange(ErrorCode.INVALID_REQUEST, problem);
};
