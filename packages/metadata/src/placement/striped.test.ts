import { BrokerId, SeededRandom } from '@kafkaesque/kernel';
import type { PlacementBroker } from './striped';
import { placeStriped } from './striped';

const broker = (id: number, rack: string | null = null, active = true): PlacementBroker => ({
  brokerId: BrokerId(id),
  rack,
  active,
});
const place = (
  brokers: readonly PlacementBroker[],
  partitions: number,
  factor: number,
  seed = 1,
): readonly (readonly number[])[] => {
  const placement = placeStriped(brokers, partitions, factor, new SeededRandom(seed));
  if (placement.kind === 'impossible') throw new Error(placement.reason);
  return placement.replicas;
};
const countsOf = (ids: readonly number[]): ReadonlyMap<number, number> => {
  const counts = new Map<number, number>();
  for (const id of ids) counts.set(id, (counts.get(id) ?? 0) + 1);
  return counts;
};
const seeds = Array.from({ length: 50 }, (_, i) => i);

describe('striped placement', () => {
  test('gives every broker the same number of leaders and of replicas', () => {
    for (const seed of seeds) {
      const lists = place([broker(1), broker(2), broker(3), broker(4)], 12, 3, seed);
      expect([...countsOf(lists.map(([leader]) => leader!)).values()]).toEqual([3, 3, 3, 3]);
      expect([...countsOf(lists.flat()).values()]).toEqual([9, 9, 9, 9]);
      for (const list of lists) expect(new Set(list).size).toBe(3);
    }
  });

  test('puts the replicas of a partition into as many racks as there are', () => {
    const brokers = ['a', 'b', 'c'].flatMap((rack, r) => [0, 1, 2].map((i) => broker(r * 3 + i, rack)));
    for (const seed of seeds) {
      for (const list of place(brokers, 9, 3, seed))
        expect(new Set(list.map((id) => Math.floor(id / 3))).size).toBe(3);
      expect([...countsOf(place(brokers, 9, 3, seed).map(([leader]) => leader!)).values()]).toEqual(
        Array(9).fill(1),
      );
      for (const list of place(brokers, 9, 2, seed))
        expect(new Set(list.map((id) => Math.floor(id / 3))).size).toBe(2);
    }
  });

  test('lets only brokers lead that serve, and takes the others last', () => {
    const brokers = [broker(1, 'a', false), broker(2, 'b'), broker(3, 'b'), broker(4, 'c', false)];
    for (const seed of seeds) {
      for (const list of place(brokers, 5, 3, seed)) {
        expect([2, 3]).toContain(list[0]);
        expect(new Set(list).size).toBe(3);
      }
    }
  });

  test('uses every broker when the factor is their number', () => {
    for (const list of place([broker(1), broker(2), broker(3)], 4, 3))
      expect([...list].sort()).toEqual([1, 2, 3]);
  });

  test.each([
    {
      name: 'no broker serves',
      brokers: [broker(1, null, false)],
      factor: 1,
      reason: /All brokers are currently fenced/,
    },
    {
      name: 'there are too few brokers',
      brokers: [broker(1)],
      factor: 2,
      reason: /only 1 broker\(s\) are registered/,
    },
    { name: 'the factor is not positive', brokers: [broker(1)], factor: 0, reason: /must be positive/ },
  ])('is impossible when $name', ({ brokers, factor, reason }) => {
    const placement = placeStriped(brokers, 1, factor, new SeededRandom(1));
    expect(placement).toMatchObject({ kind: 'impossible', reason: expect.stringMatching(reason) as string });
  });
});
