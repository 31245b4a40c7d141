import { Ring, type TopicId } from '@kafkaesque/kernel';
import type { TopicView } from '../../world';
import { sameAssignment, type Assignment } from '../partitions';
import { isHomogeneous, type Assignor, type AssignorMember } from './assignor';

const NOBODY = -1;
/** Pools disturb one another; each round only lowers the sum of the squared loads, and few are needed. */
const MOST_ROUNDS = 16;

/** A subscribed topic; its partitions are numbered through all topics from `first` on. */
interface NumberedTopic {
  readonly topic: TopicView;
  readonly first: number;
}

/** Topics with the same subscribers, balanced as one. */
interface Pool {
  readonly topics: readonly NumberedTopic[];
  /** Indices of the subscribers. */
  readonly subscribers: readonly number[];
  readonly partitionCount: number;
}

interface Division {
  readonly members: readonly AssignorMember[];
  readonly topics: ReadonlyMap<TopicId, NumberedTopic>;
  readonly pools: readonly Pool[];
  /** Index of the member that has a partition, by its number. */
  readonly owners: Int32Array;
  /** How many partitions each member has. */
  readonly loads: number[];
  readonly rackAware: boolean;
}

/**
 * Kafka's `uniform`: as even as the subscriptions allow, and as little moved as that allows. Beyond Kafka's of today, which
 * looks at no racks: what has to move goes to members in a rack of the partition's replicas where there is a choice.
 */
export const assignUniform: Assignor = (members) => {
  const division = divisionOf(members);
  keepCurrent(division);
  for (let round = 0; round < MOST_ROUNDS; round++) {
    let moved = false;
    for (const pool of division.pools) if (balance(division, pool)) moved = true;
    if (!moved || division.pools.length === 1) break;
  }
  return collect(division);
};

const divisionOf = (members: readonly AssignorMember[]): Division => {
  const topics = new Map<TopicId, NumberedTopic>();
  const subscribers = new Map<TopicId, number[]>();
  let partitionCount = 0;
  const homogeneous = isHomogeneous(members);
  for (const [index, member] of members.entries()) {
    if (homogeneous && index > 0) break;
    for (const topic of member.topics) {
      if (!topics.has(topic.topicId)) {
        topics.set(topic.topicId, { topic, first: partitionCount });
        subscribers.set(topic.topicId, []);
        partitionCount += topic.partitionCount;
      }
      subscribers.get(topic.topicId)?.push(index);
    }
  }
  return {
    members,
    topics,
    pools: homogeneous
      ? [{ topics: [...topics.values()], subscribers: [...members.keys()], partitionCount }]
      : poolsOf(topics, subscribers),
    owners: new Int32Array(partitionCount).fill(NOBODY),
    loads: new Array<number>(members.length).fill(0),
    rackAware: members.some(({ rackId }) => rackId !== null),
  };
};

/** Those with the fewest subscribers first: they have the least choice. */
const poolsOf = (
  topics: ReadonlyMap<TopicId, NumberedTopic>,
  subscribers: ReadonlyMap<TopicId, readonly number[]>,
): Pool[] =>
  Array.from(topics, ([topicId, numbered]) => ({
    topics: [numbered],
    subscribers: subscribers.get(topicId) ?? [],
    partitionCount: numbered.topic.partitionCount,
  })).sort((one, other) => one.subscribers.length - other.subscribers.length);

const keepCurrent = ({ members, topics, owners, loads }: Division): void => {
  const subscribedBy = new Map<readonly TopicView[], ReadonlySet<TopicId>>();
  for (const [index, member] of members.entries()) {
    if (member.current.size === 0) continue;
    let subscribed = subscribedBy.get(member.topics);
    if (subscribed === undefined) {
      subscribed = new Set(member.topics.map(({ topicId }) => topicId));
      subscribedBy.set(member.topics, subscribed);
    }
    for (const [topicId, partitions] of member.current) {
      const numbered = topics.get(topicId);
      if (numbered === undefined || !subscribed.has(topicId)) continue;
      for (const partition of partitions) {
        if (partition < 0 || partition >= numbered.topic.partitionCount) continue;
        const number = numbered.first + partition;
        if (owners[number] !== NOBODY) continue;
        owners[number] = index;
        loads[index] = (loads[index] as number) + 1;
      }
    }
  }
};

/** What each subscriber of a pool has of it, and is to have, by member index. */
interface Shares {
  readonly has: Int32Array;
  readonly wants: Int32Array;
}

interface NumberedPartition {
  readonly number: number;
  readonly topic: TopicView;
  readonly partition: number;
}

/** Makes the loads of the pool's subscribers as even as the pool can; tells whether anything moved. */
const balance = (division: Division, pool: Pool): boolean => {
  const { owners, loads, members } = division;
  const shares = sharesOf(division, pool);
  if (division.rackAware) free(division, pool, shares, (partition) => !isNear(division, partition));
  free(division, pool, shares, () => true);
  const { has, wants } = shares;
  const unowned: NumberedPartition[] = [];
  for (const partition of partitionsIn(pool))
    if (owners[partition.number] === NOBODY) unowned.push(partition);
  if (unowned.length === 0) return false;
  const give = ({ number }: NumberedPartition, member: number): void => {
    owners[number] = member;
    has[member] = (has[member] as number) + 1;
    loads[member] = (loads[member] as number) + 1;
  };
  const hasRoom = (member: number): boolean => (has[member] as number) < (wants[member] as number);
  let takers = pool.subscribers.filter(hasRoom);
  let left: readonly NumberedPartition[] = unowned;
  if (division.rackAware) {
    left = giveByRack(members, takers, unowned, hasRoom, give);
    takers = takers.filter(hasRoom);
  }
  // One each in turn, so that a member gets something of every topic.
  let at = 0;
  for (const partition of left) {
    if (at >= takers.length) {
      takers = takers.filter(hasRoom);
      at = 0;
    }
    const taker = takers[at];
    if (taker === undefined) break;
    give(partition, taker);
    at += 1;
  }
  return true;
};

function* partitionsIn(pool: Pool): Iterable<NumberedPartition> {
  for (const { topic, first } of pool.topics) {
    for (let partition = 0; partition < topic.partitionCount; partition++)
      yield { number: first + partition, topic, partition };
  }
}

const sharesOf = ({ owners, loads }: Division, pool: Pool): Shares => {
  const has = new Int32Array(loads.length);
  for (const { topic, first } of pool.topics) {
    for (let number = first; number < first + topic.partitionCount; number++) {
      const owner = owners[number] as number;
      if (owner !== NOBODY) has[owner] = (has[owner] as number) + 1;
    }
  }
  return { has, wants: quotas(loads, has, pool) };
};

/** Fills the subscribers up from the lowest load to one level; what is over goes to those that have it already. */
const quotas = (loads: readonly number[], has: Int32Array, pool: Pool): Int32Array => {
  const elsewhere = (member: number): number => (loads[member] as number) - (has[member] as number);
  const rising = [...pool.subscribers].sort((one, other) => elsewhere(one) - elsewhere(other));
  let left = pool.partitionCount;
  let filled = 0;
  let level = elsewhere(rising[0] ?? 0);
  while (filled < rising.length) {
    while (filled < rising.length && elsewhere(rising[filled] as number) <= level) filled += 1;
    const member = rising[filled];
    const next = member === undefined ? Number.POSITIVE_INFINITY : elsewhere(member);
    const step = Math.min(next - level, Math.floor(left / filled));
    level += step;
    left -= step * filled;
    if (level < next) break;
  }
  const wants = new Int32Array(loads.length);
  for (const member of pool.subscribers) wants[member] = Math.max(0, level - elsewhere(member));
  const eligible = pool.subscribers.filter((member) => elsewhere(member) <= level);
  const isKeen = (member: number): boolean => (has[member] as number) > (wants[member] as number);
  const keenFirst = [...eligible.filter(isKeen), ...eligible.filter((member) => !isKeen(member))];
  for (const member of keenFirst.slice(0, left)) wants[member] = (wants[member] as number) + 1;
  return wants;
};

/** Takes from subscribers what they have too much of, the last ones first. */
const free = (
  { owners, loads }: Division,
  pool: Pool,
  { has, wants }: Shares,
  mayGo: (partition: NumberedPartition & { readonly owner: number }) => boolean,
): void => {
  for (const { topic, first } of pool.topics.toReversed()) {
    for (let partition = topic.partitionCount - 1; partition >= 0; partition--) {
      const number = first + partition;
      const owner = owners[number] as number;
      if (owner === NOBODY || (has[owner] as number) <= (wants[owner] as number)) continue;
      if (!mayGo({ number, topic, partition, owner })) continue;
      owners[number] = NOBODY;
      has[owner] = (has[owner] as number) - 1;
      loads[owner] = (loads[owner] as number) - 1;
    }
  }
};

/** Is a replica in the rack of who has the partition? A member without a rack is near to all. */
const isNear = (
  { members }: Division,
  { owner, topic, partition }: NumberedPartition & { readonly owner: number },
): boolean => {
  const rackId = members[owner]?.rackId ?? null;
  return rackId === null || topic.racksOf(partition).includes(rackId);
};

/** Gives what it can to takers in a rack of the partition's replicas; the rest comes back. */
const giveByRack = (
  members: readonly AssignorMember[],
  takers: readonly number[],
  unowned: readonly NumberedPartition[],
  hasRoom: (member: number) => boolean,
  give: (partition: NumberedPartition, member: number) => void,
): readonly NumberedPartition[] => {
  const byRack = new Map<string, Ring<number>>();
  for (const taker of takers) {
    const rackId = members[taker]?.rackId ?? null;
    if (rackId === null) continue;
    const inRack = byRack.get(rackId) ?? new Ring<number>();
    inRack.push(taker);
    byRack.set(rackId, inRack);
  }
  return unowned.filter((partition) => {
    for (const rack of partition.topic.racksOf(partition.partition)) {
      const near = byRack.get(rack);
      const taker = near?.shift();
      if (near === undefined || taker === undefined) continue;
      give(partition, taker);
      if (hasRoom(taker)) near.push(taker);
      return false;
    }
    return true;
  });
};

const collect = ({ members, topics, owners }: Division): ReadonlyMap<string, Assignment> => {
  const parts = members.map(() => new Map<TopicId, number[]>());
  for (const [topicId, { topic, first }] of topics) {
    for (let partition = 0; partition < topic.partitionCount; partition++) {
      const part = parts[owners[first + partition] as number];
      const partitions = part?.get(topicId);
      if (partitions === undefined) part?.set(topicId, [partition]);
      else partitions.push(partition);
    }
  }
  return new Map(
    members.map(({ memberId, current }, index) => {
      const part: Assignment = parts[index] ?? new Map<TopicId, number[]>();
      return [memberId, sameAssignment(part, current) ? current : part];
    }),
  );
};
