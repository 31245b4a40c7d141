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
