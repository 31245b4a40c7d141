import type { BrokerId, Logger } from '@kafkaesque/kernel';
import { ErrorCode } from '@kafkaesque/protocol';
import type { ApiName, ResponseOf } from '@kafkaesque/protocol';
import { brokerError } from '../broker-error';
import type { ClusterView } from '../cluster/cluster-view';
import { ClientError, isClientError } from '../errors';
import { isUnanswered } from '../stale-metadata';
import { untilAborted } from '../timing/waiting';
import type { DraftFor, RequestOptions } from '../wire/wire';

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

/** The broker that coordinates one group: looked up when needed, forgotten when it proves to be another one. */
export class GroupCoordinator {
  readonly #options: GroupCoordinatorOptions;
  #node: BrokerId | undefined;
  #finding: Promise<BrokerId> | undefined;

  constructor(options: GroupCoordinatorOptions) {
    this.#options = options;
  }

  get groupId(): string {
    return this.#options.groupId;
  }

  /** The next request looks it up again. */
  forget(): void {
    this.#node = undefined;
  }

  /** Forgets the coordinator when the answer says that it is another one. */
  judge(errorCode: number): void {
    if (MOVED.has(errorCode)) this.forget();
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
    const node = this.#node ?? (await untilAborted(this.#find(), options.signal));
    try {
      return await cluster.request(node, name, draft, { timeoutMs: requestTimeoutMs, ...options });
    } catch (error) {
      if (isClientError(error) && isUnanswered(error) && this.#node === node) this.forget();
      throw error;
    }
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
    this.#node = nodeId;
    return nodeId;
  }
}
