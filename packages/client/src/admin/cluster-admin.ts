import { BrokerId, ZERO_TOPIC_ID } from '@kafkaesque/kernel';
import type { Clock, Logger, Offset, Random, TopicId } from '@kafkaesque/kernel';
import { ErrorCode } from '@kafkaesque/protocol';
import type { ApiName, ResponseOf } from '@kafkaesque/protocol';
import { brokerError } from '../broker-error';
import type { AskAgain, ClusterView } from '../cluster/cluster-view';
import { askLeaders } from '../cluster/leader-questions';
import type { LeaderAnswer } from '../cluster/leader-questions';
import { lookUpOffsets } from '../cluster/offset-lookup';
import type { ListedOffset, OffsetSpec } from '../cluster/offset-lookup';
import { ClientError, isClientError } from '../errors';
import type { TopicPartition } from '../records';
import { withRetries } from '../timing/waiting';
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
  Reassignment,
  RecordsToDelete,
  TopicDescription,
  TopicListing,
} from './admin';
import { clusterOf, describingCluster } from './cluster-description';
import { configOperation, configResourceType, configResourcesOf, entriesOf } from './config-resources';
import { logDirectoryOf } from './log-directories';
import { deletingRecords, describingProducers } from './partition-requests';
import { describeFromMetadata, describeInPages } from './topic-descriptions';

export interface ClusterAdminOptions {
  readonly cluster: ClusterView;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly apiTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly closed: () => void;
}

/** One call's bounds, on their way to the wire. */
export interface CallBounds {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

const BACKOFF = { firstMs: 100, maxMs: 1000 };
const DEFAULT_PARTITION_LIMIT = 2000;

/** Metadata can be asked by id from this version on. */
const FIRST_VERSION_BY_ID = 12;
const FIRST_VERSION_WITH_TOPIC_RECORDS = 6;
/** ListConfigResources: before, it was ListClientMetricsResources. */
const FIRST_VERSION_OF_ALL_RESOURCES = 1;

/** The Admin above a cluster view. */
export class ClusterAdmin implements Admin {
  readonly #options: ClusterAdminOptions;
  #isClosed = false;

  constructor(options: ClusterAdminOptions) {
    this.#options = options;
  }

  createTopics(
    topics: readonly NewTopic[],
    options: CallOptions & { readonly validateOnly?: boolean } = {},
  ): Promise<readonly Outcome<string, CreatedTopic>[]> {
    return this.#call('creating topics', options, async (bounds) => {
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
      const answer = await this.#change('CreateTopics', draft, bounds);
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
    return this.#call('deleting topics', options, async (bounds) => {
      const { timeoutMs } = bounds;
      const draft: DraftFor<'DeleteTopics'> = (version) =>
        version >= FIRST_VERSION_WITH_TOPIC_RECORDS
          ? { topics: names.map((name) => ({ name, topicId: ZERO_TOPIC_ID })), timeoutMs }
          : { topicNames: names, timeoutMs };
      const answer = await this.#change('DeleteTopics', draft, bounds);
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
    return this.#call('listing topics', options, async (bounds) => {
      const metadata = await this.#metadata({ topics: null }, bounds);
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
    return this.#call('describing topics', options, async (bounds) => {
      const limit = options.partitionLimit ?? DEFAULT_PARTITION_LIMIT;
      try {
        const ask = (
          draft: DraftFor<'DescribeTopicPartitions'>,
        ): Promise<ResponseOf<'DescribeTopicPartitions'>> =>
          this.#ask('DescribeTopicPartitions', draft, bounds);
        return await describeInPages(ask, names, limit);
      } catch (error) {
        if (!isClientError(error, 'unsupported')) throw error;
        const topics = names.map((name) => ({ name }));
        const metadata = await this.#metadata({ topics, allowAutoTopicCreation: false }, bounds);
        return describeFromMetadata(metadata, ({ name }) => name ?? '');
      }
    });
  }

  describeTopicsById(
    ids: readonly TopicId[],
    options: CallOptions = {},
  ): Promise<readonly Outcome<TopicId, TopicDescription>[]> {
    if (ids.length === 0) return Promise.resolve([]);
    return this.#call('describing topics', options, async (bounds) => {
      const draft = {
        topics: ids.map((topicId) => ({ topicId, name: null })),
        allowAutoTopicCreation: false,
      };
      const metadata = await this.#metadata(draft, { ...bounds, minVersion: FIRST_VERSION_BY_ID });
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
    return this.#call('creating partitions', options, async (bounds) => {
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
      const answer = await this.#change('CreatePartitions', draft, bounds);
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
    return this.#call('describing configs', options, async (bounds) => {
      const answers = await Promise.all(
        this.#byNode(resources, (one) => one).map(async ({ node, items }) => {
          const draft = {
            resources: items.map(({ type, name }) => ({
              resourceType: configResourceType[type],
              resourceName: name,
              configurationKeys: null,
            })),
            includeSynonyms: options.synonyms ?? false,
            ...(options.documentation === true ? { includeDocumentation: true } : {}),
          };
          const answer = await this.#ask('DescribeConfigs', draft, { ...bounds, node });
          return answer.results;
        }),
      );
      const results = answers.flat();
      return resources.map((resource) => {
        const one = results.find(
          ({ resourceType, resourceName }) =>
            resourceType === configResourceType[resource.type] && resourceName === resource.name,
        );
        if (one === undefined) return failed(resource, incomplete(`${resource.type} ${resource.name}`));
        if (one.errorCode !== 0) return failed(resource, brokerError(one.errorCode, one.errorMessage));
        return { kind: 'done', key: resource, value: entriesOf(one.configs) };
      });
    });
  }

  incrementalAlterConfigs(
    changes: readonly { readonly resource: ConfigResource; readonly changes: readonly ConfigChange[] }[],
    options: CallOptions & { readonly validateOnly?: boolean } = {},
  ): Promise<readonly Outcome<ConfigResource, undefined>[]> {
    return this.#alterEach(changes, options, async (items, bounds) => {
      const draft = {
        resources: items.map((one) => ({
          resourceType: configResourceType[one.resource.type],
          resourceName: one.resource.name,
          configs: one.changes.map(({ name, operation, value }) => ({
            name,
            configOperation: configOperation[operation],
            value,
          })),
        })),
        validateOnly: options.validateOnly ?? false,
      };
      const answer = await this.#change('IncrementalAlterConfigs', draft, bounds);
      return answer.responses;
    });
  }

  alterConfigs(
    replacements: readonly ConfigReplacement[],
    options: CallOptions & { readonly validateOnly?: boolean } = {},
  ): Promise<readonly Outcome<ConfigResource, undefined>[]> {
    return this.#alterEach(replacements, options, async (items, bounds) => {
      const draft = {
        resources: items.map(({ resource, configs }) => ({
          resourceType: configResourceType[resource.type],
          resourceName: resource.name,
          configs: Object.entries(configs).map(([name, value]) => ({ name, value })),
        })),
        validateOnly: options.validateOnly ?? false,
      };
      const answer = await this.#change('AlterConfigs', draft, bounds);
      return answer.responses;
    });
  }

  listConfigResources(
    types: readonly ConfigResourceType[] = [],
    options: CallOptions = {},
  ): Promise<readonly ConfigResource[]> {
    return this.#call('listing config resources', options, async (bounds) => {
      const onlyClientMetrics = types.length > 0 && types.every((type) => type === 'client-metrics');
      const answer = await this.#ask(
        'ListConfigResources',
        (version) =>
          version >= FIRST_VERSION_OF_ALL_RESOURCES
            ? { resourceTypes: types.map((type) => configResourceType[type]) }
            : {},
        { ...bounds, ...(onlyClientMetrics ? {} : { minVersion: FIRST_VERSION_OF_ALL_RESOURCES }) },
      );
      if (answer.errorCode !== 0) throw brokerError(answer.errorCode);
      return configResourcesOf(answer.configResources);
    });
  }

  deleteRecords(
    targets: readonly RecordsToDelete[],
    options: CallOptions = {},
  ): Promise<readonly Outcome<TopicPartition, { readonly lowWatermark: Offset }>[]> {
    const { cluster } = this.#options;
    // A second deletion up to the high watermark may take what was written after the first.
    const mayAskAgain = ({ beforeOffset }: RecordsToDelete, error: ClientError): boolean =>
      beforeOffset >= 0 || error.effect === 'definite';
    return this.#untilAnswered('deleting records', targets, options, mayAskAgain, (open, bounds) =>
      askLeaders(cluster, open, deletingRecords(cluster.wire), bounds),
    );
  }

  async describeLogDirs(
    brokers: readonly BrokerId[],
    options: CallOptions = {},
  ): Promise<readonly Outcome<BrokerId, readonly LogDirectoryDescription[]>[]> {
    if (this.#isClosed) throw closedAdmin();
    return Promise.all(
      brokers.map(async (broker): Promise<Outcome<BrokerId, readonly LogDirectoryDescription[]>> => {
        try {
          const value = await this.#call('describing log directories', options, async (bounds) => {
            if (!this.#options.cluster.hasBrokers) await this.#metadata({ topics: [] }, bounds);
            const { wire } = this.#options.cluster;
            const answer = await wire.request(broker, 'DescribeLogDirs', { topics: null }, bounds);
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
    const { cluster } = this.#options;
    const { broker } = options;
    return this.#untilAnswered('describing producers', partitions, options, always, (open, bounds) =>
      askLeaders(cluster, open, describingProducers(cluster.wire), { ...bounds, broker }),
    );
  }

  describeCluster(
    options: CallOptions & { readonly includeFenced?: boolean } = {},
  ): Promise<ClusterDescription> {
    const { draft, minVersion } = describingCluster(options.includeFenced ?? false);
    return this.#call('describing the cluster', options, async (bounds) =>
      clusterOf(await this.#ask('DescribeCluster', draft, { ...bounds, minVersion })),
    );
  }

  unregisterBroker(id: number, options: CallOptions = {}): Promise<void> {
    return this.#call('unregistering a broker', options, async (bounds) => {
      const answer = await this.#change('UnregisterBroker', { brokerId: BrokerId(id) }, bounds);
      if (answer.errorCode !== 0) throw brokerError(answer.errorCode, answer.errorMessage);
    });
  }

  listOffsets(
    specs: readonly (TopicPartition & { readonly spec: OffsetSpec })[],
    options: CallOptions & { readonly isolation?: 'read_uncommitted' | 'read_committed' } = {},
  ): Promise<readonly Outcome<TopicPartition, ListedOffset>[]> {
    const isolation = options.isolation ?? 'read_uncommitted';
    return this.#untilAnswered('listing offsets', specs, options, always, (open, bounds) =>
      lookUpOffsets(this.#options.cluster, open, { isolation, ...bounds }),
    );
  }

  listPartitionReassignments(options: CallOptions = {}): Promise<readonly Reassignment[] | undefined> {
    return this.#call('listing partition reassignments', options, async (bounds) => {
      try {
        const { timeoutMs } = bounds;
        const answer = await this.#ask('ListPartitionReassignments', { timeoutMs, topics: null }, bounds);
        if (answer.errorCode !== 0) throw brokerError(answer.errorCode, answer.errorMessage);
        return answer.topics.flatMap(({ name, partitions }) =>
          partitions.map((one) => ({
            topic: name,
            partition: one.partitionIndex,
            replicas: one.replicas,
            addingReplicas: one.addingReplicas,
            removingReplicas: one.removingReplicas,
          })),
        );
      } catch (error) {
        if (isClientError(error, 'unsupported')) return undefined;
        throw error;
      }
    });
  }

  apiVersions(node: BrokerId, options: CallOptions = {}): Promise<Capabilities> {
    return this.#call('asking for API versions', options, (bounds) =>
      this.#options.cluster.wire.capabilities(node, bounds),
    );
  }

  close(): Promise<void> {
    if (!this.#isClosed) this.#options.closed();
    this.#isClosed = true;
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #call<Value>(
    what: string,
    options: CallOptions,
    attempt: (bounds: CallBounds) => Promise<Value>,
  ): Promise<Value> {
    if (this.#isClosed) return Promise.reject(closedAdmin());
    const { clock, random, apiTimeoutMs, requestTimeoutMs } = this.#options;
    const timeoutMs = options.timeoutMs ?? apiTimeoutMs;
    const { signal } = options;
    return withRetries({ clock, random, backoff: BACKOFF, timeoutMs, signal, what }, (leftMs) =>
      attempt({ timeoutMs: Math.ceil(Math.min(leftMs, requestTimeoutMs)), signal }),
    );
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
    const { cluster, clock, requestTimeoutMs, apiTimeoutMs } = this.#options;
    const answered = new Map<Question, Outcome<TopicPartition, Value>>();
    const deadlineMs = clock.monotonicMs() + (options.timeoutMs ?? apiTimeoutMs);
    await this.#call(what, options, async ({ timeoutMs, signal }) => {
      const open = questions.filter((question) => !answered.has(question));
      const names = new Set(open.map(({ topic }) => topic));
      await Promise.all([...names].map((name) => cluster.topic(name, { timeoutMs, signal })));
      const answers = await ask(open, { timeoutMs: Math.min(timeoutMs, requestTimeoutMs), signal });
      let again: ClientError | undefined;
      for (const [question, answer] of answers) {
        const key = { topic: question.topic, partition: question.partition };
        if (answer.kind === 'done') {
          answered.set(question, { kind: 'done', key, value: answer.value });
          continue;
        }
        const { error } = answer;
        if (error.retriable && mayAskAgain(question, error) && clock.monotonicMs() < deadlineMs)
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

  /** Sends each broker the changes of its own configs, and any broker the others. */
  #alterEach<Item extends { readonly resource: ConfigResource }>(
    items: readonly Item[],
    options: CallOptions,
    alter: (
      items: readonly Item[],
      bounds: CallBounds & { readonly node?: BrokerId | undefined },
    ) => Promise<ResponseOf<'AlterConfigs'>['responses']>,
  ): Promise<readonly Outcome<ConfigResource, undefined>[]> {
    return this.#call('altering configs', options, async (bounds) => {
      const groups = this.#byNode(items, ({ resource }) => resource);
      const answers = await Promise.all(
        groups.map((group) => alter(group.items, { ...bounds, node: group.node })),
      );
      const responses = answers.flat();
      return items.map(({ resource }) => {
        const one = responses.find(
          ({ resourceType, resourceName }) =>
            resourceType === configResourceType[resource.type] && resourceName === resource.name,
        );
        if (one === undefined) return failed(resource, incomplete(`${resource.type} ${resource.name}`));
        if (one.errorCode !== 0) return failed(resource, brokerError(one.errorCode, one.errorMessage));
        return { kind: 'done', key: resource, value: undefined };
      });
    });
  }

  /** A question: may be asked again whatever happened to it. */
  #ask<Name extends ApiName>(
    name: Name,
    draft: DraftFor<Name>,
    bounds: CallBounds & { readonly node?: BrokerId | undefined; readonly minVersion?: number },
  ): Promise<ResponseOf<Name>> {
    return this.#send(name, draft, { ...bounds, again: 'always' });
  }

  /** A change: asked again only when it surely has not happened; the controller, or whoever forwards to it. */
  async #change<
    Name extends
      | 'CreateTopics'
      | 'DeleteTopics'
      | 'CreatePartitions'
      | 'IncrementalAlterConfigs'
      | 'AlterConfigs'
      | 'UnregisterBroker',
  >(
    name: Name,
    draft: DraftFor<Name>,
    bounds: CallBounds & { readonly node?: BrokerId | undefined },
  ): Promise<ResponseOf<Name>> {
    const { cluster } = this.#options;
    if (!cluster.hasBrokers) await this.#metadata({ topics: [] }, bounds);
    const node = bounds.node ?? cluster.controllerOrAny();
    try {
      return await this.#send(name, draft, { ...bounds, node, again: 'definite' });
    } catch (error) {
      if (!isClientError(error) || error.effect === 'definite') throw error;
      // It may have happened: the caller has to look, a second attempt could only confuse.
      throw new ClientError(error.kind, error.code, error.message, { effect: 'indefinite', cause: error });
    }
  }

  async #send<Name extends ApiName>(
    name: Name,
    draft: DraftFor<Name>,
    options: CallBounds & {
      readonly node?: BrokerId | undefined;
      readonly minVersion?: number;
      readonly again: AskAgain;
    },
  ): Promise<ResponseOf<Name>> {
    const { node, ...rest } = options;
    return this.#options.cluster.ask(name, draft, { ...rest, prefer: node });
  }

  async #metadata(
    draft: DraftFor<'Metadata'>,
    bounds: CallBounds & { readonly minVersion?: number },
  ): Promise<ResponseOf<'Metadata'>> {
    const metadata = await this.#ask('Metadata', draft, bounds);
    if (metadata.errorCode !== 0) throw brokerError(metadata.errorCode);
    this.#options.cluster.learnBrokers(metadata);
    return metadata;
  }

  /** Brokers answer for their own configs; any of them for everything else. */
  #byNode<Item>(
    items: readonly Item[],
    resourceOf: (item: Item) => ConfigResource,
  ): readonly { readonly node: BrokerId | undefined; readonly items: readonly Item[] }[] {
    const groups = new Map<BrokerId | undefined, Item[]>();
    for (const item of items) {
      const { type, name } = resourceOf(item);
      const isBrokers = (type === 'broker' || type === 'broker-logger') && name !== '';
      const node = isBrokers ? BrokerId(Number(name)) : undefined;
      const group = groups.get(node);
      if (group === undefined) groups.set(node, [item]);
      else group.push(item);
    }
    return [...groups].map(([node, group]) => ({ node, items: group }));
  }

  #outcomes<Item extends { readonly errorCode: number; readonly errorMessage: string | null }, Value>(
    items: readonly Item[],
    keyOf: (item: Item) => string,
    valueOf: (item: Item) => Value,
  ): readonly Outcome<string, Value>[] {
    const refused = items.find(({ errorCode }) => errorCode === ErrorCode.NOT_CONTROLLER);
    if (refused !== undefined) {
      this.#options.cluster.forgetController();
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

const closedAdmin = (): ClientError => new ClientError('closed', 'CLOSED', 'the admin client was closed');

const always = (): boolean => true;

const failed = <Key>(key: Key, error: ClientError): { kind: 'failed'; key: Key; error: ClientError } => ({
  kind: 'failed',
  key,
  error,
});

const incomplete = (what: string): ClientError =>
  new ClientError('protocol', 'INCOMPLETE_ANSWER', `the broker left ${what} out of its answer`);
