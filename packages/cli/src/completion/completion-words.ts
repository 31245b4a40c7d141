import type { Command, Option } from 'commander';
import { loadTool, toolNames } from '../tools';

/** An option as a shell completes it. */
export interface CompletedOption {
  /** As it is typed: `--topic`, `-t`. */
  readonly names: readonly string[];
  readonly summary: string;
  /** What follows it: nothing, one of some words, a file, or what only the user knows. */
  readonly value:
    | { readonly kind: 'none' | 'file' | 'any' }
    | { readonly kind: 'words'; readonly words: readonly string[] };
}

/** A tool as a shell completes it. */
export interface CompletedTool {
  readonly name: string;
  /** Words that come before the options, where the tool has such: `cluster-id`. */
  readonly actions: readonly string[];
  /** Whether files stand among the words: `server server.properties`. */
  readonly takesFiles: boolean;
  readonly options: readonly CompletedOption[];
}

/** Every tool but the one that asks, read from the commands that parse their lines. */
export const completedTools = (): readonly CompletedTool[] =>
  toolNames
    .filter((name) => name !== 'completion')
    .map((name) => completedTool(name, loadTool(name).command(name)));

export const completedTool = (name: string, command: Command): CompletedTool => {
  const subcommands = command.commands;
  const options = [command, ...subcommands].flatMap((one) => one.createHelp().visibleOptions(one));
  const byName = new Map(options.map((option) => [option.long ?? option.flags, completed(option)]));
  const [first] = command.registeredArguments;
  return {
    name,
    actions: [...subcommands.map((one) => one.name()), ...(first?.argChoices ?? [])],
    takesFiles: first !== undefined && first.argChoices === undefined,
    options: [...byName.values()].sort((a, b) => ((a.names[0] ?? '') < (b.names[0] ?? '') ? -1 : 1)),
  };
};

const FILE_VALUE = /[<[](file|directory|path)\b/;

const completed = ({
  long,
  short,
  description,
  flags,
  argChoices,
  required,
  optional,
}: Option): CompletedOption => {
  const value = (): CompletedOption['value'] => {
    if (!required && !optional) return { kind: 'none' };
    if (argChoices !== undefined) return { kind: 'words', words: argChoices };
    return { kind: FILE_VALUE.test(flags) ? 'file' : 'any' };
  };
  return {
    names: [long, short].filter((name): name is string => name !== undefined),
    summary: description,
    value: value(),
  };
};

/** The names under which Kafka's users know a tool. */
export const programsOf = (tool: string): readonly string[] => {
  const name = tool === 'server' ? 'server-start' : tool;
  return [`kafka-${name}`, `kafka-${name}.sh`];
};
