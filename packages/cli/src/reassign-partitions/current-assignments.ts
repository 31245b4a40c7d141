import type {
  Admin,
  ClientError,
  ConfigChange,
  Outcome,
  TopicDescription,
  TopicPartition,
} from '@kafkaesque/client';
import type { Assignment } from './assignment-file';
import { partitionName } from './assignment-file';
import { refused } from './refusal';
import { replicaDirectories } from './replica-directories';

const assignmentsOf = ({ name, partitions }: TopicDescription): readonly Assignment[] =>
  partitions.map(({ partition, replicas }) => ({ topic: name, partition, replicas }));

/** Where all partitions of these topics are. Fails for a topic that does not exist. */
export const assignmentsOfTopics = async (
  admin: Admin,
  topics: readonly string[],
): Promise<readonly Assignment[]> => {
  const outcomes = await admin.describeTopics([...new Set(topics)]);
  return outcomes.flatMap((outcome) => {
    if (outcome.kind === 'done') return assignmentsOf(outcome.value);
    if (outcome.error.code === 'UNKNOWN_TOPIC_OR_PARTITION')
      throw refused(`UNKNOWN_TOPIC_OR_PARTITION: Topic ${outcome.key} not found.`);
    throw outcome.error;
  });
};

/** Where these partitions are. Fails for one that does not exist. */
export const assignmentsOfPartitions = async (
  admin: Admin,
  partitions: readonly TopicPartition[],
): Promise<readonly Assignment[]> => {
  const asked = new Set(partitions.map(partitionName));
  const all = await assignmentsOfTopics(
    admin,
    partitions.map(({ topic }) => topic),
  );
  const found = all.filter((one) => asked.has(partitionName(one)));
  for (const one of found) asked.delete(partitionName(one));
  if (asked.size === 0) return found;
  throw refused(`UNKNOWN_TOPIC_OR_PARTITION: Unable to find partition: ${[...asked].join(', ')}`);
};

/** The directories of all these replicas that are on brokers which can be asked, by `replicaName`. */
export const currentDirectories = async (
  admin: Admin,
  assignments: readonly Assignment[],
): Promise<ReadonlyMap<string, string>> => {
  const { nodes } = await admin.describeCluster();
  const alive = new Set(nodes.map(({ id }) => Number(id)));
  const replicas = assignments.flatMap(({ topic, partition, replicas: brokers }) =>
    brokers.filter((broker) => alive.has(broker)).map((broker) => ({ topic, partition, broker })),
  );
  const directories = await replicaDirectories(admin, replicas);
  return new Map(
    [...directories].flatMap(([name, { current }]) =>
      current === undefined ? [] : [[name, current] as const],
    ),
  );
};

/** Configuration that slows replication down. */
export const THROTTLES = {
  leaderRate: 'leader.replication.throttled.rate',
  followerRate: 'follower.replication.throttled.rate',
  directoryRate: 'replica.alter.log.dirs.io.max.bytes.per.second',
  leaderReplicas: 'leader.replication.throttled.replicas',
  followerReplicas: 'follower.replication.throttled.replicas',
} as const;

/** Changes what is set of brokers or topics; null takes it away. Fails as the first of them does. */
export const alterThrottles = async (
  admin: Admin,
  type: 'broker' | 'topic',
  changes: readonly { readonly name: string; readonly configs: Readonly<Record<string, string | null>> }[],
): Promise<void> => {
  const outcomes = await admin.incrementalAlterConfigs(
    changes.map(({ name, configs }) => ({
      resource: { type, name },
      changes: Object.entries(configs).map(([key, value]): ConfigChange => ({
        name: key,
        operation: value === null ? 'delete' : 'set',
        value,
      })),
    })),
  );
  throwFirst(outcomes);
};

const throwFirst = (outcomes: readonly Outcome<unknown, unknown>[]): void => {
  for (const outcome of outcomes) if (outcome.kind === 'failed') throw outcome.error;
};

/** Kafka's name of the error, then its sentence. */
export const failureSentence = ({ code, message }: ClientError): string => `${code}: ${message}`;
