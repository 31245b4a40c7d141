import { setTimeout as sleep } from 'node:timers/promises';
import { performance } from 'node:perf_hooks';
import type { Sample } from '../figures';
import { spreadFor } from '../load/open-loop';
import { processorSeconds, residentMib } from '../machine';
import { until, withPort } from '../quorum/requests';
import type { RunningCluster } from '../servers/cluster';
import { settled } from './failover';
import type { ScaleScenario } from './scenarios';
import { createReplicated, ledIn, partitionsOf, spreadOver } from './topics';

export interface ScaleAmount {
  /** Part of the partitions. */
  readonly size: number;
  readonly seconds: number;
  /** Of silence before an idle cluster is measured: 1 for all of it. */
  readonly warming: number;
}

const TOPIC = 'many';
/** Half a minute after its start a node looks at its segments for the first time, and writes down what new ones need. */
const QUIET_SECONDS = 40;
const IDLE_FACTOR = 5;
const POLL_MS = 20;

/** Processor seconds that each node has used so far. */
export const processorSecondsOf = (cluster: RunningCluster): readonly number[] =>
  [...cluster.ports.keys()].map((node) => processorSeconds(cluster.pid(node)));

/** Seconds used since then, by each node. */
export const usedSince = (cluster: RunningCluster, before: readonly number[]): readonly number[] =>
  processorSecondsOf(cluster).map((seconds, index) => seconds - (before[index] ?? 0));

/** Memory of all nodes together. */
export const residentMibOf = (cluster: RunningCluster): number =>
  [...cluster.ports.keys()].reduce((sum, node) => sum + residentMib(cluster.pid(node)), 0);

const sumOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);

const idle = async (
  cluster: RunningCluster,
  partitions: number,
  { seconds, warming }: ScaleAmount,
): Promise<Sample> => {
  await createReplicated(cluster, TOPIC, spreadOver([...cluster.ports.keys()], partitions));
  // A partition that nothing was ever written to has less to look after.
  const load = { kind: 'spread', acks: -1, partitions, together: 100, recordBytes: 100 } as const;
  await spreadFor(await ledIn(cluster, TOPIC), TOPIC, load, 1);
  await sleep(QUIET_SECONDS * warming * 1000);
  const before = processorSecondsOf(cluster);
  const beganMs = performance.now();
  await sleep(seconds * IDLE_FACTOR * 1000);
  const tookSeconds = (performance.now() - beganMs) / 1000;
  const used = usedSince(cluster, before);
  return {
    busiestShare: Math.max(...used) / tookSeconds,
    idleShare: sumOf(used) / tookSeconds,
    idleMib: residentMibOf(cluster),
  };
};

const death = async (cluster: RunningCluster, partitions: number): Promise<Sample> => {
  const controller = await settled(cluster);
  const nodes = [...cluster.ports.keys()];
  const [victim = 0, witness = 0] = nodes.filter((node) => node !== controller);
  const replicas = Array.from({ length: partitions }, () => [victim, controller, witness]);
  await createReplicated(cluster, TOPIC, replicas);
  await settled(cluster);
  // Asked of the one that is not the controller, whose time is what is measured.
  return withPort(cluster.ports.get(witness) ?? 0, async (connection) => {
    const before = processorSeconds(cluster.pid(controller));
    const beganMs = performance.now();
    cluster.kill(victim);
    await until(
      'new leaders of all partitions',
      async () => {
        const told = await partitionsOf(connection, TOPIC);
        const isMoved =
          told.length === partitions && told.every(({ leader }) => leader >= 0 && leader !== victim);
        return isMoved ? true : undefined;
      },
      POLL_MS,
    );
    const movedMs = performance.now() - beganMs;
    return { movedMs, controllerMs: (processorSeconds(cluster.pid(controller)) - before) * 1000 };
  });
};

/** One run of a scenario of many partitions on a fresh cluster. */
export const measureScale = async (
  { measures, partitions }: ScaleScenario,
  cluster: RunningCluster,
  amount: ScaleAmount,
): Promise<Sample> => {
  await settled(cluster);
  const count = Math.ceil(partitions * amount.size);
  return measures === 'idle' ? idle(cluster, count, amount) : death(cluster, count);
};
