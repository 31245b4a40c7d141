import type { Clock } from '@kafkaesque/kernel';
import type { Client, Consumer, ConsumerRecord, TopicPartition } from '@kafkaesque/client';
import { clientOptions } from '../command-line/client-flags';
import { sdk } from '../command-line/loaded-on-demand';
import { withUsage } from '../command-line/outcome';
import type { Terminal } from '../command-line/terminal';
import { pause } from '../command-line/throttle';
import { parseFlags } from '../command-line/tool-command';
import { consumerOptions } from '../console-consumer/consumer-properties';
import type { Tool } from '../tools';
import { consumerPerfCommand, planReading } from './consumer-perf-flags';
import type { ConsumerPerfFlags, ConsumerPerfPlan } from './consumer-perf-flags';
import { headerLine, intervalLine, summaryLine } from './reading-statistics';
import type { ReadingProgress } from './reading-statistics';

const EXIT_INTERRUPTED = 130;
const POLL_MS = 100;
/** How soon a topic is looked for again that does not exist. */
const NOT_THERE_MS = 100;

export const tool: Tool = {
  command: consumerPerfCommand,
  run: (argv, terminal, calledAs) =>
    withUsage(terminal, calledAs, async () => {
      const parsed = parseFlags<ConsumerPerfFlags>(consumerPerfCommand(calledAs), argv, terminal);
      if (parsed.kind === 'done') return 0;
      const plan = planReading(parsed.flags, argv.length, terminal);
      await using client = sdk().openClient(
        clientOptions(parsed.flags, plan.properties, terminal, 'perf-consumer-client'),
      );
      return await measureReading({ client, plan, terminal, clock: sdk().machineClock });
    }),
};

/** What a measurement needs. */
export interface MeasuredReading {
  readonly client: Client;
  readonly plan: ConsumerPerfPlan;
  readonly terminal: Terminal;
  readonly clock: Clock;
}

/** Reads what the plan says and sums it up. Ctrl-C ends it early, with the summary so far. */
export const measureReading = async (run: MeasuredReading): Promise<number> => {
  const { client, plan, terminal, clock } = run;
  const { interrupted } = terminal;
  if (plan.hasHeader && !plan.isJson) terminal.out(headerLine(plan.isDetailed));
  const consumer = client.consumer({
    ...consumerOptions(plan.properties),
    autoOffsetReset: plan.startsAt,
    maxPartitionFetchBytes: plan.fetchSizeBytes,
  });
  const startMs = clock.wallMs();
  await assign(run, consumer);
  const joiningMs = clock.wallMs() - startMs;
  const progress = await read(run, consumer, joiningMs);
  const endMs = clock.wallMs();
  await consumer.close();
  if (progress.records < plan.records && !interrupted.aborted) {
    const warning =
      `WARNING: Exiting before consuming the expected number of records: timeout (${plan.timeoutMs} ms) exceeded. ` +
      'You can use the --timeout option to increase the timeout.\n';
    if (plan.isJson) terminal.err(warning);
    else terminal.out(warning);
  }
  const span = { startMs, endMs, joiningMs };
  if (plan.isJson) terminal.out(`${JSON.stringify({ ...progress, ...span })}\n`);
  else if (!plan.isDetailed) terminal.out(summaryLine(progress, span, plan.formatTime));
  return interrupted.aborted ? EXIT_INTERRUPTED : 0;
};

/** Assigns every partition of the topics, as soon as there is one. */
const assign = async (run: MeasuredReading, consumer: Consumer): Promise<void> => {
  const { plan, terminal, clock } = run;
  const { interrupted } = terminal;
  const untilMs = clock.monotonicMs() + plan.timeoutMs;
  while (!interrupted.aborted && clock.monotonicMs() < untilMs) {
    const partitions = await partitionsOf(run, consumer);
    if (partitions.length > 0) {
      consumer.assign(partitions);
      return;
    }
    await pause(clock, NOT_THERE_MS, interrupted);
  }
};

const partitionsOf = async (
  { client, plan, terminal }: MeasuredReading,
  consumer: Consumer,
): Promise<readonly TopicPartition[]> => {
  const { isWanted } = plan;
  const { interrupted: signal } = terminal;
  const names =
    typeof isWanted === 'string'
      ? [isWanted]
      : (await client.admin().listTopics({ signal })).map(({ name }) => name).filter(isWanted);
  const found = await Promise.all(
    names.map(async (topic) => {
      try {
        const partitions = await consumer.partitionsFor(topic, { timeoutMs: plan.timeoutMs, signal });
        return partitions.map((partition) => ({ topic, partition }));
      } catch (error) {
        if (sdk().isClientError(error, 'timeout') || sdk().isClientError(error, 'aborted')) return [];
        throw error;
      }
    }),
  );
  return found.flat();
};

const read = async (
  { plan, terminal, clock }: MeasuredReading,
  consumer: Consumer,
  joiningMs: number,
): Promise<ReadingProgress> => {
  const { interrupted } = terminal;
  let total: ReadingProgress = { records: 0, bytes: 0 };
  let before = total;
  let reportedMs = clock.wallMs();
  let joiningInIntervalMs = joiningMs;
  let consumedMs = clock.monotonicMs();
  while (
    total.records < plan.records &&
    clock.monotonicMs() - consumedMs <= plan.timeoutMs &&
    consumer.assignment.length > 0 &&
    !interrupted.aborted
  ) {
    const records = await polled(consumer, interrupted);
    if (records.length === 0) continue;
    consumedMs = clock.monotonicMs();
    let { bytes } = total;
    for (const { key, value } of records) bytes += (key?.length ?? 0) + (value?.length ?? 0);
    total = { records: total.records + records.length, bytes };
    const nowMs = clock.wallMs();
    if (nowMs - reportedMs < plan.reportingIntervalMs) continue;
    const span = { startMs: reportedMs, endMs: nowMs, joiningMs: joiningInIntervalMs };
    if (plan.isDetailed && !plan.isJson) terminal.out(intervalLine(total, before, span, plan.formatTime));
    joiningInIntervalMs = 0;
    reportedMs = nowMs;
    before = total;
  }
  return total;
};

const polled = async (consumer: Consumer, signal: AbortSignal): Promise<readonly ConsumerRecord[]> => {
  try {
    return await consumer.poll({ timeoutMs: POLL_MS, signal });
  } catch (error) {
    if (sdk().isClientError(error, 'aborted')) return [];
    throw error;
  }
};
