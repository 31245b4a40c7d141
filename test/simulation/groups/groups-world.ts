import { hasCode } from '@kafkaesque/kernel';
import { initialiseCodecs } from '@kafkaesque/protocol';
import { noNetworkFaults } from '@kafkaesque/sim';
import { Cluster } from '../cluster/cluster';
import { Nemesis } from '../cluster/nemesis';
import { Violation, violationOf } from '../runner/suite';
import type { SeedOptions, SeedReport, Suite } from '../runner/suite';
import { GroupOracle } from './group-oracle';
import { Members } from './members';
import { drawGroupsShape, families } from './shape';
import type { GroupsShape } from './shape';

const LEAST_EVENTS = 5_000;
const MOST_EVENTS = 2_000_000;
/** How long healed groups may take until everything is processed and committed. */
const CONVERGE_MS = 120_000;

/** By what a node logs. */
const coordinatorNews: ReadonlyMap<string, 'loading' | 'loaded'> = new Map([
  ['a coordinator is being loaded', 'loading'],
  ['a coordinator has been loaded', 'loaded'],
]);

/** Whole brokers with their coordinators, groups of members, what is done to them, and who sees whether they keep their promises. */
export class GroupsWorld {
  readonly cluster: Cluster;
  readonly oracle: GroupOracle;
  readonly members: Members;
  readonly nemesis: Nemesis;
  readonly shape: GroupsShape;

  constructor(seed: number, { nodes, without = new Set<string>(), trace }: SeedOptions) {
    this.shape = drawGroupsShape(seed, { without, ...(nodes === undefined ? {} : { nodes }) });
    this.cluster = new Cluster(seed, this.shape.cluster);
    this.oracle = new GroupOracle(() => this.cluster.scheduler.nowMs);
    this.cluster.logged = ({ nodeId }, message, fields) => {
      const what = coordinatorNews.get(message);
      if (what !== undefined) this.oracle.coordinates(nodeId, what, Number(fields?.['partition']));
    };
    this.cluster.died = ({ nodeId }) => this.oracle.coordinates(nodeId, 'nothing');
    this.members = new Members(this.cluster, this.shape, this.oracle);
    this.nemesis = new Nemesis(this.cluster, this.members.hosts, {
      elected: () => undefined,
      leaders: () => this.members.coordinators,
      isSpare: () => false,
      isSpareDirectory: () => false,
    });
    if (trace === undefined) return;
    const { scheduler } = this.cluster;
    this.cluster.say = (node, what) =>
      trace(
        `${scheduler.nowMs.toFixed(3).padStart(12)} ${String(scheduler.eventCount).padStart(7)} ${node} ${what}`,
      );
  }

  get violation(): Violation | undefined {
    return this.oracle.violation ?? this.cluster.violation ?? this.members.violation;
  }

  /** Chaos, then healing and the demand for progress. Returns when all is well; throws the first violation. */
  async live(maximumEvents = MOST_EVENTS): Promise<void> {
    const { cluster, nemesis, members, shape } = this;
    const { scheduler } = cluster;
    await initialiseCodecs();
    const rejected = (cause: unknown): void => {
      if (hasCode(cause, 'DEAD_PROCESS')) return;
      cluster.violation ??= new Violation('no failure goes unheard', violationOf(cause).message);
    };
    process.on('unhandledRejection', rejected);
    try {
      await cluster.format();
      for (const member of cluster.members) cluster.start(member);
      nemesis.begin();
      members.begin();
      const until = (): boolean =>
        this.violation !== undefined ||
        (scheduler.nowMs >= shape.cluster.chaosMs && scheduler.eventCount >= LEAST_EVENTS);
      await scheduler.run({ until, maximumEvents });
      this.#throwViolation();
      nemesis.rest();
      this.#heal();
      members.rest();
      await this.#converge();
    } catch (cause) {
      throw this.violation ?? cause;
    } finally {
      members.isOver = true;
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
      scheduler.after(random.below(200), 'start', () => this.cluster.start(member));
    }
  }

  /** Every group comes to rest: all its members are in one epoch, each partition has one owner, and everything in it was processed and committed. */
  async #converge(): Promise<void> {
    const { scheduler } = this.cluster;
    const { members, oracle } = this;
    const untilMs = scheduler.nowMs + CONVERGE_MS;
    const end = await scheduler.run({
      until: () => this.violation !== undefined || members.areDone,
      untilMs,
    });
    this.#throwViolation();
    if (end !== 'condition')
      throw new Violation(
        'liveness',
        `groups are not whole, or not everything is processed and committed, ${CONVERGE_MS} ms after healing: ` +
          oracle.standing(members.groups, members.partitionCount),
      );
  }

  #throwViolation(): void {
    if (this.violation !== undefined) throw this.violation;
  }
}

const faultsOf = ({ cluster, nemesis }: GroupsWorld): Record<string, number> => {
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
    slowOperations: total(({ machine }) => machine.disk.counts.slowOperations),
    stalls: nemesis.counts.stalls,
    cuts: counts.cuts,
    oneWayCuts: counts.oneWayCuts,
    clogs: counts.clogs,
    resets: counts.resets,
    droppedMessages: counts.droppedMessages,
    lateChannels: counts.lateChannels,
    wallJumps: total(({ machine }) => machine.counts.wallJumps),
    shutdowns: cluster.counts.shutdowns,
  };
};

const run = async (options: SeedOptions): Promise<SeedReport> => {
  const world = new GroupsWorld(options.seed, options);
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
    work: {
      ...world.oracle.counts,
      ...world.members.counts,
      ...world.members.keeperCounts,
      ...counts,
    },
    ...(violation === undefined ? {} : { violation }),
  };
};

/** Groups of consumers over the product's own coordinators. */
export const groupsSuite: Suite = { name: 'groups', families, run };
