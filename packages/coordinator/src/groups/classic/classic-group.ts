import { assert } from '@kafkaesque/kernel';
import { ErrorCode, type GroupRecord } from '@kafkaesque/protocol';
import type { ConvertibleGroup, ConvertibleMember } from '../classic-conversion';
import type { GroupFacts } from '../group';
import type { GroupAnswers } from '../requests';
import {
  NO_ASSIGNMENT,
  classicMember,
  metadataOf,
  type ClassicMember,
  type MemberDraft,
  type MemberProtocol,
  type Waiting,
} from './classic-member';
import { groupMetadataTombstone } from './classic-records';
import { CONSUMER_PROTOCOL_TYPE, subscribedTopicsOf } from './classic-subscriptions';
import { joinTimerKey, syncTimerKey } from './classic-timers';

/** Kafka's states of a classic group, by Kafka's names. */
export type ClassicState = 'Empty' | 'PreparingRebalance' | 'CompletingRebalance' | 'Stable' | 'Dead';

const precedingStates: Readonly<Record<ClassicState, readonly ClassicState[]>> = {
  Empty: ['PreparingRebalance'],
  PreparingRebalance: ['Stable', 'CompletingRebalance', 'Empty'],
  CompletingRebalance: ['PreparingRebalance'],
  Stable: ['CompletingRebalance'],
  Dead: ['Stable', 'PreparingRebalance', 'CompletingRebalance', 'Empty', 'Dead'],
};

/** The rebalance of a group that was empty waits a while for more members. */
export interface InitialRebalance {
  /** Somebody has joined since the delay was last extended. */
  memberAdded: boolean;
  /** Length of the delay that runs now. */
  delayMs: number;
  /** By how much it may still be extended. */
  remainingMs: number;
}

type GroupMetadataRecord = Extract<GroupRecord, { kind: 'GroupMetadata' }>;
type GroupMetadataValue = NonNullable<GroupMetadataRecord['value']>;

const storedMember = (
  stored: GroupMetadataValue['members'][number],
  protocolName: string | null,
): MemberDraft => ({
  memberId: stored.memberId,
  groupInstanceId: stored.groupInstanceId,
  clientId: stored.clientId,
  clientHost: stored.clientHost,
  // Version 0 of the record knows one timeout.
  rebalanceTimeoutMs: stored.rebalanceTimeout === -1 ? stored.sessionTimeout : stored.rebalanceTimeout,
  sessionTimeoutMs: stored.sessionTimeout,
  protocols: [{ name: protocolName ?? '', metadata: Buffer.from(stored.subscription) }],
  assignment: Buffer.from(stored.assignment),
});

/**
 * A group of the classic protocol. Read anything; changed by `ClassicRules` only, when records are replayed or a decision's
 * `then` runs. Replayed are generation, protocol, leader and members; all that has to do with waiting is not.
 */
export class ClassicGroup implements ConvertibleGroup {
  readonly kind = 'classic';
  readonly groupId: string;
  state: ClassicState = 'Empty';
  /** 0: no generation yet. */
  generationId = 0;
  /** '' until the first member has joined. */
  protocolType = '';
  /** What the members of this generation have voted for; null while there is none. */
  protocolName: string | null = null;
  leaderId: string | null = null;
  /** By the wall clock; −1: not known. */
  stateSinceMs = -1;
  /** By member id, in the order of joining. */
  readonly members = new Map<string, ClassicMember>();
  /** Ids that were given with MEMBER_ID_REQUIRED and have not come back (KIP-394), with the keys of their timers. */
  readonly pendingJoins = new Map<string, string>();
  /** Members of this generation that have not asked for their assignment. */
  readonly pendingSyncs = new Set<string>();
  /** Defined from Empty to the end of the join phase that began there. */
  initialRebalance: InitialRebalance | undefined;
  readonly joinTimerKey: string;
  readonly syncTimerKey: string;
  readonly #staticMembers = new Map<string, string>();
  readonly #supporters = new Map<string, number>();
  #awaitingJoinCount = 0;
  /** Undefined where they cannot be told. */
  #topics: ReadonlySet<string> | undefined;
  #topicsAreKnown = false;

  constructor(groupId: string) {
    this.groupId = groupId;
    this.joinTimerKey = joinTimerKey(groupId);
    this.syncTimerKey = syncTimerKey(groupId);
  }

  // --- reading -------------------------------------------------------------------------------------------------------

  get awaitingJoinCount(): number {
    return this.#awaitingJoinCount;
  }

  get memberCount(): number {
    return this.members.size;
  }

  convertibleMembers(): readonly ConvertibleMember[] {
    return [...this.members.values()];
  }

  get staticMemberCount(): number {
    return this.#staticMembers.size;
  }

  /** The member id behind a group instance id (KIP-345). */
  staticMemberId(groupInstanceId: string): string | undefined {
    return this.#staticMembers.get(groupInstanceId);
  }

  /** UNKNOWN_MEMBER_ID, FENCED_INSTANCE_ID or NONE. */
  memberRefusal(memberId: string, groupInstanceId: string | null): number {
    if (groupInstanceId !== null) {
      const current = this.#staticMembers.get(groupInstanceId);
      if (current === undefined) return ErrorCode.UNKNOWN_MEMBER_ID;
      if (current !== memberId) return ErrorCode.FENCED_INSTANCE_ID;
    }
    return this.members.has(memberId) ? ErrorCode.NONE : ErrorCode.UNKNOWN_MEMBER_ID;
  }

  /** May a member of this type and with these protocols be in the group? */
  supports(protocolType: string, protocols: readonly MemberProtocol[]): boolean {
    if (this.state === 'Empty') return protocolType !== '' && protocols.length > 0;
    return (
      protocolType === this.protocolType &&
      protocols.some(({ name }) => (this.#supporters.get(name) ?? 0) === this.members.size)
    );
  }

  hasAllMembersJoined(): boolean {
    return this.members.size === this.#awaitingJoinCount && this.pendingJoins.size === 0;
  }

  canRebalance(): boolean {
    return precedingStates.PreparingRebalance.includes(this.state);
  }

  /** The longest of its members', in milliseconds. */
  rebalanceTimeoutMs(): number {
    let longest = 0;
    for (const { rebalanceTimeoutMs } of this.members.values())
      if (rebalanceTimeoutMs > longest) longest = rebalanceTimeoutMs;
    return longest;
  }

  /**
   * The protocol that most members prefer among those that all know; of equal ones, the first member's. Null where none is known to all. `instead`: as if a
   * member had these protocols.
   */
  selectProtocol(instead?: {
    readonly memberId: string;
    readonly protocols: readonly MemberProtocol[];
  }): string | null {
    const protocolsOf = (member: ClassicMember): readonly MemberProtocol[] =>
      member.memberId === instead?.memberId ? instead.protocols : member.protocols;
    const supporters = new Map<string, number>();
    for (const member of this.members.values())
      for (const { name } of protocolsOf(member)) supporters.set(name, (supporters.get(name) ?? 0) + 1);
    const votes = new Map<string, number>();
    for (const member of this.members.values()) {
      const choice = protocolsOf(member).find(({ name }) => supporters.get(name) === this.members.size);
      if (choice !== undefined) votes.set(choice.name, (votes.get(choice.name) ?? 0) + 1);
    }
    let selected: string | null = null;
    let most = 0;
    for (const [name, count] of votes)
      if (count > most) {
        selected = name;
        most = count;
      }
    return selected;
  }

  /** Topics that the members of this generation subscribe to; undefined where that cannot be told. */
  subscribedTopics(): ReadonlySet<string> | undefined {
    if (!this.#topicsAreKnown) {
      this.#topics = this.#computeSubscribedTopics();
      this.#topicsAreKnown = true;
    }
    return this.#topics;
  }

  #computeSubscribedTopics(): ReadonlySet<string> | undefined {
    if (this.protocolType !== CONSUMER_PROTOCOL_TYPE) return undefined;
    if (this.members.size === 0) return new Set();
    if (this.protocolName === null) return undefined;
    const topics = new Set<string>();
    for (const member of this.members.values()) {
      const subscribed = subscribedTopicsOf(metadataOf(member, this.protocolName));
      if (subscribed === undefined) return undefined;
      for (const topic of subscribed) topics.add(topic);
    }
    return topics;
  }

  // --- changing ------------------------------------------------------------------------------------------------------

  transitionTo(state: ClassicState, wallMs: number): void {
    assert(
      precedingStates[state].includes(this.state),
      () => `group ${this.groupId} cannot become ${state} after ${this.state}`,
    );
    this.state = state;
    this.stateSinceMs = wallMs;
  }

  add(member: ClassicMember, protocolType: string): void {
    if (this.members.size === 0) this.protocolType = protocolType;
    if (member.groupInstanceId !== null) this.#staticMembers.set(member.groupInstanceId, member.memberId);
    this.leaderId ??= member.memberId;
    this.members.set(member.memberId, member);
    this.#count(member, 1);
    if (member.joinWait !== undefined) this.#awaitingJoinCount++;
    this.pendingJoins.delete(member.memberId);
  }

  /** Whoever waits in the member's name must have been answered. A leader that goes is followed by the member that joined first. */
  remove(member: ClassicMember): void {
    assert(
      member.joinWait === undefined && member.syncWait === undefined,
      () => `member ${member.memberId} of group ${this.groupId} is removed while it waits`,
    );
    if (!this.members.delete(member.memberId)) return;
    this.#count(member, -1);
    if (
      member.groupInstanceId !== null &&
      this.#staticMembers.get(member.groupInstanceId) === member.memberId
    )
      this.#staticMembers.delete(member.groupInstanceId);
    this.pendingSyncs.delete(member.memberId);
    if (this.leaderId === member.memberId) this.leaderId = this.members.keys().next().value ?? null;
  }

  /** Puts a member under a new id; what it was, it stays. Whoever waits under the old one must have been answered. */
  replaceStatic(old: ClassicMember, memberId: string): ClassicMember {
    const replaced = classicMember(this.groupId, { ...old, memberId });
    const wasLeader = this.leaderId === old.memberId;
    this.remove(old);
    this.add(replaced, this.protocolType);
    if (wasLeader) this.leaderId = memberId;
    return replaced;
  }

  setProtocols(member: ClassicMember, protocols: readonly MemberProtocol[]): void {
    this.#count(member, -1);
    member.protocols = protocols;
    this.#count(member, 1);
  }

  /** Begins to wait, or ends it; tells who waited before. */
  setJoinWait(member: ClassicMember, wait: Waiting | undefined): Waiting | undefined {
    const before = member.joinWait;
    member.joinWait = wait;
    // Who was dropped by a replayed record is no longer counted, but may still be owed an answer.
    if (this.members.get(member.memberId) === member)
      this.#awaitingJoinCount += Number(wait !== undefined) - Number(before !== undefined);
    return before;
  }

  /** The members that are there form the next generation, which now is to be given its assignment. */
  beginGeneration(wallMs: number): void {
    this.generationId++;
    this.protocolName = this.selectProtocol();
    assert(this.protocolName !== null, () => `group ${this.groupId} has no protocol that all members know`);
    this.#topicsAreKnown = false;
    this.initialRebalance = undefined;
    this.transitionTo('CompletingRebalance', wallMs);
    this.pendingSyncs.clear();
  }

  /** Takes a stored state: with members the group is stable, without it is empty. Who waits and is still there goes on waiting. */
  load(value: GroupMetadataValue): void {
    const before = new Map(this.members);
    this.members.clear();
    this.#staticMembers.clear();
    this.#supporters.clear();
    this.#awaitingJoinCount = 0;
    for (const stored of value.members) {
      const draft = storedMember(stored, value.protocol);
      const known = before.get(stored.memberId);
      const member =
        known?.groupInstanceId === stored.groupInstanceId ? known : classicMember(this.groupId, draft);
      // What the member can do beside the chosen protocol is not stored; as long as it lives here, it is known.
      const { protocols } = metadataOf(member, value.protocol).equals(stored.subscription) ? member : draft;
      this.add(Object.assign(member, draft, { protocols }), value.protocolType);
    }
    this.protocolType = value.protocolType;
    this.protocolName = value.protocol;
    this.generationId = value.generation;
    this.leaderId = value.leader;
    this.stateSinceMs = value.currentStateTimestamp;
    this.state = this.members.size === 0 ? 'Empty' : 'Stable';
    this.initialRebalance = undefined;
    for (const memberId of this.pendingSyncs)
      if (!this.members.has(memberId)) this.pendingSyncs.delete(memberId);
    this.#topicsAreKnown = false;
  }

  #count(member: ClassicMember, by: 1 | -1): void {
    for (const { name } of member.protocols) {
      const count = (this.#supporters.get(name) ?? 0) + by;
      if (count === 0) this.#supporters.delete(name);
      else this.#supporters.set(name, count);
    }
  }

  // --- what other rules ask ------------------------------------------------------------------------------------------

  commitRefusal(
    memberId: string,
    groupInstanceId: string | null,
    generationIdOrMemberEpoch: number,
    _apiVersion: number,
  ): number {
    if (this.state === 'Dead') return ErrorCode.COORDINATOR_NOT_AVAILABLE;
    // Administrators, and consumers that only keep their offsets here, commit without a generation while nobody is in the group.
    if (generationIdOrMemberEpoch < 0 && this.state === 'Empty') return ErrorCode.NONE;
    if (generationIdOrMemberEpoch < 0 && memberId === '' && groupInstanceId === null)
      return ErrorCode.UNKNOWN_MEMBER_ID;
    const refusal = this.memberRefusal(memberId, groupInstanceId);
    if (refusal !== ErrorCode.NONE) return refusal;
    if (generationIdOrMemberEpoch !== this.generationId) return ErrorCode.ILLEGAL_GENERATION;
    // The member has this generation from its join, but no assignment under it that it could have worked on.
    return this.state === 'CompletingRebalance' ? ErrorCode.REBALANCE_IN_PROGRESS : ErrorCode.NONE;
  }

  fetchRefusal(): number {
    return this.state === 'Dead' ? ErrorCode.GROUP_ID_NOT_FOUND : ErrorCode.NONE;
  }

  deleteRefusal(): number {
    if (this.state === 'Dead') return ErrorCode.GROUP_ID_NOT_FOUND;
    return this.state === 'Empty' ? ErrorCode.NONE : ErrorCode.NON_EMPTY_GROUP;
  }

  deleteOffsetsRefusal(): number {
    if (this.state === 'Dead') return ErrorCode.GROUP_ID_NOT_FOUND;
    return this.state === 'Empty' || this.protocolType === CONSUMER_PROTOCOL_TYPE
      ? ErrorCode.NONE
      : ErrorCode.NON_EMPTY_GROUP;
  }

  isSubscribedTo(topic: string): boolean {
    return this.subscribedTopics()?.has(topic) ?? this.protocolType === CONSUMER_PROTOCOL_TYPE;
  }

  expiry(): ReturnType<GroupFacts['expiry']> {
    if (this.protocolType === '') return { kind: 'by-commit' };
    if (this.state === 'Empty')
      return this.stateSinceMs === -1 ? { kind: 'by-commit' } : { kind: 'since', wallMs: this.stateSinceMs };
    return this.state === 'Stable' && this.subscribedTopics() !== undefined
      ? { kind: 'by-commit' }
      : { kind: 'never' };
  }

  tombstones(): readonly GroupRecord[] {
    return [groupMetadataTombstone(this.groupId)];
  }

  describe(): GroupAnswers['describe-classic'] {
    const isStable = this.state === 'Stable';
    return {
      errorCode: ErrorCode.NONE,
      errorMessage: null,
      groupId: this.groupId,
      groupState: this.state,
      protocolType: this.protocolType,
      protocolData: (isStable ? this.protocolName : null) ?? '',
      members: Array.from(this.members.values(), (member) => ({
        memberId: member.memberId,
        groupInstanceId: member.groupInstanceId,
        clientId: member.clientId,
        clientHost: member.clientHost,
        memberMetadata: isStable ? metadataOf(member, this.protocolName) : NO_ASSIGNMENT,
        memberAssignment: member.assignment,
      })),
    };
  }
}
