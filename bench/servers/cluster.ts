import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { firstAnswer, freePort, stopProcess } from './server';
import { runKafka } from './kafka';

/** Three combined nodes that answer. Nodes are 1, 2 and 3. */
export interface RunningCluster {
  readonly ports: ReadonlyMap<number, number>;
  pid(node: number): number;
  /** `kill -9`. */
  kill(node: number): void;
  restart(node: number): Promise<void>;
  stop(): Promise<void>;
}

/** A kind of cluster that can be measured. */
export interface ClusterKind {
  readonly name: 'kafkaesque' | 'kafka';
  start(directory: string): Promise<RunningCluster>;
}

const NODES = [1, 2, 3] as const;
const program = join(__dirname, '../../../packages/cli/bin/kafkaesque.js');

const command = (args: readonly string[]): string => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`kafkaesque ${args.join(' ')}: ${stderr}${stdout}`);
  return stdout.trim();
};

const propertiesOf = (
  node: number,
  directory: string,
  ports: ReadonlyMap<number, readonly number[]>,
): string => {
  const [port, controllerPort, metricsPort] = ports.get(node) ?? [];
  return [
    'process.roles=broker,controller',
    `node.id=${node}`,
    `controller.quorum.bootstrap.servers=${NODES.map((id) => `127.0.0.1:${ports.get(id)?.[1] ?? 0}`).join(',')}`,
    `listeners=PLAINTEXT://127.0.0.1:${port ?? 0},CONTROLLER://127.0.0.1:${controllerPort ?? 0}`,
    'controller.listener.names=CONTROLLER',
    `log.dirs=${join(directory, String(node), 'data')}`,
    `metrics.port=${metricsPort ?? 0}`,
  ].join('\n');
};

/** Three of our nodes, formatted and started as an operator would. */
export const ourCluster: ClusterKind = {
  name: 'kafkaesque',
  async start(directory) {
    const ports = new Map<number, readonly number[]>();
    for (const node of NODES) ports.set(node, [await freePort(), await freePort(), await freePort()]);
    const clusterId = command(['storage', 'random-uuid']);
    const voters = NODES.map(
      (node) => `${node}@127.0.0.1:${ports.get(node)?.[1] ?? 0}:${command(['storage', 'random-uuid'])}`,
    ).join(',');
    const children = new Map<number, ChildProcess>();
    const fileOf = (node: number): string => join(directory, String(node), 'server.properties');
    const portOf = (node: number): number => ports.get(node)?.[0] ?? 0;
    const launch = async (node: number): Promise<void> => {
      const child = spawn(process.execPath, [program, 'server', fileOf(node)], { stdio: 'ignore' });
      children.set(node, child);
      await firstAnswer(portOf(node), () =>
        child.exitCode === null ? undefined : `node ${node} ended with ${child.exitCode}`,
      );
    };
    for (const node of NODES) {
      mkdirSync(join(directory, String(node)), { recursive: true });
      writeFileSync(fileOf(node), propertiesOf(node, directory, ports));
      command(['storage', 'format', '-t', clusterId, '-c', fileOf(node), '--initial-controllers', voters]);
    }
    await Promise.all(NODES.map(launch));
    return {
      ports: new Map<number, number>(NODES.map((node) => [node, portOf(node)])),
      pid: (node) => children.get(node)?.pid ?? 0,
      kill: (node) => {
        children.get(node)?.kill('SIGKILL');
      },
      restart: launch,
      stop: async () => {
        // All at once: whoever stops last has nobody to hand over to.
        await Promise.all(
          [...children.values()].map((child) =>
            stopProcess(child).catch(() => {
              child.kill('SIGKILL');
            }),
          ),
        );
      },
    };
  },
};

/** Three nodes of Apache Kafka as they come. */
export const kafkaCluster: ClusterKind = {
  name: 'kafka',
  async start() {
    const port = await freePort();
    runKafka(['up', '3', String(port)]);
    const ports = new Map<number, number>(NODES.map((node) => [node, port + 10 * (node - 1)]));
    const pids = (): readonly number[] =>
      runKafka(['pids', String(port)])
        .split(',')
        .map(Number);
    const answers = (node: number): Promise<void> => firstAnswer(ports.get(node) ?? 0, () => undefined);
    await Promise.all(NODES.map(answers));
    return {
      ports,
      pid: (node) => pids()[node - 1] ?? 0,
      kill: (node) => {
        runKafka(['kill', String(node), String(port)]);
      },
      restart: async (node) => {
        runKafka(['restart', String(node), String(port)]);
        await answers(node);
      },
      stop: () => {
        runKafka(['down', String(port)]);
        return Promise.resolve();
      },
    };
  },
};
