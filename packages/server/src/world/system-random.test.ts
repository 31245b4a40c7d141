import { systemRandom } from './system-random';

describe('the operating system’s chance', () => {
  test('stays below its bound and reaches every value', () => {
    const seen = new Set<number>();
    for (let i = 0; i < 2000; i++) seen.add(systemRandom.below(7));
    expect([...seen].sort()).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(systemRandom.below(1)).toBe(0);
    expect(systemRandom.below(2 ** 32)).toBeLessThan(2 ** 32);
  });

  test('gives 32-bit words, fractions below one and bytes of the size asked for', () => {
    for (let i = 0; i < 3000; i++) {
      const word = systemRandom.uint32();
      expect(word === word >>> 0).toBe(true);
      const fraction = systemRandom.fraction();
      expect(fraction >= 0 && fraction < 1).toBe(true);
    }
    expect(systemRandom.bytes(33)).toHaveLength(33);
  });

  test('does not repeat itself', () => {
    const words = new Set(Array.from({ length: 5000 }, () => systemRandom.uint32()));
    expect(words.size).toBeGreaterThan(4990);
    expect(systemRandom.bytes(16).equals(systemRandom.fork('x').bytes(16))).toBe(false);
  });
});
