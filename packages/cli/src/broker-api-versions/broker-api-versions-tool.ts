import type { Command } from 'commander';
import { messageOf } from '@kafkaesque/kernel';
import type { Client, NodeAddress } from '@kafkaesque/client';
import { addConnectionFlags, clientOptions, clientProperties } from '../command-line/client-flags';
import type { ConnectionFlags } from '../command-line/client-flags';
import { sdk } from '../command-line/loaded-on-demand';
import { withUsage } from '../command-line/outcome';
import type { Terminal } from '../command-line/terminal';
import { parseFlags, toolCommand } from '../command-line/tool-command';
import { UsageError } from '../command-line/usage-error';
import type { Tool } from '../tools';
import { apiVersionLines, nodeText, offeredApis } from './api-version-lines';

interface ApiVersionsFlags extends ConnectionFlags {
  readonly json?: true;
}

const brokerApiVersionsCommand = (calledAs: string): Command =>
  addConnectionFlags(
    toolCommand({
      calledAs,
      summary: 'Shows which APIs each broker offers, and in which versions.',
      examples: [
        '$0 --bootstrap-server localhost:9092',
        '$0 --bootstrap-server localhost:9092 --json | jq \'.brokers[0].apis[] | select(.name == "Fetch")\'',
      ],
    }),
  ).option('--json', 'print one line of JSON');

export const tool: Tool = {
  command: brokerApiVersionsCommand,
  run: (argv, terminal, calledAs) =>
    withUsage(terminal, calledAs, async () => {
      const parsed = parseFlags<ApiVersionsFlags>(brokerApiVersionsCommand(calledAs), argv, terminal);
      if (parsed.kind === 'done') return 0;
      if (argv.length === 0) throw new UsageError('This tool helps to retrieve broker version information.');
      const { flags } = parsed;
      const properties = clientProperties(flags.commandConfig, flags.commandProperty);
      await using client = sdk().openClient(
        clientOptions(flags, properties, terminal, 'broker-api-versions'),
      );
      return await showVersions(client, terminal, flags.json === true);
    }),
};

/** Asks each broker; one that does not answer is shown with its error. */
const showVersions = async (client: Client, terminal: Terminal, isJson: boolean): Promise<number> => {
  const admin = client.admin();
  const { nodes } = await admin.describeCluster();
  client.wire.learn(nodes);
  const shown: object[] = [];
  for (const node of nodes.toSorted((a, b) => a.id - b.id)) {
    const { id, host, port, rack }: NodeAddress = node;
    try {
      const capabilities = await admin.apiVersions(id);
      if (isJson) shown.push({ id, host, port, rack, apis: offeredApis(capabilities) });
      else terminal.out(apiVersionLines(node, capabilities));
    } catch (error) {
      if (isJson) shown.push({ id, host, port, rack, error: messageOf(error) });
      else terminal.out(`${nodeText(node)} -> ERROR: ${messageOf(error)}\n`);
    }
  }
  if (isJson) terminal.out(`${JSON.stringify({ brokers: shown })}\n`);
  return 0;
};
