import type { Command } from 'commander';
import { hasCode, messageOf } from '@kafkaesque/kernel';
import type { Producer, ProducerRecord } from '@kafkaesque/client';
import { addConnectionFlags, clientOptions, clientProperties, keyValues } from '../command-line/client-flags';
import type { ConnectionFlags, Properties } from '../command-line/client-flags';
import { sdk } from '../command-line/loaded-on-demand';
import { withUsage } from '../command-line/outcome';
import { refuseBothSpellings, warnOfOldSpellings } from '../command-line/old-spellings';
import type { OldSpelling } from '../command-line/old-spellings';
import type { Terminal } from '../command-line/terminal';
import {
  collect,
  parseFlags,
  requireFlag,
  toolCommand,
  wholeNumber,
  wordOption,
} from '../command-line/tool-command';
import { UsageError } from '../command-line/usage-error';
import type { Tool } from '../tools';
import { LineRecords } from './line-records';
import { LineSplitter } from './lines';
import { producerOptions } from './producer-properties';

export interface ConsoleProducerFlags extends ConnectionFlags {
  readonly topic?: string;
  readonly sync?: true;
  readonly compressionCodec?: string | true;
  readonly requestRequiredAcks?: string;
  readonly lineReader?: string;
  readonly readerProperty?: readonly string[];
  readonly readerConfig?: string;
  readonly property?: readonly string[];
  readonly producerProperty?: readonly string[];
  readonly 'producer.config'?: string;
  /** The rest are numbers that stand for producer properties. */
  readonly [flag: string]: unknown;
}

/** Flags that stand for a property; their defaults yield to the property itself. */
const NUMBER_FLAGS = [
  { flag: 'timeout', property: 'linger.ms', default: '1000', what: 'milliseconds a batch waits for company' },
  { flag: 'batch-size', property: 'batch.size', default: '16384', what: 'bytes of a batch' },
  {
    flag: 'max-partition-memory-bytes',
    property: 'batch.size',
    default: undefined,
    what: 'the old name of --batch-size',
  },
  { flag: 'message-send-max-retries', property: 'retries', default: '3', what: 'how often to try again' },
  {
    flag: 'retry-backoff-ms',
    property: 'retry.backoff.ms',
    default: '100',
    what: 'wait before the next try',
  },
  {
    flag: 'request-timeout-ms',
    property: 'request.timeout.ms',
    default: '1500',
    what: 'how long a broker may take',
  },
  {
    flag: 'max-block-ms',
    property: 'max.block.ms',
    default: '60000',
    what: 'how long to wait for memory and metadata',
  },
  {
    flag: 'max-memory-bytes',
    property: 'buffer.memory',
    default: '33554432',
    what: 'memory for unsent records',
  },
  {
    flag: 'metadata-expiry-ms',
    property: 'metadata.max.age.ms',
    default: '300000',
    what: 'age at which metadata is asked for again',
  },
  {
    flag: 'socket-buffer-size',
    property: 'send.buffer.bytes',
    default: '102400',
    what: 'accepted; the system decides',
  },
] as const;

const OLD_SPELLINGS: readonly OldSpelling[] = [
  { old: 'property', now: 'reader-property', order: 'new first' },
  { old: 'producer-property', now: 'command-property', order: 'new first' },
  { old: 'producer.config', now: 'command-config', order: 'new first' },
];
/** Kafka accepts both of these together, and the old one wins. */
const OLD_BATCH_SIZE: OldSpelling = {
  old: 'max-partition-memory-bytes',
  now: 'batch-size',
  removal: 'Apache Kafka 5.0',
};
const LINE_READERS = ['org.apache.kafka.tools.LineMessageReader', 'LineMessageReader'];

/** Records sent without waiting before the producer is asked whether it has room. */
const RECORDS_BETWEEN_WAITS = 500;
const EXIT_INTERRUPTED = 130;

const consoleProducerCommand = (calledAs: string): Command => {
  const command = addConnectionFlags(
    toolCommand({
      calledAs,
      summary: 'Sends every line of standard input as a record. Ctrl-D ends it.',
      examples: [
        '$0 --bootstrap-server localhost:9092 --topic my-topic',
        '$0 --bootstrap-server localhost:9092 --topic my-topic < lines.txt',
        '$0 --bootstrap-server localhost:9092 --topic my-topic --reader-property parse.key=true --reader-property key.separator=:',
      ],
    }),
  )
    .option('--topic <topic>', 'REQUIRED: the topic to send to')
    .option('--sync', 'send one record at a time')
    .addOption(
      wordOption(
        '--compression-codec [codec]',
        'none, gzip, snappy, lz4 or zstd; gzip when no name is given',
        ['none', 'gzip', 'snappy', 'lz4', 'zstd'],
      ),
    )
    .addOption(wordOption('--request-required-acks <acks>', 'all (-1), 1 or 0', ['all', '-1', '0', '1']))
    .option('--reader-property <key=value>', 'how to read lines: see below; may be repeated', collect)
    .option('--reader-config <file>', 'a properties file with the same')
    .option('--line-reader <class>', 'only org.apache.kafka.tools.LineMessageReader')
    .option('--property <key=value>', 'the old name of --reader-property', collect)
    .option('--producer-property <key=value>', 'the old name of --command-property', collect)
    .option('--producer.config <file>', 'the old name of --command-config');
  for (const { flag, property, default: value, what } of NUMBER_FLAGS) {
    const shown = value === undefined ? '' : `; default ${value}`;
    command.option(`--${flag} <number>`, `${what} (${property}${shown})`, wholeNumber(flag));
  }
  return command.addHelpText(
    'after',
    `
Reader properties: parse.key=false, key.separator=\\t, parse.headers=false, headers.delimiter=\\t, headers.separator=\\,,
headers.key.separator=:, null.marker (what stands for null), ignore.error=false. With keys and headers a line is
h1:v1,h2:v2<TAB>key<TAB>value
`,
  );
};

export const tool: Tool = {
  command: consoleProducerCommand,
  run: (argv, terminal, calledAs) =>
    withUsage(terminal, calledAs, async () => {
      const parsed = parseFlags<ConsoleProducerFlags>(consoleProducerCommand(calledAs), argv, terminal);
      if (parsed.kind === 'done') return 0;
      if (argv.length === 0) {
        throw new UsageError('This tool helps to read data from standard input and publish it to Kafka.');
      }
      const { flags } = parsed;
      requireFlag(flags.bootstrapServer ?? flags.brokerList, 'bootstrap-server');
      requireFlag(flags.topic, 'topic');
      refuseBothSpellings(flags, OLD_SPELLINGS);
      warnOfOldSpellings(flags, [...OLD_SPELLINGS, OLD_BATCH_SIZE], terminal, 'Warning:');
      const reader = openReader(flags);
      const properties = producerProperties(flags);
      await using client = sdk().openClient(clientOptions(flags, properties, terminal, 'console-producer'));
      const producer = client.producer(producerOptions(properties));
      return await sendLines({ producer, reader, terminal, isSync: flags.sync === true });
    }),
};

const openReader = (flags: ConsoleProducerFlags): LineRecords => {
  const { lineReader } = flags;
  if (lineReader !== undefined && !LINE_READERS.includes(lineReader)) {
    throw new UsageError(
      `There is no line reader ${lineReader}: classes of Java cannot be loaded here, only org.apache.kafka.tools.LineMessageReader is known`,
    );
  }
  return new LineRecords(flags.topic ?? '', {
    ...clientProperties(flags.readerConfig, []),
    ...keyValues(flags.property),
    ...keyValues(flags.readerProperty),
  });
};

/** Flags go before properties, properties before the defaults of flags. */
const producerProperties = (flags: ConsoleProducerFlags): Properties => {
  const given: Record<string, string> = {};
  for (const { flag, property } of NUMBER_FLAGS) {
    const value = flags[camelCased(flag)];
    if (typeof value === 'number') given[property] = String(value);
  }
  const { compressionCodec: codec, requestRequiredAcks: acks } = flags;
  if (codec !== undefined) given['compression.type'] = codec === true ? 'gzip' : codec;
  if (acks !== undefined) given['acks'] = acks;
  const defaults = NUMBER_FLAGS.flatMap(({ property, default: value }) =>
    value === undefined ? [] : [[property, value]],
  );
  return {
    ...(Object.fromEntries(defaults) as Properties),
    ...clientProperties(flags['producer.config'], flags.producerProperty),
    ...clientProperties(flags.commandConfig, flags.commandProperty),
    ...given,
  };
};

const camelCased = (flag: string): string =>
  flag.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());

export interface LineSending {
  readonly producer: Producer;
  readonly reader: LineRecords;
  readonly terminal: Terminal;
  readonly isSync: boolean;
}

/** Reads to the end of the input and sends; whatever was read is flushed, also when it ends early. */
export const sendLines = async ({ producer, reader, terminal, isSync }: LineSending): Promise<number> => {
  let code = 0;
  let count = 0;
  try {
    if (terminal.isInteractive) terminal.out('>');
    for await (const line of linesOf(terminal)) {
      const record = reader.read(line);
      const sent = producer.send(record);
      if (isSync) await sent;
      else sent.catch((error: unknown) => report(terminal, record, error));
      count += 1;
      if (count % RECORDS_BETWEEN_WAITS === 0) await producer.ready();
      if (terminal.isInteractive) terminal.out('>');
    }
    if (terminal.interrupted.aborted) code = EXIT_INTERRUPTED;
  } catch (error) {
    terminal.err(`${messageOf(error)}\n`);
    if (!hasCode(error, 'UNREADABLE_LINE') && !isSync) throw error;
    code = 1;
  }
  if (terminal.isInteractive) terminal.out('\n');
  await producer.close();
  return code;
};

async function* linesOf(terminal: Terminal): AsyncGenerator<Buffer, void, undefined> {
  const splitter = new LineSplitter();
  const { interrupted } = terminal;
  const input = terminal.input[Symbol.asyncIterator]();
  let stop: () => void = () => undefined;
  const stopped = new Promise<{ readonly done: true; readonly value: undefined }>((resolve) => {
    stop = () => resolve({ done: true, value: undefined });
  });
  if (interrupted.aborted) return;
  interrupted.addEventListener('abort', stop, { once: true });
  try {
    for (;;) {
      const next = await Promise.race([input.next(), stopped]);
      if (next.done === true) break;
      yield* splitter.push(next.value);
    }
    const last = splitter.end();
    if (last !== undefined) yield last;
  } finally {
    interrupted.removeEventListener('abort', stop);
    // Not awaited: a read that is under way does not end before its input does.
    void input.return?.();
  }
}

/** A record that did not arrive is told on standard error and does not stop the others, as in Kafka's tool. */
const report = (terminal: Terminal, record: ProducerRecord, error: unknown): void => {
  const size = (bytes: ProducerRecord['key']): string =>
    bytes == null ? 'null' : `${Buffer.byteLength(bytes)} bytes`;
  terminal.err(
    `ERROR Error when sending message to topic ${record.topic} with key: ${size(record.key)}, ` +
      `value: ${size(record.value)} with error: ${messageOf(error)}\n`,
  );
};
