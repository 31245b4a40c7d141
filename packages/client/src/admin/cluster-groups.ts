import type { BrokerId } from '@kafkaesque/kernel';
import type { ResponseOf } from '@kafkaesque/protocol';
import { brokerError } from '../broker-error';
import { isClientError } from '../errors';
import type { TopicPartition } from '../records';
import type { CallOptions, Outcome } from './admin';
import { failed, incomplete } from './admin-calls';
import type { AdminCalls, CallBounds } from './admin-calls';
import type {
  ClassicGroupDescription,
  CommittedOffset,
  ConsumerGroupDescription,
  GroupAdmin,
  GroupFilter,
  GroupListing,
  GroupOffsetsQuestion,
  MemberToRemove,
  OffsetToCommit,
} from './group-admin';
import { groupTypes } from './group-admin';
import { GroupCoordinators } from './group-coordinators';
import type { AskCoordinator, GroupVerdict } from './group-coordinators';
import {
  classicGroupOf,
  consumerGroupOf,
  consumersOfClassicGroup,
  groupErrorOf,
  groupStateOf,
  isForClassicApi,
} from './group-descriptions';
import { committing, deletingOffsets, fetchingOffsets } from './group-offset-requests';

/** ListGroups can be asked for states from here on (KIP-518), and for types from there (KIP-848). */
const FIRST_VERSION_WITH_STATES = 4;
const FIRST_VERSION_WITH_TYPES = 5;
const FIRST_VERSION_WITH_OPERATIONS = 3;
/** Several members leave in one request (KIP-345). */
const FIRST_VERSION_WITH_MEMBERS = 3;
/** What the broker logs when nobody gives a reason, and how much of one it takes: Kafka's own (KIP-800). */
const DEFAULT_REASON = 'member was removed by an admin';
const LONGEST_REASON = 255;

/** The part of the Admin that is about groups. */
export class ClusterGroups implements GroupAdmin {
  readonly #calls: AdminCalls;
  readonly #coordinators: GroupCoordinators;

  constructor(calls: AdminCalls) {
    this.#calls = calls;
    this.#coordinators = new GroupCoordinators(calls);
  }

  async listGroups(options: CallOptions & GroupFilter = {}): Promise<readonly GroupListing[]> {
    const { states = [], types = [], protocolTypes = [] } = options;
    let minVersion = 0;
    if (states.length > 0) minVersion = FIRST_VERSION_WITH_STATES;
    if (types.length > 0) minVersion = FIRST_VERSION_WITH_TYPES;
    const draft = { statesFilter: states, typesFilter: types };
    const brokers = await this.#calls.call('listing groups', options, async (bounds) => {
      const { brokers: all } = await this.#calls.metadata({ topics: [] }, bounds);
      return all.map(({ nodeId }) => nodeId);
    });
    const listed = await Promise.all(
      brokers.map((broker) =>
        this.#calls.call('listing groups', options, async (bounds) => {
          const answer = await this.#calls.askBroker(broker, 'ListGroups', draft, { ...bounds, minVersion });
          if (answer.errorCode !== 0) throw brokerError(answer.errorCode);
          return answer.groups;
        }),
      ),
    );
    const groups = new Map<string, GroupListing>();
    for (const { groupId, protocolType, groupState, groupType } of listed.flat()) {
      if (protocolTypes.length > 0 && !protocolTypes.includes(protocolType)) continue;
      groups.set(groupId, {
        groupId,
        protocolType,
        state: groupState === '' ? undefined : groupStateOf(groupState),
        type: groupType === '' ? undefined : groupTypeOf(groupType),
      });
    }
    return [...groups.values()].sort((a, b) => (a.groupId < b.groupId ? -1 : 1));
  }

  describeConsumerGroups(
    groupIds: readonly string[],
    options: CallOptions & { readonly includeAuthorizedOperations?: boolean } = {},
  ): Promise<readonly Outcome<string, ConsumerGroupDescription>[]> {
    const includeAuthorizedOperations = options.includeAuthorizedOperations ?? false;
    /** Groups that only the older API knows, with what the newer one said of them. */
    const classic = new Map<string, string | null>();
    const ask: AskCoordinator<ConsumerGroupDescription> = async (coordinator, ids, bounds) => {
      const verdicts = new Map<string, GroupVerdict<ConsumerGroupDescription>>();
      const asNew = ids.filter((groupId) => !classic.has(groupId));
      if (asNew.length > 0) {
        try {
          const draft = { groupIds: asNew, includeAuthorizedOperations };
          const { id } = coordinator;
          const answer = await this.#calls.askBroker(id, 'ConsumerGroupDescribe', draft, bounds);
          for (const group of answer.groups) {
            const { groupId, errorCode, errorMessage } = group;
            if (isForClassicApi(errorCode)) classic.set(groupId, errorMessage);
            else
              verdicts.set(
                groupId,
                errorCode === 0
                  ? { kind: 'done', value: consumerGroupOf(group, coordinator) }
                  : groupErrorOf(group),
              );
          }
        } catch (error) {
          if (!isClientError(error, 'unsupported')) throw error;
          for (const groupId of asNew) classic.set(groupId, null);
        }
      }
      const asClassic = ids.filter((groupId) => classic.has(groupId));
      if (asClassic.length === 0) return verdicts;
      const groups = await this.#describeClassic(coordinator.id, asClassic, options, bounds);
      for (const group of groups) {
        const { groupId, errorCode } = group;
        verdicts.set(
          groupId,
          errorCode === 0
            ? consumersOfClassicGroup(group, coordinator)
            : groupErrorOf(group, classic.get(groupId)),
        );
      }
      return verdicts;
    };
    return this.#coordinators.askAll('describing groups', groupIds, options, { mayRepeat: true, ask });
  }

  describeClassicGroups(
    groupIds: readonly string[],
    options: CallOptions & { readonly includeAuthorizedOperations?: boolean } = {},
  ): Promise<readonly Outcome<string, ClassicGroupDescription>[]> {
    const ask: AskCoordinator<ClassicGroupDescription> = async (coordinator, ids, bounds) => {
      const groups = await this.#describeClassic(coordinator.id, ids, options, bounds);
      return new Map(
        groups.map((group) => [
          group.groupId,
          group.errorCode === 0
            ? { kind: 'done', value: classicGroupOf(group, coordinator) }
            : groupErrorOf(group),
        ]),
      );
    };
    return this.#coordinators.askAll('describing groups', groupIds, options, { mayRepeat: true, ask });
  }

  deleteGroups(
    groupIds: readonly string[],
    options: CallOptions = {},
  ): Promise<readonly Outcome<string, undefined>[]> {
    const ask: AskCoordinator<undefined> = async ({ id }, ids, bounds) => {
      const answer = await this.#calls.changeBroker(id, 'DeleteGroups', { groupsNames: ids }, bounds);
      return new Map(
        answer.results.map(({ groupId, errorCode }) => [
          groupId,
          errorCode === 0
            ? { kind: 'done', value: undefined }
            : groupErrorOf({ errorCode, errorMessage: null }),
        ]),
      );
    };
    // A second deletion would not find the group that the first one deleted.
    return this.#coordinators.askAll('deleting groups', groupIds, options, { mayRepeat: false, ask });
  }

  listGroupOffsets(
    questions: readonly GroupOffsetsQuestion[],
    options: CallOptions & { readonly requireStable?: boolean } = {},
  ): Promise<readonly Outcome<string, readonly Outcome<TopicPartition, CommittedOffset | undefined>[]>[]> {
    const ask = fetchingOffsets(this.#calls, questions, options.requireStable ?? false);
    const groupIds = questions.map(({ groupId }) => groupId);
    return this.#coordinators.askAll('listing group offsets', groupIds, options, { mayRepeat: true, ask });
  }

  alterGroupOffsets(
    groupId: string,
    offsets: readonly OffsetToCommit[],
    options: CallOptions = {},
  ): Promise<readonly Outcome<TopicPartition, undefined>[]> {
    const ask = committing(this.#calls, offsets);
    return this.#coordinators.askOne('altering group offsets', groupId, options, { mayRepeat: true, ask });
  }

  deleteGroupOffsets(
    groupId: string,
    partitions: readonly TopicPartition[],
    options: CallOptions = {},
  ): Promise<readonly Outcome<TopicPartition, undefined>[]> {
    const ask = deletingOffsets(this.#calls, partitions);
    return this.#coordinators.askOne('deleting group offsets', groupId, options, { mayRepeat: true, ask });
  }

  async removeMembersFromGroup(
    groupId: string,
    options: CallOptions & {
      readonly members?: readonly MemberToRemove[] | undefined;
      readonly reason?: string | undefined;
    } = {},
  ): Promise<readonly Outcome<MemberToRemove, undefined>[]> {
    const members = options.members ?? (await this.#membersOf(groupId, options));
    if (members.length === 0) return [];
    const reason = (options.reason ?? '').slice(0, LONGEST_REASON) || DEFAULT_REASON;
    const draft = {
      groupId,
      members: members.map((member) => ({ ...identityOf(member), reason })),
    };
    const ask: AskCoordinator<readonly Outcome<MemberToRemove, undefined>[]> = async (
      coordinator,
      _,
      bounds,
    ) => {
      const answer = await this.#calls.changeBroker(coordinator.id, 'LeaveGroup', draft, {
        ...bounds,
        minVersion: FIRST_VERSION_WITH_MEMBERS,
      });
      if (answer.errorCode !== 0)
        return new Map([[groupId, groupErrorOf({ errorCode: answer.errorCode, errorMessage: null })]]);
      const value = members.map((member): Outcome<MemberToRemove, undefined> => {
        const wanted = identityOf(member);
        const one = answer.members.find(({ memberId, groupInstanceId }) =>
          wanted.groupInstanceId === null
            ? memberId === wanted.memberId
            : groupInstanceId === wanted.groupInstanceId,
        );
        if (one === undefined)
          return failed(member, incomplete(wanted.groupInstanceId ?? `member ${wanted.memberId}`));
        if (one.errorCode !== 0) return failed(member, brokerError(one.errorCode));
        return { kind: 'done', key: member, value: undefined };
      });
      return new Map([[groupId, { kind: 'done', value }]]);
    };
    // A second removal would not know the members that the first one removed.
    return this.#coordinators.askOne('removing members', groupId, options, { mayRepeat: false, ask });
  }

  async #membersOf(groupId: string, options: CallOptions): Promise<readonly MemberToRemove[]> {
    const [described] = await this.describeConsumerGroups([groupId], options);
    if (described === undefined) throw incomplete(`group ${groupId}`);
    if (described.kind === 'failed') throw described.error;
    return described.value.members.map(({ instanceId, memberId }) =>
      instanceId === undefined ? { memberId } : { instanceId },
    );
  }

  async #describeClassic(
    coordinator: BrokerId,
    groups: readonly string[],
    options: { readonly includeAuthorizedOperations?: boolean },
    bounds: CallBounds,
  ): Promise<ResponseOf<'DescribeGroups'>['groups']> {
    const includeAuthorizedOperations = options.includeAuthorizedOperations ?? false;
    const draft = { groups, includeAuthorizedOperations };
    const minVersion = includeAuthorizedOperations ? FIRST_VERSION_WITH_OPERATIONS : 0;
    const answer = await this.#calls.askBroker(coordinator, 'DescribeGroups', draft, {
      ...bounds,
      minVersion,
    });
    return answer.groups;
  }
}

const groupTypeOf = (text: string): GroupListing['type'] =>
  groupTypes.find((type) => type.toLowerCase() === text.toLowerCase()) ?? 'Unknown';

const identityOf = (
  member: MemberToRemove,
): { readonly memberId: string; readonly groupInstanceId: string | null } =>
  'instanceId' in member
    ? { memberId: '', groupInstanceId: member.instanceId }
    : { memberId: member.memberId, groupInstanceId: null };
