import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { messageOf } from '@kafkaesque/kernel';
import type { Clock, Random } from '@kafkaesque/kernel';
import type { Producer } from '@kafkaesque/client';
import { argumentWords } from '../command-line/argument-rules';
import { clientOptions } from '../command-line/client-flags';
import { sdk } from '../command-line/loaded-on-demand';
import { withUsage } from '../command-line/outcome';
import type { Terminal } from '../command-line/terminal';
import { Throttle, nextTurn, pause } from '../command-line/throttle';
import { parseFlags } from '../command-line/tool-command';
import { UsageError } from '../command-line/usage-error';
import { producerOptions } from '../console-producer/producer-properties';
import type { Tool } from '../tools';
import { LatencyStatistics } from './latency-statistics';
import { chosenPayloads, monotonicPayloads, randomPayloads, splitPayloads } from './payloads';
import type { Payloads } from './payloads';
import { planProducing, producerPerfCommand } from './producer-perf-flags';
import type { ProducerPerfFlags, ProducerPerfPlan } from './producer-perf-flags';

const EXIT_INTERRUPTED = 130;
/** After so long, sockets get their turn: a loop that only hands over records would starve them. */
const LONGEST_TURN_MS = 1;

/** What Kafka's tool calls itself. */
const PROGRAM = 'kafka-producer-perf-test';

export const tool: Tool = {
  command: producerPerfCommand,
  run: (argv, terminal, calledAs) =>
    withUsage(
      terminal,
      calledAs,
      async () => {
        const parsed = parseFlags<ProducerPerfFlags>(
          producerPerfCommand(calledAs),
          argv,
          terminal,
          argumentWords,
        );
        if (parsed.kind === 'done') return 0;
        const { flags } = parsed;
        const plan = planProducing(flags, terminal);
        const payloads = openPayloads(flags, terminal, sdk().machineRandom());
        await using client = sdk().openClient(
          clientOptions(flags, plan.properties, terminal, 'perf-producer-client'),
        );
        const producer = client.producer(producerOptions(plan.properties));
        return await measureProducing({ producer, plan, payloads, terminal, clock: sdk().machineClock });
      },
      PROGRAM,
    ),
};

const openPayloads = (flags: ProducerPerfFlags, terminal: Terminal, random: Random): Payloads => {
  const { payloadFile, payloadDelimiter, recordSize } = flags;
  if (recordSize !== undefined) return randomPayloads(recordSize, random);
  if (payloadFile === undefined) return monotonicPayloads;
  const path = resolve(payloadFile);
  const tell = (line: string): void => {
    if (!flags.json) terminal.out(`${line}\n`);
  };
  tell(`Reading payloads from: ${path}`);
  if (!existsSync(path)) throw new UsageError('File does not exist or empty file provided.');
  const values = splitPayloads(readFileSync(path, 'utf8'), payloadDelimiter);
  tell(`Number of records read: ${values.length}`);
  return chosenPayloads(values, random);
};

/** What a measurement needs. */
export interface Producing {
  readonly producer: Producer;
  readonly plan: ProducerPerfPlan;
  readonly payloads: Payloads;
  readonly terminal: Terminal;
  readonly clock: Clock;
}

/** Sends what the plan says, tells how it goes, and sums it up. Ctrl-C ends it early, with the summary so far. */
export const measureProducing = async (run: Producing): Promise<number> => {
  const { producer, plan, payloads, terminal, clock } = run;
  const { interrupted } = terminal;
  const tell = (text: string): void => {
    if (text !== '' && !plan.isJson) terminal.out(text);
  };
  if (plan.warmupRecords > 0) {
    tell(
      `Warmup first ${plan.warmupRecords} records. Steady state results will print after the complete test summary.\n`,
    );
  }
  const failures = new Failures(terminal);
  const startMs = clock.monotonicMs();
  const { reportingIntervalMs } = plan;
  const stats = new LatencyStatistics({ expected: plan.records, reportingIntervalMs, startMs });
  let steady: LatencyStatistics | undefined;
  const send = (value: Buffer): void => {
    const sentMs = clock.monotonicMs();
    const counted = steady;
    producer.send({ topic: plan.topic, value }).then(
      () => {
        const nowMs = clock.monotonicMs();
        const latencyMs = Math.floor(nowMs - sentMs);
        tell(stats.record(latencyMs, value.length, nowMs));
        if (counted !== undefined) tell(counted.record(latencyMs, value.length, nowMs));
      },
      (error: unknown) => failures.add(error),
    );
  };
  const throttle = new Throttle(plan.recordsPerSecond, startMs);
  let turnMs = startMs;
  for (let index = 0; index < plan.records && !interrupted.aborted; index += 1) {
    if (plan.warmupRecords > 0 && index === plan.warmupRecords) {
      const expected = plan.records - plan.warmupRecords;
      const steadyStartMs = clock.monotonicMs();
      steady = new LatencyStatistics({
        ...{ expected, reportingIntervalMs, startMs: steadyStartMs },
        isSteadyState: true,
      });
      stats.silence();
    }
    send(payloads(index));
    const nowMs = clock.monotonicMs();
    const pauseMs = throttle.pauseMs(index + 1, nowMs);
    if (pauseMs > 0) await pause(clock, pauseMs, interrupted);
    else if (nowMs - turnMs >= LONGEST_TURN_MS) {
      await producer.ready();
      await nextTurn();
      turnMs = clock.monotonicMs();
    }
  }
  await producer.close();
  const endMs = clock.monotonicMs();
  tell(stats.total(endMs));
  if (steady !== undefined) tell(steady.total(endMs));
  if (plan.isJson) {
    const steadyState = steady === undefined ? {} : { steadyState: steady.summary(endMs) };
    terminal.out(`${JSON.stringify({ ...stats.summary(endMs), failed: failures.count, ...steadyState })}\n`);
  }
  failures.end();
  return interrupted.aborted ? EXIT_INTERRUPTED : 0;
};

/** Records that were not acknowledged: each reason is told once, and in the end how many there were. */
class Failures {
  readonly #terminal: Terminal;
  readonly #told = new Set<string>();
  count = 0;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  add(error: unknown): void {
    this.count += 1;
    const message = messageOf(error);
    if (this.#told.has(message)) return;
    this.#told.add(message);
    this.#terminal.err(`${message}\n`);
  }

  end(): void {
    if (this.count > 0) this.#terminal.err(`${this.count} records were not acknowledged.\n`);
  }
}
