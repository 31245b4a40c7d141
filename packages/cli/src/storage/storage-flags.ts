import { Option } from 'commander';
import type { Command } from 'commander';
import { collect, toolCommand } from '../command-line/tool-command';

export interface InfoFlags {
  readonly config?: string;
}

export interface FormatFlags {
  readonly config?: string;
  readonly clusterId?: string;
  readonly ignoreFormatted?: true;
  readonly standalone?: true;
  readonly noInitialControllers?: true;
  readonly initialControllers?: string;
  readonly releaseVersion?: string;
  readonly feature?: readonly string[];
  readonly addScram?: readonly string[];
}

export interface VersionMappingFlags {
  readonly releaseVersion?: string;
}

export interface FeatureDependenciesFlags {
  readonly feature?: readonly string[];
}

export const infoCommand = (calledAs: string): Command =>
  toolCommand({
    calledAs,
    summary: 'Shows the log directories of a node and what they say of themselves.',
    examples: ['$0 --config server.properties'],
  }).option('-c, --config <file>', "REQUIRED: the node's properties");

export const formatCommand = (calledAs: string): Command =>
  toolCommand({
    calledAs,
    summary:
      "Gives a node's log directories their cluster id, node id and directory id, and the metadata its first voters and feature levels.",
    examples: [
      '$0 --cluster-id "$(kafkaesque storage random-uuid)" --config server.properties --standalone',
      '$0 -t ID -c server.properties --initial-controllers 1@a:9093:ID1,2@b:9093:ID2,3@c:9093:ID3',
      '$0 -t ID -c server.properties --no-initial-controllers     a broker, or a controller that joins later',
    ],
  })
    .option('-c, --config <file>', "REQUIRED: the node's properties")
    .option('-t, --cluster-id <id>', 'REQUIRED: the id that all nodes of the cluster share')
    .option('-g, --ignore-formatted', 'leave formatted directories alone instead of failing')
    .option('-s, --standalone', 'this controller is the only voter, for now')
    .option(
      '-I, --initial-controllers <id@host:port:directory,…>',
      'the first voters; the same for all nodes, each with the id that its metadata directory gets',
    )
    .addOption(noInitialControllers())
    .option('-r, --release-version <version>', 'feature levels as of this release')
    .option('-f, --feature <name=level>', 'the level of one feature; may be repeated', collect)
    .option('-S, --add-scram <credential>', 'not in this release: it has no SCRAM', collect);

/** An option of its own: commander would take it for the opposite of another. */
const noInitialControllers = (): Option => {
  const option = new Option('-N, --no-initial-controllers', 'the voters are not known yet: others have them');
  option.negate = false;
  return option;
};

export const versionMappingCommand = (calledAs: string): Command =>
  toolCommand({
    calledAs,
    summary: 'Shows the feature levels that a release of Kafka begins a cluster with.',
    examples: ['$0', '$0 --release-version 4.1'],
  }).option('-r, --release-version <version>', 'the release; the latest stable one when absent');

export const featureDependenciesCommand = (calledAs: string): Command =>
  toolCommand({
    calledAs,
    summary: 'Shows which levels of other features a level of a feature needs.',
    examples: ['$0 --feature eligible.leader.replicas.version=1'],
  }).option('-f, --feature <name=level>', 'REQUIRED: the level; may be repeated', collect);

export const randomUuidCommand = (calledAs: string): Command =>
  toolCommand({ calledAs, summary: 'Prints a random id.', examples: ['$0'] });

/** All that the tool has; each action reads the rest of the line by its own command. */
export const storageCommand = (calledAs: string): Command =>
  toolCommand({ calledAs, summary: 'Prepares the log directories of a node.', examples: [] })
    .addCommand(infoCommand('info'))
    .addCommand(formatCommand('format'))
    .addCommand(versionMappingCommand('version-mapping'))
    .addCommand(featureDependenciesCommand('feature-dependencies'))
    .addCommand(randomUuidCommand('random-uuid'));

export const storageOverview = (
  calledAs: string,
): string => `usage: ${calledAs} [-h] {info,format,version-mapping,feature-dependencies,random-uuid} ...

  info                  show the log directories of a node: info --config server.properties
  format                format them: format --cluster-id ID --config server.properties --standalone
  version-mapping       show the feature levels of a release: version-mapping --release-version 4.3
  feature-dependencies  show what a feature level needs: feature-dependencies --feature group.version=1
  random-uuid           print a random id, for --cluster-id
`;
