import type { Command } from 'commander';
import { hasCode, messageOf } from '@kafkaesque/kernel';
import type { Admin, ElectionType, Outcome, TopicPartition } from '@kafkaesque/client';
import { clientOptions, clientProperties, numberProperty } from '../command-line/client-flags';
import type { ConnectionFlags } from '../command-line/client-flags';
import {
  arrayOf,
  fieldOf,
  integerOf,
  objectOf,
  parsedJson,
  readText,
  repeatedOf,
  textOf,
  unreadable,
} from '../command-line/json-fields';
import { sdk } from '../command-line/loaded-on-demand';
import { withUsage } from '../command-line/outcome';
import type { Terminal } from '../command-line/terminal';
import { parseFlags, toolCommand, wholeNumber, wordOption } from '../command-line/tool-command';
import { UsageError } from '../command-line/usage-error';
import type { Tool } from '../tools';

interface LeaderElectionFlags extends ConnectionFlags {
  readonly 'admin.config'?: string;
  readonly electionType?: ElectionType;
  readonly topic?: string;
  readonly partition?: number;
  readonly pathToJsonFile?: string;
  readonly allTopicPartitions?: true;
  readonly json?: true;
}

const SUMMARY =
  'This tool attempts to elect a new leader for a set of topic partitions. The type of elections supported are ' +
  'preferred replicas and unclean replicas.';
/** How long the tool waits unless properties of the client say otherwise. */
const TIMEOUT_MS = 30_000;

const electionType = (word: string): ElectionType => {
  const type = word.toLowerCase();
  if (type === 'preferred' || type === 'unclean') return type;
  throw new UsageError(`Cannot parse argument '${word}' of option election-type`);
};

const leaderElectionCommand = (calledAs: string): Command =>
  toolCommand({
    calledAs,
    summary: 'Elects leaders of partitions: the preferred ones, or whichever replica is alive.',
    examples: [
      '$0 --bootstrap-server localhost:9092 --election-type preferred --all-topic-partitions',
      '$0 --bootstrap-server localhost:9092 --election-type unclean --topic my-topic --partition 0',
      '$0 --bootstrap-server localhost:9092 --election-type preferred --path-to-json-file partitions.json',
    ],
  })
    .option('--bootstrap-server <host:port,…>', 'REQUIRED: brokers to connect to first')
    .option('--command-config <file>', 'a properties file for the client')
    .option('--admin.config <file>', 'the old name of --command-config')
    .addOption(
      wordOption(
        '--election-type <type>',
        'REQUIRED: preferred, the first replica if it is in sync; unclean, where there is no leader, any replica: ' +
          'records that it lacks are lost',
        ['preferred', 'unclean'],
      ).argParser(electionType),
    )
    .option('--topic <topic>', 'the topic of the one partition')
    .option('--partition <number>', 'the one partition, with --topic', wholeNumber('partition'))
    .option('--path-to-json-file <file>', 'which partitions; see below')
    .option('--all-topic-partitions', 'all partitions that can have such an election')
    .option('--json', 'print one line of JSON')
    .addHelpText(
      'after',
      '\nThe file: {"partitions": [{"topic": "my-topic", "partition": 0}, {"topic": "other", "partition": 2}]}\n',
    );

const EXCLUSIVE = [
  ['topic', 'topic'],
  ['allTopicPartitions', 'all-topic-partitions'],
  ['pathToJsonFile', 'path-to-json-file'],
] as const;

const checkFlags = (flags: LeaderElectionFlags): void => {
  const missing = [
    ...(flags.bootstrapServer === undefined ? ['bootstrap-server'] : []),
    ...(flags.electionType === undefined ? ['election-type'] : []),
  ];
  if (missing.length > 0) throw new UsageError(`Missing required option(s): ${missing.join(', ')}`);
  if (flags['admin.config'] !== undefined && flags.commandConfig !== undefined)
    throw new UsageError('Option "[admin.config]" can\'t be used with option "[command-config]"');
  if (EXCLUSIVE.filter(([key]) => flags[key] !== undefined).length !== 1) {
    const names = EXCLUSIVE.map(([, name]) => name).join(', ');
    throw new UsageError(`One and only one of the following options is required: ${names}`);
  }
  if (flags.topic !== undefined && flags.partition === undefined)
    throw new UsageError('Missing required option(s): partition');
  if (flags.topic === undefined && flags.partition !== undefined)
    throw new UsageError('Option partition is only allowed if topic is used');
};

export const tool: Tool = {
  command: leaderElectionCommand,
  run: (argv, terminal, calledAs) =>
    withUsage(terminal, calledAs, async () => {
      const parsed = parseFlags<LeaderElectionFlags>(leaderElectionCommand(calledAs), argv, terminal);
      if (parsed.kind === 'done') return 0;
      if (argv.length === 0) throw new UsageError(SUMMARY);
      const { flags } = parsed;
      checkFlags(flags);
      const old = flags['admin.config'];
      if (old !== undefined) {
        terminal.err(
          'Option --admin.config has been deprecated and will be removed in a future version. Use --command-config instead.\n',
        );
      }
      const properties = clientProperties(flags.commandConfig ?? old, []);
      try {
        const partitions = partitionsAsked(flags);
        const options = clientOptions(flags, properties, terminal, 'leader-election');
        await using client = sdk().openClient({
          ...options,
          requestTimeoutMs: options.requestTimeoutMs ?? TIMEOUT_MS / 2,
        });
        const apiTimeoutMs = numberProperty(properties, 'default.api.timeout.ms') ?? TIMEOUT_MS;
        return await electLeaders(client.admin({ apiTimeoutMs }), terminal, {
          type: flags.electionType ?? 'preferred',
          partitions,
          isJson: flags.json === true,
        });
      } catch (error) {
        if (!hasCode(error, 'UNREADABLE_FILE')) throw error;
        terminal.err(`${messageOf(error)}\n`);
        return 1;
      }
    }),
};

const partitionsAsked = ({
  topic,
  partition,
  pathToJsonFile,
}: LeaderElectionFlags): readonly TopicPartition[] | undefined => {
  if (pathToJsonFile !== undefined) return parsePartitions(readText(pathToJsonFile));
  return topic === undefined || partition === undefined ? undefined : [{ topic, partition }];
};

/** The file's text as partitions. Fails with code UNREADABLE_FILE and Kafka's sentence. */
export const parsePartitions = (text: string): readonly TopicPartition[] => {
  const file = parsedJson(text);
  if (file === undefined) throw unreadable('Replica election data is empty');
  const { partitions } = objectOf(file);
  if (partitions === undefined) throw unreadable('Replica election data is missing "partitions" field');
  const named = arrayOf(partitions).map((one) => {
    const fields = objectOf(one);
    return { topic: textOf(fieldOf(fields, 'topic')), partition: integerOf(fieldOf(fields, 'partition')) };
  });
  const repeated = repeatedOf(named.map(nameOf));
  if (repeated.length > 0) {
    throw unreadable(`Replica election data contains duplicate partitions: [${repeated.join(', ')}]`);
  }
  return named;
};

const nameOf = ({ topic, partition }: TopicPartition): string => `${topic}-${partition}`;

/** Which election, and of what; undefined partitions are all of them. */
export interface ElectionWish {
  readonly type: ElectionType;
  readonly partitions: readonly TopicPartition[] | undefined;
  readonly isJson: boolean;
}

/** Elects, and says of each partition what came of it. Resolves with 1 when one could not be elected. */
export const electLeaders = async (
  admin: Admin,
  terminal: Terminal,
  { type, partitions, isJson }: ElectionWish,
): Promise<number> => {
  let outcomes: readonly Outcome<TopicPartition, undefined>[];
  try {
    outcomes = await admin.electLeaders(type, partitions);
  } catch (error) {
    const sentence = failureOf(error);
    if (sentence === undefined) throw error;
    terminal.err(`${sentence}\n`);
    return 1;
  }
  const elected = outcomes.filter(({ kind }) => kind === 'done').map(({ key }) => nameOf(key));
  const failed = outcomes.flatMap((one) => (one.kind === 'failed' ? [one] : []));
  const notNeeded = failed.filter(({ error }) => error.code === 'ELECTION_NOT_NEEDED');
  const wrong = failed.filter(({ error }) => error.code !== 'ELECTION_NOT_NEEDED');
  const name = type.toUpperCase();
  if (isJson) {
    terminal.out(`${JSON.stringify({ electionType: type, partitions: outcomes.map(forScripts) })}\n`);
  } else {
    if (elected.length > 0) {
      terminal.out(`Successfully completed leader election (${name}) for partitions ${elected.join(', ')}\n`);
    }
    if (notNeeded.length > 0) {
      const names = notNeeded.map(({ key }) => nameOf(key)).join(', ');
      terminal.out(`Valid replica already elected for partitions ${names}\n`);
    }
    for (const { key, error } of wrong) {
      terminal.out(
        `Error completing leader election (${name}) for partition: ${nameOf(key)}: ${error.code}: ${error.message}\n`,
      );
    }
  }
  if (wrong.length === 0) return 0;
  terminal.err(`${wrong.length} replica(s) could not be elected\n`);
  return 1;
};

/** What Kafka's tool says of two failures of the whole. */
const failureOf = (error: unknown): string | undefined => {
  if (sdk().isClientError(error, 'timeout')) return 'Timeout waiting for election results';
  if (hasCode(error, 'CLUSTER_AUTHORIZATION_FAILED')) return 'Not authorized to perform leader election';
  return undefined;
};

const forScripts = (outcome: Outcome<TopicPartition, undefined>): object => {
  const { topic, partition } = outcome.key;
  if (outcome.kind === 'done') return { topic, partition, result: 'elected' };
  const { code, message } = outcome.error;
  return code === 'ELECTION_NOT_NEEDED'
    ? { topic, partition, result: 'not-needed' }
    : { topic, partition, result: 'failed', error: code, message };
};
