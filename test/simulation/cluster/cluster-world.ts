import { hasCode } from '@kafkaesque/kernel';
import { initialiseCodecs } from '@kafkaesque/protocol';
import { noNetworkFaults } from '@kafkaesque/sim';
import { Violation, violationOf } from '../runner/suite';
import type { SeedOptions, SeedReport, Suite } from '../runner/suite';
import { Clients, TOPIC } from './clients';
import { Cluster } from './cluster';
import { compareDisks } from './disk-comparison';
import { Nemesis } from './nemesis';
import { Operator } from './operator';
import { ClusterOracle } from './oracle/cluster-oracle';
import { watchPartitions } from './oracle/partition-steps';
import { Visitors } from './visitors';
import { drawClusterShape, families } from './shape';

const LEAST_EVENTS = 5_000;
const MOST_EVENTS = 2_000_000;
/** How long a healed cluster may take until everybody has everything. */
const CONVERGE_MS = 120_000;
/** How long logs that no assignment names may still be there. */
const DELETED_WITHIN_MS = 5_000;

/** Whole brokers and controllers, their clients, what is done to them, and who sees whether they keep their promises. */
export class ClusterWorld {
  readonly cluster: Cluster;
  readonly oracle: ClusterOracle;
  readonly clients: Clients;
  readonly operator: Operator;
  readonly visitors: Visitors;
  readonly nemesis: Nemesis;

  constructor(seed: number, { nodes, without = new Set<string>(), trace }: SeedOptions) {
    const shape = drawClusterShape(seed, { without, ...(nodes === undefined ? {} : { nodes }) });
    this.cluster = new Cluster(seed, shape);
    this.oracle = new ClusterOracle(TOPIC);
    this.clients = new Clients(this.cluster, this.oracle);
    this.operator = new Operator(this.cluster);
    this.visitors = new Visitors(this.cluster);
    const hosts = [...this.clients.hosts, this.operator.host, this.visitors.host];
    this.nemesis = new Nemesis(this.cluster, hosts, this.oracle);
    this.cluster.began = ({ nodeId }, view) => this.oracle.begins(nodeId, view);
    this.cluster.died = ({ nodeId }) => this.oracle.died(nodeId);
    this.cluster.closed = ({ nodeId }) => this.oracle.closed(nodeId);
    this.cluster.replaced = ({ nodeId }, directoryId) => this.oracle.replaced(nodeId, directoryId);
    this.cluster.replacedOne = ({ nodeId }, directoryId, before) =>
      this.oracle.replacedDirectory(nodeId, directoryId, before);
    if (trace === undefined) return;
    const { scheduler } = this.cluster;
    const say = (node: string, what: string): void =>
      trace(
        `${scheduler.nowMs.toFixed(3).padStart(12)} ${String(scheduler.eventCount).padStart(7)} ${node} ${what}`,
      );
    this.cluster.say = say;
    this.oracle.say = say;
  }

  get violation(): Violation | undefined {
    const { oracle, cluster, clients, operator, visitors } = this;
    return [oracle, cluster, clients, operator, visitors].find(({ violation }) => violation !== undefined)
      ?.violation;
  }

  /** Whether something is broken; asked after every event. */
  isBroken(): boolean {
    this.oracle.eventOver();
    return this.violation !== undefined;
  }

  /** Chaos, then healing and the demand for progress. Returns when all is well; throws the first violation. */
  async live(maximumEvents = MOST_EVENTS): Promise<void> {
    const { cluster, nemesis, clients, operator, visitors, oracle } = this;
    const { scheduler, shape } = cluster;
    await initialiseCodecs();
    watchPartitions(this.oracle);
    const rejected = (cause: unknown): void => {
      if (hasCode(cause, 'DEAD_PROCESS')) return;
      cluster.violation ??= new Violation('no failure goes unheard', violationOf(cause).message);
    };
    process.on('unhandledRejection', rejected);
    try {
      await cluster.format();
      for (const member of cluster.members) cluster.start(member);
      nemesis.begin();
      clients.begin();
      operator.begin();
      visitors.begin();
      const until = (): boolean =>
        this.isBroken() || (scheduler.nowMs >= shape.chaosMs && scheduler.eventCount >= LEAST_EVENTS);
      await scheduler.run({ until, maximumEvents });
      this.#throwViolation();
      nemesis.rest();
      operator.isResting = true;
      this.#heal();
      await this.#converge();
      clients.judge();
      this.#throwViolation();
      clients.isOver = true;
      visitors.isOver = true;
      await compareDisks(cluster, oracle);
      this.#throwViolation();
    } catch (cause) {
      // What the code under test threw because the oracle stopped it is not the first cause.
      throw this.violation ?? cause;
    } finally {
      clients.isOver = true;
      visitors.isOver = true;
      watchPartitions(undefined);
      process.off('unhandledRejection', rejected);
    }
  }

  #heal(): void {
    const { network, scheduler, random, members } = this.cluster;
    this.cluster.say?.('world', 'heals');
    network.faults = noNetworkFaults;
    network.heal();
    this.cluster.calmDisks();
    for (const member of members) {
      member.machine.spare();
      member.machine.resume();
      this.cluster.bringBackDirectories(member);
      scheduler.after(random.below(200), 'start', () => this.cluster.start(member));
    }
  }

  /** Everybody comes back, producers succeed, everybody has everything, and all of it can be read. */
  async #converge(): Promise<void> {
    const { cluster, clients, visitors, oracle } = this;
    const acknowledged = clients.counts.acknowledged;
    await this.#until('no batch is acknowledged', () => clients.counts.acknowledged > acknowledged);
    clients.isResting = true;
    visitors.isResting = true;
    await this.#until(
      'not everybody has what was exposed',
      () => clients.isIdle && visitors.isIdle && oracle.hasConverged() && oracle.areAllInSync(),
    );
    let isRead = false;
    void clients.readAll().then(() => (isRead = true));
    await this.#until('not everything can be read', () => isRead);
    // What was given up is gone soon after, for good.
    const goneMs = cluster.scheduler.nowMs + DELETED_WITHIN_MS;
    await cluster.scheduler.run({ until: () => this.isBroken(), untilMs: goneMs });
    this.#throwViolation();
  }

  async #until(what: string, isSo: () => boolean): Promise<void> {
    const { scheduler } = this.cluster;
    const untilMs = scheduler.nowMs + CONVERGE_MS;
    const end = await scheduler.run({ until: () => this.isBroken() || isSo(), untilMs });
    this.#throwViolation();
    if (end !== 'condition')
      throw new Violation(
        'liveness',
        `${what} ${CONVERGE_MS} ms after healing: ${this.oracle.standing()}; ${this.#describeMembers()}`,
      );
  }

  #describeMembers(): string {
    return this.cluster.members
      .map(({ machine, running }) => {
        if (running === undefined) return `${machine.name} does not serve`;
        const { leader, offset } = running.metadata();
        return `${machine.name} at offset ${offset}, led by ${leader ?? 'nobody'}, ${running.unreadyReasons().join(', ') || 'ready'}`;
      })
      .join('; ');
  }

  #throwViolation(): void {
    if (this.violation !== undefined) throw this.violation;
  }
}

const faultsOf = ({ cluster, nemesis, operator }: ClusterWorld): Record<string, number> => {
  const total = (count: (member: (typeof cluster.members)[number]) => number): number =>
    cluster.members.reduce((sum, member) => sum + count(member), 0);
  const { counts } = cluster.network;
  return {
    kills: total(({ machine }) => machine.counts.kills),
    powerLosses: total(({ machine }) => machine.counts.powerLosses),
    deathsAtCall: total(({ machine }) => machine.counts.deathsAtCall),
    blackouts: nemesis.counts.blackouts,
    pauses: total(({ machine }) => machine.counts.pauses),
    lostOperations: total(({ machine }) => machine.disk.counts.lostOperations),
    tornWrites: total(({ machine }) => machine.disk.counts.tornWrites),
    noSpace: total(({ machine }) => machine.disk.counts.noSpace),
    writeErrors: total(({ machine }) => machine.disk.counts.writeErrors),
    syncErrors: total(({ machine }) => machine.disk.counts.syncErrors),
    slowOperations: total(({ machine }) => machine.disk.counts.slowOperations),
    stalls: nemesis.counts.stalls,
    cuts: counts.cuts,
    oneWayCuts: counts.oneWayCuts,
    heldMessages: counts.heldMessages,
    clogs: counts.clogs,
    resets: counts.resets,
    droppedMessages: counts.droppedMessages,
    lateChannels: counts.lateChannels,
    halfOpenChannels: counts.halfOpenChannels,
    backPressure: counts.backPressure,
    wallJumps: total(({ machine }) => machine.counts.wallJumps),
    killedWhenElected: nemesis.counts.killedWhenElected,
    quietTurns: nemesis.counts.quietTurns,
    brokenDirectories: total(({ machine }) => machine.disk.counts.brokenDirectories),
    shutdowns: cluster.counts.shutdowns,
    wipes: total(({ machine }) => machine.counts.wipes),
    replacedDirectories: cluster.counts.replacedDirectories,
    ...operator.counts,
    ownControllers: cluster.shape.hasOwnControllers ? 1 : 0,
  };
};

const run = async (options: SeedOptions): Promise<SeedReport> => {
  const world = new ClusterWorld(options.seed, options);
  const { scheduler, counts } = world.cluster;
  let violation: SeedReport['violation'];
  try {
    await world.live(options.maximumEvents);
  } catch (cause) {
    violation = violationOf(cause);
  }
  return {
    events: scheduler.eventCount,
    simulatedMs: scheduler.nowMs,
    hash: scheduler.trace.value,
    faults: faultsOf(world),
    work: { ...world.oracle.counts, ...world.clients.counts, ...world.visitors.counts, ...counts },
    ...(violation === undefined ? {} : { violation }),
  };
};

/** Whole clusters: the product's own nodes on simulated machines, with clients that remember what they are told. */
export const clusterSuite: Suite = { name: 'cluster', families, run };
