import { BrokerId } from '@kafkaesque/kernel';
import { ErrorCode } from '@kafkaesque/protocol';
import { brokerById, configOverrides, isConfigResourceType, topicByName } from '../image/lookups';
import type { ConfigResource } from '../image/metadata-image';
import { invalidTopicName } from '../image/topic-name';
import type { MetadataRecord } from '../records';
import type { AlterConfigsResult, CommandError } from './commands';
import type { DecisionContext } from './decision';
import { clearedBy, forbiddenMinimum } from './eligible-leaders';
import { refused } from './new-partitions';
import { repeatedOf } from './repeated';

/** Longest key, and longest value of one key, as a Kafka string can carry them: older describers could read no other. */
const MAX_TEXT_BYTES = 32_767;

export interface ResourceName {
  readonly resourceType: number;
  readonly resourceName: string;
}

/** New values by key; null removes the override. */
export type ConfigValues = ReadonlyMap<string, string | null>;

export type ConfigOutcome =
  | {
      readonly kind: 'values';
      readonly values: ConfigValues;
      /** Keys that the request does not name; policies are not asked about them (KAFKA-14195). */
      readonly unnamed?: ReadonlySet<string>;
    }
  | ReturnType<typeof refused>;

const BROKER_ID = /^-?\d{1,10}$/;

const invalidResource = ({ type, name }: ConfigResource): CommandError | undefined => {
  if (type === 2) {
    if (name === '') return refused(ErrorCode.INVALID_REQUEST, 'Default topic resources are not allowed.');
    const reason = invalidTopicName(name);
    return reason === undefined ? undefined : refused(ErrorCode.INVALID_TOPIC_EXCEPTION, reason);
  }
  if (type === 4 && name !== '') {
    if (!BROKER_ID.test(name))
      return refused(ErrorCode.INVALID_REQUEST, `Node id must be an integer, but it is: ${name}`);
    if (Number(name) < 0) return refused(ErrorCode.INVALID_REQUEST, 'Invalid negative broker ID.');
  }
  if (type === 8) return refused(ErrorCode.INVALID_REQUEST, 'Unknown resource type BROKER_LOGGER');
  if (type === 32 && name === '')
    return refused(ErrorCode.INVALID_REQUEST, 'Default group resources are not allowed.');
  return undefined;
};

const unknownResource = (
  { image }: DecisionContext,
  { type, name }: ConfigResource,
): CommandError | undefined => {
  if (type === 2 && topicByName(image, name) === undefined)
    return refused(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, `The topic '${name}' does not exist.`);
  if (type === 4 && name !== '' && brokerById(image, BrokerId(Number(name))) === undefined)
    return refused(ErrorCode.BROKER_ID_NOT_REGISTERED, `No node with id ${name} found.`);
  return undefined;
};

const overridesAfter = (
  context: DecisionContext,
  resource: ConfigResource,
  values: ConfigValues,
): ReadonlyMap<string, string> => {
  const after = new Map(configOverrides(context.image, resource).entries());
  for (const [key, value] of values) {
    if (value === null) after.delete(key);
    else after.set(key, value);
  }
  return after;
};

const invalidValues = (
  context: DecisionContext,
  resource: ConfigResource,
  values: ConfigValues,
): CommandError | undefined => {
  for (const [key, value] of values) {
    if (value === null) continue;
    if (Buffer.byteLength(key) > MAX_TEXT_BYTES)
      return refused(
        ErrorCode.INVALID_CONFIG,
        `The configuration key cannot be added because it exceeds the maximum key size of ${MAX_TEXT_BYTES} bytes.`,
      );
    if (Buffer.byteLength(value) > MAX_TEXT_BYTES)
      return refused(
        ErrorCode.INVALID_CONFIG,
        `The configuration value cannot be added because it exceeds the maximum value size of ${MAX_TEXT_BYTES} bytes.`,
      );
  }
  const reason = context.settings.configs.validate(resource, overridesAfter(context, resource, values));
  if (reason === undefined) return undefined;
  return typeof reason === 'string'
    ? refused(ErrorCode.INVALID_CONFIG, reason)
    : refused(reason.errorCode, reason.errorMessage);
};

/**
 * The values that differ. A broker's count even when they do not: setting one again makes the brokers load it again (a
 * changed key store keeps its path).
 */
const changedValues = (
  context: DecisionContext,
  resource: ConfigResource,
  values: ConfigValues,
): ConfigValues => {
  const before = configOverrides(context.image, resource);
  return new Map(
    [...values].filter(([name, value]) => resource.type === 4 || (before.get(name) ?? null) !== value),
  );
};

const alterOne = <Resource extends ResourceName>(
  requested: Resource,
  context: DecisionContext,
  newValues: (requested: Resource, resource: ConfigResource) => ConfigOutcome,
  records: MetadataRecord[],
): CommandError => {
  const { resourceType, resourceName } = requested;
  if (!isConfigResourceType(resourceType))
    return refused(ErrorCode.INVALID_REQUEST, `Unknown resource type ${resourceType}`);
  const resource: ConfigResource = { type: resourceType, name: resourceName };
  const invalid = invalidResource(resource);
  if (invalid !== undefined) return invalid;
  const outcome = newValues(requested, resource);
  if (outcome.kind === 'refused') return outcome;
  const error = invalidValues(context, resource, outcome.values) ?? unknownResource(context, resource);
  if (error !== undefined) return error;
  const changed = changedValues(context, resource, outcome.values);
  for (const [name, value] of changed) {
    const forbidden = forbiddenMinimum(context.image, resource, name, value);
    if (forbidden !== undefined) return forbidden;
  }
  const violation = context.settings.policies?.alterConfigs?.({
    resource,
    configs: new Map([...changed].filter(([name]) => outcome.unnamed?.has(name) !== true)),
  });
  if (violation !== undefined) return violation;
  for (const [name, value] of changed)
    records.push({
      kind: 'ConfigRecord',
      value: { resourceType: resource.type, resourceName: resource.name, name, value },
    });
  for (const record of clearedBy(context.image, resource, changed.keys())) records.push(record);
  return { errorCode: ErrorCode.NONE, errorMessage: null };
};

/** Alters each resource by itself; `newValues` says what one request means for its resource. */
export const alterResources = <Resource extends ResourceName>(
  resources: readonly Resource[],
  context: DecisionContext,
  newValues: (requested: Resource, resource: ConfigResource) => ConfigOutcome,
): { readonly records: readonly MetadataRecord[]; readonly responses: readonly AlterConfigsResult[] } => {
  const records: MetadataRecord[] = [];
  const keyOf = ({ resourceType, resourceName }: ResourceName): string => `${resourceType}:${resourceName}`;
  const repeated = repeatedOf(resources.map(keyOf));
  const answered = new Set<string>();
  const responses: AlterConfigsResult[] = [];
  for (const requested of resources) {
    const { resourceType, resourceName } = requested;
    const key = keyOf(requested);
    if (answered.has(key)) continue;
    answered.add(key);
    const { errorCode, errorMessage } = repeated.has(key)
      ? refused(ErrorCode.INVALID_REQUEST, 'Duplicate resource.')
      : alterOne(requested, context, newValues, records);
    responses.push({ resourceType, resourceName, errorCode, errorMessage });
  }
  return { records, responses };
};
