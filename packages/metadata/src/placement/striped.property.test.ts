import fc from 'fast-check';
import { BrokerId, SeededRandom } from '@kafkaesque/kernel';
import type { PlacementBroker } from './striped';
import { placeStriped } from './striped';

const cluster: fc.Arbitrary<readonly PlacementBroker[]> = fc
  .array(
    fc.record({
      rack: fc.option(fc.constantFrom('', 'a', 'b', 'c'), { nil: null }),
      active: fc.oneof({ weight: 3, arbitrary: fc.constant(true) }, fc.constant(false)),
    }),
    { minLength: 1, maxLength: 12 },
  )
  .filter((brokers) => brokers.some(({ active }) => active))
  .map((brokers) => brokers.map((broker, i) => ({ ...broker, brokerId: BrokerId(i + 1) })));

const placed = (
  brokers: readonly PlacementBroker[],
  partitions: number,
  factor: number,
  seed: number,
): readonly (readonly number[])[] => {
  const placement = placeStriped(brokers, partitions, factor, new SeededRandom(seed));
  if (placement.kind === 'impossible') throw new Error(placement.reason);
  return placement.replicas;
};

const spread = (ids: readonly number[], among: readonly PlacementBroker[]): number => {
  const counts = among.map(({ brokerId }) => ids.filter((id) => id === brokerId).length);
  return Math.max(...counts) - Math.min(...counts);
};

describe('striped placement, in any cluster', () => {
  test('gives each partition distinct brokers, a leader that serves, and its racks in turn', () => {
    fc.assert(
      fc.property(cluster, fc.integer(), fc.nat(30), fc.nat(), (brokers, seed, partitions, size) => {
        const factor = 1 + (size % brokers.length);
        const brokerOf = new Map<number, PlacementBroker>(brokers.map((one) => [one.brokerId, one]));
        const racks = new Set(brokers.map(({ rack }) => rack));
        const sizeOf = (rack: string | null): number => brokers.filter((one) => one.rack === rack).length;
        const lists = placed(brokers, partitions, factor, seed);
        expect(lists).toHaveLength(partitions);
        for (const list of lists) {
          expect(new Set(list).size).toBe(factor);
          expect(brokerOf.get(list[0]!)?.active).toBe(true);
          const used = new Map<string | null, number>();
          for (const id of list) {
            const { rack } = brokerOf.get(id)!;
            used.set(rack, (used.get(rack) ?? 0) + 1);
          }
          expect(used.size).toBe(Math.min(factor, racks.size));
          // A rack has two more than another only when that one has no more.
          for (const [rack, count] of used)
            for (const other of racks)
              if ((used.get(other) ?? 0) < count - 1)
                expect([rack, used.get(other)]).toEqual([rack, sizeOf(other)]);
          // A fenced broker is taken only when its rack has no serving one left.
          for (const id of list) {
            const { active, rack } = brokerOf.get(id)!;
            const left = brokers.filter(
              (one) => one.active && one.rack === rack && !list.includes(one.brokerId),
            );
            if (!active) expect(left).toEqual([]);
          }
        }
      }),
    );
  }, 60_000);

  test('spreads leaders and replicas evenly where racks are alike, and does not put all partitions on the same brokers', () => {
    const alike = fc.record({
      racks: fc.integer({ min: 1, max: 4 }),
      size: fc.integer({ min: 1, max: 4 }),
      rounds: fc.integer({ min: 1, max: 3 }),
      seed: fc.integer(),
      factor: fc.nat(),
    });
    fc.assert(
      fc.property(alike, ({ racks, size, rounds, seed, factor }) => {
        const count = racks * size;
        const brokers = Array.from({ length: count }, (_, i) => ({
          ...{ brokerId: BrokerId(i), rack: `rack-${i % racks}`, active: true },
        }));
        const replicas = 1 + (factor % count);
        const lists = placed(brokers, count * rounds, replicas, seed);
        const leaders = lists.map(([leader]) => leader!);
        expect(spread(leaders, brokers)).toBe(0);
        // More than one from each rack: whole racks are even, and brokers of one are nearly so.
        if (replicas <= racks || racks === 1) expect(spread(lists.flat(), brokers)).toBe(0);
        const rackSizes = Array.from(
          { length: racks },
          (_, r) => lists.flat().filter((id) => id % racks === r).length,
        );
        expect(new Set(rackSizes).size).toBe(1);
        // With one replica in each of several racks, brokers are paired with more than one other.
        if (replicas < 2 || replicas > racks || size < 3) return;
        const first = lists.filter((list) => list.includes(0)).flat();
        expect(new Set(first).size).toBeGreaterThan(replicas);
      }),
    );
  }, 60_000);
});
