import { setTimeout as sleep } from 'node:timers/promises';
import { isRunning } from '../machine';
import type { ClusterKind } from './cluster';
import { NODES } from './cluster';
import { flushing, runKafka } from './kafka';
import { firstAnswer, freePort } from './server';

/** Nodes are ten ports apart, and their controllers one further. */
const DISTANCES = [1, 10, 11, 20, 21];
const GONE_POLL_MS = 20;

/** Three nodes of Apache Kafka as they come, or flushing every batch. */
export const kafkaCluster: ClusterKind = {
  name: 'kafka',
  async start({ durability }) {
    const port = await freePort(DISTANCES);
    runKafka(['up', '3', String(port)], {
      KAFKA_EXTRA: `${flushing[durability]}log.segment.delete.delay.ms=1000`,
    });
    const ports = new Map<number, number>(NODES.map((node) => [node, port + 10 * (node - 1)]));
    const pid = (node: number): number => {
      const pids = runKafka(['pids', String(port)])
        .split(',')
        .map(Number);
      return pids[node - 1] ?? 0;
    };
    const answers = (node: number): Promise<void> => firstAnswer(ports.get(node) ?? 0, () => undefined);
    await Promise.all(NODES.map(answers));
    return {
      ports,
      pid,
      kill: (node) => {
        process.kill(pid(node), 'SIGKILL');
      },
      shutDown: async (node) => {
        const ending = pid(node);
        if (isRunning(ending)) process.kill(ending, 'SIGTERM');
        while (isRunning(ending)) await sleep(GONE_POLL_MS);
      },
      pause: (node) => {
        process.kill(pid(node), 'SIGSTOP');
      },
      resume: (node) => {
        process.kill(pid(node), 'SIGCONT');
      },
      restart: async (node) => {
        runKafka(['restart', String(node), String(port)]);
        await answers(node);
      },
      join: undefined,
      topicConfigs: {},
      stop: () => {
        runKafka(['down', String(port)]);
        return Promise.resolve();
      },
    };
  },
};
