import type { Command } from 'commander';
import { hasCode, messageOf } from '@kafkaesque/kernel';
import { argumentWords, invalidChoice, refuseWords } from '../command-line/argument-rules';
import { withUsage } from '../command-line/outcome';
import type { Terminal } from '../command-line/terminal';
import { parseFlags, toolCommand } from '../command-line/tool-command';
import { UsageError } from '../command-line/usage-error';
import type { Tool } from '../tools';
import { dumpMetadata } from './dump-metadata';
import { verifyDirectory } from './verify-directory';

const dumpCommand = (calledAs: string): Command =>
  toolCommand({
    calledAs,
    summary:
      'Prints the metadata log and its snapshots as JSON lines. Nothing is written; the node may be running.',
    examples: [
      '$0 /var/lib/kafkaesque',
      '$0 data/metadata/00000000000000000001.wal | jq \'select(.record == "TopicRecord")\'',
    ],
  }).argument('[path...]', 'directories of metadata or log directories, files of the log, snapshots');

const verifyCommand = (calledAs: string): Command =>
  toolCommand({
    calledAs,
    summary:
      'Checks the metadata log and its snapshots, file by file, as a start would. Nothing is written; stop the node first.',
    examples: ['$0 /var/lib/kafkaesque'],
  }).argument('[directory]', 'the metadata directory, or the log directory that holds it');

const metadataCommand = (calledAs: string): Command =>
  toolCommand({ calledAs, summary: 'Looks at the metadata log offline.', examples: [] })
    .addCommand(dumpCommand('dump'))
    .addCommand(verifyCommand('verify'));

const overview = (calledAs: string): string => `usage: ${calledAs} {dump,verify} ...

  dump    print the metadata log and its snapshots as JSON lines: dump /var/lib/kafkaesque
  verify  check them, file by file: verify /var/lib/kafkaesque
`;

export const tool: Tool = {
  command: metadataCommand,
  run: ([action, ...rest], terminal, calledAs) =>
    withUsage(terminal, calledAs, async () => {
      switch (action) {
        case 'dump': {
          const paths = pathsOf(dumpCommand(`${calledAs} dump`), rest, terminal);
          if (paths === undefined) return 0;
          if (paths.length === 0) throw new UsageError('Name a directory, or files of the metadata log');
          return await failing(terminal, () => dumpMetadata(paths, terminal));
        }
        case 'verify': {
          const paths = pathsOf(verifyCommand(`${calledAs} verify`), rest, terminal);
          if (paths === undefined) return 0;
          const [directory, ...more] = paths;
          if (directory === undefined) throw new UsageError('Name the metadata directory');
          refuseWords(more);
          return await failing(terminal, () => verifyDirectory(directory, terminal));
        }
        case '--help':
        case '-h':
          terminal.out(overview(calledAs));
          return 0;
        default:
          if (action === undefined) throw new UsageError(overview(calledAs));
          throw invalidChoice(action, ['dump', 'verify']);
      }
    }),
};

/** Undefined when help was asked for. */
const pathsOf = (
  command: Command,
  argv: readonly string[],
  terminal: Terminal,
): readonly string[] | undefined =>
  parseFlags(command, argv, terminal, argumentWords).kind === 'done' ? undefined : command.args;

/** A path that cannot be read is said in a sentence. */
const failing = async (terminal: Terminal, work: () => Promise<number>): Promise<number> => {
  try {
    return await work();
  } catch (error) {
    const known = ['ENOENT', 'ENOTDIR', 'EACCES', 'EISDIR', 'UNSUPPORTED_FORMAT'] as const;
    if (!known.some((code) => hasCode(error, code))) throw error;
    terminal.err(`${messageOf(error)}\n`);
    return 1;
  }
};
