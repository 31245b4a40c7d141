import { setTimeout as sleep } from 'node:timers/promises';
import { performance } from 'node:perf_hooks';
import type { Sample } from '../figures';
import { LoadConnection } from '../load/connection';
import { processorSeconds, residentMib } from '../machine';
import type { QuorumScenario } from '../scenarios';
import type { RunningCluster } from '../servers/cluster';
import { median } from '../statistics';
import { CHANGED_TOPIC, createWide, partitionsKnown, quorumOf, setConfig, until, withPort } from './requests';

const WRITERS = 16;
const WIDE_TOPIC = 'wide';

/** How much of a scenario is done: a part of it in the quick mode. */
export interface Amount {
  readonly size: number;
  readonly seconds: number;
}

const anyPort = ({ ports }: RunningCluster, except?: number): number => {
  for (const [node, port] of ports) if (node !== except) return port;
  throw new Error('a cluster has nodes');
};

/** Everybody follows, with nothing missing. */
const settled = (cluster: RunningCluster, except?: number): Promise<number> =>
  until('a quorum in which nobody is behind', () =>
    withPort(anyPort(cluster, except), async (connection) => {
      const quorum = await quorumOf(connection);
      return quorum?.lag === 0 ? quorum.leader : undefined;
    }),
  );

/** Kills the active controller, and waits for the first change that is committed without it. */
const failover = async (cluster: RunningCluster, value: number): Promise<number> => {
  const leader = await settled(cluster);
  const survivors = [...cluster.ports].filter(([node]) => node !== leader).map(([, port]) => port);
  const connections = await Promise.all(survivors.map((port) => LoadConnection.open(port)));
  const beganMs = performance.now();
  cluster.kill(leader);
  // Asked of every survivor: whoever gets it done first counts.
  await Promise.any(
    connections.map((connection) =>
      until('a committed change', async () => ((await setConfig(connection, value)) ? true : undefined), 2),
    ),
  );
  const tookMs = performance.now() - beganMs;
  for (const connection of connections) connection.close();
  await cluster.restart(leader);
  await settled(cluster);
  return tookMs;
};

const failovers = async (cluster: RunningCluster, kills: number): Promise<Sample> => {
  const times: number[] = [];
  for (let kill = 0; kill < kills; kill++) times.push(await failover(cluster, 100_000 + kill));
  return { failoverMs: median(times), worstFailoverMs: Math.max(...times) };
};

const writes = async (cluster: RunningCluster, seconds: number): Promise<Sample> => {
  const connections = await Promise.all(
    Array.from({ length: WRITERS }, () => LoadConnection.open(anyPort(cluster))),
  );
  let committed = 0;
  const beganMs = performance.now();
  const endMs = beganMs + seconds * 1000;
  await Promise.all(
    connections.map(async (connection, writer) => {
      for (let value = 1; performance.now() < endMs; value++)
        if (await setConfig(connection, writer * 1_000_000 + value)) committed += 1;
    }),
  );
  const tookSeconds = (performance.now() - beganMs) / 1000;
  for (const connection of connections) connection.close();
  return { writesPerSecond: committed / tookSeconds };
};

const wide = async (cluster: RunningCluster, partitions: number): Promise<Sample> => {
  const beganMs = performance.now();
  await withPort(anyPort(cluster), (connection) => createWide(connection, WIDE_TOPIC, partitions));
  await Promise.all(
    [...cluster.ports.values()].map((port) =>
      until(`${partitions} partitions`, () =>
        withPort(port, async (connection) =>
          (await partitionsKnown(connection, WIDE_TOPIC)) === partitions ? true : undefined,
        ),
      ),
    ),
  );
  return { knownMs: performance.now() - beganMs };
};

/** The active controller when there is nothing to do. */
const idle = async (cluster: RunningCluster, seconds: number): Promise<Sample> => {
  const pid = cluster.pid(await settled(cluster));
  const before = processorSeconds(pid);
  await sleep(seconds * 1000);
  return { idleShare: (processorSeconds(pid) - before) / seconds, idleMib: residentMib(pid) };
};

/** One run of a scenario on a fresh cluster. */
export const measureQuorum = async (
  { measures }: QuorumScenario,
  cluster: RunningCluster,
  { size, seconds }: Amount,
): Promise<Sample> => {
  await settled(cluster);
  await until('a topic', () =>
    withPort(anyPort(cluster), (connection) => createWide(connection, CHANGED_TOPIC, 1).then(() => true)),
  );
  switch (measures) {
    case 'failover':
      return failovers(cluster, Math.max(1, Math.ceil(20 * size)));
    case 'writes':
      return writes(cluster, seconds);
    case 'wide':
      return wide(cluster, Math.ceil(10_000 * size));
    case 'idle':
      return idle(cluster, Math.max(1, seconds * 5 * size));
  }
};
