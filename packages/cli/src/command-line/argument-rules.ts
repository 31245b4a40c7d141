import type { CommanderError } from 'commander';
import { hasCode } from '@kafkaesque/kernel';
import { UsageError } from './usage-error';

/** What a tool asks of its command line before it looks at any value; options by their long names. */
export interface ArgumentRules {
  readonly required: readonly string[];
  /** Sets of which exactly one option must be there. */
  readonly oneOf?: readonly (readonly string[])[];
}

const keyOf = (name: string): string => name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());

/**
 * Half of Kafka's tools read their command line with argparse4j, whose sentences differ from joptsimple's. Fails with
 * UsageError.
 */
export const checkArguments = (flags: object, { required, oneOf = [] }: ArgumentRules): void => {
  const isGiven = (name: string): boolean => Object.hasOwn(flags, keyOf(name));
  for (const name of required) {
    if (!isGiven(name)) throw new UsageError(`argument --${name} is required`);
  }
  for (const names of oneOf) {
    const [first, second] = names.filter(isGiven);
    if (first === undefined) {
      throw new UsageError(`one of the arguments ${names.map((name) => `--${name} `).join('')}is required`);
    }
    if (second !== undefined) {
      throw new UsageError(`argument --${second}: not allowed with argument --${first}`);
    }
  }
};

/** Reads whole numbers as argparse4j does; `type` is Java's name for them. */
export const argumentNumber =
  (name: string, type: 'Integer' | 'Long') =>
  (value: string): number => {
    const number = Number(value);
    if (/^[-+]?\d+$/.test(value) && (type === 'Long' || Math.abs(number) < 2 ** 31)) return number;
    throw new UsageError(
      `argument --${name}: could not convert '${value}' to ${type} (For input string: "${value}")`,
    );
  };

/** Reads a number with or without a fraction. */
export const argumentDouble =
  (name: string) =>
  (value: string): number => {
    const number = Number(value);
    if (value.trim() !== '' && Number.isFinite(number)) return number;
    throw new UsageError(
      `argument --${name}: could not convert '${value}' to Double (For input string: "${value}")`,
    );
  };

/** What commander found wrong, in the words of argparse4j. */
export const argumentWords = (error: CommanderError): UsageError => {
  const flag = /'(?:-\w, )?([^' <[]+)/.exec(error.message)?.[1] ?? '';
  if (hasCode(error, 'commander.unknownOption')) return new UsageError(`unrecognized arguments: '${flag}'`);
  if (hasCode(error, 'commander.optionMissingArgument')) {
    return new UsageError(`argument ${flag}: expected one argument`);
  }
  return new UsageError(error.message.replace(/^error: /, ''));
};
