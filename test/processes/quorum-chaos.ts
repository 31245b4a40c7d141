import { join } from 'node:path';
import { SeededRandom } from '@kafkaesque/kernel';
import { dropUnsynced, openNodeDisk } from '@kafkaesque/storage';
import type { EntityState, Operation } from './metadata-history';
import { checkHistory, described } from './metadata-history';
import { MetadataWorkload, isGroup, readEntities } from './metadata-workload';
import type { Layout, NodePlan } from './node-files';
import { directoryIdOf } from './node-files';
import { ProcessCluster, sleep, tool, until } from './process-cluster';

export interface QuorumChaosOptions {
  /** Holds the nodes' files and data. */
  readonly directory: string;
  readonly layout: Layout;
  readonly seed: number;
  /** How often the active controller is killed. */
  readonly rounds: number;
  /** Whether each controller loses power once when it is killed, and all of them at the end: what they had not synced is gone. */
  readonly losesPower?: boolean;
  /** Whether a controller is wiped, removed from the quorum and added again in the midst of it. */
  readonly wipes?: boolean;
  /** Looked at before each round. */
  readonly isOver?: () => boolean;
  readonly progress?: (line: string) => void;
  /** More clients, whose operations are judged together with the others'. */
  readonly others?: (bootstrapServers: string) => {
    readonly operations: readonly Operation[];
    stop(): Promise<void>;
  };
}

export interface QuorumChaosOutcome {
  rounds: number;
  powerLosses: number;
  lostOperations: number;
  wipes: number;
  /** How often the active controller was paused until there was another one. */
  stalls: number;
  acknowledged: number;
  /** Of them, to other clients than the workload's own. */
  acknowledgedToOthers: number;
  refused: number;
  unknown: number;
  /** Milliseconds from each kill to the next change that was acknowledged, in ascending order. */
  readonly failoversMs: number[];
  offset: number;
  stateHash: string;
  /** Sentences; empty when every promise held. */
  readonly violations: string[];
}

/** So few that a long run has many snapshots, and that a controller with an empty disk is sent one. */
const SNAPSHOT_BYTES = 20_000;

/** Kills the active controller again and again under load, and looks in the end whether all was true that clients were told. */
export const runQuorumChaos = async (options: QuorumChaosOptions): Promise<QuorumChaosOutcome> => {
  const { directory, layout, seed } = options;
  await using cluster = await ProcessCluster.start({
    directory,
    layout,
    settings: { 'metadata.log.max.record.bytes.between.snapshots': SNAPSHOT_BYTES },
    environment: ({ nodeId, roles }) =>
      roles.includes('controller') ? { FAULT_FS: 'lazy-kill', FAULT_SEED: String(seed + nodeId) } : {},
  });
  const run = new QuorumChaos(options, cluster);
  await run.run();
  return run.outcome;
};

class QuorumChaos {
  readonly outcome: QuorumChaosOutcome = {
    acknowledgedToOthers: 0,
    ...{
      rounds: 0,
      powerLosses: 0,
      lostOperations: 0,
      wipes: 0,
      stalls: 0,
      acknowledged: 0,
      refused: 0,
      unknown: 0,
    },
    ...{ failoversMs: [], offset: -1, stateHash: '', violations: [] },
  };
  readonly #options: QuorumChaosOptions;
  readonly #cluster: ProcessCluster;
  readonly #random: SeededRandom;
  readonly #workload: MetadataWorkload;
  /** Controllers whose disk has not lost power yet. */
  readonly #powered: Set<number>;

  constructor(options: QuorumChaosOptions, cluster: ProcessCluster) {
    this.#options = options;
    this.#cluster = cluster;
    this.#random = new SeededRandom(options.seed, 'quorum chaos');
    this.#powered = new Set(
      options.losesPower === false ? [] : cluster.controllers.map(({ nodeId }) => nodeId),
    );
    this.#workload = new MetadataWorkload({
      bootstrapServers: cluster.bootstrapServers,
      random: this.#random.fork('workload'),
      clients: 4,
    });
  }

  async run(): Promise<void> {
    const { rounds, wipes = true, isOver = () => false, others } = this.#options;
    this.#workload.start();
    const more = others?.(this.#cluster.bootstrapServers);
    try {
      for (let round = 1; round <= rounds && !isOver() && this.#isFine(); round++) {
        await this.#round(round);
        if (this.#random.below(4) === 0) await this.#stall();
        if (wipes && round === Math.ceil(rounds / 2)) await this.#replace();
      }
      if (this.#isFine()) await this.#darken();
    } finally {
      await this.#workload.stop();
      await more?.stop();
    }
    if (this.#isFine()) await this.#conclude(more?.operations ?? []);
  }

  #say(line: string): void {
    this.#options.progress?.(line);
  }

  #isFine(): boolean {
    return this.outcome.violations.length === 0;
  }

  async #round(round: number): Promise<void> {
    await sleep(200 + this.#random.below(600));
    const active = await this.#cluster.active();
    const followers = this.#cluster.controllers.filter(({ nodeId }) => nodeId !== active.nodeId);
    // Now and then nobody can be elected for a while.
    const paused = this.#random.below(5) === 0 ? followers[this.#random.below(followers.length)] : undefined;
    if (paused !== undefined) this.#cluster.process(paused.nodeId).pause();
    const killedMs = performance.now();
    await this.#cluster.kill(active.nodeId);
    if (paused !== undefined) {
      await sleep(300 + this.#random.below(1200));
      this.#cluster.process(paused.nodeId).resume();
    }
    const failoverMs = await this.#nextAcknowledgement(killedMs);
    if (paused === undefined) this.outcome.failoversMs.push(failoverMs);
    const losesPower = this.#powered.delete(active.nodeId);
    if (losesPower) await this.#losePower(active);
    await sleep(this.#random.below(400));
    await this.#restart([active]);
    this.outcome.rounds += 1;
    const how = `${losesPower ? ', power lost' : ''}${paused === undefined ? '' : `, node ${paused.nodeId} stood still`}`;
    this.#say(
      `round ${round}: node ${active.nodeId} killed${how}; next change after ${Math.round(failoverMs)} ms`,
    );
  }

  /** The active controller stands still until another one is active, and goes on not knowing of it. */
  async #stall(): Promise<void> {
    const active = await this.#cluster.active();
    const process = this.#cluster.process(active.nodeId);
    const sinceMs = performance.now();
    process.pause();
    try {
      await until('no other controller became active', async () => {
        const others = this.#cluster.controllers.filter(({ nodeId }) => nodeId !== active.nodeId);
        const states = await Promise.all(others.map(({ nodeId }) => this.#cluster.state(nodeId)));
        return states.find((state) => state?.isActive);
      });
      await sleep(this.#random.below(1000));
    } finally {
      process.resume();
    }
    await this.#nextAcknowledgement(sinceMs);
    await this.#caughtUp([active]);
    this.outcome.stalls += 1;
    this.#say(`node ${active.nodeId} stood still while it was active`);
  }

  /** Somebody was told of success of what began after the kill. */
  async #nextAcknowledgement(sinceMs: number): Promise<number> {
    const after = await until(
      'no change was acknowledged after a kill',
      () =>
        this.#workload.operations.find(({ told, startedMs }) => told.kind === 'done' && startedMs > sinceMs),
      () => this.#cluster.testimony(),
    );
    return after.endedMs - sinceMs;
  }

  async #losePower({ directory, nodeId }: NodePlan): Promise<void> {
    const loss = await dropUnsynced({
      disk: openNodeDisk(),
      directory,
      random: this.#random.fork(`loss of power of node ${nodeId}`),
    });
    this.outcome.powerLosses += 1;
    this.outcome.lostOperations += loss.lostOperations + loss.tornWrites;
  }

  /** Starts nodes, waits until they serve, and sees that all others still run. */
  async #restart(nodes: readonly NodePlan[]): Promise<void> {
    const processes = nodes.map(({ nodeId }) => this.#cluster.launch(nodeId));
    await Promise.all(processes.map(({ ready }) => ready));
    const down = this.#cluster.nodes.filter(({ nodeId }) => !this.#cluster.isUp(nodeId));
    for (const { nodeId } of down)
      this.outcome.violations.push(`node ${nodeId} ended: ${this.#cluster.process(nodeId).output()}`);
    await this.#caughtUp(nodes);
  }

  /** A majority that is killed next must not be the only one that has the newest changes. */
  async #caughtUp(nodes: readonly NodePlan[]): Promise<void> {
    const leader = await this.#cluster.state((await this.#cluster.active()).nodeId);
    const offset = leader?.offset ?? 0;
    for (const { nodeId } of nodes)
      await until(
        `node ${nodeId} does not catch up`,
        async () => (((await this.#cluster.state(nodeId))?.offset ?? -1) >= offset ? true : undefined),
        () => this.#cluster.testimony(),
      );
  }

  /** One controller gets an empty disk: it leaves the quorum, follows as an observer, and is a voter again. */
  async #replace(): Promise<void> {
    const cluster = this.#cluster;
    const active = await cluster.active();
    const followers = cluster.controllers.filter(({ nodeId }) => nodeId !== active.nodeId);
    const victim = followers[this.#random.below(followers.length)];
    if (victim === undefined) throw new Error('there is no other controller');
    const [id, directoryId] = [String(victim.nodeId), directoryIdOf(victim)];
    await cluster.kill(victim.nodeId);
    const quorum = ['--bootstrap-server', cluster.bootstrapServers];
    await tool('metadata-quorum', [
      ...[...quorum, 'remove-controller', '--controller-id', id],
      ...['--controller-directory-id', directoryId],
    ]);
    cluster.wipe(victim.nodeId);
    await cluster.format(victim.nodeId, 'later');
    await this.#restart([victim]);
    await tool('metadata-quorum', [...quorum, '--command-config', victim.file, 'add-controller']);
    const voters = await cluster.voterIds();
    if (voters.length !== cluster.controllers.length)
      this.outcome.violations.push(`after node ${id} was added again the voters are ${voters.join()}`);
    this.outcome.wipes += 1;
    this.#say(`node ${id} was wiped, removed and added again`);
  }

  /** The whole machine room goes dark. */
  async #darken(): Promise<void> {
    if (this.#options.losesPower === false) return;
    const { controllers } = this.#cluster;
    await Promise.all(controllers.map(({ nodeId }) => this.#cluster.kill(nodeId)));
    for (const node of controllers) await this.#losePower(node);
    const sinceMs = performance.now();
    await this.#restart(controllers);
    const afterMs = await this.#nextAcknowledgement(sinceMs);
    this.#say(`all controllers lost power at once; next change after ${Math.round(afterMs)} ms`);
  }

  async #conclude(more: readonly Operation[]): Promise<void> {
    const { outcome } = this;
    const operations = [...this.#workload.operations, ...more];
    for (const { told } of operations) outcome[told.kind === 'done' ? 'acknowledged' : told.kind] += 1;
    outcome.acknowledgedToOthers = more.filter(({ told }) => told.kind === 'done').length;
    if (this.#options.others !== undefined && outcome.acknowledgedToOthers === 0)
      outcome.violations.push('the other clients were never told that something was done');
    outcome.failoversMs.sort((a, b) => a - b);
    const { offset, stateHash } = await this.#cluster.settled();
    Object.assign(outcome, { offset, stateHash });
    const entities = [...new Set(operations.map(({ entity }) => entity))];
    const reads = await readEntities(this.#cluster.bootstrapServers, entities);
    const violations = checkHistory([...operations, ...reads], { initially });
    for (const { entity, what, operations: all } of violations)
      outcome.violations.push([`${entity}: ${what}`, ...all.map(described)].join('\n    '));
    const codes = await this.#cluster.stop();
    if (codes.some((code) => code !== 0))
      outcome.violations.push(`nodes did not stop cleanly: ${codes.join()}\n${this.#cluster.testimony()}`);
    for (const { directory } of this.#cluster.controllers)
      await tool('metadata', ['verify', join(directory, 'metadata')]).catch((error: unknown) => {
        outcome.violations.push(String(error));
      });
    this.#say(`all nodes have ${stateHash} at offset ${offset}; ${entities.length} histories`);
  }
}

const initially = (entity: string): EntityState =>
  isGroup(entity) ? { topicId: undefined, partitions: 0, configs: {} } : 'absent';
