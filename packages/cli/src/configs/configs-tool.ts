import { hasCode, messageOf } from '@kafkaesque/kernel';
import type { Admin, ConfigEntry, ConfigResource, Outcome } from '@kafkaesque/client';
import { clientOptions, clientProperties, numberProperty } from '../command-line/client-flags';
import { sdk } from '../command-line/loaded-on-demand';
import { withUsage } from '../command-line/outcome';
import type { Terminal } from '../command-line/terminal';
import { parseFlags } from '../command-line/tool-command';
import { UsageError } from '../command-line/usage-error';
import type { Tool } from '../tools';
import { configsCommand, planConfigs, resourceTypes } from './configs-flags';
import type { ConfigsFlags, ConfigsPlan, EntityType } from './configs-flags';

/** Kafka's names of where a value comes from, by number. */
const SOURCES = [
  'UNKNOWN',
  'DYNAMIC_TOPIC_CONFIG',
  'DYNAMIC_BROKER_CONFIG',
  'DYNAMIC_DEFAULT_BROKER_CONFIG',
  'STATIC_BROKER_CONFIG',
  'DEFAULT_CONFIG',
  'DYNAMIC_BROKER_LOGGER_CONFIG',
  'DYNAMIC_CLIENT_METRICS_CONFIG',
  'DYNAMIC_GROUP_CONFIG',
];

export const tool: Tool = {
  command: configsCommand,
  run: (argv, terminal, calledAs) =>
    withUsage(terminal, calledAs, async () => {
      const parsed = parseFlags<ConfigsFlags>(configsCommand(calledAs), argv, terminal);
      if (parsed.kind === 'done') return 0;
      if (argv.length === 0) {
        throw new UsageError(
          'This tool helps to manipulate and describe entity config for a topic, client, user, broker, ip, client-metrics or group',
        );
      }
      const { flags } = parsed;
      const plan = planConfigs(flags);
      const properties = clientProperties(flags.commandConfig, flags.commandProperty);
      await using client = sdk().openClient(clientOptions(flags, properties, terminal, 'kafka-configs'));
      const admin = client.admin({ apiTimeoutMs: numberProperty(properties, 'default.api.timeout.ms') });
      try {
        await runConfigs(plan, flags, admin, terminal);
        return 0;
      } catch (error) {
        if (hasCode(error, 'USAGE')) throw error;
        terminal.err(
          `Error while executing config command with args '${argv.join(' ')}'\n${messageOf(error)}\n`,
        );
        return 1;
      }
    }),
};

/** The work of one action. */
export const runConfigs = async (
  plan: ConfigsPlan,
  flags: Pick<ConfigsFlags, 'all' | 'json'>,
  admin: Admin,
  terminal: Terminal,
): Promise<void> => {
  if (plan.action === 'alter') await alter(plan, admin, terminal);
  else await describe(plan, flags, admin, terminal);
};

const singular = (type: EntityType): string => type.slice(0, -1);

const alter = async (
  { type, name = '', changes }: ConfigsPlan,
  admin: Admin,
  terminal: Terminal,
): Promise<void> => {
  const resource: ConfigResource = { type: resourceTypes[type], name };
  if (type === 'broker-loggers') await checkLoggers(resource, changes, admin);
  only(await admin.incrementalAlterConfigs([{ resource, changes }]));
  terminal.out(
    name === ''
      ? `Completed updating default config for ${type} in the cluster.\n`
      : `Completed updating config for ${singular(type)} ${name}.\n`,
  );
};

const checkLoggers = async (
  resource: ConfigResource,
  changes: ConfigsPlan['changes'],
  admin: Admin,
): Promise<void> => {
  const known = new Set(only(await admin.describeConfigs([resource])).map(({ name }) => name));
  const unknown = changes.filter(({ name }) => !known.has(name));
  if (unknown.length > 0) {
    throw new UsageError(`Invalid broker logger(s): ${unknown.map(({ name }) => name).join(',')}`);
  }
};

const describe = async (
  { type, name }: ConfigsPlan,
  { all = false, json = false }: { readonly all?: boolean; readonly json?: boolean },
  admin: Admin,
  terminal: Terminal,
): Promise<void> => {
  const existing = await namesOf(type, admin);
  if (name !== undefined && name !== '' && existing !== undefined && !existing.includes(name)) {
    const message = `The ${singular(type)} '${name}' doesn't exist and doesn't have dynamic config.\n`;
    if (json) terminal.err(message);
    else terminal.out(message);
    return;
  }
  const names = name === undefined ? [...(existing ?? []), ...(type === 'brokers' ? [''] : [])] : [name];
  const shown: object[] = [];
  for (const entity of names) {
    if (!json) {
      terminal.out(
        entity === ''
          ? `Default configs for ${type} in the cluster are:\n`
          : `${all ? 'All' : 'Dynamic'} configs for ${singular(type)} ${entity} are:\n`,
      );
    }
    const resource: ConfigResource = { type: resourceTypes[type], name: entity };
    const entries = only(await admin.describeConfigs([resource], { synonyms: true }))
      .filter(({ source }) => all || isDynamic(type, entity, source))
      .toSorted((a, b) => (a.name < b.name ? -1 : 1));
    if (json) shown.push({ type: resource.type, name: entity, configs: entries.map(plain) });
    else for (const entry of entries) terminal.out(entryLine(entry));
  }
  if (json) terminal.out(`${JSON.stringify({ entities: shown })}\n`);
};

/** Undefined where the tool need not know whether an entity exists. */
const namesOf = async (type: EntityType, admin: Admin): Promise<readonly string[] | undefined> => {
  switch (type) {
    case 'topics':
      return (await admin.listTopics({ includeInternal: true })).map(({ name }) => name);
    case 'brokers':
    case 'broker-loggers':
      return (await admin.describeCluster()).nodes.map(({ id }) => String(id));
    case 'client-metrics':
    case 'groups':
      return (await admin.listConfigResources([resourceTypes[type]])).map(({ name }) => name);
  }
};

/** Whether somebody set it for this very entity while the cluster ran. */
const isDynamic = (type: EntityType, entity: string, source: number): boolean => {
  switch (SOURCES[source]) {
    case 'DYNAMIC_TOPIC_CONFIG':
      return type === 'topics';
    case 'DYNAMIC_BROKER_CONFIG':
      return type === 'brokers' && entity !== '';
    case 'DYNAMIC_DEFAULT_BROKER_CONFIG':
      return type === 'brokers' && entity === '';
    case 'DYNAMIC_CLIENT_METRICS_CONFIG':
      return type === 'client-metrics';
    case 'DYNAMIC_GROUP_CONFIG':
      return type === 'groups';
    default:
      return type === 'broker-loggers';
  }
};

const sourceName = (source: number): string => SOURCES[source] ?? 'UNKNOWN';

const entryLine = ({ name, value, sensitive, synonyms }: ConfigEntry): string => {
  const texts = synonyms.map((one) => `${sourceName(one.source)}:${one.name}=${one.value}`);
  return `  ${name}=${value} sensitive=${sensitive} synonyms={${texts.join(', ')}}\n`;
};

const plain = ({ name, value, source, sensitive, readOnly, synonyms }: ConfigEntry): object => ({
  ...{ name, value, source: sourceName(source), sensitive, readOnly },
  synonyms: synonyms.map((one) => ({ ...one, source: sourceName(one.source) })),
});

/** The value of the only outcome, or its error. */
const only = <Key, Value>([outcome]: readonly Outcome<Key, Value>[]): Value => {
  if (outcome === undefined) throw new UsageError('The broker gave no answer about this entity');
  if (outcome.kind === 'failed') throw outcome.error;
  return outcome.value;
};
