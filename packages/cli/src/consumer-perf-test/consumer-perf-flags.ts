import { randomInt } from 'node:crypto';
import type { Command } from 'commander';
import { clientProperties, keyValues } from '../command-line/client-flags';
import type { Properties } from '../command-line/client-flags';
import type { Terminal } from '../command-line/terminal';
import { collect, requireFlag, toolCommand, wholeNumber } from '../command-line/tool-command';
import { topicExpression } from '../command-line/topic-filter';
import { UsageError } from '../command-line/usage-error';
import { dateFormat } from './date-format';

export interface ConsumerPerfFlags {
  readonly bootstrapServer?: string;
  readonly brokerList?: string;
  readonly topic?: string;
  readonly include?: string;
  readonly group?: string;
  readonly fetchSize: number;
  readonly fromLatest?: true;
  readonly socketBufferSize?: number;
  readonly commandProperty?: readonly string[];
  readonly commandConfig?: string;
  readonly 'consumer.config'?: string;
  readonly printMetrics?: true;
  readonly showDetailedStats?: true;
  readonly timeout: number | true;
  readonly messages?: number;
  readonly numRecords?: number;
  readonly reportingInterval: string;
  readonly dateFormat: string;
  readonly hideHeader?: true;
  readonly json?: true;
}

const DEFAULT_TIMEOUT_MS = 10_000;

export const consumerPerfCommand = (calledAs: string): Command =>
  toolCommand({
    calledAs,
    summary: 'Measures how fast topics can be read.',
    examples: [
      '$0 --bootstrap-server localhost:9092 --topic my-topic --num-records 100000',
      '$0 --bootstrap-server localhost:9092 --topic my-topic --num-records 100000 --show-detailed-stats --reporting-interval 1000',
    ],
  })
    .option('--bootstrap-server <host:port,…>', 'REQUIRED: brokers to connect to first')
    .option('--broker-list <host:port,…>', 'the old name of --bootstrap-server')
    .option('--topic <topic>', 'the topic to read')
    .option('--include <regex>', 'topics to read, as a regular expression')
    .option('--num-records <number>', 'REQUIRED: how many records to read', wholeNumber('num-records'))
    .option('--messages <number>', 'the old name of --num-records', wholeNumber('messages'))
    .option('--group <id>', 'the group to read as a member of; without, one of its own')
    .option(
      '--fetch-size <bytes>',
      'the most to fetch from one partition at a time',
      wholeNumber('fetch-size'),
      1024 * 1024,
    )
    .option('--from-latest', 'begin at the end, not at the first record there is')
    .option('--socket-buffer-size <bytes>', 'accepted; the system decides', wholeNumber('socket-buffer-size'))
    .option('--command-property <key=value>', 'a property for the consumer; may be repeated', collect)
    .option('--command-config <file>', 'a properties file; --command-property goes before it')
    .option('--consumer.config <file>', 'the old name of --command-config')
    .option('--print-metrics', 'print at the end what was measured, in the form of metrics')
    .option('--show-detailed-stats', 'tell how it goes, every --reporting-interval')
    .option(
      '--timeout [ms]',
      'end when no record comes for so long',
      wholeNumber('timeout'),
      DEFAULT_TIMEOUT_MS,
    )
    .option('--reporting-interval <ms>', 'how often --show-detailed-stats tells', '5000')
    .option('--date-format <pattern>', "Java's SimpleDateFormat, its numbers", 'yyyy-MM-dd HH:mm:ss:SSS')
    .option('--hide-header', 'print no names of columns')
    .option('--json', 'print the summary as one line of JSON, and nothing else');

/** A run as it was asked for. */
export interface ConsumerPerfPlan {
  readonly topics: readonly string[] | RegExp;
  readonly records: number;
  readonly fetchSizeBytes: number;
  readonly startsAt: 'earliest' | 'latest';
  readonly timeoutMs: number;
  readonly reportingIntervalMs: number;
  readonly formatTime: (time: Date) => string;
  readonly isDetailed: boolean;
  readonly hasHeader: boolean;
  readonly isJson: boolean;
  readonly printsMetrics: boolean;
  readonly properties: Properties;
}

/** Everything that can be checked without a cluster, in Kafka's words. Fails with UsageError. */
export const planReading = (
  flags: ConsumerPerfFlags,
  argumentCount: number,
  terminal: Terminal,
): ConsumerPerfPlan => {
  if (argumentCount === 0) throw new UsageError('This tool is used to verify the consumer performance.');
  if (!/^\d+$/.test(flags.reportingInterval)) {
    throw new UsageError(`Cannot parse argument '${flags.reportingInterval}' of option reporting-interval`);
  }
  requireFlag(flags.bootstrapServer ?? flags.brokerList, 'bootstrap-server');
  const { topic, include } = flags;
  if ((topic === undefined) === (include === undefined)) {
    throw new UsageError('Exactly one of the following arguments is required: [topic], [include]');
  }
  if ((flags.numRecords === undefined) === (flags.messages === undefined)) {
    throw new UsageError('Exactly one of the following arguments is required: [messages], [num-records]');
  }
  if (flags.messages !== undefined) deprecated(terminal, 'messages', 'num-records');
  const properties = consumerProperties(flags, terminal);
  const reportingIntervalMs = Number(flags.reportingInterval);
  if (reportingIntervalMs <= 0) throw new UsageError('Reporting interval must be greater than 0.');
  return {
    topics: topic === undefined ? topicExpression(include ?? '') : [topic],
    records: flags.numRecords ?? flags.messages ?? 0,
    fetchSizeBytes: flags.fetchSize,
    startsAt: flags.fromLatest ? 'latest' : 'earliest',
    timeoutMs: flags.timeout === true ? DEFAULT_TIMEOUT_MS : flags.timeout,
    reportingIntervalMs,
    formatTime: dateFormat(flags.dateFormat),
    isDetailed: flags.showDetailedStats === true,
    hasHeader: flags.hideHeader !== true,
    isJson: flags.json === true,
    printsMetrics: flags.printMetrics === true,
    properties,
  };
};

const consumerProperties = (flags: ConsumerPerfFlags, terminal: Terminal): Properties => {
  const oldConfig = flags['consumer.config'];
  if (oldConfig !== undefined && flags.commandConfig !== undefined) {
    throw new UsageError('Options --consumer.config and --command-config cannot be specified together.');
  }
  if (oldConfig !== undefined) deprecated(terminal, 'consumer.config', 'command-config');
  return {
    ...clientProperties(flags.commandConfig ?? oldConfig, []),
    ...keyValues(flags.commandProperty),
    'group.id': flags.group ?? `perf-consumer-${randomInt(100_000)}`,
  };
};

/** On standard error: what standard output carries is read by scripts. */
const deprecated = (terminal: Terminal, old: string, now: string): void =>
  terminal.err(`Warning: --${old} is deprecated. Use --${now} instead.\n`);
