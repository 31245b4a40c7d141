import type { Command } from 'commander';
import type { Terminal } from '../command-line/terminal';
import { requireFlag, toolCommand, wholeNumber } from '../command-line/tool-command';
import { UsageError } from '../command-line/usage-error';

export interface LatencyFlags {
  readonly bootstrapServer?: string;
  readonly topic?: string;
  readonly numRecords?: number;
  readonly producerAcks?: string;
  readonly recordSize?: number;
  readonly recordKeySize?: number;
  readonly recordHeaderKeySize?: number;
  readonly recordHeaderSize?: number;
  readonly numHeaders?: number;
  readonly commandConfig?: string;
  readonly json?: true;
}

export const latencyCommand = (calledAs: string): Command =>
  toolCommand({
    calledAs,
    summary: 'Measures how long a record takes from a producer to a consumer, one record at a time.',
    examples: [
      '$0 --bootstrap-server localhost:9092 --topic my-topic --num-records 10000 --producer-acks all --record-size 100',
    ],
  })
    .option('--bootstrap-server <host:port,…>', 'REQUIRED: brokers to connect to first')
    .option('--topic <topic>', 'REQUIRED: the topic to send through; made when it is not there')
    .option('--num-records <number>', 'REQUIRED: how many records to send', wholeNumber('num-records'))
    .option('--producer-acks <acks>', 'REQUIRED: 1 or all')
    .option('--record-size <bytes>', 'REQUIRED: the size of each value', wholeNumber('record-size'))
    .option(
      '--record-key-size <bytes>',
      'the size of each key; no keys when absent',
      wholeNumber('record-key-size'),
    )
    .option('--num-headers <number>', 'headers of each record', wholeNumber('num-headers'))
    .option(
      '--record-header-key-size <bytes>',
      "the size of each header's key",
      wholeNumber('record-header-key-size'),
    )
    .option(
      '--record-header-size <bytes>',
      "the size of each header's value; -1 for null",
      wholeNumber('record-header-size'),
    )
    .option('--command-config <file>', 'a properties file for the clients')
    .option('--json', 'print the result as one line of JSON, and nothing else');

/** A measurement as it was asked for. */
export interface LatencyPlan {
  readonly topic: string;
  readonly records: number;
  readonly acks: 1 | -1;
  readonly valueBytes: number;
  /** Undefined: no keys. */
  readonly keyBytes: number | undefined;
  readonly headers: number;
  readonly headerKeyBytes: number;
  /** -1: null. */
  readonly headerValueBytes: number;
  readonly isJson: boolean;
}

const POSITIONS = [
  '--bootstrap-server',
  '--topic',
  '--num-records',
  '--producer-acks',
  '--record-size',
  '--command-config',
];

/** The old command line without names, as the one that replaced it. Fails with UsageError. */
export const withNames = (argv: readonly string[], terminal: Terminal): readonly string[] => {
  if (argv.some((argument) => argument.startsWith('--'))) return argv;
  if (argv.length !== 5 && argv.length !== 6) {
    throw new UsageError(
      `Invalid number of arguments. Expected 5 or 6 positional arguments, but got ${argv.length}. ` +
        'Usage: bootstrap-server topic num-records producer-acks record-size [optional] command-config',
    );
  }
  terminal.err(
    'WARNING: Positional argument usage is deprecated and will be removed in Apache Kafka 5.0. Please use named arguments ' +
      `instead: ${POSITIONS.join(', ')}\n`,
  );
  return argv.flatMap((argument, index) => [POSITIONS[index] ?? '', argument]);
};

/** Everything that can be checked without a cluster, in Kafka's words. Fails with UsageError. */
export const planLatency = (flags: LatencyFlags): LatencyPlan => {
  requireFlag(flags.bootstrapServer, 'bootstrap-server');
  requireFlag(flags.topic, 'topic');
  requireFlag(flags.numRecords, 'num-records');
  requireFlag(flags.producerAcks, 'producer-acks');
  requireFlag(flags.recordSize, 'record-size');
  const { producerAcks, numRecords = 0, recordSize = 0, recordKeySize } = flags;
  if (producerAcks !== '1' && producerAcks !== 'all') {
    throw new UsageError(
      "Invalid value for --producer-acks. Latency testing requires synchronous acknowledgement. Please use '1' or 'all'.",
    );
  }
  if (numRecords <= 0) throw new UsageError('Value for --num-records must be a positive integer.');
  const { numHeaders = 0, recordHeaderKeySize = 0, recordHeaderSize = 0 } = flags;
  atLeastZero('record-size', recordSize);
  atLeastZero('record-key-size', recordKeySize ?? 0);
  atLeastZero('record-header-key-size', recordHeaderKeySize);
  if (recordHeaderSize < -1) {
    throw new UsageError(
      'Value for --record-header-size must be a non-negative integer or -1 for null header value.',
    );
  }
  atLeastZero('num-headers', numHeaders);
  return {
    topic: flags.topic ?? '',
    records: numRecords,
    acks: producerAcks === '1' ? 1 : -1,
    valueBytes: recordSize,
    keyBytes: recordKeySize === 0 ? undefined : recordKeySize,
    headers: numHeaders,
    headerKeyBytes: recordHeaderKeySize,
    headerValueBytes: recordHeaderSize,
    isJson: flags.json === true,
  };
};

const atLeastZero = (name: string, value: number): void => {
  if (value < 0) throw new UsageError(`Value for --${name} must be a non-negative integer.`);
};
