import { ErrorCode } from '@kafkaesque/protocol';
import { configOverrides } from '../image/lookups';
import type { ConfigResource } from '../image/metadata-image';
import type { AlterConfigsResult, ConfigOperation, IncrementalAlterConfigsCommand } from './commands';
import type { ConfigOutcome } from './config-resources';
import { alterResources } from './config-resources';
import type { Decision, DecisionContext } from './decision';
import { refused } from './new-partitions';
import { repeatedOf } from './repeated';

const operations = ['SET', 'DELETE', 'APPEND', 'SUBTRACT'] as const;

const partsOf = (value: string | undefined): string[] =>
  (value ?? '').split(',').filter((part) => part !== '');

/** The list after APPEND or SUBTRACT, which start from the default when nothing is set. */
export const alteredList = (
  operation: 'APPEND' | 'SUBTRACT',
  before: string | undefined,
  operand: string,
): string => {
  const parts = partsOf(before);
  for (const part of operand.split(',')) {
    const at = parts.indexOf(part);
    if (operation === 'APPEND' && at === -1) parts.push(part);
    if (operation === 'SUBTRACT' && at !== -1) parts.splice(at, 1);
  }
  return parts.join(',');
};

const newValues = (
  configs: readonly ConfigOperation[],
  resource: ConfigResource,
  { image, settings }: DecisionContext,
): ConfigOutcome => {
  if (repeatedOf(configs.map(({ name }) => name)).size > 0)
    return refused(ErrorCode.INVALID_REQUEST, 'Error due to duplicate config keys');
  const withoutValue = configs.filter(
    ({ configOperation, value }) => configOperation !== 1 && value === null,
  );
  if (withoutValue.length > 0)
    return refused(
      ErrorCode.INVALID_REQUEST,
      `Null value not supported for : ${withoutValue.map(({ name }) => name).join(', ')}`,
    );
  const overrides = configOverrides(image, resource);
  const values = new Map<string, string | null>();
  for (const { name, configOperation, value } of configs) {
    const operation = operations[configOperation];
    if (operation === undefined)
      return refused(ErrorCode.INVALID_REQUEST, `Unknown operations type ${configOperation}`);
    if (operation === 'DELETE') values.set(name, null);
    else if (operation === 'SET') values.set(name, value);
    else if (!settings.configs.isList(resource, name))
      return refused(
        ErrorCode.INVALID_CONFIG,
        `Can't ${operation} to key ${name} because its type is not LIST.`,
      );
    else {
      const before = overrides.get(name) ?? settings.configs.defaultValue(resource, name);
      values.set(name, alteredList(operation, before, value ?? ''));
    }
  }
  return { kind: 'values', values };
};

/** IncrementalAlterConfigs: SET, DELETE, APPEND and SUBTRACT on single keys; all keys of a resource or none. */
export const decideIncrementalAlterConfigs = (
  command: IncrementalAlterConfigsCommand,
  context: DecisionContext,
): Decision<{ readonly responses: readonly AlterConfigsResult[] }> => {
  const { records, responses } = alterResources(command.resources, context, (requested, resource) =>
    newValues(requested.configs, resource, context),
  );
  return { kind: 'decided', records: command.validateOnly ? [] : records, response: { responses } };
};
