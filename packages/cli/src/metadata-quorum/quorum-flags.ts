import type { Command } from 'commander';
import { argumentNumber } from '../command-line/argument-rules';
import { toolCommand, wordArgument } from '../command-line/tool-command';

export const ACTIONS = ['describe', 'add-controller', 'remove-controller'] as const;
export type QuorumAction = (typeof ACTIONS)[number];

export interface QuorumFlags {
  readonly bootstrapServer?: string;
  readonly bootstrapController?: string;
  readonly commandConfig?: string;
  readonly status?: true;
  readonly replication?: true;
  readonly humanReadable?: true;
  readonly dryRun?: true;
  readonly controllerId?: number;
  readonly controllerDirectoryId?: string;
  readonly json?: true;
}

export const quorumCommand = (calledAs: string): Command =>
  toolCommand({
    calledAs,
    summary: `Shows the metadata quorum and changes who votes in it: ${ACTIONS.join(', ')}.`,
    examples: [
      '$0 --bootstrap-server localhost:9092 describe --status',
      '$0 --bootstrap-controller localhost:9093 describe --replication --human-readable',
      '$0 --bootstrap-server localhost:9092 --command-config server.properties add-controller',
      '$0 --bootstrap-server localhost:9092 remove-controller --controller-id 3 --controller-directory-id ID',
    ],
  })
    .addArgument(wordArgument('[action]', ACTIONS))
    .option('--bootstrap-server <host:port,…>', 'REQUIRED: brokers to connect to first')
    .option('--bootstrap-controller <host:port,…>', 'instead of it: controllers to connect to first')
    .option(
      '--command-config <file>',
      "a properties file for the client; for add-controller, the new controller's own",
    )
    .option('--status', 'describe: leader, voters, and how far the followers are')
    .option('--replication', 'describe: how far each of them is')
    .option('--human-readable', 'describe --replication: times as ages')
    .option('--dry-run', 'say what would be done')
    .option(
      '-i, --controller-id <id>',
      'remove-controller: its node.id',
      argumentNumber('controller-id/-i', 'Integer'),
    )
    .option('-d, --controller-directory-id <id>', "remove-controller: its metadata directory's id")
    .option('--json', 'describe: print one line of JSON');
