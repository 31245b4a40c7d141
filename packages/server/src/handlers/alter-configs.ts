import type { AlterConfigsRequest, AlterConfigsResponse, Draft } from '@kafkaesque/protocol';
import { ErrorCode } from '@kafkaesque/protocol';
import type { Administrator } from '../broker/broker';
import { validateReconfiguration } from '../configuration';
import type { ChangeAnswer } from './config-changes';
import { alterEach, forbiddenChange, foreignBroker, malformedChange, refusedChange } from './config-changes';
import type { Reply, RequestContext } from './handler';
import { BROKER_RESOURCE } from './resource-types';

type Resource = AlterConfigsRequest['resources'][number];

/** AlterConfigs (33), the older form: what is given replaces all overrides; levels of loggers cannot be set so. */
export const alterConfigs =
  (broker: Administrator) =>
  async (
    context: RequestContext,
    request: AlterConfigsRequest,
  ): Promise<Reply<Draft<typeof AlterConfigsResponse>>> => {
    const { validateOnly } = request;
    const responses = await alterEach(
      request.resources,
      (resource) => answerHere(broker, context, resource),
      (resources) => broker.controller.submit({ kind: 'alter-configs', resources, validateOnly }),
    );
    return { kind: 'answer', response: { throttleTimeMs: 0, responses } };
  };

const answerHere = (
  broker: Administrator,
  context: RequestContext,
  resource: Resource,
): ChangeAnswer | undefined =>
  forbiddenChange(broker, context, resource) ??
  malformedChange(resource.configs.map(({ name, value }) => ({ name, value, needsValue: true }))) ??
  (resource.resourceType === BROKER_RESOURCE ? brokerRefusal(broker, resource) : undefined);

const brokerRefusal = (
  broker: Administrator,
  { resourceName, configs }: Resource,
): ChangeAnswer | undefined => {
  const foreign = resourceName === '' ? undefined : foreignBroker(broker, resourceName);
  if (foreign !== undefined) return foreign;
  // What is not named is taken away.
  const changes = new Map<string, string | null>();
  const { dynamicBroker, dynamicDefault } = broker.layers();
  for (const name of (resourceName === '' ? dynamicDefault : dynamicBroker).keys()) changes.set(name, null);
  for (const { name, value } of configs) changes.set(name, value);
  const scope = resourceName === '' ? 'cluster' : 'broker';
  const problem = validateReconfiguration(changes, scope, broker.layers());
  return problem === undefined ? undefined : refusedChange(ErrorCode.INVALID_REQUEST, problem);
};
