import { ErrorCode } from '@kafkaesque/protocol';
import { configOverrides } from '../image/lookups';
import type { AlterConfigsCommand, AlterConfigsResult } from './commands';
import { alterResources } from './config-resources';
import type { Decision, DecisionContext } from './decision';
import { refused } from './new-partitions';
import { repeatedOf } from './repeated';

/** AlterConfigs, the older form: what is given replaces all overrides of the resource. */
export const decideAlterConfigs = (
  command: AlterConfigsCommand,
  context: DecisionContext,
): Decision<{ readonly responses: readonly AlterConfigsResult[] }> => {
  const { records, responses } = alterResources(command.resources, context, ({ configs }, resource) => {
    if (repeatedOf(configs.map(({ name }) => name)).size > 0)
      return refused(ErrorCode.INVALID_REQUEST, 'Error due to duplicate config keys');
    const withoutValue = configs.filter(({ value }) => value === null).map(({ name }) => name);
    if (withoutValue.length > 0)
      return refused(ErrorCode.INVALID_REQUEST, `Null value not supported for : ${withoutValue.join(', ')}`);
    const values = new Map<string, string | null>();
    for (const key of configOverrides(context.image, resource).keys()) values.set(key, null);
    for (const { name, value } of configs) values.set(name, value);
    const named = new Set(configs.map(({ name }) => name));
    return {
      kind: 'values',
      values,
      unnamed: new Set([...values.keys()].filter((name) => !named.has(name))),
    };
  });
  return { kind: 'decided', records: command.validateOnly ? [] : records, response: { responses } };
};
