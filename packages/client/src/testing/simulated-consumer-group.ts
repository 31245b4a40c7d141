import type { CancelWake, Clock, TopicId } from '@kafkaesque/kernel';
import { ErrorCode, apis } from '@kafkaesque/protocol';
import type { RequestDraftOf } from '@kafkaesque/protocol';

type Draft = RequestDraftOf<'ConsumerGroupHeartbeat'>;

interface Member {
  readonly memberId: string;
  readonly instanceId: string | null;
  epoch: number;
  previousEpoch: number;
  names: readonly string[];
  pattern: string;
  /** What it may read, as `topicId/partition`. */
  assigned: ReadonlySet<string>;
  /** What it has been told to give up, and has not acknowledged. */
  revoking: ReadonlySet<string>;
  cancelSession: CancelWake | undefined;
}

const SESSION_MS = 3000;
const HEARTBEAT_MS = 500;

export interface SimulatedConsumerGroupOptions {
  readonly clock: Clock;
  readonly topics: () => readonly {
    readonly name: string;
    readonly topicId: TopicId;
    readonly count: number;
  }[];
}

/** A group of the consumer protocol (KIP-848) as a coordinator keeps it; what a test needs of it, and no more. */
export class SimulatedConsumerGroup {
  readonly #options: SimulatedConsumerGroupOptions;
  readonly #members = new Map<string, Member>();
  groupEpoch = 0;
  #target: ReadonlyMap<string, ReadonlySet<string>> = new Map();

  constructor(options: SimulatedConsumerGroupOptions) {
    this.#options = options;
  }

  get memberIds(): readonly string[] {
    return [...this.#members.keys()];
  }

  /** All members read what they should, and have said so. */
  get isStable(): boolean {
    return [...this.#members.values()].every(
      ({ memberId, epoch, assigned, revoking }) =>
        epoch === this.groupEpoch && revoking.size === 0 && isSame(assigned, this.#target.get(memberId)),
    );
  }

  /** What a member may read, given up or not. */
  heldBy(memberId: string): ReadonlySet<string> {
    const member = this.#members.get(memberId);
    return new Set([...(member?.assigned ?? []), ...(member?.revoking ?? [])]);
  }

  heartbeat(draft: Draft): unknown {
    const { memberId, memberEpoch } = draft;
    if (memberEpoch < 0) return this.#leave(memberId, memberEpoch);
    const known = this.#members.get(memberId);
    if (memberEpoch === 0) return this.#join(draft);
    if (known === undefined) return refused(ErrorCode.UNKNOWN_MEMBER_ID);
    const owned = ownedBy(draft);
    const isLate =
      memberEpoch === known.previousEpoch &&
      owned !== undefined &&
      [...owned].every((one) => known.assigned.has(one));
    if (memberEpoch !== known.epoch && !isLate) return refused(ErrorCode.FENCED_MEMBER_EPOCH);
    this.#keepAlive(known);
    if (this.#subscribes(known, draft)) this.#rebalance();
    const before = known.assigned;
    this.#reconcile(known, owned);
    const isFull = owned !== undefined && (draft.rebalanceTimeoutMs ?? -1) >= 0;
    return this.#answer(known, isFull || !isSame(before, known.assigned));
  }

  /** Whether a commit by this member would be taken: Kafka's error code. */
  judgeCommit(memberId: string, epoch: number): number {
    if (memberId === '' && epoch < 0) {
      return this.#members.size === 0 ? ErrorCode.NONE : ErrorCode.UNKNOWN_MEMBER_ID;
    }
    const member = this.#members.get(memberId);
    if (member === undefined) return ErrorCode.UNKNOWN_MEMBER_ID;
    return epoch === member.epoch ? ErrorCode.NONE : ErrorCode.STALE_MEMBER_EPOCH;
  }

  #join(draft: Draft): unknown {
    const { memberId, instanceId = null } = draft;
    const other = instanceId === null ? undefined : this.#ofInstance(instanceId);
    if (other !== undefined && other.memberId !== memberId) {
      if (other.epoch !== -2) return refused(ErrorCode.UNRELEASED_INSTANCE_ID);
      this.#drop(other.memberId);
    }
    const member: Member = {
      memberId,
      instanceId,
      epoch: 0,
      previousEpoch: 0,
      names: [],
      pattern: '',
      // One that comes back without its answer has what it was given; nobody else has it yet.
      assigned: new Set(),
      revoking: new Set(),
      cancelSession: undefined,
    };
    this.#members.get(memberId)?.cancelSession?.();
    this.#members.set(memberId, member);
    this.#subscribes(member, draft);
    this.#keepAlive(member);
    this.#rebalance();
    this.#reconcile(member, new Set());
    return this.#answer(member, true);
  }

  #leave(memberId: string, memberEpoch: number): unknown {
    const member = this.#members.get(memberId);
    if (member === undefined) return refused(ErrorCode.UNKNOWN_MEMBER_ID);
    if (memberEpoch === -2) {
      member.epoch = -2;
      return apis.ConsumerGroupHeartbeat.response.make({
        errorCode: 0,
        memberId,
        memberEpoch,
        heartbeatIntervalMs: 0,
      });
    }
    this.#drop(memberId);
    this.#rebalance();
    return apis.ConsumerGroupHeartbeat.response.make({
      errorCode: 0,
      memberId,
      memberEpoch,
      heartbeatIntervalMs: 0,
    });
  }

  #ofInstance(instanceId: string): Member | undefined {
    return [...this.#members.values()].find((one) => one.instanceId === instanceId);
  }

  #drop(memberId: string): void {
    this.#members.get(memberId)?.cancelSession?.();
    this.#members.delete(memberId);
  }

  #keepAlive(member: Member): void {
    const { clock } = this.#options;
    member.cancelSession?.();
    member.cancelSession = clock.wakeAt(clock.monotonicMs() + SESSION_MS, () => {
      this.#drop(member.memberId);
      this.#rebalance();
    });
  }

  #subscribes(member: Member, { subscribedTopicNames, subscribedTopicRegex }: Draft): boolean {
    const before = `${member.names.join()}/${member.pattern}`;
    if (subscribedTopicNames !== null && subscribedTopicNames !== undefined)
      member.names = [...subscribedTopicNames];
    if (subscribedTopicRegex !== null && subscribedTopicRegex !== undefined)
      member.pattern = subscribedTopicRegex;
    return before !== `${member.names.join()}/${member.pattern}`;
  }

  /** A new target: whoever has a partition keeps it while it has no more than its share. */
  #rebalance(): void {
    this.groupEpoch += 1;
    const members = [...this.#members.values()];
    const target = new Map(members.map(({ memberId }) => [memberId, new Set<string>()]));
    const wanted = this.#options.topics().flatMap(({ name, topicId, count }) => {
      const readers = members.filter((one) => reads(one, name));
      return Array.from({ length: count }, (_, index) => ({ key: `${topicId}/${index}`, readers }));
    });
    const share = Math.ceil(wanted.length / Math.max(1, members.length));
    const rest = wanted.filter(({ key, readers }) => {
      const owner = readers.find(({ memberId, assigned }) => {
        const given = target.get(memberId);
        return assigned.has(key) && given !== undefined && given.size < share;
      });
      if (owner === undefined) return true;
      target.get(owner.memberId)?.add(key);
      return false;
    });
    for (const { key, readers } of rest) {
      const sizeOf = ({ memberId }: Member): number => target.get(memberId)?.size ?? 0;
      const [least] = [...readers].sort((a, b) => sizeOf(a) - sizeOf(b));
      if (least !== undefined) target.get(least.memberId)?.add(key);
    }
    this.#target = target;
  }

  #reconcile(member: Member, owned: ReadonlySet<string> | undefined): void {
    if (member.revoking.size > 0) {
      if (owned === undefined || [...member.revoking].some((one) => owned.has(one))) return;
      member.revoking = new Set();
    }
    const target = this.#target.get(member.memberId) ?? new Set<string>();
    const gone = [...member.assigned].filter((one) => !target.has(one));
    if (gone.length > 0) {
      member.revoking = new Set(gone);
      member.assigned = new Set([...member.assigned].filter((one) => target.has(one)));
      return;
    }
    if (member.epoch !== this.groupEpoch) {
      member.previousEpoch = member.epoch;
      member.epoch = this.groupEpoch;
    }
    const free = [...target].filter((one) => !this.#isHeldByOthers(member, one));
    member.assigned = new Set([...member.assigned, ...free]);
  }

  #isHeldByOthers(member: Member, key: string): boolean {
    return [...this.#members.values()].some(
      (one) => one !== member && (one.assigned.has(key) || one.revoking.has(key)),
    );
  }

  #answer(member: Member, withAssignment: boolean): unknown {
    const byTopic = new Map<string, number[]>();
    for (const key of member.assigned) {
      const [topicId = '', partition] = key.split('/');
      byTopic.set(topicId, [...(byTopic.get(topicId) ?? []), Number(partition)]);
    }
    const topicPartitions = [...byTopic].map(([topicId, partitions]) => ({
      topicId: topicId as TopicId,
      partitions,
    }));
    return apis.ConsumerGroupHeartbeat.response.make({
      errorCode: 0,
      memberId: member.memberId,
      memberEpoch: member.epoch,
      heartbeatIntervalMs: HEARTBEAT_MS,
      assignment: withAssignment ? { topicPartitions } : null,
    });
  }
}

const refused = (errorCode: number): unknown =>
  apis.ConsumerGroupHeartbeat.response.make({ errorCode, memberEpoch: 0, heartbeatIntervalMs: 0 });

const ownedBy = ({ topicPartitions }: Draft): ReadonlySet<string> | undefined => {
  if (topicPartitions === null || topicPartitions === undefined) return undefined;
  return new Set(
    topicPartitions.flatMap(({ topicId, partitions }) => partitions.map((one) => `${topicId}/${one}`)),
  );
};

const reads = ({ names, pattern }: Member, topic: string): boolean =>
  names.includes(topic) || (pattern !== '' && new RegExp(`^(?:${pattern})$`).test(topic));

const isSame = (some: ReadonlySet<string>, others: ReadonlySet<string> | undefined): boolean =>
  some.size === (others?.size ?? 0) && [...some].every((one) => others?.has(one) === true);
