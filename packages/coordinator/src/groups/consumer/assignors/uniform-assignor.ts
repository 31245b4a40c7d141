import type { TopicId } from '@kafkaesque/kernel';
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
  for (const [index, member] of members.entries()) {
    const subscribed = new Set(member.topics.map(({ topicId }) => topicId));
    for (const [topicId, partitions] of member.current) {
      const numbered = topics.get(topicId);
      if (numbered === undefined || !subscribed.has(topicId)) continue;
      for (const partition of partitions) {
        if (partition < 0 || partition >= numbered.topic.partitionCount) continue;
        const number = numbered.first + partition;
        if (owners[number] !== NOBODY) continue;
        owners[number] = index;
        loads[index] = (loads[index] ?? 0) + 1;
      }
    }
  }
};

/** What a subscriber of the pool has of it, and is to have. */
interface Share {
  readonly member: number;
  /** Numbers of its partitions. */
  readonly has: number[];
  /** Its load from other pools. */
  readonly elsewhere: number;
  wants: number;
}

/** Makes the loads of the pool's subscribers as even as the pool can; tells whether anything moved. */
const balance = (division: Division, pool: Pool): boolean => {
  const { owners, loads } = division;
  const shares = sharesOf(division, pool);
  quotas([...shares.values()], pool.partitionCount);
  const free = freed(division, pool, shares);
  if (free.length === 0) return false;
  const takers = [...shares.values()].filter(({ has, wants }) => has.length < wants);
  const given = division.rackAware ? giveByRack(division, takers, free) : free;
  let at = 0;
  for (const { number } of given) {
    // One each in turn, so that a member gets something of every topic.
    let taker = takers[at % takers.length];
    while (taker !== undefined && taker.has.length >= taker.wants) {
      takers.splice(at % takers.length, 1);
      taker = takers[at % takers.length];
    }
    if (taker === undefined) break;
    taker.has.push(number);
    owners[number] = taker.member;
    at += 1;
  }
  for (const { member, elsewhere, has } of shares.values()) loads[member] = elsewhere + has.length;
  return true;
};

const sharesOf = ({ owners, loads }: Division, pool: Pool): Map<number, Share> => {
  const held = new Map<number, number[]>(pool.subscribers.map((member) => [member, []]));
  for (const { topic, first } of pool.topics) {
    for (let number = first; number < first + topic.partitionCount; number++)
      held.get(owners[number] as number)?.push(number);
  }
  const shares = new Map<number, Share>();
  for (const [member, has] of held)
    shares.set(member, { member, has, elsewhere: (loads[member] ?? 0) - has.length, wants: 0 });
  return shares;
};

/** Fills the subscribers up from the lowest load to one level; what is over goes to those that have it already. */
const quotas = (shares: readonly Share[], partitionCount: number): void => {
  const rising = [...shares].sort((one, other) => one.elsewhere - other.elsewhere);
  let left = partitionCount;
  let filled = 0;
  let level = rising[0]?.elsewhere ?? 0;
  while (filled < rising.length) {
    while (filled < rising.length && (rising[filled]?.elsewhere ?? 0) <= level) filled += 1;
    const next = rising[filled]?.elsewhere ?? Number.POSITIVE_INFINITY;
    const step = Math.min(next - level, Math.floor(left / filled));
    level += step;
    left -= step * filled;
    if (level < next) break;
  }
  for (const share of shares) share.wants = Math.max(0, level - share.elsewhere);
  const eligible = shares.filter(({ elsewhere }) => elsewhere <= level);
  const keen = eligible.filter(({ has, wants }) => has.length > wants);
  const others = eligible.filter(({ has, wants }) => has.length <= wants);
  for (const share of [...keen, ...others].slice(0, left)) share.wants += 1;
};

interface FreePartition {
  readonly number: number;
  readonly topic: TopicView;
  readonly partition: number;
}

/** Partitions without an owner, and those that their owners have too many of; of these first what is in no rack of theirs. */
const freed = (division: Division, pool: Pool, shares: ReadonlyMap<number, Share>): FreePartition[] => {
  const { owners, members } = division;
  for (const share of shares.values()) {
    if (share.has.length <= share.wants) continue;
    const rackId = members[share.member]?.rackId ?? null;
    if (rackId !== null) nearFirst(pool, share.has, rackId);
    for (const number of share.has.splice(share.wants)) owners[number] = NOBODY;
  }
  const free: FreePartition[] = [];
  for (const { topic, first } of pool.topics) {
    for (let partition = 0; partition < topic.partitionCount; partition++)
      if (owners[first + partition] === NOBODY) free.push({ number: first + partition, topic, partition });
  }
  return free;
};

/** Puts what has a replica in that rack before what has none. */
const nearFirst = (pool: Pool, numbers: number[], rackId: string): void => {
  const near: number[] = [];
  const far: number[] = [];
  let at = 0;
  for (const { topic, first } of pool.topics) {
    for (; at < numbers.length; at++) {
      const partition = (numbers[at] as number) - first;
      if (partition >= topic.partitionCount) break;
      (topic.racksOf(partition).includes(rackId) ? near : far).push(first + partition);
    }
  }
  near.push(...far);
  near.forEach((number, index) => (numbers[index] = number));
};

/** Gives what it can to takers in a rack of the partition's replicas; the rest comes back. */
const giveByRack = (
  { members, owners }: Division,
  takers: readonly Share[],
  free: readonly FreePartition[],
): FreePartition[] => {
  const byRack = new Map<string, Share[]>();
  for (const taker of takers) {
    const rackId = members[taker.member]?.rackId ?? null;
    if (rackId === null) continue;
    const inRack = byRack.get(rackId);
    if (inRack === undefined) byRack.set(rackId, [taker]);
    else inRack.push(taker);
  }
  return free.filter(({ number, topic, partition }) => {
    for (const rack of topic.racksOf(partition)) {
      const near = byRack.get(rack);
      const taker = near?.shift();
      if (near === undefined || taker === undefined) continue;
      taker.has.push(number);
      owners[number] = taker.member;
      if (taker.has.length < taker.wants) near.push(taker);
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
