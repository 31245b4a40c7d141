import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { ServerKind } from './server';
import { createTopic, deleteTopic, freePort, profileFlags, startProcess, stopProcess } from './server';

const program = join(__dirname, '../../../packages/cli/bin/kafkaesque.js');

/** Our own node, as `kafkaesque server` starts it. */
export const kafkaesque: ServerKind = {
  name: 'kafkaesque',
  isKept: false,
  warmSeconds: { first: 3, each: 3 },
  async start({ directory, durability, profile }) {
    if (!existsSync(program)) throw new Error(`${program} is not there`);
    const [port, controllerPort, metricsPort] = [await freePort(), await freePort(), await freePort()];
    const properties = [
      `listeners=PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
      `log.dirs=${join(directory, 'data')}`,
      `metrics.port=${metricsPort}`,
      // As the script starts Apache Kafka.
      'group.initial.rebalance.delay.ms=0',
    ];
    const { child, pid, startMs } = await startProcess(
      process.execPath,
      [
        ...profileFlags(profile),
        ...[program, 'server', ...properties.flatMap((property) => ['--override', property])],
      ],
      { NO_COLOR: '1' },
      port,
    );
    const configs = { 'flush.policy': durability === 'disk' ? 'ack' : 'replication' };
    return {
      pid,
      port,
      startMs,
      createTopic: (name, partitions) => createTopic(port, name, partitions, configs),
      deleteTopic: (name) => deleteTopic(port, name),
      stop: () => stopProcess(child),
    };
  },
};
