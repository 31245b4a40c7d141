import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { performance } from 'node:perf_hooks';
import type { Durability, ServerKind } from './server';
import { createTopic, deleteTopic, firstAnswer, freePort } from './server';

const jars = join(process.env['PEERS_HOME'] ?? join(homedir(), '.cache/kafkaesque-peers'), 'kafka-4.3.0');
const script = process.env['KAFKA_PEER'] ?? resolve(__dirname, '../../../../shared/peers/kafka.sh');

/** Whether Apache Kafka can be measured here; it is never downloaded. */
export const isKafkaPresent = (): boolean => existsSync(script) && existsSync(join(jars, '.complete'));

/** What makes Kafka promise as much; each ends its line. */
export const flushing: Readonly<Record<Durability, string>> = {
  system: '',
  disk: 'log.flush.interval.messages=1\n',
};

/** Runs the script that starts and stops Apache Kafka, and returns what it says. */
export const runKafka = (
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): string => {
  const { status, stdout, stderr } = spawnSync(script, args, {
    encoding: 'utf8',
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 120_000,
  });
  if (status !== 0) throw new Error(`Apache Kafka: ${args.join(' ')}: ${stderr}`);
  return stdout.trim();
};

/** Apache Kafka 4.3 as it comes, or flushing every batch. Its first seconds are the compiler's, so it is kept and warmed. */
export const kafka: ServerKind = {
  name: 'kafka',
  isKept: true,
  warmSeconds: { first: 20, each: 3 },
  async start({ durability }) {
    const port = String(await freePort());
    runKafka(['up', '1', port], { KAFKA_EXTRA: `${flushing[durability]}log.segment.delete.delay.ms=1000` });
    // Formatting is not part of a start: it is killed once and started on what it left.
    runKafka(['kill', '1', port]);
    const beganMs = performance.now();
    runKafka(['restart', '1', port]);
    try {
      await firstAnswer(Number(port), () => undefined);
    } catch (error) {
      runKafka(['down', port]);
      throw error;
    }
    return {
      pid: Number(runKafka(['pids', port])),
      port: Number(port),
      startMs: performance.now() - beganMs,
      createTopic: (name, partitions) => createTopic(Number(port), name, partitions, {}),
      deleteTopic: (name) => deleteTopic(Number(port), name),
      stop: () => {
        runKafka(['down', port]);
        return Promise.resolve();
      },
    };
  },
};
