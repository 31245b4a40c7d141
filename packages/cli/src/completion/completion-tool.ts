import type { Command } from 'commander';
import { withUsage } from '../command-line/outcome';
import { parseFlags, toolCommand, wordArgument } from '../command-line/tool-command';
import { UsageError } from '../command-line/usage-error';
import type { Tool } from '../tools';
import { bashCompletion } from './bash-completion';
import { completedTools } from './completion-words';
import type { CompletedTool } from './completion-words';
import { fishCompletion } from './fish-completion';
import { zshCompletion } from './zsh-completion';

const scripts: Readonly<Record<string, (tools: readonly CompletedTool[]) => string>> = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
};
const shells = Object.keys(scripts);

const completionCommand = (calledAs: string): Command =>
  toolCommand({
    calledAs,
    summary: 'Prints a script that makes a shell complete tools, options and their values.',
    examples: [
      'source <($0 bash)                                     in ~/.bashrc',
      'source <($0 zsh)                                      in ~/.zshrc, behind compinit',
      '$0 fish > ~/.config/fish/completions/kafkaesque.fish',
    ],
  }).addArgument(wordArgument('[shell]', shells));

export const tool: Tool = {
  command: completionCommand,
  run: (argv, terminal, calledAs) =>
    withUsage(terminal, calledAs, () => {
      const command = completionCommand(calledAs);
      const parsed = parseFlags(command, argv, terminal);
      if (parsed.kind === 'done') return Promise.resolve(0);
      const [shell = ''] = command.args;
      const script = Object.hasOwn(scripts, shell) ? scripts[shell] : undefined;
      if (script === undefined) throw new UsageError(`Name one shell: ${shells.join(', ')}`);
      terminal.out(script(completedTools()));
      return Promise.resolve(0);
    }),
};
