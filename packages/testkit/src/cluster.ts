import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Logger } from '@kafkaesque/kernel';
import { assert, hasCode, silentLogger, silentMetrics } from '@kafkaesque/kernel';
import type { Node, World } from '@kafkaesque/server';
import { openWorld } from '@kafkaesque/server';
import { randomUuid, readMetaProperties, writeMetaProperties } from '@kafkaesque/storage';
import type { ClusterNode } from './cluster-node';
import { StartableNode } from './cluster-node';
import type { ClusterShape, NodePlan, Properties } from './cluster-plan';
import { planNodes, planOnlyNode, propertiesOf, rolesOf } from './cluster-plan';
import { freePorts } from './free-ports';
import type { WaitOptions } from './waiting';
import { waitUntil } from './waiting';
import { NetworkCuts } from './world/network-cuts';

/** How one node differs from the others. */
export interface NodeDifference {
  readonly properties?: Properties;
  readonly world?: Partial<World>;
}

/** How a test's cluster differs from the usual one: one node that is broker and controller. */
export interface ClusterOptions extends ClusterShape {
  /** `server.properties` keys that differ from the defaults of a test cluster. */
  readonly properties?: Properties;
  readonly perNode?: (node: NodePlan) => NodeDifference;
  /** Where data lies; absent: a temporary directory that `close` removes. */
  readonly directory?: string;
  readonly logger?: Logger;
  /** Parts of the world to replace, such as the disk. */
  readonly world?: Partial<World>;
}

/** A broken invariant that a node reported instead of ending the test's process. */
export interface ReportedFault {
  readonly nodeId: number;
  readonly what: string;
  readonly cause: unknown;
}

/** A cluster inside the caller's own process, on free ports of the loopback. */
export interface Cluster extends AsyncDisposable {
  /** `host:port` of every broker, for any client. */
  readonly bootstrapServers: string;
  readonly clusterId: string;
  readonly directory: string;
  /** Brokers first, by id. */
  readonly nodes: readonly ClusterNode[];
  /** The first node, which is up: for a cluster that has no other. */
  readonly node: Node;
  /** Broken invariants so far; a test expects none. */
  readonly faults: readonly ReportedFault[];
  /** Ends a node as `kill -9` would: nothing is settled, and its connections break. */
  kill(node: ClusterNode): Promise<void>;
  /** Ends a node as SIGTERM would: others lead what it led before it goes. */
  stop(node: ClusterNode): Promise<void>;
  /** Starts the only node, which is ended first, again on the same data and port. */
  restart(how?: 'clean' | 'crash'): Promise<void>;
  /** Starts a node again on the same data and ports; one that is up is ended first. Resolves when it serves. */
  restart(node: ClusterNode, how?: 'clean' | 'crash'): Promise<void>;
  /** As SIGSTOP: the node stands still, and its sockets stay open. */
  pause(node: ClusterNode): void;
  /** As SIGCONT. */
  resume(node: ClusterNode): void;
  /**
   * From now on nodes of different groups do not hear each other; those that are not named are a group too. Connections
   * between them end only after a silence of nine seconds. Clients reach every node.
   */
  partition(...groups: readonly (readonly ClusterNode[])[]): void;
  /** All nodes hear each other again. */
  heal(): void;
  /** Waits for a leader that is up, as the node with the newest metadata knows it. */
  leaderOf(topic: string, partition: number, options?: WaitOptions): Promise<ClusterNode>;
  /** Waits for a controller that is active, and followed by a majority of all controllers. */
  controller(options?: WaitOptions): Promise<ClusterNode>;
  /** Asks again and again until the answer is neither undefined nor false, and resolves with it; fails after 30 s. */
  waitFor<Value>(
    condition: () => Value | undefined | false | Promise<Value | undefined | false>,
    options?: WaitOptions,
  ): Promise<Value>;
  /**
   * Ends the nodes and removes a temporary directory: a single node in good order, several at once as `kill -9` would. A
   * disk that has not ended what it began within five seconds is not waited for. Fails if an invariant broke.
   */
  close(): Promise<void>;
}

/** Starts a cluster. Ready when it resolves. */
export const createCluster = async (options: ClusterOptions = {}): Promise<Cluster> => {
  const isTemporary = options.directory === undefined;
  const directory = options.directory ?? (await mkdtemp(join(tmpdir(), 'kafkaesque-')));
  const faults: ReportedFault[] = [];
  try {
    return await startCluster(options, directory, isTemporary, faults);
  } catch (error) {
    if (isTemporary) await rm(directory, { recursive: true, force: true });
    throw error;
  }
};

/** How often other ports are drawn when somebody else was faster. */
const DRAWS = 5;

const startCluster = async (
  options: ClusterOptions,
  directory: string,
  isTemporary: boolean,
  faults: ReportedFault[],
): Promise<Cluster> => {
  const isAlone = rolesOf(options).length === 1;
  for (let draw = 1; ; draw++) {
    const cluster = new LocalCluster(options, directory, isTemporary, faults);
    try {
      await cluster.start();
      return cluster;
    } catch (error) {
      await cluster.abandon();
      if (isAlone || draw === DRAWS || !hasCode(error, 'CANNOT_LISTEN')) throw error;
    }
  }
};

class LocalCluster implements Cluster {
  readonly directory: string;
  readonly faults: readonly ReportedFault[];
  readonly #faults: ReportedFault[];
  readonly #options: ClusterOptions;
  readonly #isTemporary: boolean;
  readonly #cuts = new NetworkCuts();
  #nodes: readonly StartableNode[] = [];
  #clusterId = '';
  #closed: Promise<void> | undefined;

  constructor(options: ClusterOptions, directory: string, isTemporary: boolean, faults: ReportedFault[]) {
    this.#options = options;
    this.directory = directory;
    this.#isTemporary = isTemporary;
    this.#faults = faults;
    this.faults = faults;
  }

  async start(): Promise<void> {
    const plans = await this.#plan();
    this.#nodes = plans.map((plan) => {
      const { properties, world } = this.#options.perNode?.(plan) ?? {};
      return new StartableNode({
        plan,
        properties: (own) => propertiesOf(own, plans, { ...this.#options.properties, ...properties }),
        openWorld: () => this.#world(plan, world),
        cuts: this.#cuts,
      });
    });
    const start = async (node: StartableNode): Promise<void> => {
      try {
        await node.start();
      } catch (error) {
        // Those that wait for it need not wait any longer.
        void this.abandon();
        throw error;
      }
    };
    await allOrFirstFailure(this.#nodes.map(start));
    this.#clusterId = this.node.clusterId;
  }

  /** Ends what has started of a cluster that did not come up. */
  async abandon(): Promise<void> {
    await Promise.allSettled(this.#nodes.map((node) => node.kill()));
  }

  get bootstrapServers(): string {
    return this.#nodes.flatMap(({ address }) => address ?? []).join(',');
  }
  get clusterId(): string {
    return this.#clusterId;
  }
  get nodes(): readonly ClusterNode[] {
    return this.#nodes;
  }
  get node(): Node {
    const node = this.#nodes[0]?.running;
    assert(node !== undefined, 'the first node is up');
    return node;
  }

  kill(node: ClusterNode): Promise<void> {
    return this.#own(node).kill();
  }

  stop(node: ClusterNode): Promise<void> {
    return this.#own(node).stop();
  }

  async restart(what?: ClusterNode | 'clean' | 'crash', how?: 'clean' | 'crash'): Promise<void> {
    const node = typeof what === 'object' ? this.#own(what) : this.#only();
    const way = typeof what === 'object' ? how : what;
    if (node.isUp) await (way === 'crash' ? node.kill() : node.stop());
    await node.start();
  }

  pause(node: ClusterNode): void {
    this.#own(node).pause();
  }

  resume(node: ClusterNode): void {
    this.#own(node).resume();
  }

  partition(...groups: readonly (readonly ClusterNode[])[]): void {
    this.#cuts.partition(groups.map((group) => group.map((node) => this.#own(node).nodeId)));
  }

  heal(): void {
    this.#cuts.heal();
  }

  leaderOf(topic: string, partition: number, options: WaitOptions = {}): Promise<ClusterNode> {
    const leader = (): ClusterNode | undefined => {
      const [newest] = this.#active().sort((a, b) => b.metadata().offset - a.metadata().offset);
      const leaderId = newest?.partition(topic, partition)?.leader;
      return this.#nodes.find((node) => node.nodeId === leaderId && node.isUp);
    };
    return waitUntil(leader, { what: `${topic}-${partition} has no leader that is up`, ...options });
  }

  controller(options: WaitOptions = {}): Promise<ClusterNode> {
    const controllers = this.#nodes.filter(({ roles }) => roles.includes('controller'));
    const active = (): ClusterNode | undefined => {
      const named = controllers
        .filter(({ isPaused }) => !isPaused)
        .map(({ running }) => running?.metadata().leader);
      return controllers.find(
        ({ nodeId, isUp, isPaused }) =>
          isUp && !isPaused && 2 * named.filter((leader) => leader === nodeId).length > controllers.length,
      );
    };
    return waitUntil(active, { what: 'no controller is active', ...options });
  }

  waitFor<Value>(
    condition: () => Value | undefined | false | Promise<Value | undefined | false>,
    options: WaitOptions = {},
  ): Promise<Value> {
    return waitUntil(condition, options);
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    const [only, ...others] = this.#nodes;
    if (only?.isUp === true && !only.isPaused && others.length === 0) await only.leave();
    else await allOrFirstFailure(this.#nodes.map((node) => node.kill()));
    if (this.#isTemporary) await rm(this.directory, { recursive: true, force: true });
    const [first] = this.#faults;
    if (first !== undefined) throw new Error(`an invariant broke: ${first.what}`, { cause: first.cause });
  }

  #own(node: ClusterNode): StartableNode {
    const own = this.#nodes.find((one) => one === node);
    assert(own !== undefined, 'the node is one of this cluster');
    return own;
  }

  #only(): StartableNode {
    const [only, other] = this.#nodes;
    assert(only !== undefined && other === undefined, 'of several nodes, say which one');
    return only;
  }

  #active(): Node[] {
    return this.#nodes.flatMap(({ running, isPaused }) =>
      running === undefined || isPaused ? [] : [running],
    );
  }

  async #plan(): Promise<readonly NodePlan[]> {
    const count = rolesOf(this.#options).length;
    if (count === 1) return [planOnlyNode(this.directory)];
    const world = await this.#world({ nodeId: 0 });
    const plans = planNodes(this.#options, this.directory, await freePorts(world, 2 * count));
    await formatNodes(world, plans);
    for (const { nodeId, clientPort, controllerPort } of plans)
      for (const port of [clientPort, controllerPort])
        if (port !== undefined) this.#cuts.register(nodeId, port);
    return plans;
  }

  async #world({ nodeId }: Pick<NodePlan, 'nodeId'>, own: Partial<World> = {}): Promise<World> {
    const world = await openWorld({
      logger: this.#options.logger ?? silentLogger,
      metrics: silentMetrics,
      environment: {},
      faults: {
        fault: (what, cause) => {
          this.#faults.push({ nodeId, what, cause });
        },
      },
    });
    return { ...world, ...this.#options.world, ...own };
  }
}

/** Gives every node its directory, as `storage format` does; those that have one keep it. */
const formatNodes = async ({ disk, random }: World, plans: readonly NodePlan[]): Promise<void> => {
  const clusterIds = new Set<string>();
  const unformatted: NodePlan[] = [];
  for (const plan of plans) {
    await mkdir(plan.directory, { recursive: true });
    const found = await readMetaProperties(disk, plan.directory);
    if (found === undefined) unformatted.push(plan);
    else clusterIds.add(found.clusterId);
  }
  const [clusterId = randomUuid(random)] = clusterIds;
  for (const { directory, nodeId } of unformatted)
    await writeMetaProperties(disk, directory, { clusterId, nodeId, directoryId: randomUuid(random) });
};

/** Waits for all of them, whether or not one fails. */
const allOrFirstFailure = async (work: readonly Promise<unknown>[]): Promise<void> => {
  const failures: unknown[] = [];
  await Promise.all(work.map((one) => one.catch((error: unknown) => failures.push(error))));
  if (failures.length > 0) throw failures[0];
};
