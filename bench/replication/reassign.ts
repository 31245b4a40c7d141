import { setTimeout as sleep } from 'node:timers/promises';
import { performance } from 'node:perf_hooks';
import { BrokerId } from '@kafkaesque/kernel';
import { apis } from '@kafkaesque/protocol';
import type { Sample } from '../figures';
import type { LoadConnection } from '../load/connection';
import type { LatencyLoad } from '../load/open-loop';
import { latencyFor } from '../load/open-loop';
import { fillPartitions } from '../load/produce';
import { until, withPort } from '../quorum/requests';
import type { RunningCluster } from '../servers/cluster';
import { settled } from './failover';
import type { ReassignScenario } from './scenarios';
import { createReplicated, portBeside, spreadOver, ledIn } from './topics';

export interface ReassignAmount {
  /** Part of the bytes. */
  readonly size: number;
}

const MOVED = 'moved';
const STEADY = 'steady';
const load: LatencyLoad = { kind: 'latency', acks: -1, rate: 500, recordBytes: 100 };
const CALM_SECONDS = 10;
const REASSIGN_VERSION = 0;
const LIST_VERSION = 0;
const ALTER_CONFIGS_VERSION = 1;
const TIMEOUT_MS = 60_000;
const POLL_MS = 50;
const SET = 0;
const TOPIC_RESOURCE = 2;
const BROKER_RESOURCE = 4;

interface Resource {
  readonly resourceType: number;
  readonly resourceName: string;
  readonly configs: Readonly<Record<string, string>>;
}

const setConfigs = async (connection: LoadConnection, { configs, ...resource }: Resource): Promise<void> => {
  const { responses } = await connection.request(apis.IncrementalAlterConfigs, ALTER_CONFIGS_VERSION, {
    resources: [
      {
        ...resource,
        configs: Object.entries(configs).map(([name, value]) => ({ name, configOperation: SET, value })),
      },
    ],
    validateOnly: false,
  });
  for (const { errorCode, errorMessage } of responses)
    if (errorCode !== 0) throw new Error(`configs were not set: ${errorMessage ?? errorCode}`);
};

type Replicas = readonly (readonly number[])[];

/** What `kafka-reassign-partitions --execute --throttle` sets: who sends and who receives. */
const throttleAll = async (
  cluster: RunningCluster,
  before: Replicas,
  joined: number,
  rate: number,
): Promise<void> => {
  await withPort(portBeside(cluster), (connection) =>
    setConfigs(connection, {
      resourceType: TOPIC_RESOURCE,
      resourceName: MOVED,
      configs: {
        'leader.replication.throttled.replicas': before
          .flatMap((ids, partition) => ids.map((id) => `${partition}:${id}`))
          .join(','),
        'follower.replication.throttled.replicas': before
          .map((_, partition) => `${partition}:${joined}`)
          .join(','),
      },
    }),
  );
  const configs = {
    'leader.replication.throttled.rate': String(rate),
    'follower.replication.throttled.rate': String(rate),
  };
  // A broker takes its own only.
  for (const [node, port] of cluster.ports)
    await withPort(port, (connection) =>
      setConfigs(connection, { resourceType: BROKER_RESOURCE, resourceName: String(node), configs }),
    );
};

const reassign = async (connection: LoadConnection, after: Replicas): Promise<void> => {
  const answer = await connection.request(apis.AlterPartitionReassignments, REASSIGN_VERSION, {
    timeoutMs: TIMEOUT_MS,
    topics: [
      {
        name: MOVED,
        partitions: after.map((ids, partitionIndex) => ({
          partitionIndex,
          replicas: ids.map((id) => BrokerId(id)),
        })),
      },
    ],
  });
  const refused = answer.responses
    .flatMap(({ partitions }) => partitions)
    .find(({ errorCode }) => errorCode !== 0);
  if (answer.errorCode !== 0 || refused !== undefined)
    throw new Error(`no reassignment: ${refused?.errorMessage ?? answer.errorMessage ?? 'refused'}`);
};

const isReassigning = async (connection: LoadConnection): Promise<boolean> => {
  const { topics } = await connection.request(apis.ListPartitionReassignments, LIST_VERSION, {
    timeoutMs: TIMEOUT_MS,
  });
  return topics.some(({ partitions }) => partitions.length > 0);
};

/** From the request until nothing is being reassigned any more. */
const moveAll = async (connection: LoadConnection, after: Replicas, expectedMs: number): Promise<number> => {
  const beganMs = performance.now();
  await reassign(connection, after);
  // It cannot be over before; asking costs those who are measured.
  await sleep(expectedMs / 2);
  const deadlineMs = beganMs + expectedMs * 4 + TIMEOUT_MS;
  while (await isReassigning(connection)) {
    if (performance.now() > deadlineMs) throw new Error('the reassignment did not end');
    await sleep(POLL_MS);
  }
  return performance.now() - beganMs;
};

const join = async (cluster: RunningCluster): Promise<number> => {
  if (cluster.join === undefined) throw new Error('no broker can be added here');
  const joined = await cluster.join();
  // Before it is unfenced nothing can be assigned to it.
  await until('the new broker among the others', () =>
    withPort(portBeside(cluster), async (connection) => {
      const { brokers } = await connection.request(apis.Metadata, 9, { topics: [] });
      return brokers.some(({ nodeId }) => nodeId === joined) ? true : undefined;
    }),
  );
  return joined;
};

/** Fills a topic, adds a fourth broker, and gives it one replica of each partition, beside a steady load on another topic. */
export const measureReassignment = async (
  { partitions, bytes, throttle }: ReassignScenario,
  cluster: RunningCluster,
  { size }: ReassignAmount,
): Promise<Sample> => {
  await settled(cluster);
  const nodes = [...cluster.ports.keys()];
  const before = spreadOver(nodes, partitions);
  await createReplicated(cluster, MOVED, before);
  await createReplicated(cluster, STEADY, [nodes]);
  let filled = 0;
  for (const { port, partitions: led } of await ledIn(cluster, MOVED))
    filled += await fillPartitions(port, MOVED, led, (bytes * size * led.length) / partitions);
  const joined = await join(cluster);
  const [steady] = await ledIn(cluster, STEADY);
  const port = steady?.port ?? 0;
  await latencyFor(port, STEADY, load, CALM_SECONDS * size);
  const calm = await latencyFor(port, STEADY, load, CALM_SECONDS * Math.max(0.2, size));
  const after = before.map(([first = 0, second = 0]) => [first, second, joined]);
  const expectedMs = (filled / throttle) * 1000;
  await throttleAll(cluster, before, joined, throttle);
  return withPort(portBeside(cluster), async (connection) => {
    const [moved, busy] = await Promise.all([
      moveAll(connection, after, expectedMs),
      latencyFor(port, STEADY, load, Math.max(1, (expectedMs / 1000) * 0.9)),
    ]);
    return {
      throttleRatio: filled / (moved / 1000) / throttle,
      p99Ratio: busy.p99Ms / calm.p99Ms,
      calmP99Ms: calm.p99Ms,
      p99Ms: busy.p99Ms,
      movedMs: moved,
    };
  });
};
