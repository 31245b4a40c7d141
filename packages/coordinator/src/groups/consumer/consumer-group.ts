import type { TopicId } from '@kafkaesque/kernel';
import { errors, type GroupRecord } from '@kafkaesque/protocol';
import type { GroupFacts } from '../group';
import type { GroupAnswers } from '../requests';
import { isReconciledTo, type ConsumerMember } from './consumer-member';
import { Counts } from './counts';
import { NO_PARTITIONS, ownedSinceEpoch, type Assignment, type Owned } from './partitions';
import { groupTombstones } from './records';
import type { Subscription } from './subscription';

/** What a regular expression matched, and when it was looked up. */
export interface ResolvedRegex {
  readonly topics: readonly string[];
  /** Metadata offset of the look-up. */
  readonly version: number;
  /** By the wall clock, in milliseconds. */
  readonly timestamp: number;
}

/** Kafka's names of the states of a group of the consumer protocol. */
export type ConsumerGroupState = 'Empty' | 'Assigning' | 'Reconciling' | 'Stable';

/**
 * A group of the consumer protocol (KIP-848), as its records tell. The methods that change it are for replay alone;
 * the fields named soft are not replayed, and set in a decision's `then`.
 */
export class ConsumerGroup implements GroupFacts {
  readonly kind = 'consumer';
  readonly protocolType = 'consumer';
  readonly groupId: string;
  readonly members = new Map<string, ConsumerMember>();
  /** Member ids by instance id. */
  readonly staticMembers = new Map<string, string>();
  /** What each member is to have, as of `assignmentEpoch`. */
  readonly target = new Map<string, Assignment>();
  readonly regexes = new Map<string, ResolvedRegex>();
  /** How many members have each subscription, by its key. */
  readonly subscriptions = new Counts();
  /** How many members subscribe to each regular expression. */
  readonly regexMembers = new Counts();
  /** How many distinct subscriptions and resolved expressions name each topic. */
  readonly topics = new Counts();
  readonly assignorVotes = new Counts();
  /** How many classic members support each of their protocols. */
  readonly classicProtocols = new Counts();
  classicMemberCount = 0;
  groupEpoch = 0;
  metadataHash = 0;
  assignmentEpoch = 0;
  /** When the target was computed, by the wall clock; 0: nobody knows, or there is none. */
  assignmentTimestamp = 0;
  /** A record of Kafka before 4.1 waits to be deleted. */
  hasPartitionMetadata = false;

  /** Soft: the metadata offset that `metadataHash` was compared with last. */
  checkedMetadataOffset = -1;
  /**
   * It is about to come into being out of a classic group, in whose place nobody assigns any more: what it has assigned need not be
   * everything, so that a target is wanted whoever comes.
   */
  isConverted = false;
  /** Soft: a timer runs for an assignment that came too soon after the last one (KIP-1263). */
  assignmentTimerRuns = false;
  /** Soft: classic members that were told to rejoin, and have a timer for it. */
  readonly awaitedJoins = new Set<string>();
  /** Soft: when members that have not said yet that they have their assignment were told it last, by the monotonic clock. */
  readonly toldAtMs = new Map<string, number>();

  readonly #interned = new Map<string, Subscription>();
  /** The member that owns each partition, also one that it is to give up. */
  readonly #owners = new Map<TopicId, (string | undefined)[]>();

  constructor(groupId: string) {
    this.groupId = groupId;
  }

  get state(): ConsumerGroupState {
    if (this.members.size === 0) return 'Empty';
    if (this.groupEpoch > this.assignmentEpoch) return 'Assigning';
    for (const member of this.members.values())
      if (!isReconciledTo(member, this.assignmentEpoch)) return 'Reconciling';
    return 'Stable';
  }

  staticMember(instanceId: string | null): ConsumerMember | undefined {
    const memberId = instanceId === null ? undefined : this.staticMembers.get(instanceId);
    return memberId === undefined ? undefined : this.members.get(memberId);
  }

  targetOf(memberId: string): Assignment {
    return this.target.get(memberId) ?? NO_PARTITIONS;
  }

  ownerOf(topicId: TopicId, partition: number): string | undefined {
    return this.#owners.get(topicId)?.[partition];
  }

  /** The one object of that subscription, if a member has it already. */
  interned(subscription: Subscription): Subscription {
    return this.#interned.get(subscription.key) ?? subscription;
  }

  // What replay changes.

  putMember(given: ConsumerMember): void {
    const subscription = this.interned(given.subscription);
    const member = subscription === given.subscription ? given : { ...given, subscription };
    const before = this.members.get(member.memberId);
    this.members.set(member.memberId, member);
    this.#count(member, 1);
    this.#subscribe(member.subscription);
    if (before !== undefined) this.#forget(before);
    if (member.instanceId !== null) this.staticMembers.set(member.instanceId, member.memberId);
    this.#own(member.memberId, member.assigned);
    this.#own(member.memberId, member.pendingRevocation);
  }

  removeMember(memberId: string): void {
    const member = this.members.get(memberId);
    this.target.delete(memberId);
    this.awaitedJoins.delete(memberId);
    this.toldAtMs.delete(memberId);
    if (member === undefined) return;
    this.members.delete(memberId);
    this.#forget(member);
  }

  putRegex(regex: string, resolved: ResolvedRegex | undefined): void {
    const before = this.regexes.get(regex);
    if (resolved === undefined) this.regexes.delete(regex);
    else this.regexes.set(regex, resolved);
    for (const topic of resolved?.topics ?? []) this.topics.add(topic, 1);
    for (const topic of before?.topics ?? []) this.topics.add(topic, -1);
  }

  #forget(member: ConsumerMember): void {
    this.#count(member, -1);
    this.#unsubscribe(member.subscription);
    if (member.instanceId !== null && this.staticMembers.get(member.instanceId) === member.memberId)
      this.staticMembers.delete(member.instanceId);
    this.#disown(member.memberId, member.assigned);
    this.#disown(member.memberId, member.pendingRevocation);
  }

  #count(member: ConsumerMember, one: 1 | -1): void {
    if (member.serverAssignor !== null) this.assignorVotes.add(member.serverAssignor, one);
    if (member.subscription.regex !== null) this.regexMembers.add(member.subscription.regex, one);
    if (member.classic === null) return;
    this.classicMemberCount += one;
    for (const { name } of member.classic.supportedProtocols) this.classicProtocols.add(name, one);
  }

  #subscribe(subscription: Subscription): void {
    if (this.subscriptions.add(subscription.key, 1) > 1) return;
    this.#interned.set(subscription.key, subscription);
    for (const name of subscription.names) this.topics.add(name, 1);
  }

  #unsubscribe(subscription: Subscription): void {
    if (this.subscriptions.add(subscription.key, -1) > 0) return;
    this.#interned.delete(subscription.key);
    for (const name of subscription.names) this.topics.add(name, -1);
  }

  #own(memberId: string, owned: Owned): void {
    for (const [topicId, { partitions }] of owned) {
      let owners = this.#owners.get(topicId);
      if (owners === undefined) this.#owners.set(topicId, (owners = []));
      for (const partition of partitions) owners[partition] = memberId;
    }
  }

  #disown(memberId: string, owned: Owned): void {
    for (const [topicId, { partitions }] of owned) {
      const owners = this.#owners.get(topicId);
      if (owners === undefined) continue;
      for (const partition of partitions) if (owners[partition] === memberId) owners[partition] = undefined;
      while (owners.length > 0 && owners[owners.length - 1] === undefined) owners.pop();
      if (owners.length === 0) this.#owners.delete(topicId);
    }
  }

  // What other rules ask.

  commitRefusal(
    memberId: string,
    _groupInstanceId: string | null,
    generationIdOrMemberEpoch: number,
    apiVersion: number,
  ): number {
    if (generationIdOrMemberEpoch < 0 && this.members.size === 0) return errors.NONE.code;
    const member = this.members.get(memberId);
    if (member === undefined) return errors.UNKNOWN_MEMBER_ID.code;
    if (member.classic === null && apiVersion < 9) return errors.UNSUPPORTED_VERSION.code;
    return generationIdOrMemberEpoch === member.memberEpoch ? errors.NONE.code : staleness(member);
  }

  commitPartitionRefusal(memberId: string, epoch: number, topicId: TopicId, partition: number): number {
    const member = this.members.get(memberId);
    if (member === undefined) return errors.UNKNOWN_MEMBER_ID.code;
    const since =
      ownedSinceEpoch(member.assigned, topicId, partition) ??
      ownedSinceEpoch(member.pendingRevocation, topicId, partition);
    const fits = epoch <= member.memberEpoch && since !== undefined && epoch >= since;
    return fits ? errors.NONE.code : staleness(member);
  }

  fetchRefusal(memberId: string | null, memberEpoch: number): number {
    if ((memberId === null || memberId === '') && memberEpoch < 0) return errors.NONE.code;
    const member = this.members.get(memberId ?? '');
    if (member === undefined) return errors.UNKNOWN_MEMBER_ID.code;
    return memberEpoch === member.memberEpoch ? errors.NONE.code : staleness(member);
  }

  deleteRefusal(): number {
    return this.members.size === 0 ? errors.NONE.code : errors.NON_EMPTY_GROUP.code;
  }

  deleteOffsetsRefusal(): number {
    return errors.NONE.code;
  }

  isSubscribedTo(topic: string): boolean {
    return this.topics.of(topic) > 0;
  }

  expiry(): ReturnType<GroupFacts['expiry']> {
    return { kind: 'by-commit' };
  }

  tombstones(): readonly GroupRecord[] {
    return groupTombstones(this);
  }

  /** DescribeGroups knows only classic groups. */
  describe(): GroupAnswers['describe-classic'] {
    return {
      errorCode: errors.GROUP_ID_NOT_FOUND.code,
      errorMessage: `Group ${this.groupId} is not a classic group.`,
      groupId: this.groupId,
      groupState: 'Dead',
      protocolType: '',
      protocolData: '',
      members: [],
    };
  }
}

const staleness = (member: ConsumerMember): number =>
  member.classic === null ? errors.STALE_MEMBER_EPOCH.code : errors.ILLEGAL_GENERATION.code;

/** Whether every member but these speaks the classic protocol. */
export const onlyClassicWithout = (group: ConsumerGroup, leaving: readonly ConsumerMember[]): boolean => {
  const leavingClassic = leaving.filter((member) => member.classic !== null).length;
  return group.classicMemberCount - leavingClassic === group.members.size - leaving.length;
};
