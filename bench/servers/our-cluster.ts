import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { ClusterKind, ClusterOptions, RunningCluster } from './cluster';
import { NODES } from './cluster';
import { firstAnswer, freePort, profileFlags, stopProcess } from './server';

const program = join(__dirname, '../../../packages/cli/bin/kafkaesque.js');

const command = async (args: readonly string[]): Promise<void> => {
  await promisify(execFile)(process.execPath, [program, ...args]);
};

/** As `storage random-uuid` draws one, which would take a process for each. */
const randomId = (): string => {
  for (;;) {
    const id = randomBytes(16).toString('base64url');
    if (!id.startsWith('-')) return id;
  }
};

/** Where a node listens. */
interface NodePorts {
  readonly client: number;
  readonly controller: number;
  readonly metrics: number;
}

/** Three of our nodes, formatted and started as an operator would, and those that join them. */
class OurCluster implements RunningCluster {
  readonly topicConfigs: Readonly<Record<string, string>>;
  readonly #options: ClusterOptions;
  readonly #clusterId = randomId();
  readonly #ports = new Map<number, NodePorts>();
  readonly #children = new Map<number, ChildProcess>();

  constructor(options: ClusterOptions) {
    this.#options = options;
    this.topicConfigs = { 'flush.policy': options.durability === 'disk' ? 'ack' : 'replication' };
  }

  async start(): Promise<void> {
    for (const node of NODES) await this.#place(node);
    const voters = NODES.map(
      (node) => `${node}@127.0.0.1:${this.#portsOf(node).controller}:${randomId()}`,
    ).join(',');
    await Promise.all(
      NODES.map((node) => this.#format(node, 'broker,controller', ['--initial-controllers', voters])),
    );
    await Promise.all(NODES.map((node) => this.restart(node)));
  }

  get ports(): ReadonlyMap<number, number> {
    return new Map([...this.#children.keys()].map((node) => [node, this.#portsOf(node).client]));
  }

  pid(node: number): number {
    return this.#children.get(node)?.pid ?? 0;
  }

  kill(node: number): void {
    this.#children.get(node)?.kill('SIGKILL');
  }

  async shutDown(node: number): Promise<void> {
    const child = this.#children.get(node);
    if (child !== undefined) await stopProcess(child);
  }

  pause(node: number): void {
    this.#children.get(node)?.kill('SIGSTOP');
  }

  resume(node: number): void {
    this.#children.get(node)?.kill('SIGCONT');
  }

  async restart(node: number): Promise<void> {
    const flags = profileFlags(this.#options.profileOf?.(node));
    const child = spawn(process.execPath, [...flags, program, 'server', this.#fileOf(node)], {
      stdio: 'ignore',
    });
    this.#children.set(node, child);
    await firstAnswer(this.#portsOf(node).client, () =>
      child.exitCode === null ? undefined : `node ${node} ended with ${child.exitCode}`,
    );
  }

  readonly join = async (): Promise<number> => {
    const node = Math.max(...this.#ports.keys()) + 1;
    await this.#place(node);
    await this.#format(node, 'broker', ['--no-initial-controllers']);
    await this.restart(node);
    return node;
  };

  async stop(): Promise<void> {
    // All at once: whoever stops last has nobody to hand over to.
    await Promise.all(
      [...this.#children.values()].map((child) => {
        child.kill('SIGCONT');
        return stopProcess(child).catch(() => {
          child.kill('SIGKILL');
        });
      }),
    );
  }

  async #place(node: number): Promise<void> {
    this.#ports.set(node, {
      client: await freePort(),
      controller: await freePort(),
      metrics: await freePort(),
    });
  }

  async #format(node: number, roles: string, flags: readonly string[]): Promise<void> {
    mkdirSync(this.#homeOf(node), { recursive: true });
    writeFileSync(this.#fileOf(node), this.#propertiesOf(node, roles));
    await command(['storage', 'format', '-t', this.#clusterId, '-c', this.#fileOf(node), ...flags]);
  }

  #propertiesOf(node: number, roles: string): string {
    const { client, controller, metrics } = this.#portsOf(node);
    const listeners = [
      `PLAINTEXT://127.0.0.1:${client}`,
      ...(roles.includes('controller') ? [`CONTROLLER://127.0.0.1:${controller}`] : []),
    ];
    const bootstrap = NODES.map((id) => `127.0.0.1:${this.#portsOf(id).controller}`);
    return [
      `process.roles=${roles}`,
      `node.id=${node}`,
      `controller.quorum.bootstrap.servers=${bootstrap.join(',')}`,
      `listeners=${listeners.join(',')}`,
      'controller.listener.names=CONTROLLER',
      `log.dirs=${join(this.#homeOf(node), 'data')}`,
      `metrics.port=${metrics}`,
    ].join('\n');
  }

  #portsOf(node: number): NodePorts {
    const ports = this.#ports.get(node);
    if (ports === undefined) throw new Error(`there is no node ${node}`);
    return ports;
  }

  #homeOf(node: number): string {
    return join(this.#options.directory, String(node));
  }

  #fileOf(node: number): string {
    return join(this.#homeOf(node), 'server.properties');
  }
}

export const ourCluster: ClusterKind = {
  name: 'kafkaesque',
  async start(options) {
    const cluster = new OurCluster(options);
    try {
      await cluster.start();
    } catch (error) {
      await cluster.stop();
      throw error;
    }
    return cluster;
  },
};
