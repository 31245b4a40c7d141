import type { BrokerId, Random } from '@kafkaesque/kernel';
import { assert } from '@kafkaesque/kernel';

/** A broker that may hold replicas. */
export interface PlacementBroker {
  readonly brokerId: BrokerId;
  readonly rack: string | null;
  /** Not fenced and not shutting down; only such a broker leads. */
  readonly active: boolean;
}

export type Placement =
  | { readonly kind: 'placed'; readonly replicas: readonly (readonly BrokerId[])[] }
  | { readonly kind: 'impossible'; readonly reason: string };

/** Brokers in a ring that is entered one further on for each partition. */
interface Ring {
  readonly active: readonly BrokerId[];
  readonly inactive: readonly BrokerId[];
  start: number;
}

const ringOf = (brokers: readonly PlacementBroker[], random: Random): Ring => {
  const ids = (active: boolean): BrokerId[] =>
    brokers
      .filter((broker) => broker.active === active)
      .map((broker) => broker.brokerId)
      .sort((a, b) => a - b);
  const active = ids(true);
  return { active, inactive: ids(false), start: active.length === 0 ? 0 : random.below(active.length) };
};

/** Members of a ring from its start on, serving ones first. */
const walk = (ring: Ring): BrokerId[] => {
  const rotated = (ids: readonly BrokerId[]): readonly BrokerId[] => {
    const at = ids.length === 0 ? 0 : ring.start % ids.length;
    return [...ids.slice(at), ...ids.slice(0, at)];
  };
  return [...rotated(ring.active), ...rotated(ring.inactive)];
};

const ringsByRack = (brokers: readonly PlacementBroker[], random: Random): Ring[] => {
  const racks = new Map<string, PlacementBroker[]>();
  for (const broker of brokers) {
    const members = racks.get(broker.rack ?? '') ?? [];
    racks.set(broker.rack ?? '', members);
    members.push(broker);
  }
  return [...racks.keys()].sort().map((rack) => ringOf(racks.get(rack) ?? [], random));
};

/** One partition's replicas: racks in turn, within a rack its brokers in turn, a serving broker first. */
const placeOne = (rings: readonly Ring[], firstRack: number, replicationFactor: number): BrokerId[] => {
  const queues = rings.map((_, i) => {
    const ring = rings[(firstRack + i) % rings.length];
    assert(ring !== undefined, 'a rack index is within bounds');
    return { ring, members: walk(ring) };
  });
  // A rack without a serving broker goes to the back, so that the leader serves.
  queues.sort((a, b) => Number(b.ring.active.length > 0) - Number(a.ring.active.length > 0));
  const replicas: BrokerId[] = [];
  for (let round = 0; replicas.length < replicationFactor; round++) {
    for (const { members } of queues) {
      const next = members[round];
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
  const rings = ringsByRack(brokers, random);
  const firstRack = random.below(rings.length);
  const replicas: (readonly BrokerId[])[] = [];
  for (let partition = 0; partition < partitionCount; partition++) {
    replicas.push(placeOne(rings, firstRack + partition, replicationFactor));
    // Each time all racks have been first once, every rack begins one broker further on.
    if ((partition + 1) % rings.length === 0) for (const ring of rings) ring.start++;
  }
  return { kind: 'placed', replicas };
};
