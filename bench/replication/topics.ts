import { BrokerId } from '@kafkaesque/kernel';
import { apis } from '@kafkaesque/protocol';
import type { LoadConnection } from '../load/connection';
import type { Led } from '../load/open-loop';
import { until, withPort } from '../quorum/requests';
import type { RunningCluster } from '../servers/cluster';
import { untilLed } from '../servers/server';

const CREATE_TOPICS_VERSION = 5;
const DELETE_TOPICS_VERSION = 4;
const METADATA_VERSION = 9;
const TIMEOUT_MS = 60_000;
const POLL_MS = 100;

/** A partition as a broker tells of it. */
export interface PartitionView {
  readonly index: number;
  readonly leader: number;
  readonly leaderEpoch: number;
  readonly inSync: readonly number[];
}

/** What a broker tells of a topic; empty while it knows nothing of it. */
export const partitionsOf = async (
  connection: LoadConnection,
  name: string,
): Promise<readonly PartitionView[]> => {
  const { topics } = await connection.request(apis.Metadata, METADATA_VERSION, {
    topics: [{ name }],
    allowAutoTopicCreation: false,
  });
  const [topic] = topics;
  if (topic?.errorCode !== 0) return [];
  return topic.partitions.map(({ partitionIndex, leaderId, leaderEpoch, isrNodes }) => ({
    index: partitionIndex,
    leader: leaderId,
    leaderEpoch,
    inSync: isrNodes,
  }));
};

/** Replicas of each partition, the one that is to lead first: the nodes take turns. */
export const spreadOver = (nodes: readonly number[], partitions: number): readonly (readonly number[])[] =>
  Array.from({ length: partitions }, (_, index) =>
    nodes.map((_node, place) => nodes[(index + place) % nodes.length] ?? 0),
  );

/** A port of somebody who is up. */
export const portBeside = ({ ports }: RunningCluster, except?: number): number => {
  for (const [node, port] of ports) if (node !== except) return port;
  throw new Error('a cluster has nodes');
};

/** Creates a topic on these replicas and waits until all of them are in sync and everybody knows it. */
export const createReplicated = async (
  cluster: RunningCluster,
  name: string,
  replicas: readonly (readonly number[])[],
  configs: Readonly<Record<string, string>> = {},
): Promise<void> => {
  await withPort(portBeside(cluster), async (connection) => {
    const { topics } = await connection.request(apis.CreateTopics, CREATE_TOPICS_VERSION, {
      topics: [
        {
          ...{ name, numPartitions: -1, replicationFactor: -1 },
          assignments: replicas.map((brokerIds, partitionIndex) => ({
            partitionIndex,
            brokerIds: brokerIds.map((id) => BrokerId(id)),
          })),
          configs: Object.entries({ 'min.insync.replicas': '2', ...configs }).map(([key, value]) => ({
            name: key,
            value,
          })),
        },
      ],
      timeoutMs: TIMEOUT_MS,
    });
    const { errorCode, errorMessage } = topics[0] ?? { errorCode: -1, errorMessage: 'no answer' };
    if (errorCode !== 0) throw new Error(`topic ${name} was not created: ${errorMessage ?? errorCode}`);
  });
  await untilInSync(cluster, name, replicas);
  for (const { port, partitions } of await ledIn(cluster, name))
    await withPort(port, (connection) => untilLed(connection, name, partitions));
};

/** Waits until every broker tells that all replicas are in sync, and that somebody leads. */
export const untilInSync = async (
  cluster: RunningCluster,
  name: string,
  replicas: readonly (readonly number[])[],
): Promise<void> => {
  await Promise.all(
    [...cluster.ports.values()].map((port) =>
      until(
        `all replicas of ${name} in sync`,
        () => withPort(port, async (connection) => isWhole(await partitionsOf(connection, name), replicas)),
        POLL_MS,
      ),
    ),
  );
};

const isWhole = (
  partitions: readonly PartitionView[],
  replicas: readonly (readonly number[])[],
): true | undefined =>
  partitions.length === replicas.length &&
  partitions.every(
    ({ index, leader, inSync }) => leader >= 0 && replicas[index]?.every((id) => inSync.includes(id)),
  )
    ? true
    : undefined;

export const deleteReplicated = (cluster: RunningCluster, name: string): Promise<void> =>
  withPort(portBeside(cluster), async (connection) => {
    await connection.request(apis.DeleteTopics, DELETE_TOPICS_VERSION, {
      topicNames: [name],
      timeoutMs: TIMEOUT_MS,
    });
  });

/** Who leads what, as one broker tells. */
export const ledIn = async (cluster: RunningCluster, name: string): Promise<readonly Led[]> => {
  const partitions = await withPort(portBeside(cluster), (connection) => partitionsOf(connection, name));
  return [...cluster.ports]
    .map(([node, port]) => ({
      port,
      partitions: partitions.filter(({ leader }) => leader === node).map(({ index }) => index),
    }))
    .filter((led) => led.partitions.length > 0);
};
