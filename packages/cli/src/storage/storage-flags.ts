import type { Command } from 'commander';
import { toolCommand } from '../command-line/tool-command';

export interface InfoFlags {
  readonly config?: string;
}

export interface FormatFlags {
  readonly config?: string;
  readonly clusterId?: string;
  readonly ignoreFormatted?: true;
  readonly standalone?: true;
  readonly noInitialControllers?: true;
}

export const infoCommand = (calledAs: string): Command =>
  toolCommand({
    calledAs,
    summary: 'Shows the log directories of a node and what they say of themselves.',
    examples: ['$0 --config server.properties'],
  }).option('-c, --config <file>', "the node's properties");

export const formatCommand = (calledAs: string): Command =>
  toolCommand({
    calledAs,
    summary: "Gives a node's log directories their cluster id, node id and directory id.",
    examples: ['$0 --cluster-id "$(kafkaesque storage random-uuid)" --config server.properties'],
  })
    .option('-c, --config <file>', "REQUIRED: the node's properties")
    .option('-t, --cluster-id <id>', 'REQUIRED: the id that all nodes of the cluster share')
    .option('-g, --ignore-formatted', 'leave formatted directories alone instead of failing')
    .option('-s, --standalone', 'accepted: a node on its own needs nothing more')
    .option('-N, --no-initial-controllers', 'accepted: the voters come from the properties');

/** All that the tool has; each action reads the rest of the line by its own command. */
export const storageCommand = (calledAs: string): Command =>
  toolCommand({ calledAs, summary: 'Prepares the log directories of a node.', examples: [] })
    .addCommand(infoCommand('info'))
    .addCommand(formatCommand('format'))
    .addCommand(toolCommand({ calledAs: 'random-uuid', summary: 'Prints a random id.', examples: [] }));

export const storageOverview = (
  calledAs: string,
): string => `usage: ${calledAs} [-h] {info,format,random-uuid} ...

  info          show the log directories of a node: info --config server.properties
  format        format them: format --cluster-id ID --config server.properties
  random-uuid   print a random id, for --cluster-id
`;
