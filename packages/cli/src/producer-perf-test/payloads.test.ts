import { SeededRandom } from '@kafkaesque/kernel';
import { chosenPayloads, monotonicPayloads, randomPayloads, splitPayloads } from './payloads';

describe('payloads', () => {
  test('of a size are capital letters of that size, and differ', () => {
    const payloads = randomPayloads(100, new SeededRandom(1));
    const values = Array.from({ length: 50 }, (_, index) => payloads(index).toString());
    for (const value of values) expect(value).toMatch(/^[A-Z]{100}$/);
    expect(new Set(values).size).toBe(50);
    expect(new Set(values.join('')).size).toBe(26);
  });

  test('may be longer than the letters they are cut from', () => {
    expect(randomPayloads(3_000_000, new SeededRandom(2))(0)).toHaveLength(3_000_000);
  });

  test('may count', () => {
    expect([0, 41].map((index) => monotonicPayloads(index).toString())).toEqual(['0', '41']);
  });

  test('of a file are drawn from all of it', () => {
    const payloads = chosenPayloads([Buffer.from('a'), Buffer.from('b')], new SeededRandom(3));
    const drawn = Array.from({ length: 100 }, (_, index) => payloads(index).toString());
    expect(new Set(drawn)).toEqual(new Set(['a', 'b']));
    expect(() => chosenPayloads([], new SeededRandom(3))).toThrow('File does not exist or empty file');
  });

  test.each([
    { text: 'a\nb\n', delimiter: '\\n', values: ['a', 'b'] },
    { text: '\na\n\nb', delimiter: '\\n', values: ['a', '', 'b'] },
    { text: 'a, b,c', delimiter: ', ?', values: ['a', 'b', 'c'] },
    { text: '', delimiter: '\\n', values: [] },
  ])('$text is cut as Java’s Scanner cuts it', ({ text, delimiter, values }) => {
    expect(splitPayloads(text, delimiter).map(String)).toEqual(values);
  });
});
