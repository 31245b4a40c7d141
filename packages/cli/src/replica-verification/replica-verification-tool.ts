import type { Command } from 'commander';
import { hasCode, messageOf } from '@kafkaesque/kernel';
import type { OffsetSpec } from '@kafkaesque/client';
import { clientOptions } from '../command-line/client-flags';
import type { ConnectionFlags } from '../command-line/client-flags';
import { sdk } from '../command-line/loaded-on-demand';
import { withUsage } from '../command-line/outcome';
import { parseFlags, requireFlag, toolCommand, wholeNumber } from '../command-line/tool-command';
import { topicFilter } from '../command-line/topic-filter';
import { UsageError } from '../command-line/usage-error';
import type { Tool } from '../tools';
import { verifyReplicas } from './verify-replicas';

interface ReplicaVerificationFlags extends ConnectionFlags {
  readonly fetchSize: number;
  readonly maxWaitMs: number;
  readonly topicsInclude: string;
  readonly time: number;
  readonly reportIntervalMs: number;
}

const SUMMARY = 'Validate that all replicas for a set of topics have the same data.';
const DEPRECATION = 'This tool is deprecated and may be removed in a future major release.';

const replicaVerificationCommand = (calledAs: string): Command =>
  toolCommand({
    calledAs,
    summary: `${SUMMARY} Reads every replica up to its high watermark, again and again, until interrupted. ${DEPRECATION}`,
    examples: [
      '$0 --broker-list localhost:9092 --time -2',
      "$0 --broker-list localhost:9092 --topics-include 'orders,payments.*' --report-interval-ms 5000",
    ],
  })
    .option('--broker-list <host:port,…>', 'REQUIRED: brokers to connect to first')
    .option('--fetch-size <bytes>', 'of each partition in one request', wholeNumber('fetch-size'), 1_048_576)
    .option('--max-wait-ms <ms>', 'how long a request waits for records', wholeNumber('max-wait-ms'), 1000)
    .option('--topics-include <regex>', 'topics, as a regular expression', '.*')
    .option(
      '--time <time>',
      'where to begin: -1 latest, -2 earliest, or milliseconds',
      wholeNumber('time'),
      -1,
    )
    .option(
      '--report-interval-ms <ms>',
      'how often the greatest lag is told',
      wholeNumber('report-interval-ms'),
      30_000,
    );

export const tool: Tool = {
  command: replicaVerificationCommand,
  run: (argv, terminal, calledAs) =>
    withUsage(terminal, calledAs, async () => {
      const command = replicaVerificationCommand(calledAs);
      const parsed = parseFlags<ReplicaVerificationFlags>(command, argv, terminal);
      if (parsed.kind === 'done') return 0;
      if (argv.length === 0) throw new UsageError(SUMMARY);
      const { brokerList, ...flags } = parsed.flags;
      requireFlag(brokerList, 'broker-list');
      terminal.err(`WARN ${DEPRECATION}\n`);
      const connection = { bootstrapServer: brokerList ?? '' };
      const isWanted = includedTopics(flags.topicsInclude);
      await using client = sdk().openClient(clientOptions(connection, {}, terminal, 'replica-verification'));
      return await verifyReplicas({
        ...{ client, terminal, clock: sdk().machineClock, isWanted, from: offsetSpec(flags.time) },
        ...{ fetchSizeBytes: flags.fetchSize, maxWaitMs: flags.maxWaitMs },
        reportIntervalMs: flags.reportIntervalMs,
      });
    }),
};

/** Kafka's tool has a sentence of its own for a wrong expression. */
const includedTopics = (expression: string): ((name: string) => boolean) => {
  try {
    return topicFilter(expression);
  } catch (error) {
    if (!hasCode(error, 'USAGE')) throw error;
    throw new UsageError(messageOf(error).replace(/\.$/, ''));
  }
};

const LATEST = -1;
const EARLIEST = -2;

const offsetSpec = (time: number): OffsetSpec => {
  if (time === LATEST) return 'latest';
  return time === EARLIEST ? 'earliest' : { timestampMs: time };
};
