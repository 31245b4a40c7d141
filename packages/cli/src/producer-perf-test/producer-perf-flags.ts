import type { Command } from 'commander';
import { argumentDouble, argumentNumber, checkArguments } from '../command-line/argument-rules';
import { clientProperties } from '../command-line/client-flags';
import type { Properties } from '../command-line/client-flags';
import type { Terminal } from '../command-line/terminal';
import { toolCommand } from '../command-line/tool-command';
import { UsageError } from '../command-line/usage-error';

export interface ProducerPerfFlags {
  readonly bootstrapServer?: string;
  readonly topic?: string;
  readonly numRecords?: number;
  readonly recordSize?: number;
  readonly payloadFile?: string;
  readonly payloadMonotonic?: true;
  readonly payloadDelimiter: string;
  readonly throughput?: number;
  readonly producerProps?: readonly string[];
  readonly commandProperty?: readonly string[];
  readonly 'producer.config'?: string;
  readonly commandConfig?: string;
  readonly printMetrics?: true;
  readonly transactionalId?: string;
  readonly transactionDurationMs?: number;
  readonly warmupRecords: number;
  readonly reportingInterval: number;
  readonly json?: true;
}

export const producerPerfCommand = (calledAs: string): Command =>
  toolCommand({
    calledAs,
    summary: 'Measures how fast a topic takes records, and how long each waits for its acknowledgement.',
    examples: [
      '$0 --bootstrap-server localhost:9092 --topic my-topic --num-records 100000 --record-size 1000 --throughput -1',
      '$0 --bootstrap-server localhost:9092 --topic my-topic --num-records 5000 --payload-monotonic --throughput 1000',
      '$0 --bootstrap-server localhost:9092 --topic my-topic --num-records 100000 --record-size 1000 --throughput -1 --command-property acks=1 compression.type=lz4',
    ],
  })
    .option('--bootstrap-server <host:port,…>', 'brokers to connect to first')
    .option('--topic <topic>', 'REQUIRED: the topic to send to')
    .option(
      '--num-records <number>',
      'REQUIRED: how many records to send',
      argumentNumber('num-records', 'Long'),
    )
    .option(
      '--record-size <bytes>',
      'the size of each value; or --payload-file, or --payload-monotonic',
      argumentNumber('record-size', 'Integer'),
    )
    .option('--payload-file <file>', 'a UTF-8 text file of values, of which one is drawn for each record')
    .option('--payload-monotonic', 'the values are 0, 1, 2 …')
    .option('--payload-delimiter <regex>', 'what stands between the values of --payload-file', '\\n')
    .option(
      '--throughput <number>',
      'REQUIRED: records a second at most, about; -1 for as many as there can be',
      argumentDouble('throughput'),
    )
    .option('--command-property <key=value...>', 'properties for the producer; several may follow')
    .option('--producer-props <key=value...>', 'the old name of --command-property')
    .option('--command-config <file>', 'a properties file; --command-property goes before it')
    .option('--producer.config <file>', 'the old name of --command-config')
    .option('--print-metrics', 'not there yet: the client keeps no metrics')
    .option('--transactional-id <id>', 'not there yet: transactions come later')
    .option(
      '--transaction-duration-ms <number>',
      'not there yet: transactions come later',
      argumentNumber('transaction-duration-ms', 'Long'),
    )
    .option(
      '--warmup-records <number>',
      'records that the second summary leaves out',
      argumentNumber('warmup-records', 'Long'),
      0,
    )
    .option(
      '--reporting-interval <ms>',
      'how often to tell how it goes',
      argumentNumber('reporting-interval', 'Long'),
      5000,
    )
    .option('--json', 'print the summary as one line of JSON, and nothing else');

/** A run as it was asked for. */
export interface ProducerPerfPlan {
  readonly topic: string;
  readonly records: number;
  readonly warmupRecords: number;
  readonly recordsPerSecond: number;
  readonly reportingIntervalMs: number;
  readonly properties: Properties;
  readonly isJson: boolean;
}

/** Everything that can be checked without a cluster, in Kafka's order and words. Fails with UsageError. */
export const planProducing = (flags: ProducerPerfFlags, terminal: Terminal): ProducerPerfPlan => {
  checkArguments(flags, {
    required: ['topic', 'num-records', 'throughput'],
    oneOf: [['record-size', 'payload-file', 'payload-monotonic']],
  });
  const { topic = '', numRecords = 0, throughput = -1 } = flags;
  const warmupRecords = Math.max(flags.warmupRecords, 0);
  if (numRecords <= 0) throw new UsageError('--num-records should be greater than zero.');
  if (warmupRecords >= numRecords) {
    throw new UsageError(
      'The value for --warmup-records must be strictly fewer than the number of records in the test, --num-records.',
    );
  }
  if (flags.recordSize !== undefined && flags.recordSize <= 0) {
    throw new UsageError('--record-size should be greater than zero.');
  }
  const properties = producerPropertiesOf(flags, terminal);
  if (flags.transactionDurationMs !== undefined && flags.transactionDurationMs <= 0) {
    throw new UsageError('--transaction-duration-ms should be greater than zero.');
  }
  if (flags.reportingInterval <= 0) {
    throw new UsageError('--reporting-interval should be greater than zero.');
  }
  refuseWhatIsNotThere(flags, properties);
  return {
    topic,
    records: numRecords,
    warmupRecords,
    recordsPerSecond: throughput,
    reportingIntervalMs: flags.reportingInterval,
    properties,
    isJson: flags.json === true,
  };
};

const producerPropertiesOf = (flags: ProducerPerfFlags, terminal: Terminal): Properties => {
  const { bootstrapServer, commandProperty, producerProps, commandConfig } = flags;
  const oldConfig = flags['producer.config'];
  const given = [bootstrapServer, commandProperty, producerProps, oldConfig, commandConfig];
  if (given.every((one) => one === undefined)) {
    throw new UsageError(
      'At least one of --bootstrap-server, --command-property, --producer-props, --producer.config or --command-config must be specified.',
    );
  }
  if (commandProperty !== undefined && producerProps !== undefined) {
    throw new UsageError('--command-property and --producer-props cannot be specified together.');
  }
  if (commandConfig !== undefined && oldConfig !== undefined) {
    throw new UsageError('--command-config and --producer.config cannot be specified together.');
  }
  if (producerProps !== undefined) deprecated(terminal, 'producer-props', 'command-property');
  if (oldConfig !== undefined) deprecated(terminal, 'producer.config', 'command-config');
  const pairs = commandProperty ?? producerProps;
  for (const pair of pairs ?? []) {
    if (pair.split('=').length !== 2) throw new UsageError(`Invalid property: ${pair}`);
  }
  return clientProperties(commandConfig ?? oldConfig, pairs);
};

const refuseWhatIsNotThere = (flags: ProducerPerfFlags, properties: Properties): void => {
  const id = flags.transactionalId ?? properties['transactional.id'];
  if (id !== undefined || flags.transactionDurationMs !== undefined) {
    throw new UsageError('Transactions are not there yet, so they cannot be measured');
  }
  if (flags.printMetrics) {
    throw new UsageError('--print-metrics is not there yet: the client keeps no metrics of its own');
  }
};

/** On standard error: what standard output carries is read by scripts. */
const deprecated = (terminal: Terminal, old: string, now: string): void =>
  terminal.err(
    `Option --${old} has been deprecated and will be removed in a future version. Use --${now} instead.\n`,
  );
