import type { CommanderError } from 'commander';
import { hasCode } from '@kafkaesque/kernel';
import { UsageError } from './usage-error';

/**
 * What a tool asks of its command line before it looks at any value; options by their long names, with the short one
 * behind a slash where there is one: `config/-c`.
 */
export interface ArgumentRules {
  readonly required: readonly string[];
  /** Sets of which exactly one option must be there. */
  readonly oneOf?: readonly (readonly string[])[];
  /** Sets of which no two options may be there. */
  readonly atMostOneOf?: readonly (readonly string[])[];
}

const keyOf = (name: string): string =>
  name.replace(/\/.*$/, '').replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());

/**
 * Half of Kafka's tools read their command line with argparse4j, whose sentences differ from joptsimple's. Fails with
 * UsageError.
 */
export const checkArguments = (
  flags: object,
  { required, oneOf = [], atMostOneOf = [] }: ArgumentRules,
): void => {
  const given = Object.keys(flags);
  for (const names of [...oneOf, ...atMostOneOf]) {
    // Keys stand in the order of the command line.
    const byKey = new Map(names.map((name) => [keyOf(name), name]));
    const [first, second] = given.flatMap((key) => byKey.get(key) ?? []);
    if (second !== undefined) {
      throw new UsageError(`argument --${second}: not allowed with argument --${first}`);
    }
  }
  for (const name of required) {
    if (!given.includes(keyOf(name))) throw new UsageError(`argument --${name} is required`);
  }
  for (const names of oneOf) {
    if (names.some((name) => given.includes(keyOf(name)))) continue;
    throw new UsageError(`one of the arguments ${names.map((name) => `--${name} `).join('')}is required`);
  }
};

/** Refuses words that no option takes. Fails with UsageError. */
export const refuseWords = ([word]: readonly string[]): void => {
  if (word !== undefined) throw new UsageError(`unrecognized arguments: '${word}'`);
};

/** What is wrong with a word that is none of those that may stand there. */
export const invalidChoice = (word: string, choices: readonly string[]): UsageError =>
  new UsageError(`invalid choice: '${word}' (choose from ${choices.map((one) => `'${one}'`).join(', ')})`);

/** The action that a tool's first word names. Fails with UsageError. */
export const chosenAction = <Action extends string>(
  actions: readonly Action[],
  word: string | undefined,
): Action => {
  if (word === undefined) throw new UsageError('too few arguments');
  const action = actions.find((one) => one === word);
  if (action === undefined) throw invalidChoice(word, actions);
  return action;
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
  const [, short, long = ''] = /'(?:(-\w), )?([^' <[]+)/.exec(error.message) ?? [];
  const flag = short === undefined ? long : `${long}/${short}`;
  if (hasCode(error, 'commander.unknownOption')) return new UsageError(`unrecognized arguments: '${flag}'`);
  if (hasCode(error, 'commander.optionMissingArgument')) {
    return new UsageError(`argument ${flag}: expected one argument`);
  }
  return new UsageError(error.message.replace(/^error: /, ''));
};
