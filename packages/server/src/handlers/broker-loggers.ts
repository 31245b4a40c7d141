import type { IncrementalAlterConfigsRequest } from '@kafkaesque/protocol';
import { ErrorCode } from '@kafkaesque/protocol';
import type { Loggers, LogLevel } from '@kafkaesque/telemetry';
import { levelOfLog4j } from '@kafkaesque/telemetry';
import type { Administrator } from '../broker/broker';
import type { ChangeAnswer } from './config-changes';
import { foreignBroker, refusedChange } from './config-changes';

type Resource = IncrementalAlterConfigsRequest['resources'][number];
type Change = Resource['configs'][number];

const OPERATIONS = ['SET', 'DELETE', 'APPEND', 'SUBTRACT'];
const SET = 0;
const DELETE = 1;
const ROOT = 'root';
/** As Kafka lists them. */
const LEVELS = ['DEBUG', 'ERROR', 'FATAL', 'INFO', 'TRACE', 'WARN'];
const NAMES: Readonly<Record<LogLevel, string>> = {
  debug: 'DEBUG',
  info: 'INFO',
  warn: 'WARN',
  error: 'ERROR',
  silent: 'FATAL',
};

/** Levels of this broker's loggers by name, in Kafka's words. */
export const loggerLevels = ({ loggers }: Administrator): ReadonlyMap<string, string> =>
  new Map([...(loggers?.levels() ?? [])].map(([name, level]) => [name, NAMES[level]]));

/**
 * Changes levels of loggers (KIP-412): all that one request names, or none. They hold until the process ends: metadata
 * know nothing of them.
 */
export const alterLoggers = (
  broker: Administrator,
  resource: Resource,
  validateOnly: boolean,
): ChangeAnswer => {
  const { loggers } = broker;
  const refusal =
    foreignBroker(broker, resource.resourceName, 'Unexpected node id. Expected ') ??
    resource.configs.map((change) => refusalOf(loggers, change)).find((answer) => answer !== undefined);
  if (refusal !== undefined) return refusal;
  if (!validateOnly) {
    for (const { name, configOperation, value } of resource.configs)
      loggers?.setLevel(name, configOperation === DELETE ? undefined : levelOfLog4j(value ?? ''));
  }
  return refusedChange(ErrorCode.NONE);
};

const refusalOf = (
  loggers: Loggers | undefined,
  { name, configOperation, value }: Change,
): ChangeAnswer | undefined => {
  if (configOperation !== SET && configOperation !== DELETE) {
    const operation = OPERATIONS[configOperation];
    return refusedChange(
      ErrorCode.INVALID_REQUEST,
      operation === undefined
        ? `Unknown operation type ${configOperation} is not allowed for the BROKER_LOGGER resource`
        : `${operation} operation is not allowed for the BROKER_LOGGER resource`,
    );
  }
  if (loggers?.levels().has(name) !== true)
    return refusedChange(ErrorCode.INVALID_CONFIG, `Logger ${name} does not exist!`);
  if (configOperation === DELETE)
    return name === ROOT
      ? refusedChange(
          ErrorCode.INVALID_REQUEST,
          `Removing the log level of the ${ROOT} logger is not allowed`,
        )
      : undefined;
  return LEVELS.includes(value ?? '')
    ? undefined
    : refusedChange(
        ErrorCode.INVALID_CONFIG,
        `Cannot set the log level of ${name} to ${value} as it is not a supported log level. ` +
          `Valid log levels are ${LEVELS.join(', ')}`,
      );
};
