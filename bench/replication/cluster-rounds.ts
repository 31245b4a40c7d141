import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Load } from '../load/load';
import type { Parts } from '../profile';
import { perGb, readProfile, sumOfParts } from '../profile';
import type { RunOptions } from '../options';
import type { Run } from '../sample';
import { sampleOf } from '../sample';
import type { ClusterKind, RunningCluster } from '../servers/cluster';
import type { Durability } from '../servers/server';
import { loadCluster } from './cluster-load';
import { measureFailover, settled } from './failover';
import { measureReassignment } from './reassign';
import { measureScale, processorSecondsOf, residentMibOf, usedSince } from './scale';
import type { ReplicatedScenario, ReplicationScenario } from './scenarios';
import { createReplicated, deleteReplicated, ledIn, spreadOver } from './topics';

interface Kept {
  readonly durability: Durability;
  readonly cluster: RunningCluster;
  isWarm: boolean;
}

const KAFKA_WARM_SECONDS = 20;
const WARM_SECONDS = 3;
/** Three compilers share two processors with everything else. */
const OUR_WARM_SECONDS = 10;
/** A few hundred requests a second take longer to warm a compiler up. */
const OPEN_LOOP_WARM_SECONDS = 10;
/** Percentiles of a steady rate need more of it than throughput does. */
const OPEN_LOOP_FACTOR = 3;
const SETTLE_MS = 500;

const isOpenLoop = ({ kind }: Load): boolean => kind !== 'produce';

/** Runs on clusters of three: ours start anew for each, Kafka's are kept for scenarios of one durability that only load them. */
export class ClusterRounds {
  readonly #options: RunOptions;
  #kept: Kept | undefined;
  #number = 0;

  constructor(options: RunOptions) {
    this.#options = options;
  }

  async measure(scenario: ReplicationScenario, kind: ClusterKind, directory: string): Promise<Run> {
    this.#number += 1;
    if (scenario.kind === 'replicated' && kind.name === 'kafka') {
      const kept = await this.#keep(kind, scenario.durability);
      const { run } = await this.#replicated(
        scenario,
        kept.cluster,
        kept.isWarm ? WARM_SECONDS : KAFKA_WARM_SECONDS,
      );
      kept.isWarm = true;
      return run;
    }
    // Nothing beside it: a kept cluster would be in its way.
    if (kind.name === 'kafka') await this.close();
    const profileOf = this.#profileOf(scenario, kind);
    const cluster = await kind.start({ directory, durability: scenario.durability, profileOf });
    let run: Run;
    let bytes = 0;
    try {
      if (scenario.kind === 'replicated')
        ({ run, bytes } = await this.#replicated(scenario, cluster, OUR_WARM_SECONDS));
      else run = { sample: await this.#alone(scenario, cluster) };
    } finally {
      await cluster.stop();
      await sleep(SETTLE_MS * Math.min(1, this.#options.warming));
    }
    const parts = profileOf === undefined ? [] : partsIn([...cluster.ports.keys()].map(profileOf));
    return bytes > 0 && parts.length > 0 ? { ...run, parts: perGb(sumOfParts(parts), bytes) } : run;
  }

  /** Stops what was kept. */
  async close(): Promise<void> {
    const kept = this.#kept;
    this.#kept = undefined;
    await kept?.cluster.stop();
  }

  #alone(
    scenario: Exclude<ReplicationScenario, ReplicatedScenario>,
    cluster: RunningCluster,
  ): Promise<Run['sample']> {
    switch (scenario.kind) {
      case 'failover':
        return measureFailover(scenario, cluster, this.#options);
      case 'scale':
        return measureScale(scenario, cluster, this.#options);
      case 'reassign':
        return measureReassignment(scenario, cluster, this.#options);
    }
  }

  async #replicated(
    scenario: ReplicatedScenario,
    cluster: RunningCluster,
    warmSeconds: number,
  ): Promise<{ readonly run: Run; readonly bytes: number }> {
    const { seconds, warming, size, generator } = this.#options;
    const { load } = scenario;
    const partitions = isMany(load)
      ? Math.max(3, Math.ceil(scenario.partitions * size))
      : scenario.partitions;
    const topic = `replicated-${this.#number}`;
    await settled(cluster);
    await createReplicated(
      ...([cluster, topic, spreadOver([...cluster.ports.keys()], partitions), cluster.topicConfigs] as const),
    );
    try {
      const target = { topic, led: await ledIn(cluster, topic), generator };
      const warmFor = Math.max(warmSeconds, isOpenLoop(load) ? OPEN_LOOP_WARM_SECONDS : 0) * warming;
      const warmed = await loadCluster(target, load, warmFor);
      const before = processorSecondsOf(cluster);
      const outcome = await loadCluster(target, load, seconds * (isOpenLoop(load) ? OPEN_LOOP_FACTOR : 1));
      const used = usedSince(cluster, before);
      const sample = {
        ...sampleOf(
          outcome,
          used.reduce((sum, value) => sum + value, 0),
        ),
        busiestShare: Math.max(...used) / outcome.seconds,
        residentMib: residentMibOf(cluster),
      };
      return { run: { sample }, bytes: warmed.bytes + outcome.bytes };
    } finally {
      await deleteReplicated(cluster, topic);
    }
  }

  async #keep(kind: ClusterKind, durability: Durability): Promise<Kept> {
    if (this.#kept?.durability !== durability) {
      await this.close();
      const cluster = await kind.start({ directory: tmpdir(), durability });
      this.#kept = { durability, cluster, isWarm: false };
    }
    return this.#kept;
  }

  #profileOf({ name }: ReplicationScenario, kind: ClusterKind): ((node: number) => string) | undefined {
    const { profileDirectory } = this.#options;
    const number = this.#number;
    return profileDirectory === undefined || kind.name === 'kafka'
      ? undefined
      : (node) => join(profileDirectory, `${name}-node-${node}-${number}.cpuprofile`);
  }
}

const isMany = (load: Load): boolean => load.kind === 'spread';

/** A node that was killed has left none. */
const partsIn = (files: readonly string[]): readonly Parts[] => files.filter(existsSync).map(readProfile);
