import { SeededRandom } from '@kafkaesque/kernel';
import { drawDiskFaults, drawNetworkFaults, noDiskFaults, noNetworkFaults } from '@kafkaesque/sim';
import type { DiskFaults, NetworkFaults } from '@kafkaesque/sim';

/** How often something is done to the world: on average once in so many milliseconds; Infinity: never. */
export interface NemesisShape {
  readonly killMs: number;
  readonly powerLossMs: number;
  readonly deathAtCallMs: number;
  readonly pauseMs: number;
  readonly partitionMs: number;
  readonly clogMs: number;
  readonly stallMs: number;
  readonly wallJumpMs: number;
  /** All processes die at once. */
  readonly blackoutMs: number;
  /** A node is stopped as an operator stops it, and started again. */
  readonly shutdownMs: number;
  /** A broker's disk is replaced by an empty one, where that loses nothing. */
  readonly wipeMs: number;
  /** One of a broker's log directories fails, and is repaired later. */
  readonly breakMs: number;
  /** One of a broker's log directories is replaced by an empty one, where that loses nothing. */
  readonly replaceMs: number;
}

/** How often an operator asks for something, in the same terms. */
export interface OperatorShape {
  readonly reassignMs: number;
  readonly electMs: number;
  /** Topics beside the one that is judged are created and deleted. */
  readonly topicMs: number;
  /** What one disk has must be elsewhere as well where disks are replaced. */
  readonly leastReplicas: number;
}

/** How one seed's world differs from others (swarm). */
export interface ClusterShape {
  /** Their ids are 1 and up; the first three are controllers as well, unless these are nodes of their own. */
  readonly brokerCount: number;
  readonly hasOwnControllers: boolean;
  /** Of each broker. */
  readonly directoryCount: number;
  readonly partitionCount: number;
  /** Of brokers, by Kafka's names. */
  readonly settings: Readonly<Record<string, number>>;
  readonly disk: DiskFaults;
  readonly network: NetworkFaults;
  readonly nemesis: NemesisShape;
  readonly operator: OperatorShape;
  /** How long a dead process stays dead, at most. */
  readonly downMs: number;
  readonly longestPauseMs: number;
  readonly partitionForMs: number;
  /** How long a log directory stays broken, at most: over several lives of its broker, if it is long. */
  readonly brokenForMs: number;
  /** After so much silence a broker is fenced. */
  readonly sessionMs: number;
  readonly driftPpm: number;
  readonly producerCount: number;
  readonly consumerCount: number;
  /** Between two requests of a client, at most. */
  readonly thinkMs: number;
  /** Harm is done, and not, in turns of at most so long. */
  readonly turnMs: number;
  readonly chaosMs: number;
}

/** Families of faults that can be switched off, as `--without` names them. */
export const families = [
  'kills',
  'powerLosses',
  'deathsAtCall',
  'blackouts',
  'pauses',
  'partitions',
  'clogs',
  'resets',
  'late',
  'narrow',
  'diskSpace',
  'diskErrors',
  'slowDisks',
  'clocks',
  'reassignments',
  'elections',
  'topics',
  'ownControllers',
  'shutdowns',
  'wipes',
  'brokenDirectories',
  'replacedDirectories',
] as const;
export type Family = (typeof families)[number];

type Pick = (...choices: readonly number[]) => number;

const drawNemesis = (pick: Pick): Omit<NemesisShape, 'replaceMs'> => {
  const often = (): number => pick(Infinity, 20_000, 6_000, 2_000);
  return {
    killMs: often(),
    powerLossMs: often(),
    deathAtCallMs: often(),
    pauseMs: often(),
    partitionMs: often(),
    clogMs: often(),
    stallMs: often(),
    wallJumpMs: pick(Infinity, 40_000, 10_000),
    blackoutMs: pick(Infinity, Infinity, 30_000, 10_000),
    shutdownMs: pick(Infinity, 20_000, 8_000, 3_000),
    wipeMs: pick(Infinity, Infinity, 10_000, 2_000),
    breakMs: pick(20_000, 8_000, 3_000),
  };
};

/** Only where no partition comes to be on one disk alone while that is replaced. */
const drawReplacing = (pick: Pick, { wipeMs }: { readonly wipeMs: number }): number => {
  const replaceMs = pick(Infinity, 15_000, 5_000, 5_000);
  return wipeMs === Infinity ? Infinity : replaceMs;
};

const drawOperator = (pick: Pick, { wipeMs }: { readonly wipeMs: number }): OperatorShape => ({
  reassignMs: pick(Infinity, 20_000, 5_000, 1_000),
  electMs: pick(Infinity, 20_000, 3_000),
  topicMs: pick(Infinity, 15_000, 4_000, 1_500),
  leastReplicas: wipeMs === Infinity ? 1 : 2,
});

/**
 * Of two directories one may fail, and the process goes on: then no page cache may show what the disk lacks. So they
 * fail as a whole there, and not by single operations.
 */
const drawDisk = (random: SeededRandom, directoryCount: number): DiskFaults => {
  const disk = random.below(3) === 0 ? noDiskFaults : drawDiskFaults(random);
  return directoryCount === 1 ? disk : { ...disk, writeError: 0, syncError: 0 };
};

const withoutFamilies = (shape: ClusterShape, without: ReadonlySet<string>): ClusterShape => {
  const off = (family: Family): boolean => without.has(family);
  const rate = (ms: number, family: Family): number => (off(family) ? Infinity : ms);
  const { nemesis, operator, disk, network } = shape;
  return {
    ...shape,
    hasOwnControllers: !off('ownControllers') && shape.hasOwnControllers,
    driftPpm: off('clocks') ? 0 : shape.driftPpm,
    disk: {
      ...disk,
      noSpace: off('diskSpace') ? 0 : disk.noSpace,
      writeError: off('diskErrors') ? 0 : disk.writeError,
      syncError: off('diskErrors') ? 0 : disk.syncError,
      slow: off('slowDisks') ? 0 : disk.slow,
    },
    network: {
      ...network,
      reset: off('resets') ? 0 : network.reset,
      late: off('late') ? 0 : network.late,
      clog: off('clogs') ? 0 : network.clog,
      bytesPerMs: off('narrow') ? Infinity : network.bytesPerMs,
      windowBytes: off('narrow') ? noNetworkFaults.windowBytes : network.windowBytes,
    },
    nemesis: {
      killMs: rate(nemesis.killMs, 'kills'),
      powerLossMs: rate(nemesis.powerLossMs, 'powerLosses'),
      deathAtCallMs: rate(nemesis.deathAtCallMs, 'deathsAtCall'),
      pauseMs: rate(nemesis.pauseMs, 'pauses'),
      partitionMs: rate(nemesis.partitionMs, 'partitions'),
      clogMs: rate(nemesis.clogMs, 'clogs'),
      stallMs: rate(nemesis.stallMs, 'slowDisks'),
      wallJumpMs: rate(nemesis.wallJumpMs, 'clocks'),
      blackoutMs: rate(nemesis.blackoutMs, 'blackouts'),
      shutdownMs: rate(nemesis.shutdownMs, 'shutdowns'),
      wipeMs: rate(nemesis.wipeMs, 'wipes'),
      breakMs: rate(nemesis.breakMs, 'brokenDirectories'),
      replaceMs: rate(nemesis.replaceMs, 'replacedDirectories'),
    },
    operator: {
      ...operator,
      reassignMs: rate(operator.reassignMs, 'reassignments'),
      electMs: rate(operator.electMs, 'elections'),
      topicMs: rate(operator.topicMs, 'topics'),
    },
  };
};

/** Draws everything first, so that a family that is switched off leaves the rest of the world as it was. */
export const drawClusterShape = (
  seed: number,
  { nodes, without }: { readonly nodes?: number; readonly without: ReadonlySet<string> },
): ClusterShape => {
  const random = new SeededRandom(seed, 'cluster-shape');
  const pick: Pick = (...choices) => choices[random.below(choices.length)] ?? 0;
  // Of its own: what is drawn otherwise is as it was.
  const ofDirectories = new SeededRandom(seed, 'cluster-shape of directories');
  const pickOfDirectories: Pick = (...choices) => choices[ofDirectories.below(choices.length)] ?? 0;
  const sessionMs = pick(9_000, 3_000, 2_000);
  const brokerCount = pick(3, 3, 4, 5);
  const nemesis = drawNemesis(pick);
  const directoryCount = pick(1, 1, 2);
  const shape: ClusterShape = {
    brokerCount: nodes ?? brokerCount,
    partitionCount: pick(1, 2, 3),
    settings: {
      'broker.session.timeout.ms': sessionMs,
      'broker.heartbeat.interval.ms': pick(sessionMs / 10, sessionMs / 4),
      'replica.lag.time.max.ms': pick(10_000, 2_000, 500),
      'controller.quorum.fetch.timeout.ms': pick(2_000, 1_000),
      'controller.quorum.election.timeout.ms': pick(1_000, 300),
    },
    disk: drawDisk(random, directoryCount),
    network: random.below(4) === 0 ? noNetworkFaults : drawNetworkFaults(random),
    nemesis: { ...nemesis, replaceMs: drawReplacing(pickOfDirectories, nemesis) },
    brokenForMs: sessionMs * pickOfDirectories(2, 6, 20),
    operator: drawOperator(pick, nemesis),
    hasOwnControllers: random.below(3) === 0,
    directoryCount,
    downMs: pick(10, 500, 5_000, 20_000),
    longestPauseMs: pick(50, 1_000, 10_000),
    partitionForMs: pick(300, 3_000, 12_000),
    sessionMs,
    driftPpm: pick(0, 100, 500),
    producerCount: pick(2, 4, 6),
    consumerCount: pick(1, 2),
    thinkMs: pick(20, 100, 300),
    turnMs: pick(5_000, 15_000, Infinity),
    chaosMs: pick(30_000, 60_000),
  };
  return withoutFamilies(shape, without);
};
