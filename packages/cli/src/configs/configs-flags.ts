import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { parse } from 'dot-properties';
import { messageOf } from '@kafkaesque/kernel';
import type { ConfigChange, ConfigResourceType } from '@kafkaesque/client';
import { addConnectionFlags, textsOf } from '../command-line/client-flags';
import type { ConnectionFlags } from '../command-line/client-flags';
import { collect, toolCommand, wordOption } from '../command-line/tool-command';
import { UsageError } from '../command-line/usage-error';

export interface ConfigsFlags extends ConnectionFlags {
  readonly bootstrapController?: string;
  readonly alter?: true;
  readonly describe?: true;
  readonly all?: true;
  readonly entityType?: readonly string[];
  readonly entityName?: readonly string[];
  readonly entityDefault?: true;
  readonly addConfig?: string;
  readonly addConfigFile?: string;
  readonly deleteConfig?: string;
  readonly topic?: string;
  readonly broker?: string;
  readonly brokerDefaults?: true;
  readonly brokerLogger?: string;
  readonly clientMetrics?: string;
  readonly group?: string;
  readonly client?: string;
  readonly clientDefaults?: true;
  readonly user?: string;
  readonly userDefaults?: true;
  readonly ip?: string;
  readonly ipDefaults?: true;
  readonly json?: true;
}

/** Kafka's name of a kind of entity, in the plural as its tool has it. */
export type EntityType = 'topics' | 'brokers' | 'broker-loggers' | 'client-metrics' | 'groups';

export const resourceTypes: Readonly<Record<EntityType, ConfigResourceType>> = {
  topics: 'topic',
  brokers: 'broker',
  'broker-loggers': 'broker-logger',
  'client-metrics': 'client-metrics',
  groups: 'group',
};

const ALL_TYPES = [
  'topics',
  'clients',
  'users',
  'brokers',
  'ips',
  'client-metrics',
  'groups',
  'broker-loggers',
];
const SHORTHANDS = {
  topic: 'topics',
  client: 'clients',
  user: 'users',
  broker: 'brokers',
  brokerLogger: 'broker-loggers',
  ip: 'ips',
  clientMetrics: 'client-metrics',
  group: 'groups',
} as const;
const DEFAULT_SHORTHANDS = {
  clientDefaults: 'clients',
  userDefaults: 'users',
  brokerDefaults: 'brokers',
  ipDefaults: 'ips',
} as const;
/** Kinds of which there may be a default entity. */
const WITH_DEFAULT = new Set(['clients', 'users', 'brokers', 'ips']);
const NOT_THERE_YET = new Set(['clients', 'users', 'ips']);

export const configsCommand = (calledAs: string): Command =>
  addConnectionFlags(
    toolCommand({
      calledAs,
      summary: 'Shows and changes the configuration of topics and brokers while they run.',
      examples: [
        '$0 --bootstrap-server localhost:9092 --describe --topic my-topic',
        '$0 --bootstrap-server localhost:9092 --alter --topic my-topic --add-config retention.ms=3600000',
        "$0 --bootstrap-server localhost:9092 --alter --topic my-topic --add-config 'cleanup.policy=[compact,delete]'",
        '$0 --bootstrap-server localhost:9092 --alter --topic my-topic --delete-config retention.ms',
        '$0 --bootstrap-server localhost:9092 --describe --all --broker 1',
        '$0 --bootstrap-controller localhost:9093 --describe --broker-defaults',
      ],
    }),
  )
    .option(
      '--bootstrap-controller <host:port,…>',
      'instead of --bootstrap-server: controllers to connect to first',
    )
    .option('--describe', 'show what is set')
    .option('--alter', 'change it')
    .option('--all', 'show what is not set as well')
    .addOption(
      wordOption('--entity-type <type>', 'what it is that has configuration', ALL_TYPES).argParser(collect),
    )
    .option('--entity-name <name>', "a topic's name, a broker's id …", collect)
    .option('--entity-default', 'the defaults of all entities of the type')
    .option('--add-config <k1=v1,k2=[v1,v2]>', 'what to set')
    .option('--add-config-file <file>', 'the same as a properties file')
    .option('--delete-config <k1,k2>', 'what to set back to its default')
    .option('--topic <topic>', 'short for --entity-type topics --entity-name')
    .option('--broker <id>', 'short for --entity-type brokers --entity-name')
    .option('--broker-defaults', 'short for --entity-type brokers --entity-default')
    .option('--broker-logger <id>', 'short for --entity-type broker-loggers --entity-name')
    .option('--client-metrics <name>', 'short for --entity-type client-metrics --entity-name')
    .option('--group <id>', 'short for --entity-type groups --entity-name')
    .option('--client <id>', 'not there yet: quotas come later')
    .option('--client-defaults', 'not there yet: quotas come later')
    .option('--user <principal>', 'not there yet: quotas and credentials come later')
    .option('--user-defaults', 'not there yet: quotas and credentials come later')
    .option('--ip <address>', 'not there yet: quotas come later')
    .option('--ip-defaults', 'not there yet: quotas come later')
    .option('--force', 'accepted: nothing is ever asked')
    .option('--json', 'with --describe: print one line of JSON');

/** What to do with which entity. */
export interface ConfigsPlan {
  readonly action: 'alter' | 'describe';
  readonly type: EntityType;
  /** Empty: the default of all; undefined: every entity there is. */
  readonly name: string | undefined;
  readonly changes: readonly ConfigChange[];
}

/** Everything that can be checked without a cluster, in Kafka's order and words. Fails with UsageError. */
export const planConfigs = (flags: ConfigsFlags): ConfigsPlan => {
  if ((flags.alter === undefined) === (flags.describe === undefined)) {
    throw new UsageError('Command must include exactly one action: --describe, --alter');
  }
  const action = flags.alter ? 'alter' : 'describe';
  const type = entityTypeOf(flags);
  const name = entityNameOf(flags);
  const hasServer = flags.bootstrapServer !== undefined || flags.brokerList !== undefined;
  if (hasServer && flags.bootstrapController !== undefined)
    throw new UsageError('Only one of --bootstrap-server or --bootstrap-controller can be specified');
  if (!hasServer && flags.bootstrapController === undefined)
    throw new UsageError('Either --bootstrap-server or --bootstrap-controller must be specified.');
  checkName(action, type, name);
  if (action === 'alter') checkChanges(flags);
  if (NOT_THERE_YET.has(type)) {
    throw new UsageError(`Quotas and credentials are not there yet, so ${type} have no configuration`);
  }
  // The three kinds that are not in this record were refused above.
  return { action, type: type as EntityType, name, changes: action === 'alter' ? changesOf(flags) : [] };
};

const entityTypeOf = (flags: ConfigsFlags): string => {
  const given = [...(flags.entityType ?? [])];
  for (const [flag, type] of Object.entries({ ...SHORTHANDS, ...DEFAULT_SHORTHANDS })) {
    if (Object.hasOwn(flags, flag)) given.push(type);
  }
  const repeated = given.filter((type, index) => given.indexOf(type) !== index);
  if (repeated.length > 0) throw new UsageError(`Duplicate entity type(s) specified: ${repeated.join(',')}`);
  for (const type of given) {
    if (!ALL_TYPES.includes(type)) {
      throw new UsageError(
        `Invalid entity type ${type}, the entity type must be one of ${ALL_TYPES.join(', ')} with a --bootstrap-server or --bootstrap-controller argument`,
      );
    }
  }
  const [type, second] = given;
  if (type === undefined) throw new UsageError('At least one entity type must be specified');
  if (second !== undefined && !(given.includes('users') && given.includes('clients'))) {
    throw new UsageError("Only 'users' and 'clients' entity types may be specified together");
  }
  const isLong = flags.entityType ?? flags.entityName ?? flags.entityDefault;
  if (isLong !== undefined && given.length > (flags.entityType?.length ?? 0)) {
    throw new UsageError(
      '--entity-{type,name,default} should not be used in conjunction with specific entity flags',
    );
  }
  return type;
};

const entityNameOf = (flags: ConfigsFlags): string | undefined => {
  const { topic, broker, brokerLogger, clientMetrics, group, client, user, ip } = flags;
  const named = flags.entityName?.[0] ?? topic ?? broker ?? brokerLogger ?? clientMetrics ?? group;
  const name = named ?? client ?? user ?? ip;
  if (name !== undefined) return name;
  const defaults = [flags.entityDefault, flags.brokerDefaults, flags.clientDefaults, flags.userDefaults];
  return [...defaults, flags.ipDefaults].includes(true) ? '' : undefined;
};

const checkName = (action: 'alter' | 'describe', type: string, name: string | undefined): void => {
  const hasName = name !== undefined && name !== '';
  if (hasName && (type === 'brokers' || type === 'broker-loggers') && !/^[-+]?\d+$/.test(name)) {
    throw new UsageError(`The entity name for ${type} must be a valid integer broker id, but it is: ${name}`);
  }
  if (action === 'describe') {
    if (!WITH_DEFAULT.has(type) && name === '') {
      throw new UsageError(`--entity-default must not be specified with --describe of ${type}`);
    }
    if (type === 'broker-loggers' && !hasName) {
      throw new UsageError(`An entity name must be specified with --describe of ${type}`);
    }
  } else if (WITH_DEFAULT.has(type)) {
    if (name === undefined) {
      throw new UsageError(
        'An entity-name or default entity must be specified with --alter of users, clients, brokers or ips',
      );
    }
  } else if (!hasName) throw new UsageError(`An entity name must be specified with --alter of ${type}`);
};

const checkChanges = ({ addConfig, addConfigFile, deleteConfig }: ConfigsFlags): void => {
  if (addConfig !== undefined && addConfigFile !== undefined) {
    throw new UsageError('Only one of --add-config or --add-config-file must be specified');
  }
  if (addConfig === undefined && addConfigFile === undefined && deleteConfig === undefined) {
    throw new UsageError(
      'At least one of --add-config, --add-config-file, or --delete-config must be specified with --alter',
    );
  }
};

const changesOf = ({ addConfig, addConfigFile, deleteConfig }: ConfigsFlags): readonly ConfigChange[] => {
  const added = addConfig === undefined ? fromFile(addConfigFile) : parseConfigs(addConfig);
  const deleted = (deleteConfig ?? '').split(',').map((name) => name.trim());
  return [
    ...Object.entries(added).map(([name, value]) => ({ name, operation: 'set' as const, value })),
    ...deleted
      .filter((name) => name !== '')
      .map((name) => ({ name, operation: 'delete' as const, value: null })),
  ];
};

const fromFile = (path: string | undefined): Readonly<Record<string, string>> => {
  if (path === undefined) return {};
  try {
    return textsOf(parse(readFileSync(path, 'utf8')));
  } catch (error) {
    throw new UsageError(`Cannot read ${path}: ${messageOf(error)}`);
  }
};

/** `k1=v1,k2=[v1,v2]`: brackets hold commas together, and go. */
export const parseConfigs = (text: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    text.split(/,(?=[^\]]*(?:\[|$))/).map((pair) => {
      const parts = pair.split(/\s*=\s*(?=[^\]]*(?:\[|$))/);
      const [name = '', value] = parts;
      if (value === undefined || parts.length !== 2) {
        throw new UsageError(
          'requirement failed: Invalid entity config: all configs to be added must be in the format "key=val" or  "key=[val1,val2]" to group values which contain commas.',
        );
      }
      return [name.trim(), value.replaceAll(/\[?\]?/g, '').trim()];
    }),
  );
