import { messageOf } from '@kafkaesque/kernel';
import type { Clock } from '@kafkaesque/kernel';
import type { Client, Consumer, ConsumerRecord, RebalanceListener, TopicPartition } from '@kafkaesque/client';
import { clientOptions } from '../command-line/client-flags';
import { sdk } from '../command-line/loaded-on-demand';
import { withUsage } from '../command-line/outcome';
import type { Terminal } from '../command-line/terminal';
import { parseFlags } from '../command-line/tool-command';
import { consumerOptions } from '../console-consumer/consumer-properties';
import type { Tool } from '../tools';
import { consumerPerfCommand, planReading } from './consumer-perf-flags';
import type { ConsumerPerfFlags, ConsumerPerfPlan } from './consumer-perf-flags';
import { headerLine, intervalLine, metricLines, summaryLine } from './reading-statistics';
import type { ReadingProgress } from './reading-statistics';

const EXIT_INTERRUPTED = 130;
const POLL_MS = 100;

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
  const joining = new JoiningTime(clock);
  consumer.subscribe(plan.topics, joining);
  const progress = await read(run, consumer, joining);
  const endMs = clock.wallMs();
  const { partitions, rebalances } = joining;
  await leave(consumer, plan, terminal);
  if (progress.records < plan.records && !interrupted.aborted) {
    const warning =
      `WARNING: Exiting before consuming the expected number of records: timeout (${plan.timeoutMs} ms) exceeded. ` +
      'You can use the --timeout option to increase the timeout.\n';
    if (plan.isJson) terminal.err(warning);
    else terminal.out(warning);
  }
  const span = { startMs, endMs, joiningMs: joining.totalMs };
  if (plan.isJson) terminal.out(`${JSON.stringify({ ...progress, ...span })}\n`);
  else {
    if (!plan.isDetailed) terminal.out(summaryLine(progress, span, plan.formatTime));
    if (plan.printsMetrics) terminal.out(metricLines(progress, span, { partitions, rebalances }));
  }
  return interrupted.aborted ? EXIT_INTERRUPTED : 0;
};

/** Counts the time in which the group had given no partitions: that of its rebalances. */
class JoiningTime implements RebalanceListener {
  readonly #clock: Clock;
  readonly #assigned = new Set<string>();
  #sinceMs: number;
  totalMs = 0;
  /** Since the last report. */
  intervalMs = 0;
  rebalances = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#sinceMs = clock.wallMs();
  }

  get partitions(): number {
    return this.#assigned.size;
  }

  onAssigned(partitions: readonly TopicPartition[]): void {
    this.rebalances += 1;
    if (this.#assigned.size === 0) {
      const elapsedMs = this.#clock.wallMs() - this.#sinceMs;
      this.totalMs += elapsedMs;
      this.intervalMs += elapsedMs;
    }
    for (const one of partitions) this.#assigned.add(nameOf(one));
  }

  onRevoked(partitions: readonly TopicPartition[]): void {
    for (const one of partitions) this.#assigned.delete(nameOf(one));
    if (this.#assigned.size === 0) this.#sinceMs = this.#clock.wallMs();
  }
}

const nameOf = ({ topic, partition }: TopicPartition): string => `${topic}-${partition}`;

/** How long the last commit may take. */
const COMMIT_TIMEOUT_MS = 5000;

/** Commits what was read, as Kafka's consumer does when it is closed, and leaves the group. */
const leave = async (consumer: Consumer, plan: ConsumerPerfPlan, terminal: Terminal): Promise<void> => {
  if (plan.properties['enable.auto.commit'] !== 'false') {
    try {
      await consumer.commit(undefined, { timeoutMs: COMMIT_TIMEOUT_MS });
    } catch (error) {
      terminal.err(`WARN the last offsets were not committed: ${messageOf(error)}\n`);
    }
  }
  await consumer.close();
};

const read = async (
  { plan, terminal, clock }: MeasuredReading,
  consumer: Consumer,
  joining: JoiningTime,
): Promise<ReadingProgress> => {
  const { interrupted } = terminal;
  let total: ReadingProgress = { records: 0, bytes: 0 };
  let before = total;
  let reportedMs = clock.wallMs();
  let consumedMs = clock.monotonicMs();
  while (
    total.records < plan.records &&
    clock.monotonicMs() - consumedMs <= plan.timeoutMs &&
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
    const span = { startMs: reportedMs, endMs: nowMs, joiningMs: joining.intervalMs };
    if (plan.isDetailed && !plan.isJson) terminal.out(intervalLine(total, before, span, plan.formatTime));
    joining.intervalMs = 0;
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
