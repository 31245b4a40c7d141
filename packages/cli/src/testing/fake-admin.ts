import { BrokerId, LeaderEpoch, Offset, TopicId } from '@kafkaesque/kernel';
import { ClientError } from '@kafkaesque/client';
import type {
  Admin,
  ConfigEntry,
  LogDirectoryDescription,
  Outcome,
  PartitionDescription,
  Reassignment,
  TopicPartition,
} from '@kafkaesque/client';

import { fakeGroups } from './fake-groups';
import type { FakeGroup } from './fake-groups';

export interface FakePartition {
  readonly leader?: number;
  readonly replicas?: readonly number[];
  readonly isr?: readonly number[];
  readonly elr?: readonly number[] | undefined;
}

export interface FakeTopic {
  readonly internal?: boolean;
  readonly partitions: readonly FakePartition[];
  readonly configs?: Readonly<Record<string, string>>;
}

export interface FakeCluster {
  readonly topics: Readonly<Record<string, FakeTopic>>;
  readonly reassignments?: readonly Reassignment[] | undefined;
  /** Offsets by `topic-partition`; undefined fails. */
  readonly offsets?: Readonly<Record<string, number | undefined>>;
  /** Ids of the brokers. */
  readonly brokers?: readonly number[];
  /** How a change of a partition fails, by `topic-partition`; without, it succeeds. */
  readonly failures?: Readonly<Record<string, ClientError>>;
  readonly groups?: Readonly<Record<string, FakeGroup>>;
  /** By broker. */
  readonly directories?: Readonly<Record<number, readonly LogDirectoryDescription[]>>;
}

/** An Admin over facts given by the test, and the calls that were made to change them. */
export interface FakeAdmin extends Admin {
  readonly calls: { readonly name: string; readonly argument: unknown }[];
}

const done = <Key, Value>(key: Key, value: Value): Outcome<Key, Value> => ({ kind: 'done', key, value });
const brokers = (ids: readonly number[]): readonly BrokerId[] => ids.map((id) => BrokerId(id));
const DYNAMIC_TOPIC_CONFIG = 1;
const DEFAULT_CONFIG = 5;

/** A topic's id in the fake cluster: its name, so that lines can be told apart. */
export const fakeTopicId = (name: string): TopicId =>
  TopicId(Buffer.from(name.padEnd(16, '.').slice(0, 16)).toString('base64url'));

const entry = (name: string, value: string, source: number): ConfigEntry => ({
  name,
  value,
  source,
  readOnly: false,
  sensitive: false,
  synonyms: [],
  type: 2,
  documentation: null,
});

const described = (one: FakePartition, partition: number): PartitionDescription => ({
  partition,
  leader: BrokerId(one.leader ?? 1),
  leaderEpoch: LeaderEpoch(0),
  replicas: brokers(one.replicas ?? [1]),
  isr: brokers(one.isr ?? [1]),
  offlineReplicas: [],
  eligibleLeaders: one.elr === undefined && 'elr' in one ? undefined : brokers(one.elr ?? []),
  lastKnownEligibleLeaders: one.elr === undefined && 'elr' in one ? undefined : [],
});

export const fakeAdmin = ({
  topics,
  reassignments,
  offsets = {},
  failures = {},
  directories = {},
  groups = {},
  ...cluster
}: FakeCluster): FakeAdmin => {
  const calls: { name: string; argument: unknown }[] = [];
  const record = (name: string, argument: unknown): void => void calls.push({ name, argument });
  const changed = <Key extends TopicPartition>(keys: readonly Key[]): readonly Outcome<Key, undefined>[] =>
    keys.map((key) => {
      const error = failures[`${key.topic}-${key.partition}`];
      return error === undefined ? done(key, undefined) : { kind: 'failed', key, error };
    });
  const topic = (name: string): FakeTopic => topics[name] ?? { partitions: [] };
  const describe = (name: string) => ({
    name,
    topicId: fakeTopicId(name),
    internal: topic(name).internal ?? false,
    partitions: topic(name).partitions.map(described),
  });
  return {
    calls,
    ...fakeGroups(groups, record),
    createTopics: (created) => {
      record('createTopics', created);
      return Promise.resolve(
        created.map(({ name }) =>
          topics[name] === undefined
            ? done(name, { topicId: fakeTopicId(name), partitions: 1, replicationFactor: 1 })
            : {
                kind: 'failed' as const,
                key: name,
                error: new ClientError('broker', 'TOPIC_ALREADY_EXISTS', `Topic '${name}' already exists.`),
              },
        ),
      );
    },
    deleteTopics: (names) => {
      record('deleteTopics', names);
      return Promise.resolve(names.map((name) => done(name, undefined)));
    },
    listTopics: (options = {}) =>
      Promise.resolve(
        Object.entries(topics)
          .map(([name, { internal = false }]) => ({ name, topicId: fakeTopicId(name), internal }))
          .filter(({ internal }) => !internal || options.includeInternal === true)
          .sort((a, b) => (a.name < b.name ? -1 : 1)),
      ),
    describeTopics: (names) =>
      Promise.resolve(
        names.map((name) =>
          topics[name] === undefined
            ? {
                kind: 'failed' as const,
                key: name,
                error: new ClientError('broker', 'UNKNOWN_TOPIC_OR_PARTITION', 'no such topic'),
              }
            : done(name, describe(name)),
        ),
      ),
    describeTopicsById: (ids) =>
      Promise.resolve(
        ids.map((id) =>
          done(id, describe(Object.keys(topics).find((name) => fakeTopicId(name) === id) ?? '')),
        ),
      ),
    createPartitions: (counts) => {
      record('createPartitions', counts);
      return Promise.resolve(Object.keys(counts).map((name) => done(name, undefined)));
    },
    describeConfigs: (resources) =>
      Promise.resolve(
        resources.map((resource) =>
          done(resource, [
            ...Object.entries(topic(resource.name).configs ?? {}).map(([name, value]) =>
              entry(name, value, DYNAMIC_TOPIC_CONFIG),
            ),
            entry('retention.ms', '604800000', DEFAULT_CONFIG),
          ]),
        ),
      ),
    incrementalAlterConfigs: (changes) => {
      record('incrementalAlterConfigs', changes);
      return Promise.resolve(changes.map(({ resource }) => done(resource, undefined)));
    },
    alterConfigs: (replacements) => {
      record('alterConfigs', replacements);
      return Promise.resolve(replacements.map(({ resource }) => done(resource, undefined)));
    },
    listConfigResources: () => Promise.reject(new Error('not asked in these tests')),
    deleteRecords: (targets) => {
      record('deleteRecords', targets);
      return Promise.resolve(
        targets.map(({ topic: name, partition, beforeOffset }) =>
          done({ topic: name, partition }, { lowWatermark: Offset(beforeOffset) }),
        ),
      );
    },
    describeLogDirs: (ids) => Promise.resolve(ids.map((id) => done(id, directories[id] ?? []))),
    describeProducers: () => Promise.reject(new Error('not asked in these tests')),
    describeCluster: () =>
      Promise.resolve({
        clusterId: 'fake',
        controllerId: BrokerId(1),
        nodes: (cluster.brokers ?? [1, 2]).map((id) => ({
          id: BrokerId(id),
          host: 'h',
          port: 1,
          rack: null,
          fenced: false,
        })),
      }),
    unregisterBroker: (id) => {
      record('unregisterBroker', id);
      return Promise.resolve();
    },
    describeQuorum: () => Promise.reject(new Error('not asked in these tests')),
    addRaftVoter: () => Promise.reject(new Error('not asked in these tests')),
    removeRaftVoter: () => Promise.reject(new Error('not asked in these tests')),
    updateRaftVoter: () => Promise.reject(new Error('not asked in these tests')),
    describeFeatures: () => Promise.reject(new Error('not asked in these tests')),
    updateFeatures: () => Promise.reject(new Error('not asked in these tests')),
    listOffsets: (specs) =>
      Promise.resolve(
        specs.map(({ topic: name, partition }) => {
          const offset = offsets[`${name}-${partition}`];
          return offset === undefined
            ? {
                kind: 'failed' as const,
                key: { topic: name, partition },
                error: new ClientError('broker', 'LEADER_NOT_AVAILABLE', 'no leader'),
              }
            : done(
                { topic: name, partition },
                { offset: Offset(offset), timestampMs: -1, leaderEpoch: LeaderEpoch(0) },
              );
        }),
      ),
    electLeaders: (electionType, partitions) => {
      record('electLeaders', { electionType, partitions });
      return Promise.resolve(changed(partitions ?? []));
    },
    alterPartitionReassignments: (changes, options) => {
      record('alterPartitionReassignments', { changes, ...options });
      return Promise.resolve(changed(changes));
    },
    listPartitionReassignments: ({ partitions } = {}) =>
      Promise.resolve(
        reassignments?.filter(
          (one) =>
            partitions?.some((asked) => asked.topic === one.topic && asked.partition === one.partition) ??
            true,
        ),
      ),
    alterReplicaLogDirs: (moves) => {
      record('alterReplicaLogDirs', moves);
      return Promise.resolve(changed(moves));
    },
    apiVersions: () => Promise.reject(new Error('not asked in these tests')),
    close: () => Promise.resolve(),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
};
