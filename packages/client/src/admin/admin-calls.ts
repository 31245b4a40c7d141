import type { BrokerId, Clock, Logger, Random } from '@kafkaesque/kernel';
import type { ApiName, ResponseOf } from '@kafkaesque/protocol';
import { brokerError } from '../broker-error';
import type { ClusterView } from '../cluster/cluster-view';
import { ClientError, isClientError } from '../errors';
import { withRetries } from '../timing/waiting';
import type { VersionBounds } from '../wire/version-choice';
import type { DraftFor } from '../wire/wire';
import type { CallOptions } from './admin';
import { clusterOf, describingCluster } from './cluster-description';

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

/** Requests that change something, and are answered by the controller or whoever forwards to it. */
export type ChangeName =
  | 'CreateTopics'
  | 'DeleteTopics'
  | 'CreatePartitions'
  | 'IncrementalAlterConfigs'
  | 'AlterConfigs'
  | 'UnregisterBroker'
  | 'ElectLeaders'
  | 'AlterPartitionReassignments'
  | 'AlterReplicaLogDirs'
  | 'AddRaftVoter'
  | 'RemoveRaftVoter'
  | 'UpdateRaftVoter'
  | 'UpdateFeatures'
  | 'DeleteGroups'
  | 'LeaveGroup';

const BACKOFF = { firstMs: 100, maxMs: 1000 };

/** How an admin's calls reach the cluster: whom they ask, how long they try, and when they may ask again. */
export class AdminCalls {
  readonly #options: ClusterAdminOptions;
  #isClosed = false;

  constructor(options: ClusterAdminOptions) {
    this.#options = options;
  }

  get cluster(): ClusterView {
    return this.#options.cluster;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  close(): void {
    if (!this.#isClosed) this.#options.closed();
    this.#isClosed = true;
  }

  /** When a call that begins now has run out of time, on the monotonic clock. */
  deadlineMs({ timeoutMs }: CallOptions): number {
    return this.nowMs() + (timeoutMs ?? this.#options.apiTimeoutMs);
  }

  nowMs(): number {
    return this.#options.clock.monotonicMs();
  }

  /** Tries until it succeeds, fails for good, or the time is over. */
  call<Value>(
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

  /** A question that any broker can answer, and that may be asked again whatever happened to it. */
  ask<Name extends ApiName>(
    name: Name,
    draft: DraftFor<Name>,
    bounds: CallBounds & VersionBounds,
  ): Promise<ResponseOf<Name>> {
    return this.#options.cluster.ask(name, draft, { ...bounds, again: 'always' });
  }

  /** As `ask`; where only controllers are known, the active one is asked, because the others cannot tell. */
  async askActive<Name extends ApiName>(
    name: Name,
    draft: DraftFor<Name>,
    bounds: CallBounds & VersionBounds,
  ): Promise<ResponseOf<Name>> {
    const { cluster } = this;
    await this.#learnBrokers(bounds);
    const prefer = cluster.peers === 'controllers' ? cluster.controllerOrAny() : undefined;
    return cluster.ask(name, draft, { ...bounds, prefer, again: 'always' });
  }

  /** A question that one broker alone can answer. */
  async askBroker<Name extends ApiName>(
    broker: BrokerId,
    name: Name,
    draft: DraftFor<Name>,
    bounds: CallBounds & VersionBounds,
  ): Promise<ResponseOf<Name>> {
    await this.#learnBrokers(bounds);
    return this.cluster.request(broker, name, draft, bounds);
  }

  /** A change: asked again only when it surely has not happened; the controller, or whoever forwards to it. */
  async change<Name extends ChangeName>(
    name: Name,
    draft: DraftFor<Name>,
    bounds: CallBounds & VersionBounds,
  ): Promise<ResponseOf<Name>> {
    await this.#learnBrokers(bounds);
    const prefer = this.cluster.controllerOrAny();
    return once(() => this.cluster.ask(name, draft, { ...bounds, prefer, again: 'definite' }));
  }

  /** A change that one broker alone can judge. */
  async changeBroker<Name extends ChangeName>(
    broker: BrokerId,
    name: Name,
    draft: DraftFor<Name>,
    bounds: CallBounds & VersionBounds,
  ): Promise<ResponseOf<Name>> {
    await this.#learnBrokers(bounds);
    return once(() => this.cluster.request(broker, name, draft, bounds));
  }

  async metadata(
    draft: DraftFor<'Metadata'>,
    bounds: CallBounds & VersionBounds,
  ): Promise<ResponseOf<'Metadata'>> {
    const metadata = await this.ask('Metadata', draft, bounds);
    if (metadata.errorCode !== 0) throw brokerError(metadata.errorCode);
    this.cluster.learnBrokers(metadata);
    return metadata;
  }

  async #learnBrokers(bounds: CallBounds): Promise<void> {
    const { cluster } = this;
    if (cluster.peers === 'brokers') {
      if (!cluster.hasBrokers) await this.metadata({ topics: [] }, bounds);
    } else if (!cluster.knowsController) await this.#learnControllers(bounds);
  }

  /** Controllers answer no Metadata, and forward nothing: the active one has to be known (KIP-919). */
  async #learnControllers(bounds: CallBounds): Promise<void> {
    const { draft, minVersion } = describingCluster('controllers', false);
    const answer = await this.ask('DescribeCluster', draft, { ...bounds, minVersion });
    const { nodes, controllerId } = clusterOf(answer);
    this.cluster.learnBrokers({ brokers: nodes.map((node) => ({ ...node, nodeId: node.id })), controllerId });
  }
}

const once = async <Answer>(send: () => Promise<Answer>): Promise<Answer> => {
  try {
    return await send();
  } catch (error) {
    if (!isClientError(error) || error.effect === 'definite') throw error;
    // It may have happened: the caller has to look, a second attempt could only confuse.
    throw new ClientError(error.kind, error.code, error.message, { effect: 'indefinite', cause: error });
  }
};

export const closedAdmin = (): ClientError =>
  new ClientError('closed', 'CLOSED', 'the admin client was closed');

/** What went wrong with one of the things that a call was about. */
export const failed = <Key>(
  key: Key,
  error: ClientError,
): { kind: 'failed'; key: Key; error: ClientError } => ({ kind: 'failed', key, error });

export const incomplete = (what: string): ClientError =>
  new ClientError('protocol', 'INCOMPLETE_ANSWER', `the broker left ${what} out of its answer`);
