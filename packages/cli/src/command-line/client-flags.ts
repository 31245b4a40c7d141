import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { parse } from 'dot-properties';
import { messageOf } from '@kafkaesque/kernel';
import type { Logger } from '@kafkaesque/kernel';
import type { ClientOptions } from '@kafkaesque/client';
import { collect, requireFlag } from './tool-command';
import { refuseBothSpellings } from './old-spellings';
import type { Terminal } from './terminal';
import { UsageError } from './usage-error';

/** Client properties under Kafka's names, as files and `key=value` give them. */
export type Properties = Readonly<Record<string, string>>;

export interface ConnectionFlags {
  readonly bootstrapServer?: string;
  /** Controllers instead of brokers; only where a tool offers it. */
  readonly bootstrapController?: string;
  readonly brokerList?: string;
  readonly commandConfig?: string;
  readonly commandProperty?: readonly string[];
}

/** The options every tool that talks to a cluster has. */
export const addConnectionFlags = (command: Command): Command =>
  command
    .option('--bootstrap-server <host:port,…>', 'REQUIRED: brokers to connect to first')
    .option('--broker-list <host:port,…>', 'the old name of --bootstrap-server')
    .option('--command-config <file>', 'a properties file for the client; --command-property goes before it')
    .option('--command-property <key=value>', 'a property for the client; may be repeated', collect);

/** Kafka 4's client cannot do more here yet, so it is said instead of connecting in the clear. */
const SECURITY_PROTOCOL = 'security.protocol';

const readProperties = (path: string): Properties => {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new UsageError(`Cannot read ${path}: ${messageOf(error)}`);
  }
  return textsOf(parse(text));
};

/** A flat properties file as it was parsed; what is no text is left out. */
export const textsOf = (parsed: object): Properties =>
  Object.fromEntries(
    Object.entries(parsed).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );

/** `key=value` pairs; a key without value is one with an empty value, as Kafka reads it. */
export const keyValues = (pairs: readonly string[] | undefined): Properties =>
  Object.fromEntries(
    (pairs ?? []).map((pair) => {
      const at = pair.indexOf('=');
      if (at === 0) throw new UsageError(`Invalid command line properties: ${pair}; write key=value`);
      return at < 0 ? [pair, ''] : [pair.slice(0, at), pair.slice(at + 1)];
    }),
  );

/** The file's properties, overridden by those of the command line. */
export const clientProperties = (
  file: string | undefined,
  pairs: readonly string[] | undefined,
): Properties => ({ ...(file === undefined ? {} : readProperties(file)), ...keyValues(pairs) });

/** A property as a whole number; fails with Kafka's sentence. */
export const numberProperty = (properties: Properties, key: string): number | undefined => {
  const value = properties[key];
  if (value === undefined) return undefined;
  if (!/^\s*-?\d+\s*$/.test(value)) {
    throw new UsageError(`Invalid value ${value} for configuration ${key}: Not a number of type INT`);
  }
  return Number(value);
};

/** How to reach the cluster, by flags and properties. */
export const clientOptions = (
  flags: ConnectionFlags,
  properties: Properties,
  terminal: Terminal,
  clientId: string,
): ClientOptions => {
  refuseBothSpellings(flags, [{ old: 'broker-list', now: 'bootstrap-server' }]);
  const bootstrap = bootstrapOf(flags, properties);
  const protocol = properties[SECURITY_PROTOCOL];
  if (protocol !== undefined && protocol.toUpperCase() !== 'PLAINTEXT') {
    throw new UsageError(
      `${SECURITY_PROTOCOL}=${protocol} is not there yet: this client speaks PLAINTEXT only so far`,
    );
  }
  return {
    ...bootstrap,
    clientId: properties['client.id'] ?? clientId,
    requestTimeoutMs: numberProperty(properties, 'request.timeout.ms'),
    metadataMaxAgeMs: numberProperty(properties, 'metadata.max.age.ms'),
    logger: warningsTo(terminal),
  };
};

const bootstrapOf = (
  { bootstrapController, bootstrapServer, brokerList }: ConnectionFlags,
  properties: Properties,
): Pick<ClientOptions, 'bootstrapServers' | 'bootstrapControllers'> => {
  if (bootstrapController !== undefined) return { bootstrapControllers: bootstrapController };
  const bootstrapServers = bootstrapServer ?? brokerList ?? properties['bootstrap.servers'];
  requireFlag(bootstrapServers, 'bootstrap-server');
  return { bootstrapServers };
};

/** Warnings and errors as lines on stderr, each sentence once. */
const warningsTo = (terminal: Terminal): Logger => {
  const said = new Set<string>();
  const say = (level: string) => (message: string, fields?: Readonly<Record<string, unknown>>) => {
    const why = typeof fields?.['why'] === 'string' ? `: ${fields['why']}` : '';
    const line = `${level} ${message}${why}\n`;
    if (said.has(line)) return;
    said.add(line);
    terminal.err(line);
  };
  const logger: Logger = {
    debug: () => undefined,
    info: () => undefined,
    warn: say('WARN'),
    error: say('ERROR'),
    child: () => logger,
  };
  return logger;
};
