import fc from 'fast-check';
import { crc32c as native } from '@node-rs/crc32';
import { crc32c, slicedCrc32c } from './crc32c';

describe('crc32c', () => {
  // RFC 3720 (iSCSI), appendix B.4.
  test.each([
    ['32 zeros', Buffer.alloc(32), 0x8a9136aa],
    ['32 bytes of ones', Buffer.alloc(32, 0xff), 0x62a8ab43],
    ['32 rising bytes', Buffer.from(Array.from({ length: 32 }, (_, index) => index)), 0x46dd794e],
    ['the check text', Buffer.from('123456789'), 0xe3069283],
    ['nothing', Buffer.alloc(0), 0],
  ])('of %s is the published one', (_, bytes, expected) => {
    expect(crc32c(bytes)).toBe(expected);
    expect(slicedCrc32c(bytes, 0, bytes.length)).toBe(expected);
  });

  test('is the same by either road, at any length and place, and continues from a seed', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 700 }), fc.nat(700), fc.nat(700), (array, a, b) => {
        const bytes = Buffer.from(array);
        const from = Math.min(a, bytes.length);
        const to = Math.max(from, Math.min(b, bytes.length));
        const expected = native(bytes.subarray(from, to));
        expect(crc32c(bytes, from, to)).toBe(expected);
        expect(slicedCrc32c(bytes, from, to)).toBe(expected);
        expect(crc32c(bytes, to, bytes.length, crc32c(bytes, 0, to))).toBe(native(bytes));
      }),
    );
  });
});
