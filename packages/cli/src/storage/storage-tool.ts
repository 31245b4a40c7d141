import { messageOf } from '@kafkaesque/kernel';
import { withUsage } from '../command-line/outcome';
import { UsageError } from '../command-line/usage-error';
import type { Tool } from '../tools';
import { formatDirectories } from './format-directories';
import { describeDirectories } from './describe-directories';
import { randomUuid } from './random-uuid';
import { formatCommand, infoCommand, storageCommand, storageOverview } from './storage-flags';
import type { FormatFlags, InfoFlags } from './storage-flags';
import { parseFlags, requireFlag } from '../command-line/tool-command';

export const tool: Tool = {
  command: storageCommand,
  run: (argv, terminal, calledAs) =>
    withUsage(terminal, calledAs, async () => {
      const [action, ...rest] = argv;
      switch (action) {
        case 'random-uuid':
          terminal.out(`${randomUuid()}\n`);
          return 0;
        case 'info': {
          const parsed = parseFlags<InfoFlags>(infoCommand(`${calledAs} info`), rest, terminal);
          if (parsed.kind === 'done') return 0;
          requireFlag(parsed.flags.config, 'config');
          return describeDirectories(parsed.flags.config ?? '', terminal);
        }
        case 'format': {
          const parsed = parseFlags<FormatFlags>(formatCommand(`${calledAs} format`), rest, terminal);
          if (parsed.kind === 'done') return 0;
          try {
            return await formatDirectories(parsed.flags, terminal);
          } catch (error) {
            terminal.err(`${messageOf(error)}\n`);
            return 1;
          }
        }
        case '--help':
        case '-h':
          terminal.out(storageOverview(calledAs));
          return 0;
        case undefined:
          throw new UsageError(`${storageOverview(calledAs)}\n${calledAs}: error: too few arguments`);
        default:
          throw new UsageError(
            `${calledAs}: error: invalid choice: '${action}' (choose from 'info', 'format', 'random-uuid')`,
          );
      }
    }),
};
