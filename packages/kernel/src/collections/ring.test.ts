import { casesOf } from '../conformance/cases';
import { SeededRandom } from '../world/seeded-random';
import { Ring } from './ring';

describe('a ring', () => {
  test('gives back from both ends, and nothing when it is empty', () => {
    const ring = new Ring<string>();
    expect([ring.shift(), ring.pop(), ring.first, ring.last, ring.at(0)]).toEqual(Array(5).fill(undefined));
    ring.push('b');
    ring.push('c');
    ring.unshift('a');
    expect([...ring]).toEqual(['a', 'b', 'c']);
    expect([ring.first, ring.last, ring.at(1), ring.at(3), ring.at(-1)]).toEqual([
      'a',
      'c',
      'b',
      undefined,
      undefined,
    ]);
    expect([ring.shift(), ring.pop(), ring.size]).toEqual(['a', 'c', 1]);
  });

  test('drops from the front and refuses to drop what is not there', () => {
    const ring = new Ring<number>();
    for (let i = 0; i < 20; i++) ring.push(i);
    ring.drop(15);
    expect([...ring]).toEqual([15, 16, 17, 18, 19]);
    expect(() => ring.drop(6)).toThrow('only what is there');
    ring.clear();
    expect(ring.size).toBe(0);
  });

  test.each(Array.from({ length: casesOf(1, 3) }, (_, index) => index + 1))(
    'behaves as an array, seed %i',
    (seed) => {
      const random = new SeededRandom(seed);
      const ring = new Ring<number>();
      const array: number[] = [];
      for (let i = 0; i < 5000; i++) {
        const choice = random.below(i % 1000 < 500 ? 6 : 8);
        if (choice < 2) {
          ring.push(i);
          array.push(i);
        } else if (choice < 3) {
          ring.unshift(i);
          array.unshift(i);
        } else if (choice % 2 === 0) expect(ring.shift()).toBe(array.shift());
        else expect(ring.pop()).toBe(array.pop());
        expect(ring.size).toBe(array.length);
        const index = random.below(array.length + 1);
        expect(ring.at(index)).toBe(array[index]);
      }
      expect([...ring]).toEqual(array);
    },
  );
});
