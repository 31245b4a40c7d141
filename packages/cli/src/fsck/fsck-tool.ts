import { resolve } from 'node:path';
import type { Command } from 'commander';
import { hasCode, messageOf } from '@kafkaesque/kernel';
import { argumentWords } from '../command-line/argument-rules';
import { withUsage } from '../command-line/outcome';
import { parseFlags, toolCommand } from '../command-line/tool-command';
import { UsageError } from '../command-line/usage-error';
import type { Tool } from '../tools';
import { checkDirectories } from './check-directories';

interface FsckFlags {
  readonly json?: true;
}

const fsckCommand = (calledAs: string): Command =>
  toolCommand({
    calledAs,
    summary:
      'Checks log directories offline: every batch, epochs, indexes, and the metadata log. Of several directories of one ' +
      'cluster it compares the replicas byte by byte, up to the least end. Nothing is repaired; stop the nodes first.',
    examples: [
      '$0 /var/lib/kafkaesque',
      '$0 node1/data node2/data node3/data',
      "$0 --json node*/data | jq '.partitions[] | select(.differences != [])'",
    ],
  })
    .argument('[directory...]', 'entries of log.dirs, and metadata.log.dir where it is another directory')
    .option('--json', 'print one line of JSON')
    .addHelpText(
      'after',
      '\nExit code: 0 when nothing that had been durable is damaged and no replicas differ, otherwise 1. Torn ends, indexes\n' +
        'that the next start makes anew, and tails of old leaders that are not cut yet are told, and are no errors.\n',
    );

/** What makes a start fail, and can be said in a sentence. */
const KNOWN = ['ENOENT', 'ENOTDIR', 'EACCES', 'EIO', 'LOCKED', 'NO_LOG_DIRECTORY', 'MIXED_CLUSTERS'] as const;

export const tool: Tool = {
  command: fsckCommand,
  run: (argv, terminal, calledAs) =>
    withUsage(terminal, calledAs, async () => {
      const command = fsckCommand(calledAs);
      const parsed = parseFlags<FsckFlags>(command, argv, terminal, argumentWords);
      if (parsed.kind === 'done') return 0;
      if (command.args.length === 0) throw new UsageError('Name a log directory');
      const paths = [...new Set(command.args.map((path) => resolve(path)))];
      try {
        return await checkDirectories(paths, terminal, parsed.flags.json === true);
      } catch (error) {
        if (!KNOWN.some((code) => hasCode(error, code))) throw error;
        terminal.err(`${messageOf(error)}\n`);
        return 1;
      }
    }),
};
