import { crc32c as nativeCrc32c } from '@node-rs/crc32';

/** Below this length a call into the native library costs more than the loop below saves (measured). */
const NATIVE_FROM_BYTES = 224;
/** CRC-32C (Castagnoli), bits reversed. */
const POLYNOMIAL = 0x82f63b78;
const SLICES = 8;

/** tables[k][b]: the effect of byte `b` that stands `k` bytes before the end of an eight-byte slice. */
const tables: readonly Int32Array[] = makeTables();
const [t0, t1, t2, t3, t4, t5, t6, t7] = tables as unknown as readonly [
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
];

/** CRC-32C of `buffer[from, to)`, continuing from `seed`, the CRC of what came before. Unsigned. */
export function crc32c(buffer: Uint8Array, from = 0, to: number = buffer.length, seed = 0): number {
  if (to - from >= NATIVE_FROM_BYTES) {
    const bytes = from === 0 && to === buffer.length ? buffer : buffer.subarray(from, to);
    return nativeCrc32c(bytes, seed);
  }
  return slicedCrc32c(buffer, from, to, seed);
}

/** The same in TypeScript alone (slicing by eight), for short inputs. */
export function slicedCrc32c(buffer: Uint8Array, from: number, to: number, seed = 0): number {
  let crc = ~seed;
  let at = from;
  /* eslint-disable @typescript-eslint/no-non-null-assertion -- a check per byte would cost a third of the speed; every index is below 256 or `to` */
  for (const end = to - SLICES; at <= end; at += SLICES) {
    const low =
      crc ^ (buffer[at]! | (buffer[at + 1]! << 8) | (buffer[at + 2]! << 16) | (buffer[at + 3]! << 24));
    crc =
      t7[low & 0xff]! ^
      t6[(low >>> 8) & 0xff]! ^
      t5[(low >>> 16) & 0xff]! ^
      t4[low >>> 24]! ^
      t3[buffer[at + 4]!]! ^
      t2[buffer[at + 5]!]! ^
      t1[buffer[at + 6]!]! ^
      t0[buffer[at + 7]!]!;
  }
  for (; at < to; at += 1) crc = (crc >>> 8) ^ t0[(crc ^ buffer[at]!) & 0xff]!;
  /* eslint-enable @typescript-eslint/no-non-null-assertion */
  return ~crc >>> 0;
}

function makeTables(): readonly Int32Array[] {
  const first = Int32Array.from({ length: 256 }, (_, byte) => {
    let crc = byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc & 1) === 0 ? crc >>> 1 : (crc >>> 1) ^ POLYNOMIAL;
    return crc;
  });
  const made = [first];
  for (let slice = 1; slice < SLICES; slice += 1) {
    const before = made[slice - 1] ?? first;
    made.push(before.map((crc) => (crc >>> 8) ^ (first[crc & 0xff] ?? 0)));
  }
  return made;
}
