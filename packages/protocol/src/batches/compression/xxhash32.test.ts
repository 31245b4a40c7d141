import xxhash from 'xxhash-wasm';
import { xxhash32 } from './xxhash32';

describe('xxhash32', () => {
  // The specification's examples.
  test.each([
    ['', 0x02cc5d05],
    ['a', 0x550d7456],
    ['abc', 0x32d153ff],
    ['Nobody inspects the spammish repetition', 0xe2293b2f],
  ])('of %j is the published one', (text, expected) => {
    expect(xxhash32(Buffer.from(text))).toBe(expected);
  });

  test('agrees with another implementation at every length and place', async () => {
    const theirs = await xxhash();
    const bytes = Buffer.from(Array.from({ length: 300 }, (_, index) => (index * 131) & 0xff));
    for (let length = 0; length < 150; length += 1)
      expect(xxhash32(bytes, length, 2 * length)).toBe(theirs.h32Raw(bytes.subarray(length, 2 * length)));
  });
});
