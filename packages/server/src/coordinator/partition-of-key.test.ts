import { partitionOfKey } from './partition-of-key';

/** As `Utils.abs(key.hashCode()) % 50` of Java gives it. */
test.each([
  ['', 0],
  ['a', 47],
  ['g1', 42],
  ['console-consumer-12345', 6],
  ['gruppe-ü', 22],
  ['polygenelubricants', 0],
])('the group %s has the partition that Kafka gives it', (key, expected) => {
  expect(partitionOfKey(key, 50)).toBe(expected);
});
