import fc from 'fast-check';
import { SeededRandom } from '@kafkaesque/kernel';
import { casesOf } from '@kafkaesque/kernel/conformance';
import type { PersistentMap } from './persistent-map';
import { emptyMap } from './persistent-map';

type Step =
  | { readonly kind: 'set'; readonly key: string; readonly value: number }
  | { readonly kind: 'delete'; readonly key: string };

const key = fc.oneof(fc.integer({ min: 0, max: 40 }).map(String), fc.string({ maxLength: 4 }));
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('set' as const), key, value: fc.integer() }),
  fc.record({ kind: fc.constant('delete' as const), key }),
);

const contentOf = <Value>(map: PersistentMap<Value>): readonly (readonly [string, Value])[] =>
  [...map.entries()].sort(([a], [b]) => (a < b ? -1 : 1));

describe('a persistent map', () => {
  test('says what a plain map says, after any steps, and its earlier versions stay as they were', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        let map = emptyMap<number>();
        const plain = new Map<string, number>();
        const versions: { readonly map: PersistentMap<number>; readonly content: string }[] = [];
        for (const one of steps) {
          versions.push({ map, content: JSON.stringify(contentOf(map)) });
          if (one.kind === 'set') plain.set(one.key, one.value);
          else plain.delete(one.key);
          map = one.kind === 'set' ? map.set(one.key, one.value) : map.delete(one.key);
          expect(map.size).toBe(plain.size);
          expect(map.get(one.key)).toBe(plain.get(one.key));
          expect(map.has(one.key)).toBe(plain.has(one.key));
        }
        expect(contentOf(map)).toEqual([...plain].sort(([a], [b]) => (a < b ? -1 : 1)));
        for (const version of versions) expect(JSON.stringify(contentOf(version.map))).toBe(version.content);
      }),
      { numRuns: casesOf(25, 100) },
    );
  }, 60_000);

  test('changed by many at once is what it is one by one, and is left alone by what the draft does later', () => {
    fc.assert(
      fc.property(fc.array(fc.array(step, { maxLength: 40 }), { maxLength: 8 }), (batches) => {
        let [map, single] = [emptyMap<number>(), emptyMap<number>()];
        const draft = map.draft();
        const versions: { readonly map: PersistentMap<number>; readonly content: string }[] = [];
        for (const batch of batches) {
          const own = map.draft();
          for (const one of batch) {
            for (const changed of [own, draft])
              if (one.kind === 'set') changed.set(one.key, one.value);
              else changed.delete(one.key);
            single = one.kind === 'set' ? single.set(one.key, one.value) : single.delete(one.key);
            expect(own.get(one.key)).toBe(single.get(one.key));
            expect(own.has(one.key)).toBe(single.has(one.key));
          }
          map = own.finish();
          expect(own.finish()).toBe(map);
          for (const version of [map, draft.finish()]) {
            expect(version.size).toBe(single.size);
            expect([...version.entries()]).toEqual([...single.entries()]);
            versions.push({ map: version, content: JSON.stringify(contentOf(version)) });
          }
        }
        for (const version of versions) expect(JSON.stringify(contentOf(version.map))).toBe(version.content);
      }),
      { numRuns: casesOf(25, 100) },
    );
  }, 60_000);

  test('copies a shared path once for many changes', () => {
    const names = Array.from({ length: 10_000 }, (_, i) => `key ${i}`);
    const draft = emptyMap<number>().draft();
    for (const [i, name] of names.entries()) draft.set(name, i);
    const map = draft.finish();
    const before = new Set(map.nodes());
    const after = map.draft();
    for (const name of names) after.set(name, -1);
    const copied = [...after.finish().nodes()].filter((node) => !before.has(node)).length;
    expect(copied).toBe(before.size);
    const one = [...map.set('key 77', -1).nodes()].filter((node) => !before.has(node)).length;
    expect(one).toBeLessThanOrEqual(6);
  });

  test('walks the same keys in the same order, however they came in', () => {
    const random = new SeededRandom(1);
    const keys = Array.from({ length: 5000 }, () => random.bytes(16).toString('base64url'));
    const fill = (order: readonly string[]): PersistentMap<string> => {
      let map = emptyMap<string>();
      for (const name of order) map = map.set(name, name);
      return map;
    };
    const forwards = fill(keys);
    let backwards = fill([...keys].reverse().concat(['surplus']));
    backwards = backwards.delete('surplus');
    expect([...backwards.keys()]).toEqual([...forwards.keys()]);
    expect([...forwards.values()].sort()).toEqual([...keys].sort());
  });

  test('is the same map when nothing changes', () => {
    const map = emptyMap<string>().set('a', 'x');
    expect(map.set('a', 'x')).toBe(map);
    expect(map.delete('b')).toBe(map);
    expect(emptyMap().delete('b')).toBe(emptyMap());
    expect(map.draft().finish()).toBe(map);
  });

  test('keeps keys apart whose hashes are equal', () => {
    const collisions = collidingKeys();
    let map = emptyMap<number>();
    for (const [i, name] of collisions.entries()) map = map.set(name, i).set(`${name}!`, -i);
    for (const [i, name] of collisions.entries()) expect(map.get(name)).toBe(i);
    for (const name of collisions.slice(1)) map = map.delete(name);
    expect(map.get(collisions[0]!)).toBe(0);
    expect(map.has(collisions[1]!)).toBe(false);
    expect(map.size).toBe(collisions.length + 1);
  });
});

/** Two keys with one FNV-1a hash, found by drawing until they meet (a birthday in 2^32). */
const collidingKeys = (): readonly string[] => {
  const seen = new Map<number, string>();
  const random = new SeededRandom(7);
  for (;;) {
    const name = `${random.uint32().toString(36)}${random.uint32().toString(36)}`;
    let hash = 0x811c9dc5;
    for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
    const other = seen.get(hash);
    if (other !== undefined && other !== name) return [other, name];
    seen.set(hash, name);
  }
};
