import type { BrokerId, Random } from '@kafkaesque/kernel';
import { assert } from '@kafkaesque/kernel';

/** A broker that may hold replicas. */
export interface PlacementBroker {
  readonly brokerId: BrokerId;
  readonly rack: string | null;
  /** Not fenced and not shutting down; only such a broker leads. */
  readonly active: boolean;
}

/** The replicas of each new partition, or why there can be none. */
export type Placement =
  | { readonly kind: 'placed'; readonly replicas: readonly (readonly BrokerId[])[] }
  | { readonly kind: 'impossible'; readonly reason: string };

/**
 * The brokers of one rack in a ring, entered one further on each time. Leaders and followers go round it separately, so
 * that each is spread evenly and partitions do not share all their brokers.
 */
interface Rack {
  readonly active: readonly BrokerId[];
  readonly inactive: readonly BrokerId[];
  leaderStart: number;
  followerStart: number;
}

const rackOf = (brokers: readonly PlacementBroker[], random: Random): Rack => {
  const ids = (active: boolean): BrokerId[] =>
    brokers
      .filter((broker) => broker.active === active)
      .map((broker) => broker.brokerId)
      .sort((a, b) => a - b);
  const active = ids(true);
  const start = active.length === 0 ? 0 : random.below(active.length);
  return { active, inactive: ids(false), leaderStart: start, followerStart: start + 1 };
};

/** Brokers of a rack from a place in the ring on, serving ones first. */
const walk = ({ active, inactive }: Rack, start: number): BrokerId[] => {
  const rotated = (ids: readonly BrokerId[]): readonly BrokerId[] => {
    const at = ids.length === 0 ? 0 : start % ids.length;
    return [...ids.slice(at), ...ids.slice(0, at)];
  };
  return [...rotated(active), ...rotated(inactive)];
};

const racksOf = (brokers: readonly PlacementBroker[], random: Random): Rack[] => {
  const members = new Map<string | null, PlacementBroker[]>();
  for (const broker of brokers) {
    const of = members.get(broker.rack) ?? [];
    members.set(broker.rack, of);
    of.push(broker);
  }
  const names = [...members.keys()].sort((a, b) => {
    // No rack is a rack of its own, before all others.
    if (a === null || b === null) return a === null ? -1 : 1;
    return a < b ? -1 : 1;
  });
  return names.map((name) => rackOf(members.get(name) ?? [], random));
};

/** One partition's replicas: racks in turn, within a rack its brokers in turn, a serving broker first. */
const placeOne = (racks: readonly Rack[], firstRack: number, replicationFactor: number): BrokerId[] => {
  const inTurn = racks.map((_, i) => {
    const rack = racks[(firstRack + i) % racks.length];
    assert(rack !== undefined, 'a rack index is within bounds');
    return rack;
  });
  // A rack without a serving broker goes to the back, so that the leader serves.
  inTurn.sort((a, b) => Number(b.active.length > 0) - Number(a.active.length > 0));
  const queues = inTurn
    .slice(0, replicationFactor)
    .map((rack, i) => walk(rack, i === 0 ? rack.leaderStart++ : rack.followerStart++));
  const replicas: BrokerId[] = [];
  for (let round = 0; replicas.length < replicationFactor; round++) {
    for (const queue of queues) {
      const next = queue[round];
      if (next !== undefined && replicas.length < replicationFactor) replicas.push(next);
    }
  }
  return replicas;
};

/**
 * Spreads new partitions over racks first and brokers second, beginning at a random place and moving on by one for
 * each partition, so that leaders go round the brokers. Reasons for failure are in Kafka's words.
 */
export const placeStriped = (
  brokers: readonly PlacementBroker[],
  partitionCount: number,
  replicationFactor: number,
  random: Random,
): Placement => {
  if (replicationFactor <= 0)
    return {
      kind: 'impossible',
      reason: `Invalid replication factor ${replicationFactor}: the replication factor must be positive.`,
    };
  if (!brokers.some((broker) => broker.active))
    return {
      kind: 'impossible',
      reason: 'All brokers are currently fenced, or have all their log directories cordoned.',
    };
  if (replicationFactor > brokers.length)
    return {
      kind: 'impossible',
      reason:
        `The target replication factor of ${replicationFactor} cannot be reached because only ${brokers.length} broker(s) ` +
        'are registered or some brokers have all their log directories cordoned.',
    };
  const racks = racksOf(brokers, random);
  const firstRack = random.below(racks.length);
  const replicas = Array.from({ length: partitionCount }, (_, partition) =>
    placeOne(racks, firstRack + partition, replicationFactor),
  );
  return { kind: 'placed', replicas };
};
