import type { Command } from 'commander';
import { messageOf } from '@kafkaesque/kernel';
import type { Clock } from '@kafkaesque/kernel';
import type { Consumer, ConsumerRecord, TopicPartition } from '@kafkaesque/client';
import { argumentNumber, argumentWords, checkArguments } from '../command-line/argument-rules';
import { clientOptions, clientProperties } from '../command-line/client-flags';
import type { Properties } from '../command-line/client-flags';
import { sdk } from '../command-line/loaded-on-demand';
import { commandConfigOf } from '../command-line/old-spellings';
import { withUsage } from '../command-line/outcome';
import type { Terminal } from '../command-line/terminal';
import { parseFlags, toolCommand, wordOption } from '../command-line/tool-command';
import { consumerOptions, resetOf } from '../console-consumer/consumer-properties';
import type { Tool } from '../tools';
import {
  offsetsCommitted,
  partitionsAssigned,
  partitionsRevoked,
  recordData,
  recordsConsumed,
  shutdownComplete,
  shutdownRequested,
  startupComplete,
} from './consumer-events';
import type { PartitionSummary } from './consumer-events';

export interface VerifiableConsumerFlags {
  readonly topic?: string;
  readonly groupId?: string;
  readonly bootstrapServer?: string;
  readonly groupProtocol: string;
  readonly groupRemoteAssignor?: string;
  readonly groupInstanceId?: string;
  readonly maxMessages: number;
  readonly sessionTimeout?: number;
  readonly verbose?: true;
  readonly enableAutocommit?: true;
  readonly closeTimeout: number;
  readonly resetPolicy: string;
  readonly assignmentStrategy: string;
  readonly commandConfig?: string;
  readonly 'consumer.config'?: string;
}

const RANGE = 'org.apache.kafka.clients.consumer.RangeAssignor';
const CLOSE_TIMEOUT_MS = 30_000;

const verifiableConsumerCommand = (calledAs: string): Command =>
  toolCommand({
    calledAs,
    summary: 'Reads a topic as a member of a group, and tells as lines of JSON what happens.',
    examples: [
      '$0 --bootstrap-server localhost:9092 --topic my-topic --group-id my-group --max-messages 1000',
      '$0 --bootstrap-server localhost:9092 --topic my-topic --group-id my-group --group-protocol consumer --verbose',
    ],
  })
    .option('--topic <topic>', 'REQUIRED: the topic to read')
    .option('--group-id <id>', 'REQUIRED: the group to be a member of')
    .option('--bootstrap-server <host:port,…>', 'REQUIRED: brokers to connect to first')
    .addOption(
      wordOption('--group-protocol <protocol>', 'classic or consumer', ['classic', 'consumer']).default(
        'classic',
      ),
    )
    .option('--group-remote-assignor <name>', 'who assigns, under the protocol consumer')
    .option('--group-instance-id <id>', 'be a static member under this name')
    .option(
      '--max-messages <number>',
      'how many to read; -1 for no end',
      argumentNumber('max-messages', 'Integer'),
      -1,
    )
    .option(
      '--session-timeout <ms>',
      'silent for longer, it is out of the group; not under the protocol consumer',
      argumentNumber('session-timeout', 'Integer'),
    )
    .option('--verbose', 'tell of every record')
    .option('--enable-autocommit', 'commit now and then, not after every poll')
    .option(
      '--close-timeout <ms>',
      'how long the end may take',
      argumentNumber('close-timeout', 'Integer'),
      CLOSE_TIMEOUT_MS,
    )
    .addOption(
      wordOption('--reset-policy <policy>', 'where to begin: earliest, latest or none', [
        'earliest',
        'latest',
        'none',
      ]).default('earliest'),
    )
    .option('--assignment-strategy <class>', 'who assigns, under the protocol classic', RANGE)
    .option('--command-config <file>', 'a properties file for the consumer; the other options go before it')
    .option('--consumer.config <file>', 'the old name of --command-config');

/** What Kafka's tool calls itself. */
const PROGRAM = 'verifiable-consumer';

export const tool: Tool = {
  command: verifiableConsumerCommand,
  run: (argv, terminal, calledAs) =>
    withUsage(
      terminal,
      calledAs,
      async () => {
        const command = verifiableConsumerCommand(calledAs);
        const parsed = parseFlags<VerifiableConsumerFlags>(command, argv, terminal, argumentWords);
        if (parsed.kind === 'done') return 0;
        if (argv.length === 0) {
          command.outputHelp();
          return 0;
        }
        const { flags } = parsed;
        const properties = verifiableProperties(flags, terminal);
        await using client = sdk().openClient(
          clientOptions(flags, properties, terminal, 'verifiable-consumer'),
        );
        const consumer = client.consumer({
          ...consumerOptions(properties),
          autoOffsetReset: resetOf(flags.resetPolicy),
        });
        return await readVerifiably({ consumer, flags, terminal, clock: sdk().machineClock });
      },
      PROGRAM,
    ),
};

/** The consumer's properties: those of the options go before those of the file. Fails with UsageError. */
const verifiableProperties = (flags: VerifiableConsumerFlags, terminal: Terminal): Properties => {
  checkArguments(flags, { required: ['topic', 'group-id'], oneOf: [['bootstrap-server']] });
  const config = commandConfigOf(flags, 'consumer.config', terminal);
  const { groupProtocol, groupRemoteAssignor, groupInstanceId, sessionTimeout } = flags;
  const isClassic = groupProtocol.toLowerCase() === 'classic';
  const own: Readonly<Record<string, string | undefined>> = {
    'group.id': flags.groupId,
    'group.protocol': groupProtocol,
    'group.remote.assignor': isClassic ? undefined : groupRemoteAssignor,
    'partition.assignment.strategy': isClassic ? flags.assignmentStrategy : undefined,
    'session.timeout.ms': sessionTimeout === undefined ? undefined : String(sessionTimeout),
    'group.instance.id': groupInstanceId,
    'enable.auto.commit': String(flags.enableAutocommit === true),
  };
  const given = Object.entries(own).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return { ...clientProperties(config, []), ...Object.fromEntries(given) };
};

/** What a run needs. */
export interface VerifiableReading {
  readonly consumer: Consumer;
  readonly flags: VerifiableConsumerFlags;
  readonly terminal: Terminal;
  readonly clock: Clock;
}

/** Reads until the last record or a signal, and leaves the group. */
export const readVerifiably = async (run: VerifiableReading): Promise<number> => {
  const { consumer, flags, terminal, clock } = run;
  const { interrupted } = terminal;
  const tell = (event: (timestamp: number) => string): void => terminal.out(event(clock.wallMs()));
  const requested = (): void => tell(shutdownRequested);
  interrupted.addEventListener('abort', requested, { once: true });
  tell(startupComplete);
  try {
    consumer.subscribe([flags.topic ?? ''], {
      onAssigned: (partitions) => tell((at) => partitionsAssigned(at, partitions)),
      onRevoked: (partitions) => tell((at) => partitionsRevoked(at, partitions)),
    });
    let left = flags.maxMessages < 0 ? Infinity : flags.maxMessages;
    while (left > 0) {
      const records = await consumer.poll({ signal: interrupted });
      const taken = takenOf(records, left);
      left -= taken.length;
      if (flags.verbose) for (const record of taken) tell((at) => recordData(at, record));
      const summaries = summariesOf(taken);
      tell((at) => recordsConsumed(at, records.length, summaries));
      await terminal.drained();
      if (left === 0) giveBack(consumer, records, taken.length);
      if (flags.enableAutocommit === undefined) await commit(run, summaries);
    }
    if (flags.enableAutocommit) await consumer.commit();
  } catch (error) {
    if (!sdk().isClientError(error, 'aborted')) {
      terminal.err(`Error during processing, terminating consumer process: ${messageOf(error)}\n`);
    }
  }
  await consumer.close({ timeoutMs: flags.closeTimeout });
  interrupted.removeEventListener('abort', requested);
  tell(shutdownComplete);
  // Kafka's tool asks itself for the end when it has come.
  if (!interrupted.aborted) requested();
  await terminal.drained();
  return 0;
};

const nameOf = ({ topic, partition }: TopicPartition): string => `${topic}-${partition}`;

/** Records by partition, as many as are still to be read. */
const takenOf = (records: readonly ConsumerRecord[], limit: number): readonly ConsumerRecord[] => {
  const partitions = new Map<string, ConsumerRecord[]>();
  for (const record of records) {
    const known = partitions.get(nameOf(record));
    if (known === undefined) partitions.set(nameOf(record), [record]);
    else known.push(record);
  }
  return [...partitions.values()].flat().slice(0, limit);
};

const summariesOf = (records: readonly ConsumerRecord[]): readonly PartitionSummary[] => {
  const summaries = new Map<string, PartitionSummary>();
  for (const { topic, partition, offset } of records) {
    const { count, minOffset } = summaries.get(nameOf({ topic, partition })) ?? {
      count: 0,
      minOffset: offset,
    };
    summaries.set(nameOf({ topic, partition }), {
      ...{ topic, partition, count: count + 1, minOffset },
      maxOffset: offset,
    });
  }
  return [...summaries.values()];
};

/** What was given beyond the limit is for whoever reads next. */
const giveBack = (consumer: Consumer, records: readonly ConsumerRecord[], taken: number): void => {
  if (taken === records.length) return;
  const ends = new Map(summariesOf(takenOf(records, taken)).map((one) => [nameOf(one), one.maxOffset + 1]));
  for (const one of summariesOf(records)) consumer.seek(one, ends.get(nameOf(one)) ?? one.minOffset);
};

/** Another process is this static member: nothing more to be done here. */
const FENCED = 'FENCED_INSTANCE_ID';

const commit = async (
  { consumer, terminal, clock }: VerifiableReading,
  summaries: readonly PartitionSummary[],
): Promise<void> => {
  const offsets = summaries.map(({ topic, partition, maxOffset }) => ({
    ...{ topic, partition },
    offset: maxOffset + 1,
  }));
  const tell = (error?: string): void => terminal.out(offsetsCommitted(clock.wallMs(), offsets, error));
  try {
    await consumer.commit(offsets);
    tell();
  } catch (error) {
    if (sdk().isClientError(error) && (error.code === FENCED || error.kind === 'closed')) throw error;
    tell(messageOf(error));
  }
};
