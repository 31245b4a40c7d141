import type { Logger } from '@kafkaesque/kernel';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

export interface LogDestination {
  write(line: string): void;
}

export interface LoggerOptions {
  readonly level: LogLevel;
  /** Readable lines instead of JSON; default: whether standard output is a terminal. */
  readonly pretty?: boolean;
  /** Default: standard output, written synchronously. */
  readonly destination?: LogDestination;
}

/** A logger on pino: one line a call, whatever its values hold. */
export const openLogger = (options: LoggerOptions): Logger => {
  throw new Error(`not written yet: ${options.level}`);
};
