import { levelled, openPino } from './log';
import type { LoggerOptions, LogLevel, NamedLogger } from './log';
import { Threshold } from './threshold';

/** The loggers of a process by name, as Kafka's log4j knows them. */
export interface Loggers {
  readonly root: NamedLogger;
  /**
   * The logger of that name, made when it is first asked for. Its lines say `logger`. Without a level of its own it
   * follows the logger whose name is the longest beginning of its own (`kafka` of `kafka.server.KafkaApis`), or `root`.
   */
  named(name: string): NamedLogger;
  /** What is written of each logger now, `root` first, then by name. */
  levels(): ReadonlyMap<string, LogLevel>;
  /**
   * Changes what is written of a logger, at once; undefined: what is written of the one that it follows. False when there is no such
   * logger, or when `root` would be left without a level.
   */
  setLevel(logger: string, level: LogLevel | undefined): boolean;
}

/** Kafka's name of the logger that all others take their level from. */
export const ROOT_LOGGER = 'root';

/** Opens the loggers of a process on one destination. `options.level` is that of the root. */
export const openLoggers = (options: LoggerOptions): Loggers => {
  const pino = openPino(options);
  const rootThreshold = new Threshold(options.level);
  const root = levelled(pino, rootThreshold);
  const known = new Map<string, { readonly logger: NamedLogger; readonly threshold: Threshold }>();
  return {
    root,
    named(name) {
      if (name === ROOT_LOGGER) return root;
      let entry = known.get(name);
      if (entry === undefined) {
        const threshold = new Threshold(undefined, followed(known, name) ?? rootThreshold);
        entry = { threshold, logger: levelled(pino.child({ logger: name }), threshold) };
        known.set(name, entry);
        for (const [other, { threshold: below }] of known)
          if (followed(known, other) === threshold) below.follow(threshold);
      }
      return entry.logger;
    },
    levels: () =>
      new Map([
        [ROOT_LOGGER, rootThreshold.level],
        ...[...known]
          .sort(([left], [right]) => (left < right ? -1 : 1))
          .map(([name, { threshold }]) => [name, threshold.level] as const),
      ]),
    setLevel(name, level) {
      const threshold = name === ROOT_LOGGER ? rootThreshold : known.get(name)?.threshold;
      return threshold?.set(level) ?? false;
    },
  };
};

/** The threshold of the nearest logger above a name; undefined when that is the root. */
const followed = (
  known: ReadonlyMap<string, { readonly threshold: Threshold }>,
  name: string,
): Threshold | undefined => {
  for (let at = name.lastIndexOf('.'); at > 0; at = name.lastIndexOf('.', at - 1)) {
    const above = known.get(name.slice(0, at));
    if (above !== undefined) return above.threshold;
  }
  return undefined;
};

/** log4j's levels as they are understood here; `FATAL` has no lines of its own. */
const LOG4J_LEVELS: Readonly<Record<string, LogLevel>> = {
  ALL: 'debug',
  TRACE: 'debug',
  DEBUG: 'debug',
  INFO: 'info',
  WARN: 'warn',
  ERROR: 'error',
  FATAL: 'silent',
  OFF: 'silent',
};

/** The level that a word of log4j stands for, in any case; undefined when it is none. */
export const levelOfLog4j = (word: string): LogLevel | undefined => LOG4J_LEVELS[word.trim().toUpperCase()];

/**
 * Sets levels as Kafka's images do: `KAFKA_LOG4J_ROOT_LOGLEVEL=WARN` and
 * `KAFKA_LOG4J_LOGGERS=kafka.request.logger=DEBUG,kafka.controller=INFO`. Returns a sentence for each part that says
 * nothing understood here.
 */
export const setLevelsFromEnvironment = (
  loggers: Loggers,
  environment: Readonly<Record<string, string | undefined>>,
): readonly string[] => {
  const problems: string[] = [];
  const set = (variable: string, name: string, word: string): void => {
    const level = levelOfLog4j(word);
    if (level === undefined) problems.push(`${variable}: ${word} is no level`);
    else if (!loggers.setLevel(name, level)) problems.push(`${variable}: there is no logger ${name}`);
  };
  const root = environment['KAFKA_LOG4J_ROOT_LOGLEVEL'];
  if (root !== undefined && root !== '') set('KAFKA_LOG4J_ROOT_LOGLEVEL', ROOT_LOGGER, root);
  for (const part of (environment['KAFKA_LOG4J_LOGGERS'] ?? '').split(',')) {
    if (part.trim() === '') continue;
    const [name = '', word = ''] = part.split('=');
    set('KAFKA_LOG4J_LOGGERS', name.trim(), word);
  }
  return problems;
};
