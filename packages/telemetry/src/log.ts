import { createRequire } from 'node:module';
import { pino } from 'pino';
import type { DestinationStream, Logger as PinoLogger } from 'pino';
import type * as PinoPretty from 'pino-pretty';
import type { LogFields, Logger } from '@kafkaesque/kernel';
import { Threshold } from './threshold';

/** The least that is logged. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

/** A logger whose level may change while it runs. */
export interface NamedLogger extends Logger {
  /** Whether a line of this level would be written: ask before making one that costs something. */
  isEnabled(level: Exclude<LogLevel, 'silent'>): boolean;
}

/** Where lines go. */
export interface LogDestination {
  write(text: string): void;
}

/** What is logged, where, and in which form. */
export interface LoggerOptions {
  readonly level: LogLevel;
  /** Readable lines instead of JSON; default: whether standard output is a terminal. */
  readonly pretty?: boolean;
  /** Default: standard output, written synchronously. */
  readonly destination?: LogDestination;
}

const STANDARD_OUTPUT = 1;
const load = createRequire(__filename);

/** A logger on pino: one line a call, whatever its values hold. */
export const openLogger = (options: LoggerOptions): Logger =>
  levelled(openPino(options), new Threshold(options.level));

/** pino that writes every line it is given: what is written is decided by a threshold, which may move. */
export const openPino = (options: LoggerOptions): PinoLogger => {
  const isPretty = options.pretty ?? process.stdout.isTTY;
  return pino(
    {
      level: 'debug',
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (level) => ({ level }) },
    },
    isPretty ? prettyDestination(options.destination) : plainDestination(options.destination),
  );
};

const plainDestination = (destination: LogDestination | undefined): DestinationStream => {
  const target = destination ?? pino.destination({ dest: STANDARD_OUTPUT, sync: true });
  return {
    write: (line) => {
      target.write(escapeBeyondJson(line));
    },
  };
};

/** pino-pretty is loaded only where somebody reads: it takes as long to load as pino itself. */
const prettyDestination = (destination: LogDestination | undefined): DestinationStream => {
  const { prettyFactory, isColorSupported } = load('pino-pretty') as typeof PinoPretty;
  const toLine = prettyFactory({
    colorize: destination === undefined && isColorSupported,
    singleLine: true,
    translateTime: 'SYS:HH:MM:ss.l',
  });
  const target = destination ?? pino.destination({ dest: STANDARD_OUTPUT, sync: true });
  return {
    write: (line) => {
      target.write(escapeBeyondJson(toLine(line)));
    },
  };
};

/** Lines on pino, as far as a threshold lets them; children share it. */
export const levelled = (logger: PinoLogger, threshold: Threshold): NamedLogger => ({
  isEnabled: (level) => threshold.allows(level),
  debug: (message, fields) => {
    if (threshold.allows('debug')) logger.debug(plainFields(fields), oneLine(message));
  },
  info: (message, fields) => {
    if (threshold.allows('info')) logger.info(plainFields(fields), oneLine(message));
  },
  warn: (message, fields) => {
    if (threshold.allows('warn')) logger.warn(plainFields(fields), oneLine(message));
  },
  error: (message, fields) => {
    if (threshold.allows('error')) logger.error(plainFields(fields), oneLine(message));
  },
  child: (fields) => levelled(logger.child(plainFields(fields)), threshold),
});

/** Names that pino writes itself: a field of that name would be a second key of the same object. */
const RESERVED = new Set(['level', 'time', 'msg', 'pid', 'hostname', 'name']);

/** Errors as values (they have no own enumerable message), reserved names apart, everything else as it is. */
const plainFields = (fields: LogFields | undefined): LogFields => {
  if (fields === undefined) return NO_FIELDS;
  const plain: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields))
    plain[RESERVED.has(name) ? `${name}_` : name] = plainValue(value);
  return plain;
};
const NO_FIELDS: LogFields = {};

const plainValue = (value: unknown): unknown => {
  if (typeof value !== 'object' || value === null || !('stack' in value) || !('message' in value))
    return value;
  return {
    ...('code' in value ? { code: value.code } : {}),
    message: value.message,
    stack: value.stack,
    ...('cause' in value && value.cause !== undefined ? { cause: plainValue(value.cause) } : {}),
  };
};

// eslint-disable-next-line no-control-regex -- control characters are what must not reach a terminal
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g;
/** What JSON leaves as it is, and terminals and line splitters do not. */
const BEYOND_JSON = /[\u007f-\u009f\u2028\u2029]/g;

const escapeOf = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** Control characters as escapes: a message cannot begin a line of its own or speak to the terminal. */
const oneLine = (message: string): string => message.replace(CONTROL, escapeOf);

const escapeBeyondJson = (line: string): string => line.replace(BEYOND_JSON, escapeOf);
