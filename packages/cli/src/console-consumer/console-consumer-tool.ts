import { messageOf } from '@kafkaesque/kernel';
import type { Admin, Client, Consumer, ConsumerRecord, TopicPartition } from '@kafkaesque/client';
import { clientOptions } from '../command-line/client-flags';
import { sdk } from '../command-line/loaded-on-demand';
import { withUsage } from '../command-line/outcome';
import { OUTPUT_CLOSED } from '../command-line/terminal';
import type { Terminal } from '../command-line/terminal';
import { parseFlags } from '../command-line/tool-command';
import { isInternalTopic, topicFilter } from '../command-line/topic-filter';
import type { Tool } from '../tools';
import { consoleConsumerCommand, planConsole } from './consumer-flags';
import type { ConsoleConsumerFlags, ConsolePlan } from './consumer-flags';
import { consumerOptions } from './consumer-properties';
import { openPrinter } from './record-printer';
import type { RecordPrinter } from './record-printer';

/** How often new partitions, and with --include new topics, are looked for. */
const LOOK_AGAIN_MS = 30_000;
/** How soon the topic is looked for again while it does not exist. */
const NOT_THERE_MS = 500;
const EXIT_INTERRUPTED = 130;

export const tool: Tool = {
  command: consoleConsumerCommand,
  run: (argv, terminal, calledAs) =>
    withUsage(terminal, calledAs, async () => {
      const parsed = parseFlags<ConsoleConsumerFlags>(consoleConsumerCommand(calledAs), argv, terminal);
      if (parsed.kind === 'done') return 0;
      const plan = planConsole(parsed.flags, argv.length, terminal);
      const print = openPrinter(plan.formatter, plan.formatterProperties);
      await using client = sdk().openClient(
        clientOptions(parsed.flags, plan.clientProperties, terminal, 'console-consumer'),
      );
      return await printRecords(client, plan, print, terminal);
    }),
};

/** Prints until the plan's end or Ctrl-C; says how many records there were. */
export const printRecords = async (
  client: Client,
  plan: ConsolePlan,
  print: RecordPrinter,
  terminal: Terminal,
): Promise<number> => {
  const { interrupted } = terminal;
  const consumer = client.consumer({
    autoOffsetReset: plan.startAt.kind === 'earliest' ? 'earliest' : 'latest',
    isolation: plan.isolation,
    ...consumerOptions(plan.clientProperties),
  });
  const reading: Reading = { consumer, plan, print, terminal, count: 0, code: 0, assignedAtMs: -Infinity };
  const admin = client.admin();
  try {
    let untilMs = deadlineAfter(plan.timeoutMs);
    while (!interrupted.aborted && reading.count < plan.maxMessages && performance.now() < untilMs) {
      const isReady = await assign(reading, admin, interrupted);
      const waitMs = Math.min(untilMs - performance.now(), isReady ? LOOK_AGAIN_MS : NOT_THERE_MS);
      const records = await consumer.poll({
        timeoutMs: Math.max(0, waitMs),
        maxRecords: Math.min(plan.maxMessages - reading.count, 500),
        signal: interrupted,
      });
      if (records.length > 0) untilMs = deadlineAfter(plan.timeoutMs);
      if (!(await printAll(reading, records))) break;
    }
  } catch (error) {
    if (!sdk().isClientError(error, 'aborted')) {
      terminal.err(`Error processing message, terminating consumer process: ${messageOf(error)}\n`);
      reading.code = 1;
    }
  }
  await terminal.drained();
  if (interrupted.reason === OUTPUT_CLOSED) {
    terminal.err('Unable to write to standard out, closing consumer.\n');
  }
  terminal.err(`Processed a total of ${reading.count} messages\n`);
  await consumer.close();
  if (plan.tellsEnd) terminal.out('shutdown_complete\n');
  if (!interrupted.aborted) return reading.code;
  return interrupted.reason === OUTPUT_CLOSED ? 0 : EXIT_INTERRUPTED;
};

interface Reading {
  readonly consumer: Consumer;
  readonly plan: ConsolePlan;
  readonly print: RecordPrinter;
  readonly terminal: Terminal;
  count: number;
  code: number;
  assignedAtMs: number;
}

const deadlineAfter = (timeoutMs: number): number => performance.now() + timeoutMs;

/** False when a record could not be printed and that ends the reading. */
const printAll = async (reading: Reading, records: readonly ConsumerRecord[]): Promise<boolean> => {
  const { terminal, print, plan } = reading;
  const lines: Buffer[] = [];
  for (const record of records) {
    reading.count += 1;
    try {
      lines.push(print(record));
    } catch (error) {
      terminal.err(
        `Error processing message, ${plan.skipsErrors ? 'skipping this message' : 'terminating consumer process'}: ${messageOf(error)}\n`,
      );
      if (plan.skipsErrors) continue;
      reading.code = 1;
      break;
    }
  }
  if (lines.length > 0) terminal.out(Buffer.concat(lines));
  await terminal.drained();
  return reading.code === 0;
};

/** Assigns what the plan names, as far as it exists; false while there is nothing yet. */
const assign = async (reading: Reading, admin: Admin, signal: AbortSignal): Promise<boolean> => {
  const { consumer, plan, assignedAtMs } = reading;
  const isEmpty = consumer.assignment.length === 0;
  if (!isEmpty && performance.now() < assignedAtMs + LOOK_AGAIN_MS) return true;
  const wanted = await partitionsOf(reading, admin, signal);
  reading.assignedAtMs = performance.now();
  if (wanted.length === consumer.assignment.length) return !isEmpty;
  const isFirst = isEmpty;
  const before = new Set(consumer.assignment.map(nameOf));
  consumer.assign(wanted);
  if (isFirst && plan.startAt.kind === 'offset') {
    for (const one of wanted) consumer.seek(one, plan.startAt.offset);
  }
  // What appears later is read from its start: nobody could have asked for its end.
  const added = isFirst ? [] : wanted.filter((one) => !before.has(nameOf(one)));
  if (added.length > 0) consumer.seekToBeginning(added);
  return wanted.length > 0;
};

const nameOf = ({ topic, partition }: TopicPartition): string => `${topic}-${partition}`;

const partitionsOf = async (
  { consumer, plan }: Reading,
  admin: Admin,
  signal: AbortSignal,
): Promise<readonly TopicPartition[]> => {
  const { source } = plan;
  if (source.kind === 'partition') return [{ topic: source.topic, partition: source.partition }];
  const names =
    source.kind === 'topic' ? [source.topic] : await includedTopics(source.include, admin, signal);
  const partitions = await Promise.all(
    names.map(async (topic) => {
      try {
        const found = await consumer.partitionsFor(topic, { timeoutMs: NOT_THERE_MS, signal });
        return found.map((partition) => ({ topic, partition }));
      } catch (error) {
        // The first request creates the topic where the broker allows that; it is there a moment later.
        if (sdk().isClientError(error, 'timeout')) return [];
        throw error;
      }
    }),
  );
  return partitions.flat();
};

const includedTopics = async (
  include: string,
  admin: Admin,
  signal: AbortSignal,
): Promise<readonly string[]> => {
  const isIncluded = topicFilter(include);
  const listed = await admin.listTopics({ includeInternal: true, signal });
  return listed.map(({ name }) => name).filter((name) => !isInternalTopic(name) && isIncluded(name));
};
