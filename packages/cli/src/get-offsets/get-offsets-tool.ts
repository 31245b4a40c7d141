import type { Command } from 'commander';
import { hasCode, messageOf } from '@kafkaesque/kernel';
import type { Admin, OffsetSpec, TopicPartition } from '@kafkaesque/client';
import {
  addConnectionFlags,
  clientOptions,
  clientProperties,
  numberProperty,
} from '../command-line/client-flags';
import type { ConnectionFlags } from '../command-line/client-flags';
import { sdk } from '../command-line/loaded-on-demand';
import type { Terminal } from '../command-line/terminal';
import { parseFlags, requireFlag, toolCommand } from '../command-line/tool-command';
import { UsageError } from '../command-line/usage-error';
import type { Tool } from '../tools';
import { plainFilter, rulesFilter } from './partition-filter';

export interface GetOffsetsFlags extends ConnectionFlags {
  readonly topic?: string;
  readonly partitions?: string;
  readonly topicPartitions?: string;
  readonly time?: string;
  readonly excludeInternalTopics?: true;
  readonly json?: true;
}

const getOffsetsCommand = (calledAs: string): Command =>
  addConnectionFlags(
    toolCommand({
      calledAs,
      summary: 'Shows offsets of partitions, one line each: topic:partition:offset.',
      examples: [
        '$0 --bootstrap-server localhost:9092 --topic my-topic',
        '$0 --bootstrap-server localhost:9092 --topic my-topic --time earliest',
        "$0 --bootstrap-server localhost:9092 --topic-partitions 'my-topic:0,other.*:0-3'",
      ],
    }),
  )
    .option('--topic <topic>', 'topics, as a regular expression; all of them when absent')
    .option('--partitions <ids>', 'partitions with commas between; all of them when absent')
    .option('--topic-partitions <rules>', 'rules like topic:0, topic:0-3 (3 not included), topic, :0')
    .option(
      '--time <time>',
      'latest (-1), earliest (-2), max-timestamp (-3), earliest-local (-4), latest-tiered (-5), ' +
        'earliest-pending-upload (-6), or milliseconds: the first offset not older',
      'latest',
    )
    .option('--exclude-internal-topics', 'leave internal topics out')
    .option('--json', 'print one line of JSON');

export const tool: Tool = {
  command: getOffsetsCommand,
  run: async (argv, terminal, calledAs) => {
    try {
      const parsed = parseFlags<GetOffsetsFlags>(getOffsetsCommand(calledAs), argv, terminal);
      if (parsed.kind === 'done') return 0;
      if (argv.length === 0)
        throw new UsageError('An interactive shell for getting topic-partition offsets.');
      const { flags } = parsed;
      requireFlag(flags.bootstrapServer ?? flags.brokerList, 'bootstrap-server');
      const properties = clientProperties(flags.commandConfig, flags.commandProperty);
      await using client = sdk().openClient(clientOptions(flags, properties, terminal, 'GetOffsetShell'));
      const admin = client.admin({ apiTimeoutMs: numberProperty(properties, 'default.api.timeout.ms') });
      await printOffsets(flags, admin, terminal);
      return 0;
    } catch (error) {
      terminal.err(`Error occurred: ${messageOf(error)}\n`);
      if (hasCode(error, 'USAGE')) terminal.err(`Run '${calledAs} --help' for the options.\n`);
      return 1;
    }
  },
};

/** The tool's work: finds the partitions, asks their leaders, prints in order of name. */
export const printOffsets = async (
  flags: GetOffsetsFlags,
  admin: Admin,
  terminal: Terminal,
): Promise<void> => {
  const { topic, partitions, topicPartitions } = flags;
  if (topicPartitions !== undefined && (topic !== undefined || partitions !== undefined)) {
    throw new UsageError('--topic-partitions cannot be used with --topic or --partitions');
  }
  const spec = parseTime(flags.time ?? 'latest');
  const isWanted =
    topicPartitions === undefined ? plainFilter(topic, partitions) : rulesFilter(topicPartitions);
  const listed = await admin.listTopics({ includeInternal: flags.excludeInternalTopics !== true });
  const described = await admin.describeTopics(listed.map(({ name }) => name));
  const wanted = described
    .flatMap((one) => (one.kind === 'done' ? [one.value] : []))
    .flatMap(({ name, partitions: all }) => all.map(({ partition }) => ({ topic: name, partition })))
    .filter((one) => isWanted(one.topic, one.partition))
    .sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
  if (wanted.length === 0) {
    throw new UsageError('Could not match any topic-partitions with the specified filters');
  }
  const offsets: object[] = [];
  for (const { key, ...outcome } of await admin.listOffsets(wanted.map((one) => ({ ...one, spec })))) {
    if (outcome.kind === 'failed') {
      const why = messageOf(outcome.error);
      terminal.err(`Skip getting offsets for topic-partition ${nameOf(key)} due to error: ${why}\n`);
      continue;
    }
    const { offset, timestampMs } = outcome.value;
    if (offset < 0) continue;
    if (flags.json)
      offsets.push({
        topic: key.topic,
        partition: key.partition,
        offset,
        timestampMs: timestampMs < 0 ? null : timestampMs,
      });
    else terminal.out(`${key.topic}:${key.partition}:${offset}\n`);
  }
  if (flags.json) terminal.out(`${JSON.stringify({ offsets })}\n`);
};

const nameOf = ({ topic, partition }: TopicPartition): string => `${topic}-${partition}`;

const SPECS: Readonly<Record<string, OffsetSpec>> = {
  '-1': 'latest',
  latest: 'latest',
  '-2': 'earliest',
  earliest: 'earliest',
  '-3': 'max-timestamp',
  'max-timestamp': 'max-timestamp',
  '-4': 'earliest-local',
  'earliest-local': 'earliest-local',
  '-5': 'latest-tiered',
  'latest-tiered': 'latest-tiered',
  '-6': 'earliest-pending-upload',
  'earliest-pending-upload': 'earliest-pending-upload',
};

const parseTime = (text: string): OffsetSpec => {
  const named = SPECS[text];
  if (named !== undefined) return named;
  if (/^-?\d+$/.test(text)) return { timestampMs: Number(text) };
  throw new UsageError(
    `Malformed time argument ${text}. Please use -1 or latest / -2 or earliest / -3 or max-timestamp / ` +
      '-4 or earliest-local / -5 or latest-tiered / -6 or earliest-pending-upload, or a specified long format timestamp',
  );
};
