import { messageOf } from '@kafkaesque/kernel';
import type { Client, Consumer, ConsumerRecord } from '@kafkaesque/client';
import { clientOptions } from '../command-line/client-flags';
import { sdk } from '../command-line/loaded-on-demand';
import { withUsage } from '../command-line/outcome';
import { OUTPUT_CLOSED } from '../command-line/terminal';
import type { Terminal } from '../command-line/terminal';
import { parseFlags } from '../command-line/tool-command';
import { topicExpression } from '../command-line/topic-filter';
import type { Tool } from '../tools';
import { consoleConsumerCommand, planConsole } from './consumer-flags';
import type { ConsoleConsumerFlags, ConsolePlan } from './consumer-flags';
import { consumerOptions } from './consumer-properties';
import { openPrinter } from './record-printer';
import type { RecordPrinter } from './record-printer';

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
  const { 'group.id': groupId, ...withoutGroup } = plan.clientProperties;
  const isAlone = plan.source.kind === 'partition';
  const consumer = client.consumer({
    ...consumerOptions(isAlone || groupId === undefined ? withoutGroup : plan.clientProperties),
    autoOffsetReset: plan.reset,
    isolation: plan.isolation,
  });
  const reading: Reading = { consumer, plan, print, terminal, count: 0, code: 0 };
  try {
    begin(reading);
    let untilMs = deadlineAfter(plan.timeoutMs);
    while (!interrupted.aborted && reading.count < plan.maxMessages && performance.now() < untilMs) {
      const records = await consumer.poll({
        timeoutMs: Number.isFinite(untilMs) ? Math.max(0, untilMs - performance.now()) : undefined,
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
  await commitPrinted(reading, isAlone);
  await consumer.close();
  terminal.err(`Processed a total of ${reading.count} messages\n`);
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
}

const deadlineAfter = (timeoutMs: number): number => performance.now() + timeoutMs;

/** False when a record could not be printed and that ends the reading. */
const printAll = async (reading: Reading, records: readonly ConsumerRecord[]): Promise<boolean> => {
  const { terminal, print, plan, consumer } = reading;
  const lines: Buffer[] = [];
  for (const [index, record] of records.entries()) {
    reading.count += 1;
    try {
      lines.push(print(record));
    } catch (error) {
      terminal.err(
        `Error processing message, ${plan.skipsErrors ? 'skipping this message' : 'terminating consumer process'}: ${messageOf(error)}\n`,
      );
      if (plan.skipsErrors) continue;
      reading.code = 1;
      giveBack(consumer, records.slice(index + 1));
      break;
    }
  }
  if (lines.length > 0) terminal.out(Buffer.concat(lines));
  await terminal.drained();
  return reading.code === 0;
};

/** Joins the group for what the plan names; a single partition is read by whoever asks for it. */
const begin = ({ consumer, plan }: Reading): void => {
  const { source, startAt } = plan;
  if (source.kind === 'topic') consumer.subscribe([source.topic]);
  else if (source.kind === 'include') consumer.subscribe(topicExpression(source.include));
  else {
    const partition = { topic: source.topic, partition: source.partition };
    consumer.assign([partition]);
    if (startAt.kind === 'offset') consumer.seek(partition, startAt.offset);
    else if (startAt.kind === 'earliest') consumer.seekToBeginning([partition]);
    else consumer.seekToEnd([partition]);
  }
};

/** How long the last commit may take. */
const COMMIT_TIMEOUT_MS = 5000;

/** What was printed was handled, also the last of it, where the group commits by itself. */
const commitPrinted = async ({ consumer, plan, terminal }: Reading, isAlone: boolean): Promise<void> => {
  if (isAlone || plan.clientProperties['enable.auto.commit'] === 'false') return;
  try {
    await consumer.commit(undefined, { timeoutMs: COMMIT_TIMEOUT_MS });
  } catch (error) {
    terminal.err(`WARN the last offsets were not committed: ${messageOf(error)}\n`);
  }
};

/** What was given and not printed is for whoever reads next: it must not be committed. */
const giveBack = (consumer: Consumer, records: readonly ConsumerRecord[]): void => {
  const seen = new Set<string>();
  for (const { topic, partition, offset } of records) {
    const name = `${topic}-${partition}`;
    if (!seen.has(name)) consumer.seek({ topic, partition }, offset);
    seen.add(name);
  }
};
