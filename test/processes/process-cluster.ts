import { mkdirSync, rmSync } from 'node:fs';
import { runOwnTool } from '../interop/own-tool';
import type { ToolOutput } from '../interop/own-tool';
import type { ClusterPlan, Layout, NodePlan } from './node-files';
import { planCluster } from './node-files';
import type { NodeState } from './node-state';
import { nodeState } from './node-state';
import type { NodeNetwork } from './node-network';
import type { SpawnedNode } from './spawned-node';
import { spawnNode } from './spawned-node';

export interface ProcessClusterOptions {
  /** Everything lies below it. It exists, and is the caller's to remove. */
  readonly directory: string;
  readonly layout: Layout;
  readonly settings?: Readonly<Record<string, string | number>>;
  /** Of each node's process. */
  readonly environment?: (node: NodePlan) => Readonly<Record<string, string>>;
  /** Of its nodes, in which ways can be cut; the caller's to remove, after the cluster. Absent: all are on the loopback. */
  readonly network?: NodeNetwork;
}

const PATIENCE_MS = 60_000;
const POLL_MS = 40;

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Looks again and again until there is something. Fails after a minute, with what `otherwise` says then. */
export const until = async <Value>(
  what: string,
  look: () => Promise<Value | undefined> | Value | undefined,
  otherwise: () => string = () => '',
): Promise<Value> => {
  const deadlineMs = performance.now() + PATIENCE_MS;
  for (;;) {
    const value = await look();
    if (value !== undefined) return value;
    if (performance.now() > deadlineMs) throw new Error(`${what}: not within a minute. ${otherwise()}`);
    await sleep(POLL_MS);
  }
};

/** Runs one of our tools; fails with what it complained of unless it succeeds. */
export const tool = async (name: string, args: readonly string[]): Promise<string> => {
  const { code, out, err } = await runOwnTool(name, args);
  if (code !== 0) throw new Error(`${name} ${args.join(' ')} ended with ${code}: ${out}${err}`);
  return out;
};

/** A cluster whose nodes are processes, to be killed, stopped and started again. */
export class ProcessCluster implements AsyncDisposable {
  readonly plan: ClusterPlan;
  readonly #options: ProcessClusterOptions;
  readonly #processes = new Map<number, SpawnedNode>();

  private constructor(options: ProcessClusterOptions, plan: ClusterPlan) {
    this.#options = options;
    this.plan = plan;
  }

  /** Writes the files of its nodes, and formats and starts nothing. */
  static async plan(options: ProcessClusterOptions): Promise<ProcessCluster> {
    const { directory, layout, settings, network } = options;
    const hostOf = network === undefined ? undefined : (nodeId: number) => network.hostOf(nodeId);
    const plan = await planCluster(directory, layout, settings, hostOf);
    return new ProcessCluster(options, plan);
  }

  /** Formats and starts all nodes, and waits until they serve. */
  static async start(options: ProcessClusterOptions): Promise<ProcessCluster> {
    const cluster = await ProcessCluster.plan(options);
    try {
      for (const { nodeId } of cluster.plan.nodes) await cluster.format(nodeId);
      for (const { nodeId } of cluster.plan.nodes) cluster.launch(nodeId);
      await cluster.allReady();
    } catch (error) {
      await cluster[Symbol.asyncDispose]();
      throw error;
    }
    return cluster;
  }

  /** Fails where all nodes are on the loopback. */
  get network(): NodeNetwork {
    const { network } = this.#options;
    if (network === undefined) throw new Error('the nodes have no network of their own');
    return network;
  }
  get nodes(): readonly NodePlan[] {
    return this.plan.nodes;
  }
  get controllers(): readonly NodePlan[] {
    return this.plan.nodes.filter(({ roles }) => roles.includes('controller'));
  }
  get brokers(): readonly NodePlan[] {
    return this.plan.nodes.filter(({ roles }) => roles.includes('broker'));
  }
  get bootstrapServers(): string {
    return this.brokers.map(({ host, clientPort }) => `${host}:${clientPort}`).join(',');
  }
  get bootstrapControllers(): string {
    return this.controllers.map(({ host, controllerPort }) => `${host}:${controllerPort}`).join(',');
  }

  node(nodeId: number): NodePlan {
    const node = this.plan.nodes.find((one) => one.nodeId === nodeId);
    if (node === undefined) throw new Error(`there is no node ${nodeId}`);
    return node;
  }

  /** The process of a node that was started. */
  process(nodeId: number): SpawnedNode {
    const process = this.#processes.get(nodeId);
    if (process === undefined) throw new Error(`node ${nodeId} was not started`);
    return process;
  }

  isUp(nodeId: number): boolean {
    return this.#processes.get(nodeId)?.hasEnded === false;
  }

  /** `storage format`, as one of the first voters, as a broker, or as a controller that joins later. */
  async format(nodeId: number, how: 'first' | 'later' = 'first'): Promise<void> {
    const { file, roles } = this.node(nodeId);
    const isController = roles.includes('controller');
    const voters =
      how === 'later' || !isController
        ? ['--no-initial-controllers']
        : ['--initial-controllers', this.plan.initialControllers];
    await tool('storage', ['format', '-t', this.plan.clusterId, '-c', file, ...voters]);
  }

  /** Starts a node that is down. Does not wait for it. */
  launch(nodeId: number): SpawnedNode {
    if (this.isUp(nodeId)) throw new Error(`node ${nodeId} is up already`);
    const node = this.node(nodeId);
    const process = spawnNode(
      node.file,
      this.#options.environment?.(node),
      this.#options.network?.commandOf(nodeId),
    );
    this.#processes.set(nodeId, process);
    return process;
  }

  async allReady(): Promise<void> {
    await Promise.all([...this.#processes.values()].map(({ ready }) => ready));
  }

  kill(nodeId: number): Promise<void> {
    return this.process(nodeId).kill();
  }

  /** Removes what a node that is down has on its disk. Its properties stay. */
  wipe(nodeId: number): void {
    if (this.isUp(nodeId)) throw new Error(`node ${nodeId} still runs`);
    const { directory } = this.node(nodeId);
    for (const path of [directory, `${directory}.unsynced`]) rmSync(path, { recursive: true, force: true });
    mkdirSync(directory, { recursive: true });
  }

  state(nodeId: number): Promise<NodeState | undefined> {
    const { host, metricsPort } = this.node(nodeId);
    return nodeState(metricsPort, host);
  }

  /** The controller that is active, once the others have followed it. */
  active(): Promise<NodePlan> {
    return until(
      'no controller is active',
      async () => {
        const up = this.controllers.filter(({ nodeId }) => this.isUp(nodeId));
        const states = await Promise.all(up.map(({ nodeId }) => this.state(nodeId)));
        const at = states.findIndex((state) => state?.isActive === true);
        const leader = up[at]?.nodeId;
        // A leader that was cut off may not know yet that there is another one.
        const followers = states.filter((state) => state?.leader === leader);
        return followers.length * 2 > this.controllers.length ? up[at] : undefined;
      },
      () => this.testimony(),
    );
  }

  /** Waits until all nodes show the same state at the same offset and nothing is under way; resolves with it. */
  async settled(): Promise<NodeState> {
    let before: string | undefined;
    let states: readonly (NodeState | undefined)[] = [];
    const look = async (): Promise<NodeState | undefined> => {
      states = await Promise.all(this.nodes.map(({ nodeId }) => this.state(nodeId)));
      const seen = new Set(states.map((state) => `${state?.offset} ${state?.stateHash} ${state?.leader}`));
      const [only] = seen.size === 1 ? seen : [];
      const isSettled = only !== undefined && only === before && states[0] !== undefined;
      before = only;
      await sleep(POLL_MS);
      return isSettled ? states[0] : undefined;
    };
    return until('the nodes do not agree', look, () => `${JSON.stringify(states)}\n${this.testimony()}`);
  }

  /** `metadata-quorum describe --replication`, asked of whoever answers. */
  async voterIds(): Promise<readonly number[]> {
    const args = ['--bootstrap-server', this.bootstrapServers, 'describe', '--status', '--json'];
    const status = JSON.parse(await tool('metadata-quorum', args)) as {
      readonly currentVoters: readonly { readonly id: number }[];
    };
    return status.currentVoters.map(({ id }) => id);
  }

  /** Stops all nodes in good order, brokers first. Resolves with the exit codes. */
  async stop(): Promise<readonly (number | null)[]> {
    const up = this.nodes.filter(({ nodeId }) => this.isUp(nodeId));
    const brokers = up.filter(({ roles }) => !roles.includes('controller'));
    const codes = await Promise.all(brokers.map(({ nodeId }) => this.process(nodeId).stop()));
    for (const { nodeId } of up.filter((one) => !brokers.includes(one)))
      codes.push(await this.process(nodeId).stop());
    return codes;
  }

  /** What each process wrote last. */
  testimony(): string {
    const last = [...this.#processes].map(
      ([nodeId, process]) =>
        `── node ${nodeId}${process.hasEnded ? ' (ended)' : ''}\n${process.output().slice(-2500)}`,
    );
    return last.join('\n');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#processes.values()].map((process) => process.kill()));
  }
}

/** Runs one of our tools that must fail, and resolves with it. */
export const refused = async (name: string, args: readonly string[]): Promise<ToolOutput> => {
  const output = await runOwnTool(name, args);
  if (output.code === 0) throw new Error(`${name} ${args.join(' ')} succeeded: ${output.out}`);
  return output;
};
