import type { TopicPartition } from '../../records';
import type { AssignableTopic, PartitionAssignor, SubscribedMember } from './assignor';
import { compareMembers } from './member-order';

/**
 * Kafka's range assignor: of each topic every subscriber gets a run of partitions, the first ones one more where they
 * do not divide evenly. Members are in order of their instance ids, then of their member ids. Where racks are known and
 * differ, a member first gets what has a replica in its rack (KIP-881); topics with as many partitions and the same
 * subscribers stay together.
 */
export const rangeAssignor: PartitionAssignor = {
  name: 'range',
  isCooperative: false,
  assign: (topics, members) => {
    const ordered = [...members].sort(compareMembers);
    const assignments = new Map(ordered.map(({ memberId }) => [memberId, [] as TopicPartition[]]));
    const subscribers = new Map<string, SubscribedMember[]>();
    for (const member of ordered) {
      for (const topic of new Set(member.topics)) {
        const known = subscribers.get(topic);
        if (known === undefined) subscribers.set(topic, [member]);
        else known.push(member);
      }
    }
    const shares = [...topics.values()].flatMap((topic) => {
      const some = subscribers.get(topic.topic);
      return some === undefined ? [] : [new TopicShares(topic, some, assignments)];
    });
    if (shares.some(({ racksDiffer }) => racksDiffer)) assignByRack(shares);
    for (const share of shares) share.assignRanges(() => true);
    return assignments;
  },
};

/** How one topic is divided. */
class TopicShares {
  readonly partitionCount: number;
  /** Whether it matters for somebody which partition it gets. */
  readonly racksDiffer: boolean;
  /** The same for topics that the same members subscribe. */
  readonly subscribersKey: string;
  readonly members: readonly SubscribedMember[];
  readonly #topic: AssignableTopic;
  readonly #assignments: ReadonlyMap<string, TopicPartition[]>;
  readonly #unassigned: Set<number>;
  readonly #counts = new Map<string, number>();
  readonly #whole: number;
  #withOneMore: number;

  constructor(
    topic: AssignableTopic,
    members: readonly SubscribedMember[],
    assignments: ReadonlyMap<string, TopicPartition[]>,
  ) {
    this.#topic = topic;
    this.members = members;
    this.#assignments = assignments;
    this.partitionCount = topic.partitions.length;
    this.#whole = Math.floor(this.partitionCount / members.length);
    this.#withOneMore = this.partitionCount % members.length;
    this.#unassigned = new Set(topic.partitions.keys());
    this.racksDiffer = racksDiffer(topic, members);
    this.subscribersKey = members.map(({ memberId }) => memberId).join('\n');
  }

  /** Whether the member may get more, and this partition: by its position in the topic. */
  matches(member: SubscribedMember, index: number): boolean {
    return this.roomOf(member) > 0 && this.isNear(member, index);
  }

  isNear({ rackId }: SubscribedMember, index: number): boolean {
    if (rackId === undefined || rackId === '') return true;
    return this.#topic.partitions[index]?.racks.includes(rackId) === true;
  }

  roomOf({ memberId }: SubscribedMember): number {
    const limit = this.#whole + (this.#withOneMore > 0 ? 1 : 0);
    return Math.max(0, limit - (this.#counts.get(memberId) ?? 0));
  }

  assignRanges(may: (member: SubscribedMember, index: number) => boolean): void {
    for (const member of this.members) {
      const free = [...this.#unassigned].filter((index) => may(member, index));
      this.give(member, free.slice(0, this.roomOf(member)));
    }
  }

  give(member: SubscribedMember, indexes: readonly number[]): void {
    if (indexes.length === 0) return;
    const { memberId } = member;
    const count = (this.#counts.get(memberId) ?? 0) + indexes.length;
    this.#counts.set(memberId, count);
    if (count > this.#whole) this.#withOneMore -= 1;
    const { topic, partitions } = this.#topic;
    for (const index of indexes) {
      this.#unassigned.delete(index);
      this.#assignments.get(memberId)?.push({ topic, partition: partitions[index]?.partition ?? index });
    }
  }
}

const racksDiffer = ({ partitions }: AssignableTopic, members: readonly SubscribedMember[]): boolean => {
  const all = new Set(partitions.flatMap(({ racks }) => racks));
  const isAnyNear = members.some(({ rackId }) => rackId !== undefined && all.has(rackId));
  return isAnyNear && partitions.some(({ racks }) => new Set(racks).size !== all.size);
};

const assignByRack = (shares: readonly TopicShares[]): void => {
  const together = new Map<string, TopicShares[]>();
  for (const share of shares) {
    const key = `${share.partitionCount}\n${share.subscribersKey}`;
    const known = together.get(key);
    if (known === undefined) together.set(key, [share]);
    else known.push(share);
  }
  for (const group of together.values()) {
    const [first] = group;
    if (group.length > 1) assignTogether(group);
    else if (first?.racksDiffer === true) {
      first.assignRanges((member, index) => first.isNear(member, index));
    }
  }
};

/** The same partition of all topics to one member, when all of them are near to it. */
const assignTogether = (group: readonly TopicShares[]): void => {
  const [first] = group;
  if (first === undefined) return;
  for (let index = 0; index < first.partitionCount; index += 1) {
    const member = first.members.find((one) => group.every((share) => share.matches(one, index)));
    if (member !== undefined) for (const share of group) share.give(member, [index]);
  }
};
