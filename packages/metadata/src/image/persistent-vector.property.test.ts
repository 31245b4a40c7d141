import fc from 'fast-check';
import type { PersistentVector } from './persistent-vector';
import { emptyVector, vectorOf } from './persistent-vector';

const contentOf = <Value>(vector: PersistentVector<Value>): readonly (Value | undefined)[] =>
  Array.from({ length: vector.size }, (_, index) => vector.get(index));

/** Batches of changes: positions in what is there, as a share of it, and values to append. */
const batch = fc.record({
  sets: fc.uniqueArray(fc.double({ min: 0, max: 0.999, noNaN: true }), { maxLength: 8 }),
  appends: fc.integer({ min: 0, max: 70 }),
});

describe('a persistent vector', () => {
  test('says what a plain array says, after any changes, and its earlier versions stay as they were', () => {
    fc.assert(
      fc.property(fc.array(batch, { maxLength: 30 }), (batches) => {
        let vector = emptyVector<number>();
        const plain: number[] = [];
        const versions: { readonly vector: PersistentVector<number>; readonly content: string }[] = [];
        let value = 0;
        for (const { sets, appends } of batches) {
          versions.push({ vector, content: JSON.stringify(plain) });
          const indexes = new Set(sets.map((share) => Math.floor(share * plain.length)));
          if (plain.length === 0) indexes.clear();
          for (let i = 0; i < appends; i++) indexes.add(plain.length + i);
          const changes = [...indexes].sort((a, b) => a - b).map((index) => [index, (value += 1)] as const);
          vector = vector.withAll(changes);
          for (const [index, changed] of changes) plain[index] = changed;
          expect(vector.size).toBe(plain.length);
        }
        expect(contentOf(vector)).toEqual(plain);
        expect([...vector]).toEqual(plain);
        expect(vector.map((one, index) => one - index)).toEqual(plain.map((one, index) => one - index));
        const [from, to] = [Math.floor(plain.length / 3), Math.ceil((plain.length * 2) / 3)];
        expect(vector.slice(from, to)).toEqual(plain.slice(from, to));
        expect(vector.slice(from)).toEqual(plain.slice(from));
        for (const version of versions)
          expect(JSON.stringify(contentOf(version.vector))).toBe(version.content);
      }),
    );
  }, 60_000);

  test.each([1, 32, 33, 1024, 1025, 40_000])('of %d values has them, and nothing beyond', (size) => {
    const values = Array.from({ length: size }, (_, index) => index * 2);
    const vector = vectorOf(values);
    expect([...vector]).toEqual(values);
    expect(vector.get(size - 1)).toBe(size * 2 - 2);
    expect(vector.get(size)).toBeUndefined();
    expect(vector.get(-1)).toBeUndefined();
    expect(vector.slice(-5, size + 5)).toEqual(values);
  });

  test('refuses a gap', () => {
    expect(() => vectorOf([1, 2]).with(3, 4)).toThrow('index 3 follows 2 values without a gap');
  });

  test('copies one path for a change, however long it is', () => {
    const vector = vectorOf(Array.from({ length: 200_000 }, (_, index) => index));
    const before = new Set(vector.nodes());
    const copied = (after: PersistentVector<number>): number =>
      [...after.nodes()].filter((node) => !before.has(node)).length;
    expect(before.size).toBeGreaterThan(6_000);
    // Four levels of 32 hold a million.
    expect(copied(vector.with(123_456, -1))).toBe(4);
    expect(copied(vector.with(200_000, -1))).toBeLessThanOrEqual(4);
    expect(copied(vector.withAll(Array.from({ length: 32 }, (_, i) => [64 + i, -1] as const)))).toBe(4);
  });
});
