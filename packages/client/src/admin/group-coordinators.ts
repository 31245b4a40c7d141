import { ErrorCode } from '@kafkaesque/protocol';
import type { ResponseOf } from '@kafkaesque/protocol';
import { brokerError } from '../broker-error';
import { isClientError } from '../errors';
import type { ClientError } from '../errors';
import { isUnanswered } from '../stale-metadata';
import type { NodeAddress } from '../wire/wire';
import type { CallOptions, Outcome } from './admin';
import { failed, incomplete } from './admin-calls';
import type { AdminCalls, CallBounds } from './admin-calls';

/** Several keys in one FindCoordinator from here on (KIP-699). */
const FIRST_VERSION_WITH_KEYS = 4;
const GROUP_KEY_TYPE = 0;

/** What a coordinator said of one group. `again`: it cannot tell for now. */
export type GroupVerdict<Value> =
  | { readonly kind: 'done'; readonly value: Value }
  | { readonly kind: 'failed'; readonly error: ClientError }
  | { readonly kind: 'again'; readonly error: ClientError };

/** Asks one coordinator for some of its groups; what is missing in the map was left out of its answer. */
export type AskCoordinator<Value> = (
  coordinator: NodeAddress,
  groupIds: readonly string[],
  bounds: CallBounds,
) => Promise<ReadonlyMap<string, GroupVerdict<Value>>>;

/** How a group's error is taken. */
export const verdictOf = (errorCode: number, message?: string | null): GroupVerdict<never> => {
  const error = brokerError(errorCode, message);
  return { kind: showsAnotherTime(errorCode) ? 'again' : 'failed', error };
};

const showsAnotherTime = (errorCode: number): boolean =>
  showsAnotherCoordinator(errorCode) || errorCode === ErrorCode.COORDINATOR_LOAD_IN_PROGRESS;

const showsAnotherCoordinator = (errorCode: number | undefined): boolean =>
  errorCode === ErrorCode.NOT_COORDINATOR || errorCode === ErrorCode.COORDINATOR_NOT_AVAILABLE;

/** Finds the coordinators of groups, and asks each for its own until all groups are answered or the time is over. */
export class GroupCoordinators {
  readonly #calls: AdminCalls;
  readonly #known = new Map<string, NodeAddress>();

  constructor(calls: AdminCalls) {
    this.#calls = calls;
  }

  /** `mayRepeat`: the same request twice does no harm. Otherwise it is asked again only if it surely did nothing. */
  async askAll<Value>(
    what: string,
    groupIds: readonly string[],
    options: CallOptions,
    { mayRepeat, ask }: { readonly mayRepeat: boolean; readonly ask: AskCoordinator<Value> },
  ): Promise<readonly Outcome<string, Value>[]> {
    const answered = new Map<string, Outcome<string, Value>>();
    const wanted = [...new Set(groupIds)];
    try {
      await this.#calls.call(what, options, async (bounds) => {
        const open = wanted.filter((groupId) => !answered.has(groupId));
        const failures: ClientError[] = [];
        const settle = (groupId: string, verdict: GroupVerdict<Value> | undefined): void => {
          if (verdict === undefined) answered.set(groupId, failed(groupId, incomplete(`group ${groupId}`)));
          else if (verdict.kind === 'again') {
            if (showsAnotherCoordinator(verdict.error.errorCode)) this.#known.delete(groupId);
            failures.push(verdict.error);
          } else answered.set(groupId, { key: groupId, ...verdict });
        };
        for (const [groupId, verdict] of await this.#find(open, bounds)) settle(groupId, verdict);
        const groups = this.#byCoordinator(open.filter((groupId) => !answered.has(groupId)));
        await Promise.all(
          groups.map(async ({ coordinator, ids }) => {
            try {
              const verdicts = await ask(coordinator, ids, bounds);
              for (const groupId of ids) settle(groupId, verdicts.get(groupId));
            } catch (error) {
              if (!isClientError(error) || error.kind === 'aborted' || error.kind === 'closed') throw error;
              if (isUnanswered(error)) for (const groupId of ids) this.#known.delete(groupId);
              const isOver = !error.retriable || (!mayRepeat && error.effect === 'indefinite');
              for (const groupId of ids) settle(groupId, { kind: isOver ? 'failed' : 'again', error });
            }
          }),
        );
        const [failure] = failures;
        if (failure !== undefined) throw failure;
      });
    } catch (error) {
      if (!isClientError(error, 'timeout') || answered.size === 0) throw error;
      for (const groupId of wanted) if (!answered.has(groupId)) answered.set(groupId, failed(groupId, error));
    }
    return groupIds.map(
      (groupId) => answered.get(groupId) ?? failed(groupId, incomplete(`group ${groupId}`)),
    );
  }

  /** As `askAll`, for one group; its failure is the call's. */
  async askOne<Value>(
    what: string,
    groupId: string,
    options: CallOptions,
    { mayRepeat, ask }: { readonly mayRepeat: boolean; readonly ask: AskCoordinator<Value> },
  ): Promise<Value> {
    const [outcome] = await this.askAll(what, [groupId], options, { mayRepeat, ask });
    if (outcome === undefined) throw incomplete(`group ${groupId}`);
    if (outcome.kind === 'failed') throw outcome.error;
    return outcome.value;
  }

  #byCoordinator(
    groupIds: readonly string[],
  ): readonly { readonly coordinator: NodeAddress; readonly ids: readonly string[] }[] {
    const groups = new Map<number, { readonly coordinator: NodeAddress; readonly ids: string[] }>();
    for (const groupId of groupIds) {
      const coordinator = this.#known.get(groupId);
      if (coordinator === undefined) continue;
      const group = groups.get(coordinator.id);
      if (group === undefined) groups.set(coordinator.id, { coordinator, ids: [groupId] });
      else group.ids.push(groupId);
    }
    return [...groups.values()];
  }

  /** Learns the coordinators that are not known; tells of the groups that have none. */
  async #find(
    groupIds: readonly string[],
    bounds: CallBounds,
  ): Promise<ReadonlyMap<string, GroupVerdict<never>>> {
    const unknown = groupIds.filter((groupId) => !this.#known.has(groupId));
    const verdicts = new Map<string, GroupVerdict<never>>();
    if (unknown.length === 0) return verdicts;
    const found = new Map((await this.#found(unknown, bounds)).map((one) => [one.key, one]));
    for (const groupId of unknown) {
      const one = found.get(groupId);
      if (one === undefined) verdicts.set(groupId, { kind: 'failed', error: incomplete(`group ${groupId}`) });
      else if (one.errorCode !== 0) verdicts.set(groupId, verdictOf(one.errorCode, one.errorMessage));
      else {
        const { nodeId: id, host, port } = one;
        const coordinator = { id, host, port, rack: null };
        this.#calls.cluster.wire.learn([coordinator]);
        this.#known.set(groupId, coordinator);
      }
    }
    return verdicts;
  }

  async #found(groupIds: readonly string[], bounds: CallBounds): Promise<readonly FoundCoordinator[]> {
    const keyType = GROUP_KEY_TYPE;
    try {
      const draft = { keyType, coordinatorKeys: groupIds };
      const asked = { ...bounds, minVersion: FIRST_VERSION_WITH_KEYS };
      return (await this.#calls.ask('FindCoordinator', draft, asked)).coordinators;
    } catch (error) {
      if (!isClientError(error, 'unsupported')) throw error;
      return Promise.all(groupIds.map((groupId) => this.#foundAlone(groupId, bounds)));
    }
  }

  async #foundAlone(key: string, bounds: CallBounds): Promise<FoundCoordinator> {
    const asked = { ...bounds, maxVersion: FIRST_VERSION_WITH_KEYS - 1 };
    const answer = await this.#calls.ask('FindCoordinator', { key, keyType: GROUP_KEY_TYPE }, asked);
    const { nodeId, host, port, errorCode, errorMessage } = answer;
    return { key, nodeId, host, port, errorCode, errorMessage };
  }
}

type FoundCoordinator = ResponseOf<'FindCoordinator'>['coordinators'][number];
