import { SeededRandom } from '@kafkaesque/kernel';
import { senderOf, valueOf } from './values';

const to = { topic: 'steady', partition: 3 };
const sent = { producer: 'r1.p2', sequence: 77, isIdempotent: true };

test.each([1, 100, 5000, 3_000_000])('a value of %d bytes says who sent it', (sizeBytes) => {
  const value = valueOf(sent, to, sizeBytes);
  expect(value.length).toBe(Math.max(100, sizeBytes));
  expect(senderOf(value, to)).toEqual(sent);
  expect(senderOf(valueOf({ ...sent, isIdempotent: false }, to, sizeBytes), to)?.isIdempotent).toBe(false);
});

test('no bit of a value may be another one', () => {
  const value = valueOf(sent, to, 300);
  for (let bit = 0; bit < value.length * 8; bit++) {
    const flipped = Buffer.from(value);
    flipped.writeUInt8(flipped.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
    expect({ bit, sender: senderOf(flipped, to) ?? 'nobody' }).not.toEqual({ bit, sender: sent });
  }
});

test('a value is nobody’s in another partition, another topic, or cut short', () => {
  const value = valueOf(sent, to, 300);
  expect(senderOf(value, { ...to, partition: 4 })).toBeUndefined();
  expect(senderOf(value, { ...to, topic: 'other' })).toBeUndefined();
  expect(senderOf(value.subarray(0, 299), to)).toBeUndefined();
  expect(senderOf(Buffer.alloc(300), to)).toBeUndefined();
  expect(senderOf(new SeededRandom(1).bytes(200), to)).toBeUndefined();
  expect(senderOf(null, to)).toBeUndefined();
});
