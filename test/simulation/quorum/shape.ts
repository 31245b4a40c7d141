import { SeededRandom } from '@kafkaesque/kernel';
import type { RaftSettings } from '@kafkaesque/raft';
import {
  drawDiskFaults,
  drawMessageFaults,
  drawNetworkFaults,
  noDiskFaults,
  noNetworkFaults,
} from '@kafkaesque/sim';
import type { DiskFaults, NetworkFaults } from '@kafkaesque/sim';

/** How often something is done to the world: on average once in so many milliseconds; Infinity: never. */
export interface NemesisShape {
  readonly killMs: number;
  readonly powerLossMs: number;
  readonly deathAtCallMs: number;
  readonly pauseMs: number;
  readonly partitionMs: number;
  readonly clogMs: number;
  readonly wipeMs: number;
  readonly bitRotMs: number;
  readonly membershipMs: number;
  readonly transferMs: number;
  readonly snapshotMs: number;
  /** A disk takes its time for a while. */
  readonly stallMs: number;
  readonly wallJumpMs: number;
  /** All processes die at once. */
  readonly blackoutMs: number;
}

/** How one seed's world differs from others (swarm). */
export interface QuorumShape {
  /** Controllers that vote from the start, and others that only follow. */
  readonly voterCount: number;
  readonly learnerCount: number;
  /** Brokers that follow the metadata and forward commands. */
  readonly brokerCount: number;
  /** `static`: voters are named by their node ids alone and never change (`kraft.version` 0). */
  readonly identity: 'directories' | 'static';
  readonly settings: RaftSettings;
  readonly snapshotAfterBytes: number;
  readonly snapshotIntervalMs: number;
  readonly disk: DiskFaults;
  readonly network: NetworkFaults;
  readonly nemesis: NemesisShape;
  /** How long a dead process stays dead, at most. */
  readonly downMs: number;
  readonly longestPauseMs: number;
  readonly partitionForMs: number;
  readonly driftPpm: number;
  readonly clientCount: number;
  /** Between two commands of a client, at most. */
  readonly thinkMs: number;
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
  'unruly',
  'diskSpace',
  'diskErrors',
  'slowDisks',
  'wipes',
  'bitRot',
  'membership',
  'transfers',
  'snapshots',
  'clocks',
] as const;
export type Family = (typeof families)[number];

const drawSettings = (random: SeededRandom): RaftSettings => {
  const pick = (...choices: readonly number[]): number => choices[random.below(choices.length)] ?? 0;
  const fetchTimeoutMs = pick(1500, 1500, 600, 300);
  return {
    heartbeatMs: pick(100, 100, 50, 20),
    fetchTimeoutMs,
    freshMs: fetchTimeoutMs / 2,
    electionTimeoutMs: pick(600, 600, 200, 60),
    maxAppendBytes: pick(1 << 20, 600, 150, 1),
    maxInFlightBytes: pick(8 << 20, 8 << 20, 4000, 600),
    snapshotChunkBytes: pick(1 << 20, 1 << 20, 700, 100),
    snapshotWindowChunks: pick(4, 2, 1),
    keptEntries: pick(1000, 50, 4, 0),
    keptBytes: pick(4 << 20, 1000, 100),
  };
};

const drawNemesis = (random: SeededRandom): NemesisShape => {
  const pick = (...choices: readonly number[]): number => choices[random.below(choices.length)] ?? 0;
  const rare = (): number => pick(Infinity, 40_000, 10_000);
  const often = (): number => pick(Infinity, 20_000, 5_000, 1_500);
  return {
    killMs: often(),
    powerLossMs: often(),
    deathAtCallMs: often(),
    pauseMs: often(),
    partitionMs: often(),
    clogMs: often(),
    wipeMs: rare(),
    bitRotMs: rare(),
    membershipMs: pick(Infinity, 10_000, 3_000, 500),
    transferMs: often(),
    snapshotMs: pick(Infinity, 10_000, 1_000, 200),
    wallJumpMs: rare(),
    stallMs: often(),
    blackoutMs: pick(Infinity, Infinity, 30_000, 10_000),
  };
};

const withoutFamilies = (shape: QuorumShape, without: ReadonlySet<string>): QuorumShape => {
  const off = (family: Family): boolean => without.has(family);
  const rate = (ms: number, family: Family): number => (off(family) ? Infinity : ms);
  const { nemesis, disk, network } = shape;
  return {
    ...shape,
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
      loss: off('unruly') ? 0 : network.loss,
      duplicate: off('unruly') ? 0 : network.duplicate,
      reorder: off('unruly') ? 0 : network.reorder,
      windowBytes: off('narrow') ? noNetworkFaults.windowBytes : network.windowBytes,
    },
    nemesis: {
      killMs: rate(nemesis.killMs, 'kills'),
      powerLossMs: rate(nemesis.powerLossMs, 'powerLosses'),
      deathAtCallMs: rate(nemesis.deathAtCallMs, 'deathsAtCall'),
      pauseMs: rate(nemesis.pauseMs, 'pauses'),
      partitionMs: rate(nemesis.partitionMs, 'partitions'),
      clogMs: rate(nemesis.clogMs, 'clogs'),
      wipeMs: rate(nemesis.wipeMs, 'wipes'),
      bitRotMs: rate(nemesis.bitRotMs, 'bitRot'),
      membershipMs: rate(nemesis.membershipMs, 'membership'),
      transferMs: rate(nemesis.transferMs, 'transfers'),
      snapshotMs: rate(nemesis.snapshotMs, 'snapshots'),
      stallMs: rate(nemesis.stallMs, 'slowDisks'),
      wallJumpMs: rate(nemesis.wallJumpMs, 'clocks'),
      blackoutMs: rate(nemesis.blackoutMs, 'blackouts'),
    },
  };
};

/** In some worlds single messages are lost, repeated and reordered, which no channel does. */
const drawNetwork = (random: SeededRandom): NetworkFaults => {
  const faults = random.below(6) === 0 ? noNetworkFaults : drawNetworkFaults(random);
  const unruly = drawMessageFaults(random);
  return random.below(6) === 0 ? { ...faults, ...unruly } : faults;
};

/** Draws everything first, so that a family that is switched off leaves the rest of the world as it was. */
export const drawQuorumShape = (
  seed: number,
  { nodes, without }: { readonly nodes?: number; readonly without: ReadonlySet<string> },
): QuorumShape => {
  const random = new SeededRandom(seed, 'quorum-shape');
  const pick = (...choices: readonly number[]): number => choices[random.below(choices.length)] ?? 0;
  const voterCount = pick(1, 3, 3, 3, 5, 5);
  const identity = random.below(6) === 0 ? 'static' : 'directories';
  const nemesis = drawNemesis(random);
  const shape: QuorumShape = {
    voterCount: nodes ?? voterCount,
    learnerCount: identity === 'static' ? 0 : pick(0, 0, 1, 2),
    brokerCount: pick(0, 1, 2, 3),
    identity,
    settings: drawSettings(random),
    snapshotAfterBytes: pick(20 << 20, 10_000, 2_000, 400),
    snapshotIntervalMs: pick(3_600_000, 20_000, 3_000),
    disk: random.below(4) === 0 ? noDiskFaults : drawDiskFaults(random),
    network: drawNetwork(random),
    // Where a wiped disk would be taken for the voter that it was, nothing is promised.
    nemesis: identity === 'static' ? { ...nemesis, wipeMs: Infinity, membershipMs: Infinity } : nemesis,
    downMs: pick(10, 500, 5_000, 30_000),
    longestPauseMs: pick(50, 1_000, 10_000),
    partitionForMs: pick(300, 3_000, 3_000, 15_000),
    driftPpm: pick(0, 100, 500),
    clientCount: pick(1, 2, 4),
    thinkMs: pick(10, 50, 300),
    chaosMs: pick(60_000, 60_000, 90_000),
  };
  return withoutFamilies(shape, without);
};
