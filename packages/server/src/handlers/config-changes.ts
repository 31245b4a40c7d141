import type { AlterConfigsResponse, Draft } from '@kafkaesque/protocol';
import { ErrorCode } from '@kafkaesque/protocol';
import type { Administrator } from '../broker/broker';
import type { CommandOutcome } from '../controller/controller-host';
import { errorOfOutcome, repeatedOf } from './command-errors';
import type { RequestContext } from './handler';
import { BROKER_RESOURCE, CLIENT_METRICS_RESOURCE, GROUP_RESOURCE, TOPIC_RESOURCE } from './resource-types';

/** One resource of AlterConfigs or IncrementalAlterConfigs. */
export interface ChangedResource {
  readonly resourceType: number;
  readonly resourceName: string;
}
type ResourceAnswer = Draft<typeof AlterConfigsResponse>['responses'][number];

/** What the broker itself says of a change, before the controller hears of it; undefined: nothing. */
export interface ChangeAnswer {
  readonly errorCode: number;
  readonly errorMessage: string | null;
}

/**
 * Answers every resource, in the order of the request: with what this broker says of it, or else with what the
 * controller says of those that are left.
 */
export const alterEach = async <Resource extends ChangedResource>(
  resources: readonly Resource[],
  answerHere: (resource: Resource) => ChangeAnswer | undefined,
  submit: (
    resources: readonly Resource[],
  ) => Promise<CommandOutcome<{ readonly responses: readonly ResourceAnswer[] }>>,
): Promise<readonly ResourceAnswer[]> => {
  const keyOf = ({ resourceType, resourceName }: ChangedResource): string =>
    `${resourceType}:${resourceName}`;
  const repeated = repeatedOf(resources.map(keyOf));
  const answered = new Map<Resource, ChangeAnswer>();
  for (const resource of resources) {
    const answer = repeated.has(keyOf(resource))
      ? refusedChange(ErrorCode.INVALID_REQUEST, 'Each resource must appear at most once.')
      : answerHere(resource);
    if (answer !== undefined) answered.set(resource, answer);
  }
  const left = resources.filter((resource) => !answered.has(resource));
  const decided = new Map<string, ChangeAnswer>();
  if (left.length > 0) {
    const outcome = await submit(left);
    if (outcome.kind === 'done') for (const one of outcome.response.responses) decided.set(keyOf(one), one);
    else for (const resource of left) decided.set(keyOf(resource), errorOfOutcome(outcome));
  }
  return resources.map((resource) => {
    const { errorCode, errorMessage } =
      answered.get(resource) ?? decided.get(keyOf(resource)) ?? refusedChange(ErrorCode.UNKNOWN_SERVER_ERROR);
    const { resourceType, resourceName } = resource;
    return { errorCode, errorMessage, resourceType, resourceName };
  });
};

export const refusedChange = (errorCode: number, errorMessage: string | null = null): ChangeAnswer => ({
  errorCode,
  errorMessage,
});

/** Why nobody may send this change: keys that stand twice, values that are missing. */
export const malformedChange = (
  configs: readonly { readonly name: string; readonly value: string | null; readonly needsValue: boolean }[],
): ChangeAnswer | undefined => {
  if (repeatedOf(configs.map(({ name }) => name)).size > 0)
    return refusedChange(ErrorCode.INVALID_REQUEST, 'Error due to duplicate config keys');
  const without = configs.filter(({ value, needsValue }) => needsValue && value === null);
  return without.length === 0
    ? undefined
    : refusedChange(
        ErrorCode.INVALID_REQUEST,
        `Null value not supported for : ${without.map(({ name }) => name).join(', ')}`,
      );
};

/** Why this client may not change a resource that metadata keep; unknown types are refused as well. */
export const forbiddenChange = (
  broker: Administrator,
  context: RequestContext,
  { resourceType, resourceName }: ChangedResource,
): ChangeAnswer | undefined => {
  switch (resourceType) {
    case TOPIC_RESOURCE:
      return broker.isAllowed(context, 'ALTER_CONFIGS', 'TOPIC', resourceName)
        ? undefined
        : refusedChange(ErrorCode.TOPIC_AUTHORIZATION_FAILED);
    case BROKER_RESOURCE:
    case CLIENT_METRICS_RESOURCE:
      return broker.isAllowed(context, 'ALTER_CONFIGS', 'CLUSTER', 'kafka-cluster')
        ? undefined
        : refusedChange(ErrorCode.CLUSTER_AUTHORIZATION_FAILED);
    case GROUP_RESOURCE:
      return broker.isAllowed(context, 'ALTER_CONFIGS', 'GROUP', resourceName)
        ? undefined
        : refusedChange(ErrorCode.GROUP_AUTHORIZATION_FAILED);
    default:
      return refusedChange(ErrorCode.INVALID_REQUEST, `Unknown resource type ${resourceType}`);
  }
};

/** Why a broker's own resource does not name this broker, which alone can judge its configs. */
export const foreignBroker = (
  broker: Administrator,
  name: string,
  unexpected = 'Unexpected broker id, expected ',
): ChangeAnswer | undefined => {
  if (!/^[+-]?\d{1,10}$/.test(name))
    return refusedChange(ErrorCode.INVALID_REQUEST, `Node id must be an integer, but it is: ${name}`);
  return Number(name) === broker.nodeId
    ? undefined
    : refusedChange(ErrorCode.INVALID_REQUEST, `${unexpected}${broker.nodeId}, but received ${name}`);
};
