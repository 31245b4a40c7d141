import { Argument, Command, CommanderError, Option } from 'commander';
import { hasCode } from '@kafkaesque/kernel';
import type { Terminal } from './terminal';
import { VERSION } from './version';
import { UsageError } from './usage-error';

export interface ToolDescription {
  /** As the user called it: `kafkaesque topics`, `kafka-topics`. */
  readonly calledAs: string;
  readonly summary: string;
  /** Shown below the options; `$0` stands for how the tool was called. */
  readonly examples: readonly string[];
}

/** How a command line ended before the tool's own work began. */
export type Parsed<Flags> = { readonly kind: 'flags'; readonly flags: Flags } | { readonly kind: 'done' };

/** A command that accepts what Kafka's tools accept: options in any order, repeated ones, and stray words. */
export const toolCommand = (description: ToolDescription): Command => {
  const examples = description.examples
    .map((line) => `  ${line.replaceAll('$0', description.calledAs)}`)
    .join('\n');
  return new Command(description.calledAs)
    .description(description.summary)
    .allowExcessArguments(true)
    .version(VERSION, '--version', 'display the version of Kafka this speaks, and our own')
    .helpOption('--help', 'print this')
    .addHelpText('after', `\nExamples:\n${examples}\n`)
    .configureHelp({ sortOptions: true, showGlobalOptions: false })
    .exitOverride();
};

/** Reads the command line. Mistakes come as UsageError in Kafka's words, joptsimple's unless other ones are given. */
export const parseFlags = <Flags extends object>(
  command: Command,
  argv: readonly string[],
  terminal: Terminal,
  wording: (error: CommanderError) => UsageError = inKafkasWords,
): Parsed<Flags> => {
  command.configureOutput({ writeOut: (text) => terminal.out(text), writeErr: () => undefined });
  try {
    command.parse(argv, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return { kind: 'done' };
    throw wording(error);
  }
  return { kind: 'flags', flags: command.opts<Flags>() };
};

const RETIRED: Readonly<Record<string, string>> = {
  zookeeper:
    'zookeeper is not a recognized option: Kafka 4 has no ZooKeeper, and neither have we. ' +
    'Use --bootstrap-server host:port instead, for example --bootstrap-server localhost:9092',
};

const inKafkasWords = (error: CommanderError): UsageError => {
  const flag = /'-{0,2}([^' <[]+)/.exec(error.message)?.[1] ?? '';
  const name = flag.split('=')[0] ?? flag;
  if (hasCode(error, 'commander.unknownOption')) {
    return new UsageError(RETIRED[name] ?? `${name} is not a recognized option`);
  }
  if (hasCode(error, 'commander.optionMissingArgument'))
    return new UsageError(`Option ${name} requires an argument`);
  return new UsageError(error.message.replace(/^error: /, ''));
};

/** An option whose usual values a shell completes; which ones are right is for the tool to say, in Kafka's words. */
export const wordOption = (flags: string, description: string, words: readonly string[]): Option =>
  new Option(flags, description).choices(words).argParser(String);

/** The word before the options, completed in the same way. */
export const wordArgument = (name: string, words: readonly string[]): Argument =>
  new Argument(name, words.join(', ')).choices(words).argParser(String);

/** Gathers the values of an option that may be repeated. */
export const collect = (value: string, previous: readonly string[] | undefined): readonly string[] => [
  ...(previous ?? []),
  value,
];

/** Reads whole numbers as joptsimple does. */
export const wholeNumber =
  (name: string) =>
  (value: string): number => {
    if (!/^[-+]?\d+$/.test(value)) throw new UsageError(`Cannot parse argument '${value}' of option ${name}`);
    return Number(value);
  };

/** Fails as Kafka's tools do when an option is missing that the action needs. */
export const requireFlag = (value: unknown, name: string): void => {
  if (value === undefined) throw new UsageError(`Missing required argument "[${name}]"`);
};
