import fc from 'fast-check';
import { SeededRandom } from '@kafkaesque/kernel';
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
    );
  }, 60_000);

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
