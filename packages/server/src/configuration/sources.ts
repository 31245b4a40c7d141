import { parseLines } from 'dot-properties';

/** Where configuration comes from. */
export interface ConfigurationSources {
  /** The text of a `server.properties` file. */
  readonly file?: string;
  /** `--override key=value`, in order; the strongest. */
  readonly overrides?: readonly string[];
  /** `KAFKA_*` and `CLUSTER_ID` are read; stronger than the file. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/** One thing that keeps the server from starting, as a sentence naming key, value and what is allowed. */
export interface ConfigurationError {
  readonly key: string;
  readonly message: string;
}

/** What all sources say together, the strongest last word for each key. */
export interface GivenValues {
  readonly values: Map<string, string>;
  readonly errors: readonly ConfigurationError[];
}

/** Variables of Kafka's images that start with `KAFKA_` and are no settings. */
const NOT_SETTINGS: ReadonlySet<string> = new Set([
  'KAFKA_CLUSTER_ID',
  'KAFKA_DEBUG',
  'KAFKA_GC_LOG_OPTS',
  'KAFKA_HEAP_OPTS',
  'KAFKA_HOME',
  'KAFKA_JMX_HOSTNAME',
  'KAFKA_JMX_OPTS',
  'KAFKA_JMX_PORT',
  'KAFKA_JVM_PERFORMANCE_OPTS',
  'KAFKA_LOG4J_CMD_OPTS',
  'KAFKA_LOG4J_LOGGERS',
  'KAFKA_LOG4J_OPTS',
  'KAFKA_LOG4J_ROOT_LOGLEVEL',
  'KAFKA_OPTS',
  'KAFKA_TOOLS_LOG4J_LOGLEVEL',
  'KAFKA_VERSION',
]);
const PREFIX = 'KAFKA_';

/** Gathers file, variables and overrides. */
export const gather = (sources: ConfigurationSources): GivenValues => {
  const values = new Map<string, string>();
  const errors: ConfigurationError[] = [];
  if (sources.file !== undefined) readFile(sources.file, values);
  const fromEnvironment = readEnvironment(sources.environment ?? {});
  for (const [key, value] of fromEnvironment) values.set(key, value);
  for (const override of sources.overrides ?? []) readOverride(override, values, errors);
  deriveListeners(values, fromEnvironment);
  return { values, errors };
};

/** A key that stands twice means its last value, as in Java. */
const readFile = (text: string, values: Map<string, string>): void => {
  for (const line of parseLines(text)) {
    if (Array.isArray(line)) values.set(line[0] ?? '', line[1] ?? '');
  }
};

/** `KAFKA_LOG_RETENTION_HOURS` is `log.retention.hours`; two underscores are one, three are a dash. */
const readEnvironment = (
  environment: Readonly<Record<string, string | undefined>>,
): ReadonlyMap<string, string> => {
  const values = new Map<string, string>();
  for (const [variable, value] of Object.entries(environment)) {
    if (value === undefined || !variable.startsWith(PREFIX) || NOT_SETTINGS.has(variable)) continue;
    values.set(propertyOf(variable), value);
  }
  const clusterId = environment['CLUSTER_ID'] ?? environment['KAFKA_CLUSTER_ID'];
  if (clusterId !== undefined && clusterId !== '') values.set('cluster.id', clusterId);
  return values;
};

const propertyOf = (variable: string): string =>
  variable
    .slice(PREFIX.length)
    .toLowerCase()
    .replace(/_{1,3}/g, (underscores) =>
      underscores.length === 3 ? '-' : underscores.length === 2 ? '_' : '.',
    );

const readOverride = (override: string, values: Map<string, string>, errors: ConfigurationError[]): void => {
  const at = override.indexOf('=');
  const key = override.slice(0, Math.max(at, 0)).trim();
  if (key === '') {
    errors.push({
      key: override,
      message: `--override ${JSON.stringify(override)} must have the form key=value`,
    });
    return;
  }
  values.set(key, override.slice(at + 1));
};

/** Kafka's images listen on every address at the ports that the variables advertise, unless told otherwise. */
const deriveListeners = (values: Map<string, string>, fromEnvironment: ReadonlyMap<string, string>): void => {
  const advertised = fromEnvironment.get('advertised.listeners');
  if (advertised === undefined || values.has('listeners')) return;
  const roles = values.get('process.roles');
  if (roles !== undefined && !roles.includes('broker')) return;
  values.set('listeners', advertised.replace(/:\/\/(\[[^\]]*\]|[^:,]*):/g, '://0.0.0.0:'));
};
