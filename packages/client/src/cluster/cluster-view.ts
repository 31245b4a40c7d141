import { NO_BROKER, NO_LEADER_EPOCH } from '@kafkaesque/kernel';
import type { Clock, LeaderEpoch, Logger, Random, TopicId, BrokerId } from '@kafkaesque/kernel';
import { ErrorCode } from '@kafkaesque/protocol';
import type { ApiName, ResponseOf } from '@kafkaesque/protocol';
import { brokerError } from '../broker-error';
import type { ClientError } from '../errors';
import { isClientError } from '../errors';
import { isUnanswered } from '../stale-metadata';
import { untilAborted, withRetries } from '../timing/waiting';
import type { BackoffRange } from '../timing/waiting';
import { hostPortText } from '../wire/addresses';
import type { DraftFor, NodeAddress, RequestOptions, Wire } from '../wire/wire';

export interface PartitionView {
  readonly partition: number;
  /** -1 when there is none. */
  readonly leader: BrokerId;
  readonly leaderEpoch: LeaderEpoch;
}

export interface TopicView {
  readonly name: string;
  /** The zero id when the broker speaks no topic ids. */
  readonly topicId: TopicId;
  /** In order of their index. */
  readonly partitions: readonly PartitionView[];
}

/** Whom the wire leads to. Controllers know no topics, and forward nothing. */
export type Peers = 'brokers' | 'controllers';

export interface ClusterViewOptions {
  readonly wire: Wire;
  readonly peers: Peers;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly maxAgeMs: number;
  readonly requestTimeoutMs: number;
  readonly backoff: BackoffRange;
}

export interface LookupOptions {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Whether asking may make the topic, where the cluster is set up to do so; default: true. */
  readonly mayCreate?: boolean | undefined;
}

/** `definite`: another node is asked only when the first surely did nothing; `always`: whenever it did not answer. */
export type AskAgain = 'definite' | 'always';

interface Known {
  readonly view: TopicView;
  readonly atMs: number;
}
type Metadata = ResponseOf<'Metadata'>;

/** Before, asking always made the topic where the cluster was set up so. */
const FIRST_VERSION_THAT_MAY_NOT_CREATE = 4;

/** How long a broker that could not be reached, or did not answer, is asked last. */
const SUSPECT_MS = 5000;

/** What one client knows of the cluster: brokers and the leaders of the topics it uses, refreshed when proved wrong. */
export class ClusterView {
  readonly wire: Wire;
  readonly peers: Peers;
  readonly #options: ClusterViewOptions;
  readonly #topics = new Map<string, Known>();
  readonly #failures = new Map<string, ClientError>();
  /** By address: a broker and a bootstrap server may be the same. */
  readonly #suspectUntil = new Map<string, number>();
  /** Of all nodes there ever were. */
  readonly #addresses = new Map<BrokerId, string>();
  /** What the next request asks for, and whether asking may make it. */
  readonly #wanted = new Map<string, boolean>();
  #brokers: readonly NodeAddress[] = [];
  #controller: BrokerId = NO_BROKER;
  #loading: Promise<void> | undefined;
  #nextLoad: Promise<void> | undefined;

  constructor(options: ClusterViewOptions) {
    this.wire = options.wire;
    this.peers = options.peers;
    this.#options = options;
    this.#locate(options.wire.bootstrapNodes);
  }

  /** What is known now and not too old to go by. */
  known(topic: string): TopicView | undefined {
    const known = this.#topics.get(topic);
    if (known === undefined || known.atMs + this.#options.maxAgeMs <= this.#options.clock.monotonicMs())
      return undefined;
    return known.view;
  }

  /** The leader of a partition by what is known, -1 if none is. */
  leaderOf(topic: string, partition: number): PartitionView | undefined {
    return this.#topics.get(topic)?.view.partitions[partition];
  }

  topicId(topic: string): TopicId | undefined {
    return this.#topics.get(topic)?.view.topicId;
  }

  /** The topic, asked for until it is there. Errors that waiting does not heal come at once. */
  topic(name: string, options: LookupOptions): Promise<TopicView> {
    const { clock, random, backoff } = this.#options;
    const what = `looking up topic ${name}`;
    return withRetries({ clock, random, backoff, ...options, what }, async () => {
      const known = this.known(name);
      if (known !== undefined) return known;
      await untilAborted(this.refresh(name, options), options.signal);
      const view = this.known(name);
      if (view !== undefined) return view;
      throw this.#failures.get(name) ?? brokerError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
    });
  }

  /** Asks for the topic again. Calls that come while a request is under way share the next one. */
  refresh(topic: string, { mayCreate = true }: Pick<LookupOptions, 'mayCreate'> = {}): Promise<void> {
    this.#wanted.set(topic, mayCreate || (this.#wanted.get(topic) ?? false));
    this.#nextLoad ??= (this.#loading ?? Promise.resolve()).then(
      () => this.#load(),
      () => this.#load(),
    );
    return this.#nextLoad;
  }

  /** What is known of the topic proved wrong: the next lookup asks. */
  invalidate(topic: string): void {
    const known = this.#topics.get(topic);
    if (known !== undefined) this.#topics.set(topic, { view: known.view, atMs: -Infinity });
  }

  /** A broker that is expected to answer: any of the known ones, or the bootstrap addresses. */
  anyNode(except: ReadonlySet<BrokerId> = new Set()): BrokerId | undefined {
    const { clock, random } = this.#options;
    const left = [...this.#brokers, ...this.wire.bootstrapNodes].filter(({ id }) => !except.has(id));
    const nowMs = clock.monotonicMs();
    const trusted = left.filter((node) => (this.#suspectUntil.get(hostPortText(node)) ?? 0) <= nowMs);
    const known = trusted.filter(({ id }) => id >= 0);
    const candidates = [known, trusted, left].find((some) => some.length > 0);
    return candidates?.[random.below(candidates.length)]?.id;
  }

  /** Sends a request that this broker alone can answer. Whoever does not answer is asked last what others know too. */
  async request<Name extends ApiName>(
    node: BrokerId,
    name: Name,
    draft: DraftFor<Name>,
    options?: RequestOptions,
  ): Promise<ResponseOf<Name>> {
    try {
      return await this.wire.request(node, name, draft, options);
    } catch (error) {
      this.unanswered(node, error);
      throw error;
    }
  }

  /** A broker was asked for something, and this came of it. */
  unanswered(node: BrokerId, error: unknown): void {
    if (!isClientError(error) || !isUnanswered(error)) return;
    const address = this.#addresses.get(node);
    if (address !== undefined)
      this.#suspectUntil.set(address, this.#options.clock.monotonicMs() + SUSPECT_MS);
  }

  /** Sends a request that any broker can answer; moves on to the next when one cannot be reached. */
  async ask<Name extends ApiName>(
    name: Name,
    draft: DraftFor<Name>,
    options: RequestOptions & { readonly again: AskAgain; readonly prefer?: BrokerId | undefined },
  ): Promise<ResponseOf<Name>> {
    const tried = new Set<BrokerId>();
    let failure: unknown;
    for (;;) {
      const preferred =
        options.prefer !== undefined && !tried.has(options.prefer) ? options.prefer : undefined;
      const node = preferred ?? this.anyNode(tried);
      if (node === undefined) throw failure;
      tried.add(node);
      try {
        return await this.request(node, name, draft, options);
      } catch (error) {
        if (!isClientError(error) || !isUnanswered(error)) throw error;
        if (options.again === 'definite' && error.effect === 'indefinite') throw error;
        failure = error;
      }
    }
  }

  /** The controller by the last metadata, or any broker: all of them forward. */
  controllerOrAny(): BrokerId | undefined {
    return this.#controller === NO_BROKER ? this.anyNode() : this.#controller;
  }

  /** It said that it is not: any broker finds the right one. */
  forgetController(): void {
    this.#controller = NO_BROKER;
  }

  get knowsController(): boolean {
    return this.#controller !== NO_BROKER;
  }

  get hasBrokers(): boolean {
    return this.#brokers.length > 0;
  }

  /** Takes in what a Metadata answer says of brokers, whoever asked. */
  learnBrokers(metadata: {
    readonly brokers: readonly Pick<Metadata['brokers'][number], 'nodeId' | 'host' | 'port' | 'rack'>[];
    readonly controllerId: BrokerId;
  }): void {
    if (metadata.brokers.length === 0) return;
    this.#brokers = metadata.brokers.map(({ nodeId, host, port, rack }) => ({
      id: nodeId,
      host,
      port,
      rack,
    }));
    this.#controller = metadata.controllerId;
    this.wire.learn(this.#brokers);
    this.#locate(this.#brokers);
  }

  /** A broker that another answer than Metadata told of. */
  learnNode(node: NodeAddress): void {
    this.wire.learn([node]);
    this.#locate([node]);
  }

  #locate(nodes: readonly NodeAddress[]): void {
    for (const node of nodes) this.#addresses.set(node.id, hostPortText(node));
  }

  #load(): Promise<void> {
    const wanted = [...this.#wanted];
    this.#wanted.clear();
    this.#nextLoad = undefined;
    const loading = this.#requestAll(wanted).finally(() => {
      if (this.#loading === loading) this.#loading = undefined;
    });
    this.#loading = loading;
    return loading;
  }

  async #requestAll(wanted: readonly (readonly [name: string, mayCreate: boolean])[]): Promise<void> {
    const requests = [true, false].flatMap((mayCreate) => {
      const names = wanted.filter(([, one]) => one === mayCreate).map(([name]) => name);
      return names.length === 0 ? [] : [this.#request(names, mayCreate)];
    });
    await Promise.all(requests);
  }

  async #request(names: readonly string[], allowAutoTopicCreation: boolean): Promise<void> {
    const topics = names.map((name) => ({ name }));
    const timeoutMs = this.#options.requestTimeoutMs;
    const draft: DraftFor<'Metadata'> = (version) => ({
      topics,
      ...(version >= FIRST_VERSION_THAT_MAY_NOT_CREATE ? { allowAutoTopicCreation } : {}),
    });
    const metadata = await this.ask('Metadata', draft, { timeoutMs, again: 'always' });
    if (metadata.errorCode !== 0) throw brokerError(metadata.errorCode);
    this.learnBrokers(metadata);
    for (const topic of metadata.topics) this.#learnTopic(topic);
  }

  #learnTopic(topic: Metadata['topics'][number]): void {
    const { name, errorCode } = topic;
    if (name === null) return;
    if (errorCode !== 0) {
      this.#topics.delete(name);
      this.#failures.set(name, brokerError(errorCode, topicSentence(errorCode, name)));
      return;
    }
    this.#failures.delete(name);
    const before = this.#topics.get(name)?.view;
    const sameTopic = before?.topicId === topic.topicId ? before : undefined;
    const partitions: PartitionView[] = [];
    for (const { partitionIndex, leaderId, leaderEpoch } of topic.partitions) {
      const older = sameTopic?.partitions[partitionIndex];
      // KIP-320: a broker that lags behind must not take us back to a leader that was deposed.
      const isStale =
        older !== undefined && leaderEpoch !== NO_LEADER_EPOCH && leaderEpoch < older.leaderEpoch;
      partitions[partitionIndex] = isStale
        ? older
        : { partition: partitionIndex, leader: leaderId, leaderEpoch };
    }
    const view = { name, topicId: topic.topicId, partitions };
    this.#topics.set(name, { view, atMs: this.#options.clock.monotonicMs() });
  }
}

const topicSentence = (errorCode: number, name: string): string | undefined => {
  if (errorCode === ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
    return `topic ${name} does not exist on this cluster`;
  if (errorCode === ErrorCode.INVALID_TOPIC_EXCEPTION) return `"${name}" is not a valid topic name`;
  return undefined;
};
