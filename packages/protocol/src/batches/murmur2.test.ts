import { murmur2, partitionOfKey } from './murmur2';

describe('murmur2', () => {
  // Computed by Kafka 4.3.0's Utils.murmur2; kafka-judge.test.ts compares more where it is present.
  test.each([
    ['', 275646681],
    ['a', -1563381124],
    ['ab', 316155434],
    ['abc', 479470107],
    ['21', -973932308],
    ['foobar', -790332482],
    ['a-little-bit-long-string', -985981536],
    ['a-little-bit-longer-string', -1486304829],
    ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
  ])('of %j is what Java computes', (text, expected) => {
    expect(murmur2(Buffer.from(text))).toBe(expected);
  });

  test('chooses a partition within the count, also for negative hashes', () => {
    expect(partitionOfKey(Buffer.from('21'), 10)).toBe((-973932308 & 0x7fffffff) % 10);
  });
});
