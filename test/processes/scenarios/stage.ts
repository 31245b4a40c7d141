import type { Admin, Client, NewTopic } from '@kafkaesque/client';
import { isClientError, openClient } from '@kafkaesque/client';
import type { Random } from '@kafkaesque/kernel';
import { acknowledgementGaps } from '@kafkaesque/testkit';
import { LogWorkload } from '../log-workload';
import type { NodePlan } from '../node-files';
import type { ProcessCluster } from '../process-cluster';
import { sleep, until } from '../process-cluster';

export interface StageOptions {
  readonly cluster: ProcessCluster;
  readonly random: Random;
  readonly partitions: number;
  readonly replicas: number;
  /** Whether outages are held to their bounds. */
  readonly isTimed: boolean;
  readonly say: (line: string) => void;
  /** Of the clients that send. */
  readonly requestTimeoutMs?: number | undefined;
}

/** How long partitions were not available around one fault. */
export interface Outage {
  readonly what: string;
  readonly longestMs: number;
  /** What it may last; undefined: no bound was named. */
  readonly boundMs: number | undefined;
}

export interface OutageOptions {
  /** With one replica only the restart ends it, so that it binds only where there are more. */
  readonly boundMs?: number;
  /** Default: all. */
  readonly partitions?: readonly number[];
}

const TOPIC = 'history';
const PAUSE_MS = 40;
/** Nobody else is to be asked for so long that a fault is over meanwhile. */
const API_TIMEOUT_MS = 20_000;

/** A partition, as the cluster tells clients. */
export interface LedPartition {
  readonly partition: number;
  /** -1: nobody. */
  readonly leader: number;
  readonly inSync: readonly number[];
}

/** A cluster under load, and what scenarios do to it. */
export class ChaosStage implements AsyncDisposable {
  readonly cluster: ProcessCluster;
  readonly random: Random;
  readonly replicas: number;
  readonly workload: LogWorkload;
  readonly outages: Outage[] = [];
  /** Sentences; empty when every promise held. */
  readonly violations: string[] = [];
  readonly #options: StageOptions;
  readonly #client: Client;
  readonly #admin: Admin;

  private constructor(options: StageOptions) {
    this.#options = options;
    const { cluster, random, replicas, partitions, requestTimeoutMs } = options;
    this.cluster = cluster;
    this.random = random;
    this.replicas = replicas;
    const { bootstrapServers } = cluster;
    this.#client = openClient({ bootstrapServers, clientId: 'chaos', requestTimeoutMs: 3000 });
    this.#admin = this.#client.admin({ apiTimeoutMs: API_TIMEOUT_MS });
    this.workload = new LogWorkload({
      ...{ bootstrapServers, topic: TOPIC, partitions, pauseMs: PAUSE_MS, requestTimeoutMs },
    });
  }

  /** Creates the topic, starts the load, and waits until everything is acknowledged. */
  static async open(options: StageOptions): Promise<ChaosStage> {
    const stage = new ChaosStage(options);
    const { partitions, replicas: replicationFactor } = options;
    const configs = { 'min.insync.replicas': String(Math.ceil((replicationFactor + 1) / 2)) };
    const topic = { name: TOPIC, partitions, replicationFactor, configs };
    await until('the topic is not created', () => stage.#hasCreated(topic));
    await stage.allInSync();
    stage.workload.start();
    await stage.workload.acknowledgedSince(performance.now());
    return stage;
  }

  /** On a busy machine nobody may be told in time that it was created. */
  async #hasCreated(topic: NewTopic): Promise<true | undefined> {
    try {
      const [created] = await this.#admin.createTopics([topic]);
      if (created?.kind !== 'failed' || created.error.code === 'TOPIC_ALREADY_EXISTS') return true;
      throw created.error;
    } catch (error) {
      if (isClientError(error) && error.retriable) return undefined;
      throw error;
    }
  }

  say(line: string): void {
    this.#options.say(line);
  }

  /** One of them, by chance. */
  pick<Item>(items: readonly Item[]): Item {
    const item = items[this.random.below(items.length)];
    if (item === undefined) throw new Error('there is nothing to choose from');
    return item;
  }

  shuffled<Item>(items: readonly Item[]): readonly Item[] {
    const left = [...items];
    return items.flatMap(() => left.splice(this.random.below(left.length), 1));
  }

  async partitions(): Promise<readonly LedPartition[]> {
    const [topic] = await this.#admin.describeTopics([TOPIC]);
    if (topic === undefined) throw new Error('no answer about the topic');
    if (topic.kind === 'failed') throw topic.error;
    return topic.value.partitions.map(({ partition, leader, isr }) => ({ partition, leader, inSync: isr }));
  }

  /** Partitions that this node does not lead. */
  async ledByOthers(nodeId: number): Promise<readonly number[]> {
    const all = await this.partitions();
    return all.filter(({ leader }) => leader !== nodeId).map(({ partition }) => partition);
  }

  /** The node that leads a partition drawn by chance. */
  async someLeader(): Promise<NodePlan> {
    return until(
      'no partition has a leader that is up',
      async () => {
        const { leader } = this.pick(await this.partitions());
        return this.cluster.nodes.find(({ nodeId }) => nodeId === leader && this.cluster.isUp(nodeId));
      },
      () => this.cluster.testimony(),
    );
  }

  /** Asks for other replicas, in the order of preference, until somebody takes the order. */
  async reassign(
    changes: readonly { readonly partition: number; readonly replicas: readonly number[] }[],
  ): Promise<void> {
    let last: unknown;
    await until(
      'no partition is assigned anew',
      async () => {
        try {
          const outcomes = await this.#admin.alterPartitionReassignments(
            changes.map((change) => ({ topic: TOPIC, ...change })),
          );
          last = outcomes.find(({ kind }) => kind === 'failed');
          return last === undefined || undefined;
        } catch (error) {
          last = error;
          return undefined;
        }
      },
      () => `${String(last)} ${JSON.stringify(last)}`,
    );
  }

  /** Waits until every partition has a leader and all its replicas, so many, in sync. */
  async allInSync(replicas: number = this.replicas): Promise<void> {
    let seen: readonly LedPartition[] = [];
    await until(
      'not all replicas are in sync',
      async () => {
        seen = await this.partitions().catch(() => []);
        const isWhole = ({ leader, inSync }: LedPartition): boolean =>
          leader >= 0 && inSync.length === replicas;
        return (seen.length > 0 && seen.every(isWhole)) || undefined;
      },
      () => `${JSON.stringify(seen)}\n${this.cluster.testimony()}`,
    );
  }

  /** Starts nodes, waits until they serve, and sees that none of the others has ended by itself. */
  async restart(nodes: readonly NodePlan[]): Promise<void> {
    const processes = nodes.map(({ nodeId }) => this.cluster.launch(nodeId));
    await Promise.all(processes.map(({ ready }) => ready));
  }

  /** Whatever is down without having been ended is a violation. */
  lookForDeaths(): void {
    for (const { nodeId } of this.cluster.nodes)
      if (!this.cluster.isUp(nodeId))
        this.violations.push(`node ${nodeId} ended: ${this.cluster.process(nodeId).output()}`);
  }

  /**
   * Does something to the cluster, waits until all partitions acknowledge again what is sent afterwards, and measures the
   * longest time without an acknowledgement.
   */
  async outage(what: string, work: () => Promise<void>, options: OutageOptions = {}): Promise<void> {
    const fromMs = performance.now();
    await work();
    await this.workload.acknowledgedSince(performance.now(), options.partitions);
    this.measure(what, fromMs, options);
  }

  get topic(): string {
    return TOPIC;
  }
  get partitionCount(): number {
    return this.#options.partitions;
  }

  /** The longest time without an acknowledgement since `fromMs`. */
  measure(what: string, fromMs: number, { boundMs, partitions }: OutageOptions): void {
    const names = partitions?.map((partition) => this.workload.logName(partition));
    const gaps = acknowledgementGaps(this.workload.events, fromMs, performance.now());
    const [longest] = gaps.filter(({ log }) => names?.includes(log) !== false);
    const longestMs = Math.round(longest?.lengthMs ?? 0);
    this.hold(what, longestMs, boundMs);
  }

  /** Enters how long something was not available, and holds it to a bound where times are held to bounds. */
  hold(what: string, longestMs: number, boundMs?: number): void {
    const bound = this.replicas > 1 && this.#options.isTimed ? boundMs : undefined;
    this.outages.push({ what, longestMs, boundMs: bound });
    const asked = bound === undefined ? '' : ` (at most ${bound} ms)`;
    this.say(`${what}: not available for ${longestMs} ms${asked}`);
    if (bound !== undefined && longestMs > bound)
      this.violations.push(`${what}: not available for ${longestMs} ms, more than ${bound} ms`);
  }

  sleep(ms: number): Promise<void> {
    return sleep(ms);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.close();
  }
}
