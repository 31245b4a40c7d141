import { setTimeout as sleep } from 'node:timers/promises';
import { performance } from 'node:perf_hooks';
import { apis } from '@kafkaesque/protocol';
import { LoadConnection } from '../load/connection';

const CREATE_TOPICS_VERSION = 5;
const ALTER_CONFIGS_VERSION = 1;
const DESCRIBE_QUORUM_VERSION = 1;
const METADATA_VERSION = 9;
const TOPIC_RESOURCE = 2;
const SET = 0;

/** The topic whose config is changed again and again. */
export const CHANGED_TOPIC = 'changed';

/** Sets a config of a topic; true once it is committed. */
export const setConfig = async (connection: LoadConnection, value: number): Promise<boolean> => {
  const configs = [{ name: 'retention.ms', configOperation: SET, value: String(value) }];
  const { responses } = await connection.request(apis.IncrementalAlterConfigs, ALTER_CONFIGS_VERSION, {
    resources: [{ resourceType: TOPIC_RESOURCE, resourceName: CHANGED_TOPIC, configs }],
    validateOnly: false,
  });
  return responses[0]?.errorCode === 0;
};

/** Creates a topic with one request; fails with the server's words. */
export const createWide = async (
  connection: LoadConnection,
  name: string,
  numPartitions: number,
): Promise<void> => {
  const { topics } = await connection.request(apis.CreateTopics, CREATE_TOPICS_VERSION, {
    topics: [{ name, numPartitions, replicationFactor: 1, assignments: [], configs: [] }],
    timeoutMs: 60_000,
  });
  const { errorCode, errorMessage } = topics[0] ?? { errorCode: -1, errorMessage: 'no answer' };
  if (errorCode !== 0) throw new Error(`topic ${name} was not created: ${errorMessage ?? errorCode}`);
};

/** How many partitions of a topic a broker tells of. */
export const partitionsKnown = async (connection: LoadConnection, name: string): Promise<number> => {
  const { topics } = await connection.request(apis.Metadata, METADATA_VERSION, {
    topics: [{ name }],
    allowAutoTopicCreation: false,
  });
  return topics[0]?.errorCode === 0 ? topics[0].partitions.length : 0;
};

/** Who leads the quorum, and how far the slowest voter is behind; undefined while nobody does. */
export const quorumOf = async (
  connection: LoadConnection,
): Promise<{ readonly leader: number; readonly lag: number } | undefined> => {
  const { topics } = await connection.request(apis.DescribeQuorum, DESCRIBE_QUORUM_VERSION, {
    topics: [{ topicName: '__cluster_metadata', partitions: [{ partitionIndex: 0 }] }],
  });
  const partition = topics[0]?.partitions[0];
  if (partition?.errorCode !== 0 || partition.leaderId < 0) return undefined;
  const ends = partition.currentVoters.map(({ logEndOffset }) => logEndOffset);
  return { leader: partition.leaderId, lag: Math.max(...ends) - Math.min(...ends) };
};

/** Works with a connection of its own. */
export const withPort = async <Result>(
  port: number,
  work: (connection: LoadConnection) => Promise<Result>,
): Promise<Result> => {
  const connection = await LoadConnection.open(port);
  try {
    return await Promise.race([work(connection), connection.failed]);
  } finally {
    connection.close();
  }
};

/** Tries until it gives something, for a minute at most; failures are tried again. */
export const until = async <Result>(
  what: string,
  attempt: () => Promise<Result | undefined>,
  pauseMs = 20,
): Promise<Result> => {
  const deadlineMs = performance.now() + 60_000;
  for (;;) {
    const result = await attempt().catch(() => undefined);
    if (result !== undefined) return result;
    if (performance.now() > deadlineMs) throw new Error(`not within a minute: ${what}`);
    await sleep(pauseMs);
  }
};
