import { Failure, hasCode, messageOf } from '@kafkaesque/kernel';
import type { Clock, Random } from '@kafkaesque/kernel';
import type { Client, Consumer, ConsumerRecord, ProducerRecord } from '@kafkaesque/client';
import { clientOptions, clientProperties } from '../command-line/client-flags';
import type { Properties } from '../command-line/client-flags';
import { javaNumber } from '../command-line/java-number';
import { sdk } from '../command-line/loaded-on-demand';
import { withUsage } from '../command-line/outcome';
import type { Terminal } from '../command-line/terminal';
import { parseFlags } from '../command-line/tool-command';
import { consumerOptions } from '../console-consumer/consumer-properties';
import { producerOptions } from '../console-producer/producer-properties';
import type { Tool } from '../tools';
import { latencyCommand, planLatency, withNames } from './latency-flags';
import type { LatencyFlags, LatencyPlan } from './latency-flags';

const POLL_TIMEOUT_MS = 60_000;
const RECORDS_BETWEEN_REPORTS = 1000;
const PARTITIONS = 1;
const REPLICATION_FACTOR = 1;
const EXIT_INTERRUPTED = 130;

export const tool: Tool = {
  command: latencyCommand,
  run: (argv, terminal, calledAs) =>
    withUsage(terminal, calledAs, async () => {
      const isHelp = argv.includes('--help') || argv.includes('--version');
      const named = isHelp ? argv : withNames(argv, terminal);
      const parsed = parseFlags<LatencyFlags>(latencyCommand(calledAs), named, terminal);
      if (parsed.kind === 'done') return 0;
      const plan = planLatency(parsed.flags);
      const properties = clientProperties(parsed.flags.commandConfig, []);
      await using client = sdk().openClient(clientOptions(parsed.flags, properties, terminal, 'e2e-latency'));
      try {
        return await measureLatency({
          ...{ client, plan, properties, terminal },
          ...{ clock: sdk().machineClock, random: sdk().machineRandom() },
        });
      } catch (error) {
        if (!hasCode(error, 'LATENCY_TEST_FAILED')) throw error;
        terminal.err(`${messageOf(error)}\n`);
        return 1;
      }
    }),
};

/** What a measurement needs. */
export interface LatencyRun {
  readonly client: Client;
  readonly plan: LatencyPlan;
  readonly properties: Properties;
  readonly terminal: Terminal;
  readonly clock: Clock;
  readonly random: Random;
}

const testFailed = (message: string): Failure<'LATENCY_TEST_FAILED'> =>
  new Failure('LATENCY_TEST_FAILED', message);

/** Sends and reads one record after the other. Fails with code LATENCY_TEST_FAILED when one does not come back as it was. */
export const measureLatency = async (run: LatencyRun): Promise<number> => {
  const { client, plan, properties, terminal, clock, random } = run;
  const { interrupted } = terminal;
  const tell = (text: string): void => {
    if (!plan.isJson) terminal.out(text);
  };
  await createIfAbsent(run, tell);
  const consumer = client.consumer({
    ...consumerOptions(properties),
    autoOffsetReset: 'latest',
    fetchMaxWaitMs: 0,
  });
  await goToEnd(consumer, plan.topic);
  const producer = client.producer({ ...producerOptions(properties), acks: plan.acks, lingerMs: 0 });
  const latenciesMs: number[] = [];
  for (let index = 0; index < plan.records && !interrupted.aborted; index += 1) {
    const record = randomRecord(plan, random);
    const beginMs = clock.monotonicMs();
    await producer.send(record);
    const records = await consumer.poll({ timeoutMs: POLL_TIMEOUT_MS });
    const latencyMs = clock.monotonicMs() - beginMs;
    checkSame(record, records);
    if (index % RECORDS_BETWEEN_REPORTS === 0) tell(`${index}\t${javaNumber(latencyMs)}\n`);
    latenciesMs.push(latencyMs);
  }
  await producer.close();
  await consumer.close();
  const { averageMs, p50, p99, p999 } = summary(latenciesMs);
  tell(`Avg latency: ${averageMs.toFixed(4)} ms\n`);
  tell(`Percentiles: 50th = ${Math.floor(p50)}, 99th = ${Math.floor(p99)}, 99.9th = ${Math.floor(p999)}\n`);
  if (plan.isJson) {
    terminal.out(
      `${JSON.stringify({ records: latenciesMs.length, averageMs, percentilesMs: { 50: p50, 99: p99, 99.9: p999 } })}\n`,
    );
  }
  return interrupted.aborted ? EXIT_INTERRUPTED : 0;
};

const createIfAbsent = async ({ client, plan }: LatencyRun, tell: (text: string) => void): Promise<void> => {
  const admin = client.admin();
  const { topic } = plan;
  const listed = await admin.listTopics({ includeInternal: true });
  if (listed.some(({ name }) => name === topic)) return;
  tell(
    `Topic "${topic}" does not exist. Will create topic with ${PARTITIONS} partition(s) and replication factor = ${REPLICATION_FACTOR}\n`,
  );
  const [outcome] = await admin.createTopics([
    { name: topic, partitions: PARTITIONS, replicationFactor: REPLICATION_FACTOR },
  ]);
  if (outcome?.kind !== 'failed') return;
  tell(`Creation of topic ${topic} failed\n`);
  throw testFailed(messageOf(outcome.error));
};

const goToEnd = async (consumer: Consumer, topic: string): Promise<void> => {
  const found = await consumer.partitionsFor(topic);
  const partitions = found.map((partition) => ({ topic, partition }));
  consumer.assign(partitions);
  consumer.seekToEnd(partitions);
  // Known before the first record is sent, or it would be missed.
  await Promise.all(partitions.map((partition) => consumer.position(partition)));
};

const FIRST_LETTER = 'A'.charCodeAt(0);
const LETTERS = 26;

/** One letter, again and again, as Kafka's tool makes it. */
const lettersOf = (sizeBytes: number, random: Random): Buffer =>
  Buffer.alloc(sizeBytes, FIRST_LETTER + random.below(LETTERS));

const randomRecord = (plan: LatencyPlan, random: Random): ProducerRecord => ({
  topic: plan.topic,
  key: plan.keyBytes === undefined ? null : lettersOf(plan.keyBytes, random),
  value: lettersOf(plan.valueBytes, random),
  headers: Array.from({ length: plan.headers }, () => ({
    key: lettersOf(plan.headerKeyBytes, random).toString(),
    value: plan.headerValueBytes === -1 ? null : lettersOf(plan.headerValueBytes, random),
  })),
});

const textOf = (bytes: Buffer | string | null | undefined): string | undefined => bytes?.toString();

/** Fails where what came is not what went, in Kafka's words. */
const checkSame = (sent: ProducerRecord, records: readonly ConsumerRecord[]): void => {
  const [record] = records;
  if (record === undefined) {
    throw testFailed(`poll() timed out before finding a result (timeout:[${POLL_TIMEOUT_MS}ms])`);
  }
  const differ = (what: string, read: string | undefined, wanted: string | undefined): void => {
    if (read !== wanted) {
      throw testFailed(
        `The message ${what} read [${read}] did not match the message ${what} sent [${wanted}]`,
      );
    }
  };
  differ('value', textOf(record.value), textOf(sent.value));
  if (sent.key == null && record.key !== null) {
    throw testFailed(`Expected null message key but received [${record.key.toString()}]`);
  }
  if (sent.key != null && record.key === null) throw testFailed('Expected message key but received null');
  differ('key', textOf(record.key), textOf(sent.key));
  const headers = sent.headers ?? [];
  if (headers.length > 0 && record.headers.length === 0) {
    throw testFailed('Expected message headers but received none');
  }
  if (headers.length !== record.headers.length) {
    throw testFailed('Header count mismatch between sent and received messages');
  }
  for (const [index, { key, value }] of headers.entries()) {
    const read = record.headers[index];
    differ('header', read && `${read.key}:${textOf(read.value)}`, `${key}:${textOf(value)}`);
  }
  if (records.length !== 1) {
    throw testFailed(`Only one result was expected during this test. We found [${records.length}]`);
  }
};

const summary = (
  latenciesMs: readonly number[],
): { readonly averageMs: number; readonly p50: number; readonly p99: number; readonly p999: number } => {
  const sorted = Float64Array.from(latenciesMs).sort();
  const at = (share: number): number => sorted[Math.floor(share * sorted.length)] ?? 0;
  const total = latenciesMs.reduce((sum, one) => sum + one, 0);
  return { averageMs: total / latenciesMs.length, p50: at(0.5), p99: at(0.99), p999: at(0.999) };
};
