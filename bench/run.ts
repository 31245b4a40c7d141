import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Sample } from './figures';
import {
  commitAll,
  groupNames,
  loadedWithin,
  measureAssign,
  measureCommits,
  measureHeartbeats,
} from './groups/measure';
import type { GroupScenario, LoadGroupsScenario } from './groups/scenarios';
import { gather } from './load/crowd';
import { isForKload, kloadFor } from './load/kload';
import type { Load } from './load/load';
import { loadFor } from './load/load';
import type { Outcome } from './load/outcome';
import { allPartitions, fillPartitions, produceFor } from './load/produce';
import { machineTicks, processorSeconds, residentMib, stealBetween } from './machine';
import type { RunOptions } from './options';
import type { Parts } from './profile';
import { perGb, readProfile } from './profile';
import { measureQuorum } from './quorum/measure';
import { loadSnapshotIn } from './quorum/snapshot';
import { ClusterRounds } from './replication/cluster-rounds';
import type { Run } from './sample';
import { sampleOf } from './sample';
import type { LoadScenario, MemoryScenario, QuorumScenario, Scenario, StartScenario } from './scenarios';
import { kafkaCluster } from './servers/kafka-cluster';
import { ourCluster } from './servers/our-cluster';
import type { Durability, RunningServer, ServerKind, ServerName } from './servers/server';

/** The counted runs of one scenario on one server. */
export interface Measured {
  readonly scenario: string;
  readonly server: ServerName;
  readonly samples: readonly Sample[];
  /** What profiles say of the rounds; empty when none were taken. */
  readonly profiles: readonly Parts[];
  /** Steal of each round that was thrown away, 0 to 1. */
  readonly discarded: readonly number[];
  /** Why there are no figures, if so. */
  readonly failure: string | undefined;
}

const TOPIC = 'bench';
const SETTLE_MS = 500;
const BYTES_EACH = 1000;
/** Of those that were loaded. */
const ASKED_GROUPS = 500;
/** A thousand requests a second take longer to warm a compiler up. */
const OPEN_LOOP_WARM_SECONDS = 10;

const isOpenLoop = ({ kind }: Load): boolean => kind === 'latency' || kind === 'spread';

/** Rounds of a scenario, the servers taking turns; a kept server lives as long as the scenarios that share its durability. */
export class Bench {
  readonly #options: RunOptions;
  readonly #say: (line: string) => void;
  #kept:
    { readonly kind: ServerKind; readonly durability: string; readonly server: RunningServer } | undefined;
  #isKeptWarm = false;
  #topicNumber = 0;
  readonly #clusters: ClusterRounds;

  constructor(options: RunOptions, say: (line: string) => void) {
    this.#options = options;
    this.#clusters = new ClusterRounds(options);
    this.#say = say;
  }

  async measure(scenario: Scenario, kinds: readonly ServerKind[]): Promise<readonly Measured[]> {
    const { rounds, maxSteal } = this.#options;
    const results = kinds
      .filter(({ name }) => scenario.servers.includes(name))
      .map((kind) => ({
        kind,
        samples: [] as Sample[],
        profiles: [] as Parts[],
        discarded: [] as number[],
        failure: undefined as string | undefined,
      }));
    // A round of many deaths is as good as many rounds.
    const hasManyDeaths =
      scenario.kind === 'failover' || (scenario.kind === 'quorum' && scenario.measures === 'failover');
    const wanted = hasManyDeaths ? 1 : rounds;
    for (let round = 0; round < wanted * 2; round += 1) {
      for (const result of results) {
        if (result.failure !== undefined || result.samples.length >= wanted) continue;
        const before = machineTicks();
        try {
          const { sample, parts } = await this.#once(scenario, result.kind);
          const steal = stealBetween(before, machineTicks());
          if (steal > maxSteal) result.discarded.push(steal);
          else {
            result.samples.push(sample);
            if (parts !== undefined) result.profiles.push(parts);
          }
          this.#say(line(scenario, result.kind, sample, steal, steal > maxSteal));
        } catch (error) {
          result.failure = (error as Error).message;
          this.#say(`${scenario.name} ${result.kind.name}: ${result.failure}`);
          await this.close();
        }
      }
    }
    return results.map(({ kind, ...rest }) => ({ scenario: scenario.name, server: kind.name, ...rest }));
  }

  /** Stops what was kept. */
  async close(): Promise<void> {
    await this.#closeServer();
    await this.#clusters.close();
  }

  async #closeServer(): Promise<void> {
    const kept = this.#kept;
    this.#kept = undefined;
    await kept?.server.stop();
  }

  async #once(scenario: Scenario, kind: ServerKind): Promise<Run> {
    const directory = mkdtempSync(join(tmpdir(), 'kafkaesque-bench-'));
    try {
      switch (scenario.kind) {
        case 'load':
          return await this.#load(scenario, kind, directory);
        case 'start':
          return { sample: await this.#start(scenario, kind, directory) };
        case 'memory':
          return { sample: await this.#memory(scenario, kind, directory) };
        case 'quorum':
          return { sample: await this.#quorum(scenario, kind, directory) };
        case 'groups':
          return { sample: await this.#groups(scenario, kind, directory) };
        case 'snapshot':
          return { sample: loadSnapshotIn(directory, Math.ceil(scenario.partitions * this.#options.size)) };
        case 'replicated':
        case 'failover':
        case 'scale':
        case 'reassign':
          // Nothing beside it: a kept server would be in its way.
          await this.#closeServer();
          return await this.#clusters.measure(
            scenario,
            kind.name === 'kafka' ? kafkaCluster : ourCluster,
            directory,
          );
      }
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  }

  async #load(scenario: LoadScenario, kind: ServerKind, directory: string): Promise<Run> {
    const { seconds, warming, profileDirectory } = this.#options;
    this.#topicNumber += 1;
    const profile =
      profileDirectory === undefined || kind.isKept
        ? undefined
        : join(profileDirectory, `${scenario.name}-${kind.name}-${this.#topicNumber}.cpuprofile`);
    const server = kind.isKept
      ? await this.#keep(kind, scenario)
      : await kind.start({ directory, durability: scenario.durability, profile });
    const topic = `${TOPIC}-${this.#topicNumber}`;
    const waitingTopic = `${topic}-waiting`;
    let leave = (): void => undefined;
    let sample: Sample;
    let allBytes = 0;
    try {
      const idleMib = residentMib(server.pid);
      const load = this.#scaled(scenario.load);
      await server.createTopic(topic, Math.max(1, Math.ceil(scenario.partitions * this.#options.size)));
      if (scenario.crowd !== undefined) {
        const { idle, waiting } = scenario.crowd;
        const { size } = this.#options;
        await server.createTopic(waitingTopic, 1);
        leave = await gather(server.port, waitingTopic, {
          idle: Math.ceil(idle * size),
          waiting: Math.ceil(waiting * size),
        });
      }
      const warmSeconds =
        Math.max(
          kind.isKept && !this.#isKeptWarm ? kind.warmSeconds.first : kind.warmSeconds.each,
          isOpenLoop(load) ? OPEN_LOOP_WARM_SECONDS : 0,
        ) * warming;
      if (load.kind === 'fetch')
        allBytes += (await produceFor(server.port, topic, load.fill, Math.min(2, seconds))).bytes;
      allBytes += (await this.#generate(server.port, topic, load, warmSeconds)).bytes;
      if (kind.isKept) this.#isKeptWarm = true;
      const before = processorSeconds(server.pid);
      const outcome = await this.#generate(server.port, topic, load, seconds);
      const used = processorSeconds(server.pid) - before;
      allBytes += outcome.bytes;
      sample = {
        ...sampleOf(outcome, used),
        residentMib: residentMib(server.pid),
        ...(kind.isKept ? {} : { idleMib, startMs: server.startMs }),
      };
    } finally {
      leave();
      if (kind.isKept) {
        await server.deleteTopic(topic);
        if (scenario.crowd !== undefined) await server.deleteTopic(waitingTopic);
      } else await server.stop();
      await sleep(SETTLE_MS * Math.min(1, warming));
    }
    // A profile is of the whole process, so it stands against everything that the process has moved.
    return profile === undefined ? { sample } : { sample, parts: perGb(readProfile(profile), allBytes) };
  }

  #generate(port: number, topic: string, load: Load, seconds: number): Promise<Outcome> {
    return this.#options.generator === 'kload' && isForKload(load)
      ? kloadFor(port, topic, load, seconds)
      : loadFor(port, topic, load, seconds);
  }

  #scaled(load: Load): Load {
    return load.kind === 'spread'
      ? { ...load, partitions: Math.max(1, Math.ceil(load.partitions * this.#options.size)) }
      : load;
  }

  async #keep(kind: ServerKind, { durability }: Scenario): Promise<RunningServer> {
    if (this.#kept?.kind !== kind || this.#kept.durability !== durability) {
      await this.close();
      const directory = tmpdir();
      this.#kept = { kind, durability, server: await kind.start({ directory, durability }) };
      this.#isKeptWarm = false;
    }
    return this.#kept.server;
  }

  async #start(
    { partitions, bytes, durability }: StartScenario,
    kind: ServerKind,
    directory: string,
  ): Promise<Sample> {
    const { size } = this.#options;
    if (partitions > 0) {
      const server = await kind.start({ directory, durability });
      try {
        const count = Math.ceil(partitions * size);
        await server.createTopic(TOPIC, count);
        await fillPartitions(server.port, TOPIC, allPartitions(count), bytes * size);
      } finally {
        await server.stop();
      }
    }
    const server = await kind.start({ directory, durability });
    try {
      return { startMs: server.startMs, idleMib: residentMib(server.pid) };
    } finally {
      await server.stop();
    }
  }

  async #quorum(scenario: QuorumScenario, kind: ServerKind, directory: string): Promise<Sample> {
    // Nothing beside it: a kept server would be in its way.
    await this.close();
    const { size, seconds } = this.#options;
    const clusters = kind.name === 'kafka' ? kafkaCluster : ourCluster;
    const cluster = await clusters.start({ directory, durability: 'system' });
    try {
      return await measureQuorum(scenario, cluster, { size, seconds });
    } finally {
      await cluster.stop();
    }
  }

  async #groups(scenario: GroupScenario, kind: ServerKind, directory: string): Promise<Sample> {
    if (scenario.measures === 'load') return this.#loadGroups(scenario, kind, directory);
    const { seconds, size, warming } = this.#options;
    this.#topicNumber += 1;
    const topic = `${TOPIC}-${this.#topicNumber}`;
    const server = kind.isKept
      ? await this.#keep(kind, scenario)
      : await kind.start({ directory, durability: scenario.durability });
    try {
      if (scenario.measures === 'heartbeats') {
        await server.createTopic(topic, Math.ceil(scenario.members * size));
        return await measureHeartbeats(scenario, server, topic, { seconds, size });
      }
      const once = (): Promise<Sample> =>
        scenario.measures === 'assign'
          ? measureAssign(scenario, server, topic)
          : measureCommits(scenario, server, topic, Math.min(1, seconds));
      await server.createTopic(
        topic,
        scenario.measures === 'assign' ? scenario.members : scenario.partitions,
      );
      const { first, each } = kind.warmSeconds;
      const warmMs = (kind.isKept && !this.#isKeptWarm ? first : each) * warming * 1000;
      const beganMs = performance.now();
      do await once();
      while (performance.now() - beganMs < warmMs);
      this.#isKeptWarm = kind.isKept;
      return scenario.measures === 'assign'
        ? await once()
        : await measureCommits(scenario, server, topic, seconds);
    } finally {
      if (kind.isKept) await server.deleteTopic(topic);
      else await server.stop();
      await sleep(SETTLE_MS * Math.min(1, warming));
    }
  }

  async #loadGroups(
    { groups, partitions, durability }: LoadGroupsScenario,
    kind: ServerKind,
    directory: string,
  ): Promise<Sample> {
    const names = groupNames(Math.ceil(groups * this.#options.size));
    const before = await kind.start({ directory, durability });
    try {
      await before.createTopic(TOPIC, partitions);
      await commitAll(before.port, TOPIC, names, partitions);
    } finally {
      await before.stop();
    }
    const empty = await this.#emptyMib(kind, durability);
    const server = await kind.start({ directory, durability });
    try {
      // Among so many there is one in each partition of the offsets topic.
      const asked = names.slice(0, ASKED_GROUPS).map((name, at) => [name, at + 1] as const);
      const loadMs = await loadedWithin(server.port, TOPIC, asked);
      return { loadMs, loadedMib: residentMib(server.pid) - empty };
    } finally {
      await server.stop();
    }
  }

  /** Memory of a node that has just started on nothing. */
  async #emptyMib(kind: ServerKind, durability: Durability): Promise<number> {
    const directory = mkdtempSync(join(tmpdir(), 'kafkaesque-bench-'));
    const server = await kind.start({ directory, durability });
    try {
      return residentMib(server.pid);
    } finally {
      await server.stop();
      rmSync(directory, { recursive: true, force: true });
    }
  }

  async #memory(
    { partitions, durability }: MemoryScenario,
    kind: ServerKind,
    directory: string,
  ): Promise<Sample> {
    const server = await kind.start({ directory, durability });
    try {
      const idleMib = residentMib(server.pid);
      const count = Math.ceil(partitions * this.#options.size);
      await server.createTopic(TOPIC, count);
      // A partition that nothing was ever written to has no log to remember.
      await fillPartitions(server.port, TOPIC, allPartitions(count), count * BYTES_EACH);
      return { idleMib, residentMib: residentMib(server.pid) };
    } finally {
      await server.stop();
    }
  }
}

const line = (
  scenario: Scenario,
  kind: ServerKind,
  sample: Sample,
  steal: number,
  isDiscarded: boolean,
): string => {
  const shown = scenario.figures.map((figure) => `${figure} ${(sample[figure] ?? NaN).toFixed(3)}`);
  const discarded = isDiscarded ? ', thrown away' : '';
  return `${scenario.name} ${kind.name}: ${shown.join(' ')} (steal ${(steal * 100).toFixed(1)} %${discarded})`;
};
