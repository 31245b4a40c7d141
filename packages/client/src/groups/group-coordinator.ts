import type { BrokerId, Logger } from '@kafkaesque/kernel';
import { ErrorCode } from '@kafkaesque/protocol';
import type { ApiName, ResponseOf } from '@kafkaesque/protocol';
import { brokerError } from '../broker-error';
import type { ClusterView } from '../cluster/cluster-view';
import { ClientError, isClientError } from '../errors';
import { isUnanswered } from '../stale-metadata';
import { untilAborted } from '../timing/waiting';
import type { DraftFor, RequestLine, RequestOptions } from '../wire/wire';

export interface GroupCoordinatorOptions {
  readonly cluster: ClusterView;
  readonly groupId: string;
  readonly logger: Logger;
  readonly requestTimeoutMs: number;
}

const GROUP = 0;

/** Answers that say the coordinator is, or will be, another broker. */
const MOVED: ReadonlySet<number> = new Set([
  ErrorCode.NOT_COORDINATOR,
  ErrorCode.COORDINATOR_NOT_AVAILABLE,
  ErrorCode.REQUEST_TIMED_OUT,
]);

/** Requests that a broker answers when other members have come: nothing sent behind them is answered before. */
const WAITING: ReadonlySet<ApiName> = new Set(['JoinGroup', 'SyncGroup']);

/** A connection to the coordinator, and what is unanswered on it. */
interface Line {
  readonly node: BrokerId;
  readonly requests: RequestLine;
  openCount: number;
  isRetired: boolean;
}

/**
 * The broker that coordinates one group: looked up when needed, forgotten when it proves to be another one. It is
 * reached over a connection of the member's own, because a JoinGroup may wait there for as long as a rebalance takes.
 */
export class GroupCoordinator {
  readonly #options: GroupCoordinatorOptions;
  #line: Line | undefined;
  #finding: Promise<BrokerId> | undefined;

  constructor(options: GroupCoordinatorOptions) {
    this.#options = options;
  }

  get groupId(): string {
    return this.#options.groupId;
  }

  /** The next request looks it up again. What was asked of the last one may still be answered. */
  forget(): void {
    const line = this.#line;
    this.#line = undefined;
    if (line !== undefined) retire(line);
  }

  /** Forgets the coordinator when the answer says that it is another one. */
  judge(errorCode: number): void {
    if (MOVED.has(errorCode)) this.forget();
  }

  /** Ends its connection. A request after it connects anew. */
  close(): void {
    this.#line?.requests.close();
    this.#line = undefined;
  }

  /**
   * Sends one request to the coordinator, looking it up first when it is not known. Errors within the answer are the
   * caller's business; they go to `judge`.
   */
  async request<Name extends ApiName>(
    name: Name,
    draft: DraftFor<Name>,
    options: RequestOptions = {},
  ): Promise<ResponseOf<Name>> {
    const { cluster, requestTimeoutMs } = this.#options;
    const line = this.#line ?? this.#lineTo(await untilAborted(this.#find(), options.signal));
    // Whoever stops waiting has something else to say, a member that leaves above all.
    const stop = (): void => this.#giveUp(line);
    if (WAITING.has(name)) options.signal?.addEventListener('abort', stop, { once: true });
    line.openCount += 1;
    try {
      return await this.#send(line, name, draft, { timeoutMs: requestTimeoutMs, ...options });
    } catch (error) {
      cluster.unanswered(line.node, error);
      if (isClientError(error) && isUnanswered(error) && this.#line === line) this.forget();
      throw error;
    } finally {
      options.signal?.removeEventListener('abort', stop);
      line.openCount -= 1;
      if (line.isRetired) retire(line);
    }
  }

  #send<Name extends ApiName>(
    line: Line,
    name: Name,
    draft: DraftFor<Name>,
    options: RequestOptions,
  ): Promise<ResponseOf<Name>> {
    // A cooperative member reads on while it waits in a join, and has to find out where.
    if (name === 'OffsetFetch') return this.#options.cluster.request(line.node, name, draft, options);
    return line.requests.request(name, draft, options);
  }

  #lineTo(node: BrokerId): Line {
    if (this.#line?.node === node) return this.#line;
    this.forget();
    const requests = this.#options.cluster.wire.line(node);
    this.#line = { node, requests, openCount: 0, isRetired: false };
    return this.#line;
  }

  /** The next request goes to the same broker by another connection. */
  #giveUp(line: Line): void {
    if (this.#line === line) {
      this.#line = undefined;
      this.#lineTo(line.node);
    }
    line.requests.close();
  }

  #find(): Promise<BrokerId> {
    this.#finding ??= this.#ask().finally(() => {
      this.#finding = undefined;
    });
    return this.#finding;
  }

  async #ask(): Promise<BrokerId> {
    const { cluster, groupId, requestTimeoutMs, logger } = this.#options;
    const answer = await cluster.ask(
      'FindCoordinator',
      (version) =>
        version >= 4 ? { keyType: GROUP, coordinatorKeys: [groupId] } : { key: groupId, keyType: GROUP },
      { timeoutMs: requestTimeoutMs, again: 'always' },
    );
    const found = answer.coordinators.length === 0 ? answer : answer.coordinators[0];
    if (found === undefined) {
      throw new ClientError(
        'protocol',
        'INCOMPLETE_ANSWER',
        'the broker left the coordinator out of its answer',
      );
    }
    if (found.errorCode !== 0) throw brokerError(found.errorCode, found.errorMessage);
    const { nodeId, host, port } = found;
    cluster.learnNode({ id: nodeId, host, port, rack: null });
    logger.debug('the group has a coordinator', { groupId, node: nodeId });
    return nodeId;
  }
}

/** Closes it once nothing is unanswered on it. */
const retire = (line: Line): void => {
  line.isRetired = true;
  if (line.openCount === 0) line.requests.close();
};
