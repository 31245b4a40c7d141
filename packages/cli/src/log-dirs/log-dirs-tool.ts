import type { Command } from 'commander';
import { BrokerId } from '@kafkaesque/kernel';
import type { Admin, LogDirectoryDescription } from '@kafkaesque/client';
import { clientOptions, clientProperties, numberProperty } from '../command-line/client-flags';
import type { ConnectionFlags } from '../command-line/client-flags';
import { sdk } from '../command-line/loaded-on-demand';
import { withUsage } from '../command-line/outcome';
import type { Terminal } from '../command-line/terminal';
import { parseFlags, requireFlag, toolCommand } from '../command-line/tool-command';
import { UsageError } from '../command-line/usage-error';
import type { Tool } from '../tools';

interface LogDirsFlags extends ConnectionFlags {
  readonly describe?: true;
  readonly topicList?: string;
  readonly json?: true;
}

const logDirsCommand = (calledAs: string): Command =>
  toolCommand({
    calledAs,
    summary: 'Shows how much room each replica takes in each log directory, as JSON.',
    examples: [
      '$0 --bootstrap-server localhost:9092 --describe',
      '$0 --bootstrap-server localhost:9092 --describe --topic-list my-topic,other --broker-list 1,2',
    ],
  })
    .option('--bootstrap-server <host:port,…>', 'REQUIRED: brokers to connect to first')
    .option('--command-config <file>', 'a properties file for the client')
    .option('--describe', 'REQUIRED: show the directories')
    .option('--topic-list <topic,…>', 'only these topics')
    .option('--broker-list <id,…>', 'only these brokers')
    .option('--json', 'print the JSON alone');

export const tool: Tool = {
  command: logDirsCommand,
  run: (argv, terminal, calledAs) =>
    withUsage(terminal, calledAs, async () => {
      const parsed = parseFlags<LogDirsFlags>(logDirsCommand(calledAs), argv, terminal);
      if (parsed.kind === 'done') return 0;
      if (argv.length === 0) {
        throw new UsageError('This tool helps to query log directory usage on the specified brokers.');
      }
      // Ids here, not addresses as in other tools.
      const { brokerList, ...flags } = parsed.flags;
      requireFlag(flags.bootstrapServer, 'bootstrap-server');
      requireFlag(flags.describe, 'describe');
      const properties = clientProperties(flags.commandConfig, []);
      await using client = sdk().openClient(clientOptions(flags, properties, terminal, 'log-dirs-tool'));
      const admin = client.admin({ apiTimeoutMs: numberProperty(properties, 'default.api.timeout.ms') });
      return await describeDirectories(admin, terminal, {
        brokers: listed(brokerList).map(brokerId),
        topics: new Set(listed(flags.topicList)),
        isJsonAlone: flags.json === true,
      });
    }),
};

const listed = (text: string | undefined): readonly string[] =>
  (text ?? '').split(',').filter((one) => one !== '');

const brokerId = (text: string): number => {
  if (!/^[-+]?\d+$/.test(text)) throw new UsageError(`For input string: "${text}"`);
  return Number(text);
};

/** Which brokers and topics are shown; none named means all. */
export interface DirectorySelection {
  readonly brokers: readonly number[];
  readonly topics: ReadonlySet<string>;
  /** Without the sentences that Kafka's tool prints in front of its JSON. */
  readonly isJsonAlone: boolean;
}

/** Asks the brokers and prints. The first broker that cannot tell fails the whole, as in Kafka's tool. */
export const describeDirectories = async (
  admin: Admin,
  terminal: Terminal,
  { brokers, topics, isJsonAlone }: DirectorySelection,
): Promise<number> => {
  const { nodes } = await admin.describeCluster();
  const existing = nodes.map(({ id }) => Number(id));
  const missing = [...new Set(brokers)].filter((id) => !existing.includes(id));
  if (missing.length > 0) {
    terminal.err(
      `ERROR: The given brokers do not exist from --broker-list: ${missing.join(',')}. Current existent brokers: ${existing.join(',')}\n`,
    );
    return 1;
  }
  const asked = brokers.length === 0 ? existing : [...new Set(brokers)];
  const tell = (text: string): void => {
    if (!isJsonAlone) terminal.out(text);
  };
  tell('Querying brokers for log directories information\n');
  const outcomes = await admin.describeLogDirs(asked.map((id) => BrokerId(id)));
  const shown = outcomes.map((outcome) => {
    if (outcome.kind === 'failed') throw outcome.error;
    return { broker: outcome.key, logDirs: outcome.value.map((one) => directory(one, topics)) };
  });
  tell(`Received log directory information from brokers ${asked.join(',')}\n`);
  terminal.out(`${JSON.stringify({ brokers: shown, version: 1 })}\n`);
  return 0;
};

const directory = (
  { path, error, replicas }: LogDirectoryDescription,
  topics: ReadonlySet<string>,
): object => ({
  partitions: replicas
    .filter(({ topic }) => topics.size === 0 || topics.has(topic))
    .map(({ topic, partition, sizeBytes, offsetLag, future }) => ({
      partition: `${topic}-${partition}`,
      size: sizeBytes,
      offsetLag,
      isFuture: future,
    })),
  error: error?.code ?? null,
  logDir: path,
});
