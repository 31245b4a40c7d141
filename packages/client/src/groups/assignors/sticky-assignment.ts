import type { TopicPartition } from '../../records';
import { keyOf } from '../partition-sets';
import type { AssignableTopic, SubscribedMember } from './assignor';
import { compareMembers } from './member-order';

/** What a member owned before, and in which generation. */
export interface Claim {
  readonly partitions: readonly TopicPartition[];
  /** -1 when unknown. */
  readonly generationId: number;
}

/** A member while partitions are given out. */
interface Seat {
  readonly member: SubscribedMember;
  readonly topics: ReadonlySet<string>;
  /** By key; in the order they came. */
  readonly partitions: Map<string, TopicPartition>;
}

/**
 * Balanced first, then with as few moves as possible. Members that subscribe the same get numbers that differ by one at
 * most; else no single move of a partition could make two members more alike. A partition that two members claim goes
 * by the newer generation, and to neither where the generations are the same.
 */
export const stickyAssignment = (
  topics: ReadonlyMap<string, AssignableTopic>,
  members: readonly SubscribedMember[],
  claimOf: (member: SubscribedMember) => Claim,
): ReadonlyMap<string, readonly TopicPartition[]> => {
  const seats = [...members].sort(compareMembers).map((member): Seat => ({
    member,
    topics: new Set(member.topics.filter((topic) => topics.has(topic))),
    partitions: new Map(),
  }));
  seatClaims(seats, topics, claimOf);
  const claimed = new Set(seats.flatMap(({ partitions }) => [...partitions.keys()]));
  if (isSameForAll(seats)) trim(seats, topics);
  const taken = new Set(seats.flatMap(({ partitions }) => [...partitions.keys()]));
  const free = partitionsOf(topics).filter((one) => !taken.has(keyOf(one)));
  giveOut(free, seats);
  if (!isSameForAll(seats)) balance(seats, claimed);
  return new Map(
    seats.map(({ member, partitions }) => [
      member.memberId,
      [...partitions.values()].sort(comparePartitions),
    ]),
  );
};

const partitionsOf = (topics: ReadonlyMap<string, AssignableTopic>): readonly TopicPartition[] =>
  [...topics.values()]
    .flatMap(({ topic, partitions }) => partitions.map(({ partition }) => ({ topic, partition })))
    .sort(comparePartitions);

const comparePartitions = (a: TopicPartition, b: TopicPartition): number => {
  if (a.topic !== b.topic) return a.topic < b.topic ? -1 : 1;
  return a.partition - b.partition;
};

const isSameForAll = (seats: readonly Seat[]): boolean => {
  const first = seats[0]?.topics;
  if (first === undefined) return true;
  return seats.every(
    ({ topics }) => topics.size === first.size && [...topics].every((one) => first.has(one)),
  );
};

/** Whoever owned a partition last keeps it for now, if it still subscribes the topic. */
const seatClaims = (
  seats: readonly Seat[],
  topics: ReadonlyMap<string, AssignableTopic>,
  claimOf: (member: SubscribedMember) => Claim,
): void => {
  const owners = new Map<string, { readonly seat: Seat | undefined; readonly generationId: number }>();
  const partitions = new Map<string, TopicPartition>();
  for (const seat of seats) {
    const claim = claimOf(seat.member);
    for (const one of claim.partitions) {
      const exists = topics.get(one.topic)?.partitions.some(({ partition }) => partition === one.partition);
      if (exists !== true) continue;
      const key = keyOf(one);
      const { generationId } = claim;
      const before = owners.get(key);
      partitions.set(key, one);
      if (before === undefined || before.generationId < generationId) owners.set(key, { seat, generationId });
      else if (before.generationId === generationId && before.seat !== seat) {
        owners.set(key, { seat: undefined, generationId });
      }
    }
  }
  for (const [key, { seat }] of owners) {
    const one = partitions.get(key);
    if (one !== undefined && seat?.topics.has(one.topic) === true) seat.partitions.set(key, one);
  }
};

/** Where all subscribe the same, nobody keeps more than its share; the larger shares go to those who own as much. */
const trim = (seats: readonly Seat[], topics: ReadonlyMap<string, AssignableTopic>): void => {
  const subscribed = partitionsOf(topics).filter(({ topic }) => seats[0]?.topics.has(topic) === true);
  const whole = Math.floor(subscribed.length / seats.length);
  let withOneMore = subscribed.length % seats.length;
  for (const { partitions } of seats) {
    const keepsOneMore = partitions.size > whole && withOneMore > 0;
    if (keepsOneMore) withOneMore -= 1;
    const kept = whole + (keepsOneMore ? 1 : 0);
    for (const key of [...partitions.keys()].slice(kept)) partitions.delete(key);
  }
};

/** To the one that has fewest; partitions that few may read first, because they have no choice. */
const giveOut = (free: readonly TopicPartition[], seats: readonly Seat[]): void => {
  const choices = new Map<string, readonly Seat[]>();
  const readersOf = (topic: string): readonly Seat[] => {
    const known = choices.get(topic) ?? seats.filter(({ topics }) => topics.has(topic));
    choices.set(topic, known);
    return known;
  };
  const ordered = [...free].sort((a, b) => readersOf(a.topic).length - readersOf(b.topic).length);
  for (const one of ordered) fewest(readersOf(one.topic))?.partitions.set(keyOf(one), one);
};

const fewest = (seats: readonly Seat[]): Seat | undefined => {
  let found: Seat | undefined;
  for (const seat of seats) {
    if (found === undefined || seat.partitions.size < found.partitions.size) found = seat;
  }
  return found;
};

/** Moves partitions one by one while that makes two members more alike: those first that nobody claimed. */
const balance = (seats: readonly Seat[], claimed: ReadonlySet<string>): void => {
  for (const isClaimed of [false, true]) {
    // Each move brings two numbers together, so that this ends.
    let moved = true;
    while (moved) {
      moved = false;
      for (const seat of [...seats].sort((a, b) => b.partitions.size - a.partitions.size)) {
        for (const [key, one] of [...seat.partitions]) {
          if (claimed.has(key) !== isClaimed) continue;
          const other = fewest(seats.filter(({ topics }) => topics.has(one.topic)));
          if (other === undefined || other.partitions.size + 1 >= seat.partitions.size) continue;
          seat.partitions.delete(key);
          other.partitions.set(key, one);
          moved = true;
        }
      }
    }
  }
};
