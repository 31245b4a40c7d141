import type { Command } from 'commander';
import type { Admin, ClusterDescription } from '@kafkaesque/client';
import {
  argumentNumber,
  argumentWords,
  checkArguments,
  chosenAction,
  refuseWords,
} from '../command-line/argument-rules';
import { clientOptions, clientProperties } from '../command-line/client-flags';
import { sdk } from '../command-line/loaded-on-demand';
import { withUsage } from '../command-line/outcome';
import type { Terminal } from '../command-line/terminal';
import { parseFlags, toolCommand, wordArgument } from '../command-line/tool-command';
import { UsageError } from '../command-line/usage-error';
import type { Tool } from '../tools';

interface ClusterFlags {
  readonly bootstrapServer?: string;
  readonly bootstrapController?: string;
  readonly config?: string;
  readonly commandConfig?: string;
  readonly id?: number;
  readonly includeFencedBrokers?: true;
  readonly json?: true;
}

const ACTIONS = ['cluster-id', 'unregister', 'list-endpoints'] as const;
type ClusterAction = (typeof ACTIONS)[number];

const clusterCommand = (calledAs: string): Command =>
  toolCommand({
    calledAs,
    summary: `Shows what a cluster is made of. The action comes first: ${ACTIONS.join(', ')}.`,
    examples: [
      '$0 cluster-id --bootstrap-server localhost:9092',
      '$0 list-endpoints --bootstrap-server localhost:9092 --include-fenced-brokers',
      '$0 list-endpoints --bootstrap-controller localhost:9093',
      '$0 unregister --bootstrap-server localhost:9092 --id 3',
    ],
  })
    .addArgument(wordArgument('[action]', ACTIONS))
    .option('-b, --bootstrap-server <host:port,…>', 'REQUIRED: brokers to connect to first')
    .option('-C, --bootstrap-controller <host:port,…>', 'instead of it: controllers to connect to first')
    .option('--command-config <file>', 'a properties file for the client')
    .option('-c, --config <file>', 'the old name of --command-config')
    .option('-i, --id <id>', 'the broker to unregister', argumentNumber('id/-i', 'Integer'))
    .option('--include-fenced-brokers', 'list fenced brokers as well')
    .option('--json', 'print one line of JSON');

/** What Kafka's tool calls itself. */
const PROGRAM = 'kafka-cluster';

export const tool: Tool = {
  command: clusterCommand,
  run: (argv, terminal, calledAs) =>
    withUsage(
      terminal,
      calledAs,
      async () => {
        const command = clusterCommand(calledAs);
        const parsed = parseFlags<ClusterFlags>(command, argv, terminal, argumentWords);
        if (parsed.kind === 'done') return 0;
        const { flags } = parsed;
        const action = checkedAction(command.args[0], flags, terminal);
        refuseWords(command.args.slice(1));
        const properties = clientProperties(flags.commandConfig ?? flags.config, []);
        await using client = sdk().openClient(clientOptions(flags, properties, terminal, 'kafka-cluster'));
        await actions[action](client.admin(), flags, terminal);
        return 0;
      },
      PROGRAM,
    ),
};

const checkedAction = (word: string | undefined, flags: ClusterFlags, terminal: Terminal): ClusterAction => {
  const action = chosenAction(ACTIONS, word);
  const connection = ['bootstrap-server/-b', 'bootstrap-controller/-C'];
  checkArguments(flags, { required: action === 'unregister' ? ['id/-i'] : [], oneOf: [connection] });
  if (flags.config !== undefined && flags.commandConfig !== undefined) {
    throw new UsageError('--config and --command-config cannot be specified together.');
  }
  if (flags.config !== undefined) {
    terminal.err(
      'Option --config has been deprecated and will be removed in a future version. Use --command-config instead.\n',
    );
  }
  if (flags.bootstrapController !== undefined && flags.includeFencedBrokers && action === 'list-endpoints') {
    throw new UsageError(
      'The option --include-fenced-brokers is only supported with --bootstrap-server option',
    );
  }
  return action;
};

type Action = (admin: Admin, flags: ClusterFlags, terminal: Terminal) => Promise<void>;

const clusterId: Action = async (admin, { json }, terminal) => {
  const { clusterId: id } = await admin.describeCluster();
  terminal.out(json ? `${JSON.stringify({ clusterId: id })}\n` : `Cluster ID: ${id}\n`);
};

const unregister: Action = async (admin, { id = -1, json }, terminal) => {
  try {
    await admin.unregisterBroker(id);
    terminal.out(
      json ? `${JSON.stringify({ unregistered: id })}\n` : `Broker ${id} is no longer registered.\n`,
    );
  } catch (error) {
    if (!sdk().isClientError(error, 'unsupported')) throw error;
    terminal.out('The target cluster does not support the broker unregistration API.\n');
  }
};

const listEndpoints: Action = async (admin, flags, terminal) => {
  const includeFenced = flags.includeFencedBrokers === true;
  const { nodes } = await admin.describeCluster({ includeFenced });
  const isControllers = flags.bootstrapController !== undefined;
  terminal.out(
    flags.json ? `${JSON.stringify({ endpoints: nodes })}\n` : endpointLines(nodes, isControllers),
  );
};

const actions: Readonly<Record<ClusterAction, Action>> = {
  'cluster-id': clusterId,
  unregister,
  'list-endpoints': listEndpoints,
};

/** Columns of Kafka's tool when no node has a host, or a rack. */
const WIDTH = 10;
const HOST_WIDTH = 100;
const TYPE_WIDTH = 15;

/** Controllers are never fenced, so Kafka's tool leaves the column out. */
const endpointLines = (nodes: ClusterDescription['nodes'], isControllers: boolean): string => {
  const widest = (texts: readonly string[], otherwise: number): number =>
    texts.length === 0 ? otherwise : Math.max(...texts.map((text) => text.length));
  const hostWidth = widest(
    nodes.map(({ host }) => host),
    HOST_WIDTH,
  );
  const rackWidth = widest(
    nodes.flatMap(({ rack }) => (rack === null ? [] : [rack])),
    WIDTH,
  );
  const state = <Cell>(cell: Cell): readonly Cell[] => (isControllers ? [] : [cell]);
  const widths = [WIDTH, hostWidth, WIDTH, rackWidth, ...state(WIDTH), TYPE_WIDTH];
  const row = (cells: readonly (string | number | null)[]): string =>
    `${cells.map((cell, index) => String(cell).padEnd(widths[index] ?? 0)).join(' ')}\n`;
  const rows = nodes.map(({ id, host, port, rack, fenced }) =>
    row([
      ...[id, host, port, rack, ...state(fenced ? 'fenced' : 'unfenced')],
      isControllers ? 'controller' : 'broker',
    ]),
  );
  return row(['ID', 'HOST', 'PORT', 'RACK', ...state('STATE'), 'ENDPOINT_TYPE']) + rows.join('');
};
