import {
  BrokerId,
  LeaderEpoch,
  Offset,
  ProducerEpoch,
  ProducerId,
  TopicId,
  assert,
} from '@kafkaesque/kernel';
import type { Clock, Random } from '@kafkaesque/kernel';
import { ErrorCode, apis } from '@kafkaesque/protocol';
import type { ApiName, RequestDraftOf, ResponseOf } from '@kafkaesque/protocol';
import { ClientError, isClientError } from '../errors';
import type {
  Capabilities,
  DraftFor,
  FetchOptions,
  FetchStream,
  NodeAddress,
  RequestLine,
  RequestOptions,
  Wire,
} from '../wire/wire';
import { SimulatedCoordinator } from './simulated-coordinator';
import { SimulatedFetchStream } from './simulated-fetch-stream';
import { SimulatedPartition } from './simulated-partition';

/**
 * What may happen to a request: it or its answer is lost, and the connection with it; it is refused without effect; or
 * it has its effect and is answered all the same that time ran out. The last two are for Produce.
 */
export type Mishap = 'none' | 'request-lost' | 'answer-lost' | 'refused' | 'timed-out';

export interface SimulatedClusterOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Partitions by topic. */
  readonly topics: Readonly<Record<string, number>>;
  readonly brokers?: number;
  /** Brokers that are bootstrap servers too, as nodes -2, -3, …; default: the first. */
  readonly bootstrapBrokers?: readonly number[];
  readonly mishap?: (api: ApiName) => Mishap;
  /** Answers instead of the cluster when it returns something; a ClientError is how the request fails. */
  readonly intercept?: (api: ApiName, draft: unknown, node: number) => unknown;
}

const MAX_LATENCY_MS = 20;

/** A cluster that lives within a test: real record batches, virtual time, and whatever goes wrong on a network. */
export class SimulatedCluster implements Wire {
  readonly bootstrapNodes: readonly NodeAddress[];
  readonly requests: { readonly api: ApiName; readonly node: number; readonly draft: unknown }[] = [];
  readonly topics = new Map<string, readonly SimulatedPartition[]>();
  readonly #options: SimulatedClusterOptions;
  readonly #brokers: readonly number[];
  /** When the last request to a node arrives: they arrive in order. */
  readonly #busyUntilMs = new Map<number, number>();
  /** Counts the connections to a node: what belongs to an earlier one is lost. */
  readonly #connections = new Map<number, number>();
  readonly #breaks = new Map<number, Set<() => void>>();
  readonly streams = new Set<SimulatedFetchStream>();
  /** Of all groups; on the first broker until it moves. */
  readonly coordinator: SimulatedCoordinator;
  #nextProducerId = 1;

  constructor(options: SimulatedClusterOptions) {
    this.#options = options;
    this.coordinator = new SimulatedCoordinator({
      clock: options.clock,
      node: 1,
      topics: () =>
        [...this.topics].map(([name, { length: count }]) => ({ name, topicId: this.topicId(name), count })),
    });
    this.bootstrapNodes = (options.bootstrapBrokers ?? [1]).map((port, index) => ({
      ...{ id: BrokerId(-2 - index), host: 'simulated', port, rack: null },
    }));
    this.#brokers = Array.from({ length: options.brokers ?? 1 }, (_, index) => index + 1);
    for (const [topic, count] of Object.entries(options.topics)) this.addTopic(topic, count);
  }

  addTopic(topic: string, partitions: number): void {
    const leaders = this.#brokers;
    this.topics.set(
      topic,
      Array.from(
        { length: partitions },
        (_, index) => new SimulatedPartition(leaders[index % leaders.length] ?? 1, () => this.#logsChanged()),
      ),
    );
  }

  partition(topic: string, partition: number): SimulatedPartition {
    const found = this.topics.get(topic)?.[partition];
    assert(found !== undefined, () => `the test has no partition ${topic}-${partition}`);
    return found;
  }

  topicId(topic: string): TopicId {
    return TopicId(Buffer.from(topic.padEnd(16, '.')).toString('base64url').slice(0, 22));
  }

  learn(): void {
    // Its nodes are known to themselves.
  }

  request<Name extends ApiName>(
    node: BrokerId,
    api: Name,
    draft: DraftFor<Name>,
    options: RequestOptions = {},
  ): Promise<ResponseOf<Name>> {
    const { clock, random, mishap } = this.#options;
    const value = typeof draft === 'function' ? draft(apis[api].advertised.max) : draft;
    const connection = this.#connections.get(node) ?? 0;
    const arrivesAtMs = Math.max(
      this.#busyUntilMs.get(node) ?? 0,
      clock.monotonicMs() + 1 + random.below(MAX_LATENCY_MS),
    );
    this.#busyUntilMs.set(node, arrivesAtMs);
    const fate = mishap?.(api) ?? 'none';
    return new Promise((resolve, reject) => {
      const broken = (): void => reject(lost());
      const breaks = this.#breaks.get(node) ?? new Set();
      this.#breaks.set(node, breaks);
      breaks.add(broken);
      clock.wakeAt(arrivesAtMs, () => {
        if ((this.#connections.get(node) ?? 0) !== connection) return;
        if (fate === 'request-lost') {
          this.disconnect(node);
          return;
        }
        this.requests.push({ api, node, draft: value });
        const answer = this.#answer(api, value, node, fate);
        const latencyMs = (options.answered ?? true) ? 1 + random.below(MAX_LATENCY_MS) : 0;
        const deliver = (body: unknown): void => {
          clock.wakeAt(clock.monotonicMs() + latencyMs, () => {
            if ((this.#connections.get(node) ?? 0) !== connection) return;
            breaks.delete(broken);
            if (isClientError(body)) reject(body);
            else resolve(body as ResponseOf<Name>);
          });
        };
        if (fate === 'answer-lost') this.disconnect(node);
        // Who waits for others is answered when they have come.
        else if (answer instanceof Promise) void answer.then(deliver);
        else deliver(answer);
      });
    });
  }

  line(node: BrokerId): RequestLine {
    return {
      request: (api, draft, options) => this.request(node, api, draft, options),
      close: () => undefined,
    };
  }

  fetch(node: BrokerId, options: FetchOptions): FetchStream {
    const stream = new SimulatedFetchStream(this, node, options, this.#options.clock, () =>
      this.streams.delete(stream),
    );
    this.streams.add(stream);
    return stream;
  }

  capabilities(): Promise<Capabilities> {
    return Promise.resolve({ apis: new Map(), finalizedFeatures: new Map(), supportedFeatures: new Map() });
  }

  onClosed(): () => void {
    return () => undefined;
  }

  /** Ends the connection to a node: everything that has not been answered fails. */
  disconnect(node: number): void {
    this.#connections.set(node, (this.#connections.get(node) ?? 0) + 1);
    const breaks = this.#breaks.get(node) ?? new Set();
    this.#breaks.set(node, new Set());
    for (const broken of breaks) broken();
  }

  /** Gives a partition another leader, in a new epoch. */
  moveLeader(topic: string, partition: number, leader: number): void {
    const moved = this.partition(topic, partition);
    moved.leader = leader;
    moved.leaderEpoch += 1;
    this.#logsChanged();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #logsChanged(): void {
    for (const stream of this.streams) stream.wake();
  }

  #answer(api: ApiName, draft: unknown, node: number, fate: Mishap): unknown {
    const instead = this.#options.intercept?.(api, draft, node);
    if (instead !== undefined) return instead;
    const byCoordinator = this.coordinator.answer(api, draft, node);
    if (byCoordinator !== undefined) return byCoordinator;
    switch (api) {
      case 'Metadata':
        return this.#metadata(draft as RequestDraftOf<'Metadata'>);
      case 'InitProducerId':
        return {
          errorCode: 0,
          producerId: ProducerId(this.#nextProducerId++),
          producerEpoch: ProducerEpoch(0),
        };
      case 'Produce':
        return this.#produce(draft as RequestDraftOf<'Produce'>, node, fate);
      case 'ListOffsets':
        return this.#listOffsets(draft as RequestDraftOf<'ListOffsets'>, node);
      default:
        throw new Error(`the simulated cluster has no ${api}`);
    }
  }

  #metadata({ topics }: RequestDraftOf<'Metadata'>): unknown {
    const nameOf = (id: unknown): string =>
      [...this.topics.keys()].find((one) => this.topicId(one) === id) ?? '';
    const names =
      topics === null ? [...this.topics.keys()] : topics.map(({ name, topicId }) => name ?? nameOf(topicId));
    return apis.Metadata.response.make({
      brokers: this.#brokers.map((id) => ({ nodeId: BrokerId(id), host: 'simulated', port: id })),
      controllerId: BrokerId(1),
      topics: names.map((name) => {
        const partitions = this.topics.get(name);
        return {
          errorCode: partitions === undefined ? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION : 0,
          name,
          topicId: this.topicId(name),
          partitions: (partitions ?? []).map(({ leader, leaderEpoch }, index) => ({
            errorCode: 0,
            partitionIndex: index,
            leaderId: BrokerId(leader),
            leaderEpoch: LeaderEpoch(leaderEpoch),
            replicaNodes: [BrokerId(leader)],
            isrNodes: [BrokerId(leader)],
          })),
        };
      }),
    });
  }

  #produce({ topicData }: RequestDraftOf<'Produce'>, node: number, fate: Mishap): unknown {
    return apis.Produce.response.make({
      responses: topicData.map(({ name = '', partitionData }) => ({
        name,
        topicId: this.topicId(name),
        partitionResponses: partitionData.map(({ index, records }) => {
          const partition = this.partition(name, index);
          const refused = (errorCode: number) => ({ index, errorCode, baseOffset: Offset(-1) });
          if (partition.leader !== node) return refused(ErrorCode.NOT_LEADER_OR_FOLLOWER);
          if (fate === 'refused') return refused(ErrorCode.NOT_ENOUGH_REPLICAS);
          const { errorCode, baseOffset } = partition.append(records as Buffer);
          return {
            index,
            errorCode,
            baseOffset: Offset(baseOffset),
            logStartOffset: Offset(partition.logStart),
          };
        }),
      })),
    });
  }

  #listOffsets({ topics }: RequestDraftOf<'ListOffsets'>, node: number): unknown {
    return apis.ListOffsets.response.make({
      topics: topics.map(({ name, partitions }) => ({
        name,
        partitions: partitions.map(({ partitionIndex, timestamp }) => {
          const partition = this.partition(name, partitionIndex);
          const errorCode = partition.leader === node ? 0 : ErrorCode.NOT_LEADER_OR_FOLLOWER;
          const offset = timestamp === -2 ? partition.logStart : partition.endOffset;
          return {
            partitionIndex,
            errorCode,
            offset: Offset(offset),
            timestamp: -1,
            leaderEpoch: LeaderEpoch(0),
          };
        }),
      })),
    });
  }
}

const lost = (): ClientError =>
  new ClientError('connection', 'CONNECTION_LOST', 'the simulated connection ended', {
    retriable: true,
    effect: 'indefinite',
  });
