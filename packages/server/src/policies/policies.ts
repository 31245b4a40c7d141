import type { Logger } from '@kafkaesque/kernel';
import { Failure, messageOf } from '@kafkaesque/kernel';
import type { CommandError, ConfigChangeRequest, NewTopicRequest, Policies } from '@kafkaesque/metadata';
import { ErrorCode } from '@kafkaesque/protocol';
import type { BrokerConfiguration } from '../configuration';

/** Loads a module by its path, or by its name as seen from the working directory. */
export type LoadModule = (specifier: string) => unknown;

export interface PolicyOptions {
  readonly configuration: BrokerConfiguration;
  readonly loadModule: LoadModule;
  readonly logger: Logger;
}

/** What a policy module exports, or what its exported class makes (KIP-108, KIP-133). */
interface PolicyModule {
  /** Called once, with everything that was given in the configuration. */
  readonly configure?: (configs: Readonly<Record<string, string>>) => void;
  /** Throws to refuse; the client is shown the error's message. */
  readonly validate: (request: object) => unknown;
}

/** The names of config resources in Kafka's `ConfigResource.Type`. */
const RESOURCE_NAMES = {
  2: 'TOPIC',
  4: 'BROKER',
  8: 'BROKER_LOGGER',
  16: 'CLIENT_METRICS',
  32: 'GROUP',
} as const;

/**
 * The operator's rules, from the modules that `create.topic.policy.class.name` and `alter.config.policy.class.name` name.
 * Fails with `INVALID_POLICY` when one cannot be loaded or is none.
 */
export const loadPolicies = (options: PolicyOptions): Policies => {
  const createTopic = loadPolicy('create.topic.policy.class.name', options);
  const alterConfigs = loadPolicy('alter.config.policy.class.name', options);
  return {
    ...(createTopic === undefined
      ? {}
      : { createTopic: (request: NewTopicRequest) => createTopic(newTopic(request)) }),
    ...(alterConfigs === undefined
      ? {}
      : { alterConfigs: (request: ConfigChangeRequest) => alterConfigs(configChange(request)) }),
  };
};

const newTopic = ({ configs, ...request }: NewTopicRequest): object => ({
  ...request,
  configs: Object.fromEntries(configs),
});

const configChange = ({ resource, configs }: ConfigChangeRequest): object => ({
  resource: { type: RESOURCE_NAMES[resource.type], name: resource.name },
  configs: Object.fromEntries(configs),
});

type Judge = (request: object) => CommandError | undefined;

const loadPolicy = (key: string, { configuration, loadModule, logger }: PolicyOptions): Judge | undefined => {
  const specifier = configuration.get(key);
  if (typeof specifier !== 'string' || specifier === '') return undefined;
  const wrong = (why: string, cause?: unknown): Failure =>
    new Failure('INVALID_POLICY', `${key}=${specifier}: ${why}`, cause === undefined ? {} : { cause });
  let policy: PolicyModule | undefined;
  try {
    policy = policyOf(loadModule(specifier));
    policy?.configure?.(Object.fromEntries(configuration.given));
  } catch (cause) {
    throw wrong(`the policy cannot be loaded: ${messageOf(cause)}`, cause);
  }
  if (policy === undefined) {
    throw wrong(
      'the module must export a function `validate(request)`, or as its default an object or a class that has one',
    );
  }
  return judging(key, policy, logger);
};

const policyOf = (module: unknown): PolicyModule | undefined => {
  const exported = isObject(module) && 'default' in module ? module.default : module;
  const made: unknown = typeof exported === 'function' ? new (exported as new () => unknown)() : exported;
  if (isPolicy(made)) return made;
  return isPolicy(module) ? module : undefined;
};

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

const isPolicy = (value: unknown): value is PolicyModule =>
  isObject(value) &&
  'validate' in value &&
  typeof value.validate === 'function' &&
  (!('configure' in value) || typeof value.configure === 'function');

/** Errors that a policy makes rather than throws: nobody meant to refuse anything. */
const MISTAKES: ReadonlySet<unknown> = new Set(['TypeError', 'ReferenceError', 'RangeError', 'SyntaxError']);

const UNEXPECTED: CommandError = {
  errorCode: ErrorCode.UNKNOWN_SERVER_ERROR,
  errorMessage: 'The server experienced an unexpected error when processing the request.',
};

const judging =
  (key: string, policy: PolicyModule, logger: Logger): Judge =>
  (request) => {
    try {
      const answer = policy.validate(request);
      if (!(isObject(answer) && 'then' in answer)) return undefined;
      // A policy that decides later has decided nothing: to let the request pass would be wrong.
      Promise.resolve(answer).catch(() => undefined);
      logger.error('a policy must decide at once, not return a promise', { key });
      return UNEXPECTED;
    } catch (error) {
      if (!isObject(error) || !('name' in error) || MISTAKES.has(error.name)) {
        logger.error('a policy failed', { key, error: messageOf(error) });
        return UNEXPECTED;
      }
      return { errorCode: ErrorCode.POLICY_VIOLATION, errorMessage: messageOf(error) };
    }
  };
