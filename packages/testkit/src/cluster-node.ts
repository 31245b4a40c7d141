import { assert } from '@kafkaesque/kernel';
import type { Node, World } from '@kafkaesque/server';
import { readConfiguration, startNode } from '@kafkaesque/server';
import type { NodePlan, NodeRole } from './cluster-plan';
import { HeldWorld } from './world/held-world';
import type { NetworkCuts } from './world/network-cuts';

/** A node of a cluster, whether it is up or not. */
export interface ClusterNode {
  readonly nodeId: number;
  readonly roles: readonly NodeRole[];
  /** Of its data. */
  readonly directory: string;
  /** `host:port`, for clients; undefined: it is no broker. */
  readonly address: string | undefined;
  readonly isUp: boolean;
  readonly isPaused: boolean;
  /** The node itself, while it is up. */
  readonly running: Node | undefined;
}

export interface StartableNodeOptions {
  readonly plan: NodePlan;
  /** `server.properties`, once it is known which ports the node has. */
  readonly properties: (plan: NodePlan) => string;
  readonly openWorld: () => Promise<World>;
  readonly cuts: NetworkCuts;
}

/** How long the disk of a node that is to be gone may take to end what it has begun. */
const DISK_PATIENCE_MS = 5000;

/** One life of a node. */
interface Life {
  readonly world: HeldWorld;
  readonly node: Node;
}

/** A node that can be started and ended in every way. */
export class StartableNode implements ClusterNode {
  readonly #options: StartableNodeOptions;
  #plan: NodePlan;
  #life: Life | undefined;
  #starting: { readonly abort: () => void; readonly settled: Promise<unknown> } | undefined;

  constructor(options: StartableNodeOptions) {
    this.#options = options;
    this.#plan = options.plan;
  }

  get nodeId(): number {
    return this.#plan.nodeId;
  }
  get roles(): readonly NodeRole[] {
    return this.#plan.roles;
  }
  get directory(): string {
    return this.#plan.directory;
  }
  get address(): string | undefined {
    const { clientPort } = this.#plan;
    return clientPort === undefined ? undefined : `127.0.0.1:${clientPort}`;
  }
  get isUp(): boolean {
    return this.#life !== undefined;
  }
  get isPaused(): boolean {
    return this.#life?.world.isHeld === true;
  }
  get running(): Node | undefined {
    return this.#life?.node;
  }

  /** Resolves when it serves. */
  async start(): Promise<void> {
    assert(this.#life === undefined && this.#starting === undefined, `node ${this.nodeId} is down`);
    const aborting = new AbortController();
    const started = this.#start(aborting.signal);
    this.#starting = { abort: () => aborting.abort(), settled: started.catch(() => undefined) };
    try {
      this.#life = await started;
    } finally {
      this.#starting = undefined;
    }
  }

  async #start(signal: AbortSignal): Promise<Life> {
    const outcome = readConfiguration({ file: this.#options.properties(this.#plan), environment: {} });
    if (outcome.kind === 'invalid') throw new Error(outcome.errors.map(({ message }) => message).join('\n'));
    const { cuts } = this.#options;
    cuts.unsilence(this.nodeId);
    const world = new HeldWorld(this.nodeId, await this.#options.openWorld(), cuts);
    const { configuration } = outcome;
    const node = await startNode({ configuration, world: world.world, signal });
    this.#keepPorts(node);
    return { world, node };
  }

  /**
   * As `kill -9`: nothing is settled, and whoever talks with it sees the connection break. One that starts gives up. A disk
   * that stands still is not waited for.
   */
  async kill(): Promise<void> {
    const starting = this.#starting;
    starting?.abort();
    await starting?.settled;
    const life = this.#life;
    if (life === undefined) return;
    this.#life = undefined;
    this.#options.cuts.silence(this.nodeId);
    life.world.breakOff();
    const ended = life.node.crash();
    // What it does on its way out, when it stood still, nobody hears of.
    life.world.release();
    await withoutStalledDisk(life, ended);
  }

  /** As SIGTERM. */
  async stop(): Promise<void> {
    const life = this.#living();
    assert(!life.world.isHeld, `node ${this.nodeId} does not stand still`);
    this.#life = undefined;
    await life.node.close();
  }

  /** As SIGTERM, but for a disk that stands still. */
  async leave(): Promise<void> {
    const life = this.#living();
    this.#life = undefined;
    await withoutStalledDisk(life, life.node.close());
  }

  /** As SIGSTOP. */
  pause(): void {
    this.#living().world.hold();
  }

  /** As SIGCONT. */
  resume(): void {
    this.#living().world.release();
  }

  #living(): Life {
    const life = this.#life;
    assert(life !== undefined, `node ${this.nodeId} is up`);
    return life;
  }

  /** What the system gave stays the node's own. */
  #keepPorts(node: Node): void {
    const port = node.listeners.find(({ name }) => name !== 'CONTROLLER')?.port;
    if (this.#plan.clientPort === 0 && port !== undefined) this.#plan = { ...this.#plan, clientPort: port };
  }
}

const withoutStalledDisk = async ({ world }: Life, ended: Promise<void>): Promise<void> => {
  const timer = setTimeout(() => world.abandonDisk(), DISK_PATIENCE_MS);
  try {
    await ended;
  } catch (error) {
    if (!world.hasAbandonedDisk) throw error;
  } finally {
    clearTimeout(timer);
  }
};
