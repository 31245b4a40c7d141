import { randomInt } from 'node:crypto';
import type { Command } from 'commander';
import type { ConsumerOptions } from '@kafkaesque/client';
import { addConnectionFlags, clientProperties, keyValues } from '../command-line/client-flags';
import type { ConnectionFlags, Properties } from '../command-line/client-flags';
import { refuseBothSpellings, warnOfOldSpellings } from '../command-line/old-spellings';
import type { OldSpelling } from '../command-line/old-spellings';
import type { Terminal } from '../command-line/terminal';
import { collect, requireFlag, toolCommand, wholeNumber, wordOption } from '../command-line/tool-command';
import { UsageError } from '../command-line/usage-error';
import { resetOf } from './consumer-properties';
import { FORMATTERS } from './formatter-names';

export interface ConsoleConsumerFlags extends ConnectionFlags {
  readonly topic?: string;
  readonly include?: string;
  readonly whitelist?: string;
  readonly partition?: number;
  readonly offset?: string;
  readonly fromBeginning?: true;
  readonly group?: string;
  readonly maxMessages?: number;
  readonly timeoutMs?: number;
  readonly isolationLevel?: string;
  readonly skipMessageOnError?: true;
  readonly enableSystestEvents?: true;
  readonly formatter?: string;
  readonly formatterProperty?: readonly string[];
  readonly formatterConfig?: string;
  readonly property?: readonly string[];
  readonly keyDeserializer?: string;
  readonly valueDeserializer?: string;
  readonly consumerProperty?: readonly string[];
  readonly 'consumer.config'?: string;
}

export const consoleConsumerCommand = (calledAs: string): Command =>
  addConnectionFlags(
    toolCommand({
      calledAs,
      summary: 'Prints the records of topics. Ctrl-C ends it.',
      examples: [
        '$0 --bootstrap-server localhost:9092 --topic my-topic --from-beginning',
        '$0 --bootstrap-server localhost:9092 --topic my-topic --group my-group',
        '$0 --bootstrap-server localhost:9092 --topic my-topic --partition 0 --offset 42 --max-messages 10',
        '$0 --bootstrap-server localhost:9092 --topic my-topic --formatter-property print.key=true',
        '$0 --bootstrap-server localhost:9092 --topic __consumer_offsets --from-beginning --formatter org.apache.kafka.tools.consumer.OffsetsMessageFormatter',
      ],
    }),
  )
    .option('--topic <topic>', 'the topic to read')
    .option('--include <regex>', 'topics to read, as a regular expression')
    .option('--whitelist <regex>', 'the old name of --include')
    .option('--partition <number>', 'read this partition only', wholeNumber('partition'))
    .addOption(
      wordOption('--offset <offset>', 'where to start in --partition: a number, earliest or latest', [
        'earliest',
        'latest',
      ]),
    )
    .option('--from-beginning', 'start at the first record there is, not at the end')
    .option('--group <id>', 'the group to read as a member of; without, one of its own')
    .option('--max-messages <number>', 'end after so many records', wholeNumber('max-messages'))
    .option('--timeout-ms <number>', 'end when no record comes for so long', wholeNumber('timeout-ms'))
    .addOption(
      wordOption('--isolation-level <level>', 'read_uncommitted (default) or read_committed', [
        'read_uncommitted',
        'read_committed',
      ]),
    )
    .option('--skip-message-on-error', 'go on after a record that cannot be printed')
    .option('--enable-systest-events', 'say on standard output when the program ends')
    .addOption(
      wordOption(
        '--formatter <class>',
        'how to print: a class of Kafka’s, with or without its package',
        FORMATTERS,
      ),
    )
    .option('--formatter-property <key=value>', 'how to print: see below; may be repeated', collect)
    .option('--formatter-config <file>', 'a properties file with the same')
    .option('--property <key=value>', 'the old name of --formatter-property', collect)
    .option('--key-deserializer <class>', 'how to read keys: StringDeserializer, LongDeserializer …')
    .option('--value-deserializer <class>', 'how to read values')
    .option('--consumer-property <key=value>', 'the old name of --command-property', collect)
    .option('--consumer.config <file>', 'the old name of --command-config')
    .addHelpText(
      'after',
      `
Formatter properties: print.timestamp, print.partition, print.offset, print.delivery, print.epoch, print.headers,
print.key (all false), print.value (true), key.separator (TAB), line.separator (newline), headers.separator (,),
null.literal (null), key.deserializer, value.deserializer, headers.deserializer
`,
    );

const OLD_SPELLINGS: readonly OldSpelling[] = [
  { old: 'property', now: 'formatter-property' },
  { old: 'consumer-property', now: 'command-property' },
  { old: 'consumer.config', now: 'command-config' },
];

/** Where reading of a partition starts. */
export type StartAt =
  | { readonly kind: 'earliest' }
  | { readonly kind: 'latest' }
  | { readonly kind: 'offset'; readonly offset: number };

type Reset = NonNullable<ConsumerOptions['autoOffsetReset']>;

export interface ConsolePlan {
  readonly source:
    | { readonly kind: 'partition'; readonly topic: string; readonly partition: number }
    | { readonly kind: 'topic'; readonly topic: string }
    | { readonly kind: 'include'; readonly include: string };
  /** Where a partition that --partition names is read from. */
  readonly startAt: StartAt;
  /** Where to go when there is no position. */
  readonly reset: Reset;
  readonly isolation: 'read_uncommitted' | 'read_committed';
  readonly maxMessages: number;
  readonly timeoutMs: number;
  readonly skipsErrors: boolean;
  readonly tellsEnd: boolean;
  readonly formatter: string;
  readonly formatterProperties: Properties;
  readonly clientProperties: Properties;
}

/** Everything that can be checked without a cluster, in Kafka's order and words. Fails with UsageError. */
export const planConsole = (
  flags: ConsoleConsumerFlags,
  argumentCount: number,
  terminal: Terminal,
): ConsolePlan => {
  if (argumentCount === 0) {
    throw new UsageError('This tool helps to read data from Kafka topics and outputs it to standard output.');
  }
  refuseBothSpellings(flags, [...OLD_SPELLINGS, { old: 'whitelist', now: 'include' }]);
  warnOfOldSpellings(flags, OLD_SPELLINGS, terminal, 'Option');
  const include = flags.include ?? flags.whitelist;
  if ((flags.topic === undefined) === (include === undefined)) {
    throw new UsageError('Exactly one of the following arguments is required: [topic], [include]');
  }
  requireFlag(flags.bootstrapServer ?? flags.brokerList, 'bootstrap-server');
  if (flags.partition !== undefined && flags.topic === undefined) {
    throw new UsageError('The topic is required when partition is specified.');
  }
  if (flags.offset !== undefined && flags.partition === undefined) {
    throw new UsageError('The partition is required when offset is specified.');
  }
  if (flags.fromBeginning && flags.offset !== undefined) {
    throw new UsageError('Options from-beginning and offset cannot be specified together.');
  }
  const properties = consumerProperties(flags);
  const [group, otherGroup] = new Set(
    [flags.group, properties['group.id']].filter((one) => one !== undefined),
  );
  if (otherGroup !== undefined) {
    throw new UsageError(
      `The group ids provided in different places (directly using '--group', via '--consumer-property', or via '--consumer.config') do not match. Detected group ids: '${group}', '${otherGroup}'`,
    );
  }
  if (group !== undefined && flags.partition !== undefined) {
    throw new UsageError('Options group and partition cannot be specified together.');
  }
  return {
    source: sourceOf(flags, include ?? ''),
    startAt: startOf(flags),
    reset: resetFor(flags, properties['auto.offset.reset']),
    isolation: isolationOf(flags.isolationLevel ?? properties['isolation.level'] ?? 'read_uncommitted'),
    maxMessages: flags.maxMessages === undefined || flags.maxMessages < 0 ? Infinity : flags.maxMessages,
    timeoutMs: flags.timeoutMs === undefined || flags.timeoutMs < 0 ? Infinity : flags.timeoutMs,
    skipsErrors: flags.skipMessageOnError ?? false,
    tellsEnd: flags.enableSystestEvents ?? false,
    formatter: flags.formatter ?? 'DefaultMessageFormatter',
    formatterProperties: formatterProperties(flags),
    clientProperties: group === undefined ? withOwnGroup(properties) : { ...properties, 'group.id': group },
  };
};

const sourceOf = (flags: ConsoleConsumerFlags, include: string): ConsolePlan['source'] => {
  const { topic, partition } = flags;
  if (topic === undefined) return { kind: 'include', include };
  return partition === undefined ? { kind: 'topic', topic } : { kind: 'partition', topic, partition };
};

/** Without a group, one that nobody comes back to: what it reads is committed only if that is asked for. */
const withOwnGroup = (properties: Properties): Properties => ({
  'enable.auto.commit': 'false',
  ...properties,
  'group.id': `console-consumer-${randomInt(100_000)}`,
});

/** Kafka reads a partition from its end where nothing else is said. */
const startOf = ({ fromBeginning, offset }: ConsoleConsumerFlags): StartAt => {
  if (offset === undefined) return { kind: fromBeginning === true ? 'earliest' : 'latest' };
  const lower = offset.toLowerCase();
  if (lower === 'earliest' || lower === 'latest') return { kind: lower };
  if (/^\d+$/.test(offset)) return { kind: 'offset', offset: Number(offset) };
  throw new UsageError(
    `The provided offset value '${offset}' is incorrect. Valid values are 'earliest', 'latest', or a non-negative long.`,
  );
};

const resetFor = ({ fromBeginning }: ConsoleConsumerFlags, reset: string | undefined): Reset => {
  if (reset === undefined) return fromBeginning === true ? 'earliest' : 'latest';
  if (fromBeginning && reset !== 'earliest') {
    throw new UsageError(
      `Can't simultaneously specify --from-beginning and 'auto.offset.reset=${reset}', please remove one option`,
    );
  }
  return resetOf(reset);
};

const isolationOf = (level: string): ConsolePlan['isolation'] => {
  if (level === 'read_uncommitted' || level === 'read_committed') return level;
  throw new UsageError(
    `Invalid value ${level} for configuration isolation.level: String must be one of: read_committed, read_uncommitted`,
  );
};

const consumerProperties = (flags: ConsoleConsumerFlags): Properties => {
  return {
    ...clientProperties(flags['consumer.config'], flags.consumerProperty),
    ...clientProperties(flags.commandConfig, flags.commandProperty),
  };
};

const formatterProperties = (flags: ConsoleConsumerFlags): Properties => {
  return {
    ...clientProperties(flags.formatterConfig, []),
    ...keyValues(flags.property),
    ...keyValues(flags.formatterProperty),
    ...(flags.keyDeserializer === undefined ? {} : { 'key.deserializer': flags.keyDeserializer }),
    ...(flags.valueDeserializer === undefined ? {} : { 'value.deserializer': flags.valueDeserializer }),
  };
};
