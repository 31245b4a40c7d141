import type { Command } from 'commander';
import type { Clock } from '@kafkaesque/kernel';
import type { Producer, RecordMetadata } from '@kafkaesque/client';
import { argumentNumber, argumentWords, checkArguments } from '../command-line/argument-rules';
import { clientOptions, clientProperties } from '../command-line/client-flags';
import type { Properties } from '../command-line/client-flags';
import { sdk } from '../command-line/loaded-on-demand';
import { commandConfigOf } from '../command-line/old-spellings';
import { withUsage } from '../command-line/outcome';
import type { Terminal } from '../command-line/terminal';
import { Throttle, nextTurn, pause } from '../command-line/throttle';
import { parseFlags, toolCommand } from '../command-line/tool-command';
import { UsageError } from '../command-line/usage-error';
import { producerOptions } from '../console-producer/producer-properties';
import type { Tool } from '../tools';
import { sendError, sendSuccess, shutdownComplete, startupComplete, toolData } from './producer-events';
import type { SentRecord } from './producer-events';

export interface VerifiableProducerFlags {
  readonly topic?: string;
  readonly bootstrapServer?: string;
  readonly maxMessages: number;
  readonly throughput: number;
  readonly acks: number;
  readonly commandConfig?: string;
  readonly 'producer.config'?: string;
  readonly messageCreateTime: number;
  readonly valuePrefix?: number;
  readonly repeatingKeys?: number;
}

const ACKS = [0, 1, -1];

const verifiableProducerCommand = (calledAs: string): Command =>
  toolCommand({
    calledAs,
    summary: 'Sends ascending numbers, and tells of each as a line of JSON what became of it.',
    examples: [
      '$0 --bootstrap-server localhost:9092 --topic my-topic --max-messages 1000',
      '$0 --bootstrap-server localhost:9092 --topic my-topic --throughput 100 --repeating-keys 10',
    ],
  })
    .option('--topic <topic>', 'REQUIRED: the topic to send to')
    .option('--bootstrap-server <host:port,…>', 'REQUIRED: brokers to connect to first')
    .option(
      '--max-messages <number>',
      'how many to send; -1 for no end',
      argumentNumber('max-messages', 'Integer'),
      -1,
    )
    .option(
      '--throughput <number>',
      'records a second at most, about; -1 for as many as there can be',
      argumentNumber('throughput', 'Integer'),
      -1,
    )
    .option('--acks <acks>', 'who must have it: -1 (all), 1 or 0', argumentNumber('acks', 'Integer'), -1)
    .option('--command-config <file>', 'a properties file for the producer')
    .option('--producer.config <file>', 'the old name of --command-config')
    .option(
      '--message-create-time <ms>',
      'timestamps begin here and go on with the clock',
      argumentNumber('message-create-time', 'Long'),
      -1,
    )
    .option(
      '--value-prefix <number>',
      'stands before each value, with a dot between',
      argumentNumber('value-prefix', 'Integer'),
    )
    .option(
      '--repeating-keys <number>',
      'keys go from 0 to this number, not included, again and again',
      argumentNumber('repeating-keys', 'Integer'),
    );

/** What Kafka's tool calls itself. */
const PROGRAM = 'verifiable-producer';

export const tool: Tool = {
  command: verifiableProducerCommand,
  run: (argv, terminal, calledAs) =>
    withUsage(
      terminal,
      calledAs,
      async () => {
        const command = verifiableProducerCommand(calledAs);
        const parsed = parseFlags<VerifiableProducerFlags>(command, argv, terminal, argumentWords);
        if (parsed.kind === 'done') return 0;
        if (argv.length === 0) {
          command.outputHelp();
          return 0;
        }
        const { flags } = parsed;
        const properties = verifiableProperties(flags, terminal);
        await using client = sdk().openClient(
          clientOptions(flags, properties, terminal, 'verifiable-producer'),
        );
        const producer = client.producer(producerOptions(properties));
        return await sendNumbers({ producer, flags, terminal, clock: sdk().machineClock });
      },
      PROGRAM,
    ),
};

const verifiableProperties = (flags: VerifiableProducerFlags, terminal: Terminal): Properties => {
  checkArguments(flags, { required: ['topic'], oneOf: [['bootstrap-server']] });
  if (!ACKS.includes(flags.acks)) {
    throw new UsageError(`argument --acks: invalid choice: '${flags.acks}' (choose from {0,1,-1})`);
  }
  const config = commandConfigOf(flags, 'producer.config', terminal);
  // Without retries each record is sent once, so the answers tell the whole truth; a file may say otherwise.
  const own = { acks: String(flags.acks), retries: '0' };
  return { ...own, ...clientProperties(config, []) };
};

/** What a run needs. */
export interface VerifiableProducing {
  readonly producer: Producer;
  readonly flags: VerifiableProducerFlags;
  readonly terminal: Terminal;
  readonly clock: Clock;
}

/** Sends until the last number or a signal, waits for all answers, and sums up. */
export const sendNumbers = async (run: VerifiableProducing): Promise<number> => {
  const { producer, flags, terminal, clock } = run;
  const { interrupted } = terminal;
  const { throughput, maxMessages, topic = '', messageCreateTime } = flags;
  const tell = (event: string): void => terminal.out(event);
  const startMs = clock.wallMs();
  tell(startupComplete(startMs));
  const throttle = new Throttle(throughput, clock.monotonicMs());
  const limit = maxMessages < 0 ? Infinity : maxMessages;
  let sent = 0;
  let acked = 0;
  while (sent < limit && !interrupted.aborted) {
    const record = { topic, ...numbered(flags, sent) };
    const isTimed = messageCreateTime !== -1;
    const timestampMs = isTimed ? messageCreateTime + (clock.wallMs() - startMs) : undefined;
    sent += 1;
    producer.send({ ...record, timestampMs }).then(
      (metadata: RecordMetadata) => {
        acked += 1;
        tell(sendSuccess(clock.wallMs(), record, metadata));
      },
      (error: unknown) => tell(sendError(clock.wallMs(), record, error)),
    );
    const pauseMs = throttle.pauseMs(sent, clock.monotonicMs());
    if (pauseMs > 0) await pause(clock, pauseMs, interrupted);
    else if (sent % RECORDS_A_TURN === 0) {
      await producer.ready();
      await terminal.drained();
      await nextTurn();
    }
  }
  await producer.close();
  const endMs = clock.wallMs();
  tell(shutdownComplete(endMs));
  const averageThroughput = 1000 * (acked / (endMs - startMs));
  tell(toolData(endMs, { sent, acked, targetThroughput: throughput, averageThroughput }));
  await terminal.drained();
  return 0;
};

/** After so many, sockets and the reader of the output get their turn. */
const RECORDS_A_TURN = 100;

const numbered = (
  { valuePrefix, repeatingKeys }: VerifiableProducerFlags,
  index: number,
): Omit<SentRecord, 'topic'> => ({
  key: repeatingKeys === undefined ? null : String(index % repeatingKeys),
  value: valuePrefix === undefined ? String(index) : `${valuePrefix}.${index}`,
});
