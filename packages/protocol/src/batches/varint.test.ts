import fc from 'fast-check';
import {
  MALFORMED,
  readVarint,
  readVarlong,
  sizeOfVarint,
  sizeOfVarlong,
  varintEnd,
  writeVarint,
  writeVarlong,
} from './varint';

/** The same numbers by another road: BigInt arithmetic. */
const zigzag64 = (value: bigint): number[] => {
  let raw = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n));
  const bytes: number[] = [];
  while (raw >= 128n) {
    bytes.push(Number(raw & 127n) | 128);
    raw >>= 7n;
  }
  return [...bytes, Number(raw)];
};

describe('varint', () => {
  test('writes what BigInt arithmetic writes, reads it back, and knows its size', () => {
    fc.assert(
      fc.property(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), (value) => {
        const bytes = Buffer.alloc(8, 0xee);
        const to = writeVarint(bytes, value, 1);
        expect([...bytes.subarray(1, to)]).toEqual(zigzag64(BigInt(value)));
        expect(sizeOfVarint(value)).toBe(to - 1);
        expect(readVarint(bytes, 1, to)).toBe(value);
        expect(varintEnd()).toBe(to);
      }),
    );
  });

  test('long ones too, over all safe integers', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), (value) => {
        const bytes = Buffer.alloc(12, 0xee);
        const to = writeVarlong(bytes, value, 1);
        expect([...bytes.subarray(1, to)]).toEqual(zigzag64(BigInt(value)));
        expect(sizeOfVarlong(value)).toBe(to - 1);
        expect(readVarlong(bytes, 1, to)).toBe(value);
        expect(varintEnd()).toBe(to);
      }),
    );
  });

  test('a long number beyond 2^53 does not come out as a safe integer', () => {
    for (const value of [2n ** 53n, -(2n ** 53n) - 1n, 2n ** 63n - 1n, -(2n ** 63n), 2n ** 60n + 1n]) {
      const bytes = Buffer.from(zigzag64(value));
      expect(Number.isSafeInteger(readVarlong(bytes, 0, bytes.length))).toBe(false);
      expect(varintEnd()).toBe(bytes.length);
    }
  });

  test.each([
    ['six bytes', [0x80, 0x80, 0x80, 0x80, 0x80, 0x00]],
    ['a fifth byte with more than four bits', [0x80, 0x80, 0x80, 0x80, 0x10]],
    ['a number that never ends', [0x80, 0x80]],
    ['nothing', []],
  ])('refuses %s', (_, bytes) => {
    readVarint(Buffer.from(bytes), 0, bytes.length);
    expect(varintEnd()).toBe(MALFORMED);
  });

  test.each([
    ['eleven bytes', [...Array<number>(10).fill(0x80), 0x00]],
    ['a tenth byte with more than one bit', [...Array<number>(9).fill(0x80), 0x02]],
    ['a long number that never ends', [0xff, 0xff]],
  ])('refuses %s', (_, bytes) => {
    readVarlong(Buffer.from(bytes), 0, bytes.length);
    expect(varintEnd()).toBe(MALFORMED);
  });

  test('does not look beyond the end it was given', () => {
    const bytes = Buffer.from([0x80, 0x01]);
    readVarint(bytes, 0, 1);
    expect(varintEnd()).toBe(MALFORMED);
    readVarlong(bytes, 0, 1);
    expect(varintEnd()).toBe(MALFORMED);
  });
});
