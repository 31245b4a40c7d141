import type { Terminal } from './terminal';
import { UsageError } from './usage-error';

/** An option under its old and its new name, without dashes. */
export interface OldSpelling {
  readonly old: string;
  readonly now: string;
  /** Kafka's sentence names the old one first in some tools, the new one in others. */
  readonly order?: 'old first' | 'new first';
  /** When the old one goes, in Kafka's words. */
  readonly removal?: string;
}

const keyOf = (name: string): string => name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());

/** Refuses an option given under both names, as Kafka's tools do. Fails with UsageError. */
export const refuseBothSpellings = (flags: object, spellings: readonly OldSpelling[]): void => {
  for (const { old, now, order = 'old first' } of spellings) {
    if (!Object.hasOwn(flags, keyOf(old)) || !Object.hasOwn(flags, keyOf(now))) continue;
    const [first, second] = order === 'old first' ? [old, now] : [now, old];
    throw new UsageError(`Options --${first} and --${second} cannot be specified together.`);
  }
};

/** Tells of old names in use: on standard error, because what standard output carries is data. */
export const warnOfOldSpellings = (
  flags: object,
  spellings: readonly OldSpelling[],
  terminal: Terminal,
  word: 'Option' | 'Warning:',
): void => {
  for (const { old, now, removal = 'a future version' } of spellings) {
    if (!Object.hasOwn(flags, keyOf(old))) continue;
    terminal.err(`${word} --${old} is deprecated and will be removed in ${removal}. Use --${now} instead.\n`);
  }
};

/**
 * The properties file of a verifiable client: of `--command-config`, or of the option that it had before, in the words of
 * Kafka's argparse tools. Fails with UsageError where both are given.
 */
export const commandConfigOf = (
  flags: {
    readonly commandConfig?: string;
    readonly 'producer.config'?: string;
    readonly 'consumer.config'?: string;
  },
  old: 'producer.config' | 'consumer.config',
  terminal: Terminal,
): string | undefined => {
  const oldConfig = flags[old];
  if (oldConfig === undefined) return flags.commandConfig;
  if (flags.commandConfig !== undefined)
    throw new UsageError(`Options --${old} and --command-config are mutually exclusive.`);
  terminal.err(
    `Option --${old} has been deprecated and will be removed in a future version. Use --command-config instead.\n`,
  );
  return oldConfig;
};
