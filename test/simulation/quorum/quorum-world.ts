import { hasCode } from '@kafkaesque/kernel';
import { stateHash } from '@kafkaesque/metadata';
import { Violation } from '../runner/suite';
import type { SeedOptions, SeedReport, Suite } from '../runner/suite';
import { violationOf } from '../runner/suite';
import { Clients } from './clients';
import { Cluster } from './cluster';
import { demandProgress } from './liveness';
import { Nemesis } from './nemesis';
import { controllerSettings } from './node';
import { Committed } from './oracle/committed';
import { QuorumOracle } from './oracle/quorum-oracle';
import { watchRaft } from './oracle/raft-steps';
import { drawQuorumShape, families } from './shape';
import { traceWorld } from './tracing';

/** A seed runs at least so many events and so long, whatever comes first, and no more events of chaos than the last. */
const LEAST_EVENTS = 5_000;
const MOST_EVENTS = 2_000_000;
/** States are compared this often. */
const COMPARE_EVERY_EVENTS = 32;

/** One quorum, its clients, what is done to it, and who sees whether it keeps its promises. */
export class QuorumWorld {
  readonly cluster: Cluster;
  readonly committed: Committed;
  readonly oracle: QuorumOracle;
  readonly clients: Clients;
  readonly nemesis: Nemesis;
  #events = 0;

  constructor(seed: number, options: SeedOptions) {
    const { nodes, without = new Set<string>(), trace } = options;
    const shape = drawQuorumShape(seed, { without, ...(nodes === undefined ? {} : { nodes }) });
    this.cluster = new Cluster(seed, shape);
    this.committed = new Committed(controllerSettings, this.cluster.initialVoters);
    this.oracle = new QuorumOracle(this.cluster, this.committed);
    this.clients = new Clients(this.cluster, this.committed);
    this.nemesis = new Nemesis(this.cluster, this.oracle, (member) => {
      if (member.running !== undefined) void this.clients.command(member, member.running);
    });
    this.cluster.network.observer = {
      sent: (from, to, message) => this.oracle.sent(from, to, message),
    };
    if (trace !== undefined) traceWorld(this, trace);
  }

  get violation(): Violation | undefined {
    return this.oracle.violation ?? this.cluster.violation ?? this.clients.violation;
  }

  /** Whether something is broken; asked after every event, and compares states now and then. */
  isBroken(): boolean {
    this.oracle.eventOver();
    if (++this.#events % COMPARE_EVERY_EVENTS === 0) this.compareStates();
    return this.violation !== undefined;
  }

  /** R14: whoever shows the metadata of one offset shows the same. */
  compareStates(): void {
    for (const { running, machine } of this.cluster.members) {
      if (running === undefined) continue;
      const { image } = running;
      const expected = this.committed.at(image.offset)?.stateHash;
      if (image.offset < 0 || stateHash(image) === expected) continue;
      this.cluster.violation ??= new Violation(
        'R14 apply determinism',
        `${machine.name} shows at offset ${image.offset} another state than the log makes${expected === undefined ? ': nothing is committed there' : ''}`,
      );
    }
  }

  /** Chaos, then healing and the demand for progress. Returns when all is well; throws the first violation. */
  async live(maximumEvents = MOST_EVENTS): Promise<void> {
    const { cluster, nemesis, clients } = this;
    const { scheduler, shape } = cluster;
    watchRaft(this.oracle);
    const rejected = (cause: unknown): void => {
      if (hasCode(cause, 'DEAD_PROCESS')) return;
      this.cluster.violation ??= new Violation('no failure goes unheard', violationOf(cause).message);
    };
    process.on('unhandledRejection', rejected);
    try {
      await cluster.format();
      for (const member of cluster.members) cluster.start(member);
      nemesis.begin();
      clients.begin();
      const until = (): boolean =>
        this.isBroken() || (scheduler.nowMs >= shape.chaosMs && scheduler.eventCount >= LEAST_EVENTS);
      await scheduler.run({ until, maximumEvents });
      this.#throwViolation();
      nemesis.rest();
      clients.rest();
      await demandProgress(this);
      this.compareStates();
      this.#throwViolation();
    } catch (cause) {
      // What the code under test threw because the oracle stopped it is not the first cause.
      throw this.violation ?? cause;
    } finally {
      watchRaft(undefined);
      process.off('unhandledRejection', rejected);
    }
  }

  #throwViolation(): void {
    if (this.violation !== undefined) throw this.violation;
  }
}

const faultsOf = (world: QuorumWorld): Record<string, number> => {
  const { cluster, nemesis } = world;
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
    wipes: total(({ machine }) => machine.counts.wipes),
    bitRot: nemesis.counts.bitRot,
    refusals: cluster.counts.refusals,
    cuts: counts.cuts,
    oneWayCuts: counts.oneWayCuts,
    heldMessages: counts.heldMessages,
    clogs: counts.clogs,
    resets: counts.resets,
    droppedMessages: counts.droppedMessages,
    lateChannels: counts.lateChannels,
    halfOpenChannels: counts.halfOpenChannels,
    keepAliveFailures: counts.keepAliveFailures,
    refusedDials: counts.refusedDials,
    backPressure: counts.backPressure,
    lostMessages: counts.lostMessages,
    duplicatedMessages: counts.duplicatedMessages,
    reorderedMessages: counts.reorderedMessages,
    membershipChanges: nemesis.counts.membershipChanges,
    transfers: nemesis.counts.transfers,
    wallJumps: total(({ machine }) => machine.counts.wallJumps),
  };
};

const workOf = ({ oracle, clients, committed, nemesis, cluster }: QuorumWorld): Record<string, number> => ({
  entries: committed.lastIndex,
  elections: oracle.elections.count,
  overridden: oracle.counts.overridden,
  voterChanges: oracle.counts.voterChanges,
  restores: oracle.counts.restores,
  snapshots: nemesis.counts.snapshots,
  starts: cluster.counts.starts,
  done: clients.counts.done,
  refused: clients.counts.refused + clients.counts.notController,
  unknown: clients.counts.unknown,
  reads: clients.counts.reads,
});

const run = async (options: SeedOptions): Promise<SeedReport> => {
  const world = new QuorumWorld(options.seed, options);
  const { scheduler } = world.cluster;
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
    work: workOf(world),
    ...(violation === undefined ? {} : { violation }),
  };
};

/** The metadata quorum: the product's own controllers on simulated machines. */
export const quorumSuite: Suite = { name: 'quorum', families, run };
