import { BrokerId, ZERO_TOPIC_ID } from '@kafkaesque/kernel';
import type { Offset, TopicId } from '@kafkaesque/kernel';
import { ErrorCode } from '@kafkaesque/protocol';
import type { ResponseOf } from '@kafkaesque/protocol';
import { brokerError } from '../broker-error';
import { askLeaders } from '../cluster/leader-questions';
import type { LeaderAnswer } from '../cluster/leader-questions';
import { lookUpOffsets } from '../cluster/offset-lookup';
import type { ListedOffset, OffsetSpec } from '../cluster/offset-lookup';
import { isClientError } from '../errors';
import type { ClientError } from '../errors';
import type { TopicPartition } from '../records';
import type { Capabilities, DraftFor } from '../wire/wire';
import type {
  ActiveProducer,
  Admin,
  CallOptions,
  ClusterDescription,
  ConfigChange,
  ConfigEntry,
  ConfigReplacement,
  ConfigResource,
  ConfigResourceType,
  CreatedTopic,
  LogDirectoryDescription,
  NewTopic,
  Outcome,
  RecordsToDelete,
  TopicDescription,
  TopicListing,
} from './admin';
import { AdminCalls, closedAdmin, failed, incomplete } from './admin-calls';
import type { CallBounds, ClusterAdminOptions } from './admin-calls';
import { ClusterConfigs } from './cluster-configs';
import { clusterOf, describingCluster } from './cluster-description';
import { ClusterGroups } from './cluster-groups';
import { ClusterPartitions } from './cluster-partitions';
import { ClusterQuorum } from './cluster-quorum';
import type { GroupAdmin } from './group-admin';
import { logDirectoryOf } from './log-directories';
import type { PartitionAdmin } from './partition-admin';
import { deletingRecords, describingProducers } from './partition-requests';
import type { FeaturesDescription, QuorumAdmin, QuorumDescription } from './quorum-admin';
import { describeFromMetadata, describeInPages } from './topic-descriptions';

const DEFAULT_PARTITION_LIMIT = 2000;

/** Metadata can be asked by id from this version on. */
const FIRST_VERSION_BY_ID = 12;
const FIRST_VERSION_WITH_TOPIC_RECORDS = 6;

/** The Admin above a cluster view. */
export class ClusterAdmin implements Admin {
  readonly #calls: AdminCalls;
  readonly #configs: ClusterConfigs;
  readonly #groups: ClusterGroups;
  readonly #partitions: ClusterPartitions;
  readonly #quorum: ClusterQuorum;

  constructor(options: ClusterAdminOptions) {
    this.#calls = new AdminCalls(options);
    this.#configs = new ClusterConfigs(this.#calls);
    this.#groups = new ClusterGroups(this.#calls);
    this.#partitions = new ClusterPartitions(this.#calls);
    this.#quorum = new ClusterQuorum(this.#calls);
  }

  createTopics(
    topics: readonly NewTopic[],
    options: CallOptions & { readonly validateOnly?: boolean } = {},
  ): Promise<readonly Outcome<string, CreatedTopic>[]> {
    return this.#calls.call('creating topics', options, async (bounds) => {
      const draft = {
        topics: topics.map((topic) => ({
          name: topic.name,
          numPartitions: topic.assignments === undefined ? (topic.partitions ?? -1) : -1,
          replicationFactor: topic.assignments === undefined ? (topic.replicationFactor ?? -1) : -1,
          assignments: assignmentsOf(topic.assignments).map((brokerIds, partitionIndex) => ({
            partitionIndex,
            brokerIds,
          })),
          configs: Object.entries(topic.configs ?? {}).map(([name, value]) => ({ name, value })),
        })),
        timeoutMs: bounds.timeoutMs,
        validateOnly: options.validateOnly ?? false,
      };
      const answer = await this.#calls.change('CreateTopics', draft, bounds);
      return this.#outcomes(
        answer.topics,
        ({ name }) => name,
        ({ topicId, numPartitions, replicationFactor }) => ({
          topicId,
          partitions: numPartitions,
          replicationFactor,
        }),
      );
    });
  }

  deleteTopics(
    names: readonly string[],
    options: CallOptions = {},
  ): Promise<readonly Outcome<string, undefined>[]> {
    return this.#calls.call('deleting topics', options, async (bounds) => {
      const { timeoutMs } = bounds;
      const draft: DraftFor<'DeleteTopics'> = (version) =>
        version >= FIRST_VERSION_WITH_TOPIC_RECORDS
          ? { topics: names.map((name) => ({ name, topicId: ZERO_TOPIC_ID })), timeoutMs }
          : { topicNames: names, timeoutMs };
      const answer = await this.#calls.change('DeleteTopics', draft, bounds);
      return this.#outcomes(
        answer.responses,
        ({ name }) => name ?? '',
        () => undefined,
      );
    });
  }

  listTopics(
    options: CallOptions & { readonly includeInternal?: boolean } = {},
  ): Promise<readonly TopicListing[]> {
    return this.#calls.call('listing topics', options, async (bounds) => {
      const metadata = await this.#calls.metadata({ topics: null }, bounds);
      return metadata.topics
        .filter(({ isInternal }) => !isInternal || options.includeInternal === true)
        .map(({ name, topicId, isInternal }) => ({ name: name ?? '', topicId, internal: isInternal }))
        .sort((a, b) => (a.name < b.name ? -1 : 1));
    });
  }

  describeTopics(
    names: readonly string[],
    options: CallOptions & { readonly partitionLimit?: number } = {},
  ): Promise<readonly Outcome<string, TopicDescription>[]> {
    if (names.length === 0) return Promise.resolve([]);
    return this.#calls.call('describing topics', options, async (bounds) => {
      const limit = options.partitionLimit ?? DEFAULT_PARTITION_LIMIT;
      try {
        const ask = (
          draft: DraftFor<'DescribeTopicPartitions'>,
        ): Promise<ResponseOf<'DescribeTopicPartitions'>> =>
          this.#calls.ask('DescribeTopicPartitions', draft, bounds);
        return await describeInPages(ask, names, limit);
      } catch (error) {
        if (!isClientError(error, 'unsupported')) throw error;
        const topics = names.map((name) => ({ name }));
        const metadata = await this.#calls.metadata({ topics, allowAutoTopicCreation: false }, bounds);
        return describeFromMetadata(metadata, ({ name }) => name ?? '');
      }
    });
  }

  describeTopicsById(
    ids: readonly TopicId[],
    options: CallOptions = {},
  ): Promise<readonly Outcome<TopicId, TopicDescription>[]> {
    if (ids.length === 0) return Promise.resolve([]);
    return this.#calls.call('describing topics', options, async (bounds) => {
      const draft = {
        topics: ids.map((topicId) => ({ topicId, name: null })),
        allowAutoTopicCreation: false,
      };
      const metadata = await this.#calls.metadata(draft, { ...bounds, minVersion: FIRST_VERSION_BY_ID });
      return describeFromMetadata(metadata, ({ topicId }) => topicId);
    });
  }

  createPartitions(
    counts: Readonly<
      Record<
        string,
        { readonly total: number; readonly assignments?: readonly (readonly number[])[] | undefined }
      >
    >,
    options: CallOptions & { readonly validateOnly?: boolean } = {},
  ): Promise<readonly Outcome<string, undefined>[]> {
    return this.#calls.call('creating partitions', options, async (bounds) => {
      const draft = {
        topics: Object.entries(counts).map(([name, { total, assignments }]) => ({
          name,
          count: total,
          assignments:
            assignments === undefined ? null : assignmentsOf(assignments).map((brokerIds) => ({ brokerIds })),
        })),
        timeoutMs: bounds.timeoutMs,
        validateOnly: options.validateOnly ?? false,
      };
      const answer = await this.#calls.change('CreatePartitions', draft, bounds);
      return this.#outcomes(
        answer.results,
        ({ name }) => name,
        () => undefined,
      );
    });
  }

  describeConfigs(
    resources: readonly ConfigResource[],
    options: CallOptions & { readonly synonyms?: boolean; readonly documentation?: boolean } = {},
  ): Promise<readonly Outcome<ConfigResource, readonly ConfigEntry[]>[]> {
    return this.#configs.describeAll(resources, options);
  }

  incrementalAlterConfigs(
    changes: readonly { readonly resource: ConfigResource; readonly changes: readonly ConfigChange[] }[],
    options: CallOptions & { readonly validateOnly?: boolean } = {},
  ): Promise<readonly Outcome<ConfigResource, undefined>[]> {
    return this.#configs.incrementalAlter(changes, options);
  }

  alterConfigs(
    replacements: readonly ConfigReplacement[],
    options: CallOptions & { readonly validateOnly?: boolean } = {},
  ): Promise<readonly Outcome<ConfigResource, undefined>[]> {
    return this.#configs.alter(replacements, options);
  }

  listConfigResources(
    types: readonly ConfigResourceType[] = [],
    options: CallOptions = {},
  ): Promise<readonly ConfigResource[]> {
    return this.#configs.list(types, options);
  }

  deleteRecords(
    targets: readonly RecordsToDelete[],
    options: CallOptions = {},
  ): Promise<readonly Outcome<TopicPartition, { readonly lowWatermark: Offset }>[]> {
    const { cluster } = this.#calls;
    // A second deletion up to the high watermark may take what was written after the first.
    const mayAskAgain = ({ beforeOffset }: RecordsToDelete, error: ClientError): boolean =>
      beforeOffset >= 0 || error.effect === 'definite';
    return this.#untilAnswered('deleting records', targets, options, mayAskAgain, (open, bounds) =>
      askLeaders(cluster, open, deletingRecords(cluster), bounds),
    );
  }

  async describeLogDirs(
    brokers: readonly BrokerId[],
    options: CallOptions = {},
  ): Promise<readonly Outcome<BrokerId, readonly LogDirectoryDescription[]>[]> {
    if (this.#calls.isClosed) throw closedAdmin();
    return Promise.all(
      brokers.map(async (broker): Promise<Outcome<BrokerId, readonly LogDirectoryDescription[]>> => {
        try {
          const value = await this.#calls.call('describing log directories', options, async (bounds) => {
            const answer = await this.#calls.askBroker(broker, 'DescribeLogDirs', { topics: null }, bounds);
            if (answer.errorCode !== 0) throw brokerError(answer.errorCode);
            return answer.results.map(logDirectoryOf);
          });
          return { kind: 'done', key: broker, value };
        } catch (error) {
          if (!isClientError(error)) throw error;
          return failed(broker, error);
        }
      }),
    );
  }

  describeProducers(
    partitions: readonly TopicPartition[],
    options: CallOptions & { readonly broker?: BrokerId } = {},
  ): Promise<readonly Outcome<TopicPartition, readonly ActiveProducer[]>[]> {
    const { cluster } = this.#calls;
    const { broker } = options;
    return this.#untilAnswered('describing producers', partitions, options, always, (open, bounds) =>
      askLeaders(cluster, open, describingProducers(cluster), { ...bounds, broker }),
    );
  }

  describeCluster(
    options: CallOptions & { readonly includeFenced?: boolean } = {},
  ): Promise<ClusterDescription> {
    const { draft, minVersion } = describingCluster(
      this.#calls.cluster.peers,
      options.includeFenced ?? false,
    );
    return this.#calls.call('describing the cluster', options, async (bounds) =>
      clusterOf(await this.#calls.ask('DescribeCluster', draft, { ...bounds, minVersion })),
    );
  }

  unregisterBroker(id: number, options: CallOptions = {}): Promise<void> {
    return this.#calls.call('unregistering a broker', options, async (bounds) => {
      const answer = await this.#calls.change('UnregisterBroker', { brokerId: BrokerId(id) }, bounds);
      if (answer.errorCode === ErrorCode.NOT_CONTROLLER) this.#calls.cluster.forgetController();
      if (answer.errorCode !== 0) throw brokerError(answer.errorCode, answer.errorMessage);
    });
  }

  describeQuorum(options: CallOptions = {}): Promise<QuorumDescription> {
    return this.#quorum.describeQuorum(options);
  }

  addRaftVoter(...args: Parameters<QuorumAdmin['addRaftVoter']>): Promise<void> {
    return this.#quorum.addRaftVoter(...args);
  }

  removeRaftVoter(...args: Parameters<QuorumAdmin['removeRaftVoter']>): Promise<void> {
    return this.#quorum.removeRaftVoter(...args);
  }

  updateRaftVoter(...args: Parameters<QuorumAdmin['updateRaftVoter']>): Promise<void> {
    return this.#quorum.updateRaftVoter(...args);
  }

  describeFeatures(...args: Parameters<QuorumAdmin['describeFeatures']>): Promise<FeaturesDescription> {
    return this.#quorum.describeFeatures(...args);
  }

  updateFeatures(
    ...args: Parameters<QuorumAdmin['updateFeatures']>
  ): Promise<readonly Outcome<string, undefined>[]> {
    return this.#quorum.updateFeatures(...args);
  }

  listOffsets(
    specs: readonly (TopicPartition & { readonly spec: OffsetSpec })[],
    options: CallOptions & { readonly isolation?: 'read_uncommitted' | 'read_committed' } = {},
  ): Promise<readonly Outcome<TopicPartition, ListedOffset>[]> {
    const isolation = options.isolation ?? 'read_uncommitted';
    return this.#untilAnswered('listing offsets', specs, options, always, (open, bounds) =>
      lookUpOffsets(this.#calls.cluster, open, { isolation, ...bounds }),
    );
  }

  electLeaders(
    ...args: Parameters<PartitionAdmin['electLeaders']>
  ): ReturnType<PartitionAdmin['electLeaders']> {
    return this.#partitions.electLeaders(...args);
  }

  alterPartitionReassignments(
    ...args: Parameters<PartitionAdmin['alterPartitionReassignments']>
  ): ReturnType<PartitionAdmin['alterPartitionReassignments']> {
    return this.#partitions.alterPartitionReassignments(...args);
  }

  listPartitionReassignments(
    ...args: Parameters<PartitionAdmin['listPartitionReassignments']>
  ): ReturnType<PartitionAdmin['listPartitionReassignments']> {
    return this.#partitions.listPartitionReassignments(...args);
  }

  alterReplicaLogDirs(
    ...args: Parameters<PartitionAdmin['alterReplicaLogDirs']>
  ): ReturnType<PartitionAdmin['alterReplicaLogDirs']> {
    return this.#partitions.alterReplicaLogDirs(...args);
  }

  listGroups(...args: Parameters<GroupAdmin['listGroups']>): ReturnType<GroupAdmin['listGroups']> {
    return this.#groups.listGroups(...args);
  }

  describeConsumerGroups(
    ...args: Parameters<GroupAdmin['describeConsumerGroups']>
  ): ReturnType<GroupAdmin['describeConsumerGroups']> {
    return this.#groups.describeConsumerGroups(...args);
  }

  describeClassicGroups(
    ...args: Parameters<GroupAdmin['describeClassicGroups']>
  ): ReturnType<GroupAdmin['describeClassicGroups']> {
    return this.#groups.describeClassicGroups(...args);
  }

  deleteGroups(...args: Parameters<GroupAdmin['deleteGroups']>): ReturnType<GroupAdmin['deleteGroups']> {
    return this.#groups.deleteGroups(...args);
  }

  listGroupOffsets(
    ...args: Parameters<GroupAdmin['listGroupOffsets']>
  ): ReturnType<GroupAdmin['listGroupOffsets']> {
    return this.#groups.listGroupOffsets(...args);
  }

  alterGroupOffsets(
    ...args: Parameters<GroupAdmin['alterGroupOffsets']>
  ): ReturnType<GroupAdmin['alterGroupOffsets']> {
    return this.#groups.alterGroupOffsets(...args);
  }

  deleteGroupOffsets(
    ...args: Parameters<GroupAdmin['deleteGroupOffsets']>
  ): ReturnType<GroupAdmin['deleteGroupOffsets']> {
    return this.#groups.deleteGroupOffsets(...args);
  }

  removeMembersFromGroup(
    ...args: Parameters<GroupAdmin['removeMembersFromGroup']>
  ): ReturnType<GroupAdmin['removeMembersFromGroup']> {
    return this.#groups.removeMembersFromGroup(...args);
  }

  apiVersions(node: BrokerId, options: CallOptions = {}): Promise<Capabilities> {
    return this.#calls.call('asking for API versions', options, (bounds) =>
      this.#calls.cluster.wire.capabilities(node, bounds),
    );
  }

  close(): Promise<void> {
    this.#calls.close();
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Asks the leaders again about what failed for now, until all have answered or the time is over. */
  async #untilAnswered<Question extends TopicPartition, Value>(
    what: string,
    questions: readonly Question[],
    options: CallOptions,
    mayAskAgain: (question: Question, error: ClientError) => boolean,
    ask: (
      open: readonly Question[],
      bounds: CallBounds,
    ) => Promise<ReadonlyMap<Question, LeaderAnswer<Value>>>,
  ): Promise<readonly Outcome<TopicPartition, Value>[]> {
    const { cluster } = this.#calls;
    const answered = new Map<Question, Outcome<TopicPartition, Value>>();
    const deadlineMs = this.#calls.deadlineMs(options);
    await this.#calls.call(what, options, async ({ timeoutMs, signal }) => {
      const open = questions.filter((question) => !answered.has(question));
      const names = new Set(open.map(({ topic }) => topic));
      await Promise.all(
        [...names].map((name) => cluster.topic(name, { timeoutMs, signal, mayCreate: false })),
      );
      const answers = await ask(open, { timeoutMs, signal });
      let again: ClientError | undefined;
      for (const [question, answer] of answers) {
        const key = { topic: question.topic, partition: question.partition };
        if (answer.kind === 'done') {
          answered.set(question, { kind: 'done', key, value: answer.value });
          continue;
        }
        const { error } = answer;
        if (error.retriable && mayAskAgain(question, error) && this.#calls.nowMs() < deadlineMs)
          again = error;
        else answered.set(question, failed(key, error));
      }
      if (again !== undefined) throw again;
    });
    return questions.map((question) => {
      const { topic, partition } = question;
      return answered.get(question) ?? failed({ topic, partition }, incomplete(`${topic}-${partition}`));
    });
  }

  #outcomes<Item extends { readonly errorCode: number; readonly errorMessage: string | null }, Value>(
    items: readonly Item[],
    keyOf: (item: Item) => string,
    valueOf: (item: Item) => Value,
  ): readonly Outcome<string, Value>[] {
    const refused = items.find(({ errorCode }) => errorCode === ErrorCode.NOT_CONTROLLER);
    if (refused !== undefined) {
      this.#calls.cluster.forgetController();
      throw brokerError(refused.errorCode, refused.errorMessage);
    }
    return items.map((item) =>
      item.errorCode === 0
        ? { kind: 'done', key: keyOf(item), value: valueOf(item) }
        : failed(keyOf(item), brokerError(item.errorCode, item.errorMessage)),
    );
  }
}

const assignmentsOf = (
  assignments: readonly (readonly number[])[] | undefined,
): readonly (readonly BrokerId[])[] =>
  (assignments ?? []).map((brokers) => brokers.map((id) => BrokerId(id)));

const always = (): boolean => true;
