import type { Command } from 'commander';
import { argumentNumber } from '../command-line/argument-rules';
import { collect, toolCommand, wordArgument } from '../command-line/tool-command';

export const ACTIONS = [
  ...(['describe', 'upgrade', 'downgrade', 'disable', 'version-mapping', 'feature-dependencies'] as const),
] as const;
export type FeaturesAction = (typeof ACTIONS)[number];

export interface FeaturesFlags {
  readonly bootstrapServer?: string;
  readonly bootstrapController?: string;
  readonly commandConfig?: string;
  readonly nodeId?: number;
  readonly releaseVersion?: string;
  readonly metadata?: string;
  readonly feature?: readonly string[];
  readonly unsafe?: true;
  readonly dryRun?: true;
  readonly json?: true;
}

export const featuresCommand = (calledAs: string): Command =>
  toolCommand({
    calledAs,
    summary: `Shows and changes what the cluster may do: ${ACTIONS.join(', ')}.`,
    examples: [
      '$0 --bootstrap-server localhost:9092 describe',
      '$0 --bootstrap-server localhost:9092 upgrade --release-version 4.3 --dry-run',
      '$0 --bootstrap-controller localhost:9093 upgrade --feature transaction.version=2',
      '$0 version-mapping --release-version 4.1',
      '$0 feature-dependencies --feature eligible.leader.replicas.version=1',
    ],
  })
    .addArgument(wordArgument('[action]', ACTIONS))
    .option('--bootstrap-server <host:port,…>', 'brokers to connect to first')
    .option('--bootstrap-controller <host:port,…>', 'instead of it: controllers to connect to first')
    .option('--command-config <file>', 'a properties file for the client')
    .option('--node-id <id>', 'describe: what this node can do', argumentNumber('node-id', 'Integer'))
    .option('--release-version <version>', 'the levels that come with a release of Kafka')
    .option('--metadata <version>', 'the old way to name the level of metadata.version')
    .option('--feature <name=level>', 'one level, for disable the name alone; may be repeated', collect)
    .option('--unsafe', 'downgrade, disable: even if metadata is lost')
    .option('--dry-run', 'ask whether it could be done')
    .option('--json', 'describe: print one line of JSON');
